"""The local workspace as every command that needs it gets it: started if need be, with what it has to tell told."""

from typing import TYPE_CHECKING

from scaffold.cli import console

if TYPE_CHECKING:
    from scaffold.workspace.lifecycle import Service


def service() -> "Service":
    """The running local workspace.

    Raises:
        WorkspaceError: it cannot be started.
    """
    from scaffold.workspace import lifecycle
    from scaffold.workspace.paths import Home

    with (
        console.stopping(
            "Stopped while the local workspace was starting.",
            "It may go on with that: 'scaffold workspace status' tells whether it runs.",
        ),
        console.working("starting the local workspace"),
    ):
        running = lifecycle.ensure(Home.default())
    notice = lifecycle.take_notice(running.home)
    if notice is not None:
        console.warn(console.inert(notice))
    return running
