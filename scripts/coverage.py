"""Writes the README's table of what the local workspace serves, from the one table of routes.

python scripts/coverage.py          rewrites README.md
python scripts/coverage.py --check  exits 1 when README.md does not say what the routes say
"""

import sys
from collections import defaultdict
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- coverage: made by scripts/coverage.py -->\n", "<!-- end of coverage -->"


def table() -> str:
    """The table in Markdown: SDK calls and the operations that serve them."""
    from scaffold.workspace.routes import OPERATIONS

    served: dict[str, list[str]] = defaultdict(list)
    for operation in OPERATIONS:
        for call in operation.serves:
            served[call].append(f"`{operation.name}`")
    rows = [
        f"| `{call}` | {', '.join(dict.fromkeys(operations))} |"
        for call, operations in sorted(served.items())
    ]
    return "\n".join(("| SDK call | served by |", "| --- | --- |", *rows)) + "\n"


def renewed(text: str) -> str:
    """The README's text with the table of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(renewed(text) != text)
    README.write_text(renewed(text), encoding="utf-8")
