"""The blob service, as Azure Storage's block blob clients use it."""

import base64
import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.waiting import until
from tests.workspace.client import Answer, Workspace

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def url(workspace: Workspace) -> str:
    """An address that nothing was written to yet."""
    return workspace.new_blob()


@pytest.fixture
def written(workspace: Workspace, url: str) -> str:
    """An address that holds :data:`CONTENT`."""
    assert workspace.blob("PUT", url, CONTENT, x_ms_blob_type="BlockBlob").status == 201
    return url


def staged(workspace: Workspace) -> set[Path]:
    return set((workspace.state / "staging").iterdir())


def error(answer: Answer) -> str:
    return answer.headers["x-ms-error-code"]  # of whichever shape


# Whole blobs


def test_what_was_put_is_got_with_its_length_and_type(workspace: Workspace, url: str):
    put = workspace.blob(
        "PUT", url, CONTENT, x_ms_blob_type="BlockBlob", x_ms_blob_content_type="text/x-mine"
    )
    got, head = workspace.blob("GET", url), workspace.blob("HEAD", url)

    assert put.status == 201
    assert (got.status, got.body) == (200, CONTENT)
    assert (head.status, head.body) == (200, b"")
    for answer in (got, head):
        assert answer.headers["content-length"] == str(len(CONTENT))
        assert answer.headers["content-type"] == "text/x-mine"
        assert answer.headers["x-ms-blob-type"] == "BlockBlob"
        assert answer.headers["etag"] == put.headers["etag"]
        assert answer.headers["last-modified"] == put.headers["last-modified"]


def test_an_empty_blob_is_a_blob(workspace: Workspace, url: str):
    assert workspace.blob("PUT", url, b"").status == 201

    assert workspace.blob("HEAD", url).headers["content-length"] == "0"
    assert (workspace.blob("GET", url).status, workspace.blob("GET", url).body) == (200, b"")


def test_a_second_put_replaces_the_first_and_its_etag(workspace: Workspace, written: str):
    before = workspace.blob("HEAD", written).headers["etag"]

    workspace.blob("PUT", written, b"new")

    assert workspace.blob("GET", written).body == b"new"
    assert workspace.blob("HEAD", written).headers["etag"] != before


