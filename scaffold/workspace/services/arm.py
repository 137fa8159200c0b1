"""The resource manager's part: clouds, subscriptions, the workspace resource, discovery, and the identity endpoint.

Sources: ``azureml._vendor.azure_cli_core.cloud`` (metadata), ``azureml.core.authentication`` (managed
identity), ``azureml._base_sdk_common.service_discovery``, ``azureml._base_sdk_common.workspace``.
"""

import re
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from scaffold.workspace import faults, identity
from scaffold.workspace.client import CLOUD_NAME
from scaffold.workspace.context import Context, context_of, read_body
from scaffold.workspace.doors import vouch
from scaffold.workspace.services.login import login_endpoint

_MAX_FORM_BYTES = 64 * 1024
_WORKSPACE_TYPE = "Microsoft.MachineLearningServices/workspaces"
# The public cloud's regions: what people write into `Workspace.create(location=…)`.
_LOCATIONS = (
    "Australia East", "Australia Southeast", "Brazil South", "Canada Central", "Canada East", "Central India",
    "Central US", "East Asia", "East US", "East US 2", "France Central", "Germany West Central", "Italy North",
    "Japan East", "Japan West", "Jio India West", "Korea Central", "North Central US", "North Europe",
    "Norway East", "Poland Central", "Qatar Central", "South Africa North", "South Central US", "South India",
    "Southeast Asia", "Spain Central", "Sweden Central", "Switzerland North", "Switzerland West", "UAE North",
    "UK South", "UK West", "West Central US", "West Europe", "West US", "West US 2", "West US 3",
)  # fmt: skip


async def get_metadata(request: Request) -> Any:
    """The list of clouds, ``ARM_CLOUD_METADATA_URL``, with the secret address of the login endpoint.

    This workspace stands in it twice: under its own name, and under the public cloud's, which the SDK
    inside a run asks for whatever it was told (``AzureMLTokenAuthentication`` has no way to be told).
    """
    context = context_of(request)
    _check_secret(context.authority.keys.identity, request.path_params["secret"], request)
    login = login_endpoint(context, request.path_params.get("submission"))
    return [_cloud(name, context, login) for name in (CLOUD_NAME, "AzureCloud")]


def _cloud(name: str, context: Context, login: str) -> dict[str, Any]:
    base = context.endpoints.base
    return {
        "name": name,
        "portal": base,
        "authentication": {
            "loginEndpoint": login,
            "audiences": [identity.AUDIENCE],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": base,
        "graph": base,
        "microsoftGraphResourceId": base,
        "resourceManager": base,
        "sqlManagement": base,
        "batch": base,
        "media": base,
        "gallery": base,
        "vmImageAliasDoc": base,
        "activeDirectoryDataLake": base,
        "ossrdbmsResourceId": base,
        "appInsightsResourceId": base,
        "logAnalyticsResourceId": base,
        "synapseAnalyticsResourceId": base,
        "attestationResourceId": base,
        "appInsightsTelemetryChannelResourceId": base,
        "suffixes": {
            # azure-ai-ml makes the address of an account from it, azureml-core the endpoint of a new datastore.
            "storage": context.endpoints.blob_endpoint,
            "keyVaultDns": "vault.local",
            "sqlServerHostname": "database.local",
            "acrLoginServer": "azurecr.local",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.local",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.local",
            "mysqlServerEndpoint": "mysql.database.local",
            "postgresqlServerEndpoint": "postgres.database.local",
            "mariadbServerEndpoint": "mariadb.database.local",
            "storageSyncEndpointSuffix": "afs.local",
            "mhsmDns": "managedhsm.local",
            "synapseAnalytics": "dev.azuresynapse.local",
            "attestationEndpoint": "attest.local",
        },
    }


async def get_token(request: Request) -> Any:
    """A managed-identity token; the secret in the path is the credential."""
    context = context_of(request)
    _check_secret(context.authority.keys.identity, request.path_params["secret"], request)
    asked = request.query_params.get("resource") or await _resource_of_form(request)
    audience = asked if identity.is_audience(asked) else identity.AUDIENCE
    token, expiry = context.authority.token(
        submission=request.path_params.get("submission"), audience=audience
    )
    return {
        "access_token": token,
        "expires_on": str(expiry),
        "expires_in": str(identity.TOKEN_SECONDS),
        "not_before": str(expiry - identity.TOKEN_SECONDS),
        "resource": audience,
        "token_type": "Bearer",
    }


async def _resource_of_form(request: Request) -> str:
    """What the token is asked for, as azure-identity sends it where it takes this for a cloud shell."""
    body = await read_body(request, _MAX_FORM_BYTES)
    return parse_qs(body.decode("utf-8", "replace")).get("resource", [""])[-1]


def _check_secret(expected: str, offered: str, request: Request) -> None:
    if not context_of(request).authority.opens(expected, offered):
        raise faults.forbidden("The address is not one that this workspace gave out.")
    vouch(request.scope)


async def get_discovery(request: Request) -> Any:
    """The base URL of every service. The SDK asks without a token, so the path carries a secret."""
    context = context_of(request)
    # Runs that outlive the service ask at the address that an earlier start gave out.
    _check_secret(context.authority.keys.discovery, request.path_params["secret"].partition(".")[0], request)
    base = context.endpoints.base
    services = (
        "api", "history", "experimentation", "hyperdrive", "modelmanagement", "pipelines", "catalog",
        "rlservice", "inferenceapi", "devsvc",
    )  # fmt: skip
    return dict.fromkeys(services, base) | {"studio": context.portal}


async def list_subscriptions(request: Request) -> Any:
    """The one subscription of this machine."""
    context = context_of(request)
    return {
        "value": [_subscription(context)],
        "count": {"type": "Total", "value": 1},
        "nextLink": None,
    }


def _subscription(context: Context) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{context.named.subscription_id}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": context.named.subscription_id,
        "tenantId": context.authority.keys.tenant_id,
        "displayName": "This machine",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Internal_2014-09-01",
            "quotaId": "Internal_2014-09-01",
            "spendingLimit": "Off",
        },
    }


