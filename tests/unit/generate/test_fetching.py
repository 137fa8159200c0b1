"""Where a template comes from: a folder, a zip file, a repository."""

import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.generate.templates import make, read, refused, repository, template, write, zipped


def test_a_zip_file(tmp_path):
    source = template(tmp_path, {}, {"f": "{{ cookiecutter.project_slug }}"})
    assert read(make(tmp_path, zipped(source)).path) == {"f": "exp"}


def test_a_git_repository_and_a_tag_of_it(tmp_path):
    url = repository(template(tmp_path, {}, {"f": "one"}))
    assert read(make(tmp_path, url).path) == {"f": "two"}
    assert read(make(tmp_path, url, checkout="v1", force=True).path) == {"f": "one", "f.bak": "two"}


@pytest.mark.parametrize("name", ["template", "x.github.io", "a+b c", "x.git"])
@pytest.mark.parametrize("kind", ["clone", "bare", "url", "url of .git", "bare url"])
def test_a_repository_on_this_machine(tmp_path, name, kind):
    source = template(tmp_path, {}, {"f": "one"})
    repository(source)
    place = tmp_path / "there" / name
    place.parent.mkdir()
    bare = ["--bare"] if kind.startswith("bare") else []
    subprocess.run(["git", "clone", "--quiet", *bare, source, place], check=True)
    shutil.rmtree(source)
    location = {
        "url": f"git+{place.as_uri()}",
        "url of .git": f"git+{place.as_uri()}/.git",
        "bare url": f"git+{place.as_uri()}/",
    }.get(kind, place)
    assert read(make(tmp_path, location).path) == {"f": "two"}
    assert read(make(tmp_path, location, checkout="v1", force=True).path) == {"f": "one", "f.bak": "two"}


def test_a_branch_tag_or_commit_that_is_not_there(tmp_path):
    source = template(tmp_path, {}, {"f": "one"})
    url = repository(source)
    subprocess.run(["git", "branch", "next"], cwd=source, check=True)
    for location in (url, source):
        for checkout in ("v9", "cookiecutter.json", "0123456789012345678901234567890123456789"):
            message, hint = refused(tmp_path, location, checkout=checkout)
            assert message == f"{location} has no branch, tag or commit '{checkout}'."
            assert hint == "It has: main, next, v1."
    commit = subprocess.run(
        ["git", "rev-parse", "v1"], cwd=source, check=True, capture_output=True, text=True
    ).stdout.strip()
    for checkout in ("next", commit, commit[:8]):
        assert make(tmp_path, source, checkout=checkout, force=True)


def test_templates_that_cannot_be_had(tmp_path, monkeypatch):
    source = template(tmp_path, {}, {"f": "one"})
    write(tmp_path, {"broken.zip": "no zip", "empty/x": "", "git.md": ""})
    gone = tmp_path / "gone"
    assert refused(tmp_path, gone)[0] == f"There is no cookiecutter template at {gone}."
    assert refused(tmp_path, tmp_path / "empty")[0].startswith("There is no cookiecutter template at")
    assert refused(tmp_path, "owner/name")[1].endswith("one on GitHub is gh:owner/name")
    assert "It is a file" in refused(tmp_path, tmp_path / "git.md")[1]
    assert refused(tmp_path, tmp_path / "gone.zip")[0] == f"There is no zip file {gone}.zip."
    assert "is not a valid zip archive" in refused(tmp_path, tmp_path / "broken.zip")[0]
    assert refused(tmp_path, f"git+file://{gone}")[0].startswith(
        f"git+file://{gone} cannot be cloned: fatal:"
    )
    assert refused(tmp_path, "https://example.com/x")[1] == "Write git+https://example.com/x when it is one."
    assert refused(tmp_path, source, checkout="v1")[0] == (
        f"--checkout is for git repositories only: {source} is none."
    )
    url = repository(source)
    for checkout in ("--orphan=x", ""):
        assert refused(tmp_path, url, checkout=checkout)[0] == f"--checkout '{checkout}' cannot be used."
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(tmp_path, url)[0] == "The template cannot be cloned: git is not installed."


