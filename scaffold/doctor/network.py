"""The variables by which programs find their way to the network: proxies and certificates."""

import os
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from scaffold.doctor.finding import Finding, Probe, ok, problem, warning

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def probes() -> Iterable[Probe]:
    """All of this theme."""
    return (
        Probe("proxy", lambda: proxy(os.environ)),
        Probe("certificates", lambda: certificates(os.environ)),
    )


def proxy(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Which proxies are set, and whether this machine's own addresses are left out."""
    given = {name: _either(environment, name) for name in _PROXIES}
    found = {name: address for name, address in given.items() if address}
    for name in (*_PROXIES, "NO_PROXY"):
        upper, lower = environment.get(name), environment.get(name.lower())
        if upper and lower and upper != lower:
            yield warning(
                "proxy",
                f"{name} and {name.lower()} differ; most programs read the small letters first.",
                "Set both to the same.",
            )
    if not found:
        yield ok("proxy", "No proxy is set.")
        return
    shown = {name: masked(address) for name, address in found.items()}
    for name, address in found.items():
        if not _is_address(address):
            yield problem(
                "proxy",
                f"{name} is {masked(address)!r}, which is no address of a proxy.",
                f"Set it as http://HOST:PORT, or unset {name}.",
            )
    yield from _bypass(environment, shown)


def _bypass(environment: Mapping[str, str], shown: dict[str, str]) -> Iterator[Finding]:
    """Whether requests to this machine stay on it."""
    # What requests asks as well; it looks at NO_PROXY as given, and at no variable.
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    from scaffold.workspace.client import no_proxy

    listed = ", ".join(f"{name}={address}" for name, address in shown.items())
    theirs = _either(environment, "NO_PROXY") or ""
    ours = no_proxy(environment).get("NO_PROXY", theirs)
    by_itself = proxy_bypass_environment("127.0.0.1", {"no": theirs})
    if not by_itself and not proxy_bypass_environment("127.0.0.1", {"no": ours}):
        yield problem(  # pragma: no cover  (what `no_proxy` is there for)
            "proxy",
            f"{listed}; it would be asked for this machine's own addresses too.",
            "Add 127.0.0.1 to NO_PROXY.",
        )
    elif by_itself:
        yield ok("proxy", f"{listed}; NO_PROXY keeps 127.0.0.1 out of it.", **shown, no_proxy=theirs)
    else:
        yield ok(
            "proxy",
            f"{listed}; scaffold keeps 127.0.0.1 out of it for what it starts, though NO_PROXY does not.",
            **shown,
            no_proxy=theirs,
        )


def _either(environment: Mapping[str, str], name: str) -> str | None:
    """A variable in small letters or large ones, as programs read them."""
    return environment.get(name.lower()) or environment.get(name)


def masked(address: str) -> str:
    """An address without the password in it."""
    return re.sub(r"//[^/@]*@", "//…@", address)


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address if "//" in address else f"http://{address}")
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def certificates(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the certificates that programs were told to trust can be read."""
    wrong = False
    named = {name: environment[name] for name in _BUNDLES if environment.get(name)}
    for name, text in named.items():
        reason = _unreadable(Path(text))
        if reason is not None:
            wrong = True
            yield problem(
                "certificates",
                f"{name} is {text}, {reason}: every connection by TLS fails.",
                f"Correct it, or unset {name}.",
                variable=name,
            )
    if wrong:
        return
    if named:
        listed = ", ".join(f"{name}={text}" for name, text in named.items())
        yield ok("certificates", f"Trusted is what {listed} holds.", **named)
    else:
        yield ok("certificates", "Trusted are the certificates that Python packages bring.")


def _unreadable(path: Path) -> str | None:
    """Why nothing can be trusted by a file or folder of certificates; None when something can."""
    try:
        if path.is_dir():
            return None if any(_BEGIN in _head(file) for file in path.iterdir()) else "a folder without any"
        if not path.exists():
            return "which is not there"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=str(path))
    except ssl.SSLError:
        return "which holds no certificate"
    except OSError as error:
        return f"which cannot be read ({error.strerror})"
    return None


def _head(file: Path) -> bytes:
    if not file.is_file():
        return b""
    with file.open("rb") as stream:
        return stream.read(4096)
