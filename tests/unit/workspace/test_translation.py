"""Conda packages said as PyPI requirements, for when no channel can be reached."""

import pytest
from packaging.requirements import Requirement

from scaffold.workspace.engine.specification import Conda, Specification, SpecificationError
from scaffold.workspace.engine.translation import to_pip


def translated(*packages: str) -> Specification:
    return to_pip(Specification("e", None, (), conda=Conda((), packages)))


@pytest.mark.parametrize(
    ("dependency", "requirement"),
    [
        ("numpy", "numpy"),
        ("numpy=1.2", "numpy==1.2.*"),
        ("numpy =1.2", "numpy==1.2.*"),
        ("numpy=1.2.*", "numpy==1.2.*"),
        ("numpy=1.2*", "numpy==1.2.*"),
        ("numpy=*", "numpy"),
        ("numpy *", "numpy"),
        ("numpy==1.2", "numpy==1.2"),
        ("numpy==1.2=py36_0", "numpy==1.2"),
        ("numpy=1.2=py36_0", "numpy==1.2"),
        ("numpy 1.2 py36_0", "numpy==1.2"),
        ("numpy=1.19.*=py38*", "numpy==1.19.*"),
        ("numpy>=1,<2", "numpy>=1,<2"),
        ("numpy >=1, <2", "numpy>=1,<2"),
        ("numpy>=1.2.*", "numpy>=1.2"),
        ("numpy!=1.5", "numpy!=1.5"),
        ("numpy~=1.5", "numpy~=1.5"),
        ("numpy=0.22.*,!=0.22.1", "numpy==0.22.*,!=0.22.1"),
        ("conda-forge::numpy=1.2", "numpy==1.2.*"),
        ("conda-forge/linux-64::numpy", "numpy"),
        ("NumPy=1.2", "numpy==1.2.*"),
        ("ruamel.yaml=0.17", "ruamel.yaml==0.17.*"),
        ("numpy[version='>=1.2']", "numpy>=1.2"),
    ],
)
def test_a_conda_package_becomes_the_requirement_that_means_the_same(dependency: str, requirement: str):
    (line,) = translated(dependency).requirements

    assert Requirement(line) == Requirement(requirement)


@pytest.mark.parametrize("dependency", ["numpy=1.2|1.3", "numpy>=1.2|<1", "numpy="])
def test_a_conda_version_that_pip_cannot_say_is_refused_or_loosened_but_never_sent_on(dependency: str):
    try:
        lines = translated(dependency).requirements
    except SpecificationError:
        return
    for line in lines:
        assert Requirement(line).name == "numpy"


@pytest.mark.parametrize(
    ("conda", "pypi"),
    [
        ("pytorch", "torch"),
        ("pytorch-cpu", "torch"),
        ("py-xgboost", "xgboost"),
        ("opencv", "opencv-python-headless"),
        ("matplotlib-base", "matplotlib"),
        ("pytables", "tables"),
        ("python-graphviz", "graphviz"),
    ],
)
def test_a_package_of_another_name_on_pypi_is_translated_and_said(conda: str, pypi: str):
    specification = translated(f"{conda}=1.2")

    assert specification.requirements == (f"{pypi}==1.2.*",)
    assert specification.kind == "conda-as-pip"
    assert specification.translated == (f"{conda}=1.2: {pypi}==1.2.* from PyPI",)


@pytest.mark.parametrize(
    "dependency",
    [
        "cudatoolkit=11.3",
        "libgcc-ng=9.1",
        "_libgcc_mutex=0.1",
        "openmpi",
        "gcc_linux-64",
        "r-base",
        "blas=*=openblas",
    ],
)
def test_what_is_no_python_package_is_left_out_and_said(dependency: str):
    specification = translated(dependency)

    assert specification.requirements == ()
    assert specification.translated == (f"{dependency}: left out, it is not a Python package",)


@pytest.mark.parametrize("dependency", ["librosa", "libcst", "libsass", "libtmux"])
def test_a_python_package_whose_name_begins_like_a_library_is_kept(dependency: str):
    assert translated(dependency).requirements == (dependency,)


def test_the_requirements_of_the_pip_section_come_before_those_of_conda():
    specification = to_pip(
        Specification("e", "3.9", ("azureml-defaults",), conda=Conda((), ("python=3.9", "pip=21.1", "numpy")))
    )

    assert specification.requirements == ("pip==21.1.*", "azureml-defaults", "numpy")
    assert (specification.python, specification.conda) == ("3.9", None)


def test_an_environment_of_pip_packages_needs_no_translation():
    specification = Specification("e", "3.9", ("numpy",))

    assert to_pip(specification) is specification
