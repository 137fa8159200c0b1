"""What the calls of a run become, and what stays."""

import pytest

from scaffold.migration.training import NotParsedError, rewritten

HEAD = "from azureml.core import Run\n\nrun = Run.get_context()\n"
NEW_HEAD = "import mlflow\n\nrun = mlflow.active_run() or mlflow.start_run()\n"
KEPT_HEAD = "import mlflow\nfrom azureml.core import Run\n\nrun = Run.get_context()\n"


def becomes(code: str) -> str:
    """What a line behind the usual head becomes."""
    after, _ = rewritten(HEAD + code + "\n", "train.py")
    compile(after, "train.py", "exec")
    assert after.startswith(NEW_HEAD), after
    return after.removeprefix(NEW_HEAD).rstrip("\n")


def notes(code: str) -> list[str]:
    return [f"{note.kind} {note.line}: {note.what}" for note in rewritten(HEAD + code, "train.py")[1]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("run.log('loss', 0.5)", "mlflow.log_metric('loss', 0.5)"),
        ("run.log(name='loss', value=0.5, step=3)  # why", "mlflow.log_metric('loss', 0.5, step=3)  # why"),
        ("run.log('loss', len(x), 'described')", "mlflow.log_metric('loss', len(x))"),
        ("run.log('kind', 'a text')", "mlflow.set_tag('kind', 'a text')"),
        ("run.log('kind', f'{x}')", "mlflow.set_tag('kind', f'{x}')"),
        ("run.log('R(%)', 1)", 'mlflow.log_metric("R___", 1)'),
        ("run.log_row('xy', x=1, y=2)", 'mlflow.log_metrics({"xy.x": 1, "xy.y": 2})'),
        (
            "run.log_row('xy', **{'a': 1})",
            "mlflow.log_metrics({f\"xy.{column}\": value for column, value in {'a': 1}.items()})",
        ),
        ("run.log_row(f'{len(x)}', x=1)", "mlflow.log_metrics({f'{len(x)}' + \".x\": 1})"),
        (
            "run.log_list('l', [1, 2])",
            "for _step, _value in enumerate([1, 2]):\n    mlflow.log_metric('l', _value, step=_step)",
        ),
        (
            "run.log_table('t', {'a': [1]})",
            "for _column, _values in {'a': [1]}.items():\n"
            "    for _step, _value in enumerate(_values):\n"
            '        mlflow.log_metric(f"t.{_column}", _value, step=_step)',
        ),
        ("run.log_image('a', path='a.png')", "mlflow.log_artifact('a.png')"),
        ("run.log_image('a', plot=figure)", 'mlflow.log_figure(figure, "a.png")'),
        ("run.log_confusion_matrix('m', value)", 'mlflow.log_dict(value, "m.json")'),
        ("run.log_residuals('m', '{}')", "mlflow.log_text('{}', \"m.json\")"),
        ("run.flush()", "pass"),
        ("run.log('a:b/', 1)", 'mlflow.log_metric("a_b", 1)'),
        ("run.tag('why?', x)", 'mlflow.set_tag("why_", x)'),
        ("run.upload_file('./outputs//m.pkl', 'm.pkl')", "mlflow.log_artifact('m.pkl', \"outputs\")"),
        ("run.upload_folder('models/', './m')", "mlflow.log_artifacts('./m', \"models\")"),
        ("run.upload_folder('.', './m')", "mlflow.log_artifacts('./m')"),
        ("run.upload_file('outputs/m.pkl', 'm.pkl')", "mlflow.log_artifact('m.pkl', \"outputs\")"),
        ("run.upload_file(name='m.pkl', path_or_stream=path)", "mlflow.log_artifact(path)"),
        ("run.upload_folder('models', './m')", "mlflow.log_artifacts('./m', 'models')"),
        ("run.tag('a', 'b')", "mlflow.set_tag('a', 'b')"),
        ("run.tag('a')", "mlflow.set_tag('a', \"\")"),
        ("run.set_tags({'a': 'b'})", "mlflow.set_tags({'a': 'b'})"),
        ("print(run.get_metrics())", "print(mlflow.get_run(run.info.run_id).data.metrics)"),
        (
            "print(run.get_tags(), run.id)",
            "print(mlflow.get_run(run.info.run_id).data.tags, run.info.run_id)",
        ),
        ("run.complete()", "mlflow.end_run()"),
        ("run.fail()", 'mlflow.end_run("FAILED")'),
        ("run.fail('why')", 'mlflow.set_tag("error", \'why\')\nmlflow.end_run("FAILED")'),
        ("run.cancel()", 'mlflow.end_run("KILLED")'),
        (
            "model = run.register_model('m', 'outputs/m.pkl', tags={'a': 1})",
            "model = mlflow.register_model(f\"runs:/{run.info.run_id}/outputs/m.pkl\", 'm', tags={'a': 1})",
        ),
    ],
)
def test_calls(before, after):
    assert becomes(before) == after


