"""Answers become a project; a template of somebody else runs no code unless it is trusted."""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from scaffold.errors import UsageError
from scaffold.generate import Answers, ForeignTemplate, Generated, generate, generate_from

PROJECT = "{{cookiecutter.project_slug}}"


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def read(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


def template(tmp_path: Path, variables: dict[str, object], files: dict[str, str | bytes]) -> Path:
    """A cookiecutter template, its files written below the folder named by project_slug."""
    content = {"cookiecutter.json": json.dumps({"project_slug": "x", **variables})}
    inside = {
        name if name.startswith("hooks/") else f"{PROJECT}/{name}": text for name, text in files.items()
    }
    return write(tmp_path / "template", {**content, **inside})


def make(tmp_path: Path, location: Path | str, **options: object) -> Generated:
    trust, checkout = bool(options.pop("trust", False)), options.pop("checkout", None)
    variables = options.pop("variables", {})
    foreign = ForeignTemplate(str(location), checkout, trust)
    return generate_from(foreign, tmp_path / "out" / "exp", variables, **options)


def refused(tmp_path: Path, location: Path | str, **options: object) -> tuple[str, str]:
    """The error, after which nothing of the project or of the way to it is left."""
    with pytest.raises(UsageError) as caught:
        make(tmp_path, location, **options)
    assert not (tmp_path / "out").exists()
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value.message, caught.value.hint


@pytest.fixture(autouse=True)
def leaves_no_temporary_files(tmp_path_factory, monkeypatch):
    """Whatever a template does, the system's temporary folder and the home are as they were."""
    folder = tmp_path_factory.mktemp("temporary")
    home = tmp_path_factory.mktemp("home")
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(folder))
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield
    assert list(folder.iterdir()) == []
    assert list(home.iterdir()) == []
    assert tempfile.gettempdir() == str(folder)


# Our own template


def test_what_is_not_answered_follows_from_what_is():
    answers = Answers(project_slug="demo", experiment_name="Train-2")
    assert answers.script_name == "train-2.py"
    assert answers.environment_name == "demo-env"
    assert Answers(project_slug="azureml-demo").environment_name == "env-azureml-demo-env"


@pytest.mark.parametrize(
    "answers, message",
    [
        ({"project_slug": "a b"}, "NAME 'a b' cannot be used: it must be 1 to 100 letters"),
        ({"project_slug": "a/b"}, "NAME 'a/b' cannot be used: it is a path."),
        ({"project_slug": "..\\b"}, "NAME '..\\\\b' cannot be used: it is a path."),
        ({"project_slug": "a\nb"}, "NAME 'a\\nb' cannot be used: it must be"),
        ({"experiment_name": "NUL"}, "--experiment 'NUL' cannot be used: Windows reserves that name."),
        (
            {"experiment_name": "json"},
            "--script 'json.py' cannot be used: it would hide the Python module json",
        ),
        ({"compute_target": "a"}, "--compute-target 'a' cannot be used: it must be 2 to 24"),
        ({"environment_kind": "x"}, "--environment 'x' cannot be used: it must be pip or conda."),
        ({"tenant_id": "x"}, "--tenant-id 'x' cannot be used: it must be a GUID"),
    ],
)
def test_an_answer_that_cannot_be_used_names_its_flag(answers, message):
    with pytest.raises(UsageError) as caught:
        Answers(**answers)
    assert caught.value.message.startswith(message)


def test_the_project_is_reported(tmp_path):
    made = generate(Answers(), tmp_path)
    assert made.path == tmp_path / "my-exp"
    assert set(made.files) == set(read(made.path))
    assert made.files == tuple(sorted(made.files))
    assert (made.replaced, made.skipped_hooks) == ({}, ())
    assert made.answers["script_name"] == "experiment_1.py"
    assert [path.name for path in tmp_path.iterdir()] == ["my-exp"]


def test_a_dry_run_writes_nothing(tmp_path):
    dry = generate(Answers(), tmp_path / "a" / "b", dry_run=True)
    assert list(tmp_path.iterdir()) == []
    assert dry == generate(Answers(), tmp_path / "a" / "b")


def test_force_adds_and_keeps_what_it_replaces(tmp_path):
    write(tmp_path / "my-exp", {"constants.py": "MINE = 1\n", "notes.md": "mine\n"})
    before = read(tmp_path)
    with pytest.raises(UsageError, match=r"my-exp is not empty\.$"):
        generate(Answers(), tmp_path)
    assert read(tmp_path) == before
    dry = generate(Answers(), tmp_path, force=True, dry_run=True)
    assert read(tmp_path) == before
    made = generate(Answers(), tmp_path, force=True)
    assert dry == made
    assert made.replaced == {"constants.py": "constants.py.bak"}
    after = read(made.path)
    assert (after["constants.py.bak"], after["notes.md"]) == ("MINE = 1\n", "mine\n")
    assert set(after) == {*made.files, "constants.py.bak", "notes.md"}
    assert generate(Answers(), tmp_path, force=True).replaced == {}


