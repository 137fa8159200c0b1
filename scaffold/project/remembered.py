"""A cached property that remembers a failure too, so that a file which cannot be read is read once."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scaffold.project.files import FileError

if TYPE_CHECKING:
    remembered = cached_property
else:

    class remembered(cached_property):
        """As ``functools.cached_property``; raises a FileError or RecursionError again without another try."""

        def __init__(self, function: Callable[[Any], Any]) -> None:
            super().__init__(function)
            self._failures = f"_{function.__name__}_failed"

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None:
                return self
            failed = instance.__dict__.get(self._failures)
            if failed is not None:
                raise failed.with_traceback(None)
            try:
                return super().__get__(instance, owner)
            except (FileError, RecursionError) as error:
                instance.__dict__[self._failures] = error
                raise
