"""The login endpoint: where the SDK's ``ServicePrincipalAuthentication`` signs in.

``InteractiveLoginAuthentication`` comes here too when it is given a tenant, which is another one than the
managed identity's: it then takes the service principal that :mod:`scaffold.workspace.client` names.

Source: MSAL for Python, by which the SDK signs in at its cloud's ``loginEndpoint``. MSAL asks for leave at
login.microsoftonline.com when it does not know an authority, unless its path begins with ``adfs``: so this
one's does. Behind that stands a secret, which the metadata alone names: there is one user here, and whoever
can read that user's files is taken for them, whichever tenant and service principal they name.
"""

from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from scaffold.workspace import faults, identity
from scaffold.workspace.context import Context, context_of, read_body
from scaffold.workspace.doors import vouch

_MAX_FORM_BYTES = 64 * 1024
_GRANT = "client_credentials"
_NOBODY = "-"  # where the submission stands in the path, when there is none


def login_endpoint(context: Context, submission: str | None) -> str:
    """``loginEndpoint`` of the clouds; the SDK puts a tenant in place of the last part."""
    return f"{_base(context, submission or _NOBODY)}/tenant"


def _base(context: Context, submission: str) -> str:
    return f"{context.endpoints.base}/adfs/{context.authority.keys.login}/{submission}"


def _admitted(request: Request) -> Context:
    context = context_of(request)
    if not context.authority.opens(context.authority.keys.login, request.path_params["secret"]):
        raise faults.forbidden("The address is not one that this workspace gave out.")
    vouch(request.scope)
    return context


async def get_configuration(request: Request) -> Any:
    """The OpenID configuration of a tenant; nobody can sign in there by hand, but MSAL wants to know where."""
    params = request.path_params
    here = f"{_base(_admitted(request), params['submission'])}/{params['tenant']}/oauth2"
    return {
        "issuer": here,
        "authorization_endpoint": f"{here}/authorize",
        "token_endpoint": f"{here}/token",
        "grant_types_supported": [_GRANT],
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["HS256"],
    }


async def get_token(request: Request) -> Any:
    """A token for the tenant that the path names."""
    context, params = _admitted(request), request.path_params
    body = await read_body(request, _MAX_FORM_BYTES)
    form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    if form.get("grant_type") != _GRANT:
        raise faults.not_implemented(f"logins of the kind {form.get('grant_type')!r} (it has {_GRANT!r})")
    submission = None if params["submission"] == _NOBODY else params["submission"]
    token, expiry = context.authority.token(submission=submission, tenant=params["tenant"])
    return {
        "token_type": "Bearer",
        "access_token": token,
        "expires_in": identity.TOKEN_SECONDS,
        "expires_on": expiry,
    }
