"""Distributions as steps of pipelines have them, with names for their arguments, and as sweeps have them."""

import pytest

from scaffold import space
from scaffold.workspace.faults import Fault
from scaffold.workspace.services.v2.pipelines.sweeps import expression_of


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        ({"type": "choice", "values": [1, "a"]}, ["choice", [[1, "a"]]]),
        ({"type": "randint", "upper": 4}, ["randint", [4]]),
        ({"type": "uniform", "min_value": 1, "max_value": 2}, ["uniform", [1, 2]]),
        ({"type": "qlognormal", "mu": 1, "sigma": 2, "q": 3}, ["qlognormal", [1, 2, 3]]),
        (
            {"type": "choice", "values": [{"kind": "deep", "depth": {"type": "randint", "upper": 3}}]},
            ["choice", [[{"kind": "deep", "depth": ["randint", [3]]}]]],
        ),
    ],
)
def test_its_arguments_stand_in_their_order(value: object, expression: object):
    assert expression_of("x", value) == expression


@pytest.mark.parametrize("name", [name for name in space.NAMES if name != "choice"])
def test_every_distribution_is_known(name: str):
    kind, arguments = expression_of("x", {"type": name})

    assert kind == name
    assert space.signature(name).count(",") == len(arguments) - 1


@pytest.mark.parametrize("value", [None, 3, {}, {"type": "other"}, {"values": [1]}])
def test_what_is_no_distribution_is_refused(value: object):
    with pytest.raises(Fault, match="'x' has no distribution"):
        expression_of("x", value)