def test_an_upload_in_chunks_without_a_length_is_taken(workspace: Workspace, url: str):
    parts = urlsplit(url)

    def chunks() -> Iterator[bytes]:
        yield from (CONTENT[:5000], CONTENT[5000:])

    connection = workspace.connect()
    connection.request("PUT", f"{parts.path}?{parts.query}", chunks(), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    assert connection.getresponse().status == 201
    connection.close()

    assert workspace.blob("GET", url).body == CONTENT


def test_a_wrong_md5_is_refused_and_nothing_is_kept(workspace: Workspace, url: str):
    before = staged(workspace)
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()

    answer = workspace.blob("PUT", url, CONTENT, Content_MD5=wrong)

    assert (answer.status, error(answer)) == (400, "Md5Mismatch")
    assert workspace.blob("HEAD", url).status == 404
    assert staged(workspace) == before


def test_a_right_md5_is_taken(workspace: Workspace, url: str):
    right = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()

    assert workspace.blob("PUT", url, CONTENT, Content_MD5=right).status == 201


def test_a_body_that_breaks_off_leaves_nothing(workspace: Workspace, url: str):
    before = staged(workspace)
    parts = urlsplit(url)
    connection = workspace.connect()
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    connection.putheader("Content-Length", "1000")
    connection.endheaders()
    connection.send(b"only so much")
    until(lambda: staged(workspace) != before)
    connection.close()

    until(lambda: staged(workspace) == before)
    assert workspace.blob("HEAD", url).status == 404


def test_what_was_announced_and_not_written_is_not_there(workspace: Workspace, url: str):
    for method in ("GET", "HEAD"):
        assert workspace.blob(method, url).status == 404
    assert error(workspace.blob("GET", url)) == "BlobNotFound"


def test_names_of_any_letters_are_kept_apart(workspace: Workspace):
    run_id = f"letters_{uuid.uuid4().hex}"
    paths = [
        "a b.txt",
        "a%20b.txt",
        "a+b.txt",
        "größe/日本.txt",
        "a?b#c.txt",
        "x",
        "a%b",
        "100%",
        "x;y=z&w",
    ]

    for path in paths:
        url = workspace.new_artifact(run_id, path)
        assert workspace.blob("PUT", url, path.encode()).status == 201, path

    for path in paths:
        assert workspace.artifact(run_id, path) == path.encode()
    # The SDK sends paths as they are on its machine, and no address keeps these apart.
    for path in ("/x", "//x", "../x", "./x"):
        assert workspace.artifact(run_id, path) == b"x"


def test_an_address_opens_no_other_blob(workspace: Workspace, written: str):
    """Neither a neighbour's, nor one of another container, nor a file of the machine."""
    signature = urlsplit(written).query
    own = urlsplit(written).path

    for path in (
        own + "x",
        own.rpartition("/")[0],
        "/azureml/x",
        f"{own}/../1",
        "/snapshots/../../secrets/keys.json",
    ):
        for method in ("GET", "PUT"):
            answer = workspace.request(
                method, f"{quote(path)}?{signature}", b"x" if method == "PUT" else None
            )
            assert answer.status in (403, 501), path


# Ranges


@pytest.mark.parametrize("header", ["range", "x_ms_range"])
@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=100-199", (100, 199)),
        ("bytes=10000-", (10_000, 10_239)),
        ("bytes=10239-10239", (10_239, 10_239)),
        ("bytes=0-33554431", (0, 10_239)),
    ],
)
def test_a_range_is_just_that_part(
    workspace: Workspace, written: str, header: str, asked: str, given: tuple[int, int]
):
    first, last = given

    answer = workspace.blob("GET", written, **{header: asked})

    assert (answer.status, answer.body) == (206, CONTENT[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/10240"
    assert answer.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=10240-", 416),
        ("bytes=99999-100000", 416),
        ("bytes=5-4", 416),
        ("bytes=a-b", 400),
        ("lines=1-2", 400),
        ("bytes=0-1,3-4", 400),
        (f"bytes={'9' * 5000}-", 416),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_range_that_is_none_is_refused(workspace: Workspace, written: str, asked: str, status: int):
    assert workspace.blob("GET", written, range=asked).status == status


def test_every_range_of_an_empty_blob_begins_after_its_end(workspace: Workspace, url: str):
    workspace.blob("PUT", url, b"")

    answer = workspace.blob("GET", url, range="bytes=0-")

    assert (answer.status, error(answer)) == (416, "InvalidRange")


# Blocks


def block_id(number: int) -> str:
    return base64.b64encode(f"block-{number:05d}".encode()).decode()


def put_block(workspace: Workspace, url: str, identifier: str, content: bytes, **headers: str) -> Answer:
    return workspace.blob(
        "PUT", url, content, query=f"comp=block&blockid={quote(identifier, safe='')}", **headers
    )


def commit(workspace: Workspace, url: str, *identifiers: str, **headers: str) -> Answer:
    entries = "".join(f"<Latest>{identifier}</Latest>" for identifier in identifiers)
    body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{entries}</BlockList>'
    return workspace.blob("PUT", url, body.encode(), query="comp=blocklist", **headers)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 1, 0)], ids=str)
def test_blocks_make_the_blob_in_the_order_of_the_list(
    workspace: Workspace, url: str, order: tuple[int, ...]
):
    for number in (2, 0, 1):
        assert put_block(workspace, url, block_id(number), bytes([number]) * 1000).status == 201
    assert workspace.blob("GET", url).status == 404

    done = commit(workspace, url, *map(block_id, order), x_ms_blob_content_type="text/x-mine")

    assert done.status == 201
    got = workspace.blob("GET", url)
    assert got.body == b"".join(bytes([number]) * 1000 for number in order)
    assert got.headers["content-type"] == "text/x-mine"


def test_a_block_that_comes_twice_counts_as_it_came_last(workspace: Workspace, url: str):
    put_block(workspace, url, block_id(0), b"first")
    put_block(workspace, url, block_id(0), b"second")
    commit(workspace, url, block_id(0))

    assert workspace.blob("GET", url).body == b"second"


def test_a_missing_block_is_refused_and_the_others_stay(workspace: Workspace, url: str):
    put_block(workspace, url, block_id(0), b"here")

    refused = commit(workspace, url, block_id(0), block_id(1))

    assert (refused.status, error(refused)) == (400, "InvalidBlockList")
    assert workspace.blob("HEAD", url).status == 404
    assert put_block(workspace, url, block_id(1), b" too").status == 201
    assert commit(workspace, url, block_id(0), block_id(1)).status == 201
    assert workspace.blob("GET", url).body == b"here too"


def test_blocks_of_one_blob_are_not_anothers(workspace: Workspace):
    one, other = workspace.upload_addresses("one", "other")
    put_block(workspace, one, block_id(0), b"one")

    assert commit(workspace, other, block_id(0)).status == 400


def test_a_block_with_a_wrong_md5_is_refused(workspace: Workspace, url: str):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()

    assert put_block(workspace, url, block_id(0), b"block", Content_MD5=wrong).status == 400
    assert commit(workspace, url, block_id(0)).status == 400


