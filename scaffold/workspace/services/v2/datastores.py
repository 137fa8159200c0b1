"""Datastores as resources: the workspace's own with a signature as its secret, and records of others."""

from typing import Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import Context, body_as, context_of
from scaffold.workspace.refusals import STORAGE
from scaffold.workspace.services import datastores
from scaffold.workspace.services.dto import DatastoreDto, Dto
from scaffold.workspace.services.v2.resources import resource

_BLOB, _FILES = "AzureBlob", "AzureFile"
_CREDENTIALS = {"Sas": "Sas", "AccountKey": "AccountKey"}


class Credentials(Dto):
    """``DatastoreCredentials``."""

    credentials_type: str | None = None
    secrets: dict[str, Any] | None = None


class Properties(Dto):
    """``DatastoreProperties``, with the fields of ``AzureBlobDatastore``."""

    datastore_type: str
    account_name: str | None = None
    container_name: str | None = None
    endpoint: str | None = None
    protocol: str | None = None
    credentials: Credentials | None = None
    description: str | None = None
    tags: dict[str, str | None] | None = None


class NewDatastore(Dto):
    """``Datastore``, as a client sends it."""

    properties: Properties


def _resource(context: Context, datastore: DatastoreDto) -> dict[str, Any]:
    section = datastore.azure_storage_section
    kind = _CREDENTIALS.get(section.credential_type or "", "None")
    properties = {
        "datastoreType": datastore.data_store_type,
        "description": None,
        "tags": datastore.tags,
        "properties": {},
        "isDefault": datastore.is_default,
        "accountName": section.account_name,
        ("fileShareName" if datastore.data_store_type == _FILES else "containerName"): section.container_name,
        "endpoint": section.endpoint,
        "protocol": section.protocol or "https",
        "serviceDataAccessAuthIdentity": "None",
        "subscriptionId": section.subscription_id,
        "resourceGroup": section.resource_group,
        "credentials": {"credentialsType": kind, "secrets": None}
        if kind != "None"
        else {"credentialsType": kind},
    }
    return resource(context, f"datastores/{datastore.name}", properties, context.store.created)


async def list_datastores(request: Request) -> Any:
    """All of them; the default one alone when that is asked for."""
    context = context_of(request)
    found = datastores.everything(context)
    if request.query_params.get("isDefault", "").lower() == "true":
        found = [datastore for datastore in found if datastore.is_default]
    return {"value": [_resource(context, datastore) for datastore in found], "nextLink": None}


async def get_datastore(request: Request) -> Any:
    """One datastore, without its secret."""
    context = context_of(request)
    return _resource(context, datastores.named(context, request.path_params["name"]))


async def list_secrets(request: Request) -> Any:
    """What opens a datastore: of the workspace's own, a signature; of another, what was registered."""
    context = context_of(request)
    section = datastores.named(context, request.path_params["name"]).azure_storage_section
    if section.sas_token:
        return {"secretsType": "Sas", "sasToken": section.sas_token.lstrip("?")}
    if section.account_key:
        return {"secretsType": "AccountKey", "key": section.account_key}
    raise faults.bad_request("The datastore was registered without a secret.")


async def put_datastore(request: Request) -> Any:
    """Keeps the record of a blob container elsewhere."""
    context, name = context_of(request), request.path_params["name"]
    asked = (await body_as(request, NewDatastore)).properties
    if asked.datastore_type != _BLOB:
        raise STORAGE.fault(f"{name} is of the kind {asked.datastore_type}")
    if datastores.is_own(name):
        raise faults.bad_request(f"{name} is the workspace's own and cannot be changed.")
    secrets = (asked.credentials.secrets if asked.credentials else None) or {}
    section = {
        "accountName": asked.account_name,
        "containerName": asked.container_name,
        "endpoint": asked.endpoint,
        "protocol": asked.protocol,
        "credentialType": asked.credentials.credentials_type if asked.credentials else None,
        "sasToken": secrets.get("sasToken"),
        "accountKey": secrets.get("key"),
    }
    tags = {key: value or "" for key, value in (asked.tags or {}).items()}
    try:
        record = msgspec.convert(
            {"name": name, "dataStoreType": _BLOB, "azureStorageSection": section, "tags": tags},
            datastores.NewDatastore,
        )
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The datastore has another shape: {error}") from None
    datastores.keep(context, record)
    return _resource(context, datastores.named(context, name))


async def delete_datastore(request: Request) -> Any:
    """Forgets a record; what it stands for is not touched."""
    name = request.path_params["name"]
    if datastores.is_own(name):
        raise faults.bad_request(f"{name} is the workspace's own and cannot be deleted.")
    return await datastores.delete_datastore(request)
