"""What ``Environment.build_local`` starts on the user's machine: has the workspace build, and shows the log.

It runs in the SDK's process tree, with the standard library alone, and must not import anything of ours. Who
may ask for a build is decided as for the SDK itself: by the identity endpoint that the process was given.

    python -I build_local.py check|build     in a folder with build.json
"""

import http.client
import json
import os
import ssl
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

_POLL_SECONDS = 0.5


def _request(
    method: str, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    address = urlsplit(url)
    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
    connection = http.client.HTTPSConnection(str(address.hostname), address.port, context=context, timeout=60)
    try:
        path = f"{address.path}?{address.query}" if address.query else address.path
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _token() -> str:
    form = urlencode({"resource": "https://management.core.windows.net/"}).encode()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    _, answer = _request("POST", os.environ["MSI_ENDPOINT"], body=form, headers=kind)
    return str(json.loads(answer)["access_token"])


def main(verb: str) -> int:
    """Returns 0 when the environment is there: at once, or once it has been built."""
    if "MSI_ENDPOINT" not in os.environ:
        sys.stderr.write(
            "This process does not know the local workspace.\n"
            "Start it with 'scaffold exec', or set what 'scaffold workspace env' prints.\n"
        )
        return 1
    address = json.loads(Path("build.json").read_bytes())["build"]
    headers = {"authorization": f"Bearer {_token()}", "content-type": "application/json"}
    if verb == "check":
        status, answer = _request("GET", f"{address}/status", headers=headers)
        return 0 if status == 200 and json.loads(answer)["status"] == "Succeeded" else 1
    status, answer = _request("POST", address, body=b"{}", headers=headers)
    if status >= 300:
        sys.stderr.write(answer.decode(errors="replace") + "\n")
        return 1
    shown = 0
    while True:
        build = json.loads(_request("GET", f"{address}/status", headers=headers)[1])
        shown += _show(build, shown)
        if build["status"] != "Running":
            return 0 if build["status"] == "Succeeded" else 1
        time.sleep(_POLL_SECONDS)


def _show(build: dict[str, Any], shown: int) -> int:
    """Writes what the log has beyond what was shown, and returns how much that is (bytes)."""
    status, log = _request("GET", build["logUrl"]) if build["logUrl"] else (404, b"")
    if status >= 300:  # nothing has been written yet
        return 0
    sys.stdout.buffer.write(log[shown:])
    sys.stdout.flush()
    return len(log) - shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
