"""The rows of this program's own commands, and of blobs, which every client reads and writes by signed URLs."""

from scaffold.workspace.routes.operation import DELETE, GET, POST, PUT, Access, Operation
from scaffold.workspace.services import blobs, containers, control, injection, looking
from scaffold.workspace.store.blobs import DATASTORE

_CONTROL = "/control/{secret}"

OPERATIONS: tuple[Operation, ...] = (
    # This program's own commands
    Operation(GET, _CONTROL + "/status", control.get_status, access=Access.SECRET),
    Operation(GET, _CONTROL + "/usage", control.get_usage, access=Access.SECRET),
    Operation(POST, _CONTROL + "/prune", control.prune, access=Access.SECRET),
    Operation(POST, _CONTROL + "/stop", control.stop, access=Access.SECRET),
    Operation(GET, _CONTROL + "/submissions/{submission}/events", control.get_events, access=Access.SECRET),
    Operation(
        POST, _CONTROL + "/submissions/{submission}/over", control.end_submission, access=Access.SECRET
    ),
    Operation(GET, _CONTROL + "/runs/{run_id}", control.get_run, access=Access.SECRET),
    Operation(GET, _CONTROL + "/runs/{run_id}/log", control.get_log, access=Access.SECRET),
    Operation(POST, _CONTROL + "/runs/{run_id}/cancel", control.cancel_run, access=Access.SECRET),
    Operation(POST, _CONTROL + "/runs:query", looking.query_runs, access=Access.SECRET),
    Operation(GET, _CONTROL + "/runs/{run_id}/details", looking.get_details, access=Access.SECRET),
    Operation(GET, _CONTROL + "/runs/{run_id}/metrics", looking.get_metrics, access=Access.SECRET),
    Operation(GET, _CONTROL + "/runs/{run_id}/files", looking.list_files, access=Access.SECRET),
    Operation(GET, _CONTROL + "/runs/{run_id}/files/{path:any}", looking.get_file, access=Access.SECRET),
    Operation(GET, _CONTROL + "/runs/{run_id}/snapshot", looking.get_snapshot, access=Access.SECRET),
    Operation(POST, _CONTROL + "/runs/{run_id}/tags", looking.change_tags, access=Access.SECRET),
    Operation(GET, _CONTROL + "/words", looking.list_words, access=Access.SECRET),
    Operation(GET, _CONTROL + "/faults", injection.list_faults, access=Access.SECRET),
    Operation(POST, _CONTROL + "/faults", injection.add_fault, access=Access.SECRET),
    Operation(DELETE, _CONTROL + "/faults", injection.clear_faults, access=Access.SECRET),
    # Blobs
    *(
        operation
        for container in blobs.CONTAINERS
        for operation in (
            Operation(
                ("GET", "HEAD"),
                f"/{container}/{{name:any}}",
                blobs.get_blob,
                blobs.SERVES.get(container, ()),
                Access.SIGNATURE,
            ),
            Operation(PUT, f"/{container}/{{name:any}}", blobs.put_blob, access=Access.SIGNATURE),
        )
    ),
    Operation(DELETE, f"/{DATASTORE}/{{name:any}}", blobs.delete_blob, access=Access.SIGNATURE),
    *(
        Operation(
            ("GET", "HEAD"),
            f"/{container}",
            containers.get_container,
            ("Datastore.download",) if container == DATASTORE else (),
            Access.SIGNATURE,
        )
        for container in containers.LISTED
    ),
)
