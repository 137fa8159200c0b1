"""Loads a job's YAML with azure-ai-ml, and submits it; tells the parent process what becomes of it.

The one module that imports azure-ai-ml. The variable ``SCAFFOLD_SUBMISSION`` holds the task as JSON: ``yaml`` (the
job), ``origin`` (the file that its paths are relative to), ``do`` (``validate`` or ``submit``), and for a
submission ``name`` (the job's, made once, so that asking twice makes one job), ``environment_name``, ``workspace``,
``login`` (as for ``child.__main__``), ``follow`` and ``sweep`` (see ``jobs.Job``). This process's stdout is for the
parent alone, in the words of ``child.__main__``:

    valid      ``document``: the job as azure-ai-ml has understood it
    ask        ``text``: what a person is to do to log in
    login, sent, queued, not-accepted, status, log, waiting, warning, trouble, sweep, logged, ended, error      as there

What the SDK prints goes to this process's stderr. The exit code is 0 when the task was carried out.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from scaffold.submission.child import idleness
from scaffold.submission.child.reporting import Report, take_stdout, tell_end

_SENT = re.compile(rb"PUT [^ ]*/jobs/[^ /?]+[? ]")
_PRINCIPAL = ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")


class LostSightError(Exception):
    """Following a run ended, and not the run."""

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self.run_id = run_id


def main() -> int:
    """Returns the exit code."""
    task = json.loads(os.environ.pop("SCAFFOLD_SUBMISSION"))
    sys.path.pop(0)  # this folder, whose modules are not to be taken for others of the same name
    report = take_stdout()
    os.environ.setdefault("TQDM_DISABLE", "1")  # its bars are for nobody
    try:
        _carry_out(task, report)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from scaffold.submission.child.errors import record_of

        following = {"following": error.run_id} if isinstance(error, LostSightError) else {}
        cause = error.__cause__ if isinstance(error, LostSightError) and error.__cause__ else error
        report("error", **following, **record_of(cause, str(task["origin"])))
        import traceback

        traceback.print_exc()
        return 1
    return 0


def _carry_out(task: dict[str, Any], report: Report) -> None:
    job = _load(task)
    if task["do"] != "submit":
        report("valid", document=job._to_dict())
        return
    job.name = task["name"]
    login = task["login"]
    _watched(report, str(task["origin"]))
    client = _client(task["workspace"], login, report)
    found = _submit(client, job, report)
    report(
        "queued",
        run_id=found.name,
        experiment=found.experiment_name,
        target=(found.compute or "serverless").rpartition(":")[2].rpartition("/")[2],
        environment=task["environment_name"],
        url=found.studio_url,
    )
    if task["follow"]:
        try:
            _follow(client, found.name, task["sweep"], report)
        except Exception as error:
            raise LostSightError(found.name) from error


def _watched(report: Report, origin: str) -> None:
    """Ends this process when azure-ai-ml waits without asking anybody: it has loops that nothing ends."""
    from scaffold.submission.child.errors import record_of

    def give_up(seconds: float) -> None:
        error = TimeoutError(
            f"azure-ai-ml has sent nothing for {seconds / 60:.0f} minutes, and does not end."
        )
        report("error", **record_of(error, origin))
        os._exit(1)

    idleness.watch(give_up)


def _load(task: dict[str, Any]) -> Any:
    import io
    import logging

    # What it says of its own schemas' experimental parts is about none of ours.
    logging.getLogger("azure.ai.ml").setLevel(logging.ERROR)
    from azure.ai.ml import load_job

    return load_job(io.StringIO(task["yaml"]), relative_origin=task["origin"])


def _client(workspace: dict[str, str], login: dict[str, Any] | None, report: Report) -> Any:
    from azure.ai.ml import MLClient

    if login is None:  # the local workspace, which is this machine's identity endpoint as well
        credential, _ = _managed_identity(None)
    else:
        credential, text = _LOGINS[login["method"]]({**login, "report": report})
        report("login", text=text, made=login["method"] not in ("auto", "interactive"))
    # Where it shows no progress it does not look at its uploads either, and waits for ever for one that is refused.
    # What it shows is not for a person to see: this process's stderr is read by its parent.
    return MLClient(credential, **workspace, show_progress=True)


def _submit(client: Any, job: Any, report: Report) -> Any:
    """Creates the job; one whose answer was lost is looked for."""
    sent = False

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal sent
        if not sent and event == "http.client.send" and isinstance(arguments[1], bytes | bytearray):
            sent = _SENT.match(bytes(arguments[1][:4096])) is not None
            if sent:
                report("sent", run_id=job.name)

    sys.addaudithook(hear)
    try:
        return client.jobs.create_or_update(job)
    except Exception:
        if not sent:
            raise
        found = _find(client, job.name)
        if found is None:
            report("not-accepted", run_id=job.name)
            raise
        return found


def _find(client: Any, name: str) -> Any:
    """The job of that name, or None when the service does not have it."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return client.jobs.get(name)
    except ResourceNotFoundError:
        return None