def test_force_keeps_what_the_person_edited_since(tmp_path):
    root = generate(Answers(), tmp_path).path
    (root / "Experiment_1/experiment_1.py").write_text("edited\n")
    made = generate(Answers(compute_target="gpu"), tmp_path, force=True)
    assert set(made.replaced) == {".scaffold.json", "constants.py", "Experiment_1/experiment_1.py"}
    assert (root / made.replaced["Experiment_1/experiment_1.py"]).read_text() == "edited\n"


def test_only_what_renders_is_loaded_and_only_to_render(tmp_path):
    code = (
        "import sys; from pathlib import Path; from scaffold.generate import *\n"
        "print({'cookiecutter', 'jinja2', 'rich'} & set(sys.modules))\n"
        "generate(Answers(), Path(sys.argv[1]))\n"
        "print({'cookiecutter.main', 'click', 'requests', 'yaml', 'azureml'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nset()\n"


def test_the_hook_of_our_own_template_does_not_run(tmp_path, monkeypatch):
    def started(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    assert generate(Answers(), tmp_path).files


@pytest.mark.parametrize("name", ["{{cookiecutter.project_slug}}", "{{ nothing.here }}", "{% if x %}"])
def test_a_path_that_reads_as_an_expression_leads_nowhere_else(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match="would be taken for an expression of the template"):
        generate(Answers(), tmp_path / name)
    assert list(tmp_path.rglob("*")) == [tmp_path / name]


def test_a_disk_that_is_full_is_an_error_of_two_lines(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copymode", full)
    with pytest.raises(UsageError) as caught:
        generate(Answers(), tmp_path / "out")
    assert (
        caught.value.message == f"{tmp_path / 'out' / 'my-exp'} cannot be written: No space left on device."
    )
    assert list(tmp_path.iterdir()) == []


# Templates of others: what they may say


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
}


def bytes_of(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
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
def test_the_name_answers_the_variable_that_names_the_folder(tmp_path, trust):
    variables = json.dumps({"title": "T", "repo_name": "{{ cookiecutter.title|lower }}"})
    files = {"{{ cookiecutter.repo_name }}/f": "{{ cookiecutter.repo_name }}"}
    source = write(tmp_path / "template", {"cookiecutter.json": variables, **files})
    assert read(make(tmp_path, source, trust=trust).path) == {"f": "exp"}


def test_the_project_is_named_as_asked_whatever_the_template_would_name_it(tmp_path):
    files = {"cookiecutter.json": '{"a": "A"}', "{{ cookiecutter.a }}-b/f": "{{ cookiecutter.a }}"}
    source = write(tmp_path / "template", files)
    for trust in (False, True):
        made = make(tmp_path, source, trust=trust, force=True)
        assert (made.path, read(made.path)) == (tmp_path / "out" / "exp", {"f": "A"})


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


def test_an_unknown_variable_names_the_known_ones(tmp_path):
    source = template(tmp_path, {"license": "MIT", "_private": "x"}, {"f": ""})
    for name in ("licence", "_private"):
        message, _ = refused(tmp_path, source, variables={name: "x"})
        assert message == f"The template has no variable '{name}'; it has: project_slug, license."


def test_an_answer_that_is_no_choice(tmp_path):
    source = template(tmp_path, VARIABLES, {"f": ""})
    assert "choices are ['MIT', 'BSD']" in refused(tmp_path, source, variables={"license": "GPL"})[0]
    assert "converted to a boolean" in refused(tmp_path, source, variables={"docs": "perhaps"})[0]
    assert "An answer does not fit" in refused(tmp_path, source, variables={"table": "{"})[0]


# Where templates come from


def zipped(source: Path) -> Path:
    path = source.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("top/") if hasattr(archive, "mkdir") else archive.writestr("top/", "")
        for file in source.rglob("*"):
            archive.write(file, Path("top") / file.relative_to(source))
    return path


def repository(source: Path) -> str:
    def git(*command: str) -> None:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *command], cwd=source, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "one")
    git("tag", "v1")
    write(source, {f"{PROJECT}/f": "two"})
    git("commit", "--all", "--message", "two")
    return f"git+file://{source}"


def test_a_zip_file(tmp_path):
    source = template(tmp_path, {}, {"f": "{{ cookiecutter.project_slug }}"})
    assert read(make(tmp_path, zipped(source)).path) == {"f": "exp"}


def test_a_git_repository_and_a_tag_of_it(tmp_path):
    url = repository(template(tmp_path, {}, {"f": "one"}))
    assert read(make(tmp_path, url).path) == {"f": "two"}
    assert read(make(tmp_path, url, checkout="v1", force=True).path) == {"f": "one", "f.bak": "two"}


def test_templates_that_cannot_be_had(tmp_path):
    source = template(tmp_path, {}, {"f": "one"})
    url = repository(source)
    write(tmp_path, {"broken.zip": "no zip", "empty/x": "", "git.md": ""})
    gone = tmp_path / "gone"
    assert refused(tmp_path, gone)[0] == f"There is no cookiecutter template at {gone}."
    assert refused(tmp_path, tmp_path / "empty")[0].startswith("There is no cookiecutter template at")
    assert "cannot be fetched or written" in refused(tmp_path, tmp_path / "gone.zip")[0]
    assert "is not a valid zip archive" in refused(tmp_path, tmp_path / "broken.zip")[0]
    assert "could not found" in refused(tmp_path, url, checkout="v9")[0]
    assert refused(tmp_path, f"git+file://{gone}")[0].startswith(
        f"git+file://{gone} cannot be cloned: fatal:"
    )
    assert refused(tmp_path, "https://example.com/x")[1] == "Write git+https://example.com/x when it is one."
    assert refused(tmp_path, url, checkout="--orphan=x")[0] == "--checkout '--orphan=x' cannot be used."
    assert refused(tmp_path, source, checkout="v1")[0] == "--checkout is for git repositories only."


MALFORMED = {
    "not JSON": ("{", "The template's cookiecutter.json is not JSON: "),
    "a list": ("[]", "The template's cookiecutter.json is not a JSON object."),
    "a choice of templates": (
        '{"templates": {"a": {"path": "a"}}}',
        "The template only offers a choice of others, in folders of its own.",
    ),
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
        "The template cannot be rendered: cookiecutter.json: a:1: ",
    ),
    "no choices": (
        '{"a": []}',
        "The template cannot be rendered: cookiecutter.json: a: list index out of range.",
    ),
}


