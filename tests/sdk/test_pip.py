"""pip specifications as people write them: files, hashes, indexes, private wheels; and what of them fails."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Machine, write_tree
from tests.packages import wheel
from tests.sdk.calls import given

# A requirements file is written as it is, and a script submitted with it and with what else is in its folder.
SUBMIT = """
import time
from azureml.core import Environment, Experiment, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies

def environment(name, *lines, python={python!r}):
    open(f'{{name}}.txt', 'w').write('\\n'.join(lines) + '\\n')
    env = Environment.from_pip_requirements(name, f'{{name}}.txt')
    env.python.conda_dependencies.set_python_version(python)
    return env

def submit(env, script, target='cpu-cluster'):
    open('source/train.py', 'w').write(script)
    config = ScriptRunConfig('source', script='train.py', environment=env, compute_target=target)
    return Experiment(ws, 'pip').submit(config)

def outcome(run):
    while run.get_status() not in ('Completed', 'Failed', 'Canceled'):
        time.sleep(0.2)  # wait_for_completion asks less and less often
    details = run.get_details_with_logs()
    return {{
        'status': details['status'],
        'error': details.get('error', {{}}).get('error', {{}}).get('message'),
        'warnings': [warning['message'] for warning in details['warnings']],
        'build': details['logFiles'].get('azureml-logs/20_image_build_log.txt'),
        'log': details['logFiles'].get('user_logs/std_log.txt'),
    }}
"""
VERSIONS = """
import importlib.metadata, sys
for name in sys.argv[1:] or {names!r}:
    print(name, importlib.metadata.version(name))
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """A package index of the user's own, served over HTTP, with two versions of a package that nobody else has."""
    root = tmp_path / "index"
    links = [wheel(root / "scaffold-made-up", "scaffold_made_up", version).name for version in ("1.0", "2.0")]
    (root / "scaffold-made-up" / "index.html").write_text("".join(f'<a href="{n}">{n}</a>' for n in links))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def seen_on(machine: Machine, folder: Path, code: str) -> dict:
    import sys
    import textwrap

    (folder / "source").mkdir(exist_ok=True)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return given(machine, SUBMIT.format(python=python) + textwrap.dedent(code), cwd=folder)


def test_requirements_are_installed_as_pip_would(machine: Machine, tmp_path: Path, index: str):
    local = wheel(tmp_path / "wheels", "scaffold_local", "3.0")
    digest = hashlib.sha256(local.read_bytes()).hexdigest()
    write_tree(
        tmp_path / "source",
        {
            "pins/more.txt": "-r deeper.txt\ntabulate==0.9.0  # the one\n",
            "pins/deeper.txt": "six\n",
            "limits.txt": "six==1.16.0\n",
            "package/pyproject.toml": '[project]\nname = "scaffold-editable"\nversion = "4.0"\n',
            "package/scaffold_editable.py": "",
        },
    )
    wheel(tmp_path / "source", "scaffold_beside", "5.0")
    script = VERSIONS.format(
        names=[
            "six",
            "tabulate",
            "scaffold-made-up",
            "scaffold-local",
            "scaffold-editable",
            "scaffold-beside",
        ]
    )
    seen = seen_on(
        machine,
        tmp_path,
        f"""
        env = environment(
            'everything',
            '# what the project needs',
            '',
            '--extra-index-url {index}',
            '--trusted-host 127.0.0.1',
            '--pre',
            '-r pins/more.txt',
            '-c limits.txt',
            'scaffold-made-up<2 ; python_version >= "3.6" and \\\\',
            '    python_version < "4"',
            'scaffold-local @ {local.as_uri()} \\\\',
            '    --hash=sha256:{digest}',
            'scaffold-made-down ; python_version < "3"',
            '-e ./package',
            './scaffold_beside-5.0-py3-none-any.whl',
        )
        seen['local'] = outcome(submit(env, {script!r}, target='local'))
        seen['everything'] = outcome(submit(env, {script!r}))
        """,
    )

    expected = [
        "six 1.16.0",
        "tabulate 0.9.0",
        "scaffold-made-up 1.0",
        "scaffold-local 3.0",
        "scaffold-editable 4.0",
        "scaffold-beside 5.0",
    ]
    for run in (seen["everything"], seen["local"]):
        assert run["status"] == "Completed", run
        assert run["log"].splitlines() == expected
        (warning,) = run["warnings"]
        assert "./package" in warning
        assert "Azure ML sends no files along with an environment" in warning


def test_a_package_that_asks_for_later_setuptools_gets_them(machine: Machine, tmp_path: Path):
    modern = wheel(tmp_path / "wheels", "scaffold_modern", "1.0", "setuptools>=82")
    seen = seen_on(
        machine,
        tmp_path,
        f"""
        script = 'import importlib.util; print(importlib.util.find_spec("pkg_resources") is not None)'
        seen['modern'] = outcome(submit(environment('modern', '{modern.as_uri()}'), script))
        """,
    )

    assert seen["modern"]["log"] == "False\n", seen
    assert "Without setuptools<80.9, with which" in seen["modern"]["build"]


