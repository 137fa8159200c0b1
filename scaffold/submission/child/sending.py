"""Which runs are being handed to the service: what tells later whether one was accepted whose answer was lost."""

import re
import sys
from typing import Any

from scaffold.submission.child.errors import record_of
from scaffold.submission.child.reporting import Report

# The SDK chooses a run's id itself, and says it in this request; HyperDrive's client is told the one of a sweep.
_SENT = re.compile(rb"(?:/snapshotrun\?runId=|/hdruns/)([^&\s/?]+)")


class Sending:
    """Hears the requests of this process that submit a run; each is reported as ``sent``.

    Args:
        report: tells the parent process.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._sent: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "http.client.send" and isinstance(arguments[1], bytes | bytearray):
            found = _SENT.search(bytes(arguments[1][:4096]))
            if found is not None:
                self._sent.append(found[1].decode())
                self._report("sent", run_id=self._sent[-1])

    def recovered(self, known: set[str], experiment: Any) -> Any:
        """The run that was sent last, when the service has it though it did not say so; else None.

        Args:
            known: ids of runs that it did answer for.
            experiment: of the runs.

        Raises:
            Exception: the service does not say; the run may be there.
        """
        lost = [run_id for run_id in self._sent if run_id not in known]
        found = _find(lost[-1], experiment) if lost else None
        if found is None:
            for run_id in lost:
                self._report("not-accepted", run_id=run_id)
        return found


def _find(run_id: str, experiment: Any) -> Any:
    try:
        return experiment.workspace.get_run(run_id)
    except Exception as error:
        if record_of(error, "")["status"] == 404:
            return None
        raise