def _follow(client: Any, name: str, sweep: dict[str, Any] | None, report: Report) -> None:
    if sweep:
        from azure.core.rest import HttpRequest

        from scaffold.submission.child import trials
        from scaffold.submission.child.job_run import SweepRun

        swept = SweepRun(client, name, sweep["metric"], sweep["options"], HttpRequest)
        details = trials.follow(swept, sweep["goal"], report)
    else:
        from scaffold.submission.child.follower import Follower
        from scaffold.submission.child.job_run import JobRun

        run = JobRun(client, name)
        details = Follower(run, report, why=run.why_it_waits).follow()
    tell_end(report, name, details)


# How to log in: each gives azure-identity's credential, and says what it is.


def _auto(login: dict[str, Any]) -> tuple[Any, str]:
    if _principal(login):
        return _service_principal(login)
    from azure.identity import DefaultAzureCredential

    found = {"interactive_browser_tenant_id": login["tenant_id"]} if login["tenant_id"] else {}
    credential = DefaultAzureCredential(exclude_interactive_browser_credential=not login["may_ask"], **found)
    return credential, "the first login that azure-identity finds"


def _principal(login: dict[str, Any]) -> dict[str, str]:
    """What is set of a service principal, as SDK v1 wants it or as other tools of Azure's do."""
    theirs = {"TENANT_ID": "AZUREML_SERVICE_PRINCIPAL_TENANT_ID", "CLIENT_ID": "AZUREML_SERVICE_PRINCIPAL_ID"}
    theirs["CLIENT_SECRET"] = "AZUREML_SERVICE_PRINCIPAL_PASSWORD"  # noqa: S105  (a variable's name)
    found = {key: os.environ.get(f"AZURE_{key}") or os.environ.get(theirs[key]) for key in _PRINCIPAL}
    found["TENANT_ID"] = found["TENANT_ID"] or login["tenant_id"]
    whole = {key: value for key, value in found.items() if value}
    return whole if len(whole) == len(_PRINCIPAL) else {}


def _service_principal(login: dict[str, Any]) -> tuple[Any, str]:
    from azure.identity import ClientSecretCredential

    from scaffold.submission.child.login import NoLoginError

    found = _principal(login)
    if not found:
        names = ", ".join(f"AZURE_{key}" for key in _PRINCIPAL)
        raise NoLoginError(f"The service principal is not known: {names} are not all set.")
    credential = ClientSecretCredential(found["TENANT_ID"], found["CLIENT_ID"], found["CLIENT_SECRET"])
    return credential, f"service principal {found['CLIENT_ID']}"


def _managed_identity(_: dict[str, Any] | None) -> tuple[Any, str]:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(), "managed identity of this machine"


def _azure_cli(login: dict[str, Any]) -> tuple[Any, str]:
    from azure.identity import AzureCliCredential

    return AzureCliCredential(tenant_id=login["tenant_id"] or ""), "login of the Azure CLI"


def _device_code(login: dict[str, Any]) -> tuple[Any, str]:
    from azure.identity import DeviceCodeCredential

    report = login["report"]

    def ask(address: str, code: str, _: Any) -> None:
        report("ask", text=f"Open {address} and type the code {code}.")

    tenant = {"tenant_id": login["tenant_id"]} if login["tenant_id"] else {}
    return DeviceCodeCredential(prompt_callback=ask, **tenant), "login by device code"


def _interactive(login: dict[str, Any]) -> tuple[Any, str]:
    from azure.identity import InteractiveBrowserCredential

    from scaffold.submission.child.login import LoginNeededError

    if not login["may_ask"]:
        raise LoginNeededError
    tenant = {"tenant_id": login["tenant_id"]} if login["tenant_id"] else {}
    return InteractiveBrowserCredential(**tenant), "login in the browser"


_LOGINS: dict[str, Callable[[dict[str, Any]], tuple[Any, str]]] = {
    "auto": _auto,
    "interactive": _interactive,
    "device-code": _device_code,
    "azure-cli": _azure_cli,
    "service-principal": _service_principal,
    "managed-identity": _managed_identity,
}


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Its threads and caches have nothing left to say, and an interpreter with it is slow to go.
    os._exit(code)
