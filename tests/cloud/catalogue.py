# ruff: noqa: E501  (sentences stand as they are shown)
"""The faults on the way to Azure ML: how each is made, and what is shown of it. The README's table is made of it.

``scripts/faults.py`` writes the table; ``test_faults`` makes each fault on the wire and holds every word here true:
what the bare SDK ends with (``python run_experiment.py``), the two lines of ``scaffold submit``, its exit code.
"""

import re
from dataclasses import dataclass, field

from tests.cloud.azure import LOGIN, MANAGER, SERVICE, Fault

_ROOM = 110
_AT_ONCE = {"Retry-After": "0"}


@dataclass(frozen=True)
class Case:
    """One fault.

    Attributes:
        name: what it is.
        bare: the first line of the exception that the bare SDK ends with; see :func:`bare_of`.
        said, hint: the two lines of ``scaffold submit``.
        exit_code: of ``scaffold submit``.
        faults: answers in place of those of a service.
        unreachable: a host that cannot be reached.
        config: what is otherwise in config.json.
        variables: what is otherwise in the environment; None: not there.
        on_demand: what the workspace is asked to do (``scaffold workspace fault``).
        patient: the SDK tries again by itself.
    """

    name: str
    bare: str
    said: str
    hint: str
    exit_code: int = 4
    faults: tuple[Fault, ...] = ()
    unreachable: str | None = None
    config: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str | None] = field(default_factory=dict)
    on_demand: tuple[str, ...] = ()
    patient: bool = False


def bare_of(printed: str) -> str:
    """How an uncaught exception of the SDK begins: its class, and as much of its message as a line has room for."""
    lines = printed.splitlines()
    found = [
        (place, match)
        for place, line in enumerate(lines)
        if (match := re.match(r"(?:\w+\.)*(\w*(?:Exception|Error)): ?(.*)", line))
    ]
    if not found:
        return ""
    place, match = found[-1]
    # The SDK's own heading says the class once more, and puts the message below.
    said = re.sub(r"^\w+:$", "", match[2])
    text = " ".join(f"{said} {' '.join(lines[place + 1 :])}".replace("Message:", "", 1 - bool(said)).split())
    line = f"{match[1]}: {re.sub(r'0x[0-9a-f]+', '0x…', text)}"
    return line if len(line) <= _ROOM else f"{line[: _ROOM - 1]}…"


def _of_manager(status: int, code: str, message: str, **headers: str) -> Fault:
    """What the resource manager answers when it is asked for the workspace."""
    return Fault(MANAGER, "/workspaces/forecasts", status, code, message, headers=headers)


def _of_submission(status: int, code: str, message: str) -> Fault:
    """What the service answers when it is handed a run."""
    return Fault(SERVICE, "/snapshotrun", status, code, message)


def _of_login(status: int, code: str, message: str) -> Fault:
    """What the login service answers when it is asked for a token."""
    return Fault(LOGIN, "/oauth2/v2.0/token", status, code, message)


