"""Environments: registered ones with versions and labels, and the curated ones; ``builds`` builds them.

Source: ``azureml._restclient.environment_client`` (environment/v1.0); the shape of a definition is
``azureml.core.environment``'s.
"""

import functools
import re
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.engine.specification import Specification, SpecificationError, read_environment
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.store.definitions import Definition, VersionTakenError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,254}")
_RESERVED = ("azureml", "microsoft")
_LATEST = "latest"
_CURATED = Path(__file__).parent.parent / "curated" / "environments.json"
CURATED_SINCE = "2026-01-01T00:00:00.000000+00:00"


# Curated environments of Azure ML whose contents are more than packages, by how their names begin: the reason.
_AUTOML = "it is for automated ML, which runs in the cloud alone"
_LACKING = {
    "automl": _AUTOML,
    "hyperdrive-forecastdnn": _AUTOML,
    "designer": "it is for modules of the designer, which are not on PyPI",
    "pyspark-mmlspark": "Spark and Java are in its image",
    "vowpalwabbit": "the program vw is in its image",
    "chainer": "chainer is a source distribution that today's setuptools do not build",
    "triton": "the server is in its image",
    "deepspeed": "it builds operations for GPUs with the compilers that are in its image",
    "sidecar": "it is for the service's own containers",
}


class NewDefinition(msgspec.Struct):
    """What a client sends to register an environment; the case of the names is its own."""

    name: str | None = msgspec.field(name="Name", default=None)
    python: dict[str, Any] | None = None
    environment_variables: dict[str, str | None] | None = msgspec.field(
        name="EnvironmentVariables", default=None
    )
    docker: dict[str, Any] | None = msgspec.field(name="Docker", default=None)
    spark: dict[str, Any] | None = msgspec.field(name="Spark", default=None)
    inferencing_stack_version: str | None = msgspec.field(name="InferencingStackVersion", default=None)
    r: dict[str, Any] | None = None


class RunEnvironment(msgspec.Struct, rename="camel"):
    """The same as it stands in the configuration of a run."""

    name: str | None = None
    version: str | None = None
    python: dict[str, Any] | None = None
    environment_variables: dict[str, Any] | None = None
    docker: dict[str, Any] | None = None
    spark: dict[str, Any] | None = None
    inferencing_stack_version: str | None = None
    r: dict[str, Any] | None = None


class EnvironmentDto(Dto):
    """``Environment``, with every field that ``azureml.core.environment`` has."""

    name: str
    version: str
    asset_id: str
    environment_variables: dict[str, str | None]
    python: dict[str, Any] | None
    docker: dict[str, Any] | None
    spark: dict[str, Any] | None
    databricks: dict[str, Any] | None
    r: dict[str, Any] | None
    inferencing_stack_version: str | None


class Labels(msgspec.Struct, rename="pascal"):
    """The labels that a version is to have."""

    labels: list[str]


class _Curated(msgspec.Struct):
    version: str
    python: str
    pip: list[str]


@functools.cache
def curated() -> dict[str, Definition]:
    """The environments that come with this program, by name."""
    known = msgspec.json.decode(_CURATED.read_bytes(), type=dict[str, _Curated])
    return {
        name: Definition(name, 1, environment.version, CURATED_SINCE, _content(environment))
        for name, environment in known.items()
    }


def curated_named(name: str) -> Definition | None:
    """The curated environment of that name, however it is capitalised: people write it both ways."""
    return next((known for key, known in curated().items() if key.lower() == name.lower()), None)


def absent(name: str, otherwise: str, *, of_registry: bool = False) -> faults.Fault:
    """The refusal of a name that nothing has here; of a curated environment of Azure ML, with the reason.

    Args:
        name: as it was asked for.
        otherwise: what was not found, where the name is none of those.
        of_registry: True where names are those of Azure ML's registry, without ``AzureML-`` before them.
    """
    short = name.lower().removeprefix("azureml-")
    reason = next((why for start, why in _LACKING.items() if short.startswith(start)), None)
    if reason is None or (short == name.lower() and not of_registry):
        return faults.not_found(otherwise)
    return faults.Fault(
        501,
        "NotImplemented",
        f"The curated environment {name} cannot be built here: {reason}. Describe the packages that your script "
        "imports in an environment of your own.",
        "OperationNotSupported",
    )


def is_curated_version(version: str | None) -> bool:
    """True for what people write as the version of a curated environment, whose one version here stands for all."""
    return version is None or (version.isdecimal() and len(version) < 5)


def _content(environment: _Curated) -> dict[str, Any]:
    """A curated environment as the SDK writes it, so that one that comes back unchanged is known to be."""
    return {
        "environmentVariables": {},
        "python": {
            "userManagedDependencies": False,
            "interpreterPath": "python",
            "condaDependenciesFile": None,
            "baseCondaEnvironment": None,
            "condaDependencies": {
                "name": "project_environment",
                "dependencies": [f"python={environment.python}", {"pip": environment.pip}],
                "channels": ["conda-forge"],
            },
        },
        "docker": {
            "enabled": False,
            "baseImage": None,
            "baseDockerfile": None,
            "buildContext": None,
            "sharedVolumes": True,
            "shmSize": "2g",
            "arguments": [],
            "baseImageRegistry": {
                "address": None,
                "username": None,
                "password": None,
                "registryIdentity": None,
            },
            "platform": {"os": "Linux", "architecture": "amd64"},
        },
        "spark": {"repositories": [], "packages": [], "precachePackages": True},
        "r": None,
        "inferencingStackVersion": None,
    }


