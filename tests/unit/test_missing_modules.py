"""Which module is missing, and which package brings it, out of the exception of an import."""

import runpy
from pathlib import Path

import pytest

from scaffold.submission.child.errors import record_of
from scaffold.submission.faults import Place, explain
from tests.conftest import write_tree


def told(folder: Path, script: str, **files: str) -> tuple[str, str]:
    """The two lines about a script that fails."""
    write_tree(folder, {"submit.py": script, **files})
    path = folder / "submit.py"
    with pytest.raises(ImportError) as caught:
        runpy.run_path(str(path), run_name="__main__")
    error = explain(record_of(caught.value, str(path)), 1, Place(path, None))
    return error.message, error.hint


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("azureml.widgets", "azureml-widgets"),
        ("azureml.train.hyperdrive", "azureml-train-core"),
        ("azureml.train.automl", "azureml-train-automl-client"),
        ("azureml.pipeline.steps", "azureml-pipeline"),
        ("azureml.automl.runtime.featurizer", "azureml-automl-runtime"),
        ("azureml.dataprep", "azureml-dataset-runtime"),
        ("azureml.opendatasets", "azureml-opendatasets"),
        ("azureml.interpret", "azureml-interpret"),
        ("azureml.contrib.fairness", "azureml-contrib-fairness"),
        ("sklearn.svm", "scikit-learn"),
        ("distutils_of_old.core", None),
    ],
)
def test_a_module_is_told_with_its_package(tmp_path: Path, module: str, distribution: str | None):
    script = f"raise ModuleNotFoundError(\"No module named '{module}'\", name='{module}')\n"

    message, hint = told(tmp_path, script)

    assert f"submit.py:1: there is no module {module}" in message
    if distribution is not None:
        assert f"{distribution} is not installed beside scaffold." in message
        assert hint.endswith(f"pip install {distribution}")


def test_an_import_that_nothing_fulfils_is_not_said_to_be_azureml_core(tmp_path: Path):
    message, hint = told(tmp_path, "import azureml.core.nothing_of_that_name\n")

    assert "azureml-core" in message
    assert "is installed, and has no such module" in message
    assert hint.startswith("Mend the name")


def test_a_module_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(tmp_path)

    message, hint = told(tmp_path, "import helprs\n", **{"helpers.py": ""})
    assert message.startswith("submit.py:1: there is no module helprs: it is neither beside the script")
    assert hint == "Mend the name: there is helpers."

    message, hint = told(tmp_path, "import mine.gone\n", **{"mine/__init__.py": ""})
    assert hint == "Mend the name: the folder mine has no such module."


def test_who_misses_a_module_may_say_it_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(tmp_path)
    wrapped = (
        "try:\n    import azureml.widgets\nexcept ImportError as error:\n"
        "    raise ImportError('notebooks need more') from error\n"
    )

    message, hint = told(tmp_path, "x = 1\nimport between_them\n", **{"between_them.py": wrapped})

    assert message == (
        "submit.py:2: notebooks need more (there is no module azureml.widgets): "
        "azureml-widgets is not installed beside scaffold."
    )
    assert hint.endswith("pip install azureml-widgets")


def test_an_import_that_was_tried_before_is_not_the_reason(tmp_path: Path):
    tried = "try:\n    import cupy_of_nobody\nexcept ImportError:\n    import azureml.widgets\n"

    assert "there is no module azureml.widgets" in told(tmp_path, tried)[0]


def test_a_file_that_hides_a_package_is_named(tmp_path: Path):
    script = "raise ModuleNotFoundError('no', name='azureml.core')\n"

    message, hint = told(tmp_path, script, **{"azureml.py": ""})

    assert message.endswith("because azureml.py hides the package of that name.")
    assert hint == "Give azureml.py another name."
