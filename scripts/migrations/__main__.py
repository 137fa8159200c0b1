"""Migrates public SDK v1 projects with 'scaffold migrate' and compares what they record before and after.

    python scripts/migrations CHECKOUTS [--only TEXT] [--work FOLDER]
    python scripts/migrations --table       prints the list as docs/migrate.md has it

CHECKOUTS holds checkouts of the repositories that ``list.json`` names, as ``OWNER/NAME``; of those that are not
there nothing is run. Each project is copied, run through SDK v1 by its own script, migrated with --write, and run
through SDK v2 by the script that this makes, on a local workspace of its own.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONFIG = {
    "subscription_id": "00000000-0000-0000-0000-000000000000",
    "resource_group": "local",
    "workspace_name": "local",
}
TIMEOUT_SECONDS = 1800


def say(text: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Bench:
    """Where projects run: copies and a workspace.

    Args:
        work: the working folder.
    """

    def __init__(self, work: Path) -> None:
        self.work = work
        home = work / "home"
        home.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AZURE", "MLFLOW_"))}
        self.environment = kept | {
            "SCAFFOLD_HOME": str(work / "state"),
            "SCAFFOLD_PORT": "0",
            "HOME": str(home),
            "USERPROFILE": str(home),
        }
        for name, place in {"PIP_CONFIG_FILE": ".config/pip/pip.conf", "PYENV_ROOT": ".pyenv"}.items():
            if (Path.home() / place).exists():  # what is found by the home folder
                self.environment.setdefault(name, str(Path.home() / place))

    def scaffold(self, *arguments: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
        """Runs ``scaffold``."""
        return subprocess.run(
            [sys.executable, "-m", "scaffold", *map(str, arguments)],
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def copy(self, checkouts: Path, repository: str) -> Path:
        """A copy of a repository that points at the local workspace."""
        copy = self.work / "copies" / repository
        shutil.rmtree(copy, ignore_errors=True)
        ignored = shutil.ignore_patterns(".git", ".azureml")
        shutil.copytree(checkouts / repository, copy, ignore=ignored, symlinks=True)
        for config in copy.rglob("config.json"):
            if b"subscription_id" in config.read_bytes():
                config.write_text(json.dumps(CONFIG))
        (copy / ".azureml").mkdir()
        (copy / ".azureml" / "config.json").write_text(json.dumps(CONFIG))
        return copy

    def recorded(self, experiment: str, *known: str) -> list[dict[str, Any]]:
        """The runs of an experiment, but for those that are known."""
        command = (sys.executable, HERE / "recorded.py", json.dumps(CONFIG), experiment, *known)
        done = self.scaffold("exec", "--", *command, cwd=self.work)
        if done.returncode != 0:
            return []
        runs: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return runs


def carry_out(bench: Bench, copy: Path, entry: dict[str, Any]) -> tuple[bool, str]:
    """Runs, migrates and runs again; whether both record the same, and what is to be told."""
    path, _, line = entry["script"].partition(".ipynb:")  # the line of one of its submissions
    script = copy / (f"{path}.ipynb" if line else path)
    folder = script.parent
    experiment = entry["experiment"]
    for place in entry.get("configs", ()):  # where the project wants it, beside the usual place
        (folder / place).mkdir(exist_ok=True)
        (folder / place / "config.json").write_text(json.dumps(CONFIG))
    if "computes" in entry:  # which on Azure ML the reader has made by hand
        computes = HERE.parent / "examples" / "computes.py"
        names = (json.dumps(CONFIG), *entry["computes"])
        bench.scaffold("exec", "--", sys.executable, computes, *names, cwd=bench.work)
    known = [run["id"] for run in bench.recorded(experiment)]
    started = [HERE / "cells.py"] if script.suffix == ".ipynb" else []
    before = bench.scaffold("exec", "--", sys.executable, *started, script.name, cwd=folder)
    first = bench.recorded(experiment, *known)
    known += [run["id"] for run in first]
    named = f"{script.name}:{line}" if line else script.name
    migrated = bench.scaffold("migrate", named, "--write", "--json", cwd=folder)
    if migrated.returncode != 0:
        return False, migrated.stderr
    after = bench.scaffold("exec", "--", sys.executable, "run_experiment_v2.py", cwd=folder)
    second = bench.recorded(experiment, *known)
    if not first or not second:
        return False, f"no run: {(before.stderr + after.stderr)[-1500:]}"
    document = json.loads(migrated.stdout)
    v1, v2 = first[-1], second[-1]
    # A text is no metric in MLflow: it must be a tag then.
    texts = {name: value for name, value in v1["metrics"].items() if isinstance(value, str)}
    numbers = {name: value for name, value in v1["metrics"].items() if name not in texts}
    same = v2["metrics"] == numbers and all(v2["tags"].get(name) == text for name, text in texts.items())
    same = same and v1["files"] == v2["files"]
    completed = v1["status"] == v2["status"] == "Completed"
    told = f"{v1['status']}/{v2['status']}; {len(numbers)} metrics, {len(texts)} texts, {len(v1['files'])} outputs; "
    told += f"{len(document['changed'])} different, {len(document['left'])} left"
    if not (same and completed):
        told += f"\n  v1: {v1}\n  v2: {v2}"
    return same and completed, told


def table() -> str:
    """The list in Markdown."""
    lines = ["| repository, commit | script that submits | what both recorded | left to the person |"]
    lines.append("| --- | --- | --- | --- |")
    for repository in json.loads((HERE / "list.json").read_text(encoding="utf-8"))["repositories"]:
        for entry in repository["projects"]:
            where = f"{repository['name']} `{repository['commit']}`"
            lines.append(f"| {where} | `{entry['script']}` | {entry['recorded']} | {entry['left']} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Runs what was asked for; returns 1 when a project did not record the same."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkouts", type=Path, nargs="?")
    parser.add_argument("--table", action="store_true", help="print the list in Markdown, and run nothing")
    parser.add_argument("--only", default="", help="only projects whose repository and path contain this")
    parser.add_argument("--work", type=Path, default=Path("build/migrations"))
    parser.add_argument("--list", type=Path, default=HERE / "list.json")
    options = parser.parse_args()
    if options.table:
        sys.stdout.write(table())
        return 0
    if options.checkouts is None:
        parser.error("the folder of the checkouts is missing")
    bench = Bench(options.work.absolute())
    good = count = 0
    try:
        for repository in json.loads(options.list.read_text(encoding="utf-8"))["repositories"]:
            for entry in repository["projects"]:
                name = f"{repository['name']}/{entry['script']}"
                if options.only not in name or not (options.checkouts / repository["name"]).is_dir():
                    continue
                copy = bench.copy(options.checkouts.absolute(), repository["name"])
                same, told = carry_out(bench, copy, entry)
                good, count = good + same, count + 1
                say(f"{'ok' if same else 'DIFFERS':<8}{name}\n        {told}")
    finally:
        bench.scaffold("workspace", "stop", "--quiet", cwd=bench.work)
    say(f"{good} of {count} recorded the same.")
    return 0 if good == count else 1


if __name__ == "__main__":
    sys.exit(main())
