"""Writes the README's tables of what the local workspace serves and refuses, from the routes and the refusals.

python scripts/coverage.py          rewrites README.md
python scripts/coverage.py --check  exits 1 when README.md does not say what they say
"""

import sys
from collections import defaultdict
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
REFUSED = "It refuses these with status 501 and that reason:\n"
BEGIN, END = "<!-- coverage: made by scripts/coverage.py -->\n", "<!-- end of coverage -->"


def table() -> str:
    """The table in Markdown: a line for each class of the SDKs, with the calls that are served."""
    from scaffold.workspace.routes import OPERATIONS

    served: dict[str, set[str]] = defaultdict(set)
    for operation in OPERATIONS:
        for call in operation.serves:
            owner, name = _split(call)
            served[owner].add(name)
    lines = (
        f"| `{owner}` | {', '.join(f'`{name}`' for name in sorted(names))} |"
        for owner, names in sorted(served.items())
    )
    return "\n".join(("| class | calls |", "| --- | --- |", *lines)) + "\n"


def refused() -> str:
    """The table in Markdown of what is answered with 501, with the calls and the reason."""
    from scaffold.workspace.refusals import REFUSALS

    lines = (
        f"| {refusal.what} | {', '.join(f'`{call}`' for call in refusal.calls)} | {refusal.reason} |"
        for refusal in REFUSALS
    )
    return (
        "\n".join(("| it does not have | calls | why, and what to do |", "| --- | --- | --- |", *lines))
        + "\n"
    )


def _split(call: str) -> tuple[str, str]:
    """``Dataset.Tabular.from_files`` is of ``Dataset``, ``mlflow.artifacts.list_artifacts`` of ``mlflow``."""
    owner, _, name = call.partition(".")
    return owner, name or f"{owner}(…)"


def renewed(text: str) -> str:
    """The README's text with the table of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}\n{REFUSED}\n{refused()}{END}{after}"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(renewed(text) != text)
    README.write_text(renewed(text), encoding="utf-8")
