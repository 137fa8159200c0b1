"""Removing the files that nothing refers to any more.

What has lost its last name (a blob that was replaced or deleted) stays in the content store, as does what was uploaded
for a snapshot that never came. Both go here, once they are old: a file that is being uploaded has no name yet. Names go
before files do, so that a kill in between leaves a file too many, never a name without its file.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scaffold.workspace.files import sizes
from scaffold.workspace.store.blobs import CODE, SNAPSHOTS
from scaffold.workspace.store.content import ContentStore
from scaffold.workspace.store.database import Database, timestamp


@dataclass(frozen=True)
class Pruned:
    """What removing did.

    Attributes:
        before, after: what all files took (bytes).
        files: how many went.
    """

    before: int
    after: int
    files: int


def prune_content(database: Database, content: ContentStore, before: datetime) -> Pruned:
    """Removes the files that nothing refers to and nothing has brought since a moment.

    Args:
        database: what refers to files.
        content: the files.
        before: in UTC; uploads that were begun later, and files that were kept later, stay.
    """
    folders = [content.folder, content.staging]
    taken = sum(sizes(folders))
    # A snapshot that was made has names of its own for its files, and its zip is made again when it is asked for.
    database.execute(
        "DELETE FROM blobs WHERE (container = ? OR container GLOB ?) AND modified < ?",
        SNAPSHOTS, f"{CODE}*", timestamp(before),
    )  # fmt: skip
    # Whoever refers to a file later than this has either kept it again, which makes it young, or copied a reference.
    rows = database.all(
        "SELECT sha256 FROM blobs WHERE sha256 IS NOT NULL UNION SELECT sha256 FROM snapshot_files"
    )
    used = {bytes.fromhex(row[0]) for row in rows}
    growing = {
        Path(row[0]) for row in database.all("SELECT live_path FROM blobs WHERE live_path IS NOT NULL")
    }
    files = content.remove_unused(used, growing, before.timestamp())
    return Pruned(taken, sum(sizes(folders)), files)
