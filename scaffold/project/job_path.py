"""Whether a script needs the folder that is sent on Python's path: SDK v1 puts it there, SDK v2 does not."""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scaffold.project.subject import Subject


def imported_from_the_top(subject: Subject, code: Path, script: str) -> str | None:
    """The first module of the folder itself that a script of a folder in it imports, straight or by others.

    Args:
        subject: the project.
        code: the folder that is sent.
        script: from there, with forward slashes.

    Returns:
        The module's name; None where there is none, or the script stands at the top itself.
    """
    own = PurePosixPath(script).parent.as_posix()
    if own == "." or subject.modules is None:
        return None
    for module in subject.modules.modules:
        for name in _imported(module.tree):
            top = name.partition(".")[0]
            if _is_there(code / top) and not _is_there(code / own / top):
                return top
    return None


def _is_there(path: Path) -> bool:
    return path.with_name(f"{path.name}.py").is_file() or (path.is_dir() and any(path.glob("**/*.py")))


def _imported(tree: ast.Module | None) -> Iterator[str]:
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
