"""Who makes conda prefixes, whether channels can be reached, and builds that are given up or run out of disk."""

import asyncio
import contextlib
import http.server
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.conda import CondaBuilder, activation, find_tool
from scaffold.workspace.engine.environments import Environments
from scaffold.workspace.engine.specification import Conda, Specification
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from tests.waiting import comes


class Server:
    """A channel's server that says it is there, and answers nothing else before it is told to.

    Attributes:
        url: its address.
        asked: what it was asked for.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                outer.asked.append(f"HEAD {self.path}")
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                outer.asked.append(f"GET {self.path}")
                outer.answers.wait()
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def unconfigured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has configured nothing of conda, and has none."""
    for name in [name for name in os.environ if name.startswith(("CONDA_", "MAMBA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SCAFFOLD_CONDA", "rattler")


@pytest.fixture
def closed() -> Iterator[str]:
    """An address at which nobody listens, and nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def program(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / (f"{name}.bat" if os.name == "nt" else name)
    path.write_text("")
    path.chmod(0o700)
    return str(path)


def test_the_users_own_tool_is_used_the_fastest_first(tmp_path: Path):
    folder = tmp_path / "bin"
    own = {"PATH": str(folder)}
    assert find_tool(own) is None
    assert find_tool(own | {"CONDA_EXE": "/opt/conda/bin/conda"}) == "/opt/conda/bin/conda"

    conda = program(folder, "conda")
    assert find_tool(own) == conda
    mamba = program(folder, "mamba")
    assert find_tool(own) == mamba
    micromamba = program(folder, "micromamba")
    assert find_tool(own) == micromamba
    assert find_tool(own | {"SCAFFOLD_CONDA": "conda"}) == conda
    assert find_tool(own | {"SCAFFOLD_CONDA": "rattler"}) is None


def test_channels_that_cannot_be_reached_are_known_for_a_while(
    home: Home, server: Server, closed: str, monkeypatch: pytest.MonkeyPatch
):
    builder, conda = CondaBuilder(home.cache / "conda"), Conda(("conda-forge", "pytorch"), ("numpy",))

    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", closed)
    assert builder.known_unreachable(conda) is None
    reason = asyncio.run(builder.unreachable(conda))
    assert reason is not None
    assert reason.startswith("conda-forge, pytorch: ")
    assert builder.known_unreachable(conda) == reason

    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", server.url)
    assert asyncio.run(builder.unreachable(conda)) is None
    assert builder.known_unreachable(conda) is None
    assert sorted(server.asked) == [
        "HEAD /conda-forge/noarch/repodata.json",
        "HEAD /pytorch/noarch/repodata.json",
    ]


def test_where_some_channels_are_missing_nothing_else_is_built_in_their_place(
    home: Home, server: Server, closed: str, monkeypatch: pytest.MonkeyPatch
):
    builder = CondaBuilder(home.cache / "conda")
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", server.url)

    for conda in (Conda(("conda-forge", closed), ("numpy",)), Conda((closed,), ("numpy",))):
        with pytest.raises(BuildError, match=f"channel {closed} cannot be reached"):
            asyncio.run(builder.unreachable(conda))


@pytest.mark.skipif(os.name == "nt", reason="the file's name is POSIX's")
def test_a_channel_on_disk_is_reached_without_asking(home: Home, tmp_path: Path):
    builder = CondaBuilder(home.cache / "conda")

    assert asyncio.run(builder.unreachable(Conda((str(tmp_path), "nodefaults"), ("numpy",)))) is None


def test_a_build_by_conda_that_is_given_up_leaves_nothing(home: Home, store: Store, server: Server):
    wanted = Specification("e", None, (), conda=Conda((f"{server.url}/own",), ("numpy",)))

    async def scenario() -> list[psutil.Process]:
        environments = Environments(home, store)
        waiting = asyncio.create_task(environments.ready(await environments.complete(wanted)))
        await comes(lambda: any(line.startswith("GET") for line in server.asked))
        workers = psutil.Process().children(recursive=True)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        return workers

    workers = asyncio.run(scenario())

    assert workers
    assert not any(worker.is_running() for worker in workers)
    assert [path.suffix for path in home.environments.iterdir()] == [".log"]


def test_an_active_prefix_has_what_its_packages_want_set(tmp_path: Path):
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "scaffold-variables.json").write_text('{"GDAL_DATA": "here"}')

    variables = activation(tmp_path, "/usr/bin")

    assert variables["CONDA_PREFIX"] == str(tmp_path)
    assert variables["GDAL_DATA"] == "here"
    assert variables["PATH"].split(os.pathsep)[0].startswith(str(tmp_path))
    assert variables["PATH"].endswith(f"{os.pathsep}/usr/bin")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[Path, str], Path]]:
    """Mounts a disk of a size at a folder; only some may do that."""
    mounted = []

    def mount(folder: Path, size: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no disk can be mounted here: {error}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("full", ["environments", "cache"])
def test_a_disk_that_is_full_during_a_build_is_said_to_be(
    home: Home,
    store: Store,
    small_disk: Callable[[Path, str], Path],
    monkeypatch: pytest.MonkeyPatch,
    full: str,
):
    if full == "environments":
        small_disk(home.environments, "64k")
    else:
        monkeypatch.setenv("UV_CACHE_DIR", str(small_disk(home.cache / "small", "256k")))

    with pytest.raises(BuildError, match=r"the disk is full\. Free some space") as caught:
        asyncio.run(Environments(home, store).ready(Specification("e", None, ("numpy",))))

    assert "No space left on device" in caught.value.reason
    assert not any(path.is_dir() for path in home.environments.iterdir())
