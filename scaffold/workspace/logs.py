"""The names of a run's log files, as the SDK looks for them, and reading their ends.

``azureml.core.script_run`` streams ``user_logs/std_log*.txt`` and ``azureml-logs/NN….txt``, the last by name
first.
"""

import contextlib
import os
from pathlib import Path

from scaffold.workspace.files import is_plain

USER_LOGS = "user_logs/std_log"
STD_LOG = "user_logs/std_log.txt"
DATA_LOG = "system_logs/data_capability/data-capability.log"
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
SWEEP_LOG = "azureml-logs/hyperdrive.txt"
PIPELINE_LOG = "logs/azureml/executionlogs.txt"


def last_lines(path: Path, *, lines: int, limit: int) -> str:
    """The end of a text file; empty when there is none, or a link or a pipe in its place.

    Args:
        path: the file.
        lines: how many lines at the most.
        limit: how many bytes at the most are read.
    """
    if not is_plain(path):
        return ""
    with contextlib.suppress(OSError), path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - limit))
        return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])
    return ""
