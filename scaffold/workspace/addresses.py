"""Address templates with ``{name:any}``: the rest of an address, whatever it holds.

Starlette's own ``path`` ends at a line end, which may stand in the name of a file.
"""

from starlette.convertors import Convertor, register_url_convertor


class AnyPath(Convertor[str]):
    """The rest of an address, with everything that may stand in a file's name, line ends among it."""

    regex = r"(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("any", AnyPath())
