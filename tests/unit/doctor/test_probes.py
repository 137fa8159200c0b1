"""What each probe of ``scaffold doctor`` finds, and what it leaves alone."""

import os
import shutil
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
import trustme

from scaffold.doctor import home, installation, login, network, stored
from scaffold.doctor.finding import Finding, Looking, Probe, ok
from scaffold.submission.child import login as child_login
from scaffold.workspace import identity
from scaffold.workspace.paths import Home


def states(findings) -> list[tuple[str, str]]:
    return [(finding.check, finding.state) for finding in findings]


# Running probes


def test_a_probe_that_fails_is_a_finding_and_stops_no_other():
    def fails():
        yield ok("one", "It is so far.")
        raise RuntimeError("and no farther")

    found = list(Looking([Probe("one", fails), Probe("two", lambda: [ok("two", "It is.")])]).findings())

    assert states(found) == [("one", "ok"), ("one", "warning"), ("two", "ok")]
    assert "RuntimeError: and no farther" in found[1].what


def test_a_probe_that_hangs_is_a_finding_and_stops_no_other():
    said, never = threading.Event(), threading.Event()

    def hangs():
        yield ok("one", "It is so far.")
        said.set()
        never.wait()

    looking = Looking([Probe("one", hangs, seconds=0.2), Probe("two", lambda: [ok("two", "It is.")])])
    assert said.wait(60)
    found = list(looking.findings())

    assert states(found) == [("one", "ok"), ("one", "warning"), ("two", "ok")]
    assert "no answer" in found[1].what
    never.set()


# The installation


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts distributions onto the path: ``installed("one", "1.0", "two>2")``."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name: str, version: str, *requires: str) -> None:
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {text}" for text in requires]
        (folder / "METADATA").write_text("\n".join(lines) + "\n")

    return install


def test_packages_that_do_not_go_together_are_found_however_deep(installed):
    installed("one", "1.0", "two", "three; extra == 'more'", "four; python_version < '3'")
    installed("two", "2.0", "five<5", "surely-not-here")
    installed("five", "5.1")

    count, conflicts = installation.conflicts_below(["one"])

    assert count == 3
    assert conflicts == [
        ("two needs five<5, and 5.1 is installed.", False),
        ("two needs surely-not-here, which is not installed.", True),
    ]


def test_extras_that_are_asked_for_are_looked_at_and_others_are_not(installed):
    installed("one", "1.0", "two[fast]")
    installed("two", "2.0", "three; extra == 'fast'", "four; extra == 'v2'")

    _, conflicts = installation.conflicts_below(["one"])

    assert conflicts == [("two needs three, which is not installed.", True)]


def test_packages_that_ask_for_one_another_have_an_end(installed):
    installed("one", "1.0", "two>=1")
    installed("two", "2.0rc1", "one")

    assert installation.conflicts_below(["one"]) == (2, [])


def test_our_own_packages_go_together():
    assert states(installation.packages()) == [("packages", "ok")]


def test_the_versions_of_what_matters_are_told():
    [*_, found] = [one for one in installation.versions() if one.check == "versions"][:1]

    assert (found.state, found.details["python"]) == ("ok", "{}.{}.{}".format(*sys.version_info[:3]))
    assert "azureml-core" in found.details


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
def test_a_conda_that_does_not_start_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tool = tmp_path / "micromamba"
    tool.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    tool.chmod(0o755)
    monkeypatch.setenv("SCAFFOLD_CONDA", str(tool))

    [found] = installation.conda()

    assert (found.state, "exit code 3: broken" in found.what) == ("problem", True)
    tool.write_text("#!/bin/sh\necho 1.5.8\n")
    [found] = installation.conda()
    assert (found.state, found.details["version"]) == ("ok", "1.5.8")


# The network


@pytest.mark.parametrize(
    ("environment", "expected", "said"),
    [
        pytest.param({}, ["ok"], "No proxy", id="none"),
        pytest.param({"HTTPS_PROXY": "http://proxy:8080"}, ["ok"], "scaffold keeps 127.0.0.1 out", id="ours"),
        pytest.param(
            {"https_proxy": "http://proxy:8080", "no_proxy": "localhost,127.0.0.1"}, ["ok"],
            "NO_PROXY keeps 127.0.0.1 out", id="theirs",
        ),
        pytest.param({"HTTPS_PROXY": "http://", "NO_PROXY": "*"}, ["problem", "ok"], "no address", id="no host"),
        pytest.param({"HTTPS_PROXY": "http://p:x"}, ["problem", "ok"], "no address", id="no port"),
        pytest.param(
            {"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:1"}, ["warning", "ok"], "differ", id="two",
        ),
    ],
)  # fmt: skip
def test_proxies(environment: dict[str, str], expected: list[str], said: str):
    found = list(network.proxy(environment))

    assert [finding.state for finding in found] == expected
    assert said in " ".join(finding.what for finding in found)


def test_a_password_of_a_proxy_is_not_told():
    for address in ("http://me:secret@proxy:8080", "http://me:secret@:8080"):
        for finding in network.proxy({"HTTPS_PROXY": address}):
            assert "secret" not in repr(finding)


def test_certificates_that_cannot_be_used(tmp_path: Path):
    bundle, nothing = tmp_path / "bundle.pem", tmp_path / "nothing.pem"
    bundle.write_bytes(trustme.CA().cert_pem.bytes())
    nothing.write_text("nothing")
    folder = tmp_path / "folder"
    folder.mkdir()

    def state(path: Path) -> str:
        [found] = network.certificates({"REQUESTS_CA_BUNDLE": str(path)})
        return found.state

    assert [state(path) for path in (bundle, nothing, tmp_path / "missing.pem", folder)] == [
        "ok", "problem", "problem", "problem",
    ]  # fmt: skip
    shutil.copy(bundle, folder / "0123abcd.0")
    assert state(folder) == "ok"
    assert [finding.state for finding in network.certificates({})] == ["ok"]


