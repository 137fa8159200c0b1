"""Fuzzing: how often, from which seed, and against what.

``FUZZ_SEED`` chooses other requests than the usual ones (and lets hypothesis choose other cases elsewhere),
``FUZZ_FACTOR`` more of them.
"""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings

from tests.conftest import FUZZ_SEED as SEED
from tests.conftest import Machine
from tests.fuzz import hostile
from tests.fuzz.service import Watched

FACTOR = float(os.environ.get("FUZZ_FACTOR", "1"))


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A workspace of the fuzz tests' own, in which anything may have been made and deleted."""
    machine = Machine(tmp_path_factory.mktemp("fuzz") / "machine")
    # What is made up must not be looked for on the network.
    machine.environment |= {"UV_OFFLINE": "1", "SCAFFOLD_WIDTH": "2"}
    started = machine.run("workspace", "start")
    assert started.returncode == 0, started.stderr
    try:
        yield Watched(machine)
    finally:
        machine.stop()


@pytest.fixture
def service(watched: Watched) -> Iterator[Watched]:
    """The same, furnished; nothing outside its folder may change during a test, and nothing may fail."""
    watched.furnish()
    before = watched.state_of_things()
    yield watched
    after = watched.state_of_things()
    assert after.files == before.files
    assert after.errors == before.errors, f"see {watched.state / 'service.log'}"


_LENGTHS = [pytest.param(0.1, id="quick"), pytest.param(1.0, id="long", marks=pytest.mark.slow)]


@pytest.fixture(params=_LENGTHS)
def names(request: pytest.FixtureRequest) -> list[str]:
    """Hostile names: all of them, or a few that are others with every seed."""
    every = list(hostile.NAMES)
    return every if request.param == 1.0 else random.Random(SEED).sample(every, 12)


Fuzz = Callable[..., None]


@pytest.fixture(params=[pytest.param(0.1, id="quick"), pytest.param(1.0, id="long", marks=pytest.mark.slow)])
def fuzz(request: pytest.FixtureRequest) -> Fuzz:
    """Calls a function with what strategies make up: ``fuzz(check, 100, name=strategy)``."""

    def run(check: Callable[..., Any], examples: int, **strategies: Any) -> None:
        count = max(3, round(examples * request.param * FACTOR))
        chosen = settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )

        def case(**values: Any) -> None:
            note(f"FUZZ_SEED={SEED}")
            check(**values)

        chosen(seed(SEED)(given(**strategies)(case)))()

    return run
