"""Jobs and components of the second SDK, of which more is read than types tell: they are refused, or made."""

import copy
import uuid
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.fuzz import hostile
from tests.fuzz.conftest import Fuzz
from tests.fuzz.service import Watched

_EXAMPLES = 100
_NAMES = ("a", "b", "data", "rate", "out", "default")
_BINDINGS = (
    "${{parent.inputs.data}}", "${{parent.inputs.nothing}}", "x${{parent.inputs.rate}}", "${{parent.outputs.out}}",
    "${{parent.jobs.a.outputs.out}}", "${{parent.jobs.b.outputs.out}}", "${{parent.jobs.b.inputs.data}}",
    "${{parent.jobs.a.outputs.default}}",
)  # fmt: skip
_ADDRESSES = (
    "azureml://datastores/workspaceblobstore/paths/x/${{name}}", "azureml:fuzz:1", "azureml:fuzz@latest", "../x",
    "azureml://jobs/<<run>>/outputs/default", "runs:/<<run>>/x", "https://127.0.0.1:1/x", "", "azureml:nothing:1",
)  # fmt: skip
_KINDS = ("uri_folder", "uri_file", "mltable", "custom_model")
_READ = ("ReadOnlyMount", "Download", "Direct", "EvalMount", "EvalDownload", "ReadWriteMount")
_WRITE = ("ReadWriteMount", "Upload", "Direct")
_NUMBERS = st.sampled_from((1, 2, 0.5, 0, -1))
_ENVIRONMENT, _COMPONENTS = "azureml:of-jobs:1", ("azureml:of-jobs:1", "azureml:of-jobs:2")


def _one(*values: Any) -> Any:
    return st.sampled_from(values).map(copy.deepcopy)  # what is drawn is changed


def _some(required: dict[str, Any], **optional: Any) -> Any:
    return st.fixed_dictionaries(required, optional=optional)


def _named(values: Any, least: int = 0) -> Any:
    return st.dictionaries(_one(*_NAMES), values, min_size=least, max_size=3)


def _changed(documents: Any) -> Any:
    """Documents as they may well be right, and such with parts that are anything else."""
    once = hostile.mutated(documents)
    return st.one_of(documents, documents, once, hostile.mutated(once))


_INPUTS = _named(
    st.one_of(
        _some({"jobInputType": _one(*_KINDS), "uri": _one(*_ADDRESSES)}, mode=_one(*_READ)),
        _some({"jobInputType": st.just("literal"), "value": st.one_of(_NUMBERS, st.just("v"))}),
        st.none(),
    )
)
_OUTPUTS = _named(
    st.one_of(
        _some(
            {"jobOutputType": _one(*_KINDS)},
            uri=_one(*_ADDRESSES), mode=_one(*_WRITE), assetName=_one("fuzz", "/"), assetVersion=_one("1", "x"),
        ),
        st.none(),
    )
)  # fmt: skip
_BOUND = st.one_of(
    _one(*_BINDINGS),
    _NUMBERS,
    _some({"value": _one(*_BINDINGS)}, type=_one(*_KINDS, "literal"), mode=_one("ro_mount", "direct", "eval_mount")),
    _some({"uri": _one(*_ADDRESSES), "type": _one(*_KINDS)}, mode=_one("upload", "rw_mount"), name=_one("fuzz", "/")),
)  # fmt: skip
_JOB = {
    "computeId": _one("cpu-cluster", "azureml:x", "local"),
    "identity": _one({"identityType": "Managed"}, {}),
    "queueSettings": _one({"jobTier": "Spot"}, {}),
    "services": _one({"s": {"jobServiceType": "SSH"}}, {"s": None}),
    "tags": _one({"a": "b"}, {"a": 1}),
    "isArchived": st.booleans(),
}
_TRIAL = {"command": _one(*hostile.COMMANDS), "environmentId": _one(_ENVIRONMENT, "azureml:nothing:1")}
_MORE = {
    "distribution": _one(
        {"distributionType": "PyTorch", "processCountPerInstance": 1},
        {"distributionType": "Mpi"},
        {"distributionType": "Ray"},
    ),
    "resources": _one({"instanceCount": 1, "shmSize": "1g"}, {"instanceCount": 2}, {"dockerArgs": "x"}),
    "environmentVariables": _one({"A": "b", "C": None}, {"": ""}),
}  # fmt: skip
_POLICY = _one(
    {"policyType": "Bandit", "slackFactor": 0.1}, {"policyType": "MedianStopping"}, {"policyType": "x"}
)
_SPACE = _named(
    _one(
        ["choice", [[1, 2]]], ["uniform", [0, 1]], ["quniform", [1, 2, 0.5]], ["randint", [3]], ["uniform", [1]],
        ["choice", [[{"kind": "x", "deep": ["randint", [2]]}]]], ["normal", [0, -1]], ["choice", []],
    ),
    least=1,
)  # fmt: skip
_STEP_SPACE = _named(
    st.one_of(
        _some({"type": st.just("choice")}, values=st.lists(_NUMBERS, max_size=3)),
        _some(
            {"type": _one("uniform", "quniform", "loguniform")},
            min_value=_NUMBERS,
            max_value=_NUMBERS,
            q=_NUMBERS,
        ),
        _some({"type": _one("normal", "randint", "other")}, mu=_NUMBERS, sigma=_NUMBERS, upper=_NUMBERS),
    )
)


