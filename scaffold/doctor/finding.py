"""What a probe finds, and running probes so that none can stop another or hold everything up."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scaffold.errors import WorkspaceError

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: what was looked at, such as ``proxy``; several findings may be about the same.
        state: a problem keeps an experiment from being submitted, a warning may.
        what: how it is, a sentence.
        hint: what to do, a sentence; None where there is nothing to do.
        details: the same for programs.
        exit_code: of the command, when it is a problem.
    """

    check: str
    state: State
    what: str
    hint: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = WorkspaceError.exit_code


def ok(check: str, what: str, **details: Any) -> Finding:
    """Something that is as it should be."""
    return Finding(check, "ok", what, details=details)


def warning(check: str, what: str, hint: str, **details: Any) -> Finding:
    """Something that may keep an experiment from being submitted."""
    return Finding(check, "warning", what, hint, details)


def problem(check: str, what: str, hint: str, **details: Any) -> Finding:
    """Something that keeps an experiment from being submitted."""
    return Finding(check, "problem", what, hint, details)


@dataclass(frozen=True)
class Probe:
    """Something to look at.

    Attributes:
        check: what is looked at, for the finding that it failed or took too long.
        look: yields what it finds.
        seconds: how long it may take.
    """

    check: str
    look: Callable[[], Iterable[Finding]]
    seconds: float = 10.0


class Looking:
    """Probes under way, each in a thread of its own that is left behind when it takes too long.

    Args:
        probes: in the order in which their findings are told.
    """

    def __init__(self, probes: Iterable[Probe]) -> None:
        self._under_way = [_UnderWay(probe) for probe in probes]

    def findings(self) -> Iterator[Finding]:
        """All that is found, in the order of the probes."""
        for under_way in self._under_way:
            yield from under_way.findings()


class _UnderWay:
    """One probe in its thread."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._found: list[Finding] = []
        self._deadline = time.monotonic() + probe.seconds
        # A daemon: one that hangs in a call of the system must not keep the command from ending.
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        try:
            for finding in self._probe.look():
                self._found.append(finding)
        except Exception as error:  # whatever it is: the other probes have more to tell
            self._found.append(
                warning(
                    self._probe.check,
                    f"It could not be looked at: {type(error).__name__}: {error}.",
                    "If the message does not say why, report it: this may be a fault in scaffold.",
                )
            )

    def findings(self) -> list[Finding]:
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        found = list(self._found)
        if self._thread.is_alive():
            found.append(
                warning(
                    self._probe.check,
                    f"There was no answer within {self._probe.seconds:.0f} s.",
                    "Run the command again when the machine has less to do; if it stays so, report it.",
                )
            )
        return found