def test_pyplot_gives_its_figure():
    code = "import matplotlib.pyplot as plt\nrun.log_image('a', plot=plt)"
    assert becomes(code).endswith('mlflow.log_figure(plt.gcf(), "a.png")')


def test_names_that_are_computed_keep_their_folder():
    after, _ = rewritten(HEAD + "run.upload_file(name, path)\n", "t.py")
    assert after.startswith("import posixpath\nimport mlflow\n")
    folder = 'posixpath.dirname(posixpath.normpath(name)).strip("/") or None'
    assert after.endswith(f"mlflow.log_artifact(path, {folder})\n")


# Steps


@pytest.mark.parametrize(
    ("loop", "step"),
    [
        ("for i in range(3):", ", step=i"),
        ("for i, x in enumerate(xs):", ", step=i"),
        ("for i in tqdm(range(3)):", ", step=i"),
        ("for i in tqdm.trange(3):", ", step=i"),
        ("for _ in range(3):\n    print(_)", ", step=_"),
        ("for x in xs:\n  pass\nelse:", ""),
        ("while True:", ""),
        ("for j in ys:\n  for i in range(3):", ""),
        ("def on_epoch_end(self, epoch, logs):", ", step=epoch"),
    ],
)
def test_what_counts_a_loop_is_the_step(loop, step):
    body = f"{loop}\n    run.log('a', 1)"
    assert becomes(body) == f"{loop}\n    mlflow.log_metric('a', 1{step})"
    told = notes(body)
    assert bool(told) == (not step and "else" not in loop)
    assert all("all its values get step 0" in note for note in told)


@pytest.mark.parametrize(
    ("loop", "after"),
    [
        ("for x in xs:", "for step, x in enumerate(xs):"),
        ("for x, a in pairs():", "for step, (x, a) in enumerate(pairs()):"),
        ("for x in 1, 2:", "for step, x in enumerate((1, 2)):"),
        ("step = 0\nfor x in xs:", "step = 0\nfor _step, x in enumerate(xs):"),
        ("for _ in range(x):", "for step in range(x):"),
        ("for _ in range(x):\n    a, _ = x", "for step in range(x):\n    a, _ = x"),
        ("for _ in tqdm(range(x)):", "for step in tqdm(range(x)):"),
        ("for _, x in enumerate(xs):", "for step, x in enumerate(xs):"),
    ],
)
def test_a_loop_without_a_count_gets_one(loop, after):
    step = "_step" if "_step" in after else "step"
    body = f"{loop}\n    run.log('a', 1)\n    run.log_row('r', x=1)"
    logged = (
        f"    mlflow.log_metric('a', 1, step={step})\n    mlflow.log_metrics({{\"r.x\": 1}}, step={step})"
    )
    assert becomes(body).endswith(f"{after}\n{logged}")


@pytest.mark.parametrize(
    ("loop", "call"),
    [
        ("for k, v in {'a': 1}.items():", "run.log('Label ' + k, v)"),
        ("for i in range(3):", "run.log(f'score {i}', 1)"),
    ],
)
def test_a_name_for_each_round_of_a_loop_needs_no_step(loop, call):
    body = f"{loop}\n    {call}"
    assert becomes(body) == body.replace("run.log", "mlflow.log_metric")
    assert notes(body) == []


def test_images_of_a_loop_do_not_overwrite_one_another():
    assert becomes("for i in range(3):\n    run.log_image('a', plot=fig)").endswith(
        'mlflow.log_figure(fig, f"a-{i}.png")'
    )


# What the text looks like


def test_a_call_of_several_lines_stays_one_with_its_comments():
    code = "run.log(\n    'accuracy',  # the main thing\n    len(x),\n    description='left out',\n)"
    assert becomes(code) == "mlflow.log_metric(\n    'accuracy',  # the main thing\n    len(x),\n)"


