"""What a run says is shown and never obeyed, by each command that shows it, on a terminal and in a pipe."""

import json
import re
from dataclasses import dataclass

import pytest

from tests.conftest import Machine, Project
from tests.terminal import Terminal, needed
from tests.workspace.client import SCOPE, Workspace

EVIL = (
    "\x1b]52;c;ZXZpbA==\x07\x1b]0;title\x1b\\\x1bPq\x1b\\\x1b_x\x1b\\\x1b[2J"
    "\x9b2J\x9d0;t\x9c\u202egnp.\u2066\u061c\x7f"
)
PRINTED = f"log {EVIL}\x1b[31mred\x1b[0m\n".encode()
SCRIPT = f"import sys; sys.stdout.buffer.write({PRINTED!r})\n"
# A terminal is asked for colours, and where a line is to be drawn again.
OWN = re.compile(r"\x1b\[[0-9;]*m|\x1b\[2K|\x1b\[\?25[lh]|\x1b\[\d*[A-G]")
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
COMMANDS = (
    ("logs",), ("logs", "--follow"), ("logs", "--list"), ("show",), ("list", "--all", "-c", "tags.evil"),
    ("metrics",), ("metrics", "--values"), ("metrics", "--csv"), ("compare", "evil-other"), ("tag", "tagged=1"),
    ("download", "--list"),
)  # fmt: skip


@dataclass(frozen=True)
class Evil:
    machine: Machine
    run: str

    def command(self, name: str, *more: str) -> list[str]:
        return ["runs", name, *([] if name == "list" else [self.run]), *more]


@pytest.fixture(scope="module")
def evil(shared_machine: Machine) -> Evil:
    workspace = Workspace(shared_machine.state)
    run = workspace.finished(SCRIPT, experiment="evil", run_id="evil")
    workspace.finished(SCRIPT, experiment="evil", run_id="evil-other")
    changes = {
        "displayName": EVIL,
        "description": EVIL,
        "tags": {"evil": EVIL, EVIL: "x"},
        "properties": {"evil": EVIL},
    }
    address = f"/history/v1.0{SCOPE}/experiments/evil/runs/{run}"
    assert workspace.request("PATCH", address, changes).status == 200
    metric = {"name": f"loss{EVIL}", "columns": {EVIL: "String"}, "value": [{"data": {EVIL: EVIL}}]}
    assert workspace.post(f"/metric/v2.0{SCOPE}/runs/{run}/batch", {"values": [metric]}).status == 200
    return Evil(shared_machine, run)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_pipe_gets_nothing_that_a_terminal_would_obey(evil: Evil, command: tuple[str, ...]):
    done = evil.machine.run(*evil.command(*command))

    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    colours = OWN.findall(said)
    assert not OBEYED.findall(OWN.sub("", said))
    assert set(colours) <= ({"\x1b[31m", "\x1b[0m"} if command[:1] == ("logs",) else set())


@needed
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_terminal_obeys_nothing_of_it(evil: Evil, command: tuple[str, ...]):
    with Terminal(evil.machine, *evil.command(*command), columns=200) as terminal:
        terminal.ended()
        said = terminal.raw

    assert said
    assert not OBEYED.findall(OWN.sub("", said))


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[-1] not in ("--csv", "--values")], ids=" ".join)
def test_json_escapes_it_and_loses_nothing(evil: Evil, command: tuple[str, ...]):
    done = evil.machine.run(*evil.command(*command), "--json")

    assert done.returncode == 0, done.stderr
    assert not OBEYED.findall(done.stdout)
    document = json.loads(done.stdout)
    if command == ("logs",):
        assert document["text"].startswith(f"log {EVIL}")
    if command == ("show",):
        assert (document["display_name"], document["tags"]["evil"]) == (EVIL, EVIL)


def test_a_followed_run_is_shown_and_not_obeyed(shared_machine: Machine, project: Project):
    done = shared_machine.run("submit", project(script=SCRIPT), "--follow")

    assert done.returncode == 0, done.stderr
    assert "\x1b[31mred\x1b[0m" in done.stdout
    assert not OBEYED.findall(OWN.sub("", done.stdout + done.stderr))