def test_an_sdk_without_a_version_is_none_of_years_ago(machine: Machine, tmp_path: Path):
    """What comes first decides: its newest version goes with an old SDK alone, the one before with a recent one too."""
    wheels = tmp_path / "wheels"
    for version in ("1.0.45", "1.54.0", "1.60.0"):
        wheel(wheels, "azureml_core", version)
    wheel(wheels, "azureml_first", "1.0", "azureml-core>=1.54")
    wheel(wheels, "azureml_first", "2.0", "azureml-core<1.1")
    wheel(wheels, "scaffold_old", "1.0", "azureml-core<1.1")
    options = f"'--no-index', '--find-links {wheels.as_uri()}'"
    seen = seen_on(
        machine,
        tmp_path,
        f"""
        script = {VERSIONS.format(names=["azureml-core"])!r}
        for name, lines in {{
            'unpinned': ['azureml-first', 'azureml-core'],
            'pinned': ['azureml-core==1.0.45', 'azureml-first'],
            'capped': ['azureml_core < 1.50'],
            'needed': ['azureml-core', 'scaffold-old'],
        }}.items():
            seen[name] = outcome(submit(environment(name, {options}, *lines), script))
        """,
    )

    versions = {name: (run["log"] or "").split()[-1:] for name, run in seen.items()}
    assert versions == {
        "unpinned": ["1.60.0"],
        "pinned": ["1.0.45"],
        "capped": ["1.0.45"],
        "needed": ["1.0.45"],
    }
    assert "Without azureml-core>=1.54, with which some package does not go" in seen["needed"]["build"]
    assert "azureml-core>=" not in seen["pinned"]["build"]


def test_what_is_installed_beside_decides_no_version_of_what_was_asked_for(machine: Machine, tmp_path: Path):
    """azureml-defaults needs azureml-core, whose new versions need a packaging that is not the newest."""
    wheels = tmp_path / "wheels"
    wheel(wheels, "scaffold_deep", "1.0")
    wheel(wheels, "scaffold_deep", "2.0", "packaging<25")
    wheel(wheels, "scaffold_middle", "1.0", "scaffold_deep")
    wheel(wheels, "scaffold_root", "1.0", "scaffold_middle")
    machine.environment["PIP_FIND_LINKS"] = str(wheels)
    script = VERSIONS.format(names=["scaffold-deep", "pip", "wheel"])
    seen = seen_on(
        machine, tmp_path, f"seen['deep'] = outcome(submit(environment('deep', 'scaffold_root'), {script!r}))"
    )

    assert seen["deep"]["log"].splitlines()[0] == "scaffold-deep 2.0", seen
    assert len(seen["deep"]["log"].splitlines()) == 3


@pytest.mark.slow
def test_a_private_wheel_is_had_from_the_workspace_also_when_that_has_moved(machine: Machine, tmp_path: Path):
    file = wheel(tmp_path, "scaffold_private", "1.5")
    prepared = seen_on(
        machine,
        tmp_path,
        f"""
        url = Environment.add_private_pip_wheel(ws, {str(file)!r})
        seen['url'] = url
        seen['again'] = failure(Environment.add_private_pip_wheel, ws, {str(file)!r})
        seen['exist_ok'] = other = Environment.add_private_pip_wheel(ws, {str(file)!r}, exist_ok=True)
        env = environment('private', 'six==1.16.0')
        env.python.conda_dependencies.add_pip_package(url)
        seen['version'] = env.register(ws).version
        second = environment('second', other)
        second.register(ws)
        """,
    )
    assert prepared["url"].endswith("/scaffold_private-1.5-py3-none-any.whl")
    assert "already exists" in prepared["again"]
    assert prepared["exist_ok"].partition("/azureml/")[2] == prepared["url"].partition("/azureml/")[2]

    machine.stop()
    seen = seen_on(
        machine,
        tmp_path,
        f"""
        env = Environment.get(ws, 'private')
        seen['url'] = [p for p in env.python.conda_dependencies.pip_packages if p.endswith('.whl')]
        seen['run'] = outcome(submit(env, {VERSIONS.format(names=["scaffold-private", "six"])!r}))
        seen['second'] = outcome(submit(Environment.get(ws, 'second'), ''))
        other = environment('other', {prepared["url"]!r}.replace('scaffold_private', 'scaffold_unheard'))
        seen['other'] = failure(submit, other, '')
        """,
    )

    assert seen["url"] == [prepared["url"]]
    assert seen["run"]["status"] == "Completed", seen["run"]
    assert seen["run"]["log"] == "scaffold-private 1.5\nsix 1.16.0\n"
    assert seen["run"]["warnings"] == []
    assert seen["second"]["status"] == "Completed", seen["second"]
    assert "upload it again with Environment.add_private_pip_wheel" in seen["other"]


