"""The environment section of a run configuration, read into what has to be built."""

from typing import Any

import pytest
from packaging.requirements import Requirement

from scaffold.workspace.engine.specification import Specification, SpecificationError, read_environment


def section(*dependencies: Any, name: str = "e") -> dict[str, Any]:
    """The section as the SDK sends it for a conda or pip specification."""
    return {
        "name": name,
        "python": {"condaDependencies": {"name": "azureml", "dependencies": [*dependencies]}},
    }


def read(*dependencies: Any) -> Specification:
    return read_environment(section(*dependencies))


def test_a_pip_specification_keeps_its_lines_as_they_are_and_in_order():
    specification = read(
        "python=3.8.13", {"pip": ["numpy==1.26.4", "--pre", "pandas ; python_version < '4'"]}
    )

    assert specification.requirements == ("numpy==1.26.4", "--pre", "pandas ; python_version < '4'")
    assert specification.python == "3.8.13"
    assert (specification.kind, specification.translated) == ("pip", ())


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
    (line,) = read(dependency).requirements

    assert Requirement(line) == Requirement(requirement)


@pytest.mark.parametrize("dependency", ["numpy=1.2|1.3", "numpy>=1.2|<1", "numpy="])
def test_a_conda_version_that_pip_cannot_say_is_refused_or_loosened_but_never_sent_on(dependency: str):
    try:
        lines = read(dependency).requirements
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
    specification = read(f"{conda}=1.2")

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
    specification = read(dependency)

    assert specification.requirements == ()
    assert specification.translated == (f"{dependency}: left out, it is not a Python package",)


@pytest.mark.parametrize("dependency", ["librosa", "libcst", "libsass", "libtmux"])
def test_a_python_package_whose_name_begins_like_a_library_is_kept(dependency: str):
    assert read(dependency).requirements == (dependency,)


@pytest.mark.parametrize(
    ("dependency", "version"),
    [
        ("python", None),
        ("python=3.8.13", "3.8.13"),
        ("python==3.8.13", "3.8.13"),
        ("python==3.8.13=h1234", "3.8.13"),
        ("python=3.8", "3.8"),
        ("python=3.8.*", "3.8"),
        ("python=3.8*", "3.8"),
        ("python 3.8", "3.8"),
        ("python=3", "3"),
        ("python>=3.8,<3.9", "3.8"),
        ("conda-forge::python=3.10", "3.10"),
    ],
)
def test_the_python_version_is_read_off_every_form(dependency: str, version: str | None):
    specification = read(dependency, {"pip": ["numpy"]})

    assert specification.python == version
    assert specification.requirements == ("numpy",)
    assert specification.kind == "pip"


@pytest.mark.parametrize(
    ("dependency", "excluded"),
    [("python<3.9", "3.9"), ("python<3.9,>=3.7", "3.9"), ("python!=3.7.4,>=3.7", "3.7.4")],
)
def test_a_python_version_that_is_excluded_is_not_the_one_asked_for(dependency: str, excluded: str):
    assert read(dependency).python != excluded


def test_pip_itself_is_no_requirement_unless_its_version_is_said():
    assert read("pip").requirements == ()
    assert read("pip=21.1").requirements == ("pip==21.1.*",)


def test_conda_and_pip_parts_are_both_installed():
    specification = read("python=3.9", "pip", "scikit-learn=1.0", {"pip": ["azureml-defaults"]})

    assert specification.requirements == ("scikit-learn==1.0.*", "azureml-defaults")
    assert specification.kind == "conda-as-pip"


def test_the_index_that_the_sdk_adds_by_itself_is_where_packages_come_from_anyhow():
    options = [
        "--find-links https://pypi.python.org/simple/index.html",
        "--extra-index-url https://pypi.python.org/simple",
        "--extra-index-url https://example.org/simple",
    ]

    assert read({"pip": [*options, "six"]}).requirements == (options[2], "six")


@pytest.mark.parametrize("dependency", ["", "   ", "=1.2", ">=3", "::numpy"])
def test_a_dependency_without_a_name_is_refused(dependency: str):
    with pytest.raises(SpecificationError, match="has no name"):
        read(dependency)


@pytest.mark.parametrize(
    "wrong",
    [
        {"python": {"condaDependencies": ["numpy"]}},
        {"python": {"condaDependencies": {"dependencies": "numpy"}}},
        {"python": {"condaDependencies": {"dependencies": [{"pip": "numpy"}]}}},
        {"python": {"condaDependencies": {"dependencies": [{"pip": 3}]}}},
        {"python": ["numpy"]},
        {"python": {}, "environmentVariables": ["A"]},
    ],
    ids=str,
)
def test_a_section_of_another_shape_is_refused(wrong: dict[str, Any]):
    with pytest.raises(SpecificationError):
        read_environment(wrong)


@pytest.mark.parametrize("empty", [{}, {"python": None}, {"python": {"condaDependencies": None}}], ids=str)
def test_an_empty_section_is_an_environment_of_any_python_without_packages(empty: dict[str, Any]):
    specification = read_environment(empty)

    assert specification == Specification("environment", None, ())


@pytest.mark.parametrize("given", ["python", "/opt/python/bin/python3.9", None])
def test_a_user_managed_environment_names_its_interpreter_and_needs_nothing_built(given: str | None):
    specification = read_environment(
        {
            "name": "mine",
            "environmentVariables": {"A": 1},
            "python": {
                "userManagedDependencies": True,
                "interpreterPath": given,
                "condaDependencies": {"dependencies": ["numpy"]},
            },
        }
    )

    assert specification.interpreter == (given or "python")
    assert (specification.kind, specification.requirements) == ("user-managed", ())
    assert (specification.name, specification.variables) == ("mine", {"A": "1"})


def test_equal_environments_have_one_key_whatever_they_are_called():
    one = read_environment(section("python=3.9", {"pip": ["numpy"]}, name="one"))
    two = read_environment(
        section("python=3.9", {"pip": ["numpy"]}, name="two") | {"environmentVariables": {"A": "1"}}
    )

    assert one.key("salt") == two.key("salt")


@pytest.mark.parametrize(
    "other",
    [
        section("python=3.8", {"pip": ["numpy"]}),
        section({"pip": ["numpy"]}),
        section("python=3.9", {"pip": ["numpy==1"]}),
        section("python=3.9"),
    ],
    ids=str,
)
def test_different_environments_have_different_keys(other: dict[str, Any]):
    this = read_environment(section("python=3.9", {"pip": ["numpy"]}))

    assert this.key("salt") != read_environment(other).key("salt")


def test_another_machine_has_another_key():
    specification = read("numpy")

    assert specification.key("1 linux x86_64") != specification.key("1 win32 AMD64")
