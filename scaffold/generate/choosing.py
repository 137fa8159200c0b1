"""One template of several: those that a cookiecutter.json offers, or that lie in folders of what was fetched."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaffold.errors import UsageError
from scaffold.generate.faults import shown
from scaffold.generate.questions import Ask, choice
from scaffold.generate.variables import read

KEYS = ("templates", "template")
_MOST_NAMED = 12
_MOST_LEVELS = 5


@dataclass(frozen=True)
class _Offer:
    """A template to choose: what it is called, how a person reads it, and its folder."""

    name: str
    label: str
    path: str

    def is_called(self, text: str) -> bool:
        path = os.path.normpath(self.path).replace("\\", "/")
        return text.strip("/") in (self.name, self.label, self.path, path, path.rpartition("/")[2])


def choose(
    folder: Path, location: str, wanted: str | None, ask: Ask | None, prepare: Callable[[Path], Path]
) -> Path:
    """The folder of the template to use.

    Args:
        folder: what was fetched, or the folder in it that the person named.
        location: where from, as the person named it.
        wanted: the template that the person named; with slashes for one of those that it offers in turn.
        ask: asks which, where nothing is named.
        prepare: what has to happen to a template's folder before it is read; gives the folder to go on with.

    Raises:
        UsageError: there is no such template, or several and none is named.
    """
    while True:
        folder = prepare(folder)
        offers = _offers(folder, location)
        if not offers:
            if wanted:
                raise UsageError(
                    f"There is no choice of templates below '{wanted}'.", "Leave that answer out."
                )
            return folder
        offer, wanted = _pick(offers, location, wanted, ask)
        chosen = inside(folder, offer.path, location)
        if chosen.resolve() == folder.resolve():
            wrong = f"The template offers itself as one of its templates: {offer.name}."
            raise UsageError(wrong, "Choose another one, or tell the template's author.")
        folder = chosen


def inside(root: Path, path: str, location: str) -> Path:
    """A folder of what was fetched.

    Raises:
        UsageError: it is not there, or not in there.
    """
    folder = root / path
    if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root)):
        raise UsageError(f"The folder {path} is not in {shown(location)}.", "Name a folder of the template.")
    if not folder.is_dir():
        names = [offer.path for offer in _in_folders(root)]
        hint = f"Templates are in: {_listed(names)}." if names else "No folder of it holds a template."
        raise UsageError(f"There is no folder {path} in {shown(location)}.", hint)
    return folder


def _offers(folder: Path, location: str) -> list[_Offer]:
    """What there is to choose from; nothing when the folder holds one template."""
    if not (folder / "cookiecutter.json").is_file():
        offers = _in_folders(folder)
        if not offers:
            wrong = f"There is no cookiecutter template at {shown(location)}."
            raise UsageError(wrong, "Give the folder, zip file or git URL of a cookiecutter template.")
        return offers
    raw = read(folder)
    if not any(key in raw for key in KEYS):
        return []
    try:
        offers = _of_today(raw["templates"]) if raw.get("templates") else _of_old(raw)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        wrong = "The template's cookiecutter.json offers templates in a way that cannot be read."
        raise UsageError(wrong, "Name the one you want with --directory, or tell the author.") from error
    if not offers:
        raise UsageError(
            "The template's cookiecutter.json offers no templates.", "Tell the template's author."
        )
    return offers


def _of_today(templates: Mapping[str, Mapping[str, Any]]) -> list[_Offer]:
    offers = []
    for key, described in templates.items():
        title, description = str(described.get("title", key)), described.get("description", key)
        label = title if title == description else f"{title} ({description})"
        offers.append(_Offer(key, label, str(described["path"])))
    return offers


def _of_old(raw: Mapping[str, Any]) -> list[_Offer]:
    """``Label (folder)``, as templates said it before there was ``templates``."""
    texts = raw["template"] if isinstance(raw["template"], list) else [raw["template"]]
    labels = raw.get("__prompts__", {}).get("template")
    offers = []
    for text in texts:
        path = re.findall(r"\((.+)\)", text)[0]
        label = labels.get(text, text) if isinstance(labels, dict) else text
        offers.append(_Offer(text.partition("(")[0].strip() or path, str(label), path))
    return offers


def _in_folders(root: Path) -> list[_Offer]:
    found = []
    for folder, folders, files in os.walk(root):
        path = Path(folder).relative_to(root)
        if "cookiecutter.json" in files and path != Path():
            found.append(path.as_posix())
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and "{{" not in name)
        if len(path.parts) >= _MOST_LEVELS:
            folders.clear()
    return [_Offer(path, path, path) for path in sorted(found)]


def _pick(
    offers: list[_Offer], location: str, wanted: str | None, ask: Ask | None
) -> tuple[_Offer, str | None]:
    """The offer that is meant, and what is wanted of those that it offers in turn."""
    if wanted:
        words = wanted.strip("/").split("/")
        for count in range(len(words), 0, -1):
            called = "/".join(words[:count])
            found = [offer for offer in offers if offer.is_called(called)]
            exact = [offer for offer in found if called in (offer.name, offer.path)]
            if len(exact or found) == 1:
                return (exact or found)[0], "/".join(words[count:]) or None
            if found:
                break
        several = bool(wanted and found)
        wrong = f"'{wanted}' names {'several templates' if several else 'no template'} of {shown(location)}."
        raise UsageError(wrong, f"It has: {_listed([offer.name for offer in offers])}.")
    if len(offers) == 1:
        return offers[0], None
    if ask is not None:
        return offers[ask(choice("Select a template", [offer.label for offer in offers]))], None
    names = [offer.name for offer in offers]
    raise UsageError(
        f"{shown(location)} has several templates: {_listed(names)}.",
        f"Choose one, for example with: --answer 'template={names[0]}'",
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