async def get_subscription(request: Request) -> Any:
    """One subscription by id."""
    _check_subscription(request)
    return _subscription(context_of(request))


async def list_tenants(request: Request) -> Any:
    """The one tenant of this machine."""
    tenant = context_of(request).authority.keys.tenant_id
    return {"value": [{"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "This machine"}]}


async def get_resource_group(request: Request) -> Any:
    """The one resource group of the subscription."""
    _check_subscription(request)
    named = context_of(request).named
    return {
        "id": named.group_scope,
        "name": named.resource_group,
        "type": "Microsoft.Resources/resourceGroups",
        "location": "local",
        "managedBy": None,
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }


def _check_subscription(request: Request) -> None:
    """Refuses another subscription or resource group than this machine's.

    Raises:
        Fault: it is one.
    """
    params, named = request.path_params, context_of(request).named
    if not named.has_subscription(params["subscription"]):
        raise faults.not_found(f"Subscription {params['subscription']}")
    if "group" in params and not named.has_group(params["subscription"], params["group"]):
        raise faults.not_found(f"Resource group {params['group']}")


async def list_resources(request: Request) -> Any:
    """The resources of the subscription that are workspaces, which is what the SDK asks for."""
    _check_subscription(request)
    wanted = request.query_params.get("$filter", "")
    if f"resourceType eq '{_WORKSPACE_TYPE}'" not in wanted:
        raise faults.not_implemented(f"listing resources other than workspaces ({wanted or 'no filter'})")
    group = re.search(r"resourceGroup eq '([^']*)'", wanted)
    if group is not None and group[1].lower() != context_of(request).named.resource_group.lower():
        return {"value": [], "nextLink": None}
    return {"value": [_workspace(context_of(request))], "nextLink": None}


async def list_workspaces(request: Request) -> Any:
    """The one workspace of this machine, asked for by subscription or resource group."""
    _check_subscription(request)
    return {"value": [_workspace(context_of(request))], "nextLink": None}


async def get_provider(request: Request) -> Any:
    """The resource provider, for the locations where a workspace may be: a project's own does not have to change."""
    _check_subscription(request)
    types = ("workspaces", "workspaces/computes", "operations")
    return {
        "id": f"/subscriptions/{context_of(request).named.subscription_id}/providers/Microsoft.MachineLearningServices",
        "namespace": "Microsoft.MachineLearningServices",
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "providerAuthorizationConsentState": None,
        "resourceTypes": [
            {
                "resourceType": kind,
                "locations": ["local", *_LOCATIONS],
                "locationMappings": None,
                "aliases": None,
                "apiVersions": ["2021-01-01"],
                "defaultApiVersion": "2021-01-01",
                "zoneMappings": None,
                "apiProfiles": None,
                "capabilities": "None",
                "properties": None,
            }
            for kind in types
        ],
    }


async def delete_workspace(_: Request) -> Any:
    """Refuses: everything that people have here would go, and no request can bring it back."""
    raise faults.forbidden(
        "The local workspace is not deleted through the SDK; `scaffold workspace reset` empties it."
    )


async def get_workspace(request: Request) -> Any:
    """The workspace resource (``Workspace`` of the SDK's models)."""
    return _workspace(context_of(request))


def _workspace(context: Context) -> dict[str, Any]:
    return {
        "id": context.scope,
        "name": context.named.workspace_name,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": "local",
        "tags": {},
        "etag": None,
        "kind": "Default",
        "sku": {"name": "Basic", "tier": "Basic"},
        "identity": {
            "principalId": context.authority.keys.user_id,
            "tenantId": context.authority.keys.tenant_id,
            "type": "SystemAssigned",
            "userAssignedIdentities": None,
        },
        "systemData": {"createdAt": context.store.created, "createdBy": identity.USER_NAME},
        "properties": {
            "workspaceId": context.store.workspace_id,
            "sdk_telemetry_app_insights_key": None,
            "sdkTelemetryAppInsightsKey": None,
            "adbWorkspace": None,
            "description": "The local workspace of azureml-scaffold, on this machine.",
            "friendlyName": context.named.workspace_name,
            "creationTime": context.store.created,
            "keyVault": f"{context.named.group_scope}/providers/Microsoft.KeyVault/vaults/local",
            "applicationInsights": f"{context.named.group_scope}/providers/Microsoft.Insights/components/local",
            "containerRegistry": None,
            "storageAccount": f"{context.named.group_scope}/providers/Microsoft.Storage/storageAccounts/local",
            "discoveryUrl": context.discovery_url,
            "provisioningState": "Succeeded",
            "encryption": None,
            "hbiWorkspace": False,
            "serviceProvisionedResourceGroup": None,
            "privateLinkCount": 0,
            "imageBuildCompute": None,
            "allowPublicAccessWhenBehindVnet": False,
            "publicNetworkAccess": "Disabled",
            "privateEndpointConnections": [],
            "sharedPrivateLinkResources": [],
            "notebookInfo": None,
            "serviceManagedResourcesSettings": None,
            "primaryUserAssignedIdentity": None,
            "systemDatastoresAuthMode": "accessKey",
            "v1LegacyMode": False,
            "tenantId": context.authority.keys.tenant_id,
            "mlFlowTrackingUri": f"azureml://127.0.0.1:{context.endpoints.https_port}/mlflow/v1.0{context.scope}",
        },
    }