def test_a_comment_behind_a_call_that_becomes_a_loop_stands_before_it():
    assert becomes("run.log_list('l', [1])  # why").startswith("# why\nfor _step, _value in enumerate([1]):")


def test_calls_within_calls_are_carried_over_both():
    code = becomes("run.log('n', len(run.get_metrics()))")
    assert code == "mlflow.log_metric('n', len(mlflow.get_run(run.info.run_id).data.metrics))"


def test_offline_branches_are_told():
    assert "MLflow knows no offline run" in notes("if run.id.startswith('OfflineRun'):\n    pass\n")[0]


# Where the run is


@pytest.mark.parametrize(
    "head",
    [
        "from azureml.core.run import Run\nrun = Run.get_context(allow_offline=False)\n",
        "from azureml.core import Run as Run_\nrun = Run_.get_context()\n",
        "import azureml.core\nrun = azureml.core.Run.get_context()\n",
        "import azureml.core as aml\nrun = aml.Run.get_context()\n",
        "from azureml import core\nrun = core.Run.get_context()\n",
        "from azureml.core import *\nrun = Run.get_context()\n",
        "from azureml.core import Run; run = Run.get_context()\n",
        "import os; from azureml.core import Run\nrun = Run.get_context()\n",
        "from azureml.core import Run\nrun: Run = Run.get_context()\n",
        "from azureml.core import Run\nif (run := Run.get_context()):\n    pass\n",
        "from azureml.core import Run\nwith Run.get_context() as run:\n    pass\n",
        "from azureml.core import Run\ndef get():\n    return Run.get_context()\nrun = get()\n",
        "from azureml.core import Run\nfirst = Run.get_context()\nrun = first\n",
        "from azureml.core import Run\ntry:\n    run = Run.get_context()\nexcept Exception:\n    run = None\n",
        "from azureml.core import Run\nrun = None\ndef f():\n    global run\n    run = Run.get_context()\n",
        "import azureml.core.run as r\nrun = r.Run.get_context()\n",
    ],
)
def test_however_it_is_imported(head):
    after, left = rewritten(head + "run.log('a', 1)\n", "t.py")
    compile(after, "t.py", "exec")
    assert "mlflow.log_metric('a', 1)" in after
    assert after.count("import mlflow\n") == 1
    assert "get_context" not in after
    assert left == []


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ("class T:\n    run = Run.get_context()\n    def f(self):\n        self.run.log('a', 1)\n", ""),
        ("class T:\n    run = Run.get_context()\nT.run.log('a', 1)\n", ""),
        ("class T:\n    def __init__(s, r):\n        s.r = r\n    def f(s):\n        s.r.log('a', 1)\n", "T"),
        ("class T:\n    def fit(self, r):\n        r.log('a', 1)\n", "T().fit"),
        ("def f(x, *, r):\n    r.log('a', 1)\n", "f(1, r="),
        ("def f(r: Run):\n    r.log('a', 1)\n", ""),
        ("def f(r: Run | None = None):\n    r.log('a', 1)\n", ""),
        ("def f(r=None):\n    r = r or Run.get_context()\n    r.log('a', 1)\n", ""),
    ],
)
def test_where_the_run_is_given_for_a_parameter_or_held_by_a_class(body, call):
    if call:
        body += f"{call}{'' if '(1' in call else '('}Run.get_context())\n"
    after, left = rewritten("from azureml.core import Run\n" + body, "t.py")
    compile(after, "t.py", "exec")
    assert "mlflow.log_metric('a', 1)" in after
    assert "Run.get" not in after
    assert "import Run" not in after
    assert left == []


def test_an_import_within_functions_stays_there():
    function = "def {}():\n    from azureml.core import Run\n    Run.get_context().log('a', 1)\n"
    after, _ = rewritten(function.format("f") + function.format("g"), "t.py")
    assert after == "".join(
        f"def {name}():\n    import mlflow\n    mlflow.log_metric('a', 1)\n" for name in "fg"
    )


def test_attributes_parameters_and_the_call_itself():
    code = """\
class T:
    def __init__(self):
        self.run = Run.get_context()
    def end(self):
        self.run.log('a', 1)
def f(r):
    r.log('b', 2)
f(Run.get_context())
Run.get_context().log('c', 3)
"""
    after, left = rewritten("from azureml.core import Run\n" + code, "t.py")
    assert after.count("mlflow.log_metric(") == 3
    assert left == []


