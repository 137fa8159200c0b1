"""The folder that is sent."""

import datetime
from pathlib import Path

from tests.unit.project.trees import PROJECT, RUNNER, Case, Content, Hole, Link, write

FOLDER = "Experiment_1"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAw0\n"
# Made up, of the form of real ones.
STORAGE = "q9" * 43 + "=="
SIGNATURE = (
    "https://a.blob.core.windows.net/c/b?sv=2021-08-06&se=2024-10-07T00%3A00%3A00Z&sig="
    + "aB3%2F" * 9
    + "%3D"
)
CLIENT = "Zk18Q~" + "aB3-_.x7" * 4 + "Q"


def sent(rule: str, says: str, files: dict[str, Content], *finds: str) -> Case:
    return Case(
        f"snapshot-{rule}", says, {f"{FOLDER}/{name}": content for name, content in files.items()}, finds
    )


def _with_elsewhere(root: Path) -> None:
    """A folder beside the project's."""
    write(root.parent / "elsewhere", {"x": "12345", **dict.fromkeys(PROJECT)})


CASES = [
    sent(
        "ignore-file",
        "has a line that is no pattern",
        {".amlignore": "*.pyc\n!\n"},
        f"error {FOLDER}/.amlignore:2: '!' is not a pattern that the SDK takes.",
    ),
    sent(
        "ignore-file",
        "is in another encoding",
        {".gitignore": b"*.pyc\n# f\xfcr\n"},
        f"error {FOLDER}/.gitignore:2: not UTF-8 text.",
    ),
    sent(
        "ignore-file",
        "has a byte order mark",
        {".amlignore": "\ufeff*.pyc\n"},
        f"warning {FOLDER}/.amlignore:1: starts with a byte order mark, so that the first pattern matches nothing.",
    ),
    sent(
        "ignore-file",
        "has patterns of every kind",
        {".amlignore": "# c\n\n*.py[cod]\n/a/**/b\n!keep\n\\#x\ndir/\n  \n"},
    ),
    sent("ignore-file", "is not the one that is read", {".amlignore": "*.pyc\n", ".gitignore": b"\xff\n"}),
    sent(
        "script",
        "is left out itself",
        {".gitignore": "data\n*.py\n"},
        f"error {FOLDER}/.gitignore:2: '*.py' keeps the script {FOLDER}/train.py from travelling.",
    ),
    sent("script", "is taken back in", {".amlignore": "*.py\n!/train.py\n"}),
    sent(
        "link",
        "leads nowhere or in a circle",
        {"gone": Link("nowhere"), "a/loop": Link("..")},
        f"error {FOLDER}/a/loop: it is a link to a folder that it is in itself.",
        f"error {FOLDER}/gone: it is a link to @/nowhere, which leads nowhere.",
    ),
    sent("link", "is left out", {"gone": Link("nowhere"), ".amlignore": "gone\n"}),
    sent("link", "leads somewhere", {"here": Link("train.py"), "b/x": "x", "c": Link("b")}),
    Case(
        "snapshot-link-out",
        "leads out of the project",
        {f"{FOLDER}/up": Link("../../elsewhere")},
        (f"warning {FOLDER}/up: it is a link to @@@/elsewhere, so that 5 B from there travel.",),
        prepare=_with_elsewhere,
    ),
    sent("link-out", "leads to another folder of the project", {"c": Link("../constants.py")}),
    Case(
        "snapshot-link-out",
        "is seen once more through a link in a circle",
        {f"{FOLDER}/circle": Link("."), f"{FOLDER}/up": Link("../../elsewhere")},
        (f"warning {FOLDER}/up: it is a link to @@@/elsewhere, so that 5 B from there travel.",),
        prepare=_with_elsewhere,
    ),
    sent(
        "size",
        "is too large",
        {"a.bin": Hole(200_000_000), "b/b.dat": Hole(120_000_000)},
        f"error {FOLDER}: 320.0 MB count, and 300 MB may: a.bin (200.0 MB), b/b.dat (120.0 MB), train.py (15 B).",
    ),
    sent(
        "size",
        "is too large by a file that does not travel",
        {"data/a.bin": Hole(320_000_000), ".amlignore": "data\n!a.bin\n"},
        f"error {FOLDER}: 320.0 MB count, and 300 MB may: data/a.bin (320.0 MB), train.py (15 B), .amlignore (12 B).",
    ),
    sent(
        "size", "is too large but for what is left out", {"a.bin": Hole(400_000_000), ".amlignore": "*.bin\n"}
    ),
    sent(
        "count",
        "is too many files",
        {f"d{number % 2}/{number}": "" for number in range(2001)},
        f"warning {FOLDER}: 2002 files would travel: 1001 in d0/, 1000 in d1/, 1 in ./.",
    ),
    sent("count", "is as many as may be", {str(number): "" for number in range(1999)}),
    sent(
        "shadowed",
        "travels although git ignores it",
        {".amlignore": "*.pyc\n", ".gitignore": "/data/\n*.log\n", "data/a.csv": "1\n", "x.log": ""},
        f"warning {FOLDER}/.amlignore: data/a.csv and 1 more would travel, which .gitignore leaves out: it is not read "
        "beside .amlignore.",
    ),
    sent(
        "shadowed",
        "leaves out the same",
        {".amlignore": "/data/\n", ".gitignore": "/data/\n", "data/a.csv": "1\n"},
    ),
    sent("shadowed", "is alone", {".gitignore": "/data/\n", "data/a.csv": "1\n"}),
    sent(
        "shadowed",
        "leaves out what harms nobody",
        {".amlignore": "", ".gitignore": "__pycache__\n", "__pycache__/x.pyc": ""},
    ),
    sent(
        "secret",
        "is in the files",
        {
            "key.txt": "x\n" + KEY,
            "settings.py": f"A = 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey={STORAGE}'\n",
            "url.json": f'{{"url": "{SIGNATURE}"}}\n',
            "app.yml": f"client_secret: {CLIENT}\n",
            "x.sh": "git clone https://me:s3cr3tW0rd@example.org/x.git\n",
            ".env": "A=b\n",
        },
        f"warning {FOLDER}/.env: .env would travel, which is for secrets.",
        f"warning {FOLDER}/app.yml:1: it holds what looks like a secret (Azure client secret).",
        f"warning {FOLDER}/key.txt:2: it holds what looks like a secret (Private Key).",
        f"warning {FOLDER}/settings.py:1: it holds what looks like a secret (Azure Storage Account access key).",
        f"warning {FOLDER}/url.json:1: it holds what looks like a secret (Azure shared access signature).",
        f"warning {FOLDER}/x.sh:1: it holds what looks like a secret (Basic Auth Credentials).",
    ),
    sent(
        "secret",
        "is a placeholder, a word or left out",
        {
            "a.md": "AccountKey=<your key>\nhttps://user:password@example.com\nhttps://{u}:{p}@x\n"
            "sk-learn, task-12345678901234567890\n",
            "b.py": "password = 'hunter2'\ntoken = tokens[key]\nhash = 'd41d8cd98f00b204e9800998ecf8427e'\n",
            "c.txt": "http://localhost:8080/a@b\n-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKCAQEA\n",
            "d.txt": "AccountKey=" + "x" * 86 + "==\n",
            ".env.example": "A=\n",
            "e.key": KEY,
            ".amlignore": "*.key\n",
        },
    ),
    Case(
        "snapshot-secret",
        "is a signature that has expired",
        {f"{FOLDER}/url.json": SIGNATURE},
        today=datetime.date(2024, 10, 8),
    ),
    sent(
        "environment",
        "travels with the experiment",
        {
            "env/pyvenv.cfg": "home = /usr\n",
            "env/lib/python3.11/site-packages/x.py": "12345",
            "envs/c/conda-meta/history": "",
            "envs/c/bin/python": "1",
            ".git/HEAD": "ref",
            "web/node_modules/a/index.js": "",
        },
        f"warning {FOLDER}/.git: the git repository would travel: 1 file, 3 B.",
        f"warning {FOLDER}/env: a virtual environment would travel: 2 files, 17 B.",
        f"warning {FOLDER}/envs/c: a conda environment would travel: 2 files, 1 B.",
        f"warning {FOLDER}/web/node_modules: node_modules would travel: 1 file, 0 B.",
    ),
    sent(
        "environment",
        "is left out, or only called so",
        {".amlignore": "/env/\n", "env/pyvenv.cfg": "", "venv/x.py": "", ".gitkeep": "", "env2/git/HEAD": ""},
    ),
    sent(
        "data",
        "is a large file of data",
        {"train.csv": Hole(26_000_000), "model/x.pt": Hole(40_000_000)},
        f"warning {FOLDER}/model/x.pt: 40.0 MB of data would travel.",
        f"warning {FOLDER}/train.csv: 26.0 MB of data would travel.",
    ),
    sent("data", "is small, or no data", {"train.csv": Hole(20_000_000), "lib.so": Hole(30_000_000)}),
    sent(
        "case",
        "are two files for Linux and one for Windows",
        {"Data.csv": "", "data.csv": "", "A/x": "", "a/x": ""},
        f"warning {FOLDER}/a: its name differs from A by case alone.",
        f"warning {FOLDER}/data.csv: its name differs from Data.csv by case alone.",
    ),
    sent("case", "are in two folders", {"a/Data.csv": "", "b/data.csv": ""}),
    Case(
        "snapshot-name",
        "come out of a zip file of Windows, or hold what is no text",
        {
            "Experiment_1/data\\x.csv": "",
            "Experiment_1/a\nb": "",
            "Experiment_1/d\\e/f": "",
            "Experiment_1/ä €": "",
        },
        (
            "error Experiment_1/a\\nb: its name has a control character.",
            "error Experiment_1/d\\e/f: its name has a backslash.",
            "error Experiment_1/data\\x.csv: its name has a backslash.",
        ),
    ),
    Case(
        "snapshot-name",
        "is no UTF-8",
        {"Experiment_1/\udcff.bin": ""},
        ("error Experiment_1/\\xff.bin: its name has bytes that are no UTF-8.",),
    ),
    Case(
        "snapshot-name",
        "is left out",
        {"Experiment_1/data\\x.csv": "", "Experiment_1/.amlignore": "*.csv\n"},
    ),
    *(
        Case(
            "snapshot-size",
            f"is lifted: {lifted}",
            {"Experiment_1/a.bin": Hole(320_000_000), "run_experiment.py": f"{lifted}\n{RUNNER}"},
        )
        for lifted in (
            "import azureml._restclient.snapshots_client as c\nc.SNAPSHOT_MAX_SIZE_BYTES = 1_000_000_000",
            "import azureml._restclient\nazureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES = 10**12",
            "setattr(client, 'SNAPSHOT_MAX_SIZE_BYTES', 1024 * 1024 * 1024)",
        )
    ),
    Case(
        "snapshot-size",
        "is lifted, but not by enough",
        {
            "Experiment_1/a.bin": Hole(320_000_000),
            "run_experiment.py": f"client.SNAPSHOT_MAX_SIZE_BYTES = 319 * 1000 * 1000\n{RUNNER}",
        },
        (f"error {FOLDER}: 320.0 MB count, and 319.0 MB may: a.bin (320.0 MB), train.py (15 B).",),
    ),
]