@pytest.mark.slow
def test_what_pip_could_not_install_fails_with_the_reason(machine: Machine, tmp_path: Path, index: str):
    (tmp_path / "source").mkdir()
    file = wheel(tmp_path / "wheels", "scaffold_local", "3.0")
    seen = seen_on(
        machine,
        tmp_path,
        f"""
        refused = {{
            'missing file': ['-r nowhere.txt'],
            'missing folder': ['-e ./nowhere'],
        }}
        for name, lines in refused.items():
            seen[name] = failure(submit, environment(name.replace(' ', '-'), *lines), '')

        failing = {{
            'conflict': ['six==1.16.0', 'six==1.15.0'],
            'python': ['python==3.8.10'],
            'option': ['--upgrade', 'six'],
            'hash': ['scaffold-local @ {file.as_uri()} --hash=sha256:{"0" * 64}'],
            'hashes': ['--require-hashes', 'six==1.16.0'],
            'index': ['--index-url {index}', 'scaffold-made-up>=3'],
            'sdist': ['scaffold-broken @ {(tmp_path / "broken").as_uri()}'],
        }}
        os.makedirs('broken')
        open('broken/setup.py', 'w').write("raise RuntimeError('this package never builds')")
        runs = {{name: submit(environment(name, *lines), '') for name, lines in failing.items()}}
        seen.update({{name: outcome(run) for name, run in runs.items()}})
        """,
    )

    for name in ("missing file", "missing folder"):
        assert "nowhere" in seen[name]
        assert "is not among the run's" in seen[name]
    reasons = {
        "conflict": "you require six==1.16.0 and six==1.15.0",
        "python": "you require python==3.8.10",
        "option": "'--upgrade' is not a line that a pip requirements file takes",
        "hash": "Hash mismatch",
        "hashes": "--require-hashes",
        "index": "you require scaffold-made-up>=3",
        "sdist": "this package never builds",
    }
    for name, reason in reasons.items():
        assert seen[name]["status"] == "Failed", (name, seen[name])
        assert reason in " ".join(seen[name]["error"].split()), seen[name]["error"]
        assert reason in " ".join(seen[name]["build"].split())
    assert machine.json("workspace", "status")["environments"] == 0


@pytest.mark.slow
def test_what_environments_take_is_shown_and_removed_but_never_a_cache_of_the_users_own(
    machine: Machine, tmp_path: Path
):
    shared = machine.environment["UV_CACHE_DIR"]
    del machine.environment["UV_CACHE_DIR"]
    build = """
        run = submit(environment('small', 'six==1.16.0'), '')
        seen['status'] = outcome(run)['status']
        """
    assert seen_on(machine, tmp_path, build) == {"status": "Completed"}

    full = machine.json("workspace", "status")
    shown = machine.run("workspace", "status").stdout
    kept = machine.json("workspace", "prune", "--cache")
    emptied = machine.json("workspace", "status")
    removed = machine.json("workspace", "prune", "--unused-for", "0")
    pruned = machine.json("workspace", "status")

    assert full["environments"] == 1
    assert full["disk"]["environments"] > 100_000
    assert full["disk"]["packages"] > 0
    assert "of packages kept for others" in shown
    assert kept["removed"] == []
    assert kept["cache_bytes"] > 0
    assert emptied["disk"]["packages"] == 0
    assert [environment["name"] for environment in removed["removed"]] == ["small"]
    assert removed["removed"][0]["bytes"] > 100_000
    assert pruned["environments"] == 0
    assert pruned["disk"]["environments"] < 100_000

    machine.stop()
    machine.environment["UV_CACHE_DIR"] = shared
    assert machine.json("workspace", "prune", "--cache")["cache_bytes"] == 0
    assert any(Path(shared).iterdir())


def test_pkg_resources_is_there_as_in_a_conda_environment_unless_a_later_setuptools_is_asked_for(
    machine: Machine, tmp_path: Path
):
    seen = seen_on(
        machine,
        tmp_path,
        """
        script = 'import importlib.metadata as m\\nimport pkg_resources\\nprint("there")\\n'
        seen['old'] = outcome(submit(environment('old', 'six', python='3.11'), script))
        script = 'import importlib.metadata as m\\nprint(m.version("setuptools"))\\n'
        seen['new'] = outcome(submit(environment('new', 'setuptools>=81', python='3.11'), script))
        """,
    )

    assert seen["old"]["status"] == "Completed"
    assert seen["old"]["log"].endswith("there\n")
    assert "UserWarning" not in seen["old"]["log"]
    assert seen["new"]["status"] == "Completed"
    assert int(seen["new"]["log"].split(".")[0]) >= 81
