"""Runs public examples of both SDKs as they are against a local workspace, and tells how they did.

    python scripts/examples CHECKOUTS [--only TEXT] [--work FOLDER] [--list FILE]
    python scripts/examples --table       prints the list as docs/examples.md has it

CHECKOUTS is a folder that holds checkouts of the repositories that ``list.json`` names, as ``OWNER/NAME``; of
those that are not there nothing is run. Every example runs in a copy of its repository, with a workspace of its
own, in an environment with azureml-core and a notebook kernel that is made once in the working folder.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONFIG = {
    "subscription_id": "00000000-0000-0000-0000-000000000000",
    "resource_group": "local",
    "workspace_name": "local",
}
# What the authors had on their machines. IPython 9 has no IPython.core.display.display, which azureml-widgets imports.
PACKAGES = (
    *(
        "azureml-core==1.61.0.post4",
        "azureml-dataset-runtime",
        "azureml-mlflow",
        "azureml-widgets",
        "azureml-tensorboard",
        "azureml-train-core",
    ),
    *(
        "mlflow>=2.20,<3",
        "mlflow-skinny<3",
        "numpy<2",
        "pandas>=2,<3",
        "scikit-learn<1.7",
        "matplotlib",
        "seaborn",
    ),
    *("joblib", "tqdm", "tensorboard", "ipykernel", "ipython<9", "nbclient", "setuptools<80.9"),
    *("azure-ai-ml==1.35.2", "azure-identity", "azureml-fsspec", "mldesigner", "mltable", "python-dotenv"),
)
TIMEOUT_SECONDS = 1800


@dataclass(frozen=True)
class Example:
    """One notebook, script or job file of a repository.

    Attributes:
        repository: ``OWNER/NAME``, or ``OWNER/NAME@COMMIT`` for the second commit of one.
        path: of it in the repository.
        folder: where it is started; its own folder unless its author says otherwise.
        before: others of the repository that its author has the reader run first.
        computes: clusters that have to be there, which on Azure ML the reader has made by hand.
        data: data assets that the reader has made by hand, a name and the type and path of each.
        cells: of a notebook, how many cells are run; what follows needs a cloud.
        failing: numbers of the cells that may fail, since their author means them to or they need Docker.
        variables: environment variables that it reads.
        arguments: words of its command line.
        submits: False for one that is about data or the workspace alone, and has no run.
        filled: what its author has the reader put in the place of names such as ``<RESOURCE_GROUP>``.
    """

    repository: str
    path: str
    folder: str | None = None
    before: tuple[str, ...] = ()
    computes: tuple[str, ...] = ()
    data: tuple[tuple[str, str, str], ...] = ()
    cells: int | None = None
    failing: tuple[int, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()
    submits: bool = True
    filled: tuple[tuple[str, str], ...] = ()

    def start(self, copy: Path) -> Path:
        """The folder of a copy of the repository that it is started in."""
        return (copy / self.path).parent if self.folder is None else copy / self.folder


@dataclass
class Outcome:
    """How an example did: the error of the program itself, and its runs by status."""

    seconds: float
    error: str = ""
    runs: list[dict[str, Any]] = field(default_factory=list)

    def is_good(self, example: Example) -> bool:
        """True when the program came to its end, and a run of it completed with something recorded."""
        good = [run for run in self.runs if run["status"] == "Completed" and (run["metrics"] or run["files"])]
        return not self.error and (bool(good) or not example.submits)


class Bench:
    """Where examples run: copies, an environment, a workspace.

    Args:
        work: the working folder; the environment in it is kept.
    """

    def __init__(self, work: Path) -> None:
        self.work = work
        self._known: list[str] = []
        self.venv = work / "venv"
        self.python = self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        home = work / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("AZUREML_", "MLFLOW_"))
        } | {
            "SCAFFOLD_HOME": str(work / "state"),
            "SCAFFOLD_PORT": "0",
            "HOME": str(home),
            "USERPROFILE": str(home),
            "VIRTUAL_ENV": str(self.venv),
            "PATH": os.pathsep.join((str(self.python.parent), os.environ.get("PATH", os.defpath))),
            "PYTHONIOENCODING": "utf-8",
            "MORE": "-e",  # `!more FILE` in a notebook would else wait for a key
        }
        for name in ("PIP_CONFIG_FILE", "PYENV_ROOT"):  # what is found by the home folder
            default = {"PIP_CONFIG_FILE": ".config/pip/pip.conf", "PYENV_ROOT": ".pyenv"}[name]
            if (Path.home() / default).exists():
                self.environment.setdefault(name, str(Path.home() / default))

    def set_up(self) -> None:
        """Makes the environment of the examples, once."""
        if not self.python.exists():
            say(f"making {self.venv} …")
            subprocess.run([sys.executable, "-m", "uv", "venv", "--quiet", self.venv], check=True)
            command = [
                sys.executable,
                "-m",
                "uv",
                "pip",
                "install",
                "--quiet",
                "--python",
                self.python,
                *PACKAGES,
            ]
            subprocess.run(command, check=True)

    def copy(self, checkouts: Path, example: Example) -> Path:
        """A copy of an example's repository that points at the local workspace, and no more at its author's."""
        copy = self.work / "copies" / example.repository
        shutil.rmtree(copy, ignore_errors=True)
        ignored = shutil.ignore_patterns(".git")
        shutil.copytree(checkouts / example.repository, copy, ignore=ignored, symlinks=True)
        for config in copy.rglob(".azureml/config.json"):
            config.unlink()
        for folder in (copy, example.start(copy)):
            (folder / ".azureml").mkdir(exist_ok=True)
            (folder / ".azureml" / "config.json").write_text(json.dumps(CONFIG))
        return copy

    def run(
        self,
        *command: str | Path,
        cwd: Path,
        log: Path | None = None,
        variables: dict[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a command whose SDK talks to the workspace."""
        done = subprocess.run(
            [sys.executable, "-m", "scaffold", "exec", "--", *map(str, command)],
            cwd=cwd,
            env=self.environment | (variables or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if log is not None:
            log.write_text(done.stdout + done.stderr, encoding="utf-8")
        return done

    def run_file(self, copy: Path, path: str, log: Path, example: Example) -> str:
        """Runs a notebook, script or job file in its own folder; returns its error, or nothing."""
        file = copy / path
        fill_in(file, example.filled)
        command: list[str | Path] = [file, *(example.arguments if path == example.path else ())]
        if file.suffix == ".ipynb":
            limits = {"cells": example.cells, "failing": example.failing} if path == example.path else {}
            command = [HERE / "notebook.py", file, json.dumps(limits)]
        if file.suffix in (".yml", ".yaml"):
            command = [HERE / "job.py", file, json.dumps(CONFIG)]
        try:
            folder = file.parent if example.folder is None else copy / example.folder
            done = self.run("python", *command, cwd=folder, log=log, variables=dict(example.variables))
        except subprocess.TimeoutExpired:
            return f"It took more than {TIMEOUT_SECONDS} s."
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return "" if done.returncode == 0 else (lines or [f"exit code {done.returncode}"])[-1]

    def new_runs(self) -> list[dict[str, Any]]:
        """The workspace's runs since this was called last, when what is executed of them is over."""
        done = self.run("python", HERE / "runs.py", json.dumps(CONFIG), *self._known, cwd=self.work)
        runs: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        self._known += [run["id"] for run in runs]
        return runs

    def stop(self) -> None:
        """Ends the workspace."""
        command = [sys.executable, "-m", "scaffold", "workspace", "stop", "--quiet"]
        subprocess.run(command, env=self.environment, check=False)


def say(text: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fill_in(file: Path, filled: tuple[tuple[str, str], ...]) -> None:
    """Puts what a reader would into a file, in the place of what its author has left open."""
    text = file.read_text(encoding="utf-8")
    for placeholder, value in filled:
        text = text.replace(placeholder, value)
    file.write_text(text, encoding="utf-8")


def carry_out(bench: Bench, copy: Path, example: Example) -> Outcome:
    """Runs one example with what comes before it."""
    log = bench.work / "logs" / f"{example.repository}/{example.path}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if example.computes:
        bench.run("python", HERE / "computes.py", json.dumps(CONFIG), *example.computes, cwd=copy)
    if example.data:
        bench.run("python", HERE / "data.py", json.dumps(CONFIG), json.dumps(example.data), cwd=copy)
    for path in example.before:
        error = bench.run_file(copy, path, log, example)
        if error:
            return Outcome(0.0, f"{path}: {error}")
    if example.before:
        bench.new_runs()
    started = time.monotonic()
    error = bench.run_file(copy, example.path, log, example)
    seconds = time.monotonic() - started
    return Outcome(seconds, error, bench.new_runs())


def row(example: Example, outcome: Outcome) -> str:
    """A line of the table."""
    statuses = [run["status"] for run in outcome.runs]
    runs = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses)) or "no runs"
    metrics = sum(run["metrics"] for run in outcome.runs)
    files = sum(run["files"] for run in outcome.runs)
    verdict = "ok" if outcome.is_good(example) else "FAILED"
    told = f"{verdict:<7}{outcome.seconds:6.0f} s  {example.repository} {example.path}\n"
    told += f"                 {runs}; {metrics} metrics, {files} files"
    return told + (f"\n                 {outcome.error[:200]}" if outcome.error else "")


def examples(file: Path) -> list[Example]:
    """The examples of the list."""
    repositories = json.loads(file.read_text(encoding="utf-8"))["repositories"]
    return [
        Example(
            repository["name"],
            entry["path"],
            entry.get("folder"),
            tuple(entry.get("before", ())),
            tuple(entry.get("computes", ())),
            tuple((name, *where) for name, where in entry.get("data", {}).items()),
            entry.get("cells"),
            tuple(entry.get("failing", ())),
            tuple(entry.get("variables", {}).items()),
            tuple(entry.get("arguments", ())),
            entry.get("submits", True),
            tuple(entry.get("filled", {}).items()),
        )
        for repository in repositories
        for entry in repository["examples"]
    ]


def table(file: Path) -> str:
    """The list in Markdown."""
    lines = ["| repository, commit | example | what it recorded |", "| --- | --- | --- |"]
    for repository in json.loads(file.read_text(encoding="utf-8"))["repositories"]:
        where = f"{repository['name'].partition('@')[0]} `{repository['commit'][:8]}`"
        for entry in repository["examples"]:
            note = f" ({entry['note']})" if "note" in entry else ""
            lines.append(f"| {where} | `{entry['path']}`{note} | {entry['recorded']} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Runs what was asked for; returns 1 when an example did not complete."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkouts", type=Path, nargs="?")
    parser.add_argument("--table", action="store_true", help="print the list in Markdown, and run nothing")
    parser.add_argument(
        "--only", default="", help="run only the examples whose repository and path contain this"
    )
    parser.add_argument("--work", type=Path, default=Path("build/examples"))
    parser.add_argument("--list", type=Path, default=HERE / "list.json")
    options = parser.parse_args()
    if options.table:
        sys.stdout.write(table(options.list))
        return 0
    if options.checkouts is None:
        parser.error("the folder of the checkouts is missing")
    bench = Bench(options.work.absolute())
    bench.set_up()
    wanted = [e for e in examples(options.list) if options.only in f"{e.repository}/{e.path}"]
    present = [e for e in wanted if (options.checkouts / e.repository).is_dir()]
    completed = 0
    try:
        bench.new_runs()  # those of earlier times
        for example in present:
            copy = bench.copy(options.checkouts.absolute(), example)
            outcome = carry_out(bench, copy, example)
            completed += outcome.is_good(example)
            say(row(example, outcome))
    finally:
        bench.stop()
    say(f"{completed} of {len(present)} completed; {len(wanted) - len(present)} were not there.")
    return 0 if completed == len(present) else 1


if __name__ == "__main__":
    sys.exit(main())
