"""Which login the SDK will use, said before it is used, and chosen where the command line chooses.

``Workspace.from_config`` without an ``auth`` makes an ``InteractiveLoginAuthentication``, which tries in this
order (``InteractiveLoginAuthentication._get_ambient`` and its constructor): a managed identity
(``MSI_ENDPOINT``), a service principal in ``AZUREML_SERVICE_PRINCIPAL_*``, a login of its own from earlier,
that of the Azure CLI, and in the end a person. A choice is made by leaving only its variables in sight, so
scripts that log in by themselves are not touched.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from scaffold.submission.child.reporting import Report

IN_BROWSER = "login in a browser"
METHODS = ("auto", "interactive", "device-code", "azure-cli", "service-principal", "managed-identity")

_PRINCIPAL = {
    "AZUREML_SERVICE_PRINCIPAL_TENANT_ID": "AZURE_TENANT_ID",
    "AZUREML_SERVICE_PRINCIPAL_ID": "AZURE_CLIENT_ID",
    "AZUREML_SERVICE_PRINCIPAL_PASSWORD": "AZURE_CLIENT_SECRET",
}


# The SDK's own sign of a compute instance of Azure ML, whose identity it tries first (``_initialize_msi_auth``).
COMPUTE_INSTANCE = Path("/mnt/azmnt/.nbvm")


class NoLoginError(Exception):
    """The login that was chosen is not set up; the message says what is missing."""


class LoginNeededError(Exception):
    """The SDK would ask a person to log in, and there is nobody to ask."""


@dataclass(frozen=True)
class Way:
    """One way to log in, as far as this environment shows without trying.

    Attributes:
        method: one of :data:`METHODS`.
        ready: whether it is set up.
        reason: what says so, in a few words.
        half: whether it is set up in part, which cannot be meant.
    """

    method: str
    ready: bool
    reason: str
    half: bool = False


def survey(tenant_id: str | None, environment: Mapping[str, str] = os.environ) -> list[Way]:
    """The ways to log in without a person, in the order in which the SDK comes to them; changes nothing.

    Args:
        tenant_id: of config.json, or None.
        environment: the variables of the process that logs in.
    """
    identity = _sign_of_identity(environment)
    ways = [
        Way(
            "managed-identity",
            identity is not None,
            f"a managed identity ({identity or 'MSI_ENDPOINT is not set'})",
        ),
        _principal(tenant_id, environment),
    ]
    for method, folder, whose in (
        ("interactive", _sdk_folder(environment), "the SDK"),
        ("azure-cli", azure_cli_folder(environment), "the Azure CLI"),
    ):
        ways.append(Way(method, _has_login(folder), f"an earlier login of {whose} ({folder})"))
    return ways


def _sign_of_identity(environment: Mapping[str, str]) -> str | None:
    """What has the SDK try a managed identity; None where nothing does."""
    if "MSI_ENDPOINT" in environment:
        return "MSI_ENDPOINT"
    return "compute instance" if COMPUTE_INSTANCE.is_file() else None


def _principal(tenant_id: str | None, environment: Mapping[str, str]) -> Way:
    for names in (dict(zip(_PRINCIPAL, _PRINCIPAL, strict=True)), _PRINCIPAL):
        values = {shown: environment.get(shown) for shown in names.values()}
        if not any(values.values()):
            continue
        tenant, client, _ = names.values()
        missing = [name for name, value in values.items() if not value and not (name == tenant and tenant_id)]
        if missing:
            return Way(
                "service-principal", False, f"a service principal lacks {', '.join(missing)}", half=True
            )
        return Way("service-principal", True, f"the service principal {values[client]} ({client})")
    return Way("service-principal", False, "a service principal (AZURE_CLIENT_ID is not set)")


def prepare(method: str, tenant_id: str | None) -> str:
    """Makes this process ready for a login method.

    Args:
        method: one of :data:`METHODS`.
        tenant_id: of config.json, or None.

    Returns:
        What will be used, in a few words.

    Raises:
        NoLoginError: it is not set up.
    """
    _take_principal(tenant_id)
    if method == "auto":
        method = _first()
    if method != "managed-identity":
        os.environ.pop("MSI_ENDPOINT", None)
    elif _sign_of_identity(os.environ) is None:
        raise NoLoginError(
            "The SDK finds no managed identity here: MSI_ENDPOINT is not set, and this is no compute instance "
            "(on a virtual machine: az login --identity, and --auth azure-cli)."
        )
    if method != "service-principal":
        for name in _PRINCIPAL:
            os.environ.pop(name, None)
    elif missing := [name for name in _PRINCIPAL if not os.environ.get(name)]:
        raise NoLoginError(f"The service principal is not known: {_PRINCIPAL[missing[0]]} is not set.")
    if method == "azure-cli":
        folder = azure_cli_folder()
        if not _has_login(folder):
            raise NoLoginError("The Azure CLI is not logged in on this machine.")
        os.environ["AZUREML_AUTH_CONFIG_DIR"] = str(folder)
    if method == "device-code":
        _log_in_by_code(tenant_id)
    first = ""
    if method != "managed-identity" and COMPUTE_INSTANCE.is_file():
        first = ", unless the identity of this compute instance comes first"
    return f"{describe(method)}{first}"


def prepare_and_tell(login: Mapping[str, Any], report: Report) -> None:
    """Make this process ready for a login, and tell the parent process which it is.

    Args:
        login: ``method`` and ``tenant_id``.
        report: told ``login`` with ``text``, and ``made``: False where a person still has to log in.

    Raises:
        NoLoginError: the login is not set up.
    """
    text = prepare(login["method"], login["tenant_id"])
    report("login", text=text, made=text != IN_BROWSER)


def describe(method: str) -> str:
    """A method in words, with whose it is."""
    if method == "service-principal":
        return f"service principal {os.environ['AZUREML_SERVICE_PRINCIPAL_ID']}"
    return {
        "managed-identity": "managed identity of this machine",
        "azure-cli": "login of the Azure CLI",
        "device-code": "login by device code",
        "interactive": "login of the SDK" if _has_login(_sdk_folder()) else IN_BROWSER,
    }[method]


def azure_cli_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the Azure CLI keeps its login."""
    return Path(environment.get("AZURE_CONFIG_DIR") or Path.home() / ".azure")