@pytest.mark.parametrize("variables, message", MALFORMED.values(), ids=MALFORMED)
def test_malformed_variables(tmp_path, variables, message):
    source = write(tmp_path / "template", {"cookiecutter.json": variables, f"{PROJECT}/f": ""})
    assert refused(tmp_path, source)[0].startswith(message)


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
        ({"a": "{{ cookiecutter.b }}"}, "Unable to render variable 'a': "),
        ({"a": "{{ x"}, "unexpected end of template"),
        ({"_jinja2_env_vars": {"no_such": 1}}, "Environment.__init__() got an unexpected keyword argument"),
    ],
)
def test_a_trusted_template_that_fails_is_an_error_of_two_lines(tmp_path, variables, message):
    told, _ = refused(tmp_path, template(tmp_path, variables, {"f": ""}), trust=True)
    assert told.startswith(f"The template cannot be rendered: {message}")


def test_an_extension_that_cannot_be_had(tmp_path):
    source = template(tmp_path, {"_extensions": ["no_such.Extension"]}, {"f": ""})
    message, _ = refused(tmp_path, source, trust=True)
    assert message.startswith(f"{source} cannot be used as a template: Unable to load extension: ")


# What a template that is not trusted cannot do


HOOKS = {
    "hooks/pre_prompt.py": "import pathlib; pathlib.Path('seen').write_text('')",
    "hooks/pre_gen_project.py": "print('on stdout'); open('pre', 'w').write('{{ cookiecutter.project_slug }}')",
    "hooks/post_gen_project.py": "open('post', 'w').write(','.join(sorted(__import__('os').listdir())))",
    "f": "",
}


def test_hooks_run_only_when_trusted(tmp_path, capfd):
    source = template(tmp_path, {}, HOOKS)
    made = make(tmp_path, source, dry_run=True, trust=True)
    assert made.skipped_hooks == ("post_gen_project.py", "pre_gen_project.py", "pre_prompt.py")
    assert not (tmp_path / "out").exists()
    made = make(tmp_path, source)
    assert made.skipped_hooks == ("post_gen_project.py", "pre_gen_project.py", "pre_prompt.py")
    assert read(made.path) == {"f": ""}
    made = make(tmp_path, source, trust=True, force=True)
    assert made.skipped_hooks == ()
    assert read(made.path) == {"f": "", "pre": "exp", "post": "f,post,pre"}
    assert set(read(source)) == {"cookiecutter.json", *(HOOKS.keys() - {"f"}), f"{PROJECT}/f"}
    out, err = capfd.readouterr()
    assert (out, err) == ("", "on stdout\n")


def test_a_hook_that_fails_leaves_nothing(tmp_path, capfd):
    source = template(tmp_path, {}, {"f": "", "hooks/post_gen_project.py": "raise SystemExit('no, thanks')"})
    message, _ = refused(tmp_path, source, trust=True)
    assert message == f"A hook of the template {source} failed: Hook script failed (exit status: 1)."
    assert capfd.readouterr().err == "no, thanks\n"


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


def test_nothing_is_written_where_something_is(tmp_path):
    source = template(tmp_path, {}, {"f": "new"})
    write(tmp_path / "out" / "exp", {"f": "old"})
    with pytest.raises(UsageError, match=r"is not empty\.$"):
        make(tmp_path, source)
    assert read(tmp_path / "out") == {"exp/f": "old"}
    assert make(tmp_path, source, force=True).replaced == {"f": "f.bak"}
