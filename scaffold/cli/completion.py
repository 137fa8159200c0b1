"""What the shell completes: projects, ids of runs, compute targets.

Asked at every press of a key: nothing is started for it, Azure is not asked, and what cannot be found out at once is
not completed. Ids come from the local workspace while it runs.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_SECONDS = 1.0
_MOST = 200


def projects(incomplete: str) -> list[str]:
    """Folders that are projects, or lead on to some."""
    head, slash, start = incomplete.rpartition("/")
    found = []
    with contextlib.suppress(OSError):
        for entry in sorted(Path(f"{head}{slash}" or ".").iterdir())[:5000]:
            if not entry.name.startswith(start) or entry.name.startswith(".") or not entry.is_dir():
                continue
            name = f"{head}{slash}{entry.name}"
            found.append(name if _is_project(entry) else f"{name}/")
    known = [name for name in found if not name.endswith("/")]
    return (known or found)[:_MOST]


def _is_project(folder: Path) -> bool:
    return (folder / "run_experiment.py").is_file() or (folder / ".azureml" / "config.json").is_file()


def runs(incomplete: str) -> list[tuple[str, str]]:
    """Runs of the local workspace, the newest first, with the status of each."""
    words = _words().get("runs", [])
    return _beginning(incomplete, [("latest", "the newest run"), *((run, status) for run, status in words)])


def compute_targets(incomplete: str) -> list[tuple[str, str]]:
    """Compute targets that the local workspace knows."""
    return _beginning(incomplete, [(name, "") for name in _words().get("computes", [])])


def _beginning(start: str, found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [entry for entry in found if entry[0].startswith(start)][:_MOST]


def _words() -> dict[str, Any]:
    """What the local workspace has to offer; nothing when it does not run."""
    with contextlib.suppress(Exception):  # whatever it is, a press of a key is no place to tell it
        from scaffold.workspace import lifecycle
        from scaffold.workspace.paths import Home

        service = lifecycle.find(Home.default(), seconds=_SECONDS)
        if service is not None:
            words: dict[str, Any] = service.json("GET", "/words", timeout=_SECONDS)
            return words
    return {}
