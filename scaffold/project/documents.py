"""Findings, rules and snapshots as JSON, and findings as SARIF 2.1.0 for code hosts.

The shapes of the JSON are in ``docs/schemas``; that of SARIF is OASIS's.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from scaffold import __version__
from scaffold.project.check import Report
from scaffold.project.files import FileError, ProjectFile
from scaffold.project.finding import WHEN, Finding, Fix, Rule
from scaffold.project.snapshot import MOST_BYTES, MOST_FILES, Snapshot
from scaffold.project.subject import Subject

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def report_document(report: Report, fixed: list[Finding]) -> dict[str, Any]:
    """What ``scaffold check --json`` prints.

    Args:
        report: what was found, and is there still.
        fixed: what ``--fix`` mended before.
    """
    return {
        "project": str(report.subject.root),
        "workspace": workspace_document(report.subject),
        "snapshot": _snapshot_size(report.subject),
        "errors": len(report.errors),
        "warnings": len(report.warnings),
        "findings": [_finding(finding) for finding in report.findings],
        "fixed": [_finding(finding) for finding in fixed],
    }


def workspace_document(subject: Subject) -> dict[str, Any] | None:
    """The workspace that the project means; None when that cannot be read."""
    try:
        config = subject.config
    except FileError:
        return None
    return {**config.document, "file": subject.file(config.path).shown}


def snapshot_of(subject: Subject) -> Snapshot | None:
    """What would travel; None when that is not known."""
    try:
        return subject.snapshot
    except FileError:
        return None


def _snapshot_size(subject: Subject) -> dict[str, Any] | None:
    snapshot = snapshot_of(subject)
    if snapshot is None:
        return None
    shown = subject.file(snapshot.folder).shown
    return {"folder": shown, "files": len(snapshot.sent), "bytes": snapshot.bytes}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "when": finding.when,
        "file": finding.file,
        "line": finding.line,
        "what": finding.what,
        "why": finding.why,
        "hint": finding.hint,
        "fix": finding.fix.title if finding.fix else None,
    }


def rules_document(rules: list[Rule]) -> list[dict[str, Any]]:
    """What ``scaffold check --rules --json`` prints."""
    return [
        {
            "id": rule.id,
            "severity": rule.severity,
            "when": rule.when,
            "title": rule.title,
            "why": rule.why,
            "explanation": rule.explanation,
            "fixable": rule.fixable,
        }
        for rule in rules
    ]


def snapshot_document(subject: Subject, snapshot: Snapshot) -> dict[str, Any]:
    """What ``scaffold check --snapshot --json`` prints."""
    ignore = snapshot.ignore.file
    return {
        "folder": subject.file(snapshot.folder).shown,
        "ignore_file": ignore.shown if ignore else None,
        "bytes": snapshot.bytes,
        "counted_bytes": snapshot.counted_bytes,
        "most_bytes": MOST_BYTES,
        "most_files": MOST_FILES,
        "files": [{"path": file.path, "bytes": file.size, "link": file.link} for file in snapshot.sent],
        "kept": [
            {"path": kept.path, "file": kept.by.file, "line": kept.by.line, "pattern": kept.by.text}
            for kept in snapshot.kept
        ],
    }


def sarif(report: Report, rules: list[Rule]) -> dict[str, Any]:
    """What ``scaffold check --sarif`` prints; paths are from the repository's folder, as code hosts want them.

    Args:
        report: what was found.
        rules: the rules that looked.
    """
    base = _repository(report.subject.root)
    index = {rule.id: number for number, rule in enumerate(rules)}
    driver = {
        "name": "scaffold",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_sarif_rule(rule) for rule in rules],
    }
    results = [_sarif_result(finding, index[finding.rule], base) for finding in report.findings]
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    return {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _repository(root: Path) -> Path:
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.title[0].upper()}{rule.title[1:]}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": " ".join(rule.explanation.split()), "markdown": rule.explanation},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"when": rule.when},
    }


def _sarif_result(finding: Finding, index: int, base: Path) -> dict[str, Any]:
    text = f"{finding.what}. {finding.why} It would fail {WHEN[finding.when]}. {finding.hint}"
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(finding.path, base, finding.line or 1)}],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(finding)},
    }
    if finding.fix is not None:
        result["fixes"] = [_sarif_fix(finding.fix, base)]
    return result


def _fingerprint(finding: Finding) -> str:
    """Stays the same when the finding moves to another line."""
    import hashlib

    return hashlib.sha256(f"{finding.rule}\0{finding.file}\0{finding.what}".encode()).hexdigest()[:32]


def _location(path: Path, base: Path, line: int) -> dict[str, Any]:
    return {"artifactLocation": _artifact(path, base), "region": {"startLine": line}}


def _artifact(path: Path, base: Path) -> dict[str, Any]:
    shown = ProjectFile.within(base, path).shown
    return {"uri": quote(shown.encode("utf-8", "surrogateescape")), "uriBaseId": "%SRCROOT%"}


def _sarif_fix(fix: Fix, base: Path) -> dict[str, Any]:
    changes = []
    for edit in fix.edits:
        # Whole lines: from the first one's start to the start of the line behind the last one.
        region = {"startLine": edit.first, "startColumn": 1, "endLine": edit.last + 1, "endColumn": 1}
        replacement = {"deletedRegion": region, "insertedContent": {"text": edit.text}}
        changes.append({"artifactLocation": _artifact(edit.path, base), "replacements": [replacement]})
    return {"description": {"text": f"{fix.title[0].upper()}{fix.title[1:]}."}, "artifactChanges": changes}
