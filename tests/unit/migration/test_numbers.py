"""What may be no number, which MLflow takes none of for a metric, and names that it does not take."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.migration.helpers import Helpers, is_valid, valid
from scaffold.migration.training import rewritten
from tests.unit.migration.test_training import HEAD, becomes


def several(text: str) -> list[str]:
    """Expressions with a semicolon between them."""
    return [one.strip() for one in text.split(";")]


UNKNOWN = """\
from azureml.core import Run
# the run
run = Run.get_context()
def fit(run, name, value, epoch):
    run.log('a', value)
    run.log(name, 1)
    run.log_row('r', x=1, y=value)
    run.log_table('t', value)
    run.log_list('l', value)
    run.set_tags(value)
fit(run, 'b', 1, 1)
"""


def test_what_is_not_known_to_be_a_number_is_looked_at_when_the_script_runs():
    after, told = rewritten(UNKNOWN, "t.py")
    head, _, body = after.partition("# the run\n")
    assert head.startswith("import re\nimport mlflow\n\n\ndef valid_name(name):\n")
    assert head.endswith("value)\n\n\n")
    assert (
        body.partition("epoch):\n")[2]
        == """\
    log_value('a', value, step=epoch)
    mlflow.log_metric(valid_name(name), 1, step=epoch)
    log_value("r.x", 1, step=epoch)
    log_value("r.y", value, step=epoch)
    for _column, _values in value.items():
        for _step, _value in enumerate(_values if isinstance(_values, (list, tuple)) else [_values]):
            log_value(valid_name(f"t.{_column}"), _value, step=_step)
    for _step, _value in enumerate(value):
        log_value('l', _value, step=_step)
    mlflow.set_tags({valid_name(key): value for key, value in value.items()})
fit(run, 'b', 1, 1)
"""
    )
    assert [note.what.partition(",")[0] for note in told if note.line is None] == ["valid_name", "log_value"]


def test_functions_that_are_new_have_names_of_their_own_and_import_mlflow_where_run_was():
    code = "def log_value():\n    from azureml.core import Run\n    Run.get_context().log('a', x)\n"
    after, _ = rewritten(code, "t.py")
    assert after.startswith("def _log_value(name, value, step=None):\n")
    assert "    import mlflow\n" in after.partition("def log_value")[0]
    assert not after.startswith("import")


@pytest.mark.parametrize(
    "value",
    several(
        """
    x.shape ; pathlib.Path('a') / 'b' ; {'m': 'svm'}['m'] ; os.environ['HOME'] ; os.getenv('A') ;
    [1, 2] ; (1, 2) ; None ; {} ; 1j ; b'a' ; datetime.now() ; np.zeros(3) ; type(x) ; lambda: 1 ;
    model.predict(x) ; f1_score(a, b, average=None) == np.ones(2) ; range(3) ; word[0] ;
    [word] + [word]
        """
    ),
)
def test_what_is_no_number_is_a_tag(value):
    code = f"word = 'a'\nrun.log('v', {value})"
    assert becomes(code) == f"word = 'a'\nmlflow.set_tag('v', {value})"


@pytest.mark.parametrize(
    "value",
    several(
        """
    1 ; -0.5 ; True ; 1e3 ; float('nan') ; len(x) ; int(x) ; loss.item() ;
    time.time() - time.time() ; accuracy_score(a, b) ; f1_score(a, b, average='macro') ;
    model.score(a, b) ; np.mean(x) ; math.sqrt(x) ; np.zeros(3).mean() ; sum([1, 2]) / len(x) ;
    max(1, 2) ; round(0.123, 2) ; total ; held['a'] ; seen[0] ; sum(seen) / len(seen) ; best(x) ;
    1 if x else 2 ; not x ; x is None ; each ; pair ; np.sqrt(total) ; total ** 2 ;
    (model.predict(x) == y).mean() ; cross_val_score(m, x).std() ; np.array([1]).sum() * 2
        """
    ),
)
def test_what_is_a_number_is_a_metric(value):
    made = """\
