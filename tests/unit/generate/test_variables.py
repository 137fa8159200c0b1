"""What a template's cookiecutter.json may say, and what a person may answer."""

import json

import pytest

from tests.unit.generate.templates import PROJECT, make, read, refused, template, write


@pytest.mark.parametrize("trust", [False, True])
def test_the_name_answers_the_variable_that_names_the_folder(tmp_path, trust):
    variables = json.dumps({"title": "T", "repo_name": "{{ cookiecutter.title|lower }}"})
    files = {"{{ cookiecutter.repo_name }}/f": "{{ cookiecutter.repo_name }}"}
    source = write(tmp_path / "template", {"cookiecutter.json": variables, **files})
    assert read(make(tmp_path, source, trust=trust).path) == {"f": "exp"}


def test_the_template_makes_the_folder_of_the_name(tmp_path):
    files = {"cookiecutter.json": '{"a": "A"}', "{{ cookiecutter.a }}-b/f": "{{ cookiecutter.a }}"}
    source = write(tmp_path / "template", files)
    for trust in (False, True):
        made = make(tmp_path, source, trust=trust, force=True)
        assert (made.path, read(made.path)) == (tmp_path / "out" / "exp-b", {"f": "exp"})


def test_an_unknown_variable_names_the_known_ones(tmp_path):
    source = template(tmp_path, {"license": "MIT", "_private": "x"}, {"f": ""})
    for name in ("licence", "_private"):
        message, _ = refused(tmp_path, source, variables={name: "x"})
        assert message == f"The template has no variable '{name}'; it has: project_slug, license."


def test_an_answer_that_fits_no_choice_names_the_choices(tmp_path):
    variables = {
        "license": ["MIT", "BSD"],
        "python": [3.7, 3.8],
        "repo": [True, False],
        "docs": True,
        "table": {},
    }
    source = template(tmp_path, variables, {"f": ""})

    def told(variable: str, value: str) -> str:
        return refused(tmp_path, source, variables={variable: value})[0]

    assert told("license", "GPL") == "The answer 'GPL' does not fit license, which is one of: MIT, BSD."
    assert told("python", "3.9") == "The answer '3.9' does not fit python, which is one of: 3.7, 3.8."
    assert told("repo", "x") == "The answer 'x' does not fit repo, which is one of: true, false."
    assert told("docs", "perhaps") == "The answer 'perhaps' does not fit docs: it is neither yes nor no."
    assert told("table", "{") == (
        "The answer to table does not fit: it is not JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)."
    )
    assert told("table", "[]") == "The answer to table does not fit: it is not a JSON object."


MALFORMED = {
    "not JSON": ("{", "The template's cookiecutter.json is not JSON: "),
    "a list": ("[]", "The template's cookiecutter.json is not a JSON object."),
    "no UTF-8": (
        b'{"a": "\xff"}',
        "The template's cookiecutter.json is not UTF-8: invalid start byte at byte 7.",
    ),
    "deep": ('{"a": ' + "[" * 100_000, "The template's cookiecutter.json is nested too deeply."),
    "deep variables": (
        '{"a": ' + '{"a":' * 500 + "1" + "}" * 500 + "}",
        "The template cannot be rendered: cookiecutter.json: a: it is nested too deeply, or refers to itself.",
    ),
    "newlines": ('{"_new_lines": "x"}', "The template's cookiecutter.json has a malformed _new_lines."),
    "patterns": (
        '{"_copy_without_render": [1]}',
        "The template's cookiecutter.json has a malformed _copy_without_render.",
    ),
    "prompts": ('{"__prompts__": []}', "The template's cookiecutter.json has a malformed __prompts__."),
    "extensions": ('{"_extensions": "x"}', "The template's cookiecutter.json has a malformed _extensions."),
    "settings": (
        '{"_jinja2_env_vars": []}',
        "The template's cookiecutter.json has a malformed _jinja2_env_vars.",
    ),
    "a setting": (
        '{"_jinja2_env_vars": {"block_start_string": 5}}',
        "The template cannot be rendered: the name f: object of type 'int' has no len().",
    ),
    "an undefined default": (
        '{"a": "{{ cookiecutter.b }}"}',
        "The template cannot be rendered: cookiecutter.json: a: ",
    ),
    "a default that does not parse": (
        '{"a": "{{ x"}',
        "The template cannot be rendered: cookiecutter.json: a: ",
    ),
    "no choices": (
        '{"a": []}',
        "The template cannot be rendered: cookiecutter.json: a: there is nothing to choose from.",
    ),
}