def _sdk_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the SDK keeps a login of its own."""
    return Path(environment.get("AZUREML_AUTH_CONFIG_DIR") or Path.home() / ".azureml" / "auth")


def _take_principal(tenant_id: str | None) -> None:
    """Lets the SDK see a service principal that is set as the other Azure tools want it."""
    if any(os.environ.get(name) for name in _PRINCIPAL):
        return
    found = {ours: os.environ.get(theirs) for ours, theirs in _PRINCIPAL.items()}
    if any(found.values()):
        found["AZUREML_SERVICE_PRINCIPAL_TENANT_ID"] = (
            found["AZUREML_SERVICE_PRINCIPAL_TENANT_ID"] or tenant_id
        )
        os.environ.update({name: value for name, value in found.items() if value})


def _first() -> str:
    """The method that the SDK comes to first here."""
    return next((way.method for way in survey(None) if way.ready), "interactive")


def _has_login(folder: Path) -> bool:
    """True when a person's tokens are kept there (encrypted on some systems: ``.bin``)."""
    return any((folder / f"msal_token_cache{suffix}").exists() for suffix in (".json", ".bin"))


def _log_in_by_code(tenant_id: str | None) -> None:
    """Logs in with a code that a person types on another device, and keeps that login where the SDK looks."""
    from azureml._base_sdk_common.common import perform_interactive_login
    from azureml.core.authentication import AbstractAuthentication

    cloud: Any = AbstractAuthentication()._cloud_type
    perform_interactive_login(tenant=tenant_id, use_device_code=True, cloud_type=cloud)


def code_of(function: Any) -> CodeType:
    """The code of a function of the SDK, inside of what decorates it: by it the interpreter's hook knows a call."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code: CodeType = function.__code__
    return code


@contextmanager
def asking(*, may_ask: bool) -> Iterator[None]:
    """Within this block the SDK asks a person to log in only where it may.

    The interpreter's own profiling hook sees it coming; the SDK is not changed.

    Raises:
        LoginNeededError: it would, and may not.
    """
    if may_ask:
        yield
        return
    from azureml._base_sdk_common.common import perform_interactive_login

    code = code_of(perform_interactive_login)

    def see(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is code:
            raise LoginNeededError

    sys.setprofile(see)
    try:
        yield
    finally:
        sys.setprofile(None)