def best(x):
    if x:
        return accuracy_score(x, x)
    return 0.0
total = 0
total += len(x)
held = {'a': 1, 'b': 'text'}
seen = []
seen.append(loss.item())
each, pair = 1, best(2)
"""
    assert becomes(f"{made}run.log('v', {value})").endswith(f"mlflow.log_metric('v', {value})")


@pytest.mark.parametrize(
    "value",
    several(
        """
    x ; x[0] ; x.mean() ; f1_score(a, b, average=None) ; 1 if x else 'a' ; x / 2 ; held['a'] ;
    10 ** 400 ; total ** 0.5 ; args.n ; maybe(x) ; x == 1 ; sum(x) ; given ; filled['a'] ; changed[0] ; self.loss ;
    mean_squared_error(a, b, multioutput='raw_values')
        """
    ),
)
def test_what_may_be_either_is_neither_for_sure(value):
    made = """\
def maybe(x):
    if x:
        return 1.0
held = {'a': 1}
held.update(other)
filled = {'a': 1}
fill(filled)
changed = [1]
changed += other
args = argparse.ArgumentParser()
args.add_argument('--n', type=int)
args = args.parse_args()
def log(given: float = None):
    pass
"""
    after, _ = rewritten(f"{HEAD}{made}run.log('v', {value})\n", "t.py")
    assert after.endswith(f"log_value('v', {value})\n")


def test_texts_of_a_loop_are_tags_that_do_not_overwrite_one_another():
    code = "for word in ['a', 'b']:\n    run.log('word', word)"
    assert (
        becomes(code)
        == "for step, word in enumerate(['a', 'b']):\n    mlflow.set_tag(f\"word.{step}\", word)"
    )


@pytest.mark.parametrize("call", ["run.upload_file('a', f)", "run.upload_file('a', path_or_stream=f)"])
def test_a_stream_that_has_a_name_stays(call):
    code = f"with open('x', 'rb') as f:\n    {call}\n"
    assert rewritten(HEAD + code, "t.py")[0] == HEAD + code


def test_a_grid_of_seaborn_gives_its_figure():
    assert becomes("g = sns.pairplot(x)\nrun.log_image('a', plot=g)").endswith(
        'mlflow.log_figure(g.fig, "a.png")'
    )


@given(st.text())
def test_names_are_ones_that_mlflow_takes_in_the_module_as_here(name):
    space: dict = {"re": re}
    [function] = Helpers("log", "valid_name").used_in("valid_name(x)", imports=False)
    exec(function, space)
    assert space["valid_name"](name) == valid(name)
    assert is_valid(valid(name))
    assert not is_valid(name) or valid(name) == name


def test_arguments_that_are_texts_are_tags():
    code = """import argparse, numpy as np
parser = argparse.ArgumentParser()
parser.add_argument('--kernel', default='linear')
parser.add_argument('-p', '--the-penalty', type=float, default=0.1)
args = parser.parse_args()
run.log('k', args.kernel)
run.log('p', args.the_penalty)
run.log('s', np.str(x))
"""
    assert becomes(code).splitlines()[-3:] == [
        "mlflow.set_tag('k', args.kernel)",
        "mlflow.log_metric('p', args.the_penalty)",
        "mlflow.set_tag('s', np.str(x))",
    ]


def test_texts_however_they_are_made_are_tags():
    code = """kind = 'linear'
run.log('a', kind)
run.log('b', 'x %s' % n)
run.log('c', '{}'.format(n))
run.log('d', 'n ' + str(n))
run.log('e', time.strftime('%H'))
run.log('f', 1 if n else 2)
"""
    assert [line.split("(")[0] for line in becomes(code).splitlines()[1:]] == ["mlflow.set_tag"] * 5 + [
        "mlflow.log_metric"
    ]
