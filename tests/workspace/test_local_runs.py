"""Local runs over the wire: the form that starts them, and what it is answered with."""

import io
import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from tests.workspace.client import HERE, SCOPE, Answer, Workspace

BOUNDARY = "0123456789abcdef"


def form(**parts: bytes) -> bytes:
    """A form of files as ``requests`` writes it, a file for each name (``_`` for ``.``)."""
    lines = []
    for name, content in parts.items():
        head = f'Content-Disposition: form-data; name="files"; filename="{name.replace("__", "-").replace("_", ".")}"'
        lines += [f"--{BOUNDARY}".encode(), head.encode(), b"", content]
    return b"\r\n".join([*lines, f"--{BOUNDARY}--".encode(), b""])


def post(workspace: Workspace, body: bytes, run_id: str) -> Answer:
    return workspace.post(
        f"/execution/v1.0{SCOPE}/experiments/local-wire/localrun?runId={run_id}",
        body,
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )


def definition(**configuration: Any) -> bytes:
    whole = {"script": "train.py", "target": "local", "environment": HERE, **configuration}
    return json.dumps({"Configuration": whole, "TargetDetails": None}, indent=4).encode()


def unpacked(answer: Answer, folder: Path) -> Path:
    """The answer in a folder, as the SDK puts it there; returns the script to start."""
    assert answer.status == 200, answer.body
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        archive.extractall(folder)
    return folder / "azureml-setup" / ("Invocation.bat" if os.name == "nt" else "Invocation.sh")


def invoke(script: Path, folder: Path) -> None:
    command = ["cmd.exe", "/c", str(script)] if os.name == "nt" else ["/bin/sh", str(script)]
    subprocess.run(command, cwd=folder, check=True)


def test_nothing_runs_before_the_script_is_started_in_the_copied_project(
    workspace: Workspace, tmp_path: Path
):
    binary = bytes(range(256)) * 50
    script = unpacked(
        post(workspace, form(definition_json=definition(), aml__config_zip=binary), "waits"), tmp_path
    )
    waiting = workspace.run("waits")
    (tmp_path / "train.py").write_text("import os; print(sorted(os.listdir()))")

    invoke(script, tmp_path)

    assert waiting["status"] == "NotStarted"
    assert workspace.wait("waits")["status"] == "Completed"
    assert workspace.log("waits").decode() == "['azureml-setup', 'logs', 'outputs', 'train.py']\n"


def test_what_others_can_read_in_the_copy_lets_nobody_in(workspace: Workspace, tmp_path: Path):
    answer = post(workspace, form(definition_json=definition()), "told")

    script = unpacked(answer, tmp_path).read_text()

    assert not any(secret in script for secret in [workspace.token, *workspace.keys.values()])


def test_a_run_that_was_canceled_before_it_was_started_does_not_start(workspace: Workspace, tmp_path: Path):
    script = unpacked(post(workspace, form(definition_json=definition()), "called-off"), tmp_path)
    (tmp_path / "train.py").write_text("open('ran', 'w')")
    uri = workspace.run("called-off")["cancelUri"].partition(str(workspace.https_port))[2]
    assert workspace.post(uri).status == 200
    until(lambda: workspace.run("called-off")["status"] == "Canceled")

    invoke(script, tmp_path)

    assert workspace.run("called-off")["status"] == "Canceled"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        form(other_json=definition()),
        form(definition_json=b"{"),
        form(definition_json=b"\xff"),
        form(definition_json=b'{"Configuration": 1}'),
        form(definition_json=definition())[:40],
    ],
    ids=["empty", "no form", "no definition", "no JSON", "no text", "another shape", "cut off"],
)
def test_a_form_of_another_shape_is_refused(workspace: Workspace, body: bytes):
    answer = post(workspace, body, "misshapen")

    assert (answer.status, "definition.json" in answer.message) == (400, True)
    assert workspace.get(f"/history/v1.0{SCOPE}/runs/misshapen").status == 404
