"""Writes docs/check.md from the table of rules.

python scripts/rules.py          rewrites docs/check.md
python scripts/rules.py --check  exits 1 when docs/check.md does not say what the rules say
"""

import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "check.md"
HEAD = """\
# What `scaffold check` finds

Made by `scripts/rules.py` from the rules themselves; `scaffold check --rules` prints the same.

An **error** is sure to fail: `scaffold check` exits with 3, and `scaffold submit` sends nothing. A **warning** may, or
fails only in some places; it changes no exit code (`--strict` makes it 3). `--select` and `--ignore` take the name of
a rule or of a theme. No code of the project is executed, and no network is asked but by `--resolve`.

What is computed by code is taken to be right: a rule that cannot be sure says nothing.
"""


def page() -> str:
    """The whole page in Markdown."""
    return "\n".join((HEAD, *_themes()))


def _themes() -> Iterator[str]:
    from scaffold.project.finding import WHEN
    from scaffold.project.rules import THEMES

    for theme in THEMES:
        yield f"## {theme.title}\n"
        yield "| rule | severity | would fail | finds |"
        yield "| --- | --- | --- | --- |"
        for rule in theme.rules:
            fixed = " (`--fix` mends it)" if rule.fixable else ""
            yield f"| [{rule.id}](#{rule.id}) | {rule.severity} | {WHEN[rule.when]} | {rule.title}{fixed} |"
        yield ""
        for rule in theme.rules:
            yield f"### {rule.id}\n\n{rule.why}\n\n{rule.explanation}\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(page() != PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(page(), encoding="utf-8")
