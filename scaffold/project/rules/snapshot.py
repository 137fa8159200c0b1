"""Rules about what travels: the folder that is sent, and what its ignore file leaves out."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from scaffold import words
from scaffold.project.files import FileError, ProjectFile, lines_of
from scaffold.project.finding import Edit, Fix, Found, Theme, without_mark
from scaffold.project.ignore import NAMES, IgnoreFile
from scaffold.project.secrets import secrets_in
from scaffold.project.snapshot import MOST_BYTES, MOST_FILES, Sent, Snapshot
from scaffold.project.subject import Subject

theme = Theme("snapshot", "The snapshot: the folder that is sent")

_LARGE = 25_000_000
_DATA = re.compile(
    r".*\.(csv|tsv|parquet|feather|arrow|h5|hdf5|npy|npz|pkl|pickle|joblib|pt|pth|ckpt|onnx|pb|safetensors|bin"
    r"|zip|gz|tgz|tar|7z|rar|bz2|xz|mp4|avi|mov|wav|mat|tfrecords?|db|sqlite3?|dcm|nii|tiff?|jsonl)",
    re.IGNORECASE,
)
_KEY_FILES = re.compile(
    r"(\.env(\.(?!example|sample|template|dist)[\w-]+)?|id_(rsa|dsa|ecdsa|ed25519)|.+\.(pfx|p12|jks|kdbx|ppk)"
    r"|\.netrc|_netrc|\.pypirc|\.git-credentials|azureProfile\.json|accessTokens\.json|msal_token_cache\.\w+)"
)
_SHOWN = 3


@theme.rule(
    "ignore-file",
    "error",
    "now",
    "the ignore file cannot be read",
    why="The SDK reads it before it makes the snapshot, and ends with a traceback.",
    fixable=True,
)
def snapshot_ignore_file(subject: Subject) -> Iterator[Found]:
    """`.amlignore`, or `.gitignore` when there is none, is UTF-8 text in which every line is a pattern. A byte
    order mark is a warning: it becomes part of the first pattern, which then matches nothing.
    """
    try:
        snapshot = subject.snapshot
    except FileError as error:
        if error.file.path.name in NAMES:
            yield Found.of(error)
        return
    file = snapshot.ignore.file if snapshot else None
    if file is not None and file.decoded().startswith("\ufeff"):
        wrong = "starts with a byte order mark, so that the first pattern matches nothing"
        hint = "Save the file as UTF-8 without BOM (Windows PowerShell's > adds one)."
        why = "The SDK takes the mark for a part of the first line."
        yield Found(file, 1, wrong, hint, why=why, severity="warning", fix=without_mark(file))


@theme.rule(
    "script",
    "error",
    "run",
    "the ignore file keeps the script from travelling",
    why="The run starts with a file that is not there.",
)
def snapshot_script(subject: Subject) -> Iterator[Found]:
    """The script that the ScriptRunConfig names matches a line of the ignore file, or a folder on the way to
    it does. `scaffold check --snapshot` lists what travels and which line keeps what else out.
    """
    snapshot, script = subject.snapshot, subject.script
    if snapshot is None or script is None:
        return
    path = script.path.relative_to(snapshot.folder).as_posix()
    if any(file.path == path for file in snapshot.sent):
        return
    for kept in snapshot.kept:
        if kept.path == path or (kept.path.endswith("/") and path.startswith(kept.path)):
            wrong = f"'{kept.by.text}' keeps the script {script.shown} from travelling"
            hint = "Remove the line, or write it so that it does not match."
            yield Found(sent(subject, snapshot, kept.by.file), kept.by.line, wrong, hint)
            return


@theme.rule(
    "link",
    "error",
    "now",
    "a link on which the SDK fails",
    why="The SDK follows links, and ends with a traceback at one that leads nowhere or in a circle.",
)
def snapshot_link(subject: Subject) -> Iterator[Found]:
    """Symbolic links to nothing and in a circle, sockets and pipes, folders that may not be read."""
    snapshot = subject.snapshot
    if snapshot is None:
        return
    for path in snapshot.broken:
        if any(path.startswith(f"{other}/") for other in snapshot.broken):
            continue  # seen once more through a link in a circle
        target = snapshot.links.get(path)
        what = (
            f"it is a link to {target}, which leads nowhere"
            if target
            else "it is no file or folder to be read"
        )
        if target is not None and target.is_dir():
            what = "it is a link to a folder that it is in itself"
        yield Found(
            sent(subject, snapshot, path), None, what, f"Remove it, or name it in {ignore_name(snapshot)}."
        )


@theme.rule(
    "link-out",
    "warning",
    "now",
    "a link out of the folder",
    why="What it points to travels as a copy, wherever it is, and is not there for others who have the project.",
)
def snapshot_link_out(subject: Subject) -> Iterator[Found]:
    """A symbolic link in the folder that is sent, to a file or folder outside of the project's."""
    snapshot = subject.snapshot
    if snapshot is None:
        return
    root = os.path.realpath(subject.root)
    environments = tuple(f"{folder}/" for folder in _environments(snapshot))
    circles = tuple(f"{path}/" for path in snapshot.broken)
    for path, target in snapshot.links.items():
        if path.startswith((*environments, *circles)):
            continue  # another rule's
        inside = target.is_relative_to(root) or target.is_relative_to(os.path.realpath(snapshot.folder))
        if path not in snapshot.broken and not inside:
            below = sum(
                file.size for file in snapshot.sent if file.path == path or file.path.startswith(path + "/")
            )
            wrong = f"it is a link to {target}, so that {words.size(below)} from there travel"
            hint = f"Copy what the script needs, or name the link in {ignore_name(snapshot)}."
            yield Found(sent(subject, snapshot, path), None, wrong, hint)


