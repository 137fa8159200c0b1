"""A template of somebody else is rendered as cookiecutter renders it; what fails leaves nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.errors import UsageError
from tests.unit.generate.templates import PROJECT, bytes_of, make, read, refused, template, write

VARIABLES = {
    "title": "The {{ cookiecutter.project_slug }}",
    "license": ["MIT", "BSD"],
    "docs": True,
    "table": {"a": {"b": "{{ cookiecutter.title }}"}},
    "_private": "{{ not rendered }}",
    "__derived": "{{ cookiecutter.title|upper }}",
    "__prompts__": {"title": "Title"},
    "_copy_without_render": ["*.raw", "verbatim"],
    "_jinja2_env_vars": {"trim_blocks": True},
}

FILES = {
    "README": (
        "{{ cookiecutter.title }}|{{ cookiecutter.license }}|{{ cookiecutter.docs }}|"
        "{{ cookiecutter.table.a.b }}|{{ cookiecutter.__derived }}|{{ cookiecutter._private }}|"
        "{{ 'A b'|slugify }}|{{ {'a': 1}|jsonify|replace('\\n', '') }}|{% now 'utc', '%Y' %}\n"
    ),
    "{{ cookiecutter.license }}/{{ cookiecutter.project_slug }}.txt": "x\n{% if true %}\ny{% endif %}\n",
    "{% if cookiecutter.docs %}docs.md{% endif %}": "docs\n",
    "{% if not cookiecutter.docs %}nodocs.md{% endif %}": "no docs\n",
    "a.raw": "{{ raw }}",
    "verbatim/{{ x }}.txt": "{{ raw }}",
    "binary.bin": b"\0{{ raw }}\xff",
    "latin": "é {{ raw }}".encode("latin-1"),
    "dos.txt": b"{{ cookiecutter.license }}\r\nb\r\n",
    "mixed.txt": b"{{ cookiecutter.license }}\r\nb\nc\r\n",
    "mac.txt": b"{{ cookiecutter.license }}\rb\r",
    "endless": "{{ cookiecutter.license }}",
}


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize(
    "answers", [{}, {"license": "BSD", "docs": "no", "title": "T", "table": '{"c": "d"}'}]
)
def test_another_template_is_rendered_as_cookiecutter_does(tmp_path, answers, trust):
    files = {name: text for name, text in FILES.items() if name != "latin"}  # cookiecutter fails on it
    source = template(tmp_path, VARIABLES, files)
    made = make(tmp_path, source, variables=answers, trust=trust)
    # The command takes no dictionaries; its config file does.
    config = json.dumps(
        {"default_context": {k: json.loads(v) if k == "table" else v for k, v in answers.items()}}
    )
    write(tmp_path, {"config.yml": config})
    (tmp_path / "theirs").mkdir()
    subprocess.run(
        [
            *(Path(sys.executable).parent / "cookiecutter", source, "--no-input", "project_slug=exp"),
            *("--config-file", tmp_path / "config.yml", "--output-dir", tmp_path / "theirs"),
        ],
        env={**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)},
        check=True,
    )
    assert bytes_of(made.path) == bytes_of(tmp_path / "theirs" / "exp")
    assert set(made.files) == set(bytes_of(made.path))
    assert made.template_version is None
    assert made.answers["license"] == answers.get("license", "MIT")


def test_a_file_that_is_no_utf8_is_copied(tmp_path):
    made = make(tmp_path, template(tmp_path, {}, {"latin": FILES["latin"]}))
    assert (made.path / "latin").read_bytes() == FILES["latin"]


@pytest.mark.parametrize("trust", [False, True])
def test_byte_code_does_not_come_along(tmp_path, trust):
    files = {
        "a.py": "",
        "__pycache__/a.cpython-311.pyc": b"\0",
        "b/__pycache__/{{ x }}.pyc": b"\0",
        "b/c.py": "",
    }
    made = make(tmp_path, template(tmp_path, {"_copy_without_render": ["b"]}, files), trust=trust)
    assert set(read(made.path)) == {"a.py", "b/c.py"}


@pytest.mark.parametrize("trust", [False, True])
def test_a_folder_whose_name_renders_to_nothing(tmp_path, trust):
    source = template(tmp_path, {}, {"{% if false %}a{% endif %}/{{ 'f' }}": "f"})
    message, _ = refused(tmp_path, source, trust=trust)
    assert message == "The template names a file outside the project: '/f'."


@pytest.mark.parametrize("trust", [False, True])
def test_the_executable_bit_is_kept(tmp_path, trust):
    source = template(tmp_path, {}, {"run.sh": "#!/bin/sh\n"})
    (source / PROJECT / "run.sh").chmod(0o755)
    assert os.access(make(tmp_path, source, trust=trust).path / "run.sh", os.X_OK) or os.name == "nt"


def test_no_project_folder(tmp_path):
    source = write(tmp_path / "template", {"cookiecutter.json": "{}", "project/f": ""})
    assert "has no folder named by a variable" in refused(tmp_path, source)[0]


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("f", "a\n{{ cookiecutter.nothing }}\n", "f:2: 'dict object' has no attribute 'nothing'."),
        ("f", "a\n{% if %}\n", "f:2: Expected an expression, got 'end of statement block'."),
        ("f", "{{ 1 / 0 }}", "f:1: division by zero."),
        ("f", "{% include 'gone' %}", "f:1: 'gone' not found in search path"),
        ("{{ cookiecutter.nothing }}", "", "the name {{ cookiecutter.nothing }}: 'dict object' has no"),
    ],
)
@pytest.mark.parametrize("trust", [False, True])
def test_a_render_that_fails_leaves_nothing(tmp_path, name, text, message, trust):
    source = template(tmp_path, {}, {"a": "fine", name: text})
    told = refused(tmp_path, source, trust=trust)[0].replace("dict'", "dict object'")
    assert told.startswith(f"The template cannot be rendered: {message}")


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"a": "{{ cookiecutter.b }}"}, "cookiecutter.json: a: "),
        ({"a": "{{ x"}, "cookiecutter.json: a: unexpected end of template"),
        (
            {"_jinja2_env_vars": {"no_such": 1}},
            "cookiecutter.json: Environment.__init__() got an unexpected keyword argument",
        ),
    ],
)
def test_a_trusted_template_that_fails_is_an_error_of_two_lines(tmp_path, variables, message):
    told, _ = refused(tmp_path, template(tmp_path, variables, {"f": ""}), trust=True)
    assert told.startswith(f"The template cannot be rendered: {message}")


def test_nothing_is_written_where_something_is(tmp_path):
    source = template(tmp_path, {}, {"f": "new"})
    write(tmp_path / "out" / "exp", {"f": "old"})
    with pytest.raises(UsageError, match=r"is not empty\.$"):
        make(tmp_path, source)
    assert read(tmp_path / "out") == {"exp/f": "old"}
    assert make(tmp_path, source, force=True).replaced == {"f": "f.bak"}


@pytest.mark.parametrize("trust", [False, True])
def test_a_link_to_a_folder_brings_what_is_in_it(tmp_path, trust):
    source = template(
        tmp_path,
        {"_copy_without_render": ["raw"]},
        {"original/a": "{{ cookiecutter.project_slug }}", "raw/{{ b }}": "{{ c }}"},
    )
    (source / PROJECT / "link").symlink_to("original")
    (source / PROJECT / "raw" / "link").symlink_to("../original")
    (source / PROJECT / "f").symlink_to("original/a")
    assert read(make(tmp_path, source, trust=trust).path) == {
        "original/a": "exp",
        "link/a": "exp",
        "f": "exp",
        "raw/{{ b }}": "{{ c }}",
        "raw/link/a": "{{ cookiecutter.project_slug }}",
    }


@pytest.mark.parametrize("folder", ["", "raw/"])
@pytest.mark.parametrize(
    "links, message",
    [
        ({"later": "node_modules/x"}, "leads nowhere: {folder}later points to node_modules/x."),
        ({"self": "self"}, "leads nowhere: {folder}self points to self."),
        ({"up": "."}, "leads in a circle: {folder}up."),
        ({"a/x": "../b", "b/y": "../a"}, "leads in a circle: {folder}a/x/y."),
    ],
)
@pytest.mark.parametrize("trust", [False, True])
def test_a_link_that_cannot_be_followed_is_named(tmp_path, folder, links, message, trust):
    source = template(tmp_path, {"_copy_without_render": ["raw"]}, {"f": "", "raw/f": ""})
    for name, to in links.items():
        link = source / PROJECT / folder / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(to)
    told, _ = refused(tmp_path, source, trust=trust)
    assert told == f"A link of the template {message.format(folder=folder)}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX alone has them")
def test_something_that_is_no_file_is_named_and_not_waited_for(tmp_path):
    source = template(tmp_path, {}, {"f": ""})
    os.mkfifo(source / PROJECT / "pipe")
    told, _ = refused(tmp_path, source)
    assert told == "The template has something that is neither file nor folder: pipe."


def test_an_included_file_that_fails_is_the_one_that_is_named(tmp_path):
    source = template(tmp_path, {}, {"f": "a\n{% include 'part.txt' %}\n"})
    write(source, {"templates/part.txt": "a\nb\n{{ 1 / 0 }}\n"})
    told, _ = refused(tmp_path, source)
    assert told == "The template cannot be rendered: part.txt:3: division by zero."


def test_endless_recursion_is_a_fault_of_the_template(tmp_path):
    source = template(tmp_path, {}, {"f": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"})
    told, _ = refused(tmp_path, source)
    assert told == "The template cannot be rendered: f:1: it is nested too deeply, or refers to itself."


def test_a_name_that_no_file_can_have(tmp_path):
    source = template(tmp_path, {"name": "a\ud800"}, {"{{ cookiecutter.name }}": ""})
    assert refused(tmp_path, source)[0] == "The template names a file 'a\\ud800', which no file can be named."