CASES = (
    Case(
        "401: the token is not taken",
        bare='ProjectSystemException: { "error_details": { "error": { "code": "InvalidAuthenticationToken", "message": "The…',
        said="The workspace 'forecasts' does not take the login (401): The access token is invalid.",
        hint="Log in again: az login, or --auth device-code.",
        faults=(_of_manager(401, "InvalidAuthenticationToken", "The access token is invalid."),),
    ),
    Case(
        "403: no right to see the workspace",
        bare='ProjectSystemException: { "error_details": { "error": { "code": "AuthorizationFailed", "message": "The client…',
        said="The login may not do this in the workspace 'forecasts' (403): The client 'x' does not have authorization to perform action 'read' over scope '/subscriptions/y'.",
        hint="Ask for the role 'AzureML Data Scientist' on the workspace, or log in as somebody who has it.",
        faults=(
            _of_manager(
                403,
                "AuthorizationFailed",
                "The client 'x' does not have authorization to perform action 'read' over scope '/subscriptions/y'.",
            ),
        ),
    ),
    Case(
        "403: a role that may not submit",
        bare='ExperimentExecutionException: { "error_details": { "error": { "code": "UserError", "message": "The role of th…',
        said="The login may not do this in the workspace 'forecasts' (403): The role of the caller does not permit runs.",
        hint="Ask for the role 'AzureML Data Scientist' on the workspace, or log in as somebody who has it.",
        faults=(_of_submission(403, "UserError", "The role of the caller does not permit runs."),),
    ),
    Case(
        "404: no such workspace",
        bare='ProjectSystemException: Workspace not found. InnerException None ErrorResponse { "error": { "message": "Works…',
        said="There is no workspace 'forecasts' in resource group 'Team' of subscription 5e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11.",
        hint="Correct .azureml/config.json: 'scaffold workspace connect' writes it from what you can see.",
        faults=(_of_manager(404, "ResourceNotFound", "The resource was not found."),),
    ),
    Case(
        "409: it is there already",
        bare='ExperimentExecutionException: { "error_details": { "error": { "code": "UserError", "message": "A run of that …',
        said="The workspace 'forecasts' has this already, or it has moved on (409): A run of that id exists.",
        hint="Look at it on its page, and submit again.",
        faults=(_of_submission(409, "UserError", "A run of that id exists."),),
    ),
    Case(
        "429: too many requests",
        bare='ProjectSystemException: { "error_details": { "error": { "code": "TooManyRequests", "message": "Request rate i…',
        said="The workspace 'forecasts' takes no more requests for now (429): Request rate is too large.",
        hint="Wait a minute and submit again; fewer requests at once help.",
        patient=True,
        faults=(_of_manager(429, "TooManyRequests", "Request rate is too large.", **_AT_ONCE),),
    ),
    Case(
        "500: the service fails",
        bare='ExperimentExecutionException: { "error_details": { "error": { "code": "ServiceError", "message": "InternalSer…',
        said="The workspace 'forecasts' fails (500): InternalServerError.",
        hint="Submit again in a while; --debug shows the request id to report to Azure's support.",
        patient=True,
        faults=(_of_submission(500, "ServiceError", "InternalServerError"),),
    ),
    Case(
        "503: the resource manager is busy",
        bare='ProjectSystemException: { "error_details": { "error": { "code": "ServerTimeout", "message": "The service is b…',
        said="The workspace 'forecasts' fails (503): The service is busy.",
        hint="Submit again in a while; --debug shows the request id to report to Azure's support.",
        patient=True,
        faults=(_of_manager(503, "ServerTimeout", "The service is busy.", **_AT_ONCE),),
    ),
    Case(
        "no network: the login service",
        bare="ProxyError: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded with url: /…",
        said="The proxy does not let login.microsoftonline.com through.",
        hint="Check HTTPS_PROXY and NO_PROXY.",
        patient=True,
        unreachable=LOGIN,
    ),
    Case(
        "no network: the resource manager",
        bare="ServiceRequestError: ('Unable to connect to proxy', OSError('Tunnel connection failed: 502 management.azure.c…",
        said="The proxy does not let Azure through.",
        hint="Check HTTPS_PROXY and NO_PROXY.",
        patient=True,
        unreachable=MANAGER,
    ),
    Case(
        "a proxy whose certificate is not trusted",
        bare="SSLError: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded with url: /7a…",
        said="The certificate of login.microsoftonline.com is not trusted.",
        hint="Behind a proxy that reads TLS, set REQUESTS_CA_BUNDLE to your organisation's certificates.",
        variables={"REQUESTS_CA_BUNDLE": None, "SSL_CERT_FILE": None},
    ),
    Case(
        "a wrong secret",
        bare='AuthenticationError: AADSTS7000215: Invalid client secret provided. InnerException None ErrorResponse { "erro…',
        said="The login service refuses the service principal: AADSTS7000215: Invalid client secret provided.",
        hint="Check AZURE_CLIENT_ID, AZURE_CLIENT_SECRET (has it expired?) and AZURE_TENANT_ID.",
        faults=(_of_login(401, "invalid_client", "AADSTS7000215: Invalid client secret provided."),),
    ),
    Case(
        "an expired login",
        bare='AuthenticationError: AADSTS700082: The refresh token has expired. InnerException None ErrorResponse { "error"…',
        said="The login has expired.",
        hint="Log in again: az login, or --auth device-code.",
        faults=(_of_login(400, "invalid_grant", "AADSTS700082: The refresh token has expired."),),
    ),
    Case(
        "a login that conditional access does not let in",
        bare="AuthenticationError: AADSTS53003: Access has been blocked by Conditional Access policies. The access policy d…",
        said="The login service refuses the login: AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        hint="Log in where it can ask for more, in a browser: az login --tenant 7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22; or choose another login with --auth.",
        faults=(
            _of_login(
                400,
                "invalid_grant",
                "AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
            ),
        ),
    ),
    Case(
        "an expired token",
        bare='ExperimentExecutionException: { "error_details": { "error": { "code": "ExpiredAuthenticationToken", "message"…',
        said="The login has expired.",
        hint="Log in again: az login, or --auth device-code.",
        faults=(_of_submission(401, "ExpiredAuthenticationToken", "The access token has expired."),),
    ),
    Case(
        "the wrong tenant",
        bare="ClientAuthenticationError: (InvalidAuthenticationTokenTenant) The access token is from the wrong issuer. It m…",
        said="The login is for another tenant than the one of the workspace 'forecasts' (7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22).",
        hint="Log in to it: az login --tenant 7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22; or correct tenant_id in .azureml/config.json.",
        faults=(
            Fault(
                MANAGER,
                "/subscriptions",
                401,
                "InvalidAuthenticationTokenTenant",
                "The access token is from the wrong issuer. It must match the tenant associated with this subscription.",
            ),
        ),
    ),
    Case(
        "another subscription",
        bare="UserErrorException: You are currently logged-in to 7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22 tenant. You don't hav…",
        said="The subscription 6e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11 cannot be seen from the tenant 7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22 that you are logged in to.",
        hint="Check subscription_id in .azureml/config.json, or log in to its tenant: az login --tenant 7a1d0c1a-3c50-4c11-9d33-1a1d4f1b7a22",
        config={"subscription_id": "6e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11"},
    ),
    Case(
        "another resource group",
        bare='ProjectSystemException: Workspace not found. InnerException None ErrorResponse { "error": { "message": "Works…',
        said="There is no workspace 'forecasts' in resource group 'Other' of subscription 5e1d0c1a-3c50-4c11-9d33-1a1d4f1b7a11.",
        hint="Correct .azureml/config.json: 'scaffold workspace connect' writes it from what you can see.",
        config={"resource_group": "Other"},
    ),
    Case(
        "a compute target that there is not",
        bare='ExperimentExecutionException: { "error_details": { "error": { "code": "UserError", "message": "Compute target…',
        said="Compute target with name cpu-cluster not found in workspace.",
        hint="Set TARGET_NAME in constants.py, or --compute-target, to one that 'scaffold doctor' lists.",
        faults=(
            _of_submission(404, "UserError", "Compute target with name cpu-cluster not found in workspace."),
        ),
    ),
    Case(
        "a VM size that is retired",
        bare='ExperimentExecutionException: { "error_details": { "error": { "code": "UserError", "message": "The VM size St…',
        said="The VM size Standard_NC6 is retired and no longer supported in this region.",
        hint="Choose a compute target whose VM size is still offered: --compute-target NAME.",
        faults=(
            _of_submission(
                400,
                "UserError",
                "The VM size Standard_NC6 is retired and no longer supported in this region.",
            ),
        ),
    ),
    Case(
        "a pre-empted node",
        bare='ActivityFailedException: Activity Failed: { "error": { "code": "UserError", "message": "AzureMLCompute job fa…',
        said="The run {run} failed: AzureMLCompute job failed. PreemptionError: Nodes of this job got pre-empted. Check if the run has failed or restarted. Reason: Received pre-emption warning signal",
        hint="Submit it again, or let that be done: --retry-on preempted",
        exit_code=5,
        on_demand=("preempt", "0.5"),
    ),
)

NOBODY = (
    "nobody is logged in, and nobody can be asked",
    "nothing: it waits for somebody to sign in",
    "Nobody is logged in to Azure, and the workspace 'forecasts' asks for a login.",
    "Run 'az login', set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or use --auth device-code.",
)
"""What the bare SDK does not end with: what it is, what the SDK does, and the two lines."""

SLOW_BUILD = (
    "an image build that takes long",
    "nothing: the script is over",
    "`· preparing`, then the log of the build as it grows, `· queued`, `· running`",
)
"""Of a fault that ends nothing: what it is, what the bare SDK shows, what ``scaffold submit --follow`` shows."""
