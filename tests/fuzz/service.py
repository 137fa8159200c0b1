"""A local workspace that is watched while it is fuzzed: what it answers, logs, and does to the files around it."""

import hashlib
import http.client
import json
import re
import sqlite3
import ssl
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from scaffold.workspace.identity import Authority
from scaffold.workspace.keys import Keys
from scaffold.workspace.paths import Home
from tests.conftest import Machine
from tests.workspace.client import HERE, SCOPE, Answer, Workspace, tree

CANARY = "the canary of the fuzz tests, which nobody reads"
SNAPSHOT = "f0220000-0000-0000-0000-000000000000"
DATAFLOW = '{"meta": {"RsDataflow": "steps: []"}}'
# What the state folder holds, whatever is asked of the service.
_STATE = re.compile(
    r"(blobs|staging|environments|runs|secrets|client|cache|pythons)"
    r"|workspace\.db(-wal|-shm)?|service\.(json|log(\.\d)?|lock)|start\.lock|\..*"
)
_READ = (
    "/history/v1.0{S}/runs/<<run>>", "/history/v1.0{S}/experiments/fuzz/runs/<<child>>/details",
    "/history/v1.0{S}/experiments/fuzz/runs/<<run>>/children", "/history/v1.0{S}/experimentids/<<experiment_id>>",
    "{M}/runs/get?run_id=<<run>>", "{M}/runs/get?run_id=<<child>>", "{M}/logged-models/<<logged_model>>",
    "{M}/experiments/get?experiment_id=<<experiment_id>>", "/modelmanagement/v1.0{S}/models",
    "/modelmanagement/v1.0{S}/assets", "/environment/v1.0{S}/environments/", "/credential/v2.0{S}/secrets",
    "/credential/v2.0{S}/secrets/fuzz", "/datastore/v1.0{S}/datastores", "/dataset/v1.0{S}/datasets",
    "/rp/workspaces{S}/computes", "/content/v1.0{S}/snapshots/latest/metadata",
    "/artifact/v2.0{S}/artifacts/ExperimentRun/dcid.<<run>>",
)  # fmt: skip
_LOG_LINE = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING|ERROR) [\w.]+: [^\x00-\x1f]*$")
# What the server says itself of a request that is none.
_NO_HTTP = b"Invalid HTTP request received."
_ENVELOPE, _MLFLOW = {"code", "message", "innerError"}, {"error_code", "message"}