@pytest.mark.parametrize(
    "identifier", ["", "no base64!", "ü", "AAA", base64.b64encode(b"x" * 200).decode()], ids=lambda i: i[:12]
)
def test_a_block_id_that_azure_storage_would_not_take_is_refused(
    workspace: Workspace, url: str, identifier: str
):
    """Base64 of 1 to 64 bytes."""
    assert put_block(workspace, url, identifier, b"block").status == 400
    assert commit(workspace, url, identifier).status == 400


BOMB = '<!DOCTYPE b [<!ENTITY a "{id}"><!ENTITY b "&a;&a;">]><BlockList><Latest>&a;</Latest></BlockList>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<BlockList>",
        BOMB.format(id=block_id(0)).encode(),
        BOMB.format(id=block_id(0)).encode("utf-16"),
        BOMB.format(id=block_id(0)).replace("<!DOCTYPE", "<!DOCTYPE\n").encode(),
        b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><BlockList><Latest>&a;</Latest></BlockList>',
    ],
    ids=["empty", "no xml", "broken off", "entity", "entity in UTF-16", "entity after a line end", "file"],
)
def test_a_block_list_that_is_none_or_defines_entities_is_refused(
    workspace: Workspace, url: str, body: bytes
):
    put_block(workspace, url, block_id(0), b"block")

    assert workspace.blob("PUT", url, body, query="comp=blocklist").status == 400
    assert workspace.blob("HEAD", url).status == 404


@pytest.mark.parametrize("query", ["comp=lease", "comp=tags", "comp=", "comp=block%20list"])
def test_another_operation_on_a_blob_is_refused_and_changes_nothing(
    workspace: Workspace, written: str, query: str
):
    assert workspace.blob("PUT", written, b"other", query=query).status in (400, 501)
    assert workspace.blob("GET", written).body == CONTENT


def test_what_is_noted_of_a_blob_is_told_again(workspace: Workspace, written: str):
    noted = workspace.blob("PUT", written, query="comp=metadata", x_ms_meta_upload_status="completed")

    assert noted.status == 200
    assert workspace.blob("HEAD", written).headers["x-ms-meta-upload-status"] == "completed"
    workspace.blob("PUT", written, CONTENT, x_ms_blob_type="BlockBlob")
    assert "x-ms-meta-upload-status" not in workspace.blob("HEAD", written).headers


def test_page_blobs_are_not_had(workspace: Workspace, url: str):
    assert workspace.blob("PUT", url, b"x", x_ms_blob_type="PageBlob").status == 501
    assert workspace.blob("HEAD", url).status == 404


# Append blobs, which the reader of datasets writes partitions with


def test_blocks_are_appended_at_the_end(workspace: Workspace):
    url = workspace.new_file()
    assert workspace.blob("PUT", url, b"", x_ms_blob_type="AppendBlob").status == 201

    first = workspace.blob("PUT", url, b"one,", query="comp=appendblock")
    wrong = workspace.blob("PUT", url, b"lost", query="comp=appendblock", x_ms_blob_condition_appendpos="0")
    second = workspace.blob("PUT", url, b"two", query="comp=appendblock", x_ms_blob_condition_appendpos="4")

    assert [answer.status for answer in (first, wrong, second)] == [201, 412, 201]
    assert [answer.headers["x-ms-blob-append-offset"] for answer in (first, second)] == ["0", "4"]
    assert workspace.blob("GET", url).body == b"one,two"
    head = workspace.blob("HEAD", url).headers
    assert (head["x-ms-blob-type"], head["content-length"]) == ("AppendBlob", "7")


def test_only_an_append_blob_is_appended_to(workspace: Workspace, written: str):
    nothing = workspace.new_file()

    assert workspace.blob("PUT", written, b"more", query="comp=appendblock").status == 409
    assert workspace.blob("PUT", nothing, b"more", query="comp=appendblock").status == 404
    assert workspace.blob("PUT", nothing, b"full", x_ms_blob_type="AppendBlob").status in (400, 413)
    assert workspace.blob("GET", written).body == CONTENT


# The growing log of a run


def test_the_log_of_a_run_can_be_read_while_it_grows(workspace: Workspace, tmp_path: Path):
    go = tmp_path / "go"
    script = (
        "import os, time\nprint('before', flush=True)\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.02)\nprint('after')\n"
    )
    run_id = workspace.accepted(script)
    workspace.wait_for_output(run_id)
    details: dict[str, Any] = workspace.get(
        f"/history/v1.0{{S}}/experiments/wire/runs/{run_id}/details"
    ).json()
    url = details["logFiles"]["user_logs/std_log.txt"]

    during = workspace.blob("GET", url).body.split()
    go.touch()
    workspace.wait(run_id)

    assert during == [b"before"]
    assert workspace.blob("GET", url).body.split() == [b"before", b"after"]
    assert workspace.blob("HEAD", url).headers["content-length"] == str(len(workspace.log(run_id)))