@theme.rule(
    "size",
    "error",
    "now",
    "more than 300 MB",
    why="The SDK refuses to make a snapshot of more than 300 MB.",
)
def snapshot_size(subject: Subject) -> Iterator[Found]:
    """The SDK counts every file that does not match the ignore file. One that is taken back in with `!` counts
    even below an ignored folder, from where it does not travel. A script that sets
    `azureml._restclient.snapshots_client.SNAPSHOT_MAX_SIZE_BYTES` has the limit that it sets; where that is computed,
    nothing is said.
    """
    snapshot, limit = subject.snapshot, subject.submission.most_bytes
    if snapshot is None or limit is None or snapshot.counted_bytes <= limit:
        return
    largest = sorted(snapshot.counted, key=lambda file: file.size, reverse=True)[:_SHOWN]
    named = ", ".join(f"{file.path} ({words.size(file.size)})" for file in largest)
    allowed = "300 MB" if limit == MOST_BYTES else words.size(limit)
    wrong = f"{words.size(snapshot.counted_bytes)} count, and {allowed} may: {named}"
    hint = f"Name what the script does not need in {ignore_name(snapshot)}, and put data into a datastore."
    yield Found(_folder(subject, snapshot), None, wrong, hint)


@theme.rule(
    "count",
    "warning",
    "now",
    "more than 2000 files",
    why="The SDK refuses to send more than 2000 files that are new since the last snapshot of the workspace.",
)
def snapshot_count(subject: Subject) -> Iterator[Found]:
    """Files that the last snapshot holds already do not count, so that it may work yet. The variable
    `AML_SNAPSHOT_NO_FILE_LIMIT` lifts the limit, here or in the submitting script.
    """
    snapshot = subject.snapshot
    if snapshot is None or len(snapshot.sent) <= MOST_FILES or os.environ.get("AML_SNAPSHOT_NO_FILE_LIMIT"):
        return
    if subject.submission.lifts_count:
        return
    folders: dict[str, int] = defaultdict(int)
    for file in snapshot.sent:
        folders[str(PurePosixPath(file.path).parent)] += 1
    most = sorted(folders, key=lambda name: folders[name], reverse=True)[:_SHOWN]
    named = ", ".join(f"{folders[name]} in {name}/" for name in most)
    wrong = f"{len(snapshot.sent)} files would travel: {named}"
    hint = f"Name what the script does not need in {ignore_name(snapshot)}."
    yield Found(_folder(subject, snapshot), None, wrong, hint)


