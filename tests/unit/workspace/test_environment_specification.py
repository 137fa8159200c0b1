"""The environment section of a run configuration, read into what has to be built."""

from typing import Any

import pytest

from scaffold.workspace.engine.specification import (
    Conda,
    Specification,
    SpecificationError,
    read_environment,
)


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


def test_a_comment_makes_no_other_environment():
    one = read("python=3.11", {"pip": ["# what it needs", "numpy==1.26.4  # not 2", "", "pandas"]}, "pip")
    other = read("python=3.11", "pip", {"pip": ["numpy==1.26.4", "pandas"]})

    assert one.key("") == other.key("")
    assert one.key("") != read("python=3.11", {"pip": ["pandas", "numpy==1.26.4"]}).key("")


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


def test_conda_and_pip_parts_are_both_read():
    specification = read("python=3.9", "pip", "scikit-learn=1.0", {"pip": ["azureml-defaults"]})

    assert specification.conda is not None
    assert specification.conda.packages == ("python=3.9", "pip", "scikit-learn=1.0")
    assert specification.requirements == ("azureml-defaults",)
    assert specification.kind == "conda"


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


@pytest.mark.parametrize(
    "image",
    [
        "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250115.v2",
        "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04",
        "mcr.microsoft.com/azureml/intelmpi2018.3-ubuntu16.04:20200423.v1",
        "mcr.microsoft.com/azureml/base:0.2.4",
        "mcr.microsoft.com/azureml/base-gpu@sha256:00",
        None,
    ],
)
def test_an_image_with_nothing_but_a_system_is_not_missed(image: str | None):
    assert read_environment(section("python") | {"docker": {"baseImage": image}}).notices == ()


@pytest.mark.parametrize(
    ("docker", "said"),
    [
        ({"baseImage": "own/image:1"}, "The Docker image own/image:1 is not used"),
        ({"baseImage": "mcr.microsoft.com/azureml/curated/sklearn"}, "curated/sklearn is not used"),
        ({"baseDockerfile": "FROM x"}, "The Dockerfile of the environment is not built"),
        ({"buildContext": {"location": "x"}}, "The Docker build context of the environment is not built"),
    ],
)
@pytest.mark.parametrize("managed", [False, True])
def test_an_image_of_the_users_own_is_said_to_have_no_effect(
    docker: dict[str, Any], said: str, managed: bool
):
    environment = section("python") | {"docker": docker}
    environment["python"]["userManagedDependencies"] = managed

    (notice,) = read_environment(environment).notices

    assert said in notice
    assert ("nor are the packages in it" in notice) == managed


def test_a_base_conda_environment_is_said_to_have_no_effect():
    environment = section("python")
    environment["python"]["baseCondaEnvironment"] = "base"

    assert "'base' is not built upon" in read_environment(environment).notices[0]


def test_an_r_section_is_refused():
    with pytest.raises(SpecificationError, match="R section"):
        read_environment(section("python") | {"r": {"rVersion": "3.6"}})


def test_conda_packages_and_a_channel_of_the_users_own_are_for_conda():
    environment = section("python=3.9", "pip", {"pip": ["six"]})
    assert read_environment(environment).conda is None

    for channel in ("https://example.org/channel", "file:///srv/channel", "/srv/channel", "~/channel"):
        environment["python"]["condaDependencies"]["channels"] = ["conda-forge", channel]
        assert read_environment(environment).conda == Conda(("conda-forge", channel), ("python=3.9", "pip"))


def test_the_channels_of_a_conda_specification_are_part_of_what_it_is():
    one, other = section("numpy"), section("numpy")
    other["python"]["condaDependencies"]["channels"] = ["conda-forge"]

    assert read_environment(one).key("salt") != read_environment(other).key("salt")


def test_variables_of_a_conda_file_come_beneath_those_of_the_environment():
    environment = section("numpy") | {"environmentVariables": {"B": "2"}}
    environment["python"]["condaDependencies"]["variables"] = {"A": 1, "B": 1}

    assert read_environment(environment).variables == {"A": "1", "B": "2"}
