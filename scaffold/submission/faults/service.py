"""What a service answers in place of what was asked: what it names first, then by its status."""

from scaffold.errors import ScaffoldError, WorkspaceError
from scaffold.submission.faults.place import Place
from scaffold.submission.faults.record import Record, said, says


def no_workspace(record: Record, place: Place) -> ScaffoldError | None:
    if not says(record, r"Workspace not found|ResourceGroupNotFound|workspaces/\S+' under resource group"):
        return None
    config = place.config
    if config is None:
        return None
    return WorkspaceError(
        f"There is no workspace {config.workspace_name!r} in resource group {config.resource_group!r} of "
        f"subscription {config.subscription_id}.",
        f"Correct {place.config_file}: 'scaffold workspace connect' writes it from what you can see.",
    )


def no_compute(record: Record, place: Place) -> ScaffoldError | None:
    known = says(
        record, r"compute (target|resource)?.{0,80}(not found|does not exist)", "ComputeTargetNotFound"
    )
    known = known or says(record, r"(unknown|invalid) (compute )?target")
    if not known:
        return None
    return WorkspaceError(
        f"{said(record)}.",
        "Set TARGET_NAME in constants.py, or --compute-target, to one that 'scaffold doctor' lists.",
    )


def retired_size(record: Record, _: Place) -> ScaffoldError | None:
    gone = says(record, "retired|no longer (available|supported)|SkuNotAvailable|VMSizeNot|is not available")
    if not (gone and says(record, r"vm ?size|sku|Standard_\w+")):
        return None
    return WorkspaceError(
        f"{said(record)}.", "Choose a compute target whose VM size is still offered: --compute-target NAME."
    )


def not_authenticated(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 401:
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} does not take the login (401): {said(record)}.",
        "Log in again: az login, or --auth device-code.",
    )


def not_allowed(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 403:
        return None
    return WorkspaceError(
        f"The login may not do this in {place.workspace} (403): {said(record)}.",
        "Ask for the role 'AzureML Data Scientist' on the workspace, or log in as somebody who has it.",
    )


def conflict(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 409:
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} has this already, or it has moved on (409): {said(record)}.",
        f"Look at it on its page, and {place.again}.",
    )


def not_implemented(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 501:
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} refuses {place.what}: {said(record)}.",
        "Mend what it names; --debug shows the SDK's own message.",
    )


def overloaded(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] == 429:
        return WorkspaceError(
            f"{_capital(place.workspace)} takes no more requests for now (429): {said(record)}.",
            f"Wait a minute and {place.again}; fewer requests at once help.",
        )
    if isinstance(record["status"], int) and record["status"] >= 500:
        return WorkspaceError(
            f"{_capital(place.workspace)} fails ({record['status']}): {said(record)}.",
            f"{_capital(place.again)} in a while; {_whom_to_ask(place)}.",
        )
    return None


def _whom_to_ask(place: Place) -> str:
    if place.config is not None and place.config.is_local:
        return "'scaffold doctor' looks for the cause, and 'scaffold workspace status' names the folder of its log"
    return "--debug shows the request id to report to Azure's support"


def not_found(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 404:
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} does not have it (404): {said(record)}.",
        "Check the names in constants.py and on the command line; --debug shows the SDK's own message."
        if place.script
        else "Check the names that you gave; --debug shows the SDK's own message.",
    )


def refused(record: Record, place: Place) -> ScaffoldError | None:
    if not isinstance(record["status"], int):
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} refuses {place.what} ({record['status']}): {said(record)}.",
        "Mend what it names; --debug shows the SDK's own message.",
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
