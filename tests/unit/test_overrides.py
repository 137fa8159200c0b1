"""How arguments on the command line are joined with a project's own."""

import pytest

from scaffold.submission.overrides import Overrides, merge_arguments


@pytest.mark.parametrize(
    ("present", "changes", "merged"),
    [
        pytest.param(["--steps", 20], ["steps=5"], ["--steps", "5"], id="a value is replaced"),
        pytest.param(["--steps=20"], ["steps=5"], ["--steps=5"], id="one joined by an equals sign too"),
        pytest.param(
            ["--steps", 1, "--steps", 2], ["steps=5"], ["--steps", 1, "--steps", "5"], id="the last one"
        ),
        pytest.param([], ["learning-rate=0.1"], ["--learning-rate", "0.1"], id="an absent one is added"),
        pytest.param(["-n", 1], ["-n=3"], ["-n", "3"], id="short options keep their dash"),
        pytest.param(["--shift", -1], ["shift=-2"], ["--shift", "-2"], id="negative numbers are values"),
        pytest.param(
            ["--fast", "--steps", 1], ["fast=yes"], ["--fast", "yes", "--steps", 1], id="a flag gets a value"
        ),
        pytest.param(["a"], ["b", "--flag"], ["a", "b", "--flag"], id="words are added as they are"),
        pytest.param(["--q", "a=b"], ["q=c=d"], ["--q", "c=d"], id="only the first equals sign counts"),
        pytest.param([], ["https://x/?a=b"], ["https://x/?a=b"], id="an address is a word"),
    ],
)
def test_arguments_are_merged(present: list, changes: list[str], merged: list):
    given = list(present)

    assert merge_arguments(present, tuple(changes)) == merged
    assert present == given


def test_overrides_survive_the_way_to_the_other_process():
    overrides = Overrides(experiment="e", arguments=("a=1",), tags={"k": "v"}, max_run_duration_seconds=5)

    assert Overrides.read(overrides.document()) == overrides
    assert bool(overrides)
    assert not Overrides()
