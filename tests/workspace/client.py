"""A plain HTTP client of a running local workspace: what the SDK would send, and what it never would."""

import hashlib
import http.client
import json
import ssl
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from scaffold.workspace.keys import Keys
from tests.waiting import until

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
SCOPE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/local"
    "/providers/Microsoft.MachineLearningServices/workspaces/local"
)
EMPTY_SNAPSHOT = "00000000-0000-0000-0000-000000000000"
HERE = {"name": "e", "python": {"userManagedDependencies": True, "interpreterPath": "python"}}
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """An answer of the service."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The message of a refusal, in whichever shape its family has."""
        if self.headers["content-type"] == "application/xml":
            return ET.fromstring(self.body).findtext("Message") or ""
        document = self.json()
        return str(document["message"] if "error_code" in document else document["error"]["message"])


class Workspace:
    """The service of one state folder, as its owner reaches it.

    Args:
        state: the state folder, from which ports and secrets are read.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        record = json.loads((state / "service.json").read_bytes())
        self.https_port, self.http_port = int(record["https_port"]), int(record["http_port"])
        self.keys: dict[str, str] = json.loads((state / "secrets" / "keys.json").read_bytes())
        self.pages = Keys(**self.keys).pages(record["start"])
        self._tls = ssl.create_default_context(cafile=str(state / "secrets" / "ca.pem"))
        self.token: str = self.request("GET", f"/identity/{self.keys['identity']}/token", token=None).json()[
            "access_token"
        ]

    def connect(self) -> http.client.HTTPSConnection:
        """A connection to the wire protocol's port."""
        return http.client.HTTPSConnection(
            "127.0.0.1", self.https_port, timeout=TIMEOUT_SECONDS, context=self._tls
        )

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "own",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request to the wire protocol's port.

        Args:
            method: HTTP method.
            path: with its query; ``{S}`` stands for the workspace's scope.
            body: bytes as they are, anything else as JSON.
            token: a bearer token, ``own`` for the owner's, or None to send none.
            headers: more headers.
        """
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token if token == 'own' else token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        return self._exchange(self.connect(), method, path.replace("{S}", SCOPE), body, sent)

    def page(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request to the pages' port, as a browser that knows no secret."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=TIMEOUT_SECONDS)
        return self._exchange(connection, method, path, body, headers or {})

    def own_page(self, path: str, **headers: str) -> Answer:
        """One request to the pages' port, as the owner's browser."""
        return self.page(self.inside(path), headers=headers)

    def inside(self, path: str) -> str:
        """The address of a page with its secret, whether it has one already or not."""
        return path if path.startswith(f"/{self.pages}") else f"/{self.pages}{path}"

    @staticmethod
    def _exchange(
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> Answer:
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            got = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, got, response.read())
        finally:
            connection.close()

    def get(self, path: str, **options: Any) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.request("POST", path, body, **options)

    def blob(
        self, method: str, url: str, body: bytes | None = None, *, query: str = "", **headers: str
    ) -> Answer:
        """A request to a blob's signed address, as storage clients make it: without a token.

        Args:
            method: HTTP method.
            url: the address that the service gave out.
            body: the bytes to send.
            query: more of the query, such as ``comp=block&blockid=…``.
            headers: more headers, with ``_`` for ``-``.
        """
        parts = urlsplit(url)
        path = f"{parts.path}?{query}&{parts.query}" if query else f"{parts.path}?{parts.query}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request(method, path, body, token=None, headers=named)

    def control(self, method: str, path: str) -> Answer:
        """A request to an address of this program's own commands."""
        return self.request(method, f"/control/{self.keys['control']}{path}", token=None)

    def new_blob(self) -> str:
        """The address of a snapshot upload that nothing was written to yet."""
        (url,) = self.upload_addresses("file")
        return url

    def new_file(self) -> str:
        """The address of a file of the workspace's datastore that nothing was written to yet."""
        section = self.get("/datastore/v1.0{S}/default").json()["azureStorageSection"]
        container = f"https://{section['accountName']}.blob.{section['endpoint']}/{section['containerName']}"
        return f"{container}/{uuid.uuid4().hex}{section['sasToken']}"

    def upload_addresses(self, *names: str) -> list[str]:
        answer = self.post("/content/v2.0{S}/snapshots/getblob", {"FileNames": list(names)})
        assert answer.status == 200, answer.body
        return [node["blobUri"] for node in answer.json()["fileNodes"]]

    def new_artifact(self, run_id: str, path: str) -> str:
        """The address that an artifact of a run is written to."""
        answer = self.post(
            f"/artifact/v2.0{SCOPE}/artifacts/batch/metadata/ExperimentRun/dcid.{run_id}",
            {"paths": [{"path": path}]},
        )
        assert answer.status == 200, answer.body
        return str(answer.json()["artifactContentInformation"][path]["contentUri"])

    def post_snapshot(
        self,
        root: Any,
        uploads: dict[str, str] | None = None,
        *,
        parent: str = EMPTY_SNAPSHOT,
        snapshot_id: str | None = None,
    ) -> Answer:
        """Creates a snapshot of a tree, with the addresses that its new files were uploaded to."""
        nodes = [{"FullName": path, "BlobUri": url} for path, url in (uploads or {}).items()]
        return self.post(
            f"/content/v2.0{SCOPE}/snapshots/{snapshot_id or uuid.uuid4()}",
            {"DirTreeNode": root, "FileRevisionList": {"FileNodes": nodes}, "ParentSnapshotId": parent},
        )

    def snapshot(self, files: dict[str, bytes]) -> str:
        """Uploads files and makes a snapshot of them; returns its id."""
        urls = dict(zip(files, self.upload_addresses(*files), strict=True))
        for path, content in files.items():
            put = self.blob("PUT", urls[path], content, x_ms_blob_type="BlockBlob")
            assert put.status == 201, put.body
        created = self.post_snapshot(tree(files), urls)
        assert created.status == 200, created.body
        return str(created.json()["id"])

    def submit(
        self,
        script: str = "print('Experiment Executed!')",
        *,
        experiment: str = "wire",
        run_id: str | None = None,
        snapshot_id: str | None = None,
        **configuration: Any,
    ) -> Answer:
        """Submits a run of a script in the interpreter that is here."""
        if snapshot_id is None:
            snapshot_id = self.snapshot({"train.py": script.encode()})
        query = f"?runId={quote(run_id)}" if run_id is not None else ""
        body = {
            "SnapshotId": snapshot_id,
            "Configuration": {
                "script": "train.py",
                "target": "cpu-cluster",
                "environment": HERE,
                **configuration,
            },
        }
        return self.post(f"/execution/v1.0{SCOPE}/experiments/{quote(experiment)}/snapshotrun{query}", body)

    def accepted(self, script: str = "print('Experiment Executed!')", **options: Any) -> str:
        """The id of a run that was just accepted."""
        answer = self.submit(script, **options)
        assert answer.status == 200, answer.body
        return str(answer.json()["runId"])

    def begun(self, run_id: str, experiment: str = "begun", status: str = "Running") -> str:
        """A run that nothing is executed of, with that status: what happens to it the test says."""
        address = f"/history/v1.0{SCOPE}/experiments/{experiment}/runs/{run_id}"
        assert self.request("PATCH", address, {"status": status}).status == 200
        return run_id

    def finished(self, script: str = "print('Experiment Executed!')", **options: Any) -> str:
        """The id of a run that is over."""
        run_id = self.accepted(script, **options)
        self.wait(run_id)
        return run_id

    def log(self, run_id: str) -> bytes:
        """The whole log of a run, which is over then."""
        log = b""
        while True:
            answer = self.control("GET", f"/runs/{run_id}/log?offset={len(log)}&wait=20")
            log += answer.body
            if not answer.body and answer.headers["x-scaffold-over"] == "1":
                return log

    def wait(self, run_id: str) -> dict[str, Any]:
        """The state of a run once it is over."""
        self.log(run_id)
        state: dict[str, Any] = self.control("GET", f"/runs/{run_id}").json()
        return state

    def wait_for_output(self, run_id: str, size: int = 1) -> None:
        """Returns when the run has printed so many bytes, and goes on."""
        address = f"/runs/{run_id}/log?offset={size - 1}&wait=20"
        until(lambda: (a := self.control("GET", address)).body != b"" or a.headers["x-scaffold-over"] == "1")
        state = self.control("GET", f"/runs/{run_id}").json()
        assert not state["terminal"], state

    def metric(self, run_id: str, name: str, values: list[float], *, first_step: int = 0) -> None:
        """Logs numbers as a run's scalar metric."""
        points = [{"data": {name: value}, "step": step} for step, value in enumerate(values, first_step)]
        self.log_values(run_id, name, "azureml.v1.scalar", {name: "Double"}, points)

    def log_values(
        self, run_id: str, name: str, kind: str, columns: dict[str, str], values: list[dict[str, Any]]
    ) -> None:
        """Logs values of any metric, in as many requests as the service's limit asks for."""
        for start in range(0, len(values), 250):
            metric = {
                "name": name,
                "columns": columns,
                "value": values[start : start + 250],
                "properties": {"uxMetricType": kind},
            }
            posted = self.post(f"/metric/v2.0{SCOPE}/runs/{run_id}/batch", {"values": [metric]})
            assert posted.json() == {"errors": []}

    def tag(self, run_id: str, tags: dict[str, str]) -> None:
        """Adds tags to a run."""
        experiment = self.run(run_id)["experimentId"]
        address = f"/history/v1.0{SCOPE}/experimentids/{experiment}/runs/{run_id}"
        assert self.request("PATCH", address, {"tags": tags}).status == 200

    def run(self, run_id: str) -> Any:
        """A run's record."""
        answer = self.get(f"/history/v1.0{SCOPE}/runs/{run_id}")
        assert answer.status == 200, answer.body
        return answer.json()

    def artifact(self, run_id: str, path: str) -> bytes:
        """The bytes of an artifact."""
        where = self.get(
            f"/artifact/v2.0{SCOPE}/artifacts/contentinfo/ExperimentRun/dcid.{run_id}/{quote(path)}"
        )
        assert where.status == 200, where.body
        return self.blob("GET", where.json()["contentUri"]).body


def tree(files: dict[str, bytes]) -> dict[str, Any]:
    """The SDK's DirTreeNode of files by path."""
    root: dict[str, Any] = {"name": "", "hash": "0", "type": "Directory", "children": {}}
    for path, content in files.items():
        node = root
        *folders, name = path.split("/")
        for folder in folders:
            node = node["children"].setdefault(
                folder, {"name": folder, "hash": "0", "type": "Directory", "children": {}}
            )
        node["children"][name] = file_node(name, content)
    return root


def file_node(name: str, content: bytes = b"") -> dict[str, Any]:
    """The SDK's DirTreeNode of one file."""
    digest = hashlib.sha512(content + name.encode("utf-8", "replace") + b"File").hexdigest()
    return {"name": name, "hash": digest, "type": "File", "timestamp": "2026-01-01T00:00:00", "children": {}}
