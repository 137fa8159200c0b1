"""Spaces of parameters: what can be drawn from them, and what is drawn."""

import math

import pytest

from scaffold import space

CONTINUOUS = {
    "uniform": ["uniform", [-2, 2.5]],
    "quniform": ["quniform", [0, 10, 2]],
    "loguniform": ["loguniform", [-5, -1]],
    "qloguniform": ["qloguniform", [0, 5, 3]],
    "normal": ["normal", [10, 3]],
    "qnormal": ["qnormal", [10, 3, 0.5]],
    "lognormal": ["lognormal", [0, 1]],
    "qlognormal": ["qlognormal", [0, 1, 0.25]],
}
GRID = {"lr": ["choice", [[0.1, 0.01]]], "batch": ["choice", [[16, 32, 64]]]}


def test_a_grid_has_every_combination_once_the_last_parameter_changing_first():
    assert list(space.combinations(GRID)) == [
        {"lr": 0.1, "batch": 16},
        {"lr": 0.1, "batch": 32},
        {"lr": 0.1, "batch": 64},
        {"lr": 0.01, "batch": 16},
        {"lr": 0.01, "batch": 32},
        {"lr": 0.01, "batch": 64},
    ]
    assert space.size(GRID) == 6


def test_samples_of_choices_are_distinct_and_end_with_the_space():
    drawn = space.samples(GRID | {"seed": ["randint", [2]]}, 100, seed=1)

    assert len(drawn) == 12 == len({tuple(values.items()) for values in drawn})
    assert {tuple(values) for values in drawn} == {("lr", "batch", "seed")}


def test_the_same_seed_draws_the_same_and_another_one_something_else():
    whole = GRID | CONTINUOUS

    assert space.samples(whole, 5, seed=7) == space.samples(whole, 5, seed=7)
    assert space.samples(whole, 5, seed=7) != space.samples(whole, 5, seed=8)
    assert space.samples(whole, 5, seed=7) == space.samples(whole, 9, seed=7)[:5]


def test_samples_stay_in_their_bounds_and_on_their_steps():
    space.check(CONTINUOUS)
    assert space.size(CONTINUOUS) is None
    for values in space.samples(CONTINUOUS, 200, seed=3):
        assert -2 <= values["uniform"] <= 2.5
        assert values["quniform"] in (0, 2, 4, 6, 8, 10)
        assert math.exp(-5) <= values["loguniform"] <= math.exp(-1)
        assert values["qloguniform"] % 3 == 0
        assert values["qnormal"] * 2 == round(values["qnormal"] * 2)
        assert values["lognormal"] > 0
        assert values["qlognormal"] >= 0


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (["uniform", [2, 1]], "the lower bound 2 is above the upper bound 1"),
        (["uniform", [1]], "it is written uniform(low, high)"),
        (["quniform", [0, 1]], "it is written quniform(low, high, step)"),
        (["quniform", [0, 1, 0]], "the step of quniform is not above 0"),
        (["normal", [0, -1]], "the standard deviation -1 is negative"),
        (["normal", ["a", 1]], "normal takes numbers"),
        (["uniform", [0, float("inf")]], "uniform takes numbers"),
        (["randint", [0]], "randint takes a whole number above 0"),
        (["randint", ["a"]], "it is written randint(upper)"),
        (["choice", [[]]], "choice has no value"),
        (["gamma", [1, 2]], "there is no distribution 'gamma'"),
        ("uniform", "no list of a distribution's name"),
        ([["choice"], [[1]]], "no list of a distribution's name"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_from_is_refused_by_name(expression: object, said: str):
    with pytest.raises(space.SpaceError, match=r"^lr: ") as refused:
        space.check({"lr": expression})

    assert said in str(refused.value)


def test_no_number_however_odd_breaks_a_draw():
    odd = {"a": ["quniform", [-1e300, 1e300, 1e-300]], "b": ["lognormal", [1e300, 1]]}
    space.check(odd)

    assert all(math.isfinite(value) for values in space.samples(odd, 20, seed=0) for value in values.values())


def test_a_space_without_parameters_is_none():
    with pytest.raises(space.SpaceError, match="no parameter"):
        space.check({})


def test_values_become_arguments():
    assert space.arguments_of({"lr": 0.1, "--steps": 3, "-n": "x"}) == [
        "--lr",
        "0.1",
        "--steps",
        "3",
        "-n",
        "x",
    ]