# The local workspace's folder


@pytest.fixture
def prepared(tmp_path: Path) -> Home:
    prepared = Home(tmp_path / "home")
    identity.prepare(prepared)
    return prepared


def test_a_folder_that_is_not_there_yet_and_one_that_cannot_be(tmp_path: Path):
    (tmp_path / "file").write_text("")

    assert states(home.folder(Home(tmp_path / "new" / "home"))) == [("state folder", "ok")]
    assert states(home.folder(Home(tmp_path / "file" / "home"))) == [("state folder", "problem")]
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_what_others_can_read_is_told(prepared: Home):
    assert states(home.folder(prepared)) == [("state folder", "ok")]
    prepared.secret_keys.chmod(0o644)

    [_, found] = home.folder(prepared)

    assert (found.state, "keys.json (mode 0644)" in found.what) == ("warning", True)


def test_little_room_is_told(prepared: Home, monkeypatch: pytest.MonkeyPatch):
    for free, state in ((10**7, "problem"), (10**9, "warning"), (10**10, "ok")):
        usage = shutil.disk_usage(prepared.root)._replace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        assert next(iter(home.folder(prepared))).state == state


def test_certificates_end(prepared: Home):
    import datetime

    assert states(home.certificate(prepared)) == [("certificate", "ok")]
    for days, state in ((-1, "problem"), (5, "warning")):
        ends = datetime.datetime.now() + datetime.timedelta(days=days)
        authority = trustme.CA()
        leaf = authority.issue_cert("127.0.0.1", not_after=ends)
        prepared.ca_certificate.write_bytes(authority.cert_pem.bytes())
        prepared.server_certificate.write_bytes(
            leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes()
        )
        [found] = home.certificate(prepared)
        assert (found.state, found.details["ends"]) == (
            state, ends.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d"),
        )  # fmt: skip
    prepared.server_certificate.write_text("nothing")
    assert states(home.certificate(prepared)) == [("certificate", "problem")]


def test_a_database_is_read_and_left_as_it_is(prepared: Home):
    assert states(stored.database(prepared)) == [("database", "ok")]
    connection = sqlite3.connect(prepared.database)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 100)
    connection.commit()
    [beside_a_writer] = stored.database(prepared)
    files = (prepared.database, prepared.database.with_name("workspace.db-wal"))
    assert beside_a_writer.details["bytes"] == sum(file.stat().st_size for file in files)
    connection.close()
    before = prepared.database.read_bytes()
    [alone] = stored.database(prepared)
    assert (beside_a_writer.details["whole"], alone.details["whole"]) == (True, True)
    assert prepared.database.read_bytes() == before

    prepared.database.write_bytes(before[:8192] + b"\xff" * (len(before) - 8192))

    assert states(stored.database(prepared)) == [("database", "problem")]


def test_a_setting_that_cannot_be(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCAFFOLD_WIDTH", "many")

    assert states(home.settings()) == [("settings", "problem")]


# The login


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any login."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "AZUREML_", "MSI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_no_login_is_a_warning_where_one_is_needed(nobody: Path):
    assert states(login.logins(None, needed=False)) == [("login", "ok")]
    assert states(login.logins(None, needed=True)) == [("login", "warning")]


def test_the_login_that_the_sdk_comes_to_first(nobody: Path, monkeypatch: pytest.MonkeyPatch):
    def first() -> Finding:
        [found] = login.logins(None, needed=True)
        return found.details["method"]

    (nobody / ".azure").mkdir()
    (nobody / ".azure" / "msal_token_cache.json").touch()
    assert first() == "azure-cli"
    (nobody / ".azureml" / "auth").mkdir(parents=True)
    (nobody / ".azureml" / "auth" / "msal_token_cache.bin").touch()
    assert first() == "interactive"
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, "x")
    assert first() == "service-principal"
    monkeypatch.setenv("MSI_ENDPOINT", "x")
    assert first() == "managed-identity"


def test_a_login_that_is_still_to_come_is_not_told_as_one_that_is_there(nobody: Path):
    assert child_login.prepare("auto", None) == "login in a browser"

    (nobody / ".azureml" / "auth").mkdir(parents=True)
    (nobody / ".azureml" / "auth" / "msal_token_cache.json").touch()
    assert child_login.prepare("auto", None) == "login of the SDK"


def test_a_compute_instance_has_an_identity_which_the_sdk_tries_whatever_is_chosen(
    nobody: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(child_login.NoLoginError, match="az login --identity"):
        child_login.prepare("managed-identity", None)

    (nobody / ".nbvm").touch()
    monkeypatch.setattr(child_login, "COMPUTE_INSTANCE", nobody / ".nbvm")

    [found] = login.logins(None, needed=True)
    assert found.what == "A managed identity (compute instance) comes first."
    assert child_login.prepare("managed-identity", None) == "managed identity of this machine"
    assert "unless the identity of this compute instance" in child_login.prepare("interactive", None)


def test_half_a_service_principal_is_told_and_a_tenant_completes_it(
    nobody: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AZURE_CLIENT_ID", "x")
    [half, none] = login.logins("a tenant", needed=True)
    assert "lacks AZURE_CLIENT_SECRET" in half.what
    assert (half.state, none.state) == ("warning", "warning")

    monkeypatch.setenv("AZURE_CLIENT_SECRET", "y")

    assert states(login.logins("a tenant", needed=True)) == [("login", "ok")]
    assert "lacks AZURE_TENANT_ID" in next(iter(login.logins(None, needed=True))).what
