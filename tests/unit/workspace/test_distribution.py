"""Runs of several processes: which there are, and what tells each its place."""

import json
from typing import Any

import msgspec
import pytest

from scaffold.workspace.engine.distribution import Distribution, DistributionError, Process, processes_of


def processes(**configuration: Any) -> list[Process]:
    return processes_of(msgspec.convert(configuration, Distribution))


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"framework": "Python", "communicator": "None", "nodeCount": 1},
        {"framework": "Python", "communicator": "IntelMpi", "mpi": {"processCountPerNode": 1}},
    ],
    ids=str,
)
def test_an_ordinary_run_is_one_process_that_knows_of_no_others(configuration: dict[str, Any]):
    assert processes(**configuration) == [Process("user_logs/std_log.txt", {})]


@pytest.mark.parametrize(
    "configuration",
    [
        {"framework": "Python", "communicator": "IntelMpi", "mpi": {"processCountPerNode": 3}},
        {"framework": "PyTorch", "communicator": "nccl", "pytorch": {"processCount": 3}},
        {"framework": "PyTorch", "communicator": "gloo", "pytorch": {"processCount": 3}},
    ],
    ids=["mpi", "nccl", "gloo"],
)
def test_every_rank_knows_its_number_the_size_and_the_master(configuration: dict[str, Any]):
    ranks = processes(**configuration)

    assert [rank.log for rank in ranks] == [f"user_logs/std_log_process_{n}.txt" for n in range(3)]
    assert [rank.variables["RANK"] for rank in ranks] == ["0", "1", "2"]
    assert {rank.variables["WORLD_SIZE"] for rank in ranks} == {"3"}
    assert {rank.variables["MASTER_ADDR"] for rank in ranks} == {"127.0.0.1"}
    assert len({rank.variables["MASTER_PORT"] for rank in ranks}) == 1


def test_a_process_of_mpi_finds_the_first_node_as_on_a_cluster():
    for rank in processes(communicator="OpenMpi", mpi={"processCountPerNode": 3}):
        assert rank.variables["AZ_BATCHAI_MPI_MASTER_NODE"] == "127.0.0.1"
        assert rank.variables["AZ_BATCHAI_TASK_INDEX"] == "0"


def test_the_logs_of_many_ranks_sort_by_number():
    logs = [rank.log for rank in processes(framework="PyTorch", pytorch={"processCount": 12})]

    assert logs == sorted(logs)
    assert logs[0] == "user_logs/std_log_process_00.txt"


def test_workers_and_parameter_servers_of_tensorflow():
    found = processes(
        framework="TensorFlow",
        communicator="ParameterServer",
        nodeCount=2,
        tensorflow={"workerCount": 2, "parameterServerCount": 1},
    )

    places = [json.loads(process.variables["TF_CONFIG"]) for process in found]
    assert [(place["task"]["type"], place["task"]["index"]) for place in places] == [
        ("worker", 0),
        ("worker", 1),
        ("ps", 0),
    ]
    assert {len(place["cluster"]["worker"]) for place in places} == {2}
    assert [process.essential for process in found] == [True, True, False]
    assert len({process.log for process in found}) == 3


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"nodeCount": 2}, "2 nodes"),
        ({"framework": "PyTorch", "nodeCount": 4, "pytorch": {"processCount": 8}}, "4 nodes"),
        ({"framework": "PyTorch", "pytorch": {"processCount": -1}}, "not -1"),
        ({"framework": "PyTorch", "pytorch": {"processCount": 100_000}}, "not 100000"),
    ],
    ids=str,
)
def test_what_cannot_run_on_one_machine_is_refused(configuration: dict[str, Any], said: str):
    with pytest.raises(DistributionError, match=said):
        processes(**configuration)
