"""Datastores: the workspace's own blob store, and records of storage elsewhere.

Source: ``azureml._restclient.operations.data_stores_operations`` (datastore/v1.0).

``workspaceblobstore`` is real: the blob service's container :data:`DATASTORE`, with a signature for it. A
container of another account is kept as a record and given back as it was registered; the SDK then asks
that account itself, at the endpoint that was named. Where none was named there is no such account: the
address given out is this service's own, which refuses to read it.
"""

import re
from typing import Annotated, Any

import msgspec
from starlette.requests import Request

from scaffold.workspace import faults
from scaffold.workspace.context import ACCOUNT, Context, body_as, context_of
from scaffold.workspace.faults import Fault
from scaffold.workspace.refusals import STORAGE
from scaffold.workspace.services.dto import AzureStorageDto, DatastoreDto
from scaffold.workspace.store.blobs import ARTIFACTS, DATASTORE, SNAPSHOTS
from scaffold.workspace.store.datastores import OWN, OWN_ARTIFACTS, Datastore

_AZURE_BLOB = "AzureBlob"
# What every workspace of Azure ML has besides, with a container or file share whose content is not here.
_ELSEWHERE = {
    "workspacefilestore": ("AzureFile", "azureml-filestore"),
    "workspaceworkingdirectory": ("AzureFile", "azureml-workingdirectory"),
    "azureml_globaldatasets": (_AZURE_BLOB, "azureml-globaldatasets"),
}
_SERVED = (ARTIFACTS, DATASTORE, SNAPSHOTS)
_OWN_SUFFIX = "core.local"


class NewDatastore(msgspec.Struct, rename="camel"):
    """``DataStore``; sections of other kinds than Azure Storage are not looked at."""

    name: Annotated[str, msgspec.Meta(pattern=r"^\w{1,255}$")]
    data_store_type: str
    azure_storage_section: dict[str, Any] | None = None
    tags: dict[str, str] | None = None


class AzureStorage(msgspec.Struct, rename="camel"):
    """``AzureStorage``, what is kept of it."""

    account_name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]{3,24}$")]
    container_name: Annotated[str, msgspec.Meta(pattern=r"^\$?[a-z0-9][a-z0-9-]{1,62}$")]
    endpoint: Annotated[str, msgspec.Meta(pattern=r"^[\w.:@-]{1,255}$")] | None = None
    protocol: str | None = None
    credential_type: str | None = None
    credential: str | None = None
    blob_cache_timeout: int | None = None
    is_sas: bool | None = None
    account_key: str | None = None
    sas_token: str | None = None
    are_workspace_managed_identities_allowed: bool | None = None
    subscription_id: str | None = None
    resource_group: str | None = None
    service_data_access_auth_identity: str | None = msgspec.field(
        name="ServiceDataAccessAuthIdentity", default=None
    )


def _unsupported(name: str, kind: str) -> Fault:
    return STORAGE.fault(f"{name} is {kind}")


def own_datastore(context: Context) -> DatastoreDto:
    """The workspace's own blob store, with a signature to read, write and list it."""
    return DatastoreDto(
        name=OWN,
        data_store_type=_AZURE_BLOB,
        has_been_validated=True,
        is_default=_default(context) == OWN,
        azure_storage_section=_section(context, DATASTORE, "rwdl"),
    )


def artifact_store(context: Context) -> DatastoreDto:
    """The store of artifacts, whose files are those of runs: to be read, never written by this way."""
    return DatastoreDto(
        name=OWN_ARTIFACTS,
        data_store_type=_AZURE_BLOB,
        has_been_validated=True,
        azure_storage_section=_section(context, ARTIFACTS, "rl"),
    )


def _section(context: Context, container: str, permissions: str) -> AzureStorageDto:
    signature = "?" + context.authority.sign_container(container, permissions)
    return AzureStorageDto(
        account_name=ACCOUNT,
        container_name=container,
        endpoint=context.endpoints.blob_endpoint,
        protocol="https",
        credential_type="Sas",
        credential=signature,
        is_sas=True,
        sas_token=signature,
        subscription_id=context.named.subscription_id,
        resource_group=context.named.resource_group,
    )


def _elsewhere(context: Context, name: str) -> DatastoreDto:
    """The record of a datastore whose content is not here; asking for that is refused by name."""
    kind, container = _ELSEWHERE[name]
    return DatastoreDto(
        name=name,
        data_store_type=kind,
        has_been_validated=True,
        azure_storage_section=_section(context, container, "rl"),
    )


def _registered(context: Context, datastore: Datastore) -> DatastoreDto:
    section = msgspec.convert(datastore.section, AzureStorage)
    fields = msgspec.structs.asdict(section)
    if (fields["endpoint"] or _OWN_SUFFIX).partition("@")[
        0
    ] == _OWN_SUFFIX:  # the port is another one each time
        fields["endpoint"] = context.endpoints.blob_endpoint
    return DatastoreDto(
        name=datastore.name,
        data_store_type=datastore.kind,
        has_been_validated=False,
        tags=datastore.tags,
        is_default=_default(context) == datastore.name,
        azure_storage_section=AzureStorageDto(**fields),
    )


def _default(context: Context) -> str:
    return context.store.datastores.default or OWN


