"""What a client process needs to trust our certificate beside those it trusted before.

As a file, the usual bundle plus our CA: what ``SSL_CERT_FILE`` names. As a folder of certificates named by
OpenSSL's subject hash, the same: what ``REQUESTS_CA_BUNDLE`` names, since the SDK opens about thirty
sessions a submission, each of which would parse the whole bundle (17 ms each for certifi's), while in a
folder only the certificate that is asked for is read.
"""

import contextlib
import hashlib
import itertools
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffold.workspace.files import StateFileError, write_atomically
from scaffold.workspace.paths import Home

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\s*", re.DOTALL)
_KEPT = 4


@dataclass(frozen=True)
class Trust:
    """Where the certificates are.

    Attributes:
        bundle: a file with all of them.
        folder: a folder with each of them under its hash.
    """

    bundle: Path
    folder: Path


def _usual_certificates(environment: Mapping[str, str], ours: Path) -> bytes:
    """What this process would trust without us: the certificates of a file, or of every file of a folder."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        path = Path(environment.get(name) or "")
        # A process that was started with our variables names our own file here.
        if not environment.get(name) or path.is_relative_to(ours):
            continue
        if path.is_file():
            return path.read_bytes()
        if path.is_dir():
            contents = {file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()}
            return b"\n".join(sorted(contents))
    import certifi

    return Path(certifi.where()).read_bytes()


def prepare(home: Home, environment: Mapping[str, str]) -> Trust:
    """The certificates for a client that would start with this environment, made when they are not there yet."""
    try:
        ca = home.ca_certificate.read_bytes()
    except OSError as error:
        raise StateFileError(
            f"The certificate {home.ca_certificate} cannot be read: {error.strerror}.",
            "Stop the workspace ('scaffold workspace stop --force'): the next start makes another.",
        ) from None
    usual = _usual_certificates(environment, home.root)
    key = hashlib.sha256(usual + ca).hexdigest()[:16]
    place = home.client / "trust" / key
    trust = Trust(bundle=place / "bundle.pem", folder=place / "certificates")
    if not place.is_dir():
        _make(place, ca, usual)
    return trust


def add(home: Home) -> None:
    """Has every client that was given certificates before trust the present authority, too.

    Runs under way, and shells that were set up, know the folder and the file by their paths.
    """
    ca = home.ca_certificate.read_bytes()
    name = _subject_hash(ca)
    for place in (home.client / "trust").glob("*/"):
        with contextlib.suppress(OSError):  # one that is just being made or removed
            folder = place / "certificates"
            number = next(n for n in itertools.count() if not (folder / f"{name}.{n}").exists())
            (folder / f"{name}.{number}").write_bytes(ca)
            bundle = place / "bundle.pem"
            write_atomically(bundle, bundle.read_bytes().rstrip() + b"\n" + ca)


def _make(place: Path, ca: bytes, usual: bytes) -> None:
    import shutil
    import tempfile

    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=place.parent))
    (aside / "bundle.pem").write_bytes(usual.rstrip() + b"\n" + ca)
    folder = aside / "certificates"
    folder.mkdir()
    taken: Counter[str] = Counter()
    for certificate in [ca, *_CERTIFICATE.findall(usual)]:
        name = _subject_hash(certificate)
        if name is not None:
            (folder / f"{name}.{taken[name]}").write_bytes(certificate)
            taken[name] += 1
    try:
        aside.replace(place)
    except OSError:  # another process was faster
        shutil.rmtree(aside, ignore_errors=True)
    _forget_old(place)


def _subject_hash(certificate: bytes) -> str | None:
    """The name that OpenSSL looks a certificate up by, or None for one that it cannot read."""
    from OpenSSL import crypto

    try:
        return f"{crypto.load_certificate(crypto.FILETYPE_PEM, certificate).subject_name_hash():08x}"
    except crypto.Error:
        return None


def _forget_old(newest: Path) -> None:
    """Keeps the few latest; running clients may still use the one before."""
    import shutil

    # Other names are folders that other processes are just making.
    places = [place for place in newest.parent.iterdir() if re.fullmatch(r"[0-9a-f]{16}", place.name)]
    for place in sorted(places, key=lambda place: place.stat().st_mtime)[:-_KEPT]:
        if place != newest:
            shutil.rmtree(place, ignore_errors=True)


def protect_sdk_cache() -> None:
    """Closes the SDK's discovery cache to other users before it is written.

    azureml-core keeps discovery answers, which carry the secret part of our pages' address, in
    ``~/.azureml/.discovery`` with whatever permissions the umask gives.
    """
    if os.name != "posix":
        return
    folder = Path(os.environ.get("HOME") or Path.home()) / ".azureml"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        cache = folder / ".discovery"
        cache.touch(mode=0o600, exist_ok=True)
        if cache.stat().st_mode & 0o077:
            cache.chmod(0o600)
    except OSError:
        return  # a home that cannot be written: then the SDK keeps no cache there either
