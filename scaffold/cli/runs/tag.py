"""``scaffold runs tag``: sets tags of a run and takes others away."""

from typing import Annotated

import typer

from scaffold.cli import console
from scaffold.cli.flags import AsJson
from scaffold.cli.login import Auth
from scaffold.cli.runs import asked
from scaffold.cli.runs.asked import ProjectFolder, RunName
from scaffold.errors import UsageError


def tag(
    run: RunName,
    tags: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Tags to set; KEY alone has no value.", show_default=False
        ),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Take this tag away. May be repeated.", show_default=False),
    ] = None,
    project: ProjectFolder = None,
    auth: Auth = "auto",
    as_json: AsJson = False,
) -> None:
    """Set tags of a run, and take others away; without either, show them.

    For example: scaffold runs tag latest kind=linear good --remove draft
    """
    added = {}
    for text in tags or []:
        key, _, value = text.partition("=")
        if not key:
            raise UsageError(f"{text!r} names no tag.", "For example: scaffold runs tag latest kind=linear")
        added[key] = value
    both = sorted(added.keys() & set(remove or []))
    if both:
        raise UsageError(
            f"The tag {both[0]!r} cannot be set and taken away at once.", "Leave one of them out."
        )
    with asked.asking(project, auth) as place:
        run_id = place.find(run)
        present = place.source.tag(run_id, added, remove or [])
    if as_json:
        console.result_json({"run_id": run_id, "tags": present})
        return
    for key, value in sorted(present.items()):
        console.result(console.inert(f"{key}={value}"))
    if not present:
        console.note(f"  {run_id} has no tags")
