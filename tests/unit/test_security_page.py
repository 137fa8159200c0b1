"""The page about security names a test for each promise; each test that it names is there."""

import re

from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "concepts" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(\w+/[\w/]+\.py)(?:::(\w+))?`", PAGE)


def test_every_test_that_holds_a_promise_is_there():
    missing = []
    for file, name in NAMED:
        path = REPOSITORY / "tests" / file
        if not path.is_file() or (name and f"def {name}(" not in path.read_text(encoding="utf-8")):
            missing.append(f"{file}::{name}")

    assert missing == []
    assert len(NAMED) > 20


def test_every_promise_names_a_test():
    promises = re.findall(r"^- \*\*(.*?)(?=^- |^\n|^#|^Not held|\Z)", PAGE, re.DOTALL | re.MULTILINE)

    assert [promise.split("**")[0] for promise in promises if ".py" not in promise] == []
    assert len(promises) > 15
