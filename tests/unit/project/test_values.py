"""What expressions of a submitting script come to, as Python itself would have them, and what stays unknown."""

import ast
import sys
from pathlib import Path

import pytest

from scaffold.project.files import ProjectFile
from scaffold.project.model import Constants
from scaffold.project.source import Unknown
from scaffold.project.values import UNKNOWN, Values

HEAD = """\
import os, sys, shlex
import os.path as osp
from os import getcwd
from pathlib import Path, PurePath
import settings
import settings as st
import pkg.paths
from pkg import paths
from settings import SRC, NAMES
from extra import *

folder = 'src'
a, b = 'x', 'y'
numbers = [1, 2]
changed = ['--a']
changed.append('--b')
config = {'src': 'src', 'other': os.environ['HOME'], 'deep': {'name': 'train.py'}}
class Settings:
    SOURCE = 'src'
    TWICE = 'a'
    TWICE = 'b'
for loop in 'ab':
    pass
"""
MODULES = {
    "settings.py": "import os\nSRC = 'src'\nNAMES = ['a', 'b']\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
    "BELOW = os.path.join(HERE, 'src')\nCOMPUTED = os.environ['X']\n",
    "pkg/__init__.py": "",
    "pkg/paths.py": "from settings import SRC\nTRAIN = SRC + '/train.py'\nif TRAIN == 0:\n    LOOP = LOOP\n",
    "extra.py": "EXTRA = 'extra'\n",
}


def values(root: Path, expression: str, head: str = HEAD) -> tuple[Values, ast.expr]:
    for name, text in MODULES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    script = root / "submit.py"
    script.write_text(f"{head}\nresult({expression})\n")
    file = ProjectFile.within(root, script)
    made = Values(file, Constants(), ProjectFile.within(root, root / "constants.py"), root)
    call = made.tree.body[-1].value
    return made, call.args[0]


KNOWN = [
    "folder",
    "os.getcwd()",
    "getcwd()",
    "Path.cwd()",
    "os.path.join(os.getcwd(), 'src')",
    "osp.join('.', folder, 'a')",
    "os.path.abspath('src')",
    "os.path.abspath('./src/../src')",
    "os.path.realpath(folder)",
    "os.path.abspath('.') + os.sep + 'src'",
    "os.path.dirname(os.path.abspath(__file__))",
    "os.path.dirname(os.path.realpath(__file__)) + '/src'",
    "Path('src').resolve()",
    "Path('src').resolve(strict=False)",
    "str(Path('src').absolute())",
    "Path(__file__).parent / 'src'",
    "Path(__file__).resolve().parent.joinpath('src', 'a')",
    "Path('src/a').resolve().parents[1]",
    "Path.cwd() / folder",
    "'src' / Path('a')",
    "Path('src', 'train.py').with_suffix('.txt').name",
    "Path('a/train.py').stem",
    "os.path.split('a/b')[0]",
    "os.path.splitext('a/b.py')[0]",
    "os.path.relpath('src', os.getcwd())",
    "os.path.relpath(os.path.abspath('src'))",
    "os.path.join('src', os.pardir)",
    "f'{folder}/train'",
    "f'./{folder!s}'",
    "f'{3:03d}-{0.5:.2f}-{folder:>6}'",
    "'./{}'.format(folder)",
    "'{0}/{1}/{0}'.format(a, b)",
    "'{x}-{y:04d}'.format(x=a, y=12)",
    "'%s/%s' % (a, b)",
    "'%s' % folder",
    "'%(one)s-%(two)03d' % {'one': a, 'two': 7}",
    "'100%% %s' % a",
    "'/'.join([a, b])",
    "'/'.join(('a', str(3)))",
    "folder.upper().lower().replace('s', 't').strip('t')",
    "'a,b'.split(',')[1]",
    "shlex.split('python train.py --a \"b c\"')[3]",
    "settings.SRC",
    "st.SRC",
    "SRC",
    "NAMES[1]",
    "settings.BELOW",
    "paths.TRAIN",
    "pkg.paths.TRAIN",
    "EXTRA",
    "config['src']",
    "config['deep']['name']",
    "{'a': 'b'}.get('a')",
    "Settings.SOURCE",
    "[1, *numbers, 3]",
    "(1, 'a')",
    "{'a': 1, 'b': [2]}",
    "numbers + [3]",
    "numbers[0] + 2 * 3 - 4 // 3",
    "7 / 2",
    "-3",
    "str(1.5)",
    "int('3')",
    "len('abc')",
]