@pytest.mark.parametrize("variables, message", MALFORMED.values(), ids=MALFORMED)
def test_malformed_variables(tmp_path, variables, message):
    source = write(tmp_path / "template", {"cookiecutter.json": variables, f"{PROJECT}/f": ""})
    assert refused(tmp_path, source)[0].startswith(message)


CHAIN = {
    "title": "My Project",
    "slug": "{{ cookiecutter.title|lower|replace(' ', '_') }}",
    "package": "{{ cookiecutter['slug'] }}",
    "author": "me",
}


@pytest.mark.parametrize(
    "folder, answers, name, made",
    [
        ("{{ cookiecutter.package }}", {}, "My Show", ("my_show", "My Show|my_show|my_show")),
        ("{{cookiecutter.slug}}", {}, "my-show", ("my-show", "my-show|my-show|my-show")),
        ("{{cookiecutter.title}}", {}, "Über 9", ("Über 9", "Über 9|über_9|über_9")),
        ("{{ cookiecutter.package }}", {"slug": "s"}, "My Show", ("s", "My Show|s|s")),
        ("{{ cookiecutter.package }}", {"title": "T"}, "show", ("show", "T|show|show")),
        ("{{ cookiecutter.package }}", {"title": "T", "slug": "s"}, "show", ("show", "T|s|show")),
        # Answered throughout: all that is left for the name is the folder.
        ("{{ cookiecutter.slug }}", {"title": "T", "slug": "s"}, "show", ("show", "T|s|s")),
        ("{{ cookiecutter.slug }}-x", {}, "My Show", ("my_show-x", "My Show|my_show|my_show")),
        # Several variables: it would be a guess.
        (
            "{{ cookiecutter.slug }}-{{ cookiecutter.author }}",
            {},
            "show",
            ("show", "My Project|my_project|my_project"),
        ),
        ("{{ cookiecutter._private }}", {}, "show", ("show", "My Project|my_project|my_project")),
        ("{{ cookiecutter.__derived }}", {}, "My Show", ("MY_SHOW", "My Show|my_show|my_show")),
    ],
)
def test_the_name_answers_the_variable_that_the_folder_follows_from(tmp_path, folder, answers, name, made):
    variables = {**CHAIN, "_private": "p", "__derived": "{{ cookiecutter.slug|upper }}"}
    text = "{{ cookiecutter.title }}|{{ cookiecutter.slug }}|{{ cookiecutter.package }}"
    files = {"cookiecutter.json": json.dumps(variables), f"{folder}/f": text}
    result = make(tmp_path, write(tmp_path / "template", files), variables=answers, name=name)
    assert (result.path.name, (result.path / "f").read_text()) == made


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b"])
def test_a_name_that_is_a_path(tmp_path, name):
    assert refused(tmp_path, template(tmp_path, {}, {"f": ""}), name=name)[0].endswith("it is a path.")


@pytest.mark.parametrize("answer", ["a/b", "..", "", "/x", "a\nb"])
def test_a_folder_is_named_by_a_name(tmp_path, answer):
    source = template(tmp_path, {"title": "x"}, {"f": ""})
    message, _ = refused(tmp_path, source, name=None, variables={"project_slug": answer})
    assert message == f"The project's folder cannot be named {answer!r}."
