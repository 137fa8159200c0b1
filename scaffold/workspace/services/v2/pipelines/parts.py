"""A step between what a pipeline says of it and its run: what each kind of part is made from, and what it has to do."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol

from scaffold.workspace.services.v2.command import JobInput, JobOutput
from scaffold.workspace.services.v2.pipelines.making import Making
from scaffold.workspace.services.v2.pipelines.nodes import C, Step


@dataclass(frozen=True)
class BoundStep(Generic[C]):
    """A step whose inputs are known.

    Attributes:
        making: what it has in common with the others.
        step: the step.
        inputs: what its inputs are.
        outputs: what it is asked to write.
    """

    making: Making
    step: Step[C]
    inputs: dict[str, JobInput]
    outputs: dict[str, JobOutput]


class Part(Protocol):
    """What a bound step has become, before it is kept; making one raises a Fault where it cannot be carried out here.

    Attributes:
        outputs: what becomes of its outputs, as they are sent.
    """

    outputs: dict[str, Any]

    def add(self, parent: str) -> None:
        """Makes the step's run, a child of its pipeline's."""
