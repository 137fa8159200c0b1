"""One template of several is named, or asked for; where neither can be, the choices are told."""

import json

import pytest

from scaffold.generate import Question
from tests.unit.generate.templates import make, read, refused, repository, write, zipped


def several(tmp_path, listed: object = None) -> object:
    """A folder with the templates a, packages/b and c, of which c offers two in turn."""
    files = {
        f"{folder}/{name}": text
        for folder in ("a", "packages/b", "c/d", "c/e")
        for name, text in (("cookiecutter.json", '{"slug": "x"}'), ("{{cookiecutter.slug}}/f", folder))
    }
    files["c/cookiecutter.json"] = json.dumps({"template": ["Dee (./d)", "Eee (./e)"]})
    if listed is not None:
        files["cookiecutter.json"] = json.dumps(listed)
    return write(tmp_path / "templates", files)


LISTED = {
    "templates": {
        "first": {"path": "./a", "title": "First", "description": "the letter a"},
        "bee": {"path": "./packages/b"},
        "more": {"path": "c", "title": "More"},
    }
}


@pytest.mark.parametrize(
    "wanted, chosen",
    [
        ("first", "a"),
        ("a", "a"),
        ("./a", "a"),
        ("First (the letter a)", "a"),
        ("bee", "packages/b"),
        ("packages/b", "packages/b"),
        ("b", "packages/b"),
        ("more/Dee", "c/d"),
        ("c/e", "c/e"),
    ],
)
@pytest.mark.parametrize("variable", ["template", "templates"])
def test_a_template_is_named_by_an_answer(tmp_path, variable, wanted, chosen):
    made = make(tmp_path, several(tmp_path, LISTED), variables={variable: wanted})
    assert read(made.path) == {"f": chosen}


@pytest.mark.parametrize("listed", [LISTED, None])
@pytest.mark.parametrize("directory", ["a", "packages/b", "c/d"])
def test_a_template_is_named_by_its_folder(tmp_path, listed, directory):
    source = several(tmp_path, listed)
    assert read(make(tmp_path, source, directory=directory).path) == {"f": directory}
    assert read(make(tmp_path, zipped(source), directory=directory, force=True).path) == {"f": directory}


def test_a_repository_with_nothing_at_the_top(tmp_path):
    source = several(tmp_path)
    write(source, {"{{cookiecutter.project_slug}}/f": ""})  # git has to have something to commit twice
    url = repository(source)
    assert read(make(tmp_path, url, directory="packages/b").path) == {"f": "packages/b"}
    message, hint = refused(tmp_path / "x", url)
    assert message == f"{url} has several templates: a, c, packages/b."
    assert hint == "Choose one, for example with: --answer 'template=a'"


def test_the_choices_are_told_where_nobody_can_be_asked(tmp_path):
    source = several(tmp_path, LISTED)
    message, hint = refused(tmp_path, source)
    assert message == f"{source} has several templates: first, bee, more."
    assert hint == "Choose one, for example with: --answer 'template=first'"
    assert (
        refused(tmp_path, source, variables={"template": "c"})[0]
        == f"{source} has several templates: Dee, Eee."
    )
    assert refused(tmp_path, source, variables={"template": "z"}) == (
        f"'z' names no template of {source}.",
        "It has: first, bee, more.",
    )
    assert (
        refused(tmp_path, source, variables={"template": "a/z"})[0]
        == "There is no choice of templates below 'z'."
    )
    assert refused(tmp_path, source, directory="z") == (
        f"There is no folder z in {source}.",
        "Templates are in: a, c, packages/b.",
    )


def test_one_alone_is_taken(tmp_path):
    source = several(tmp_path, {"templates": {"first": {"path": "a"}}})
    assert read(make(tmp_path, source).path) == {"f": "a"}


def test_a_person_is_asked(tmp_path):
    questions: list[Question] = []

    def ask(question: Question) -> object:
        questions.append(question)
        return question.read({0: "3", 1: "2"}.get(len(questions) - 1, question.default))

    assert read(make(tmp_path, several(tmp_path, LISTED), ask=ask).path) == {"f": "c/e"}
    assert [(question.text, question.choices) for question in questions] == [
        ("Select a template", ("First (the letter a)", "bee", "More (more)")),
        ("Select a template", ("Dee (./d)", "Eee (./e)")),
    ]


@pytest.mark.parametrize(
    "listed, message",
    [
        ({"templates": {"x": {"path": "../.."}}}, "The folder ../.. is not in "),
        ({"templates": {"x": {"path": "/"}}}, "The folder / is not in "),
        ({"templates": {"x": {"path": "gone"}}}, "There is no folder gone in "),
        ({"templates": {"x": {}}}, "The template's cookiecutter.json offers templates in a way"),
        ({"templates": ["a"]}, "The template's cookiecutter.json offers templates in a way"),
        ({"template": ["a"]}, "The template's cookiecutter.json offers templates in a way"),
        ({"template": []}, "The template's cookiecutter.json offers no templates."),
        ({"templates": {"x": {"path": "."}}}, "The template offers itself as one of its templates: x."),
    ],
)
def test_a_choice_that_leads_nowhere(tmp_path, listed, message):
    source = several(tmp_path, listed)
    assert refused(tmp_path, source)[0].startswith(message.format(source=source))


def test_the_old_way_to_offer_templates_has_labels_too(tmp_path):
    labels = {"__prompt__": "Which?", "Aaa (a)": "The letter a"}
    source = several(
        tmp_path, {"template": ["Aaa (a)", "Bee (packages/b)"], "__prompts__": {"template": labels}}
    )
    asked: list[Question] = []
    assert read(make(tmp_path, source, ask=lambda question: asked.append(question) or 1).path) == {
        "f": "packages/b"
    }
    assert asked[0].choices == ("The letter a", "Bee (packages/b)")
    assert read(make(tmp_path, source, variables={"template": "Aaa"}, force=True).path)["f"] == "a"
