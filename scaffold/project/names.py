"""What a project, an experiment, a compute target and the like may be called, and why not otherwise.

Each check takes the text of an answer and returns the reason why it cannot be used, or None when it
can. The template's pre_gen hook contains this module word for word, so that the bare ``cookiecutter``
command refuses the same answers (a test keeps the two equal): only the standard library here.
"""

import re
import sys

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PYTHON = re.compile(r"3\.(0|[1-9][0-9]?)(\.(0|[1-9][0-9]?))?")
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9])", re.IGNORECASE)

# A folder or script of this name would hide the module from the code that imports it. The names left
# out are modules that no program imports.
_MODULES = (set(getattr(sys, "stdlib_module_names", ())) | {"azureml", "constants", "run_experiment"}) - {
    "antigravity",
    "idlelib",
    "test",
    "this",
    "turtle",
    "turtledemo",
}
_OUTPUT_FOLDERS = {"outputs", "logs"}


def is_guid(text: str) -> bool:
    """True for 8-4-4-4-12 hexadecimal digits, as Azure writes subscriptions and tenants."""
    return _GUID.fullmatch(text) is not None


def reserved(text: str) -> str | None:
    """Checks that Windows lets a file or folder have that name."""
    # Windows looks at the part before the first full stop: NUL.tar.gz is the null device too.
    if _WINDOWS_DEVICE.fullmatch(text.partition(".")[0]):
        return "Windows reserves that name"
    return None


def project_slug(text: str) -> str | None:
    """Checks the name of a project and of its folder: one part of a path on every system."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text):
        return "it must be 1 to 100 letters, digits, '-', '_' or '.', starting with a letter or a digit"
    if text.endswith("."):
        return "Windows drops a full stop at the end of a name"
    return reserved(text)


def experiment_name(text: str) -> str | None:
    """Checks an experiment's name (the SDK's rule, ASCII only), which is its folder's name as well."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}", text):
        return "it must be 1 to 255 letters, digits, '-' or '_', starting with a letter or a digit"
    if text.lower() in {"azureml", "constants", "run_experiment"}:
        return f"its folder would hide the Python module {text.lower()}"
    if text.lower() in _OUTPUT_FOLDERS:
        return "the project ignores a folder of that name, which is for what a run writes"
    return reserved(text)


def script_name(text: str) -> str | None:
    """Checks the file name of the experiment's script."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,124}\.py", text):
        return "it must be a file name of letters, digits, '-' or '_' that ends in .py, at most 128"
    if text[:-3].lower() in _MODULES:
        return f"it would hide the Python module {text[:-3].lower()} from what imports it"
    return reserved(text)


def compute_target(text: str) -> str | None:
    """Checks a compute target's name as Azure ML does."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,22}[A-Za-z0-9]", text):
        return "it must be 2 to 24 letters, digits or '-', starting with a letter and not ending with '-'"
    return None


def environment_kind(text: str) -> str | None:
    """Checks which of the two specifications describes the environment."""
    return None if text in {"pip", "conda"} else "it must be pip or conda"


def environment_name(text: str) -> str | None:
    """Checks an environment's name; Azure ML keeps two prefixes for itself."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", text):
        return "it must be 1 to 255 letters, digits, '-', '_' or '.', starting with a letter or a digit"
    if text.lower().startswith(("azureml", "microsoft")):
        return "Azure ML keeps names that start with AzureML or Microsoft for its own environments"
    return None


def python_version(text: str) -> str | None:
    """Checks a Python version: X.Y or X.Y.Z, from the first one that azureml-core installs on."""
    match = _PYTHON.fullmatch(text)
    if not match:
        return "it must be a version of Python 3 such as 3.11 or 3.11.7"
    return None if int(match.group(1)) >= 8 else "azureml-core needs Python 3.8 or later"


def sdk(text: str) -> str | None:
    """Checks through which SDK an experiment is submitted."""
    return None if text in {"v1", "v2", "both"} else "it must be v1, v2 or both"


def subscription_id(text: str) -> str | None:
    """Checks a subscription's id."""
    return None if is_guid(text) else "it must be a GUID such as 00000000-0000-0000-0000-000000000000"


def resource_group(text: str) -> str | None:
    """Checks a resource group's name as Azure does."""
    if not re.fullmatch(r"[\w.()-]{1,90}", text) or text.endswith("."):
        return "it must be 1 to 90 letters, digits, '-', '_', '.', '(' or ')', not ending with '.'"
    return None


def workspace_name(text: str) -> str | None:
    """Checks a workspace's name as the SDK does."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}", text):
        return "it must be 3 to 33 letters, digits, '-' or '_', starting with a letter or a digit"
    return None


def tenant_id(text: str) -> str | None:
    """Checks a tenant's id; an empty one means the default tenant of whoever logs in."""
    return None if text == "" or is_guid(text) else "it must be a GUID, or empty for your default tenant"


CHECKS = {
    "project_slug": project_slug,
    "experiment_name": experiment_name,
    "script_name": script_name,
    "compute_target": compute_target,
    "environment_kind": environment_kind,
    "environment_name": environment_name,
    "python_version": python_version,
    "sdk": sdk,
    "subscription_id": subscription_id,
    "resource_group": resource_group,
    "workspace_name": workspace_name,
    "tenant_id": tenant_id,
}