def _steps() -> Any:
    bound = {"inputs": _named(_BOUND), "outputs": _named(_BOUND)}
    more = {
        "identity": _one({"type": "managed"}),
        "tags": _one({"a": 1}),
        "limits": _one({"timeout": 9}, {"timeout": "x"}),
    }
    plain = _some(
        {"type": _one("command", "command", "pipeline", "parallel"), "componentId": _one(*_COMPONENTS)},
        **bound,
        **more,
    )
    sweep = _some(
        {
            "type": st.just("sweep"),
            "trial": st.fixed_dictionaries({"componentId": _one(*_COMPONENTS)}),
            "search_space": _STEP_SPACE,
            "objective": _one({"goal": "minimize", "primary_metric": "loss"}),
            "limits": _one({"max_total_trials": 1, "timeout": 60}, {"max_total_trials": 0}),
        },
        sampling_algorithm=_one("grid", "random", {"type": "random", "seed": 1}, {"type": "bayesian"}),
        early_termination=_one({"type": "bandit", "slack_factor": 1}, {"policy_type": "Bandit"}),
        **bound,
    )
    return _named(st.one_of(plain, sweep), least=1)  # fmt: skip


_PROPERTIES = {
    "Command": _some(
        {**_TRIAL, "inputs": _INPUTS, "outputs": _OUTPUTS}, **_JOB, **_MORE, parentJobName=_one("<<run>>")
    ),
    "Sweep": _some(
        {
            "trial": _some(_TRIAL, **_MORE),
            "searchSpace": _SPACE,
            "samplingAlgorithm": _one(
                {"samplingAlgorithmType": "Grid"}, {"samplingAlgorithmType": "Random", "seed": 1, "rule": "Sobol"}
            ),
            "objective": _one({"goal": "Minimize", "primaryMetric": "loss"}),
            "limits": _one({"maxTotalTrials": 1, "timeout": "PT1M"}, {"maxTotalTrials": 0}),
        },
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        earlyTermination=_POLICY,
        **_JOB,
    ),
    "Pipeline": _some(
        {"jobs": _steps(), "inputs": _INPUTS, "outputs": _OUTPUTS},
        settings=_one({"default_compute": "x"}, {"default_datastore": "x"}, {"on_init": "a"}, {"force_rerun": True}),
        componentId=_one(*_COMPONENTS),
        **_JOB,
    ),
}  # fmt: skip


def _components() -> Any:
    """The ``componentSpec`` of components of commands and of pipelines."""
    plain = _some(
        {"type": _one(*_KINDS, "number", "string")},
        optional=_one(True, "true"),
        default=_NUMBERS,
        mode=_one("eval_mount"),
    )
    group = _some({"type": st.just("group"), "values": _named(plain)})
    ports = {"inputs": _named(st.one_of(plain, group)), "outputs": _named(plain)}
    command = {"command": _one(*hostile.COMMANDS), "environment": _one(_ENVIRONMENT, "")}
    return st.one_of(
        _some({"type": st.just("command"), **command, **ports}, code=_one("azureml:nothing:1")),
        _some({"type": st.just("pipeline"), "jobs": _steps(), **ports}),
    )  # fmt: skip


def _put(service: Watched, path: str, properties: Any) -> int:
    body = hostile.encoded({"properties": properties})
    return service.request("PUT", f"{{S}}/{path}", service.fill_bytes(body)).status


@pytest.fixture
def steps_there(service: Watched) -> None:
    """Gives the service an environment, a component of a command, and one of a pipeline of it."""
    assert _put(service, "environments/of-jobs/versions/1", {"image": "x"}) == 200
    ports = {"data": {"type": "uri_folder", "optional": True}, "rate": {"type": "number", "default": 1}}
    shape = {"inputs": ports, "outputs": {"out": {"type": "uri_folder"}}}
    command = {"type": "command", "command": "true", "environment": _ENVIRONMENT, **shape}
    assert _put(service, "components/of-jobs/versions/1", {"componentSpec": command}) == 200
    step = {"componentId": _COMPONENTS[0], "inputs": {"data": "${{parent.inputs.data}}"}}
    pipeline = {
        "type": "pipeline",
        "jobs": {"a": {**step, "outputs": {"out": "${{parent.outputs.out}}"}}},
        **shape,
    }
    assert _put(service, "components/of-jobs/versions/2", {"componentSpec": pipeline}) == 200


@pytest.mark.usefixtures("steps_there")
@pytest.mark.parametrize("kind", _PROPERTIES)
def test_a_job_of_any_properties_is_refused_or_made(service: Watched, fuzz: Fuzz, kind: str):
    def ask(properties: Any) -> None:
        _made(service, {"jobType": kind, **properties} if isinstance(properties, dict) else properties)

    fuzz(ask, _EXAMPLES, properties=_changed(_PROPERTIES[kind]))


@pytest.mark.usefixtures("steps_there")
def test_a_component_of_any_shape_is_refused_or_can_be_a_step(service: Watched, fuzz: Fuzz):
    def ask(spec: Any) -> None:
        name = f"c-{uuid.uuid4().hex}"
        if _put(service, f"components/{name}/versions/1", {"componentSpec": spec}) == 200:
            step = {"type": spec.get("type"), "componentId": f"azureml:{name}:1"}
            _made(service, {"jobType": "Pipeline", "jobs": {"a": step}})

    fuzz(ask, _EXAMPLES, spec=_changed(_components()))


def _made(service: Watched, properties: Any) -> None:
    """Submits a job, looks at it where it was made, and ends it."""
    path = f"jobs/j-{uuid.uuid4().hex}"
    if _put(service, path, properties) == 200:
        assert service.get(f"{{S}}/{path}").status == 200
        assert service.post(f"{{S}}/{path}/cancel").status == 200
