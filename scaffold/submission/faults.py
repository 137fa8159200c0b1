"""What a failed submission or question is told as: two lines out of what the SDK's exception says.

The records come from ``child.errors``; this module knows no SDK. One function a kind of fault, asked in
order from the special to the general; the first that knows the record says the sentence.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scaffold.errors import ProjectError, RunFailedError, ScaffoldError, WorkspaceError
from scaffold.project.model import WorkspaceConfig
from scaffold.submission.objections import objections

Record = dict[str, Any]
PREEMPTION_HINT = "Submit it again, or let that be done: --retry-on preempted"


class Place:
    """Where a submission or a question was going, for the sentences.

    Args:
        script: the project's submitting script; None for a question of this program's own.
        config: the workspace that the project names, or None where none is known yet.
    """

    def __init__(self, script: Path | None, config: WorkspaceConfig | None) -> None:
        self.script = script
        self.config = config

    @property
    def name(self) -> str:
        """The workspace's name, or Azure's where there is none yet."""
        return self.config.workspace_name if self.config else "Azure"

    @property
    def workspace(self) -> str:
        """The workspace in a sentence."""
        if self.config is None:
            return "Azure"
        return (
            "the local workspace" if self.config.is_local else f"the workspace {self.config.workspace_name!r}"
        )

    @property
    def config_file(self) -> str:
        """The file that names the workspace, as a person sees it."""
        path = self.config.path if self.config else Path(".azureml", "config.json")
        return f"{path.parent.name}/{path.name}"

    @property
    def tenant_id(self) -> str | None:
        return self.config.tenant_id if self.config else None

    @property
    def what(self) -> str:
        """What a service refuses."""
        return "the submission" if self.script else "the request"

    @property
    def again(self) -> str:
        """What to do when the reason is gone."""
        return "submit again" if self.script else "run the command again"


def explain(record: Record | None, exit_code: int, place: Place, *, submitted: bool = False) -> ScaffoldError:
    """The error for a submitting script that did not end well, or for an unanswered question.

    Args:
        record: of the exception that ended it, or None when it ended by itself.
        exit_code: how it ended.
        place: where it was going.
        submitted: whether a run was accepted before.
    """
    if record is None:
        script = place.script.name if place.script else "The process that asks the SDK"
        when = "after it had submitted" if submitted else "before it submitted anything"
        return ProjectError(
            f"{script} ended with exit code {exit_code} {when}.",
            f"Run 'python {script}' in the project to see all that it does.",
        )
    for kind in _KINDS:
        error = kind(record, place)
        if error is not None:
            return error
    first = _first_line(record["service_message"] or record["message"])
    what = first if first.startswith(record["type"]) else f"{record['type']}: {first}"
    if place.script is None:
        return ScaffoldError(
            f"The SDK could not answer: {what}",
            "Run the command again with --debug, which shows all that it says.",
        )
    location = f"{place.script.name}:{record['line']}" if record["line"] else place.script.name
    return ProjectError(f"{location}: {what}", "Mend it and submit again; --debug shows the whole traceback.")


def is_preemption(text: str) -> bool:
    """True for what a service says of a run whose low-priority node was taken away."""
    return any(
        word in text.lower() for word in ("preempt", "pre-empt", "lowpri", "low priority node", "evict")
    )


def is_passing(record: Record | None) -> bool:
    """True for a fault that may be gone when the same is tried again."""
    if record is None:
        return False
    status = record["status"]
    if isinstance(status, int):
        return status in (408, 429) or (status >= 500 and status != 501)
    return bool(record["network"]) and not _is_certificate(record)


def _first_line(text: str) -> str:
    """The first line that says something, without the SDK's own headings."""
    for line in text.splitlines():
        plain = re.sub(r"^\s*Message:\s*", "", line).strip()
        if plain and not re.fullmatch(r"\w*Exception:?", plain):
            return plain
    return text.strip()


def _says(record: Record, *patterns: str) -> bool:
    texts = [record["message"], record["service_message"] or "", *record["texts"]]
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns for text in texts)


def _from(record: Record, *names: str) -> bool:
    return any(kind.rpartition(".")[2] in names for kind in record["types"])


def _said(record: Record) -> str:
    return _first_line(record["service_message"] or record["message"]).rstrip(".")


