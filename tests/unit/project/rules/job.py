"""SDK v2: job.yml, and what its SDK sends."""

from tests.unit.project.trees import CONSTANTS, Case, Content, Link

FOLDER = "Experiment_1"
V2 = {"constants.py": CONSTANTS + "SDK = 'v2'\n"}
SEAL = "type: command\n\n# As exported: sha256 " + "0" * 64 + "\n"


def sent(says: str, files: dict[str, Content], *finds: str, changes: dict[str, Content] = V2) -> Case:
    return Case(
        "job-snapshot", says, {**changes, **{f"{FOLDER}/{name}": text for name, text in files.items()}}, finds
    )


BACK = {".amlignore": "data\n!data/keep.txt\n", "data/keep.txt": "", "data/more.txt": ""}

CASES = [
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