@theme.rule(
    "shadowed",
    "warning",
    "now",
    ".amlignore hides a .gitignore that leaves out more",
    why="With a .amlignore in the folder the SDK does not read its .gitignore.",
)
def snapshot_shadowed(subject: Subject) -> Iterator[Found]:
    """The two are never merged. Found where files travel that the `.gitignore` beside the `.amlignore` keeps
    out of the repository; build products such as `__pycache__` are left alone.
    """
    snapshot = subject.snapshot
    if snapshot is None or snapshot.ignore.file is None or snapshot.ignore.file.path.name != ".amlignore":
        return
    path = snapshot.folder / ".gitignore"
    if not path.is_file():
        return
    try:
        hidden = IgnoreFile(subject.file(path))
    except FileError:
        return  # git's own affair: the SDK does not read it
    travel = [
        file.path for file in snapshot.sent if _left_out(hidden, file.path) and "__pycache__" not in file.path
    ]
    if travel:
        more = f" and {len(travel) - 1} more" if len(travel) > 1 else ""
        wrong = (
            f"{travel[0]}{more} would travel, which .gitignore leaves out: it is not read beside .amlignore"
        )
        hint = "Copy the lines of .gitignore that are to hold here too."
        yield Found(snapshot.ignore.file, None, wrong, hint)


def _left_out(ignore: IgnoreFile, path: str) -> bool:
    """Whether a file, or a folder that it is in, matches."""
    parts = path.split("/")
    return any(ignore.excludes("/".join(parts[:count])) is not None for count in range(1, len(parts) + 1))


@theme.rule(
    "secret",
    "warning",
    "now",
    "a key, token or password",
    why="Whoever can read the workspace can read the snapshot, and it is kept for good.",
)
def snapshot_secret(subject: Subject) -> Iterator[Found]:
    """Private keys, storage account keys, shared access signatures, client secrets, tokens of common services
    and passwords in addresses, found by detect-secrets in text files of up to 1 MB; and files that hold
    nothing else, such as `.env`, `id_rsa` and `*.pfx`. Nothing is sent anywhere to try them.
    """
    snapshot = subject.snapshot
    if snapshot is None:
        return
    for file in snapshot.sent:
        hint = f"Read it from the workspace's key vault, or name the file in {ignore_name(snapshot)}."
        name = file.path.rpartition("/")[2]
        if _KEY_FILES.fullmatch(name) and file.size:
            yield Found(
                sent(subject, snapshot, file.path), None, f"{name} would travel, which is for secrets", hint
            )
            continue
        for secret in list(secrets_in(snapshot.folder / file.path, subject.today))[:_SHOWN]:
            wrong = f"it holds what looks like a secret ({secret.kind})"
            yield Found(sent(subject, snapshot, file.path), secret.line, wrong, hint)


@theme.rule(
    "environment",
    "warning",
    "now",
    "a virtual environment, a repository or packages would travel",
    why="The run gets its packages from the specification; these only cost time and count against the limits.",
    fixable=True,
)
def snapshot_environment(subject: Subject) -> Iterator[Found]:
    """Folders with `pyvenv.cfg` or `conda-meta`, `.git`, `node_modules`, `site-packages`. `--fix` adds a line to
    the `.amlignore` of the folder, where there is one.
    """
    snapshot = subject.snapshot
    if snapshot is None:
        return
    for folder, what in sorted(_environments(snapshot).items()):
        inside = [file for file in snapshot.sent if file.path.startswith(f"{folder}/")]
        size = words.size(sum(file.size for file in inside))
        number = f"{len(inside)} file{'' if len(inside) == 1 else 's'}"
        wrong = f"{what} would travel: {number}, {size}"
        hint = f"Add {_pattern(folder)} to {ignore_name(snapshot)}."
        yield Found(sent(subject, snapshot, folder), None, wrong, hint, fix=_ignoring(snapshot, folder))