def _dto(context: Context, definition: Definition) -> EnvironmentDto:
    content = definition.content
    return EnvironmentDto(
        name=definition.name,
        version=definition.version,
        asset_id=(
            f"azureml://locations/local/workspaces/{context.store.workspace_id}"
            f"/environments/{definition.name}/versions/{definition.version}"
        ),
        environment_variables=content["environmentVariables"],
        python=content["python"],
        docker=content["docker"],
        spark=content["spark"],
        databricks=None,
        r=content["r"],
        inferencing_stack_version=content["inferencingStackVersion"],
    )


def find(request: Request) -> Definition:
    """The environment that the path names: a version, the one with a label, or the latest.

    Raises:
        Fault: there is none.
    """
    params = request.path_params
    name, version, label = params["name"], params.get("version"), params.get("label")
    definitions = context_of(request).store.definitions
    known = curated_named(name)
    if known is not None:
        found = known if is_curated_version(version) and label in (None, _LATEST) else None
    elif label is not None:
        found = definitions.labeled(name, label)
        if found is None and label == _LATEST:
            found = definitions.get(name)
    else:
        found = definitions.get(name, version)
    if found is None:
        which = f" version {version}" if version else f" with label {label!r}" if label else ""
        raise absent(name, f"Environment {name!r}{which}")
    return found


async def get_environment(request: Request) -> EnvironmentDto:
    """An environment's definition."""
    return _dto(context_of(request), find(request))


async def list_environments(request: Request) -> Any:
    """The latest version of every environment, the curated ones among them."""
    context = context_of(request)
    everything = [*curated().values(), *context.store.definitions.latest()]
    return {"value": [_dto(context, definition) for definition in everything], "continuationToken": None}


async def register_environment(request: Request) -> EnvironmentDto:
    """Keeps a definition as a new version, unless it is the one that is there."""
    context, body = context_of(request), await body_as(request, NewDefinition)
    name, version = request.path_params["name"], request.path_params.get("version")
    content = _content_of(body)
    known = curated_named(name)
    if known is not None and known.content == content and version in (None, known.version):
        return _dto(context, known)
    check_registrable(name)
    if version is not None and not _NAME.fullmatch(version):
        raise faults.bad_request(f"Environment version {version!r}: letters, digits, '_', '.' and '-' only.")
    specification_of(name, content)
    try:
        return _dto(context, context.store.definitions.register(name, content, version))
    except VersionTakenError:
        raise faults.conflict(
            f"Environment {name!r} has a version {version} already, and it is another one. "
            "Set the version to None to register the next."
        ) from None


def record_environment(context: Context, environment: RunEnvironment) -> str | None:
    """Keeps the environment of a submitted run, as the service does, so that ``Run.get_environment`` finds it.

    It may have a name that nobody could register, such as ``Experiment mine Environment``, which the SDK gives.

    Returns:
        its version; None for one with the name of a curated environment that it is not.
    """
    name, definitions = environment.name or "environment", context.store.definitions
    content = _content_of(environment)
    known = curated_named(name)
    if known is not None and known.content == content:
        return known.version
    if name.lower().startswith(_RESERVED):
        return None
    given = definitions.get(name, environment.version) if environment.version else None
    if given is not None and given.content == content:
        return given.version
    return definitions.register(name, content).version


def _content_of(environment: NewDefinition | RunEnvironment) -> dict[str, Any]:
    return {
        "environmentVariables": environment.environment_variables or {},
        "python": environment.python,
        "docker": environment.docker,
        "spark": environment.spark,
        "r": environment.r,
        "inferencingStackVersion": environment.inferencing_stack_version,
    }


def check_registrable(name: str) -> None:
    """Refuses a name that nobody may register.

    Raises:
        Fault: see above.
    """
    if not _NAME.fullmatch(name):
        raise faults.bad_request(
            f"Environment name {name!r}: letters, digits, '_', '.' and '-' only, 255 at most, "
            "the first a letter or digit."
        )
    if name.lower().startswith(_RESERVED):
        raise faults.bad_request(
            f"Environment name {name!r}: names that begin with AzureML or Microsoft are those of curated "
            "environments; clone it under a name of your own."
        )


def specification_of(name: str, content: dict[str, Any]) -> Specification:
    """What of a definition is built here.

    Raises:
        Fault: it cannot be understood.
    """
    try:
        return read_environment({**content, "name": name})
    except SpecificationError as error:
        raise faults.bad_request(f"The environment cannot be understood: {error}") from None


async def label_environment(request: Request) -> Any:
    """Gives a version its labels."""
    definition, body = find(request), await body_as(request, Labels)
    if definition.name in curated():
        raise faults.forbidden("A curated environment's labels are not changed.")
    for label in body.labels:
        if not _NAME.fullmatch(label) or label == _LATEST:
            raise faults.bad_request(f"Label {label!r} is none that can be given.")
    context_of(request).store.definitions.label(definition.name, definition.version, body.labels)
    return {}
