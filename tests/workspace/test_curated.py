"""The curated environments of Azure ML that code of some year names: each is here, or is refused with the reason."""

import pytest
from packaging.requirements import Requirement

from tests.workspace.client import Answer, Workspace

KINDS = ("CPU", "GPU")
HERE = [
    "AzureML-Minimal",
    "AzureML-Tutorial",
    "AzureML-Scikit-learn-0.20.3",
    *(f"AzureML-PyTorch-1.{n}-{kind}" for n in range(7) for kind in KINDS),
    *(
        f"AzureML-TensorFlow-{n}-{kind}"
        for n in ("1.10", "1.12", "1.13", "2.0", "2.1", "2.2", "2.3")
        for kind in KINDS
    ),
    *(f"AzureML-Dask-{kind}" for kind in KINDS),
]
REFUSED = {
    "AzureML-AutoML": "automated ML",
    "AzureML-AutoML-DNN-Vision-GPU": "automated ML",
    "AzureML-Hyperdrive-ForecastDNN": "automated ML",
    "AzureML-Designer-PyTorch-Train": "designer",
    "AzureML-PySpark-MmlSpark-0.15": "Spark",
    "AzureML-VowpalWabbit-8.8.0": "vw",
    "AzureML-Chainer-5.1.0-GPU": "setuptools",
    "AzureML-Triton": "its image",
    "AzureML-DeepSpeed-0.3-GPU": "GPUs",
    "AzureML-Sidecar": "service's own",
}


def asked(workspace: Workspace, name: str) -> Answer:
    return workspace.get("/environment/v1.0{S}/environments/" + name)


@pytest.mark.parametrize("name", HERE)
def test_it_has_the_packages_of_its_name(workspace: Workspace, name: str):
    answer = asked(workspace, name)
    assert answer.status == 200, answer.body
    dependencies = answer.json()["python"]["condaDependencies"]["dependencies"]
    (lines,) = [one["pip"] for one in dependencies if isinstance(one, dict)]
    old = {"python_version": dependencies[0].removeprefix("python=")}
    wanted = {
        requirement.name: str(requirement.specifier)
        for requirement in map(Requirement, lines)
        if requirement.marker is None or requirement.marker.evaluate(old)
    }
    assert "azureml-core" in wanted
    framework, _, version = name.removeprefix("AzureML-").partition("-")
    package = {"PyTorch": "torch", "TensorFlow": "tensorflow", "Scikit": "scikit-learn"}
    if framework in package:
        version = version.removeprefix("learn-").partition("-")[0]
        assert wanted[package[framework]].removeprefix("==").removesuffix(".*") == version


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_what_is_more_than_packages_is_refused_with_the_reason(workspace: Workspace, name: str, reason: str):
    for written in (name, name.lower()):
        answer = asked(workspace, written)
        assert answer.status == 501
        assert f"The curated environment {written} cannot be built here: " in answer.message
        assert reason in answer.message


@pytest.mark.parametrize("name", ["AzureML-Nothing", "designer", "automl-mine"])
def test_any_other_name_is_not_found(workspace: Workspace, name: str):
    assert asked(workspace, name).status == 404
