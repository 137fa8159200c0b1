# Ends job.yml with the line by which 'scaffold export' tells whether somebody has changed it (scaffold/project/job_file.py).
import hashlib
import os

if os.path.exists("job.yml"):
    with open("job.yml", "rb") as file:
        body = file.read()
    with open("job.yml", "ab") as file:
        file.write(("\n# As exported: sha256 %s\n" % hashlib.sha256(body).hexdigest()).encode())
