"""``Datastore`` and the datastores of a ``Workspace``, with azureml-core against a real workspace."""

from pathlib import Path

import pytest

from tests.conftest import Machine

HEAD = """
import os, pathlib, sys
from azureml.core import Datastore, Workspace
ws = Workspace.get(name="local", subscription_id="00000000-0000-0000-0000-000000000000", resource_group="local")
store = ws.get_default_datastore()
"""


def sdk(machine: Machine, script: str, cwd: Path | None = None) -> str:
    """What the script printed; fails the test when the script fails."""
    done = machine.sdk(HEAD + script, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(machine: Machine, script: str, cwd: Path | None = None) -> str:
    """How the script's failure was told; fails the test when it does not fail."""
    done = machine.sdk(HEAD + script, cwd=cwd)
    assert done.returncode != 0, done.stdout
    return done.stderr + done.stdout


def test_the_default_datastore_is_the_workspaces_own_blob_store(shared_machine: Machine):
    printed = sdk(
        shared_machine,
        "print(store.name, store.datastore_type, store.container_name)\n"
        "print(Datastore.get(ws, 'workspaceblobstore').name, Datastore(ws, 'workspaceblobstore').name)\n"
        "print(list(ws.datastores))\n",
    ).splitlines()

    assert printed[0] == "workspaceblobstore AzureBlob azureml-blobstore"
    assert printed[1] == "workspaceblobstore workspaceblobstore"
    assert "workspaceblobstore" in printed[2]


def test_a_folder_goes_up_and_comes_down_as_it_was(shared_machine: Machine, tmp_path: Path):
    source = tmp_path / "source"
    (source / "sub folder").mkdir(parents=True)
    (source / "a.csv").write_bytes(b"x\n1\n")
    (source / "sub folder" / "größe.bin").write_bytes(bytes(range(256)) * 1000)
    (source / "empty").touch()

    printed = sdk(
        shared_machine,
        "reference = store.upload('source', target_path='up/data', show_progress=False)\n"
        "print(reference.path_on_datastore)\n"
        "print(store.download('down', prefix='up/data', show_progress=False))\n"
        "print(store.download('one', prefix='up/data/a', show_progress=False))\n"
        "print(store.download('none', prefix='nothing/of/that/name', show_progress=False))\n",
        tmp_path,
    )

    assert printed.splitlines() == ["up/data", "3", "1", "0"]
    down = tmp_path / "down" / "up" / "data"
    for file in ("a.csv", "sub folder/größe.bin", "empty"):
        assert (down / file).read_bytes() == (source / file).read_bytes()


def test_what_is_there_is_kept_unless_told_otherwise(shared_machine: Machine, tmp_path: Path):
    (tmp_path / "f.txt").write_text("first")

    printed = sdk(
        shared_machine,
        "file = pathlib.Path('f.txt')\n"
        "def read(folder):\n"
        "    store.download(folder, prefix='kept/f.txt', overwrite=True, show_progress=False)\n"
        "    return pathlib.Path(folder, 'kept/f.txt').read_text()\n"
        "options = {'relative_root': '.', 'target_path': 'kept', 'show_progress': False}\n"
        "store.upload_files(['./f.txt'], **options); print(read('down'))\n"
        "file.write_text('second')\n"
        "store.upload_files(['./f.txt'], **options); print(read('down'))\n"
        "store.upload_files(['./f.txt'], overwrite=True, **options); print(read('down'))\n"
        # An upload that insists on being the first is refused by the service itself.
        "blob = store.blob_service.get_blob_client(container=store.container_name, blob='kept/f.txt')\n"
        "try:\n"
        "    blob.upload_blob(b'third', overwrite=False)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, read('down'))\n",
        tmp_path,
    )

    assert printed.splitlines() == ["first", "first", "second", "ResourceExistsError second"]


def test_a_long_listing_comes_in_pages_and_by_folders(shared_machine: Machine):
    printed = sdk(
        shared_machine,
        "container = store.blob_service.get_container_client(store.container_name)\n"
        "for name in ('p/a', 'p/b/1', 'p/b/2', 'p/c', 'p/d/1'):\n"
        "    container.upload_blob(name, name.encode())\n"
        "pages = container.list_blobs(name_starts_with='p/', results_per_page=2).by_page()\n"
        "print([[(blob.name, blob.size) for blob in page] for page in pages])\n"
        "print(sorted(item.name for item in container.walk_blobs(name_starts_with='p/', delimiter='/')))\n"
        "print(container.exists())\n"
        "container.delete_blob('p/c')\n"
        "print([blob.name for blob in container.list_blobs(name_starts_with='p/')])\n",
    ).splitlines()

    assert printed == [
        "[[('p/a', 3), ('p/b/1', 5)], [('p/b/2', 5), ('p/c', 3)], [('p/d/1', 5)]]",
        "['p/a', 'p/b/', 'p/c', 'p/d/']",
        "True",
        "['p/a', 'p/b/1', 'p/b/2', 'p/d/1']",
    ]


@pytest.mark.parametrize(
    "name", ["a/../../b", "..", "/etc/passwd", "a/./b", "..\\\\b", "C:b", "a\\x00b", "a\\nb"]
)
def test_a_name_that_leads_outside_is_refused(shared_machine: Machine, name: str):
    printed = sdk(
        shared_machine,
        "from urllib.parse import quote\n"
        f"name = '{name}'\n"
        "import http.client, ssl\n"
        "context = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])\n"
        "address = store.endpoint.split('@')[1]\n"
        "path = f'/{store.container_name}/' + quote(name, safe='') + store.sas_token\n"
        "connection = http.client.HTTPSConnection(address, context=context)\n"
        "connection.request('PUT', path, b'x', {'x-ms-blob-type': 'BlockBlob'})\n"
        "answer = connection.getresponse()\n"
        "print(answer.status, answer.headers['x-ms-error-code'])\n",
    )

    assert printed == "400 InvalidResourceName\n"


def test_a_signature_for_the_container_is_for_nothing_else(shared_machine: Machine):
    printed = sdk(
        shared_machine,
        "import http.client, ssl\n"
        "context = ssl.create_default_context(cafile=os.environ['SSL_CERT_FILE'])\n"
        "def status(path):\n"
        "    connection = http.client.HTTPSConnection(store.endpoint.split('@')[1], context=context)\n"
        "    connection.request('GET', path)\n"
        "    return connection.getresponse().status\n"
        "token = store.sas_token.lstrip('?')\n"
        "listing = 'restype=container&comp=list'\n"
        "print(status(f'/azureml-blobstore?{listing}&{token}'))\n"
        "print(status(f'/azureml-blobstore?{listing}'))\n"
        "print(status(f'/azureml?{listing}&{token}'), status(f'/snapshots?{listing}&{token}'))\n"
        "print(status(f'/azureml/ExperimentRun/dcid.x/outputs/y?{token}'))\n"
        "print(status(f'/azureml-blobstore?{listing}&' + token.replace('sp=rwdl', 'sp=rwdlx')))\n",
    )

    assert printed.split() == ["200", "403", "403", "501", "403", "403"]


def test_the_default_can_be_another_and_a_foreign_account_is_a_record(machine: Machine, tmp_path: Path):
    register = (
        "store = Datastore.register_azure_blob_container(ws, 'Elsewhere', container_name='data',\n"
        "    account_name='somebodyelses', account_key='c2VjcmV0')\n"
    )

    printed = sdk(
        machine,
        register + "print(store.name, store.account_name, store.container_name, store.account_key)\n"
        "print(sorted(ws.datastores))\n"
        "ws.set_default_datastore('elsewhere'); print(ws.get_default_datastore().name)\n"
        "Datastore(ws, 'workspaceblobstore').set_as_default(); print(ws.get_default_datastore().name)\n"
        "store.set_as_default(); print(ws.get_default_datastore().name)\n",
    )
    reading = refused(machine, "Datastore.get(ws, 'elsewhere').download('down')\n", tmp_path)
    over = refused(machine, register)
    after = sdk(
        machine,
        "store.unregister(); print(ws.get_default_datastore().name, 'elsewhere' in ws.datastores)\n",
    )

    assert printed.splitlines() == [
        "elsewhere somebodyelses data c2VjcmV0",
        "['azureml_globaldatasets', 'elsewhere', 'workspaceartifactstore', 'workspaceblobstore', 'workspacefilestore', "
        "'workspaceworkingdirectory']",
        "elsewhere",
        "workspaceblobstore",
        "elsewhere",
    ]
    assert "Azure Blob account somebodyelses" in reading
    assert "Another datastore with the same name already exists" in over
    assert after == "workspaceblobstore False\n"


def test_other_kinds_of_storage_are_refused_by_their_kind(shared_machine: Machine):
    share = refused(
        shared_machine,
        "Datastore.register_azure_file_share(ws, 'share', file_share_name='s', account_name='abc', account_key='a')\n",
    )
    missing = refused(shared_machine, "Datastore.get(ws, 'no_such_store')\n")

    assert "AzureFile" in share
    assert "no_such_store was not found" in missing


def test_each_workspace_has_the_stores_of_azure_ml_and_refuses_what_is_not_here_by_name(
    shared_machine: Machine,
):
    printed = sdk(
        shared_machine,
        "for name in ('workspacefilestore', 'workspaceworkingdirectory', 'workspaceartifactstore',"
        " 'azureml_globaldatasets'):\n"
        "    found = Datastore.get(ws, name)\n"
        "    print(found.name, found.datastore_type, name in ws.datastores)\n"
        "    for call in (found.unregister, lambda: ws.set_default_datastore(name)):\n"
        "        try:\n            call()\n"
        "        except Exception as error:\n            print('refused', name in str(error))\n",
    ).splitlines()
    content = refused(shared_machine, "Datastore.get(ws, 'azureml_globaldatasets').download('down')\n")
    share = refused(shared_machine, "Datastore.get(ws, 'workspacefilestore').download('down')\n")

    assert [line for line in printed if not line.startswith("refused")] == [
        "workspacefilestore AzureFile True",
        "workspaceworkingdirectory AzureFile True",
        "workspaceartifactstore AzureBlob True",
        "azureml_globaldatasets AzureBlob True",
    ]
    assert [line for line in printed if line.startswith("refused")] == ["refused True"] * 8
    assert "azureml_globaldatasets is of the kind AzureBlob, and its content is not here" in content
    assert "workspacefilestore is of the kind AzureFile, and its content is not here" in share
