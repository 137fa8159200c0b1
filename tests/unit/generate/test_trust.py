"""A template that is not trusted runs no code."""

import random
import sys

import pytest

from tests.unit.generate.templates import PROJECT, make, read, refused, template, write

EXTENSION = (
    "from jinja2.ext import Extension\n"
    "class Shout(Extension):\n"
    "    def __init__(self, environment):\n"
    "        super().__init__(environment)\n"
    "        environment.filters['shout'] = lambda text: text.upper() + '!'\n"
)


def test_extensions_load_only_when_trusted(tmp_path, monkeypatch):
    source = template(tmp_path, {"_extensions": ["shouting.Shout"]}, {"f": "{{ 'hi'|shout }}"})
    write(source, {"shouting.py": EXTENSION})
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    message, hint = refused(tmp_path, source)
    assert message == "The template loads code of its own into Jinja: shouting.Shout."
    assert "--trust" in hint
    path = sys.path[:]
    assert read(make(tmp_path, source, trust=True).path) == {"f": "HI!"}
    assert sys.path == path


def test_settings_that_could_name_code_are_refused(tmp_path):
    source = template(tmp_path, {"_jinja2_env_vars": {"finalize": "x", "trim_blocks": True}}, {"f": ""})
    assert refused(tmp_path, source)[0] == "The template loads code of its own into Jinja: finalize."


ESCAPE = "{{ cycler.__init__.__globals__.os.mkdir(%r) }}"


@pytest.mark.parametrize("where", ["default", "file", "name"])
def test_expressions_cannot_reach_python(tmp_path, where):
    proof = tmp_path / "proof"
    escape = ESCAPE % str(proof)
    if where == "name":
        escape = "{{ cycler.__init__.__globals__.os.mkdir('proof') }}"
    files = {"file": {"f": escape}, "name": {escape: ""}}.get(where, {"f": ""})
    source = template(tmp_path, {"a": escape} if where == "default" else {}, files)
    message, hint = refused(tmp_path, source)
    assert "unsafe" in message
    assert "--trust" in hint
    assert not proof.exists()


def test_expressions_of_a_trusted_template_can(tmp_path):
    source = template(tmp_path, {"a": ESCAPE % str(tmp_path / "proof")}, {"f": ""})
    make(tmp_path, source, trust=True)
    assert (tmp_path / "proof").is_dir()


@pytest.mark.parametrize("name", ["../f", "/tmp/f", "a/../../f", "..", "a\0b"])
@pytest.mark.parametrize("trust", [False, True])
def test_names_cannot_lead_out_of_the_project(tmp_path, name, trust):
    source = template(tmp_path, {"name": name}, {"{{ cookiecutter.name }}": "x"})
    message, _ = refused(tmp_path, source, trust=trust)
    assert message == f"The template names a file outside the project: {name!r}."


def test_a_name_that_is_checked_is_the_name_that_is_used(tmp_path, monkeypatch):
    source = template(tmp_path, {"_names": ["in", "../out"]}, {"{{ cookiecutter._names|random }}": "x"})
    choices = iter(["in", "../out", "../out"])
    monkeypatch.setattr(random, "choice", lambda _: next(choices))
    assert read(make(tmp_path, source).path) == {"in": "x"}
    assert not (tmp_path / "out" / "out").exists()


def test_links_cannot_bring_in_files_from_outside(tmp_path):
    write(tmp_path, {"secret": "s"})
    source = template(tmp_path, {}, {"f": ""})
    (source / PROJECT / "link").symlink_to(tmp_path / "secret")
    message, hint = refused(tmp_path, source)
    assert message == f"The template has a link that leads out of it: {PROJECT}/link."
    assert "--trust" in hint


def test_an_extension_that_cannot_be_had(tmp_path):
    source = template(tmp_path, {"_extensions": ["no_such.Extension"]}, {"f": ""})
    message, hint = refused(tmp_path, source, trust=True)
    assert message == (
        "The template's extension no_such.Extension cannot be loaded: the Python module no_such is not installed."
    )
    assert "pip install no-such" in hint


@pytest.mark.parametrize(
    "content, extension, message",
    [
        (
            "1 / 0",
            "local_extension.X",
            "(local_extension.X) cannot be loaded: ZeroDivisionError: division by zero.",
        ),
        ("x = 1", "local_extension.X", "(local_extension.X) cannot be loaded: AttributeError: "),
        ("import no_such_module", "local_extension.X", "the Python module no_such_module is not installed."),
    ],
)
def test_an_extension_of_the_template_that_fails(tmp_path, monkeypatch, content, extension, message):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "local_extension", raising=False)
    source = template(tmp_path, {"_extensions": [extension]}, {"f": ""})
    write(source, {"local_extension.py": content})
    told, _ = refused(tmp_path, source, trust=True)
    assert message in told