def _no_sdk(record: Record, _: Place) -> ScaffoldError | None:
    if record["type"] in ("ModuleNotFoundError", "ImportError") and _says(
        record, r"No module named '?azureml"
    ):
        return WorkspaceError(
            "azureml-core is not installed beside scaffold.", "Install it: pip install azureml-core"
        )
    return None


def _no_login(record: Record, place: Place) -> ScaffoldError | None:
    if _from(record, "NoLoginError"):
        return WorkspaceError(record["message"], "Log in, or choose another way with --auth.")
    if _from(record, "LoginNeededError", "CredentialUnavailableError"):
        return WorkspaceError(
            f"Nobody is logged in to Azure, and {place.workspace} asks for a login.",
            "Run 'az login', set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or use --auth device-code.",
        )
    if _says(record, r"AADSTS7000215|AADSTS7000222|AADSTS700016|invalid_client|unauthorized_client"):
        return WorkspaceError(
            f"The login service refuses the service principal: {_said(record)}.",
            "Check AZURE_CLIENT_ID, AZURE_CLIENT_SECRET (has it expired?) and AZURE_TENANT_ID.",
        )
    if _says(
        record, r"AADSTS700082|AADSTS50173|AADSTS70043|refresh token has expired|ExpiredAuthenticationToken"
    ):
        return WorkspaceError("The login has expired.", "Log in again: az login, or --auth device-code.")
    return None


def _wrong_tenant(record: Record, place: Place) -> ScaffoldError | None:
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
    if _says(
        record, r"tenant in the authentication is different|InvalidAuthenticationTokenTenant|AADSTS90002"
    ):
        return WorkspaceError(
            f"The login is for another tenant than the one of {place.workspace}"
            + (f" ({place.tenant_id})." if place.tenant_id else "."),
            f"Log in to it: az login --tenant {place.tenant_id or 'TENANT'}; "
            f"or correct tenant_id in {place.config_file}.",
        )
    return None


def _no_network(record: Record, place: Place) -> ScaffoldError | None:
    if not record["network"]:
        return None
    if _is_certificate(record):
        return WorkspaceError(
            f"The certificate of {_host(record)} is not trusted.",
            "Behind a proxy that reads TLS, set REQUESTS_CA_BUNDLE to your organisation's certificates.",
        )
    if _says(record, "proxy"):
        return WorkspaceError(
            f"The proxy does not let {_host(record)} through.", "Check HTTPS_PROXY and NO_PROXY."
        )
    return WorkspaceError(
        f"{_host(record)} cannot be reached.", f"Check the network, VPN and HTTPS_PROXY; then {place.again}."
    )


def _is_certificate(record: Record) -> bool:
    return _says(record, "CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError")


def _host(record: Record) -> str:
    for text in [record["url"] or "", record["message"], *record["texts"]]:
        found = re.search(r"host='([^']+)'|https?://(?:[^/@\s]+@)?([^/\s:'\"]+)", text)
        if found is not None:
            return found[1] or found[2]
    return "Azure"


def _login_refused(record: Record, place: Place) -> ScaffoldError | None:
    """A rule of the organisation's, a second factor that is missing, somebody who has changed their mind."""
    if is_passing(record) or not (
        _says(record, r"AADSTS\d+") or _from(record, "AuthenticationError", "AuthenticationException")
    ):
        return None
    return WorkspaceError(
        f"The login service refuses the login: {_said(record)}.",
        f"Log in where it can ask for more, in a browser: az login --tenant {place.tenant_id or 'TENANT'}; "
        "or choose another login with --auth.",
    )


def _full_disk(record: Record, _: Place) -> ScaffoldError | None:
    if not _says(record, "disk that holds the local workspace is full"):
        return None
    return WorkspaceError(
        "The disk that holds the local workspace is full: nothing was submitted.",
        "Make room ('scaffold workspace prune' removes what is not used any more), and submit again.",
    )


def _run_failed(record: Record, place: Place) -> ScaffoldError | None:
    if not _from(record, "ActivityFailedException"):
        return None
    preempted = is_preemption(" ".join(record["texts"]))
    return RunFailedError(
        f"The run that {place.script.name if place.script else 'it'} waited for failed: {_said(record)}.",
        PREEMPTION_HINT if preempted else "Its log says more: scaffold runs logs latest",
    )


def _not_authenticated(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 401:
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} does not take the login (401): {_said(record)}.",
        "Log in again: az login, or --auth device-code.",
    )


