"""The login is missing, refused, over, or somebody else's."""

import re

from scaffold.errors import ScaffoldError, WorkspaceError
from scaffold.submission.faults.place import Place
from scaffold.submission.faults.record import Record, is_from, is_passing, said, says


def no_login(record: Record, place: Place) -> ScaffoldError | None:
    if is_from(record, "NoLoginError"):
        return WorkspaceError(record["message"], "Log in, or choose another way with --auth.")
    if is_from(record, "LoginNeededError", "CredentialUnavailableError"):
        return _nobody(place)
    if says(record, r"AADSTS7000215|AADSTS7000222|AADSTS700016|invalid_client|unauthorized_client"):
        return WorkspaceError(
            f"The login service refuses the service principal: {said(record)}.",
            "Check AZURE_CLIENT_ID, AZURE_CLIENT_SECRET (has it expired?) and AZURE_TENANT_ID.",
        )
    if says(
        record, r"AADSTS700082|AADSTS50173|AADSTS70043|refresh token has expired|ExpiredAuthenticationToken"
    ):
        return WorkspaceError("The login has expired.", "Log in again: az login, or --auth device-code.")
    # azure-identity went through every way to log in; one that was there and was refused is told above.
    if says(record, "DefaultAzureCredential failed to retrieve a token") and not says(record, r"AADSTS\d+"):
        return _nobody(place)
    return None


def _nobody(place: Place) -> WorkspaceError:
    return WorkspaceError(
        f"Nobody is logged in to Azure, and {place.workspace} asks for a login.",
        "Run 'az login', set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or use --auth device-code.",
    )


def wrong_tenant(record: Record, place: Place) -> ScaffoldError | None:
    found = re.search(
        r"logged-in to (\S+) tenant\. You don't have access to (\S+) subscription", record["message"]
    )
    if found is not None:
        tenant = place.tenant_id
        hint = (
            f"Check subscription_id in {place.config_file}, or log in to its tenant: "
            f"az login --tenant {tenant or 'TENANT'}"
            + ("" if tenant else ", and name it as tenant_id there.")
        )
        return WorkspaceError(
            f"The subscription {found[2]} cannot be seen from the tenant {found[1]} that you are logged in to.",
            hint,
        )
    if says(
        record, r"tenant in the authentication is different|InvalidAuthenticationTokenTenant|AADSTS90002"
    ):
        return WorkspaceError(
            f"The login is for another tenant than the one of {place.workspace}"
            + (f" ({place.tenant_id})." if place.tenant_id else "."),
            f"Log in to it: az login --tenant {place.tenant_id or 'TENANT'}; "
            f"or correct tenant_id in {place.config_file}.",
        )
    return None


def login_refused(record: Record, place: Place) -> ScaffoldError | None:
    """A rule of the organisation's, a second factor that is missing, somebody who has changed their mind."""
    if is_passing(record) or not (
        says(record, r"AADSTS\d+") or is_from(record, "AuthenticationError", "AuthenticationException")
    ):
        return None
    return WorkspaceError(
        f"The login service refuses the login: {said(record)}.",
        f"Log in where it can ask for more, in a browser: az login --tenant {place.tenant_id or 'TENANT'}; "
        "or choose another login with --auth.",
    )
