"""What a person has to know of a migration, beside what was changed."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Note:
    """Something that was carried over with a difference, or not at all.

    Attributes:
        kind: ``changed`` (it means nearly the same) or ``left`` (it stays as it is, for the person to do).
        file: the file's path from the project.
        line: counted from 1, in the file as it is before; None for the file as a whole.
        what: what stands there, and why it is told.
        hint: what SDK v2 has for it.
    """

    kind: Literal["changed", "left"]
    file: str
    line: int | None
    what: str
    hint: str
