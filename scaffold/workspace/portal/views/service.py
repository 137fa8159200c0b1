"""How the service is: what it is, what it is doing, what it takes."""

import os
import platform
import shutil
import sys
from typing import Any

import msgspec

from scaffold import __version__
from scaffold.workspace.logs import last_lines
from scaffold.workspace.portal.pages import Look
from scaffold.workspace.portal.views import lists
from scaffold.workspace.store.listing import Query

_LOG_LINES, _LOG_BYTES = 60, 64 * 1024
_BUSY_SHOWN = 20


def page(look: Look) -> dict[str, Any]:
    """The state of the service."""
    import psutil

    home, store, process = look.context.home, look.store, psutil.Process()
    free = shutil.disk_usage(home.root).free
    files = [home.database, home.database.with_name(home.database.name + "-wal")]
    busy, count = store.run_lists.page(
        Query(statuses=tuple(lists.BUSY), sort="created", descending=False, limit=_BUSY_SHOWN)
    )
    kept = store.database.one("SELECT COUNT(*), SUM(size) FROM blobs WHERE sha256 IS NOT NULL")
    return {
        "title": "Service",
        "section": "service",
        "live": "/live",
        "version": __version__,
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "pid": os.getpid(),
        "memory_bytes": process.memory_info().rss,
        "started": process.create_time(),
        "ports": {"https": look.context.endpoints.https_port, "http": look.context.endpoints.http_port},
        "workspace_id": store.workspace_id,
        "created": store.created,
        "home": str(home.root),
        "database_bytes": sum(file.stat().st_size for file in files if file.exists()),
        "artifacts": kept[0] if kept else 0,
        "artifact_bytes": (kept[1] or 0) if kept else 0,
        "free_bytes": free,
        "width": look.controls.width,
        "counts": store.run_lists.counts(),
        "busy": [lists.row_of(run) for run in busy],
        "busy_count": count,
        "environments": len(store.environments.all()),
        "faults": [msgspec.to_builtins(fault) for fault in store.injected.all()],
        "set_aside": store.set_aside,
        "log": last_lines(home.service_log, lines=_LOG_LINES, limit=_LOG_BYTES),
    }
