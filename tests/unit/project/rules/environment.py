"""requirements.txt and environment.yml."""

import datetime

from tests.unit.project.trees import AZURE, CONDA_RUNNER, CONSTANTS, RUNNER, Case, Content

FILE = "requirements.txt"
YAML = "environment.yml"
# As a new project has it: the file's name says how it is read.
EITHER = RUNNER.replace(
    "    env = Environment.from_pip_requirements(name='env-2', file_path=os.path.join(here, 'requirements.txt'))\n",
    "    path = os.path.join(here, constants.ENVIRONMENT_FILE)\n"
    "    if path.endswith('.yml'):\n"
    "        env = Environment.from_conda_specification(name='env-2', file_path=path)\n"
    "    env = Environment.from_pip_requirements(name='env-2', file_path=path)\n",
)
NO_PYTHON = "".join(line for line in RUNNER.splitlines(True) if "set_python" not in line)
CONDA = "channels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip\n"


def pip(rule: str, says: str, text: str | bytes, *finds: str, **more: Content) -> Case:
    return Case(f"environment-{rule}", says, {FILE: text, **more}, finds)


def conda(rule: str, says: str, text: str, *finds: str, **more: Content) -> Case:
    files = {YAML: text, "run_experiment.py": CONDA_RUNNER, **more}
    return Case(f"environment-{rule}", says, files, finds)


def both(says: str, requirements: str, environment: str, *finds: str, chosen: str = FILE) -> Case:
    files = {
        FILE: requirements,
        YAML: environment,
        "run_experiment.py": EITHER,
        "constants.py": f"{CONSTANTS}ENVIRONMENT_FILE = '{chosen}'\n",
    }
    return Case("environment-disagree", says, files, finds)


def python(says: str, version: str, today: tuple[int, int, int], *finds: str) -> Case:
    files = {"constants.py": CONSTANTS.replace("3.11", version)}
    return Case("environment-end-of-life", says, files, finds, today=datetime.date(*today))


def described(conda: str, *more: str) -> str:
    """A submitting script whose environment is described by calls."""
    return "\n".join(
        [
            "from azureml.core import *",
            "from azureml.core.conda_dependencies import CondaDependencies",
            "env = Environment('e')",
            f"conda = {conda}",
            *more,
            "env.python.conda_dependencies = conda",
            "config = ScriptRunConfig('Experiment_1', 'train.py', compute_target='cpu', environment=env)",
            "Experiment(Workspace.from_config(), 'e').submit(config)\n",
        ]
    )


