"""What the SDK starts on the submitting machine for ``compute_target="local"``: hands the run to the engine.

It runs for a moment, with the standard library alone, and must not import anything of ours. It is started in
the folder that the SDK made for the run, with the submitting process's environment variables, and writes both
into the file that it is given. When that is gone, so is the run: it has been canceled.

    python -I hand_over.py SUBMITTER_JSON
"""

import json
import os
import sys
from pathlib import Path


def main(record: Path) -> None:
    """Writes the record, which only its owner may read, in one step."""
    if not record.exists():
        return
    temporary = record.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        # A name or value that is no text cannot be told in JSON; a script would hardly miss it.
        texts = {k: v for k, v in os.environ.items() if _is_text(k) and _is_text(v)}
        json.dump({"folder": os.getcwd(), "environment": texts}, stream)  # noqa: PTH109
    temporary.replace(record)
    Path("invocation.zip").unlink(missing_ok=True)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
