"""SDK v2: job.yml, and what its SDK sends."""

from tests.unit.project.trees import CONSTANTS, RUNNER, Case, Content, Link

FOLDER = "Experiment_1"
V2 = {"constants.py": CONSTANTS + "SDK = 'v2'\n"}
SEAL = "type: command\n\n# As exported: sha256 " + "0" * 64 + "\n"


def sent(says: str, files: dict[str, Content], *finds: str, changes: dict[str, Content] = V2) -> Case:
    return Case(
        "job-snapshot", says, {**changes, **{f"{FOLDER}/{name}": text for name, text in files.items()}}, finds
    )


BACK = {".amlignore": "data\n!data/keep.txt\n", "data/keep.txt": "", "data/more.txt": ""}
LOST = (
    "error Experiment_1/scripts/train.py:{}: it imports pkg from the folder that is sent, which SDK v2 does not put on "
    "Python's path."
)


JOB: dict[str, Content] = {"job.yml": "type: command\ncommand: python scripts/train.py\n"}


def below(says: str, script: str, *finds: str, changes: dict[str, Content] = JOB, **files: str) -> Case:
    """A project whose script is in a folder below the one that is sent, which has a package."""
    tree: dict[str, Content] = {
        "run_experiment.py": RUNNER.replace("'train.py'", "'scripts/train.py'"),
        f"{FOLDER}/train.py": None,
        f"{FOLDER}/scripts/train.py": script,
        f"{FOLDER}/pkg/__init__.py": "",
        f"{FOLDER}/pkg/mod.py": "",
    }
    more = {f"{FOLDER}/{name}": text for name, text in files.items()}
    return Case("job-path", says, {**changes, **tree, **more}, finds)


CASES = [
    below("imports what is beside its folder", "import os\nfrom pkg.mod import f\n", LOST.format(2)),
    below(
        "imports it in a module of its own",
        "import helper\n",
        LOST.replace("train.py:{}", "helper.py:1"),
        **{"scripts/helper.py": "import pkg\n"},
    ),
    below("goes through SDK v1 alone", "import pkg\n", changes={}),
    below("imports what is in its own folder too", "import pkg\n", **{"scripts/pkg.py": ""}),
    below("says where to look", "import sys\nsys.path.append('.')\nimport pkg\n"),
    below("tries it", "try:\n    import pkg\nexcept ImportError:\n    pass\n"),
    below("imports it in a function", "def main():\n    import pkg\n"),
    below(
        "sets PYTHONPATH",
        "import pkg\n",
        changes={"job.yml": "type: command\nenvironment_variables: {PYTHONPATH: .}\n"},
    ),
    below(
        "starts it as a module",
        "import pkg\n",
        changes={"job.yml": "type: command\ncommand: python -m scripts.train\n"},
    ),
    below("gets its job from the submitting script", "import pkg\n", changes=V2),
    sent("has its script in the folder that is sent", {"train.py": "import pkg\n", "pkg/__init__.py": ""}),
    sent(
        "takes a file back in from a folder",
        BACK,
        f"warning {FOLDER}/.amlignore: through SDK v2 there also travel data/keep.txt.",
    ),
    sent("goes through SDK v1 alone", BACK, changes={}),
    sent(
        "is one of a project that has a job.yml",
        BACK,
        f"warning {FOLDER}/.amlignore: through SDK v2 there also travel data/keep.txt.",
        changes={"job.yml": "type: command\n"},
    ),
    sent(
        "takes a file back in from no folder",
        {".amlignore": "*.txt\n!keep.txt\n", "keep.txt": "", "a.txt": ""},
    ),
    sent(
        "has spaces at the end of a line",
        {".amlignore": "a\\ \n", "a ": "", "b": ""},
    ),
    sent(
        "has patterns about what is behind a link",
        {"real/x.txt": "", "link": Link("real"), ".gitignore": "/link/x.txt\n"},
        f"warning {FOLDER}/.gitignore: through SDK v2 there also travel link/x.txt.",
    ),
    Case("job-file", "is none of ours", {"job.yml": "type: command\n"}),
    Case(
        "job-file",
        "was changed, and so was the project",
        {"job.yml": SEAL},
        ("warning job.yml: the project has changed since it was exported, and so has this file.",),
    ),
    Case("job-file", "is not there", {}),
]
