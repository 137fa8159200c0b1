"""Azure and the workspace there, asked through the SDK in a process of its own, one question after another."""

from collections.abc import Callable, Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

from scaffold import words
from scaffold.doctor.finding import Finding, Probe, ok, problem, warning
from scaffold.errors import ScaffoldError
from scaffold.project.model import WorkspaceConfig
from scaffold.submission.asking import Asking
from scaffold.submission.faults import Place, explain

_Told = Generator[Finding, None, bool]
_HOST_SECONDS = 8.0
_SECONDS, _SECONDS_WITH_A_PERSON = 60.0, 300.0
_CLOCK_WARNING_SECONDS, _CLOCK_PROBLEM_SECONDS = 30.0, 300.0
_NEARLY_USED_UP = 0.9
_MOST_NAMES = 12
_READY = ("succeeded", "running", "steady", "idle")


class Diagnosis:
    """The questions to Azure; :meth:`close` ends the process that asks them, whatever it is doing.

    Args:
        config: the project's workspace on Azure, or None when only the login is wanted.
        target: the project's compute target where it is known.
        method: how to log in.
        may_ask: whether a person can be asked to.
        show: called with what a person has to know meanwhile.
    """

    def __init__(
        self,
        config: WorkspaceConfig | None,
        target: str | None,
        *,
        method: str,
        may_ask: bool,
        show: Callable[[str], None],
    ) -> None:
        self._config = config
        self._target = target
        self._login = ""
        self._show = show
        self._asking = Asking(config, method=method, may_ask=may_ask, show=self._hear)
        self._seconds = _SECONDS_WITH_A_PERSON if may_ask else _SECONDS

    def probe(self) -> Probe:
        """All questions, one after another."""
        return Probe("azure", self.look, self._seconds)

    def close(self) -> None:
        """Ends the process that asks."""
        self._asking.close()

    def _hear(self, text: str) -> None:
        name = self._config.workspace_name if self._config else "Azure"
        if text.startswith(f"{name}: "):
            self._login = text.removeprefix(f"{name}: ")
        else:
            self._show(text)

    def look(self) -> Iterator[Finding]:
        """Everything, as far as one thing leads to the next."""
        reached = yield from self._hosts()
        if not reached or not (yield from self._log_in()) or self._config is None:
            return
        if (yield from self._workspace()):
            yield from self._compute()
            yield from self._quota()

    def _hosts(self) -> _Told:
        """Whether Azure's own hosts answer, and what their clocks say."""
        try:
            hosts = self._asking.ask("diagnosis.hosts", attempts=0, seconds=_HOST_SECONDS)
        except ScaffoldError as error:
            yield problem("azure", error.message, error.hint)
            return False
        names = [urlsplit(host["url"]).hostname for host in hosts]
        lost = [host for host in hosts if "error" in host]
        for host in lost:
            told = explain(host["error"], 1, Place(None, self._config))
            yield problem("azure", told.message, told.hint, url=host["url"])
        if lost:
            return False
        yield ok("azure", f"{' and '.join(map(str, names))} answer.", hosts=names)
        clocks = [host["ahead_seconds"] for host in hosts if host["ahead_seconds"] is not None]
        if clocks:
            yield _clock(max(clocks, key=abs))
        return True

    def _log_in(self) -> _Told:
        try:
            who = self._asking.ask("diagnosis.login", attempts=0)
        except ScaffoldError as error:
            yield problem("azure login", error.message, error.hint, method=self._login or None)
            return False
        name = f" as {who['name']}" if who["name"] else ""
        tenant = f" in tenant {who['tenant_id']}" if who["tenant_id"] else ""
        yield ok("azure login", f"The {self._login} works{name}{tenant}.", method=self._login, **who)
        return True

    def _workspace(self) -> _Told:
        config = self._config
        assert config is not None  # noqa: S101  (for the type checker: who asks has one)
        try:
            found = self._asking.ask("diagnosis.workspace", attempts=0)
        except ScaffoldError as error:
            yield problem("workspace", error.message, error.hint)
            return False
        yield ok("workspace", f"{config.workspace_name} is there, in {found['location']}.", **found)
        return True

    def _compute(self) -> Iterator[Finding]:
        """Whether the project's compute target is there, and what others there are."""
        try:
            names = [one["name"] for one in self._asking.ask("diagnosis.targets", attempts=0)]
            found = (
                self._asking.ask("diagnosis.target", attempts=0, name=self._target) if self._target else None
            )
        except ScaffoldError as error:
            yield warning("compute target", error.message, error.hint)
            return
        listed = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
        others = f"The workspace has {listed}." if names else "The workspace has none."
        if self._target is None:
            yield ok("compute target", f"Which one the project names is not known. {others}", targets=names)
        elif found is None:
            yield problem(
                "compute target",
                f"There is no compute target {self._target!r}. {others}",
                "Set TARGET_NAME in constants.py to one of them, or create it.",
                targets=names,
            )
        else:
            yield _state(found, names)

    def _quota(self) -> Iterator[Finding]:
        """Which quotas are nearly used up; nothing where the service does not tell."""
        try:
            usages = self._asking.ask("diagnosis.usages", attempts=0)
        except ScaffoldError as error:
            yield ok("quota", f"It cannot be read: {error.message}")
            return
        limited = [_Usage(usage) for usage in usages if (usage.get("limit") or 0) > 0]
        scarce = [usage for usage in limited if usage.used >= _NEARLY_USED_UP * usage.limit]
        for usage in scarce:
            yield warning(
                "quota",
                f"{usage.name}: {usage.used} of {usage.limit} are in use.",
                "Wait until runs end, use another VM size, or ask for more in the Azure portal.",
                name=usage.name,
                used=usage.used,
                limit=usage.limit,
            )
        if not scarce:
            used = ", ".join(f"{usage.name} {usage.used} of {usage.limit}" for usage in limited if usage.used)
            yield ok("quota", f"{used or 'None of it is in use'}.", quotas=len(limited))


