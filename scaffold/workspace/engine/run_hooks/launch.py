"""Runs a script as ``python script.py`` would, and sends what was logged before Python begins to end.

For Python 3.12.0 and 3.12.1 alone, which start no thread any more once they end (gh-113964), so that what
``sitecustomize`` does there comes too late.

    python launch.py SCRIPT [ARGUMENT]...
"""

import os
import runpy
import sys

import sitecustomize

sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    sitecustomize.flush()