def _not_allowed(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 403:
        return None
    return WorkspaceError(
        f"The login may not do this in {place.workspace} (403): {_said(record)}.",
        "Ask for the role 'AzureML Data Scientist' on the workspace, or log in as somebody who has it.",
    )


def _no_workspace(record: Record, place: Place) -> ScaffoldError | None:
    if not _says(record, r"Workspace not found|ResourceGroupNotFound|workspaces/\S+' under resource group"):
        return None
    config = place.config
    if config is None:
        return None
    return WorkspaceError(
        f"There is no workspace {config.workspace_name!r} in resource group {config.resource_group!r} of "
        f"subscription {config.subscription_id}.",
        f"Correct {place.config_file}: 'scaffold workspace connect' writes it from what you can see.",
    )


def _no_compute(record: Record, place: Place) -> ScaffoldError | None:
    known = _says(
        record, r"compute (target|resource)?.{0,80}(not found|does not exist)", "ComputeTargetNotFound"
    )
    known = known or _says(record, r"(unknown|invalid) (compute )?target")
    if not known:
        return None
    return WorkspaceError(
        f"{_said(record)}.",
        "Set TARGET_NAME in constants.py, or --compute-target, to one that 'scaffold doctor' lists.",
    )


def _retired_size(record: Record, _: Place) -> ScaffoldError | None:
    gone = _says(record, "retired|no longer (available|supported)|SkuNotAvailable|VMSizeNot|is not available")
    if not (gone and _says(record, r"vm ?size|sku|Standard_\w+")):
        return None
    return WorkspaceError(
        f"{_said(record)}.", "Choose a compute target whose VM size is still offered: --compute-target NAME."
    )


def _conflict(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 409:
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} has this already, or it has moved on (409): {_said(record)}.",
        f"Look at it on its page, and {place.again}.",
    )


def _not_implemented(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 501:
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} refuses {place.what}: {_said(record)}.",
        "Mend what it names; --debug shows the SDK's own message.",
    )


def _overloaded(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] == 429:
        return WorkspaceError(
            f"{_capital(place.workspace)} takes no more requests for now (429): {_said(record)}.",
            f"Wait a minute and {place.again}; fewer requests at once help.",
        )
    if isinstance(record["status"], int) and record["status"] >= 500:
        return WorkspaceError(
            f"{_capital(place.workspace)} fails ({record['status']}): {_said(record)}.",
            f"{_capital(place.again)} in a while; --debug shows the request id to report to Azure's support.",
        )
    return None


def _not_found(record: Record, place: Place) -> ScaffoldError | None:
    if record["status"] != 404:
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} does not have it (404): {_said(record)}.",
        "Check the names in constants.py and on the command line; --debug shows the SDK's own message."
        if place.script
        else "Check the names that you gave; --debug shows the SDK's own message.",
    )


def _refused(record: Record, place: Place) -> ScaffoldError | None:
    if not isinstance(record["status"], int):
        return None
    return WorkspaceError(
        f"{_capital(place.workspace)} refuses {place.what} ({record['status']}): {_said(record)}.",
        "Mend what it names; --debug shows the SDK's own message.",
    )


def _no_job(record: Record, place: Place) -> ScaffoldError | None:
    """azure-ai-ml does not take the job that a project is."""
    is_objection = _from(record, "ValidationError", "ValidationException", "JobException")
    if place.script is None or record["status"] is not None or not is_objection:
        return None
    said = "; ".join(objections(record["message"])) or _said(record)
    return ProjectError(
        f"azure-ai-ml does not take the job of {place.script.name}: {said.rstrip('.')}.",
        "Mend the project; 'scaffold export -' shows the job.",
    )


def _cannot_override(record: Record, place: Place) -> ScaffoldError | None:
    if place.script is None or not _from(record, "CannotOverrideError"):
        return None
    return ProjectError(
        f"{place.script.name}: {record['message']}", "Submit without the flag, or change the script."
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


_KINDS: tuple[Callable[[Record, Place], ScaffoldError | None], ...] = (
    _no_sdk,
    _run_failed,
    _no_job,
    _cannot_override,
    _full_disk,
    _no_login,
    _wrong_tenant,
    _no_network,
    _login_refused,
    _no_workspace,
    _retired_size,
    _no_compute,
    _not_authenticated,
    _not_allowed,
    _conflict,
    _not_implemented,
    _overloaded,
    _not_found,
    _refused,
)
