"""The environment as the SDK has it: its Python, calls that describe it, and lines that are of no use on Linux."""

from tests.unit.project.rules.environment import CONDA, FILE, YAML, conda, described, pip
from tests.unit.project.trees import AZURE, Case

CASES = [
    conda(
        "python-pin",
        "has a build, a star or no minor",
        "channels: [c]\ndependencies:\n  - python=3.9.18=h0755675_0_cpython\n",
        f"warning {YAML}:3: 'python=3.9.18=h0755675_0_cpython' is no version to the SDK: it asks for python=3.10.18 in "
        "its place.",
    ),
    conda(
        "python-pin",
        "has a star",
        "channels: [c]\ndependencies: ['python=3.11.*']\n",
        f"warning {YAML}:2: 'python=3.11.*' is no version to the SDK: it asks for python=3.10.18 in its place.",
    ),
    conda(
        "python-pin",
        "is written with a blank",
        "channels: [c]\ndependencies: ['python 3.9']\n",
        f"warning {YAML}:2: the SDK does not see 'python 3.9', and asks for python=3.10.18 beside it.",
    ),
    conda(
        "python-pin",
        "names its channel",
        "channels: [c]\ndependencies: ['conda-forge::python=3.9']\n",
        f"warning {YAML}:2: the SDK does not see 'conda-forge::python=3.9', and asks for python=3.10.18 beside it.",
    ),
    *(
        conda("python-pin", f"is {line}", f"channels: [c]\ndependencies: ['{line}']\n")
        for line in (
            "python=3.9",
            "python==3.9.18",
            "python>=3.7",
            "python=3.10.*",
            "python",
            "python-dateutil=2",
            "python 3.10",
            "python>=3.8,<3.12.0a1",
            "python=3.10.18=h_0",
        )
    ),
    conda(
        "platform",
        "was exported on Windows",
        "channels: [c]\ndependencies:\n  - openssl=3.0.12=h2bbff1b_0\n  - python=3.11\n  - vc=14.2\n"
        "  - vs2015_runtime=14.2\n  - m2w64-gmp\n  - pip: [pywin32==306]\nprefix: C:\\Users\\x\n",
        f"warning {YAML}:3: openssl=3.0.12=h2bbff1b_0 is a build of Windows.",
        f"warning {YAML}:5: vc, vs2015_runtime, m2w64-gmp, pywin32 exist for Windows only.",
    ),
    pip(
        "platform",
        "was frozen on Windows",
        "pywin32==306\nnumpy==1.26.4\n",
        f"error {FILE}:1: pywin32 exists for Windows only.",
        **{".azureml/config.json": AZURE},
    ),
    pip("platform", "knows where it is", "pywin32==306; sys_platform == 'win32'\nnumpy==1.26.4\n"),
    conda("platform", "was exported on Linux", CONDA + "  - openssl=3.0.12=h_0\nprefix: /home/me/x\n"),
    pip(
        "secret",
        "has a password and a token",
        "--extra-index-url https://build:fj2k3l4j5lkj2345lkj2345lkj23l4kj5@pkgs.dev.azure.com/o/_packaging/f/simple/\n"
        "numpy==1.26.4\nmine @ git+https://ghp_"
        + "abcdefghijklmnopqrstuvwxyzABCDEF1234@github.com/o/m.git\n",
        f"warning {FILE}:1: it holds what looks like a secret (Basic Auth Credentials).",
        f"warning {FILE}:3: it holds what looks like a secret (GitHub Token).",
    ),
    pip(
        "secret",
        "takes them from variables",
        "--extra-index-url https://build:${TOKEN}@pkgs.dev.azure.com/o/f/simple/\nnumpy==1.26.4\n",
    ),
    pip(
        "local",
        "names a folder of packages",
        "mine==1\n-f wheels\n--extra-index-url file:///srv/index\n-f https://host/wheels\n-e git+https://h/x\n",
        f"warning {FILE}:2: '-f wheels' names a file of this computer.",
        f"warning {FILE}:3: '--extra-index-url file:///srv/index' names a file of this computer.",
    ),
    Case(
        "environment-requirement",
        "is in a call",
        {"run_experiment.py": described("CondaDependencies.create(pip_packages=['numpy=1.2', x])")},
        ("error run_experiment.py:4: 'numpy=1.2' is not a requirement that pip can read (",),
    ),
    Case(
        "environment-retired",
        "is in a call",
        {"run_experiment.py": described("CondaDependencies()", "conda.add_pip_package('sklearn')")},
        ("error run_experiment.py:5: 'sklearn' can no longer be installed.",),
    ),
    Case(
        "environment-retired",
        "may be in a call",
        {
            "run_experiment.py": described(
                "CondaDependencies()", "if x:\n    conda.add_pip_package('sklearn')"
            )
        },
    ),
    Case(
        "environment-retired",
        "is in a call that other code may change",
        {"run_experiment.py": described("CondaDependencies.create(pip_packages=['sklearn'])", "change(env)")},
    ),
    Case(
        "environment-retired",
        "is in an environment that the user manages",
        {
            "run_experiment.py": described(
                "CondaDependencies.create(pip_packages=['sklearn'])",
                "env.python.user_managed_dependencies = True",
            )
        },
    ),
    Case(
        "environment-python-line",
        "is in a call",
        {"run_experiment.py": described("CondaDependencies.create(pip_packages=['python==3.8'])")},
        (
            "error run_experiment.py:4: 'python==3.8': Python is not a package that pip can install, and the image "
            "build fails on it.",
        ),
    ),
]
