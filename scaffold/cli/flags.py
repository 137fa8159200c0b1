"""Arguments and flags that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from scaffold.cli import completion

ProjectFolder = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PROJECT]",
        help="The project's folder, or any folder in it; the current one by default.",
        autocompletion=completion.projects,
        show_default=False,
    ),
]
Named = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PROJECT|SCRIPT]",
        help="The project's folder, or the script that submits; the current folder's project by default.",
        autocompletion=completion.projects,
        show_default=False,
    ),
]
RunOn = Annotated[
    str | None,
    typer.Option(
        "--compute-target",
        help="Run on this compute target.",
        autocompletion=completion.compute_targets,
        show_default=False,
    ),
]
InExperiment = Annotated[
    str | None,
    typer.Option(
        "--experiment",
        metavar="NAME",
        help="Submit the same code under this experiment's name in the workspace.",
        show_default=False,
    ),
]
InEnvironment = Annotated[
    str | None,
    typer.Option(
        "--environment",
        metavar="NAME[:VERSION]",
        help="Use this registered environment.",
        show_default=False,
    ),
]
ThroughSdk = Annotated[
    str | None,
    typer.Option(
        "--sdk",
        metavar="v1|v2",
        help="Which SDK to submit through: azureml-core, or azure-ai-ml. SDK in constants.py by default, else v1.",
        show_default=False,
    ),
]
CheckFirst = Annotated[
    bool,
    typer.Option("--check/--no-check", help="Check the project first ('scaffold check'); errors stop it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
