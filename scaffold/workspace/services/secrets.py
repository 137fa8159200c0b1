"""The key vault of the workspace. Source: ``azureml._restclient.operations.credential_operations`` (credential/v2.0).

Secrets are kept in a file of their own (see ``store.vault``); values leave it only when they are asked for by
name, by the owner's processes and by runs.
"""

import asyncio
import re
from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import body_as, context_of
from scaffold.workspace.services.dto import Dto
from scaffold.workspace.store.vault import Secret

_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_MAX_VALUE = 25_000


class CredentialDto(Dto):
    """``CredentialDto``."""

    name: str | None = None
    value: str | None = None
    created_time: str | None = None
    modified_time: str | None = None
    content_type: str | None = None


class CredentialBatchDto(Dto):
    """``CredentialBatchDto``."""

    secrets: list[CredentialDto] = msgspec.field(default_factory=list)
    not_found_secrets: list[str] = msgspec.field(default_factory=list)


class SecretListItem(Dto):
    """``SecretListItem``."""

    name: str


class PaginatedSecretListItem(Dto):
    """``PaginatedSecretListItem``."""

    value: list[SecretListItem]
    continuation_token: str | None = None


def _dto(secret: Secret, *, with_value: bool) -> CredentialDto:
    return CredentialDto(
        name=secret.name,
        value=secret.value if with_value else None,
        created_time=secret.created,
        modified_time=secret.modified,
        content_type=secret.content_type,
    )


def _checked(credential: CredentialDto) -> tuple[str, tuple[str, str | None]]:
    name, value = credential.name or "", credential.value
    if not _NAME.fullmatch(name):
        raise faults.bad_request(f"Secret name {name!r}: letters, digits and '-' only, 1 to 127 of them.")
    if value is None:
        raise faults.bad_request(f"Secret {name!r} has no value.")
    if len(value) > _MAX_VALUE:
        raise faults.bad_request(f"The value of secret {name!r} is longer than {_MAX_VALUE} characters.")
    return name, (value, credential.content_type)


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    return name


async def set_secret(request: Request) -> CredentialDto:
    """Keeps one secret; the answer does not repeat its value."""
    vault = context_of(request).store.vault
    name, value = _checked(await body_as(request, CredentialDto))
    await asyncio.to_thread(vault.set, {name: value})
    kept = vault.get(name)
    if kept is None:
        raise faults.not_found(f"Secret {name!r}")
    return _dto(kept, with_value=False)


async def set_secrets(request: Request) -> CredentialBatchDto:
    """Keeps several secrets, all or none."""
    vault = context_of(request).store.vault
    body = await body_as(request, CredentialBatchDto)
    values = dict(_checked(credential) for credential in body.secrets)
    await asyncio.to_thread(vault.set, values)
    kept = [secret for name in values if (secret := vault.get(name)) is not None]
    return CredentialBatchDto(secrets=[_dto(secret, with_value=False) for secret in kept])


async def get_secret(request: Request) -> CredentialDto:
    """One secret with its value."""
    secret = context_of(request).store.vault.get(_name(request))
    if secret is None:
        raise faults.not_found(f"Secret {_name(request)!r}")
    return _dto(secret, with_value=True)


async def get_secrets(request: Request) -> CredentialBatchDto:
    """Several secrets with their values, and the names of those that are not there."""
    vault = context_of(request).store.vault
    body = await body_as(request, CredentialBatchDto)
    names = [credential.name or "" for credential in body.secrets]
    found = {name: secret for name in names if (secret := vault.get(name)) is not None}
    return CredentialBatchDto(
        # By the name that was asked for: the client looks for that.
        secrets=[
            _dto(msgspec.structs.replace(secret, name=name), with_value=True)
            for name, secret in found.items()
        ],
        not_found_secrets=[name for name in names if name not in found],
    )


async def list_secrets(request: Request) -> PaginatedSecretListItem:
    """The names of all secrets."""
    secrets = context_of(request).store.vault.all()
    return PaginatedSecretListItem(value=[SecretListItem(name=secret.name) for secret in secrets])


async def delete_secret(request: Request) -> Any:
    """Forgets one secret."""
    vault = context_of(request).store.vault
    if not await asyncio.to_thread(vault.remove, [_name(request)]):
        raise faults.not_found(f"Secret {_name(request)!r}")
    return {}


async def delete_secrets(request: Request) -> Any:
    """Forgets several secrets; those that are not there are none to forget."""
    vault = context_of(request).store.vault
    body = await body_as(request, CredentialBatchDto)
    await asyncio.to_thread(vault.remove, [credential.name or "" for credential in body.secrets])
    return {}
