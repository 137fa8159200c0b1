"""Commands of jobs with ``${{…}}`` in them, and the parts between ``$[[`` and ``]]`` that need an optional input.

Values that are known at submission are put in as they are, as Azure ML does; where data will be, only the run knows
(``engine.data.placeholders``).
"""

import re
from collections.abc import Mapping

from scaffold.workspace import faults

_EXPRESSION = re.compile(r"\$\{\{\s*(?P<what>[A-Za-z_]\w*(?:\.\w+)*)\s*\}\}", re.A)


def names_in(text: str) -> list[str]:
    """What stands between ``${{`` and ``}}``, in order."""
    return [found["what"] for found in _EXPRESSION.finditer(text)]


def rendered(text: str, values: Mapping[str, str], data: set[str]) -> str:
    """A command with the values in it.

    Args:
        text: the command.
        values: by what stands between the braces, such as ``inputs.rate``.
        data: what is left for the run to fill in, such as ``inputs.data``.

    Raises:
        Fault: something in it is none of the job's.
    """

    def value(found: "re.Match[str]") -> str:
        name = _known(found["what"], values, data)
        if name is None:
            raise faults.bad_request(
                f"The command names {found.group()}, which the job does not have. Add it to the job, or put the part "
                "between $[[ and ]] when it is optional."
            )
        return values.get(name, f"${{{{{name}}}}}")

    return _EXPRESSION.sub(value, _without_what_misses(text, values, data))


def _without_what_misses(text: str, values: Mapping[str, str], data: set[str]) -> str:
    """The text with its optional parts: those whose inputs are there, without their brackets."""
    parts, end = [], 0
    while (start := text.find("$[[", end)) >= 0 and (stop := text.find("]]", start)) >= 0:
        part = text[start + 3 : stop]
        kept = all(_known(name, values, data) for name in names_in(part))
        parts += [text[end:start], part if kept else ""]
        end = stop + 2
    return "".join((*parts, text[end:]))


def _known(name: str, values: Mapping[str, str], data: set[str]) -> str | None:
    """What a name means: itself, or what is before ``.path``, which data may be asked for by."""
    for candidate in (name, name.removesuffix(".path")):
        if candidate in values or candidate in data:
            return candidate
    return None


def located(address: str, job: str, output: str, datastore: str) -> str:
    """The address of an output with what the service alone knows in it, in a pipeline the step's own name.

    Args:
        address: as it was asked for.
        job: the job's name.
        output: the output's name.
        datastore: the default datastore's name.
    """
    known = {"name": job, "output_name": output, "default_datastore": datastore}
    return _EXPRESSION.sub(lambda found: known.get(found["what"], found.group()), address)
