"""Another user of the machine can neither read what is the owner's nor submit."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import Machine
from tests.sdk.calls import given
from tests.workspace.client import SCOPE, Workspace

pytestmark = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0,
    reason="becoming another user needs root; here it would test nothing",
)
NOBODY = 65534

# What the other user can try: everything that the file system and the network let anybody see.
ATTACK = r"""
import http.client, json, os, ssl, sys
root, scope = sys.argv[1:]

def readable(path):
    try:
        with open(path, "rb") as stream:
            return bool(stream.read(1)) or True
    except OSError:
        return False

def listed(path):
    try:
        return bool(os.listdir(path)) or True
    except OSError:
        return False

seen = {"uid": os.getuid(), "control": readable(os.path.join(root, "open.txt")), "files": [], "folders": []}
for path in json.load(sys.stdin):
    if os.path.isdir(path) and listed(path):
        seen["folders"].append(path)
    elif readable(path):
        seen["files"].append(path)

def ports():
    found = set()
    for line in open("/proc/net/tcp").read().splitlines()[1:]:
        fields = line.split()
        host, port = fields[1].split(":")
        if fields[3] == "0A" and host == "0100007F":
            found.add(int(port, 16))
    return sorted(found)

seen["ports"] = ports()
json.dump(seen, sys.stdout)
"""

ASK = r"""
import http.client, json, os, ssl, sys
https, http_port, scope = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
tls = ssl.create_default_context()
tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE

def ask(connection, method, path, body=None, **headers):
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    return [answer.status, answer.read().decode("utf-8", "replace")]

def asked(connection, *request, **headers):
    try:
        return ask(connection, *request, **headers)
    except (OSError, http.client.HTTPException):  # closed without an answer
        return [0, ""]

def wire(*request, **headers):
    return asked(http.client.HTTPSConnection("127.0.0.1", https, context=tls, timeout=30), *request, **headers)

def page(*request, **headers):
    return asked(http.client.HTTPConnection("127.0.0.1", http_port, timeout=30), *request, **headers)

body = json.dumps({"SnapshotId": "00000000-0000-0000-0000-000000000000",
                   "Configuration": {"command": "id > /tmp/owned", "environment": {}}})
