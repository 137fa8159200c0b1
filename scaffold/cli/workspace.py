"""``scaffold workspace``: which workspace a project goes to, and the local workspace by hand."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaffold import words
from scaffold.cli import console, local
from scaffold.cli.connect import connect
from scaffold.cli.fault import describe, fault
from scaffold.cli.flags import AsJson
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.workspace.paths import Home

workspace_app = typer.Typer(
    name="workspace",
    help="The workspace that a project goes to, and the local one by hand.",
)


@workspace_app.command()
def start(
    rehearse: Annotated[
        Path | None,
        typer.Option(
            "--rehearse",
            metavar="CONFIG",
            help="Stand in for the workspace on Azure that this config.json names, in a state folder of its own.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the local workspace, unless it runs already."""
    if rehearse is not None:
        from scaffold.workspace.paths import Home

        _name(Home.default(), rehearse)
    service = local.service()
    if as_json:
        console.result_json(service.status())
        return
    console.done(f"the local workspace runs (process {service.pid})")
    console.result(service.portal)


def _name(home: "Home", config: Path) -> None:
    """Gives the workspace of a new home the name that a config.json has."""
    from scaffold.project.config import read_workspace_config
    from scaffold.workspace.naming import WorkspaceName

    read = read_workspace_config(config)
    name = WorkspaceName(read.subscription_id, read.resource_group, read.workspace_name, read.tenant_id)
    present = WorkspaceName.load(home)
    if present == name:
        return
    if home.secret_keys.exists():
        raise UsageError(
            f"The state folder {home.root} is the workspace {present.workspace_name!r} already.",
            "Set SCAFFOLD_HOME to another folder for the rehearsal.",
        )
    home.create()
    name.save(home)


@workspace_app.command("open")
def open_pages(as_json: AsJson = False) -> None:
    """Open the pages of the local workspace in the browser, and print their address."""
    service = local.service()
    console.browse(service.portal)
    if as_json:
        console.result_json({"portal": service.portal})
    else:
        console.result(service.portal)


@workspace_app.command()
def stop(
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="End its process if it does not stop by itself. Nothing acknowledged is lost."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the local workspace. Runs that are under way go on, and are picked up when it is started again."""
    from scaffold.workspace import lifecycle
    from scaffold.workspace.paths import Home

    with console.working("stopping the local workspace"):
        stopped = lifecycle.stop(Home.default(), force=force)
    if as_json:
        console.result_json({"stopped": stopped})
    else:
        console.done("stopped" if stopped else "it was not running")


@workspace_app.command()
def status(as_json: AsJson = False) -> None:
    """Show whether the local workspace runs, where, and what it is doing."""
    from scaffold.workspace import lifecycle
    from scaffold.workspace.paths import Home

    home = Home.default()
    try:
        service = lifecycle.find(home)
        facts = {**service.status(), "disk": service.usage()} if service else {}
    except (lifecycle.NotAnsweringError, lifecycle.LostError) as error:
        if as_json:
            facts = {"running": True, "answers": False, "home": str(home.root), "pid": error.pid}
            console.result_json(facts)
        else:
            console.result(f"does not answer    process {error.pid or 'unknown'}, {home.root}")
        raise
    if as_json:
        console.result_json({"running": service is not None, "home": str(home.root), **facts})
        return
    if service is None:
        console.result(f"stopped    {home.root}")
        return
    disk = facts["disk"]
    memory = words.size(facts["memory_bytes"])
    counts = ", ".join(f"{count} {name}" for name, count in sorted(facts["runs"].items())) or "none yet"
    rows = {
        "running": f"process {facts['pid']}, version {facts['version']}, {memory} of memory",
        "workspace": facts["scope"],
        "page": facts["portal"],
        "state": str(home.root),
        "runs": counts,
        "at once": str(facts["width"]),
        "environments": f"{facts['environments']}, {words.size(disk['environments'])}; "
        f"{words.size(disk['packages'])} of packages kept for others",
        "disk": f"{words.size(facts['disk_free_bytes'])} free",
    }
    if facts["faults"]:
        rows["faults"] = "on demand, still to come: " + ", ".join(map(describe, facts["faults"]))
    if facts["set_aside"]:
        rows["set aside"] = "{folder}: the database was damaged ({reason})".format(**facts["set_aside"])
    console.rows(rows)


@workspace_app.command()
def env(
    shell: Annotated[
        str,
        typer.Option("--shell", help="The shell to write for: posix, fish, powershell or cmd."),
    ] = "powershell" if os.name == "nt" else "posix",
    as_json: AsJson = False,
) -> None:
    """Print the variables by which the SDK finds the local workspace: eval "$(scaffold workspace env)"."""
    from scaffold.workspace import client

    writers = {"posix": _posix, "fish": _fish, "powershell": _powershell, "cmd": _cmd}
    if shell not in writers:
        raise UsageError(f"There is no shell {shell!r} here.", f"Choose one of {', '.join(writers)}.")
    service = local.service()
    variables = client.variables(service.home, service.https_port, environment=os.environ)
    if as_json:
        console.result_json(variables)
        return
    for name, value in variables.items():
        console.result(writers[shell](name, value))


def _posix(name: str, value: str) -> str:
    import shlex

    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{escaped}'"


def _powershell(name: str, value: str) -> str:
    escaped = value.replace("'", "''")
    return f"$env:{name} = '{escaped}'"


def _cmd(name: str, value: str) -> str:
    return f'set "{name}={value}"'


@workspace_app.command()
def prune(
    days: Annotated[
        float, typer.Option("--unused-for", help="Remove what no run has used for so many days.", min=0)
    ] = 30.0,
    cache: Annotated[
        bool, typer.Option("--cache", help="Remove the packages that are kept for the next build, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove environments that were not used for a while (they are built again when needed), and files without a use.

    Nothing refers to those any more: they were replaced, deleted, or their upload was given up a day ago or earlier.
    """
    answer = local.service().json("POST", f"/prune?days={days}&cache={int(cache)}", timeout=600)
    removed, cached = answer["removed"], answer["cache_bytes"]
    if as_json:
        console.result_json(answer)
        return
    for environment in removed:
        console.result(f"{environment['key']}  {environment['name']}  {words.size(environment['bytes'])}")
    files = answer["files"]
    before, after = files["bytes_before"], files["bytes_after"]
    if files["removed"]:
        console.result(f"{files['removed']} files: {words.size(before)} before, {words.size(after)} now")
    total = cached + before - after + sum(environment["bytes"] for environment in removed)
    nothing = not removed and not cached and before == after
    count = len(removed) + files["removed"]
    console.done(
        "there was nothing to remove" if nothing else f"{count} removed, {words.size(max(0, total))} freed"
    )


@workspace_app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Begin anew with no experiments and runs. The old state is set aside, not deleted; runs under way are ended."""
    from scaffold.workspace import lifecycle
    from scaffold.workspace.paths import Home

    home = Home.default()
    if not yes:
        if not console.interactive():
            raise UsageError("Resetting the workspace needs a yes.", "Say it with --yes.")
        typer.confirm(f"Set all experiments and runs in {home.root} aside?", abort=True, err=True)
    aside = lifecycle.reset(home)
    if as_json:
        console.result_json({"set_aside": str(aside) if aside else None})
    elif aside is None:
        console.done("there was nothing to reset")
    else:
        console.done("the next start begins with an empty workspace")
        console.result(f"the old state is in {aside}")


workspace_app.command()(connect)
workspace_app.command()(fault)