def test_the_password_in_a_url_is_not_shown(tmp_path):
    message, hint = refused(tmp_path, "https://me:secret@git.invalid/x.git")
    assert "secret" not in message + hint
    assert "https://me:…@git.invalid/x.git cannot be cloned: fatal:" in message


@pytest.fixture
def server() -> Iterator[tuple[str, list[int]]]:
    """A server that answers everything with a status, which the test may change; its address."""
    status = [404]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0])
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever).start()
        yield f"http://127.0.0.1:{running.server_port}", status
        running.shutdown()


def test_a_server_that_refuses(tmp_path, server):
    address, status = server
    message, hint = refused(tmp_path, f"{address}/t.zip")
    assert message == f"{address}/t.zip cannot be downloaded: the server answers 404 Not Found."
    assert "needs no login" in hint
    assert "not found" in refused(tmp_path, f"{address}/x.git")[0]
    status[0] = 401
    message, hint = refused(tmp_path, f"{address}/x.git")
    assert message.startswith(f"{address}/x.git cannot be cloned: fatal: could not read Username")
    assert hint == f"It is private or not there: see that git may read it, with: git clone {address}/x.git"


def test_a_server_that_is_not_there(tmp_path):
    for location in ("https://127.0.0.1:9/t.zip", "https://127.0.0.1:9/x.git"):
        assert "can be reached from here" in refused(tmp_path, location)[1]


# Made with `zip -P secret`: Python cannot write such files.
PROTECTED = bytes.fromhex(
    "504b03040a0000000000cb1b815d00000000000000000000000002000000742f504b03040a0009000000cb1b815d7009"
    "9f8f190000000d00000013000000742f636f6f6b69656375747465722e6a736f6e6369e7b5e1d4b91d8ea92bbc98547c"
    "b207a144a868b97f5cb7504b070870099f8f190000000d000000504b03040a0000000000cb1b815d0000000000000000"
    "0000000018000000742f7b7b636f6f6b69656375747465722e736c75677d7d2f504b03040a0009000000cb1b815d2dc3"
    "9654210000001500000019000000742f7b7b636f6f6b69656375747465722e736c75677d7d2f66c9816363e5a5f01d1a"
    "1e40c35ab9b6793e43796aefc2fc5b1188dc646a6a6f24b1504b07082dc396542100000015000000504b01021e030a00"
    "00000000cb1b815d000000000000000000000000020000000000000000001000ed4100000000742f504b01021e030a00"
    "09000000cb1b815d70099f8f190000000d000000130000000000000001000000a48120000000742f636f6f6b69656375"
    "747465722e6a736f6e504b01021e030a0000000000cb1b815d0000000000000000000000001800000000000000000010"
    "00ed417a000000742f7b7b636f6f6b69656375747465722e736c75677d7d2f504b01021e030a0009000000cb1b815d2d"
    "c396542100000015000000190000000000000001000000a481b0000000742f7b7b636f6f6b69656375747465722e736c"
    "75677d7d2f66504b05060000000004000400fe000000180100000000"
)


def test_a_zip_file_with_a_password(tmp_path, monkeypatch):
    path = tmp_path / "t.zip"
    path.write_bytes(PROTECTED)
    message, hint = refused(tmp_path, path)
    assert message == f"{path} is protected by a password."
    assert "COOKIECUTTER_REPO_PASSWORD" in hint
    monkeypatch.setenv("COOKIECUTTER_REPO_PASSWORD", "wrong")
    assert "is protected by a password, and the one given is wrong." in refused(tmp_path, path)[0]
    monkeypatch.setenv("COOKIECUTTER_REPO_PASSWORD", "secret")
    assert read(make(tmp_path, path).path) == {"f": "exp"}


def test_a_zip_file_without_a_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "flat.zip", "w") as archive:
        archive.writestr("cookiecutter.json", "{}")
    message, hint = refused(tmp_path, tmp_path / "flat.zip")
    assert "does not begin with a folder" in message
    assert "zip -r" in hint


def test_a_zip_file_that_is_damaged(tmp_path):
    path = Path(zipped(template(tmp_path, {}, {"f": "x" * 5000})))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    message, _ = refused(tmp_path, path)
    assert message.startswith(f"{path} ")
