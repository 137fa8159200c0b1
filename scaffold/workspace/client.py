"""The environment variables by which an unmodified SDK finds the local workspace, and nothing else.

Which they are and why: ``azureml._vendor.azure_cli_core.cloud`` (clouds), ``azureml.core.authentication``
(managed identity), ``azureml.core.run`` (the context of a run). None of them changes what the SDK does.
"""

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from scaffold.workspace import interpreters, temporary, trust
from scaffold.workspace.keys import Keys
from scaffold.workspace.paths import Home

if TYPE_CHECKING:  # commands use this module too, and they must not load the service
    from scaffold.workspace.context import Context
    from scaffold.workspace.store.runs import Run

CLOUD_NAME = "ScaffoldLocal"
_KEPT_SECONDS = 24 * 3600


def variables(
    home: Home,
    https_port: int,
    *,
    environment: Mapping[str, str],
    submission: str | None = None,
    python: str | None = None,
) -> dict[str, str]:
    """What a client process needs set.

    Args:
        home: the workspace's folder.
        https_port: where its service listens.
        environment: the variables that the process would have otherwise (they say what it trusts).
        submission: an id by which the service can tell which runs came from this process.
        python: the Python of the process, in which runs are executed that name just ``python``.
    """
    keys = Keys.load(home)
    certificates = trust.prepare(home, environment)
    base = f"https://127.0.0.1:{https_port}"
    secret = keys.identity if submission is None else f"{keys.identity}/{quote(submission)}"
    # Not in the cloud's address, which stands in a folder that processes of other Pythons share.
    origin = f"{submission or ''}~{interpreters.remember(home, python)}" if python else submission
    token_secret = f"{keys.identity}/{quote(origin)}" if origin else keys.identity
    config = _config_folder(home, https_port, keys, submission)
    trust.protect_sdk_cache()
    return {
        "ARM_CLOUD_METADATA_URL": f"{base}/identity/{secret}/metadata",
        "AZUREML_CURRENT_CLOUD": CLOUD_NAME,
        # The second SDK would else make up a host of its own for registries, and fail at its name.
        "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{base}/",
        "AZURE_CONFIG_DIR": str(config),
        "AZUREML_AUTH_CONFIG_DIR": str(config / "auth"),
        "MSI_ENDPOINT": f"{base}/identity/{token_secret}/token",
        # Whom an interactive login takes instead when it is given a tenant, of which this is not.
        "AZUREML_SERVICE_PRINCIPAL_TENANT_ID": keys.tenant_id,
        "AZUREML_SERVICE_PRINCIPAL_ID": keys.user_id,
        "AZUREML_SERVICE_PRINCIPAL_PASSWORD": "none",
        "REQUESTS_CA_BUNDLE": str(certificates.folder),
        "CURL_CA_BUNDLE": str(certificates.bundle),
        "SSL_CERT_FILE": str(certificates.bundle),
        # A proxy for the outside world does not know this machine's loopback.
        **no_proxy(environment),
        # Where the SDK puts what it runs: see there.
        **temporary.variables(home, environment),
    }


def _config_folder(home: Home, https_port: int, keys: Keys, submission: str | None) -> Path:
    """The folder in which the SDK caches the metadata, for ever: so whatever stands in it has one of its own."""
    if submission is None:
        folder = home.client / f"azure-{https_port}-{keys.login[:8]}"
    else:
        folder = home.client / "submissions" / submission
        _forget_old(folder.parent)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _forget_old(submissions: Path) -> None:
    """Removes the folders of submissions that were over long ago."""
    before = time.time() - _KEPT_SECONDS
    for folder in submissions.iterdir() if submissions.is_dir() else ():
        if folder.stat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)


def no_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep this machine's loopback out of a proxy that is set; none where none is."""
    if not any(environment.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return {}
    present = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    hosts = [host for host in present.split(",") if host.strip()]
    joined = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": joined, "no_proxy": joined}


def run_variables(context: "Context", run: "Run") -> dict[str, str]:
    """What a run's process needs set, so that ``Run.get_context()`` is this run and a workspace can be loaded."""
    token, expiry = context.authority.run_token(run.run_id)
    experiment = context.store.experiments.by_id(run.experiment_id)
    base = variables(context.home, context.endpoints.https_port, environment=os.environ)
    return base | {
        "AZUREML_RUN_ID": run.run_id,
        "AZUREML_RUN_TOKEN": token,
        # Not seconds since the epoch: the SDK silently refuses those past 2**31.
        "AZUREML_RUN_TOKEN_EXPIRY": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expiry)),
        "AZUREML_ARM_SUBSCRIPTION": context.named.subscription_id,
        "AZUREML_ARM_RESOURCEGROUP": context.named.resource_group,
        "AZUREML_ARM_WORKSPACE_NAME": context.named.workspace_name,
        "AZUREML_ARM_PROJECT_NAME": experiment.name if experiment else "",
        "AZUREML_EXPERIMENT_ID": run.experiment_id,
        "AZUREML_EXPERIMENT_SCOPE": f"{context.scope}/experiments/{experiment.name if experiment else ''}",
        "AZUREML_WORKSPACE_ID": context.store.workspace_id,
        "AZUREML_WORKSPACE_SCOPE": context.scope,
        "AZUREML_SERVICE_ENDPOINT": context.endpoints.base,
        "AZUREML_RUN_HISTORY_SERVICE_ENDPOINT": context.endpoints.base,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": context.discovery_url,
        "AZUREML_ROOT_RUN_ID": run.root_run_id,
        # A plain https address, which MLflow knows with azureml-mlflow and without.
        "MLFLOW_TRACKING_URI": f"{context.endpoints.base}/mlflow/v1.0{context.scope}",
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_RUN_ID": run.run_id,
        "MLFLOW_EXPERIMENT_ID": run.experiment_id,
        "MLFLOW_EXPERIMENT_NAME": experiment.name if experiment else "",
    }