def named(context: Context, name: str) -> DatastoreDto:
    """The datastore of that name.

    Raises:
        Fault: there is none, or it is of a kind that this workspace does not have.
    """
    name = name.lower()
    if name == OWN:
        return own_datastore(context)
    datastore = context.store.datastores.get(name)
    if datastore is not None:
        return _registered(context, datastore)
    if name == OWN_ARTIFACTS:
        return artifact_store(context)
    if name in _ELSEWHERE:
        return _elsewhere(context, name)
    raise faults.not_found(f"Datastore {name}")


def everything(context: Context) -> list[DatastoreDto]:
    """All datastores, the workspace's own first."""
    others = (_registered(context, datastore) for datastore in context.store.datastores.all())
    beside = (_elsewhere(context, name) for name in _ELSEWHERE)
    return [own_datastore(context), *others, *beside, artifact_store(context)]


async def list_datastores(request: Request) -> Any:
    """All of them, the workspace's own first (``PaginatedDataStoreList``)."""
    context = context_of(request)
    asked = request.query_params.get("dataStoreNames")
    names = {name.lower() for name in asked.split(",")} if asked else None
    value = [datastore for datastore in everything(context) if names is None or datastore.name in names]
    return {"value": value, "continuationToken": None, "nextLink": None}


async def get_datastore(request: Request) -> Any:
    """One datastore (``DataStore``)."""
    return named(context_of(request), request.path_params["name"])


async def get_default_datastore(request: Request) -> Any:
    """The default datastore."""
    context = context_of(request)
    return named(context, _default(context))


async def set_default_datastore(request: Request) -> Any:
    """Makes a datastore the default one."""
    context = context_of(request)
    name = named(context, request.path_params["name"]).name
    if name == OWN_ARTIFACTS or name in _ELSEWHERE:
        raise _unsupported(name, "one whose content is not here, and which cannot be the default")
    context.store.datastores.set_default(name)
    return {}


async def create_datastore(request: Request) -> Any:
    """Keeps the record of a blob container elsewhere."""
    context, body = context_of(request), await body_as(request, NewDatastore)
    name = body.name.lower()
    if name in (OWN, OWN_ARTIFACTS, *_ELSEWHERE) or context.store.datastores.get(name) is not None:
        # The SDK looks for this sentence, and then asks for an update when it was told to overwrite.
        raise faults.bad_request("Another datastore with the same name already exists.")
    keep(context, body)
    return {}


async def update_datastore(request: Request) -> Any:
    """Replaces the record of a blob container elsewhere."""
    context, body = context_of(request), await body_as(request, NewDatastore)
    _changeable(context, request.path_params["name"])
    if body.name.lower() != request.path_params["name"].lower():
        raise faults.bad_request("A datastore cannot be given another name.")
    keep(context, body)
    return {}


async def delete_datastore(request: Request) -> Any:
    """Forgets a record; what it stands for is not touched."""
    context, name = context_of(request), request.path_params["name"]
    _changeable(context, name)
    context.store.datastores.remove(name)
    return {}


def is_own(name: str) -> bool:
    """True of the datastores that every workspace has, which nobody changes."""
    return name.lower() in (OWN, OWN_ARTIFACTS, *_ELSEWHERE)


def _changeable(context: Context, name: str) -> None:
    if is_own(name):
        raise faults.bad_request(
            f"{name.lower()} is the workspace's own and cannot be changed or unregistered."
        )
    named(context, name)


def keep(context: Context, body: NewDatastore) -> None:
    """Keeps the record of a blob container elsewhere.

    Raises:
        Fault: it is one of another kind of storage, or its section is not right.
    """
    if body.data_store_type != _AZURE_BLOB or body.azure_storage_section is None:
        raise _unsupported(body.name, f"of the kind {body.data_store_type}")
    try:
        section = msgspec.convert(body.azure_storage_section, AzureStorage)
    except msgspec.ValidationError as error:
        raise faults.bad_request(f"The storage account's section has another shape: {error}") from None
    # The credential comes in one field, and is read from one of two.
    if section.credential_type == "AccountKey":
        section.account_key = section.account_key or section.credential
    elif section.credential_type == "Sas":
        section.sas_token = section.sas_token or section.credential
    context.store.datastores.put(
        body.name, body.data_store_type, msgspec.to_builtins(section), body.tags or {}
    )


_SHARED_KEY = re.compile(r"SharedKey(?:Lite)? ([a-z0-9]{3,24}):")


def refusal_of_foreign_blob(request: Request) -> Fault | None:
    """What to say to a storage client that asks for a container of an account that is not here.

    It comes without a token of ours, so nothing is told but what it says itself: that such a datastore is
    registered is the owner's business.
    """
    container = request.url.path.split("/")[1]
    if "x-ms-version" not in request.headers or container in _SERVED:
        return None
    for name, (kind, content) in _ELSEWHERE.items():
        if content == container:
            return _unsupported(name, f"of the kind {kind}, and its content is not here")
    account = _SHARED_KEY.match(request.headers.get("authorization", ""))
    whose = f"of the Azure Blob account {account[1]}" if account else "of another Azure Blob account"
    return faults.Fault(
        501,
        "NotImplemented",
        f"The container {container!r} is one {whose}. The local workspace keeps the record of such a datastore "
        f"and does not reach the account; {OWN} is the one it has.",
        "OperationNotSupported",
    )
