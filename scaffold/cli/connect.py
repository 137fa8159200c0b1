"""``scaffold workspace connect``: points a project at a workspace, and says how to go back."""

import itertools
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaffold import words
from scaffold.cli import completion, console, picking
from scaffold.cli.flags import AsJson
from scaffold.cli.login import METHODS, Auth, checked_method
from scaffold.errors import UsageError

if TYPE_CHECKING:
    from scaffold.project.connection import Connection
    from scaffold.project.model import WorkspaceConfig

_FLAGS = ("--subscription-id", "--resource-group", "--workspace-name")


@console.stopping("Stopped: config.json is as it was, or as it was to be.", "'scaffold check' says which.")
def connect(
    config: Annotated[
        Path | None,
        typer.Argument(
            help="A config.json downloaded from the Azure ML studio.", metavar="[CONFIG]", show_default=False
        ),
    ] = None,
    subscription_id: Annotated[
        str | None, typer.Option(help="Azure subscription of the workspace.", show_default=False)
    ] = None,
    resource_group: Annotated[
        str | None, typer.Option(help="Resource group of the workspace.", show_default=False)
    ] = None,
    workspace_name: Annotated[
        str | None, typer.Option(help="Name of the workspace.", show_default=False)
    ] = None,
    tenant_id: Annotated[
        str | None, typer.Option(help="Tenant, when not your default one.", show_default=False)
    ] = None,
    to_local: Annotated[bool, typer.Option("--local", help="Go back to the local workspace.")] = False,
    project: Annotated[
        Path | None,
        typer.Option(
            help="The project's folder, any folder in it, another folder, or a script or notebook; "
            "the current folder by default.",
            autocompletion=completion.projects,
            show_default=False,
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Ask Azure whether the workspace is there, before it is written.")
    ] = False,
    auth: Auth = METHODS[0],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Point a project at a workspace: by its config.json, by its names, or by a pick from those you can see.

    A folder that is no project gets a config.json too: all that is started in it or below it reads that.

    Without an argument, on a terminal, it logs in to Azure and lists the subscriptions and workspaces there.
    """
    from scaffold.project import connection

    checked_method(auth)
    given = {
        flag: value
        for flag, value in zip(_FLAGS, (subscription_id, resource_group, workspace_name), strict=True)
        if value is not None
    }
    _refuse_several(config, given, tenant_id, to_local)
    root, present = connection.find_connection(project, "scaffold workspace connect --project")
    with console.stopping(
        "Stopped: config.json is as it was.", "Run it again, or name the workspace by flags."
    ):
        wanted, verified = _wanted(config, given, tenant_id, to_local=to_local, auth=auth)
        wanted = connection.with_known_tenant(wanted, present.present)
        wanted = replace(wanted, path=present.file.path)
        if verify and not verified and not wanted.is_local:
            picking.verify(wanted, auth)
            verified = True
    change = _Change(root, present, wanted, verified)
    if change.is_one and not dry_run:
        change.carry_out()
    _show(change, dry_run=dry_run, as_json=as_json)


def _wanted(
    config: Path | None, given: dict[str, str], tenant_id: str | None, *, to_local: bool, auth: str
) -> "tuple[WorkspaceConfig, bool]":
    """The workspace that the command line names, or a person picks, and whether Azure has said that it is there.

    Raises:
        UsageError: it names none, or something is wrong with it.
    """
    from scaffold.project import connection

    if to_local:
        return connection.local(), False
    if config is not None:
        return connection.from_file(config), False
    if given:
        _refuse_half(given)
        subscription, group, name = (given[flag] for flag in _FLAGS)
        return connection.from_names(subscription, group, name, tenant_id), False
    if not console.interactive():
        raise UsageError(
            "Which workspace is not said, and there is no terminal to ask on.",
            f"Name its config.json, {', '.join(_FLAGS)}, or --local.",
        )
    return picking.pick(tenant_id, auth), True


def _refuse_several(
    config: Path | None, given: dict[str, str], tenant_id: str | None, to_local: bool
) -> None:
    """One way to name the workspace at a time.

    Raises:
        UsageError: there are two.
    """
    ways = [*(["CONFIG"] if config else []), *list(given)[:1], *(["--local"] if to_local else [])]
    if len(ways) > 1:
        raise UsageError(f"{ways[0]} and {ways[1]} both name a workspace.", "Leave one of them out.")
    if tenant_id is not None and (config is not None or to_local):
        raise UsageError(
            f"--tenant-id does not go with {ways[0]}.",
            "The local workspace is in no tenant." if to_local else "Put tenant_id into the file.",
        )


def _refuse_half(given: dict[str, str]) -> None:
    missing = [flag for flag in _FLAGS if flag not in given]
    if missing:
        raise UsageError(
            f"{missing[0]} is missing.", f"A workspace is named by {', '.join(_FLAGS)} together."
        )


@dataclass
class _Change:
    """A project's way from one workspace to another.

    Attributes:
        root: the project's folder.
        present: what decides where it goes, before.
        wanted: the workspace that it is to go to.
        verified: whether Azure has said that it is there.
    """

    root: Path
    present: "Connection"
    wanted: "WorkspaceConfig"
    verified: bool

    @property
    def is_one(self) -> bool:
        """False when the project goes there already."""
        from scaffold.project.connection import names_of

        before = self.present.present
        return before is None or bool(self.present.elsewhere) or names_of(before) != names_of(self.wanted)

    @cached_property
    def copy(self) -> Path | None:
        """Where what flags could not say again is kept: the first of NAME.bak, NAME.bak1, … that is free."""
        path = self.present.file.path
        if self.present.replaceable or not self.is_one:
            return None
        names = (f"{path.name}.bak{count or ''}" for count in itertools.count())
        return next(path.with_name(name) for name in names if not os.path.lexists(path.with_name(name)))

    def carry_out(self) -> None:
        """Writes config.json in one step, having kept a copy of what flags could not say again.

        Raises:
            UsageError: it cannot be written, and is as it was.
        """
        import shutil

        from scaffold.project.connection import text_of
        from scaffold.workspace.files import write_atomically

        path = self.present.file.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self.copy is not None:
                shutil.copy2(path, self.copy)
            write_atomically(path, text_of(self.wanted).encode(), mode=_mode(path))
        except OSError as error:
            raise UsageError(
                f"{self.present.file.shown} cannot be written: {error.strerror or error}.",
                "Make it and its folder writable; it is as it was.",
            ) from error

    @property
    def way_back(self) -> str | None:
        """What undoes it: a command where flags can name what was before, else what to do with the file."""
        shown = self.present.file.shown
        if not self.is_one:
            return None
        if self.copy is not None:
            return f"rename {Path(shown).with_name(self.copy.name).as_posix()} to {Path(shown).name}"
        if self.present.present is None or self.present.elsewhere is not None:
            return f"remove {shown}"
        return _command(self.present.present)


def _mode(path: Path) -> int:
    """The permissions of the file, or those that a new one gets here."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _command(config: "WorkspaceConfig") -> str:
    """The command that connects to a workspace, quoted for the shell of this system."""
    from scaffold.project.connection import names_of

    if config.is_local:
        return "scaffold workspace connect --local"
    flags = [
        word for key, value in names_of(config).items() for word in (f"--{key.replace('_', '-')}", value)
    ]
    return words.typed("scaffold", "workspace", "connect", *flags)


def _words(config: "WorkspaceConfig | None") -> str:
    """A workspace in words."""
    if config is None:
        return "no workspace"
    if config.is_local:
        return "the local workspace"
    tenant = f", tenant {config.tenant_id}" if config.tenant_id else ""
    return (
        f"workspace {config.workspace_name} in resource group {config.resource_group} "
        f"(subscription {config.subscription_id}{tenant})"
    )


def _show(change: _Change, *, dry_run: bool, as_json: bool) -> None:
    present, shown = change.present, change.present.file.shown
    if not present.is_read:
        console.warn("the project's script names its workspace by itself: config.json has no effect")
    if as_json:
        console.result_json(
            {
                "project": str(change.root),
                "file": shown,
                "workspace": change.wanted.document,
                "before": present.present.document if present.present else None,
                "changed": change.is_one and not dry_run,
                "dry_run": dry_run,
                "verified": change.verified,
                "kept": str(change.copy) if change.copy else None,
                "way_back": change.way_back,
            }
        )
        return
    would = "would be connected" if dry_run else "connected"
    there = "; Azure has it" if change.verified else ""
    console.done(f"{would if change.is_one else 'connected already'}{there}")
    before = _words(present.present)
    if present.elsewhere is not None:
        before += f" ({present.elsewhere})"
    rows = {"now": _words(change.wanted), "file": shown}
    if change.is_one:
        rows["before"] = before
    console.rows(rows)
    if change.way_back is not None:
        # On a line of its own, whatever the terminal's width: it is there to be copied.
        console.result(f"to go back: {console.inert(change.way_back)}")
