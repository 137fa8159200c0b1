"""The person's own configuration of cookiecutter holds for templates of others, as with that command."""

import pytest

from tests.unit.generate.templates import make, read, refused, repository, template, write

TEXT = (
    "{{ cookiecutter.author }}|{{ cookiecutter.license }}|{{ cookiecutter.docs }}|{{ cookiecutter.table.a }}"
)
VARIABLES = {"author": "nobody", "license": ["MIT", "BSD"], "docs": True, "table": {"a": "1", "b": "2"}}


@pytest.fixture
def config(tmp_path, monkeypatch):
    path = tmp_path / "config.yaml"
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(path))
    return path


def test_defaults(tmp_path, config):
    config.write_text("default_context: {author: Ann, license: BSD, docs: no, table: {a: x}, other: y}")
    source = template(tmp_path, VARIABLES, {"f": TEXT})
    assert read(make(tmp_path, source).path) == {"f": "Ann|BSD|False|x"}
    made = make(tmp_path, source, variables={"author": "Bea"}, force=True)
    assert read(made.path)["f"] == "Bea|BSD|False|x"


def test_a_default_that_does_not_fit_is_left_out_and_said(tmp_path, config):
    config.write_text("default_context: {author: Ann, license: GPL, docs: perhaps, table: x}")
    made = make(tmp_path, template(tmp_path, VARIABLES, {"f": TEXT}))
    assert read(made.path) == {"f": "Ann|MIT|True|1"}
    assert made.notes == (
        "Your default for license, 'GPL', does not fit this template",
        "Your default for docs, 'perhaps', does not fit this template",
        "Your default for table, 'x', does not fit this template",
    )


def test_abbreviations(tmp_path, config):
    source = template(tmp_path, {}, {"f": "one"})
    repository(source)
    config.write_text(f"abbreviations: {{mine: 'git+file://{source.parent}/{{0}}'}}")
    assert read(make(tmp_path, "mine:template").path) == {"f": "two"}


@pytest.mark.parametrize(
    "text, message",
    [
        (None, "cannot be read: No such file or directory."),
        ("a: [", "config.yaml:1 is not YAML: "),
        ("- a", "is not a mapping."),
        ("default_context: x", "default_context is not a mapping."),
        (b"a: \xff", "cannot be read: "),
    ],
)
def test_a_configuration_that_cannot_be_used(tmp_path, config, text, message):
    if text is not None:
        write(tmp_path, {"config.yaml": text})
    told, hint = refused(tmp_path, template(tmp_path, {}, {"f": ""}))
    assert told.startswith("cookiecutter's configuration ")
    assert message in told
    assert "COOKIECUTTER_CONFIG" in hint
