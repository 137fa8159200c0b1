"""HyperDrive's early termination policies: which runs of a sweep are to end before their time. Pure.

An interval is one value of the primary metric that a run has logged. Source: the documentation of
``azureml.train.hyperdrive.policy``; what is compared is what that says.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import mean, median
from typing import Any

import msgspec

History = Mapping[str, Sequence[float]]
"""Of each run, the values of the primary metric in the order they were logged; only of those that have any."""


class Properties(msgspec.Struct):
    """What a policy is made with."""

    evaluation_interval: int = 1
    delay_evaluation: int = 0
    slack_factor: float | None = None
    slack_amount: float | None = None
    truncation_percentage: int = 0
    exclude_finished_jobs: bool = False


class Policy(msgspec.Struct):
    """``PolicyConfig``; one of another name ends nothing."""

    name: str = "Default"
    properties: Properties = msgspec.field(default_factory=Properties)

    @property
    def known(self) -> bool:
        return self.name.lower() in _RULES or self.name.lower() == "default"

    def interval(self, count: int) -> int:
        """The last interval at which a run of so many values is looked at; 0: it is too early."""
        every = max(1, self.properties.evaluation_interval)
        last = count - count % every
        return last if last >= max(1, self.properties.delay_evaluation) else 0

    def ends(self, run_id: str, interval: int, history: History, *, maximize: bool) -> bool:
        """True when a run is to be ended at an interval, compared with what the others had done by then.

        Args:
            run_id: the run, which has so many values.
            interval: see :meth:`interval`.
            history: of all runs.
            maximize: larger values are better.
        """
        rule = _RULES.get(self.name.lower())
        if rule is None or not interval:
            return False
        sign = 1.0 if maximize else -1.0
        seen = {key: [sign * value for value in values[:interval]] for key, values in history.items()}
        return rule(self.properties, run_id, seen, sign)


_Seen = dict[str, list[float]]


def _bandit(properties: Properties, run_id: str, seen: _Seen, sign: float) -> bool:
    """Outside the slack around the best run's value."""
    own, best = max(seen[run_id]), max(map(max, seen.values()))
    if properties.slack_amount is not None:
        return own + properties.slack_amount < best
    slack = properties.slack_factor or 0.0
    # Where smaller is better the signs are turned: a value above best * (1 + slack) has become one below it.
    return own * (1 + slack) < best if sign > 0 else own < best * (1 + slack)


def _median(_: Properties, run_id: str, seen: _Seen, __: float) -> bool:
    """Its best is worse than the median of the running averages of all runs."""
    return max(seen[run_id]) < median(mean(values) for values in seen.values())


def _truncation(properties: Properties, run_id: str, seen: _Seen, _: float) -> bool:
    """Among the lowest so many per cent."""
    ranked = sorted(seen, key=lambda key: (max(seen[key]), key))
    return run_id in ranked[: len(ranked) * properties.truncation_percentage // 100]


_RULES: dict[str, Callable[[Properties, str, _Seen, float], bool]] = {
    "bandit": _bandit,
    "medianstopping": _median,
    "truncationselection": _truncation,
}


def policy_of(document: Any) -> Policy:
    """A policy from its JSON; properties that are null are as if they were not there.

    Raises:
        msgspec.ValidationError: it has another shape.
    """
    if isinstance(document, dict) and isinstance(document.get("properties"), dict):
        given = {key: value for key, value in document["properties"].items() if value is not None}
        document = {**document, "properties": given}
    return msgspec.convert(document or {}, Policy)
