"""Environments as resources: an image with a conda file. The image is recorded; the packages are what is built here.

Each is one of the first SDK's definitions too (``services.environments``), with a record beside it of what that has
no place for: the text of the conda file, tags, a description.
"""

from typing import Any

import msgspec
import yaml
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as
from scaffold.workspace.refusals import DOCKERFILES
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.environments import (
    absent,
    check_registrable,
    curated,
    curated_named,
    is_curated_version,
    specification_of,
)
from scaffold.workspace.services.v2.assets import Assets
from scaffold.workspace.services.v2.resources import (
    AssetProperties,
    check_name,
    document_of,
    path_of,
    read_id,
    resource,
)
from scaffold.workspace.store.definitions import Definition, VersionTakenError
from scaffold.workspace.store.versioned import ENVIRONMENTS

_REGISTRY = "azureml://registries/azureml/environments/"
_ANONYMOUS = "CliV2AnonymousEnvironment"


class EnvironmentProperties(AssetProperties):
    """``EnvironmentVersionProperties``."""

    conda_file: str | None = None
    image: str | None = None
    build: dict[str, Any] | None = None
    os_type: str | None = "Linux"
    inference_config: dict[str, Any] | None = None
    auto_rebuild: str | None = None
    environment_type: str | None = None
    stage: str | None = None
    provisioning_state: str | None = "Succeeded"


class EnvironmentVersion(Dto):
    """``EnvironmentVersion``, as a client sends it."""

    properties: EnvironmentProperties


_TEMPLATE: dict[str, Any] = {
    "environmentVariables": {},
    "spark": None,
    "r": None,
    "inferencingStackVersion": None,
}


def content_of(properties: EnvironmentProperties) -> dict[str, Any]:
    """The definition of the first SDK that is the same environment.

    One of an image alone has all that it needs in the image: here, what is installed on this machine.

    Raises:
        Fault: the conda file is none.
    """
    try:
        conda = yaml.safe_load(properties.conda_file) if properties.conda_file else None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise faults.bad_request(f"The conda file is not YAML: {error}") from None
    if conda is not None and not isinstance(conda, dict):
        raise faults.bad_request("The conda file is no mapping with 'dependencies' in it.")
    return {
        **_TEMPLATE,
        "python": {
            "userManagedDependencies": conda is None,
            "interpreterPath": "python",
            "condaDependenciesFile": None,
            "baseCondaEnvironment": None,
            "condaDependencies": conda,
        },
        "docker": {
            "enabled": False,
            "baseImage": properties.image,
            "baseDockerfile": None,
            "buildContext": None,
        },
    }


def _properties_of(content: dict[str, Any]) -> dict[str, Any]:
    """What a definition of the first SDK is as a resource."""
    python, docker = content.get("python") or {}, content.get("docker") or {}
    conda = None if python.get("userManagedDependencies") else python.get("condaDependencies")
    properties: dict[str, Any] = msgspec.to_builtins(
        EnvironmentProperties(
            conda_file=yaml.safe_dump(conda, sort_keys=False, allow_unicode=True) if conda else None,
            image=docker.get("baseImage") or "none",  # the client takes no environment without
            environment_type="UserCreated",
            tags={},
            properties={},
        )
    )
    return properties


def _resource(context: Context, definition: Definition) -> dict[str, Any]:
    record = context.store.versioned.get(ENVIRONMENTS, definition.name, definition.version)
    properties = record.document if record else _properties_of(definition.content)
    path = f"environments/{definition.name}/versions/{definition.version}"
    return resource(context, path, properties, definition.created, record.modified if record else None)


def find(context: Context, environment_id: str) -> Definition:
    """The environment that an id names: of this workspace, or one of the registry ``azureml`` that comes with it.

    Raises:
        Fault: there is none.
    """
    if environment_id.startswith(_REGISTRY):
        return _of_registry(environment_id)
    reference = read_id(context, ENVIRONMENTS, environment_id)
    known = curated_named(reference.name)
    if known is not None:
        return known
    found = context.store.definitions.get(reference.name, reference.version)
    if reference.label not in (None, "latest"):
        found = context.store.definitions.labeled(reference.name, reference.label or "")
    if found is None:
        raise absent(reference.name, f"Environment {environment_id}")
    return found


def _of_registry(environment_id: str) -> Definition:
    name = environment_id.removeprefix(_REGISTRY).partition("/")[0]
    known = curated_named(name) or curated_named(f"AzureML-{name}")
    if known is None:
        names = ", ".join(sorted(key.removeprefix("AzureML-") for key in curated()))
        raise absent(
            name,
            f"Environment {environment_id} (the local workspace comes with these of that registry: {names})",
            of_registry=True,
        )
    return known


class Environments(Assets):
    """The environments, as they are asked for; the curated ones among them."""

    def names(self, context: Context) -> list[str]:
        names = [*curated(), *(found.name for found in context.store.definitions.latest())]
        return [name for name in names if name != _ANONYMOUS]

    def versions(self, context: Context, name: str) -> list[dict[str, Any]]:
        known = curated_named(name)
        found = [known] if known else context.store.definitions.versions(name)
        return [_resource(context, definition) for definition in found]

    def version(self, context: Context, name: str, version: str) -> dict[str, Any]:
        known = curated_named(name)
        if known is not None and is_curated_version(version):
            return _resource(context, known)
        return super().version(context, name, version)


ASSETS = Environments(ENVIRONMENTS, "Environment")


async def put_version(request: Request) -> Any:
    """Keeps a version; of one that is there, only what is said about it may change."""
    context, name, version = path_of(request)
    body = await body_as(request, EnvironmentVersion)
    properties = body.properties
    check_name("Environment", name, version)
    check_registrable(name)
    if properties.build:
        raise DOCKERFILES.fault(f"{name} has a Docker build context")
    if (properties.os_type or "Linux").lower() != "linux":
        raise faults.bad_request(f"The environment is for {properties.os_type}; Azure ML has Linux alone.")
    content = content_of(properties)
    specification_of(name, content)
    document = document_of(properties) | {
        "environmentType": "UserCreated",
        "provisioningState": "Succeeded",
    }
    with context.store.database.transaction():
        try:
            definition = context.store.definitions.register(name, content, version)
        except VersionTakenError:
            raise faults.conflict(
                f"Environment {name!r} has a version {version} already, and it is another one; give this one another "
                "version."
            ) from None
        context.store.versioned.put(ENVIRONMENTS, name, version, document)
    return _resource(context, definition)