submit = f"/execution/v1.0{scope}/experiments/e/snapshotrun?runId=intruder"
json.dump({
    "uid": os.getuid(),
    "refused": [
        wire("POST", submit, body),
        wire("POST", submit, body, Authorization="Bearer x.y.z"),
        wire("GET", "/identity/guess/token"),
        wire("GET", "/identity/guess/metadata"),
        wire("POST", "/adfs/guess/-/t/oauth2/token", "grant_type=client_credentials"),
        wire("GET", "/subscriptions"),
        wire("GET", scope),
        wire("GET", "/control/guess/status"),
        wire("POST", "/control/guess/stop"),
        wire("GET", "/azureml/ExperimentRun/dcid.x/user_logs/std_log.txt"),
        page("GET", "/"),
        page("GET", "/guess"),
        page("GET", "/runs/x", Cookie="scaffold=guess"),
    ],
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those that pytest makes."""
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    place.chmod(0o755)
    (place / "open.txt").write_text("everybody may read this")
    (place / "open.txt").chmod(0o644)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def owner(place: Path) -> Iterator[Machine]:
    """The owner's machine, with the widest file permissions that a user can have asked for."""
    machine = Machine(place / "machine")
    for folder in (machine.root, machine.user_home):
        folder.chmod(0o755)
    machine.state.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        started = machine.run("workspace", "start")
    finally:
        os.umask(before)
    assert started.returncode == 0, started.stderr
    workspace = Workspace(machine.state)
    workspace.finished("open('outputs/o', 'w').write('secret')")
    machine.run("exec", "--", sys.executable, "-c", "pass")  # makes what clients need
    yield machine
    machine.stop()


def as_nobody(script: str, *arguments: str, stdin: str = "") -> dict:
    """What the script printed, run by a user who has nothing to do with the owner."""

    def become() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    # The system's own Python: the owner's may be where nobody else may enter.
    python = next((p for p in ("/usr/bin/python3", sys.executable) if Path(p).exists()), sys.executable)
    done = subprocess.run(
        [python, "-I", "-c", script, *arguments],
        input=stdin, capture_output=True, text=True, check=False, cwd="/", env={}, preexec_fn=become, timeout=60,
    )  # fmt: skip
    if done.returncode != 0 and "Permission denied" in done.stderr and "python" in done.stderr:
        pytest.skip("no Python that another user may run")
    assert done.returncode == 0, done.stderr
    answer: dict = json.loads(done.stdout)
    assert answer["uid"] == NOBODY
    return answer


def test_no_file_of_the_workspace_can_be_read_or_folder_listed(place: Path, owner: Machine):
    paths = [str(path) for path in (owner.state, *owner.state.rglob("*"))]
    for name in ("keys.json", "server.pem", "workspace.db", "service.json", "service.log"):
        assert any(path.endswith(name) for path in paths), "the workspace is not where the test looks"

    seen = as_nobody(ATTACK, str(place), SCOPE, stdin=json.dumps(paths))

    assert seen["control"], "the test's own folder is closed, so it shows nothing"
    assert (seen["files"], seen["folders"]) == ([], [])


def test_nothing_with_a_secret_of_ours_in_the_home_folder_can_be_read(place: Path, owner: Machine):
    keys = Workspace(owner.state).keys
    paths = [str(path) for path in owner.user_home.rglob("*") if path.is_file()]

    seen = as_nobody(ATTACK, str(place), SCOPE, stdin=json.dumps(paths))

    assert seen["control"]
    for path in seen["files"]:
        text = Path(path).read_text(errors="replace")
        assert [name for name in keys if keys[name] in text] == [], path


def test_no_command_line_shows_a_secret(owner: Machine):
    """Everybody can see those."""
    workspace = Workspace(owner.state)
    run_id = workspace.accepted("import time\nprint('here', flush=True)\ntime.sleep(600)")
    workspace.wait_for_output(run_id)
    service = psutil.Process(workspace.control("GET", "/status").json()["pid"])
    tree = [service, *service.children(recursive=True)]

    lines = [" ".join(process.cmdline()) for process in tree]
    workspace.control("POST", f"/runs/{run_id}/cancel")
    workspace.wait(run_id)

    assert len(lines) >= 3  # the service, the supervisor, the script
    for line in lines:
        assert [name for name, value in workspace.keys.items() if value in line] == []
        assert "eyJ" not in line  # how a token begins


def test_the_ports_can_be_found_and_answer_nothing_but_refusals(place: Path, owner: Machine):
    workspace = Workspace(owner.state)
    if Path("/proc/net/tcp").exists():
        seen = as_nobody(ATTACK, str(place), SCOPE, stdin="[]")
        assert {workspace.https_port, workspace.http_port} <= set(seen["ports"])

    seen = as_nobody(ASK, str(workspace.https_port), str(workspace.http_port), SCOPE)

    assert len(seen["refused"]) == 13
    # Where the system tells whose a connection is, another user's is closed before anything is read of it.
    statuses = {0} if sys.platform == "linux" else {401, 403}
    assert {status for status, _ in seen["refused"]} <= statuses
    for _, text in seen["refused"]:
        assert [name for name, value in workspace.keys.items() if value in text] == []
    assert workspace.get(f"/history/v1.0{SCOPE}/runs/intruder").status == 404
    assert not Path("/tmp/owned").exists()


# Makes the folder that the SDK keeps its copies of projects in, before the owner does.
SQUAT = r"""
import json, os, sys
folder = os.path.join(sys.argv[1], "azureml_runs")
os.umask(0)
os.mkdir(folder, 0o777)
json.dump({"uid": os.getuid(), "made": os.path.isdir(folder)}, sys.stdout)
"""

LOCAL = """
env = Environment('here')
env.python.user_managed_dependencies = True
def local():
    os.makedirs('source', exist_ok=True)
    open('source/train.py', 'w').write(
        "import os; from azureml.core import Run; Run.get_context().tag('where', os.getcwd())")
    config = ScriptRunConfig('source', script='train.py', environment=env)
    return Experiment(ws, 'locally').submit(config)
"""


@pytest.fixture
def squatted(place: Path, owner: Machine) -> Iterator[Path]:
    """A folder for everybody's temporary files, in which another user was first."""
    everybodys = place / "tmp"
    everybodys.mkdir()
    everybodys.chmod(0o1777)
    assert as_nobody(SQUAT, str(everybodys))["made"]
    owner.environment["TMPDIR"] = str(everybodys)
    yield everybodys
    del owner.environment["TMPDIR"]
    shutil.rmtree(everybodys)


def test_a_local_run_is_not_executed_where_another_user_was_first(
    squatted: Path, owner: Machine, place: Path, tmp_path: Path
):
    seen = given(
        owner,
        LOCAL
        + """
run = local()
run.wait_for_completion(raise_on_error=False)
seen['status'], seen['where'] = run.get_status(), run.get_tags().get('where')
seen['temporary'] = tempfile.gettempdir()
""",
        cwd=tmp_path,
    )

    assert seen["status"] == "Completed"
    assert not Path(seen["where"]).is_relative_to(squatted)
    assert list((squatted / "azureml_runs").iterdir()) == []
    temporary = Path(seen["temporary"])
    assert (temporary.stat().st_mode & 0o777, temporary.stat().st_uid) == (0o700, os.geteuid())
    paths = [str(path) for path in (Path(seen["where"]), *Path(seen["where"]).rglob("*"))]
    found = as_nobody(ATTACK, str(place), SCOPE, stdin=json.dumps(paths))
    assert (found["files"], found["folders"]) == ([], [])


def test_a_run_in_a_folder_of_another_users_is_refused(squatted: Path, owner: Machine, tmp_path: Path):
    seen = given(
        owner,
        LOCAL
        + f"""
tempfile.tempdir = {str(squatted)!r}
run = local()
run.wait_for_completion(raise_on_error=False)
seen['status'], seen['tags'] = run.get_status(), run.get_tags()
seen['error'] = run.get_details()['error']['error']['message']
""",
        cwd=tmp_path,
    )

    assert (seen["status"], "where" in seen["tags"]) == ("Failed", False)
    wrong, remedy = seen["error"].splitlines()
    assert "belongs to the user" in wrong
    assert remedy.startswith("Set TMPDIR")


def test_every_way_to_the_workspace_has_a_private_folder_for_temporary_files(squatted: Path, owner: Machine):
    printed = owner.run("workspace", "env").stdout
    said = "import tempfile; print(tempfile.gettempdir())"
    executed = Path(owner.run("exec", "--", sys.executable, "-c", said).stdout.strip())

    assert f"TMPDIR={executed}" in printed.replace("'", "").replace('"', "")
    assert (executed.stat().st_mode & 0o077, executed.stat().st_uid) == (0, os.geteuid())
    assert not executed.is_relative_to(squatted)


# Three times as many connections as the usual limit of descriptors: some say nothing, some only begin.
IDLE = r"""
import json, os, resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
kept = []
for beginning in (b"", b"GET / HTTP/1.1\r\nHost: ", b"\x16\x03\x01\x02\x00"):
    for _ in range(500):
        for port in map(int, sys.argv[1:]):
            try:
                kept.append(socket.create_connection(("127.0.0.1", port), timeout=5))
                kept[-1].sendall(beginning)
            except OSError:
                pass
print(json.dumps({"uid": os.getuid(), "made": len(kept)}), flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.parametrize("uid", [NOBODY, 0], ids=["another user", "the same user"])
def test_idle_connections_keep_nobody_from_the_service(owner: Machine, uid: int):
    workspace = Workspace(owner.state)
    service = psutil.Process(workspace.control("GET", "/status").json()["pid"])
    python = next((p for p in ("/usr/bin/python3", sys.executable) if Path(p).exists()), sys.executable)
    command = [python, "-I", "-c", IDLE, str(workspace.https_port), str(workspace.http_port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/", env={},
        user=uid, group=uid, extra_groups=[],
    ) as flood:  # fmt: skip
        try:
            assert flood.stdout is not None
            said = json.loads(flood.stdout.readline())
            assert said["uid"] == uid

            status = owner.json("workspace", "status")
            page = workspace.own_page("/").status
            run = workspace.finished("print('served')")
            open_ones = service.num_fds()
        finally:
            flood.communicate("")

    assert (status["running"], page) == (True, 200)
    assert workspace.run(run)["status"] == "Completed"
    assert open_ones < (200 if uid == NOBODY and sys.platform == "linux" else 1000)
