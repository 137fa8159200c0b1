"""What is asked of every kind of asset alike: its names, the versions of one, one version, what is said of a name.

What the names and versions of a kind are, its own module says; how a version is made, too.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.services.v2.resources import (
    Container,
    container_resource,
    keep_container,
    listed,
    path_of,
    read_id,
)


class Assets(ABC):
    """A kind of asset, with the handlers of requests for its names and versions.

    Args:
        kind: as addresses of resources call it, such as ``data``.
        noun: as a person calls one of them, at the beginning of a sentence.
    """

    def __init__(self, kind: str, noun: str) -> None:
        self.kind, self.noun = kind, noun

    @abstractmethod
    def names(self, context: Context) -> Iterable[str]:
        """The names of all; those that jobs brought along are left out."""

    @abstractmethod
    def versions(self, context: Context, name: str) -> list[dict[str, Any]]:
        """The versions of a name as resources, the newest first; none, or a fault, when there is no such name."""

    def version(self, context: Context, name: str, version: str) -> dict[str, Any]:
        """One version as a resource.

        Raises:
            Fault: there is none.
        """
        found = next((found for found in self.versions(context, name) if found["name"] == version), None)
        if found is None:
            raise faults.not_found(f"{self.noun} {name!r} version {version}")
        return found

    def numbers(self, _context: Context, _name: str, versions: list[dict[str, Any]]) -> tuple[str, str]:
        """The latest of the versions of a name, and the one that the next is to have."""
        numbers = [
            int(found["name"]) for found in versions if found["name"].isdecimal() and len(found["name"]) < 10
        ]
        return versions[0]["name"], str(max(numbers, default=0) + 1)

    def container(self, context: Context, name: str) -> dict[str, Any]:
        """A name as a resource.

        Raises:
            Fault: there is none.
        """
        versions = self.versions(context, name)
        if not versions:
            raise faults.not_found(f"{self.noun} {name!r}")
        own = read_id(context, self.kind, versions[0]["id"]).name  # however the request has capitalised it
        created = versions[-1]["systemData"]["createdAt"]
        return container_resource(
            context, self.kind, own, *self.numbers(context, own, versions), created=created
        )

    async def list_names(self, request: Request) -> Any:
        """The names of all."""
        context = context_of(request)
        return listed(request, [self.container(context, name) for name in self.names(context)])

    async def get_name(self, request: Request) -> Any:
        """A name, with its latest version and the next one."""
        context, name, _ = path_of(request)
        return self.container(context, name)

    async def put_name(self, request: Request) -> Any:
        """Archives a name, or takes it back."""
        context, name, _ = path_of(request)
        body = await body_as(request, Container)
        self.container(context, name)
        keep_container(context, self.kind, name, body)
        return self.container(context, name)

    async def list_versions(self, request: Request) -> Any:
        """The versions of a name, the newest first."""
        context, name, _ = path_of(request)
        return listed(request, self.versions(context, name))

    async def get_version(self, request: Request) -> Any:
        """One version, or the one that a label means."""
        context, name, version = path_of(request)
        return self.version(context, name, version)