@pytest.mark.parametrize("expression", KNOWN)
def test_it_is_what_python_makes_of_it(tmp_path, monkeypatch, expression):
    made, node = values(tmp_path, expression)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("X", "x")
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("settings", "pkg", "pkg.paths", "extra"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    scope = {"__file__": str(tmp_path / "submit.py")}
    exec(compile(HEAD.replace("os.environ['HOME']", "''"), "submit.py", "exec"), scope)

    assert made.value(node) == eval(expression, scope)


UNKNOWNS = [
    "os.environ['SRC']",
    "os.environ.get('SRC', 'src')",
    "os.path.expanduser('~/src')",
    "Path.home()",
    "sys.argv[1]",
    "input()",
    "nowhere",
    "loop",
    "changed",
    "Settings.TWICE",
    "config['other']",
    "config['gone']",
    "settings.COMPUTED",
    "settings.GONE",
    "paths.LOOP",
    "numbers[9]",
    "'a' * 1000000000000",
    "2 ** 100000",
    "f'{folder:>1000000000}'",
    "'{:>1000000000}'.format(folder)",
    "'{.__class__}'.format(folder)",
    "'{0[0]}'.format(folder)",
    "'%1000000000d' % 3",
    "'%s %s' % (folder,)",
    "'%s' % (a, b)",
    "1 / 0",
    "Path('src') + 'a'",
    "os.path.join(1)",
    "os.path.join()",
    "'a'.join([1])",
    "open('src').read()",
    "eval('1')",
    "{**config}",
    "lambda: 'src'",
    "b'src'",
    "[item for item in numbers]",
]


@pytest.mark.parametrize("expression", UNKNOWNS)
def test_it_is_not_known_without_running_it(tmp_path, expression):
    made, node = values(tmp_path, expression)
    with pytest.raises(Unknown):
        made.value(node)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("f'python {folder}/train.py --id {run_id()}'", f"python src/train.py --id {UNKNOWN}"),
        ("'python train.py --id ' + run_id()", f"python train.py --id {UNKNOWN}"),
        ("'python train.py --id %s --a %d' % (run_id(), 3)", f"python train.py --id {UNKNOWN} --a 3"),
        ("'python {} --id {i:>5}'.format('train.py', i=run_id())", f"python train.py --id {UNKNOWN}"),
        ("' '.join(['python', 'train.py', run_id()])", f"python train.py {UNKNOWN}"),
        ("run_id()", None),
        ("3", None),
    ],
)
def test_a_text_with_a_part_that_is_not_known(tmp_path, expression, text):
    made, node = values(tmp_path, expression)
    assert made.template(node) == text


@pytest.mark.parametrize(
    ("expression", "items"),
    [
        ("['--a', 1, run_id(), -2.5, folder, Path('a')]", ["--a", "1", None, "-2.5", "src", "a"]),
        ("['--a'] + ['b', *numbers]", ["--a", "b", "1", "2"]),
        ("('x',) ", ["x"]),
        ("'--a b'.split()", ["--a", "b"]),
        ("settings.NAMES", ["a", "b"]),
    ],
)
def test_items_keep_their_places(tmp_path, expression, items):
    made, node = values(tmp_path, expression)
    assert made.items(node) == items


@pytest.mark.parametrize("expression", ["changed", "['a', *more()]", "['a'] + more()", "'text'", "3"])
def test_a_list_of_unknown_length(tmp_path, expression):
    made, node = values(tmp_path, expression)
    with pytest.raises(Unknown):
        made.items(node)


def doubling(template: str, first: str) -> str:
    return f"n0 = {first}\n" + "".join(
        f"n{count} = {template.format(before=f'n{count - 1}')}\n" for count in range(1, 90)
    )


@pytest.mark.parametrize(
    ("template", "first"),
    [
        ("{before} + {before}", "'a'"),
        ("{before}.strip('a') + {before}.strip('a')", "'a'"),
        ("[*{before}, *{before}]", "['a']"),
        ("{before} + {before}", "['a']"),
        ("({before}, {before})[0]", "'a'"),
        ("f'{{{before}}}{{{before}}}'", "''"),
    ],
)
def test_nothing_grows_without_end(tmp_path, template, first):
    # Without limits each of these would take years, or all memory.
    made, node = values(tmp_path, "n89", HEAD + doubling(template, first))
    for read in (made.text, made.template, made.origin):
        read(node)
    with pytest.raises(Unknown):
        made.items(node)


def test_brackets_without_end(tmp_path):
    made, node = values(tmp_path, " + ".join(["'a'"] * 2000))
    assert made.text(node).value is None
    made, node = values(tmp_path, "x" + ".parent" * 600)
    assert made.text(node).value is None
