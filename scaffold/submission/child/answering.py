"""Answers questions about a workspace through the SDK, one after another, in one process with one login.

The variable ``SCAFFOLD_SUBMISSION`` holds as JSON what it starts from: ``config`` (``subscription_id``,
``resource_group``, ``workspace_name``, ``tenant_id``; null where no workspace is known), ``login`` (``method``,
``tenant_id``, ``may_ask``; null where the environment holds the login) and ``debug``. A question is a line on
stdin: ``operation`` (such as ``runs.find``, see ``operations``) and ``arguments``. To each it tells its parent,
besides what the operation tells by itself:

    login      ``text``: what the SDK will log in with; once, before the first question that needs it
    answer     ``value``: the last of a question
    error      in place of an answer, see ``errors``

What the SDK prints goes to stderr. It ends when its stdin does.
"""

import importlib
import json
import os
import sys
import traceback
import warnings
from typing import Any

from scaffold.submission.child.reporting import take_stdout


def main() -> int:
    """Returns the exit code."""
    job = json.loads(os.environ.pop("SCAFFOLD_SUBMISSION"))
    report = take_stdout()
    sys.path.pop(0)  # this folder, whose modules are no top-level ones
    warnings.simplefilter("ignore")  # the SDK's, of the packages that it uses
    from scaffold.submission.child.session import Session

    session = Session(job["config"], job["login"], report)
    for line in sys.stdin:
        question = json.loads(line)
        try:
            value = _operation(question["operation"])(session, **question["arguments"])
        except BaseException as error:
            from scaffold.submission.child.errors import record_of

            if job["debug"]:
                traceback.print_exc()
            report("error", **record_of(error, ""))
        else:
            report("answer", value=value)
    return 0


def _operation(name: str) -> Any:
    """What answers the questions of that name."""
    module, _, operation = name.partition(".")
    return importlib.import_module(f"scaffold.submission.child.operations.{module}").OPERATIONS[operation]


if __name__ == "__main__":
    sys.exit(main())