class _Usage:
    """One quota of a subscription (``Usage`` of the SDK's models)."""

    def __init__(self, document: dict[str, Any]) -> None:
        name = document.get("name") or {}
        self.name = str(name.get("localizedValue") or name.get("value") or document.get("id"))
        self.used = int(document.get("currentValue") or 0)
        self.limit = int(document["limit"])


def _clock(ahead: float) -> Finding:
    """What the difference between two clocks means."""
    apart = words.duration(abs(ahead))
    facts = {"ahead_seconds": ahead}
    if abs(ahead) < _CLOCK_WARNING_SECONDS:
        return ok("clock", "This machine's clock and Azure's agree.", **facts)
    text = f"This machine's clock is {apart} {'behind' if ahead > 0 else 'ahead of'} Azure's."
    hint = "Set it by the network's time (NTP); in a container or WSL, restart that."
    if abs(ahead) < _CLOCK_PROBLEM_SECONDS:
        return warning("clock", text, hint, **facts)
    return problem("clock", f"{text[:-1]}: logins fail.", hint, **facts)


def _state(found: dict[str, Any], names: list[str]) -> Finding:
    """What the state of the project's compute target means for a run."""
    states = [found[key] for key in ("provisioning_state", "allocation_state", "state") if found[key]]
    parts = [found["type"], found["vm_size"], found["vm_priority"], ", ".join(map(str, states)).lower()]
    if found["most_nodes"] is not None:
        parts.append(f"nodes {found['nodes']} ({found['least_nodes']} to {found['most_nodes']})")
    text = f"{found['name']} is there: {', '.join(str(part) for part in parts if part)}."
    facts = {**found, "targets": names}
    if found["errors"]:
        return warning(
            "compute target", f"{text} {' '.join(found['errors'])}", "Look at it in the studio.", **facts
        )
    if found["most_nodes"] == 0:
        return problem(
            "compute target", f"{text} A run waits for ever.", "Give it more nodes at most.", **facts
        )
    unusual = [str(state) for state in states if str(state).lower() not in _READY]
    if unusual:
        return warning(
            "compute target",
            text,
            "A run waits until it is ready: start or mend it in the studio.",
            **facts,
        )
    return ok("compute target", text, **facts)
