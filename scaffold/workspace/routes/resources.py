"""The rows of the resource manager, identity, discovery and computes."""

from scaffold.workspace.routes.operation import DELETE, GET, PATCH, POST, PUT, Access, Operation
from scaffold.workspace.services import arm, computes, login, usages

_LOGIN = "/adfs/{secret}/{submission}/{tenant}"

OPERATIONS: tuple[Operation, ...] = (
    # The resource manager, identity and discovery
    Operation(GET, "/identity/{secret}/metadata", arm.get_metadata, access=Access.SECRET),
    Operation(GET, "/identity/{secret}/{submission}/metadata", arm.get_metadata, access=Access.SECRET),
    Operation(
        ("GET", "POST"),
        "/identity/{secret}/token",
        arm.get_token,
        ("InteractiveLoginAuthentication", "MsiAuthentication"),
        Access.SECRET,
    ),
    Operation(("GET", "POST"), "/identity/{secret}/{submission}/token", arm.get_token, access=Access.SECRET),
    Operation(
        GET, _LOGIN + "/.well-known/openid-configuration", login.get_configuration, access=Access.SECRET
    ),
    Operation(
        POST,
        _LOGIN + "/oauth2/token",
        login.get_token,
        ("ServicePrincipalAuthentication", "InteractiveLoginAuthentication"),
        Access.SECRET,
    ),
    Operation(GET, "/discovery/{secret}/workspaces/{workspace_id}", arm.get_discovery, access=Access.SECRET),
    Operation(GET, "/subscriptions", arm.list_subscriptions, ("Workspace.from_config",)),
    Operation(GET, "/subscriptions/{subscription}", arm.get_subscription),
    Operation(GET, "/tenants", arm.list_tenants),
    Operation(GET, "/subscriptions/{subscription}/resourceGroups/{group}", arm.get_resource_group),
    Operation(GET, "/subscriptions/{subscription}/resources", arm.list_resources, ("Workspace.list",)),
    Operation(
        GET,
        "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices",
        arm.get_provider,
        ("Workspace.create",),
    ),
    Operation(
        GET,
        "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/workspaces",
        arm.list_workspaces,
    ),
    Operation(
        GET,
        "/subscriptions/{subscription}/resourceGroups/{group}"
        "/providers/Microsoft.MachineLearningServices/workspaces",
        arm.list_workspaces,
        ("Workspace.list",),
    ),
    Operation(
        GET,
        "/{S}",
        arm.get_workspace,
        ("Workspace.from_config", "Workspace.get", "Workspace.get_details", "Workspace.create"),
    ),
    Operation(DELETE, "/{S}", arm.delete_workspace),
    # Computes
    Operation(
        GET,
        "/rp/workspaces/{S}/computes/{name}",
        computes.get_compute,
        ("ScriptRunConfig", "ComputeTarget", "ComputeTarget.get_status", "AmlCompute", "ComputeInstance"),
    ),
    Operation(
        GET,
        "/rp/workspaces/{S}/computes",
        computes.list_computes,
        ("ComputeTarget.list", "Workspace.compute_targets"),
    ),
    Operation(GET, "/{S}/computes/{name}", computes.get_compute),
    Operation(
        PUT,
        "/{S}/computes/{name}",
        computes.create_compute,
        ("ComputeTarget.create", "AmlCompute.provisioning_configuration"),
    ),
    Operation(PATCH, "/{S}/computes/{name}", computes.update_compute, ("AmlCompute.update",)),
    Operation(DELETE, "/{S}/computes/{name}", computes.delete_compute, ("ComputeTarget.delete",)),
    Operation(
        GET,
        "/{S}/computes/{name}/operations/{operation}",
        computes.get_operation,
        ("ComputeTarget.wait_for_completion",),
    ),
    Operation(
        GET,
        "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}/vmSizes",
        computes.list_sizes,
        ("AmlCompute.supported_vmsizes", "ComputeInstance.supported_vmsizes"),
    ),
    Operation(
        GET,
        "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}/usages",
        usages.list_usages,
        ("AmlCompute.list_usages", "MLClient.compute.list_usage"),
    ),
    Operation(POST, "/{S}/checkComputeNameAvailability", computes.check_name, ("ComputeTarget.create",)),
    Operation(POST, "/{S}/computes/{name}/listNodes", computes.list_nodes, ("AmlCompute.list_nodes",)),
)