def test_other_imports_of_the_same_line_stay():
    after, _ = rewritten("from azureml.core import Run, Dataset\nRun.get_context().log('a', 1)\n", "t.py")
    assert after == "import mlflow\nfrom azureml.core import Dataset\nmlflow.log_metric('a', 1)\n"


def test_an_import_of_several_lines_keeps_them():
    text = "from azureml.core import (\n    Dataset,  # data\n    Run,\n)\nRun.get_context().log('a', 1)\n"
    after, _ = rewritten(text, "t.py")
    assert after.startswith("import mlflow\nfrom azureml.core import (\n    Dataset,  # data\n)\n")


def test_mlflow_is_imported_once():
    after, _ = rewritten("import mlflow\n" + HEAD, "t.py")
    assert after.count("import mlflow") == 1


def test_what_has_no_run_stays_as_it_is():
    for text in ("import azureml.core\nprint(azureml.core.VERSION)\n", "run = make()\nrun.log('a', 1)\n", ""):
        assert rewritten(text, "t.py") == (text, [])


# What stays


@pytest.mark.parametrize(
    "code",
    [
        "data = run.input_datasets['x']",
        "ws = run.experiment.workspace",
        "child = run.child_run(name='c')",
        "x = run.log_list('l', [1])",
        "run.log(*both)",
        "run.upload_file('a', 'b', datastore_name='d')",
        "run.upload_file('a', open('b'))",
        "run.log_list('l', ['a', 'b'])",
        "run.log_row('r', kind='a', x=1)",
        "run.log_table('t', {'kind': ['a'], 'x': [1]})",
    ],
)
def test_what_mlflow_has_not_stays_with_the_run_that_it_needs(code):
    after, told = rewritten(HEAD + "run.log('a', 1)\n" + code + "\nprint(run.id)\n", "train.py")
    assert after == KEPT_HEAD + "mlflow.log_metric('a', 1)\n" + code + "\nprint(run.id)\n"
    assert [(note.kind, note.line) for note in told] == [("left", 5)]


@pytest.mark.parametrize(
    "code",
    [
        "trainer(run)",
        "held = {'run': run}",
        "both = [run, 1]",
        "getattr(run, 'log')('b', 2)",
        "print(isinstance(run, Logger))",
        "log = run.log",
        "def get():\n    yield run",
    ],
)
def test_a_run_that_goes_elsewhere_stays_what_it_is(code):
    after, told = rewritten(HEAD + "run.log('a', 1)\n" + code + "\n", "train.py")
    assert after == KEPT_HEAD + "mlflow.log_metric('a', 1)\n" + code + "\n"
    assert [(note.kind, note.line) for note in told] == [("left", 5 + code.count("\n"))]


def test_parameters_of_the_command_line_may_be_texts():
    code = "for key, value in vars(args).items():\n    run.log(key, value)"
    assert rewritten(HEAD + code, "t.py")[0] == HEAD + code
    assert notes(code) == ["left 5: run.log stays a call of SDK v1"]


def test_the_class_run_stays_imported_where_it_is_used_for_something_else():
    after, [told] = rewritten(HEAD + "run.log('a', 1)\nother = Run(experiment, 'id')\n", "t.py")
    assert after.startswith("import mlflow\nfrom azureml.core import Run\n\nrun = mlflow.active_run()")
    assert (told.kind, told.line) == ("left", 5)


@pytest.mark.parametrize(
    "code",
    [
        "run = other()\n",
        "with mlflow.start_run():\n    pass\n",
        "[f for run in runs]\n",
        "with other() as run:\n    pass\n",
    ],
)
def test_a_file_that_means_two_things_by_a_run_is_left_alone(code):
    text = "import mlflow\n" + HEAD + code
    after, [note] = rewritten(text, "train.py")
    assert after == text
    assert (note.kind, note.line) == ("left", 5)


def test_a_function_that_is_given_other_runs_too_is_left_alone():
    code = "def f(r):\n    r.log('a', 1)\nf(run)\nf(run.child_run())\n"
    after, [note] = rewritten(HEAD + code, "train.py")
    assert after == HEAD + code
    assert (note.kind, note.line) == ("left", 7)


def test_notes_say_what_is_different():
    assert notes("run.log_row('xy', x=1)\n") == [
        "changed 4: log_row: MLflow has no tables: each column is a metric now, named xy.COLUMN"
    ]


def test_what_is_not_python_is_said():
    with pytest.raises(NotParsedError):
        rewritten("from azureml.core import Run\nx = = 1\n", "t.py")
