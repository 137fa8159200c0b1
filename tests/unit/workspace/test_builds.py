"""Builds of environments that are given up: every process of them ends, unless somebody else still waits."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from scaffold.workspace.engine import builder
from scaffold.workspace.engine.environments import Environments
from scaffold.workspace.engine.specification import Specification
from scaffold.workspace.paths import Home
from scaffold.workspace.store import Store
from tests.waiting import comes

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and sessions are POSIX's")

# A process that heeds no SIGTERM, and has a child that has left its family for one of its own making.
STUBBORN = """
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    if os.fork() == 0:
        with open({pids!r}, 'a') as file:
            print(os.getpid(), file=file)
        time.sleep(600)
    os._exit(0)
os.wait()
with open({pids!r}, 'a') as file:
    print(os.getpid(), file=file)
time.sleep(600)
"""


class SlowPackage:
    """A package whose build begins, says by which processes, and never ends."""

    def __init__(self, folder: Path) -> None:
        self.pids_file = folder / "pids"
        folder.mkdir()
        (folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "slow"\nversion = "1"\n'
        )
        body = STUBBORN.format(pids=str(self.pids_file)).replace("\n", "\n    ")
        (folder / "backend.py").write_text(f"def build_wheel(*_, **__):\n    {body}\n")
        self.specification = Specification(
            name="slow", python=None, requirements=(f"slow @ {folder.as_uri()}",)
        )

    def pids(self) -> list[int]:
        return [int(line) for line in self.pids_file.read_text().split()] if self.pids_file.exists() else []

    async def under_way(self) -> list[int]:
        """The processes of the build, once they are all there."""
        await comes(lambda: len(self.pids()) == 2)
        return self.pids()


@pytest.fixture
def package(tmp_path: Path) -> SlowPackage:
    return SlowPackage(tmp_path / "slow")


def alive(pids: list[int]) -> list[int]:
    left = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                left.append(pid)
    return left


def with_environments(home: Home, store: Store, scenario: Callable[[Environments], Awaitable[None]]) -> None:
    """Runs the scenario with environments that are stopped after it."""

    async def whole() -> None:
        environments = Environments(home, store)
        try:
            await scenario(environments)
        finally:
            await environments.stop()

    asyncio.run(whole())


async def give_up(waiting: "asyncio.Task[object]") -> None:
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting


def test_a_build_ends_with_all_its_processes_when_the_last_who_waits_gives_up(
    home: Home, store: Store, package: SlowPackage
):
    async def scenario(environments: Environments) -> None:
        one = asyncio.create_task(environments.ready(package.specification))
        pids = await package.under_way()
        other = asyncio.create_task(environments.ready(package.specification))
        await asyncio.sleep(0)

        await give_up(one)
        assert alive(pids) == pids
        assert environments.is_building(package.specification)

        await give_up(other)
        assert alive(pids) == []
        assert not environments.is_building(package.specification)

    with_environments(home, store, scenario)

    key = Environments(home, store).key(package.specification)
    assert sorted(path.name for path in home.environments.iterdir()) == [f"{key}.log"]
    assert "The environment was not built: canceled" in (home.environments / f"{key}.log").read_text()


def test_a_build_that_was_asked_for_by_itself_goes_on_without_runs(
    home: Home, store: Store, package: SlowPackage
):
    async def scenario(environments: Environments) -> None:
        waiting = asyncio.create_task(environments.ready(package.specification))
        pids = await package.under_way()
        environments.begin(package.specification)

        await give_up(waiting)
        assert alive(pids) == pids

    with_environments(home, store, scenario)

    assert alive(package.pids()) == []  # it belongs to the service, which has stopped


def test_a_build_that_is_wanted_again_while_it_is_being_given_up_is_begun_anew(
    home: Home, store: Store, package: SlowPackage
):
    async def scenario(environments: Environments) -> None:
        one = asyncio.create_task(environments.ready(package.specification))
        first = await package.under_way()
        one.cancel()
        await asyncio.sleep(0)
        two = asyncio.create_task(environments.ready(package.specification))

        await comes(lambda: len(package.pids()) == 4)

        assert alive(package.pids()) == package.pids()[2:]
        assert not set(first) & set(package.pids()[2:])
        await give_up(two)

    with_environments(home, store, scenario)


def test_what_a_killed_service_was_building_is_ended_by_the_next(
    home: Home, store: Store, package: SlowPackage
):
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from scaffold.workspace.engine.environments import Environments\n"
        "from scaffold.workspace.engine.specification import Specification\n"
        "from scaffold.workspace.paths import Home\n"
        "from scaffold.workspace.store import Store\n"
        "home = Home(Path(sys.argv[1]))\n"
        "wanted = Specification(name='slow', python=None, requirements=(sys.argv[2],))\n"
        "asyncio.run(Environments(home, Store(home)).ready(wanted))\n"
    )
    service = subprocess.Popen(
        [sys.executable, "-c", program, str(home.root), package.specification.requirements[0]]
    )
    asyncio.run(package.under_way())
    service.kill()
    service.wait()
    assert alive(package.pids()) == package.pids()

    Environments(home, store).recover()

    assert alive(package.pids()) == []
    assert [path.suffix for path in home.environments.iterdir()] == [".log"]


def test_a_record_of_a_step_whose_number_is_another_process_by_now_ends_nothing(home: Home):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        (home.environments / "key.builder").write_text(f'{{"pid": {bystander.pid}, "created": 1.5}}')

        assert builder.end_leftovers(home.environments) == ["key"]

        assert alive([bystander.pid]) == [bystander.pid]
        assert list(home.environments.iterdir()) == []
    finally:
        bystander.kill()
        bystander.wait()