CASES = [
    pip(
        "file",
        "has a byte order mark",
        b"\xef\xbb\xbfnumpy==1.26.4\n",
        f"error {FILE}:1: starts with a byte order mark, which the SDK takes for text.",
    ),
    pip("file", "is in another encoding", b"numpy==1.26.4\n# f\xfcr\n", f"error {FILE}:2: not UTF-8 text."),
    conda("file", "is not YAML", "a: 'x\n", f"error {YAML}:2: not YAML: found unexpected end of stream."),
    pip("file", "has words in another language", "# für\nnumpy==1.26.4\n"),
    conda("file", "is YAML", CONDA),
    pip(
        "requirement",
        "has lines that pip cannot read",
        "numpy==1.26.4\nscikit learn\nnumpy=1.26\n--hash=sha256:aa\n-r gone.txt\n",
        f"error {FILE}:2: 'scikit learn' is not a requirement that pip can read (",
        f"error {FILE}:3: 'numpy=1.26' is not a requirement that pip can read (",
        f"error {FILE}:4: --hash is not an option that a requirements file takes.",
        f"error {FILE}:5: there is no file gone.txt.",
    ),
    pip(
        "requirement",
        "has lines of every kind that pip takes",
        "# why\nPandas >= 2, < 3   # because\nx[a,b]==1.4.*; python_version < '3.12'\np @ https://e.com/p.zip\n"
        "git+https://github.com/a/b.git@main#egg=b\n--index-url https://e.com/simple\n--pre\n",
    ),
    pip(
        "python-line",
        "asks pip for Python",
        "numpy==1.26.4\nPython==3.8.10 # the version\n",
        f"error {FILE}:2: 'Python==3.8.10': Python is not a package that pip can install, and the image build fails "
        "on it.",
    ),
    conda(
        "python-line",
        "asks pip for Python in a conda file",
        CONDA + "  - pip: [python==3.8]\n",
        f"error {YAML}:5: 'python==3.8': Python is not a package that pip can install, and the image build "
        "fails on it.",
    ),
    pip("python-line", "asks for packages that begin like it", "python-dateutil==2.9\npythonnet==3.0\n"),
    conda("python-line", "asks conda for Python", CONDA),
    pip(
        "conflict",
        "has two versions of a package",
        "numpy==1.26.4\npandas==2.2.2\nNumPy==1.25.0\n",
        f"error {FILE}:3: 'NumPy==1.25.0' and 'numpy==1.26.4' (line 1) exclude each other.",
    ),
    pip(
        "conflict",
        "has a version and a limit below it",
        "numpy<1.20\nnumpy==1.26.4\n",
        f"error {FILE}:2: 'numpy==1.26.4' and 'numpy<1.20' (line 1) exclude each other.",
    ),
    pip(
        "conflict",
        "has one version for each Python",
        "numpy==1.24.4; python_version < '3.9'\nnumpy==1.26.4; python_version >= '3.9'\n",
    ),
    pip("conflict", "says the same twice", "numpy==1.26.4\nnumpy>=1.20\nnumpy==1.26.*\n"),
    pip(
        "markers",
        "leaves everything out",
        "numpy==1.19.5; python_version < '3.8'\npywin32==306; sys_platform == 'win32'\n",
        f"warning {FILE}:1: no requirement holds for Python 3.11 on Linux.",
    ),
    pip(
        "markers",
        "leaves something",
        "numpy==1.19.5; python_version < '3.8'\nnumpy==1.26.4; python_version > '3.8'\n",
    ),
    pip("markers", "has one line, for Windows", "pywin32==306; sys_platform == 'win32'\n"),
    pip(
        "unpinned",
        "takes the newest of its day",
        "numpy\npandas>=2\nscipy!=1.9\nb\nc\nd\ne==1\n",
        f"warning {FILE}:1: numpy, pandas, scipy, b and 2 more have no upper limit.",
    ),
    conda(
        "unpinned",
        "takes the newest of its day from conda",
        CONDA + "  - numpy\n  - pandas>=2\n  - scipy=1.9\n  - x 1.2\n  - y<3\n  - pip: [z]\n",
        f"warning {YAML}:5: numpy, pandas, z have no upper limit.",
    ),
    pip(
        "unpinned",
        "limits everything",
        "a==1\nb<2\nc~=1.4\nd>=1,<2\ne==1.*\nf @ https://e.com/f.zip\npywin32; sys_platform == 'win32'\n",
    ),
    pip(
        "local",
        "names files of this computer",
        "-r more.txt\n-e .\n./wheels/x-1.0-py3-none-any.whl\n",
        f"error {FILE}:1: '-r more.txt' names a file of this computer.",
        f"error {FILE}:2: '-e .' names a file of this computer.",
        f"error {FILE}:3: './wheels/x-1.0-py3-none-any.whl' names a file of this computer.",
        **{"more.txt": "numpy==1.26.4\n", ".azureml/config.json": AZURE},
    ),
    pip(
        "local",
        "names files that the local workspace may find",
        "-r more.txt\n/srv/wheels/x-1.0-py3-none-any.whl\n",
        f"warning {FILE}:1: '-r more.txt' names a file of this computer.",
        f"warning {FILE}:2: '/srv/wheels/x-1.0-py3-none-any.whl' names a file of this computer.",
        **{"more.txt": "numpy==1.26.4\n"},
    ),
    pip(
        "local",
        "names addresses",
        "-e git+https://github.com/a/b.git#egg=b\nhttps://e.com/x-1.0.zip\n-r https://e.com/r.txt\n",
    ),
    pip(
        "retired",
        "asks for a package that refuses to be installed",
        "sklearn\nscikit-learn==1.4.2\n",
        f"error {FILE}:1: 'sklearn' can no longer be installed.",
    ),
    pip("retired", "asks for one of its day", "sklearn==0.0\ntensorflow-gpu==2.4.0\n"),
    python(
        "is over",
        "3.9",
        (2025, 11, 1),
        "warning constants.py:3: Python 3.9 reached its end of life on 2025-10-31.",
    ),
    python("lasts to the end of the day", "3.9", (2025, 10, 31)),
    python("is not known", "3.30", (2099, 1, 1)),
    Case(
        "environment-end-of-life",
        "is the SDK's choice where nobody made one",
        {"run_experiment.py": NO_PYTHON},
        (
            "warning run_experiment.py:10: nothing says which Python, so the SDK takes 3.8.13: Python 3.8 reached its "
            "end of life on 2024-10-07.",
        ),
        today=datetime.date(2024, 10, 8),
    ),
    Case(
        "environment-end-of-life",
        "is the SDK's choice for a conda file too",
        {"run_experiment.py": CONDA_RUNNER, YAML: "channels: [conda-forge]\ndependencies: [pip]\n"},
        (
            f"warning {YAML}:1: nothing says which Python, so the SDK takes 3.10.18: Python 3.10 reached its end of "
            "life on 2026-10-31.",
        ),
        today=datetime.date(2026, 11, 1),
    ),
    *(
        Case(
            "environment-end-of-life",
            f"is not that of {line}",
            {
                "run_experiment.py": CONDA_RUNNER,
                YAML: f"channels: [conda-forge]\ndependencies:\n  - {line}\n",
            },
            today=datetime.date(2026, 10, 1),
        )
        for line in (
            "python>=3.8",
            "python",
            "python>3.6",
            "python=3.9.18=build_0",
            "python 3.8",
            "python<3.9",
        )
    ),
    Case(
        "environment-end-of-life",
        "is between two limits",
        {"run_experiment.py": CONDA_RUNNER, YAML: "channels: [c]\ndependencies:\n  - python>=3.8,<3.9\n"},
        (f"warning {YAML}:3: Python 3.8 reached its end of life on 2024-10-07.",),
        today=datetime.date(2026, 10, 1),
    ),
    Case(
        "environment-end-of-life",
        "is that of a call",
        {"run_experiment.py": described("CondaDependencies.create(python_version='3.6.2')")},
        ("warning run_experiment.py:4: Python 3.6 reached its end of life on 2021-12-23.",),
    ),
    Case(
        "environment-end-of-life",
        "is that of an image",
        {"run_experiment.py": NO_PYTHON.replace("    run = ", "    env.docker.base_image = 'x'\n    run = ")},
        today=datetime.date(2030, 1, 1),
    ),
    conda(
        "conda",
        "has a key twice, and one that is none",
        "dependencies: [python=3.11]\nchannel: x\ndependencies: [numpy=1.26]\n",
        f"error {YAML}:2: channel is not a key of a conda environment.",
        f"error {YAML}:3: dependencies stands here a second time.",
    ),
    conda(
        "conda",
        "has its pip section in the wrong place",
        "dependencies:\n  - python=3.11\npip:\n  - numpy\n",
        f"error {YAML}:3: pip: must stand in dependencies.",
    ),
    conda(
        "conda",
        "has a list where a text belongs",
        "dependencies:\n  - a\n  - [b]\n",
        f"error {YAML}:3: a dependency must be a text such as numpy=1.26, or a pip: list.",
    ),
    conda(
        "conda",
        "has all the keys that there are",
        "name: x\nchannels: [c]\ndependencies: [python=3.11, {pip: [numpy]}]\nprefix: /x\nvariables: {A: b}\n",
    ),
    conda(
        "channels",
        "names none",
        "dependencies:\n  - python=3.11\n  - numpy=1.26\n",
        f"warning {YAML}:1: no channel is named.",
    ),
    conda(
        "channels",
        "names an empty list",
        "dependencies: [a=1]\nchannels: []\n",
        f"warning {YAML}:2: no channel is named.",
    ),
    conda(
        "channels",
        "needs none",
        "dependencies:\n  - python=3.11\n  - pip\n  - pip: [numpy==1.26]\n  - c::x=1\n",
    ),
    conda("channels", "names one", CONDA),
    both(
        "one has a package that the other has not",
        "numpy==1.26.4\npandas==2.2.2\n",
        CONDA + "  - pip: [numpy==1.26.4]\n",
        f"warning {YAML}: it differs from {FILE}: pandas is in {FILE} alone.",
    ),
    both(
        "another version",
        "numpy==1.26.4\n",
        CONDA + "  - numpy=1.25\n",
        f"warning {YAML}: it differs from {FILE}: numpy==1.26.4 and numpy=1.25.",
    ),
    both(
        "another Python",
        "numpy==1.26.4\n",
        CONDA.replace("3.11", "3.12") + "  - numpy=1.26\n",
        f"warning {YAML}: it differs from {FILE}: Python 3.11 and Python 3.12.",
    ),
    both(
        "the one that is not used",
        "",
        CONDA + "  - pip: [numpy==1.26.4]\n",
        f"warning {FILE}: it differs from {YAML}: numpy is in {YAML} alone.",
        chosen=YAML,
    ),
    both(
        "they say the same",
        "numpy==1.26.4\ntorch==2.1.0\nopencv-python==4.8.1.78\n",
        CONDA + "  - numpy=1.26\n  - pytorch=2.1.0\n  - opencv=4.8\n",
    ),
    both("the other one is not read", "numpy==1.26.4\n", "not: [yaml\n"),
    Case(
        "environment-disagree",
        "the other one is for something else",
        {YAML: "dependencies: [jupyterlab]\n"},
    ),
]
