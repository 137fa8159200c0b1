"""A command that follows a run, as a process: what it says, and Ctrl-C."""

import signal
import subprocess


def said_until(process: "subprocess.Popen[str]", words: str) -> list[str]:
    """The lines of stderr up to the one that begins with the words."""
    lines = []
    for line in process.stderr:
        lines.append(line.rstrip("\n"))
        if line.startswith(words):
            return lines
    raise AssertionError("\n".join(lines))


def interrupt(process: "subprocess.Popen[str]") -> str:
    """Presses Ctrl-C, and returns what was said from then on; nothing of it is a traceback."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    return said


def goes_on(run_id: str) -> str:
    """What is said last when following stops; a stage may be told before it meanwhile."""
    return f"Error: Stopped; the run {run_id} goes on.\n→ To cancel it: scaffold runs cancel {run_id}\n"
