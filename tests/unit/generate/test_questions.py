"""Variables are asked for in cookiecutter's order and with its texts; answers become what their variables are."""

from typing import Any

import pytest

from scaffold.errors import UsageError
from scaffold.generate import Question
from tests.unit.generate.templates import make, read, refused, template

VARIABLES = {
    "table": {"a": "{{ cookiecutter.title }}"},
    "title": "My Show",
    "license": ["MIT", "{{ cookiecutter.title }}'s own"],
    "_private": ["{{ x }}"],
    "__derived": "{{ cookiecutter.title|upper }}",
    "docs": True,
    "python": [3.7, 3.8, 3.9],
    "repo": [True, False],
    "port": 80,
    "needed": None,
    "__prompts__": {
        "title": "What is [bold]it[/] called?",
        "license": {"__prompt__": "Which license?", "MIT": "MIT: do as you like"},
        "python": "Which Python?",
    },
}
TEXT = (
    "{% for name in ['title', 'license', 'docs', 'python', 'repo', 'port', 'needed', 'table', '__derived'] %}"
    "{{ cookiecutter[name] }}|{% endfor %}"
)


class Person:
    """Types the given lines, and keeps the questions."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.questions: list[Question] = []

    def __call__(self, question: Question) -> Any:
        self.questions.append(question)
        return question.read(self.lines.pop(0) or question.default)


def test_what_is_asked(tmp_path):
    person = Person("Sho", "2", "no", "3", "2", "", "n", "")
    source = template(tmp_path, VARIABLES, {"f": TEXT})
    made = make(tmp_path, source, ask=person)
    assert [
        (question.position, question.text, question.default, question.choices)
        for question in person.questions
    ] == [
        ((1, 8), "What is [bold]it[/] called?", "My Show", ()),
        ((2, 8), "Which license?", "1", ("MIT: do as you like", "Sho's own")),
        ((3, 8), "docs (y/n)", "y", ()),
        ((4, 8), "Which Python?", "1", ("3.7", "3.8", "3.9")),
        ((5, 8), "Select repo", "1", ("True", "False")),
        ((6, 8), "port", "80", ()),
        ((7, 8), "needed", "", ()),
        ((8, 8), "table (JSON)", "default", ()),
    ]
    assert read(made.path) == {"f": "Sho|Sho's own|False|3.9|False|80|n|{'a': 'Sho'}|SHO|"}


def test_what_is_answered_is_not_asked(tmp_path):
    person = Person("n", '{"b": 1}')
    given = {"title": "T", "license": "T's own", "docs": "no", "python": "3.9", "repo": "false", "port": "81"}
    made = make(tmp_path, template(tmp_path, VARIABLES, {"f": TEXT}), ask=person, variables=given)
    assert [(question.position, question.text) for question in person.questions] == [
        ((1, 2), "needed"),
        ((2, 2), "table (JSON)"),
    ]
    assert read(made.path) == {"f": "T|T's own|False|3.9|False|81|n|{'b': 1}|T|"}


@pytest.mark.parametrize(
    "variable, typed, message",
    [
        ("license", "3", "It must be a number from 1 to 2."),
        ("docs", "maybe", "neither yes nor no"),
        ("needed", "", "There is no default"),
        ("table", "[", "it is not JSON"),
    ],
)
def test_what_is_typed_has_to_fit(tmp_path, variable, typed, message):
    given = {
        "title": "T",
        "license": "MIT",
        "docs": "y",
        "python": "3.7",
        "repo": "y",
        "port": "1",
        "needed": "n",
        "table": "{}",
    }
    del given[variable]
    with pytest.raises(UsageError, match=message):
        make(tmp_path, template(tmp_path, VARIABLES, {"f": ""}), ask=Person(typed), variables=given)


def test_without_a_name_the_template_names_the_folder(tmp_path):
    source = template(
        tmp_path, {"title": "{{ cookiecutter.project_slug }}!"}, {"f": "{{ cookiecutter.title }}"}
    )
    made = make(tmp_path, source, name=None, ask=Person("show", ""))
    assert (made.path, read(made.path)) == (tmp_path / "out" / "show", {"f": "show!"})
    with pytest.raises(UsageError, match=r"is not empty\.$"):
        make(tmp_path, source, name=None, ask=Person("show"))  # at once, not after the last question


def test_answers_are_what_expressions_see_of_the_template(tmp_path):
    """``_cookiecutter`` has the choices, the chosen one first, as the ``cookiecutter`` command has them."""
    source = template(tmp_path, {"license": ["MIT", "BSD", "GPL"]}, {"f": "{{ _cookiecutter.license }}"})
    made = make(tmp_path, source, variables={"license": "GPL"})
    assert read(made.path) == {"f": "['GPL', 'MIT', 'BSD']"}


def test_a_dictionary_is_changed_by_its_keys(tmp_path):
    source = template(tmp_path, {"table": {"a": {"b": 1, "c": 2}, "d": 3}}, {"f": "{{ cookiecutter.table }}"})
    made = make(tmp_path, source, variables={"table": '{"a": {"b": "x"}, "e": "y"}'})
    assert read(made.path) == {"f": "{'a': {'b': 'x', 'c': '2'}, 'd': '3', 'e': 'y'}"}


def test_choices_may_be_dictionaries(tmp_path):
    source = template(tmp_path, {"size": [{"a": "1"}, {"a": "2"}]}, {"f": "{{ cookiecutter.size.a }}"})
    assert read(make(tmp_path, source, variables={"size": '{"a": "2"}'}).path) == {"f": "2"}
    assert "which is one of" in refused(tmp_path / "x", source, variables={"size": "2"})[0]
