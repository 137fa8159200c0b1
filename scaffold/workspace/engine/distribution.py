"""Runs of several processes: which ones, and how each knows its place. All of them run on this machine.

The sections are those of azureml-core's RunConfiguration: ``framework`` and ``communicator`` say which of
``mpi``, ``pytorch`` and ``tensorflow`` counts. The variables are the ones that Azure ML sets.
"""

import json
import socket

import msgspec


class _Mpi(msgspec.Struct, rename="camel"):
    process_count_per_node: int | None = None
    node_count: int | None = None


class _PyTorch(msgspec.Struct, rename="camel"):
    process_count: int | None = None
    node_count: int | None = None


class _TensorFlow(msgspec.Struct, rename="camel"):
    worker_count: int | None = None
    parameter_server_count: int | None = None


class Distribution(msgspec.Struct, rename="camel"):
    """What of a RunConfiguration says how many processes it has."""

    framework: str | None = None
    communicator: str | None = None
    node_count: int | None = None
    mpi: _Mpi | None = None
    pytorch: _PyTorch | None = None
    tensorflow: _TensorFlow | None = None


class DistributionError(Exception):
    """The processes that are asked for cannot run here; the message says why."""


class Process(msgspec.Struct, frozen=True):
    """One process of a run.

    Attributes:
        log: the name of its log among the run's artifacts.
        variables: what tells it its place.
        essential: False for one that is ended with the others (a parameter server never ends by itself).
    """

    log: str
    variables: dict[str, str]
    essential: bool = True


_MOST = 256
_SINGLE = "user_logs/std_log.txt"


def processes_of(distribution: Distribution) -> list[Process]:
    """The processes of a run, the first of them the one whose log is followed.

    Raises:
        DistributionError: see there.
    """
    kind = (distribution.framework or "").lower(), (distribution.communicator or "").lower()
    if kind[0] in ("pyspark", "r"):
        raise DistributionError(
            f"The run's framework is {distribution.framework}; the local workspace runs Python scripts and commands."
        )
    if kind == ("tensorflow", "parameterserver"):
        return _tensorflow(distribution.tensorflow or _TensorFlow())
    nodes = distribution.node_count or 1
    if nodes > 1:
        raise DistributionError(
            f"The run asks for {nodes} nodes; the local workspace is one machine. Set node_count to 1 to run it here."
        )
    if kind[1] in ("intelmpi", "openmpi"):
        return _ranks((distribution.mpi or _Mpi()).process_count_per_node or 1, mpi=True)
    if kind[0] == "pytorch":
        return _ranks((distribution.pytorch or _PyTorch()).process_count or 1, mpi=False)
    return [Process(_SINGLE, {})]


# Scripts that start several processes find the first node in one and count theirs by the other.
_MPI_NODE = {"AZ_BATCHAI_MPI_MASTER_NODE": "127.0.0.1", "AZ_BATCHAI_TASK_INDEX": "0"}


def _check(count: int) -> None:
    if not 1 <= count <= _MOST:
        raise DistributionError(f"A run has 1 to {_MOST} processes here, not {count}.")


def _log(number: int, count: int, suffix: str = "") -> str:
    if count == 1 and not suffix:
        return _SINGLE
    return f"user_logs/std_log_process_{number:0{len(str(count - 1))}d}{suffix}.txt"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ranks(count: int, *, mpi: bool) -> list[Process]:
    _check(count)
    if count == 1 and mpi:
        return [Process(_SINGLE, {})]
    port = str(_free_port())
    processes = []
    for rank in range(count):
        variables = {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "NODE_RANK": "0",
            "WORLD_SIZE": str(count),
            "LOCAL_WORLD_SIZE": str(count),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
            "AZUREML_PROCESS_NAME": f"rank_{rank}",
        }
        if mpi:
            variables |= {
                "OMPI_COMM_WORLD_RANK": str(rank),
                "OMPI_COMM_WORLD_SIZE": str(count),
                "OMPI_COMM_WORLD_LOCAL_RANK": str(rank),
                "OMPI_COMM_WORLD_LOCAL_SIZE": str(count),
                **_MPI_NODE,
            }
        processes.append(Process(_log(rank, count), variables))
    return processes


def _tensorflow(section: _TensorFlow) -> list[Process]:
    workers, servers = section.worker_count or 1, section.parameter_server_count or 0
    _check(workers)
    if not 0 <= servers <= _MOST:
        raise DistributionError(f"A run has at most {_MOST} parameter servers here, not {servers}.")
    cluster = {
        kind: [f"127.0.0.1:{_free_port()}" for _ in range(count)]
        for kind, count in (("worker", workers), ("ps", servers))
        if count
    }
    processes = []
    for kind, addresses in cluster.items():
        for index in range(len(addresses)):
            place = {"cluster": cluster, "task": {"type": kind, "index": index}, "environment": "cloud"}
            processes.append(
                Process(
                    _log(index, max(2, len(addresses)), "_ps" if kind == "ps" else ""),
                    {"TF_CONFIG": json.dumps(place), "AZUREML_PROCESS_NAME": f"{kind}_{index}"},
                    essential=kind == "worker",
                )
            )
    return processes
