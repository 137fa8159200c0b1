"""Whether a folder is this user's alone: what others can write into is not executed. POSIX; knows nothing of ours."""

import os
import stat
from pathlib import Path

_OF_OTHERS = stat.S_IWGRP | stat.S_IXGRP | stat.S_IWOTH | stat.S_IXOTH


def why_not_ours(folder: Path, *, closed_to_others: bool = False) -> str | None:
    """What lets another user change what is in a folder, in words; None when nothing does.

    Looks at the folder and all above it, from the root on. Below a folder that is closed to others only who a
    folder belongs to counts. A folder like ``/tmp``, where nobody may rename what is another's, lets nobody in.
    On Windows nothing is looked at: a user's folder for temporary files is closed to others there.

    Args:
        folder: the folder; links are resolved first.
        closed_to_others: whether it counts as well that others can enter it.
    """
    if os.name != "posix":
        return None
    closed = False
    path = folder.resolve()
    for part in (*reversed(path.parents), path):
        try:
            status = part.stat()
        except OSError as error:
            return f"{part} cannot be looked at ({error.strerror})"
        if status.st_uid not in (0, os.geteuid()):
            return f"{part} belongs to {_name_of(status.st_uid)}"
        sticky = bool(status.st_mode & stat.S_ISVTX) and part != path
        if not closed and not sticky and status.st_mode & stat.S_IWOTH:
            return f"{part} can be written to by every user"
        if not closed and not sticky and status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid):
            return f"{part} can be written to by the group {status.st_gid}"
        closed = closed or not status.st_mode & _OF_OTHERS
    return f"{path} can be entered by others" if closed_to_others and not closed else None


def _name_of(uid: int) -> str:
    import pwd

    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"


def _is_own_group(gid: int) -> bool:
    """True for the group that many systems make for each user, with nobody else in it; and for root's."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    # Whose first group it is stands nowhere in a group; one with the user's own name is nobody else's.
    return (gid == 0 or group.gr_name == user.pw_name) and set(group.gr_mem) <= {user.pw_name, "root"}
