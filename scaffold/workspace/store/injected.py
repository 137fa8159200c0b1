"""Faults that the workspace was told to have. They are kept: a service that restarts still has them."""

import contextlib
import threading

import msgspec

from scaffold.workspace.store.database import Database

_KEY = "injected_faults"


class InjectedFault(msgspec.Struct, frozen=True):
    """One fault that is still to come.

    Attributes:
        kind: its name in ``fault_kinds``.
        value: the number that was given with it, or its kind's own.
        count: how many times it is still to come.
        experiment: the one experiment that it is for, or None for all.
    """

    kind: str
    value: float
    count: int
    experiment: str | None = None


class InjectedFaults:
    """The faults still to come, the first that were asked for first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        row = database.one("SELECT value FROM meta WHERE key = ?", _KEY)
        self._faults: list[InjectedFault] = []
        if row is not None:
            with contextlib.suppress(msgspec.DecodeError):  # of a version with other fields
                self._faults = msgspec.json.decode(row["value"], type=list[InjectedFault])

    def all(self) -> list[InjectedFault]:
        return list(self._faults)

    def add(self, fault: InjectedFault) -> None:
        with self._lock:
            self._keep([*self._faults, fault])

    def clear(self, kind: str | None = None) -> int:
        """Forgets the faults of a kind, or all, and returns how many there were."""
        with self._lock:
            left = [fault for fault in self._faults if kind is not None and fault.kind != kind]
            gone = len(self._faults) - len(left)
            self._keep(left)
        return gone

    def pending(self, kind: str, experiment: str | None) -> bool:
        """True when :meth:`take` would give one."""
        return self._find(kind, experiment) is not None

    def take(self, kind: str, experiment: str | None) -> InjectedFault | None:
        """The fault that strikes now, or None; it has come once more then.

        Args:
            kind: its name.
            experiment: the experiment that it would strike, or None where there is none.
        """
        if not self._faults:
            return None
        with self._lock:
            number = self._find(kind, experiment)
            if number is None:
                return None
            fault = self._faults[number]
            left = [msgspec.structs.replace(fault, count=fault.count - 1)] if fault.count > 1 else []
            self._keep([*self._faults[:number], *left, *self._faults[number + 1 :]])
        return fault

    def _find(self, kind: str, experiment: str | None) -> int | None:
        for number, fault in enumerate(self._faults):
            if fault.kind == kind and fault.experiment in (None, experiment):
                return number
        return None

    def _keep(self, faults: list[InjectedFault]) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", _KEY, msgspec.json.encode(faults).decode()
        )
        self._faults = faults
