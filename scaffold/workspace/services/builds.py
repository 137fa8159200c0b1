"""Builds of registered environments, and what is known of the image that Azure ML would make of them.

Source: ``azureml._restclient.environment_client`` (environment/v2.0 for builds, v1.0 for images and recipes).
What Azure ML builds is a Docker image; what is built here is the Python environment in it.
"""

import base64
import io
import json
import os
import shlex
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from scaffold.workspace import faults, refusals
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.engine import build_local
from scaffold.workspace.engine.builder import BuildError
from scaffold.workspace.engine.specification import Specification, SpecificationError
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.services.environments import find, specification_of
from scaffold.workspace.store.blobs import ARTIFACTS
from scaffold.workspace.store.definitions import Definition


class BuildDto(Dto):
    """The state of a build, as ``ImageBuildDetails`` reads it."""

    status: str
    location: str
    log_url: str | None
    environment_name: str
    environment_version: str


class RecipeRequest(msgspec.Struct, rename="camel"):
    """What ``Environment.build_local`` asks a recipe for."""

    platform: str | None = None
    use_docker: bool | None = None


async def build_environment(request: Request) -> Response:
    """Begins to build an environment, which is over at once when it is there already."""
    context, definition = context_of(request), find(request)
    _refuse_docker(definition)
    try:
        specification = await context.engine.environments.complete(
            specification_of(definition.name, definition.content)
        )
    except (SpecificationError, BuildError) as error:
        raise faults.bad_request(f"Environment {definition.name!r} cannot be built: {error}") from None
    context.engine.environments.begin(specification)
    return Response(
        msgspec.json.encode(_build(context, definition, specification)),
        status_code=202,
        media_type="application/json; charset=utf-8",
    )


def _refuse_docker(definition: Definition) -> None:
    docker = definition.content["docker"] or {}
    if docker.get("baseDockerfile") or docker.get("buildContext"):
        raise refusals.DOCKERFILES.fault(f"which environment {definition.name!r} asks for")


def _address(context: Context, definition: Definition) -> str:
    """Where the build of a version is asked for, and below it, asked about."""
    return (
        f"{context.endpoints.base}/environment/v2.0{context.scope}"
        f"/environments/{quote(definition.name)}/versions/{quote(definition.version)}/image"
    )


async def get_build(request: Request) -> BuildDto:
    """How a build is doing, and where its log can be read."""
    context, definition = context_of(request), find(request)
    specification = specification_of(definition.name, definition.content)
    return _build(context, definition, context.engine.environments.begun(specification))


def _build(context: Context, definition: Definition, specification: Specification) -> BuildDto:
    """The state of a build, from what there is: it is as true after a restart of the service as before it."""
    environments = context.engine.environments
    log_url = None
    if specification.interpreter is None:
        key = environments.key(specification)
        name = f"EnvironmentBuild/{key}/build_log.txt"
        # A build that has just begun has written nothing yet.
        if environments.is_building(specification) or environments.log_path(key).exists():
            context.store.blobs.put(
                ARTIFACTS,
                name,
                live_path=environments.log_path(key),
                content_type="text/plain; charset=utf-8",
            )
            log_url = context.blob_url(ARTIFACTS, name, "r")
    if environments.is_ready(specification):
        status = "Succeeded"
    elif environments.is_building(specification):
        status = "Running"
    elif log_url is not None:
        status = "Failed"
    else:
        raise faults.not_found(f"A build of environment {definition.name!r} version {definition.version}")
    return BuildDto(
        status=status,
        location=f"{_address(context, definition)}/status",
        log_url=log_url,
        environment_name=definition.name,
        environment_version=definition.version,
    )


async def get_image_details(request: Request) -> Any:
    """What there is of an environment's image (``DockerImageDetails``): no image, but the Python in it, once built."""
    context, definition = context_of(request), find(request)
    environments = context.engine.environments
    specification = environments.begun(specification_of(definition.name, definition.content))
    interpreter = environments.interpreter(specification)
    docker = definition.content["docker"] or {}
    python = definition.content["python"] or {}
    return {
        "imageExistsInRegistry": False,
        "dockerImage": {
            "name": None,
            "registry": {"address": None, "username": None, "password": None, "registryIdentity": None},
        },
        "pythonEnvironment": {
            "interpreterPath": interpreter,
            "condaEnvironmentPath": str(environments.folder(specification)) if interpreter else None,
            "condaEnvironmentName": None,
        },
        "ingredients": {
            "dockerfile": docker.get("baseDockerfile"),
            "condaSpecification": json.dumps(python.get("condaDependencies"), indent=2),
        },
        "vulnerabilityInfo": None,
    }


async def get_recipe(request: Request) -> Any:
    """The scripts by which the SDK builds an environment on the machine it runs on: they have it built here."""
    context, definition, body = context_of(request), find(request), await body_as(request, RecipeRequest)
    if body.use_docker:
        raise refusals.DOCKERFILES.fault(f"which build_local of {definition.name!r} asks for")
    if (body.platform == "Windows") != (os.name == "nt"):
        raise faults.not_implemented(f"building for {body.platform or 'no platform'} on this machine")
    _refuse_docker(definition)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("build_local.py", Path(build_local.__file__).read_bytes())
        archive.writestr("build.json", json.dumps({"build": _address(context, definition)}))
        names = {
            verb: _add_script(archive, f"{verb}_environment", [sys.executable, "-I", "build_local.py", verb])
            for verb in ("check", "build")
        }
    return {
        "setupContentZip": base64.b64encode(stream.getvalue()).decode(),
        "checkEnvironmentScriptName": names["check"],
        "buildEnvironmentScriptName": names["build"],
        "environmentVariables": {},
    }


def _add_script(archive: zipfile.ZipFile, name: str, command: list[str]) -> str:
    """Puts a command into a script of the platform's own, and returns its name."""
    if os.name == "nt":
        quoted = " ".join(f'"{word}"' for word in command).replace("%", "%%")
        archive.writestr(f"{name}.bat", f"@chcp 65001 >nul\r\n@{quoted}\r\n")
        return f"{name}.bat"
    archive.writestr(f"{name}.sh", f"#!/bin/sh\nexec {shlex.join(command)}\n")
    return f"{name}.sh"