class Watched(Workspace):
    """The service of a machine, with a connection that stays open.

    Args:
        machine: has a running workspace; canaries are put around its state folder.
    """

    def __init__(self, machine: Machine) -> None:
        self._kept: http.client.HTTPSConnection | None = None
        self._secrets: list[str] = []
        self._read = self._found = 0
        self._whole = False
        super().__init__(machine.state)
        self._around = machine.root
        self._canaries = [
            machine.root / "canary.txt",
            machine.root.parent / "canary.txt",
            machine.user_home / ".ssh" / "id_ed25519",
            machine.state / "secrets" / ".canary",
        ]
        for file in self._canaries:
            file.parent.mkdir(exist_ok=True)
            file.write_text(CANARY, encoding="utf-8")
        self.authority = Authority(Keys.load(Home(machine.state)))
        self.known: dict[str, str] = {
            "canary": str(self._canaries[0]),
            "up": "../" * 6 + "canary.txt",
            "up_windows": "..\\" * 6 + "canary.txt",
            "artifact": "outputs/model.txt",
        }
        self._secrets = [self.keys["signing"], self.keys["control"], CANARY]

    # What it is asked

    def _exchange(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> Answer:
        """The same over one connection, which a request that was refused early may have closed."""
        if not isinstance(connection, http.client.HTTPSConnection):  # a page
            return super()._exchange(connection, method, path, body, headers)
        for fresh in (False, True):
            if fresh or self._kept is None:
                self._kept = self.connect()
            try:
                self._kept.request(method, path, body, headers)
                response = self._kept.getresponse()
                got = {name.lower(): value for name, value in response.getheaders()}
                answer = Answer(response.status, got, response.read())
                self.check(method, path, answer)
                self._whole = self._whole and method != "DELETE" and "delete" not in path
                return answer
            except (ConnectionError, http.client.HTTPException, ssl.SSLError):
                self._kept.close()
                if fresh:
                    raise
        raise AssertionError("unreachable")

    def fill(self, text: str) -> str:
        """A text with its marks replaced by what the service has."""
        return re.sub(r"<<(\w+)>>", lambda mark: self.known.get(mark[1], mark[0]), text)

    def fill_bytes(self, body: bytes | None) -> bytes | None:
        """The same of a body, in which texts are JSON's."""
        if body is None:
            return None
        return re.sub(
            rb"<<(\w+)>>",
            lambda mark: json.dumps(self.known.get(mark[1].decode(), mark[0].decode()))[1:-1].encode(),
            body,
        )

    def check(self, method: str, path: str, answer: Answer) -> None:
        """What holds for every answer, whatever was asked."""
        said = answer.body + repr(answer.headers).encode()
        assert answer.status != 500, (method, path, answer.body)
        assert not [word for word in self._secrets if word.encode() in said], (method, path)
        if answer.status >= 400 and method != "HEAD" and answer.body != _NO_HTTP:
            self.check_envelope(answer)

    @staticmethod
    def check_envelope(answer: Answer) -> None:
        """A refusal is in the service's form, or in MLflow's."""
        if answer.headers["content-type"] == "application/xml":  # of Azure Storage
            error = ET.fromstring(answer.body)
            assert error.findtext("Code") == answer.headers["x-ms-error-code"]
            assert error.findtext("Message")
            return
        document = answer.json()
        if "error_code" in document:
            assert set(document) == _MLFLOW, document
        else:
            assert set(document["error"]) >= _ENVELOPE, document
            assert document["error"]["code"] == answer.headers["x-ms-error-code"]

    # What it has

    def furnish(self) -> None:
        """Sees to it that there is one of everything, whatever earlier requests deleted."""
        if self._whole:
            return
        self._whole = True
        if not self.known.get("run"):
            self.known |= self._once()
        for make in (self._registered, self._kept_records):
            self.known |= make()

    def _once(self) -> dict[str, str]:
        files = {"train.py": b"open('outputs/model.txt', 'w').write('m')", "data/a.csv": b"1,2\n"}
        urls = dict(zip(files, self.upload_addresses(*files), strict=True))
        for path, content in files.items():
            self.blob("PUT", urls[path], content)
        self.post_snapshot(tree(files), urls, snapshot_id=SNAPSHOT)
        self.finished(experiment="fuzz", run_id="fuzz_run", snapshot_id=SNAPSHOT)
        metric = {"name": "m", "columns": {"m": "double"}, "value": [{"data": {"m": 1.5}, "step": 1}]}
        self.post("/metric/v2.0{S}/runs/fuzz_run/batch", {"values": [metric]})
        return {"run": "fuzz_run", "experiment": "fuzz", "snapshot": SNAPSHOT}

    def _registered(self) -> dict[str, str]:
        made = self.post("/history/v1.0{S}/experiments/fuzz").json()
        child = f"fuzz_child_{uuid.uuid4().hex[:8]}"
        self.request(
            "PATCH",
            f"/history/v1.0{SCOPE}/experiments/fuzz/runs/{child}",
            {"status": "Running", "parentRunId": "fuzz_run", "tags": {"k": "v"}},
        )
        model = self._mlflow(
            "/logged-models", {"experiment_id": made["experimentId"], "source_run_id": child}
        )
        return {
            "experiment_id": made["experimentId"],
            "child": child,
            "logged_model": model["model"]["info"]["model_id"],
        }

    def _kept_records(self) -> dict[str, str]:
        asset = self.post("/modelmanagement/v1.0{S}/assets", {"artifacts": [{"prefix": "a/b/c"}]}).json()[
            "id"
        ]
        self.post("/modelmanagement/v1.0{S}/models", {"name": "fuzz", "url": f"aml://asset/{asset}"})
        model = self.get("/modelmanagement/v1.0{S}/models?name=fuzz&latestVersionOnly=true").json()["value"][
            0
        ]
        self.request(
            "PUT", "/environment/v1.0{S}/environments/fuzz", {"Name": "fuzz", "python": HERE["python"]}
        )
        self.request("PUT", "/credential/v2.0{S}/secrets", {"name": "fuzz", "value": "x"})
        self.request("PUT", SCOPE + "/computes/fuzz", {"properties": {"computeType": "AmlCompute"}})
        storage = {"accountName": "account", "containerName": "container", "credentialType": "Sas"}
        store = {"name": "fuzz", "dataStoreType": "AzureBlob", "azureStorageSection": storage}
        self.post("/datastore/v1.0{S}/datastores", store)
        latest = {"dataflow": DATAFLOW}
        dataset = self.post(
            "/dataset/v1.0{S}/datasets?ifExistsOk=true",
            {"name": "fuzz", "datasetType": "file", "latest": latest},
        ).json()
        return {
            "asset": asset,
            "model": model["id"],
            "dataset": "fuzz",
            "dataset_id": dataset["datasetId"],
            "saved_id": dataset["latest"]["savedDatasetId"],
            **dict.fromkeys(("environment", "secret", "compute", "datastore"), "fuzz"),
        }

    def _mlflow(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.post(f"/mlflow/v1.0{SCOPE}/api/2.0/mlflow{path}", body)
        assert answer.status == 200, answer.body
        return answer.json()

    def signed(self, container: str, name: str, permissions: str = "rwdl") -> str:
        """The address of a blob of any name, with a signature of the service's own."""
        sign = self.authority.sign_container if not name else self.authority.sign_blob
        signature = sign(container, permissions) if not name else sign(container, name, permissions)
        return f"/{container}/{quote(name, safe='')}".rstrip("/") + f"?{signature}"

    def look(self) -> None:
        """Reads everything that there is, on the wire and on the pages."""
        for path in _READ:
            self.get(self.fill(path.replace("{M}", "/mlflow/v1.0{S}/api/2.0/mlflow")))
        for run in (self.known["run"], self.known["child"]):
            self.own_page(f"/runs/{run}")
            self.own_page(f"/runs/{run}?format=json")
        self.own_page("/")
        self.own_page(f"/experiments/{self.known['experiment']}")

    def own_page(self, path: str, **headers: str) -> Answer:
        answer = super().own_page(path, **headers)
        assert answer.status in (200, 404), (path, answer.body)
        return answer

    def secret_of(self, path: str) -> str:
        """The secret in an address of the table, by its first part."""
        first = path.split("/")[1]
        return str(getattr(self.authority.keys, {"adfs": "login"}.get(first, first)))

    # What it did

    def state_of_things(self) -> "Things":
        """What must be the same before and after."""
        return Things(self._outside(), self._errors())

    def rows(self) -> list[str]:
        """All that is in the database, but for the service's own count of what was written."""
        with closing(sqlite3.connect(f"file:{self.state / 'workspace.db'}?mode=ro", uri=True)) as database:
            rows = list(database.iterdump())
        # The service counts there how far the database has come.
        return [row for row in rows if not row.startswith("INSERT INTO \"meta\" VALUES('mark'")]

    def _outside(self) -> Mapping[str, str]:
        """What is in the files around the state folder, and in those in it that must never change."""
        root = self._around.parent
        paths = [*root.glob("*"), *self._around.glob("*"), *self._around.joinpath("user").rglob("*")]
        paths += [path for path in (self.state / "secrets").iterdir() if path.name != "vault.json"]
        paths += [path for path in self.state.iterdir() if not _STATE.fullmatch(path.name)]
        return {path.relative_to(root).as_posix(): _digest(path) for path in paths}

    def _errors(self) -> int:
        """How many faults the service has logged, and lines that it did not begin itself."""
        log, older = self.state / "service.log", self.state / "service.log.1"
        begun_anew = log.stat().st_size < self._read
        new = (older if begun_anew else log).read_bytes()[self._read :] + (
            log.read_bytes() if begun_anew else b""
        )
        self._read = log.stat().st_size
        self._found += len(
            [line for line in new.splitlines() if not _LOG_LINE.match(line) or b" ERROR " in line]
        )
        return self._found


class Things:
    """The files around the service's state, and the faults that it has logged."""

    def __init__(self, files: Mapping[str, str], errors: int) -> None:
        self.files, self.errors = files, errors


def _digest(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return oct(path.lstat().st_mode)
    return oct(path.stat().st_mode) + hashlib.sha256(path.read_bytes()).hexdigest()
