"""Checks requirements.txt and environment.yml line by line, as pip and conda would read them.

What is accepted here can still fail to resolve; what is refused can never work. Knows nothing of
building environments.
"""

import re
from typing import Any

from scaffold.errors import ProjectError
from scaffold.project.files import ProjectFile
from scaffold.requirements import FILES, NEED_VALUE, OPTIONS, is_local, is_url, logical_lines, option_of


def check_requirements(file: ProjectFile) -> None:
    """Checks a requirements file.

    Raises:
        ProjectError: it cannot be read, or a line is not one that pip takes.
    """
    for number, line in logical_lines(file.text()):
        if line.startswith("-"):
            _check_option(line, file, number)
        else:
            _check_requirement(line, file, number)


def _check_option(line: str, file: ProjectFile, number: int) -> None:
    option, value = option_of(line) or (line, "")
    if option not in OPTIONS:
        wrong = f"{option} is not an option that a requirements file takes"
        raise file.error(number, wrong, "Remove the line, or mend the option.")
    if option in NEED_VALUE and not value:
        raise file.error(number, f"{option} lacks its value", "Write the value behind it.")
    if option in FILES and not is_url(value) and not (file.path.parent / value).is_file():
        raise file.error(number, f"there is no file {value}", "Restore the file, or remove the line.")


def _check_requirement(line: str, file: ProjectFile, number: int) -> None:
    from packaging.requirements import InvalidRequirement, Requirement

    line = re.split(r"\s--(?:hash|global-option|config-settings)\b", line)[0].strip()
    if is_url(line) or is_local(line):
        return
    try:
        # pip fills in ${NAME} from the environment; any word will do to see the line's form.
        requirement = Requirement(re.sub(r"\$\{[A-Z0-9_]+\}", "x", line))
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        wrong = f"'{line}' is not a requirement that pip can read ({reason})"
        raise file.error(number, wrong, "Write NAME, or NAME==VERSION, one on each line.") from error
    if requirement.name.lower() == "python":
        raise file.error(
            number,
            f"'{line}': Python is not a package that pip can install, and the image build fails on it",
            "Remove the line; set_python_version (PYTHON_VERSION in constants.py) says which Python.",
        )


def check_conda_specification(file: ProjectFile) -> None:
    """Checks a conda environment file.

    Raises:
        ProjectError: it cannot be read, is not YAML, or is not of the form that conda reads.
    """
    import yaml

    text = file.text()
    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise file.error(line, f"not YAML: {error.problem}", "Mend the line; spaces matter.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise file.error(1, f"not YAML: {error}", "Mend the file.") from error
    _Conda(file).check(document)


class _Conda:
    """The form of one environment file, node by node, for the sake of the line numbers."""

    HINT = "See 'conda env export' for the form, or the environment.yml of a new project."

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def _wrong(self, node: Any, wrong: str, hint: str = HINT) -> ProjectError:
        return self._file.error(node.start_mark.line + 1 if node else 1, wrong, hint)

    def check(self, document: Any) -> None:
        entries = self._mapping(document, "the file must be a mapping with dependencies")
        if "dependencies" not in entries:
            raise self._wrong(document, "dependencies is missing")
        if "name" in entries:
            self._text(entries["name"], "name must be a text")
        for channel in self._sequence(entries.get("channels"), "channels must be a list"):
            self._text(channel, "a channel must be a text")
        if entries["dependencies"].tag == "tag:yaml.org,2002:null":
            raise self._wrong(entries["dependencies"], "dependencies is empty")
        pip_sections = 0
        for entry in self._sequence(entries["dependencies"], "dependencies must be a list"):
            if entry.id == "mapping":
                pip_sections += 1
                self._pip_section(entry)
            else:
                self._text(entry, "a dependency must be a text such as numpy=1.26, or a pip: list")
        if pip_sections > 1:
            raise self._wrong(entries["dependencies"], "dependencies has more than one pip: list")

    def _pip_section(self, node: Any) -> None:
        section = self._mapping(node, "a dependency must be a text or a pip: list")
        if set(section) != {"pip"}:
            other = next((key for key in section if key != "pip"), "nothing")
            raise self._wrong(node, f"only pip: can hold a list here, not {other}:")
        for entry in self._sequence(section["pip"], "pip: must hold a list"):
            line = self._text(entry, "a pip requirement must be a text")
            number = entry.start_mark.line + 1
            if line.startswith("-"):
                _check_option(line, self._file, number)
            elif not line.startswith("#"):
                _check_requirement(line, self._file, number)

    def _mapping(self, node: Any, wrong: str) -> dict[str, Any]:
        if node is None or node.id != "mapping":
            raise self._wrong(node, wrong)
        return {str(key.value): value for key, value in node.value}

    def _sequence(self, node: Any, wrong: str) -> list[Any]:
        if node is None:
            return []
        if node.id != "sequence":
            raise self._wrong(node, wrong)
        return list(node.value)

    def _text(self, node: Any, wrong: str) -> str:
        # An unquoted 1.10 is a number to YAML, and 3.1 to whoever reads it; a text is what was meant.
        if node.id != "scalar" or node.tag == "tag:yaml.org,2002:null" or not node.value.strip():
            raise self._wrong(node, wrong)
        return str(node.value).strip()
