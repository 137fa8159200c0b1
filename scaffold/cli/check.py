"""``scaffold check``: what would go wrong with a project, before it is submitted."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaffold.cli import completion, console
from scaffold.cli.flags import AsJson
from scaffold.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from scaffold.project.finding import Finding, Rule
    from scaffold.project.subject import Subject

_FAILED = ProjectError.exit_code


@console.stopping(
    "Stopped before everything was checked.",
    "Run it again; a file that --fix has mended is mended as a whole.",
)
def check(
    project: Annotated[
        Path | None,
        typer.Argument(
            help="The project's folder, or the script or notebook that submits; "
            "the current folder's project by default.",
            autocompletion=completion.projects,
            show_default=False,
        ),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without asking.")] = False,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Ask the resolver about the requirements (needs the network).")
    ] = False,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="List what would travel, and what keeps the rest here.")
    ] = False,
    rules: Annotated[bool, typer.Option("--rules", help="List and explain the rules.")] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select", help="Only this rule or theme; repeatable.", metavar="RULE", show_default=False
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore", help="Not this rule or theme; repeatable.", metavar="RULE", show_default=False
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 for warnings too.")] = False,
    as_json: AsJson = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0, for code hosts.")] = False,
) -> None:
    """Check a project before it is submitted. Runs none of its code and asks no network.

    Exits with 3 when something is sure to fail, with 0 when there are warnings at most.
    """
    from scaffold.project.check import selected
    from scaffold.project.named import SCRIPTS_AND_NOTEBOOKS, find_subject
    from scaffold.project.subject import Subject

    _refuse_together({"--json": as_json, "--sarif": as_sarif})
    _refuse_together({"--rules": rules, "--snapshot": snapshot, "--sarif": as_sarif})
    chosen = selected(select or (), ignore or ())
    if rules:
        _show_rules(chosen, as_json=as_json)
        return
    subject = find_subject(project, "scaffold check", suffixes=SCRIPTS_AND_NOTEBOOKS, takes_v2=True)
    if snapshot:
        _show_snapshot(subject, as_json=as_json)
        return
    fixed: list[Finding] = []
    if fix:
        fixed = _fix(subject, chosen)
        if not fixed:
            console.note("  --fix changed nothing: nothing was found that it can mend.")
        subject = Subject(subject.root, subject.runner.path, subject.today)
    if resolve:
        _resolve(subject)
    _report(subject, chosen, fixed, as_json=as_json, as_sarif=as_sarif, strict=strict)


def _refuse_together(flags: dict[str, bool]) -> None:
    given = [name for name, value in flags.items() if value]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} cannot be used together.", "Leave one of them out.")


def _report(
    subject: "Subject",
    rules: "list[Rule]",
    fixed: "list[Finding]",
    *,
    as_json: bool,
    as_sarif: bool,
    strict: bool,
) -> None:
    from scaffold.cli import findings
    from scaffold.project import documents
    from scaffold.project.check import examine

    report = examine(subject, rules)
    if as_json:
        console.result_json(documents.report_document(report, fixed))
    elif as_sarif:
        console.result_json(documents.sarif(report, rules))
    else:
        for one in report.findings:
            findings.show(one)
            console.result("")
        for line in console.wrapped(findings.summary(report), "", ""):
            console.result(line)
        mendable = sum(1 for one in report.findings if one.fix)
        if mendable:
            console.note(f"  scaffold check --fix mends {mendable} of them.")
    if report.errors or (strict and report.findings):
        raise typer.Exit(_FAILED)


def _fix(subject: "Subject", rules: "list[Rule]") -> "list[Finding]":
    """Mends until nothing is left to mend: a fix may have been in another one's way."""
    from scaffold.project.check import examine, mend
    from scaffold.project.subject import Subject

    fixed: list[Finding] = []
    for _ in range(10):
        mended = mend(examine(subject, rules).findings, subject.root)
        if not mended:
            break
        for one in mended:
            title = one.fix.title if one.fix else ""
            console.done(f"{console.inert(one.place)}: {title} ({one.rule})")
        fixed += mended
        subject = Subject(subject.root, subject.runner.path, subject.today)
    return fixed


def _resolve(subject: "Subject") -> None:
    from scaffold.project.resolution import resolve
    from scaffold.workspace.engine.pipconf import pip_settings, uv_variables

    pip, python = subject.pip, subject.python
    if pip is None or pip.faults:
        console.warn("there is no specification that the resolver could be asked about")
        return
    variables = dict(os.environ)
    variables |= uv_variables(pip_settings(), variables)
    with console.working("resolving"):
        subject.resolution = resolve(pip, python, variables)
    if subject.resolution.silence:
        console.warn(console.inert(f"the resolver gave no answer: {subject.resolution.silence}"))
    elif subject.resolution.packages is not None:
        version = f" for Python {python.version}" if python else ""
        what = " (conda packages are not resolved)" if subject.conda and subject.conda.packages else ""
        console.done(f"resolved: {subject.resolution.packages} packages{version}{what}")


def _show_snapshot(subject: "Subject", *, as_json: bool) -> None:
    from scaffold.cli import findings
    from scaffold.project import documents

    snapshot = subject.snapshot
    if snapshot is None:
        raise ProjectError(
            f"{subject.runner.shown}: which folder is sent cannot be told without running it, or it is not there.",
            "Give source_directory of the ScriptRunConfig as a text or a path from __file__.",
        )
    if as_json:
        console.result_json(documents.snapshot_document(subject, snapshot))
    else:
        findings.show_snapshot(subject, snapshot)


def _show_rules(rules: "list[Rule]", *, as_json: bool) -> None:
    from scaffold.project import documents
    from scaffold.project.finding import WHEN

    if as_json:
        console.result_json(documents.rules_document(rules))
        return
    for rule in rules:
        fixable = ", --fix mends it" if rule.fixable else ""
        console.result(console.styled(rule.id, bold=True))
        about = f"{rule.title} ({rule.severity}; would fail {WHEN[rule.when]}{fixable})"
        for text in (f"{about[0].upper()}{about[1:]}.", rule.why, " ".join(rule.explanation.split())):
            for line in console.wrapped(text, "    ", "    "):
                console.result(line)
        console.result("")