def _environments(snapshot: Snapshot) -> dict[str, str]:
    """Folders that travel and should not → what they are; none that is within another one."""
    found: dict[str, str] = {}
    for file in snapshot.sent:
        parent, _, name = file.path.rpartition("/")
        if name == "pyvenv.cfg" and parent:
            found[parent] = "a virtual environment"
    for folder in snapshot.folders:
        parent, _, name = folder.rpartition("/")
        if name in _NAMED:
            found.setdefault(parent if name == "conda-meta" else folder, _NAMED[name])
    found.pop("", None)
    within = tuple(f"{folder}/" for folder in found)
    return {folder: what for folder, what in found.items() if not folder.startswith(within)}


_NAMED = {
    ".git": "the git repository",
    "node_modules": "node_modules",
    "conda-meta": "a conda environment",
    "site-packages": "installed packages",
}


def _ignoring(snapshot: Snapshot, folder: str) -> Fix | None:
    """A line for the folder at the end of the ignore file; a new ignore file would hide a .gitignore."""
    ignore = snapshot.ignore.file
    if ignore is None or ignore.path.name != ".amlignore" or re.search(r"[\r\n]", folder):
        return None
    text = ignore.text()
    count = len(lines_of(text))
    before = "" if text.endswith("\n") or not text else "\n"
    return Fix(f"ignore {folder}", (Edit(ignore.path, count + 1, count, f"{before}{_pattern(folder)}\n"),))


def _pattern(folder: str) -> str:
    """The line of an ignore file that means this folder alone."""
    return "/{}/".format(re.sub(r"([\\\[\]!*?#])", r"\\\1", folder))


@theme.rule(
    "data",
    "warning",
    "now",
    "a large data file",
    why="It is sent, and kept, with every snapshot in which it changed, and counts against 300 MB.",
)
def snapshot_data(subject: Subject) -> Iterator[Found]:
    """Data, model and archive files of more than 25 MB, the largest three of them."""
    snapshot = subject.snapshot
    if snapshot is None:
        return
    large = [file for file in snapshot.sent if file.size > _LARGE and _is_data(file)]
    for file in sorted(large, key=lambda file: file.size, reverse=True)[:_SHOWN]:
        wrong = f"{words.size(file.size)} of data would travel"
        hint = f"Upload it to a datastore and pass it as a dataset, or name it in {ignore_name(snapshot)}."
        yield Found(sent(subject, snapshot, file.path), None, wrong, hint)


def _is_data(file: Sent) -> bool:
    return _DATA.fullmatch(PurePosixPath(file.path).name) is not None


@theme.rule(
    "unreadable",
    "warning",
    "now",
    "a file that may not be read",
    why="The SDK leaves it out of the snapshot, and says so in one line among others.",
)
def snapshot_unreadable(subject: Subject) -> Iterator[Found]:
    """Files that the person who submits may not read."""
    snapshot = subject.snapshot
    if snapshot is None:
        return
    for path in snapshot.unreadable:
        hint = f"Make it readable, or name it in {ignore_name(snapshot)}."
        yield Found(sent(subject, snapshot, path), None, "it may not be read, so it does not travel", hint)


def ignore_name(snapshot: Snapshot) -> str:
    return snapshot.ignore.file.shown if snapshot.ignore.file else ".amlignore"


def sent(subject: Subject, snapshot: Snapshot, path: str) -> ProjectFile:
    """A file or folder of the snapshot, named from the project's folder."""
    return subject.file(snapshot.folder / path)


def _folder(subject: Subject, snapshot: Snapshot) -> ProjectFile:
    return subject.file(snapshot.folder)
