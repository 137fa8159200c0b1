"""The line that a failed run is told by."""

import pytest

from scaffold.failure import find_reason

STATUS = "Execution failed. The process exited with status code 1."
HEAD = f"{STATUS}\nSee user_logs/std_log.txt, which ends with:\n"
TRACEBACK = 'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\n    main()\n'
UV = """The environment could not be built.
  × No solution found when resolving dependencies:
  ╰─▶ Because nosuchpackage was not found in the package registry and you
      require nosuchpackage, we can conclude that your requirements are
      unsatisfiable."""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (None, ""),
        (STATUS, STATUS),
        (f"{HEAD}{TRACEBACK}ValueError: x is\nno number", "ValueError: x is"),
        (f"{HEAD}{TRACEBACK}our.package.Refused: no", "our.package.Refused: no"),
        (f"{HEAD}{TRACEBACK}KeyError: 1\n\nDuring handling, …\n\n{TRACEBACK}OSError: 2", "OSError: 2"),
        (
            f"{HEAD}    main()\n  File x\ntorch.OutOfMemoryError: CUDA out of memory",
            "torch.OutOfMemoryError: CUDA out of memory",
        ),
        (
            f'{HEAD}  File "t.py", line 1\n    def\n       ^\nSyntaxError: invalid syntax',
            "SyntaxError: invalid syntax",
        ),
        (f"{HEAD}usage: t.py\nt.py: error: no --x", f"{STATUS} Its last line: t.py: error: no --x"),
        (f"{HEAD}\x1b[31mthe end\x1b[0m\r\n", f"{STATUS} Its last line: the end"),
        (
            "The run was ended: it took longer than its limit.",
            "The run was ended: it took longer than its limit.",
        ),
        (
            UV,
            "The environment could not be built: Because nosuchpackage was not found in the package registry and "
            "you require nosuchpackage, we can conclude that your requirements are unsatisfiable.",
        ),
        (
            "The environment could not be built.\nerror: Distribution not found at: file:///x.whl",
            "The environment could not be built: Distribution not found at: file:///x.whl",
        ),
        (
            "The environment could not be built.\nERROR: Could not find a version\nmore",
            "The environment could not be built: Could not find a version",
        ),
        (
            "The environment could not be built.\nerror: No solution\n  cause: Because a==1 is not there\nhint: b",
            "The environment could not be built: Because a==1 is not there",
        ),
        (
            "The environment could not be built.\nerror: Failed to build\n  Caused by: x\n    Caused by: no compiler",
            "The environment could not be built: no compiler",
        ),
        ("The environment could not be built.", "The environment could not be built."),
    ],
)
def test_the_line_that_says_most_is_found(error: str | None, reason: str):
    assert find_reason(error) == reason


def test_a_line_is_no_longer_than_an_error_can_be():
    reason = find_reason(f"{HEAD}{TRACEBACK}ValueError: {'x' * 1000}")

    assert reason.startswith("ValueError: xxx")
    assert reason.endswith("x…")
    assert len(reason) == 300
