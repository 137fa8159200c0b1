"""Writes the README's table of the faults on the way to Azure ML, from the catalogue that the tests hold true.

python scripts/faults.py          rewrites README.md
python scripts/faults.py --check  exits 1 when README.md does not say what it says
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
README = REPOSITORY / "README.md"
BEGIN, END = "<!-- faults: made by scripts/faults.py -->\n", "<!-- end of faults -->"


def table() -> str:
    """The table in Markdown, a line for each fault."""
    sys.path.insert(0, str(REPOSITORY))
    from tests.cloud.catalogue import CASES, NOBODY, SLOW_BUILD

    rows = []
    for case in CASES:
        said = case.said.format(run="…")
        rows.append(
            f"| {case.name} | `{_cell(case.bare)}` | {_cell(said)}<br>→ {_cell(case.hint)} | {case.exit_code} |"
        )
    name, bare, said, hint = NOBODY
    rows.append(f"| {name} | {bare} | {said}<br>→ {hint} | 4 |")
    name, bare, shown = SLOW_BUILD
    rows.append(f"| {name} | {bare} | {shown} | 0 |")
    head = (
        "| fault | the bare SDK ends with | `scaffold submit` says | exit code |",
        "| --- | --- | --- | --- |",
    )
    return "\n".join((*head, *rows)) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


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
