"""``scaffold doctor``: what would keep an experiment from being submitted, on this machine and on the way to Azure."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scaffold.cli import console
from scaffold.cli.flags import AsJson, ProjectFolder
from scaffold.cli.login import AUTH_HELP, METHODS, checked_method, show_said
from scaffold.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from scaffold.doctor.azure import Diagnosis
    from scaffold.doctor.finding import Finding, Probe

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red")}


@console.stopping("Stopped before everything was looked at.", "Nothing was changed; run it again.")
def doctor(
    project: ProjectFolder = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of the network.")] = False,
    auth: Annotated[
        str | None,
        typer.Option("--auth", metavar="METHOD", help=f"Try to log in. {AUTH_HELP}", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look for what would keep an experiment from being submitted: this machine, the login, the workspace.

    Changes nothing. Exits with 3 when the project is not right, with 4 for any other problem.
    """
    if auth is not None:
        checked_method(auth)
    if offline and auth is not None:
        raise UsageError("--offline and --auth cannot be used together.", "Leave one of them out.")
    root = _find(project)
    report = _Report()
    _look(report, root, None if offline else _azure(root, auth), show=not as_json)
    if as_json:
        console.result_json(report.document(root, offline))
    else:
        console.result(report.summary)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _look(report: "_Report", root: Path | None, azure: "Diagnosis | None", *, show: bool) -> None:
    try:
        for topic, findings in _topics(root, azure):
            report.take(topic, findings, show=show)
    finally:
        if azure is not None:
            azure.close()


def _find(project: Path | None) -> Path | None:
    """The project's folder; None when none was named and none is here.

    Raises:
        ProjectError: the one that was named is none.
    """
    from scaffold.project.reader import find_project

    try:
        return find_project(project or Path.cwd())
    except ProjectError:
        if project is not None:
            raise
        return None


def _azure(root: Path | None, auth: str | None) -> "Diagnosis | None":
    """The questions to Azure; None when the project does not go there and no login was to be tried."""
    from scaffold.doctor import project as theme

    config, target = theme.destination_of(root) if root else (None, None)
    on_azure = config is not None and not config.is_local
    if not on_azure and auth is None:
        return None
    from scaffold.doctor.azure import Diagnosis

    return Diagnosis(
        config if on_azure else None,
        target,
        method=auth or METHODS[0],
        may_ask=auth is not None and console.interactive(),
        show=lambda text: show_said(text, "  "),
    )


def _topics(root: Path | None, azure: "Diagnosis | None") -> "Iterator[tuple[str, Iterator[Finding]]]":
    """Each theme with what is found about it; all of them are looked at at the same time."""
    from scaffold.doctor import home, installation, network
    from scaffold.doctor.finding import Looking

    themes: list[tuple[str, Iterable[Probe]]] = [
        ("installation", installation.probes()),
        ("local workspace", home.probes()),
        ("network", network.probes()),
        *_of_the_project(root),
        *([("Azure", [azure.probe()])] if azure is not None else []),
    ]
    looking = [(topic, Looking(probes)) for topic, probes in themes]
    for topic, probes in looking:
        yield topic, probes.findings()


def _of_the_project(root: Path | None) -> "Iterator[tuple[str, Iterable[Probe]]]":
    from scaffold.doctor import login
    from scaffold.doctor import project as theme
    from scaffold.doctor.finding import Probe

    config, _ = theme.destination_of(root) if root else (None, None)
    tenant = config.tenant_id if config else None
    needed = config is not None and not config.is_local
    yield "login", [Probe("login", lambda: login.logins(tenant, needed=needed))]
    if root is not None:
        yield "project", [Probe("project", lambda: theme.project(root))]


class _Report:
    """All that is found, shown as it comes."""

    def __init__(self) -> None:
        self._findings: list[tuple[str, Finding]] = []

    def take(self, topic: str, findings: "Iterable[Finding]", *, show: bool) -> None:
        """Takes what is found about a theme, and shows it below its heading as it comes."""
        if show:
            console.result(console.styled(topic, bold=True))
        coming = iter(findings)
        while True:
            with console.working(f"looking: {topic}"):
                finding = next(coming, None)
            if finding is None:
                return
            self._findings.append((topic, finding))
            if show:
                _show(finding)

    @property
    def exit_code(self) -> int:
        """Of the command: what the project's own problem asks for comes first, since it is mended first."""
        codes = [finding.exit_code for _, finding in self._findings if finding.state == "problem"]
        return min(codes, default=0)

    def _count(self, state: str) -> int:
        return sum(finding.state == state for _, finding in self._findings)

    @property
    def summary(self) -> str:
        """One line: how much is wrong."""
        from scaffold.cli.findings import count

        counts = [count(self._count("problem"), "problem"), count(self._count("warning"), "warning")]
        return (
            " and ".join(part for part in counts if not part.startswith("0 ")) + "."
            if any(self._count(state) for state in ("problem", "warning"))
            else "Nothing is wrong."
        )

    def document(self, root: Path | None, offline: bool) -> dict[str, Any]:
        """What ``--json`` prints (docs/schemas/doctor.json)."""
        return {
            "project": str(root) if root else None,
            "offline": offline,
            "problems": self._count("problem"),
            "warnings": self._count("warning"),
            "findings": [
                {
                    "topic": topic,
                    "check": finding.check,
                    "state": finding.state,
                    "what": finding.what,
                    "hint": finding.hint,
                    "details": dict(finding.details),
                }
                for topic, finding in self._findings
            ],
        }


def _show(finding: "Finding") -> None:
    """One finding: its mark, what was looked at and how it is, and what to do."""
    mark, colour = _MARKS[finding.state]
    lines = list(console.wrapped(console.inert(f"{finding.check}: {finding.what}"), "    ", "      "))
    lines[0] = f"  {console.styled(mark, fg=colour)} {lines[0][4:]}"
    if finding.hint:
        lines += console.wrapped(console.inert(f"→ {finding.hint}"), "      ", "        ")
    console.result("\n".join(lines))
