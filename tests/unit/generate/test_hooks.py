"""A template's scripts run where the project is, when it is trusted."""

import os
import shutil

import pytest

from scaffold.errors import UsageError
from tests.unit.generate.templates import PROJECT, make, read, refused, template, write

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
    shutil.rmtree(made.path)
    made = make(tmp_path, source, trust=True)
    assert made.skipped_hooks == ()
    assert read(made.path) == {"f": "", "pre": "exp", "post": "f,post,pre"}
    assert set(read(source)) == {"cookiecutter.json", *(HOOKS.keys() - {"f"}), f"{PROJECT}/f"}
    out, err = capfd.readouterr()
    assert (out, err) == ("", "on stdout\n")


def test_a_hook_that_fails_leaves_nothing(tmp_path, capfd):
    source = template(tmp_path, {}, {"f": "", "hooks/post_gen_project.py": "raise SystemExit('no, thanks')"})
    message, _ = refused(tmp_path, source, trust=True)
    assert message == "The template's hook post_gen_project.py failed with exit code 1: no, thanks"
    assert capfd.readouterr().err == "no, thanks\n"


def test_hooks_run_where_the_project_stays(tmp_path):
    hooks = {
        f"hooks/{hook}_gen_project.py": f"import os; open('{hook}', 'w').write(os.getcwd()); open('../beside', 'a')"
        for hook in ("pre", "post")
    }
    made = make(tmp_path, template(tmp_path, {}, {"f": "", **hooks}), trust=True)
    place = str(tmp_path / "out" / "exp")
    assert read(made.path) == {"f": "", "pre": place, "post": place}
    assert made.files == ("f", "post", "pre")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["beside", "exp"]


def test_an_empty_folder_is_filled_and_empty_again_when_a_hook_fails(tmp_path):
    source = template(
        tmp_path, {}, {"f": "", "hooks/post_gen_project.py": "import sys; sys.exit(len('{{ 1 }}'))"}
    )
    folder = tmp_path / "out" / "exp"
    folder.mkdir(parents=True)
    with pytest.raises(UsageError, match="failed with exit code 1"):
        make(tmp_path, source, trust=True)
    assert list(tmp_path.joinpath("out").rglob("*")) == [folder]
    write(source, {"hooks/post_gen_project.py": ""})
    assert read(make(tmp_path, source, trust=True).path) == {"f": ""}


def test_hooks_do_not_run_among_files_of_others(tmp_path):
    source = template(tmp_path, {}, {"f": "", "hooks/pre_gen_project.py": "open('pre', 'w')"})
    write(tmp_path / "out" / "exp", {"mine": "m"})
    with pytest.raises(UsageError, match="holds other files"):
        make(tmp_path, source, trust=True, force=True)
    assert read(tmp_path / "out") == {"exp/mine": "m"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["exp"]
    assert read(make(tmp_path, source, force=True).path) == {"mine": "m", "f": ""}


@pytest.mark.parametrize(
    "text, message",
    [
        ("a\n{{ cookiecutter.nothing }}", "The template cannot be rendered: hooks/pre_gen_project.py:2: "),
        ("import sys\nraise ValueError('bad\\nname')", "failed with exit code 1: name"),
        ("import os; os._exit(7)", "The template's hook pre_gen_project.py failed with exit code 7."),
        ("# {{ '\\ud800' }}", "The template cannot be rendered: hooks/pre_gen_project.py: 'utf-8' codec"),
        pytest.param(
            "import os; os.kill(os.getpid(), 9)",
            "The template's hook pre_gen_project.py was ended by SIGKILL.",
            marks=pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's"),
        ),
    ],
)
def test_a_hook_that_fails_is_named_with_what_it_said_last(tmp_path, text, message):
    told, _ = refused(
        tmp_path, template(tmp_path, {}, {"f": "", "hooks/pre_gen_project.py": text}), trust=True
    )
    assert message in told


@pytest.mark.skipif(os.name == "nt", reason="a first line means nothing there")
def test_a_hook_that_cannot_be_started_is_named(tmp_path):
    source = template(tmp_path, {}, {"f": "", "hooks/pre_gen_project.sh": "#!/no/such/shell\n"})
    told, _ = refused(tmp_path, source, trust=True)
    assert told.startswith("The template's hook pre_gen_project.sh cannot be started: ")


def test_a_hook_may_leave_something_running(tmp_path):
    hook = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(5)'])"
    made = make(tmp_path, template(tmp_path, {}, {"f": "", "hooks/post_gen_project.py": hook}), trust=True)
    assert read(made.path) == {"f": ""}


@pytest.mark.skipif(os.name == "nt", reason="a working directory cannot be removed there")
def test_a_hook_that_removes_the_project_makes_none(tmp_path):
    hook = "import os, shutil; shutil.rmtree(os.getcwd())"
    told, _ = refused(
        tmp_path, template(tmp_path, {}, {"f": "", "hooks/post_gen_project.py": hook}), trust=True
    )
    assert "have moved or removed the project's folder" in told
