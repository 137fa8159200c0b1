"""How many processes a command job of SDK v2 has, from a distributed_job_config of SDK v1. Knows neither SDK."""

import ast
from collections.abc import Callable
from typing import Any

from scaffold.project.files import FileError, ProjectFile
from scaffold.project.source import Unknown
from scaffold.project.values import Values

Fault = Callable[[int, str], FileError]


def read(
    values: Values, node: ast.expr, unknown: Fault, runner: ProjectFile
) -> tuple[dict[str, Any], int | None]:
    """The ``distribution`` of a job, and its number of nodes.

    Args:
        values: of the submitting script.
        node: what its ScriptRunConfig is given.
        unknown: line and key → the error that only running the script tells it.
        runner: the script.

    Raises:
        FileError: SDK v2 has no such distribution, or the script computes it.
    """
    call = values.followed(node)
    if not isinstance(call, ast.Call):
        raise unknown(node.lineno, "distributed_job_config")

    def number(name: str, position: int, default: int | None) -> int | None:
        given = values.given(call, name, position)
        try:
            value = default if given is None else values.plain(given)
        except Unknown:
            value = ""
        if value is not None and not isinstance(value, int):
            raise unknown(call.lineno, name)
        return value

    kind = values.called(call)
    if kind == "MpiConfiguration":
        each, nodes = number("process_count_per_node", 0, 1), number("node_count", 1, 1)
        return {"type": "mpi", "process_count_per_instance": each}, nodes
    if kind == "PyTorchConfiguration":
        nodes = number("node_count", 2, 1) or 1
        total = number("process_count", 1, None) or nodes
        return {"type": "pytorch", "process_count_per_instance": max(1, total // nodes)}, nodes
    if kind == "TensorflowConfiguration":
        workers, servers = number("worker_count", 0, 1) or 1, number("parameter_server_count", 1, 0) or 0
        distribution = {"type": "tensorflow", "worker_count": workers, "parameter_server_count": servers}
        return distribution, workers + servers
    wrong = f"SDK v2 has no counterpart of {kind}"
    raise runner.error(call.lineno, wrong, "Submit it with --sdk v1, or choose another configuration.")
