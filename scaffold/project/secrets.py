"""Looks for keys, tokens and passwords in files, with the detectors of detect-secrets.

Only the detectors that know the form of what they look for: those that go by entropy or by words such as
"password" find more that is none than what is. Its verification, which asks the network, is never called.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scaffold.project.reading import read_or_nothing

MOST_BYTES = 1_000_000
# One of these stands in every line in which a detector finds something, the bytes in front to be looked for
# before the whole, which costs next to nothing. Most projects hold none, and need not load the detectors.
_SIGNS = {
    sign: re.compile(pattern)
    for sign, pattern in {
        b"PRIVATE KEY": rb"PRIVATE KEY",
        b"Key=": rb"(?:Account|SharedAccess)Key=",
        b"Q~": rb"Q~[\w~.-]{31}",
        b"sig=": rb"sig=[A-Za-z0-9%+/]{40}",
        b"AKIA": rb"AKIA[0-9A-Z]{16}",
        b"ASIA": rb"ASIA[0-9A-Z]{16}",
        b"ghp_": rb"ghp_[A-Za-z0-9]{20}",
        b"ghs_": rb"ghs_[A-Za-z0-9]{20}",
        b"hub_pat_": rb"github_pat_",
        b"glpat-": rb"glpat-",
        b"xox": rb"xox[abopsr]-",
        b"k_live_": rb"[rs]k_live_",
        b"SG.": rb"SG\.[A-Za-z0-9_-]{20}",
        b"pypi-Ag": rb"pypi-Ag",
        b"_authToken": rb"_authToken",
        b"sk-": rb"sk-[A-Za-z0-9-]{20}",
        b".ey": rb"\.ey[A-Za-z0-9_=-]{16}",
        b"://": rb"://hooks\.slack\.com|://[^{}\s/:@'\"]{1,80}:[^{}\s/:@'\"]{1,200}@",
    }.items()
}
_DETECTORS = (
    ("aws", "AWSKeyDetector"),
    ("azure_storage_key", "AzureStorageKeyDetector"),
    ("basic_auth", "BasicAuthDetector"),
    ("github_token", "GitHubTokenDetector"),
    ("gitlab_token", "GitLabTokenDetector"),
    ("jwt", "JwtTokenDetector"),
    ("npm", "NpmDetector"),
    ("openai", "OpenAIDetector"),
    ("private_key", "PrivateKeyDetector"),
    ("pypi_token", "PypiTokenDetector"),
    ("sendgrid", "SendGridDetector"),
    ("slack", "SlackDetector"),
    ("stripe", "StripeDetector"),
)
# What detect-secrets has none for: keys of Azure that people of Azure ML have.
_AZURE = (
    ("Azure client secret", re.compile(r"(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}(?![\w~.-])")),
    ("Azure shared access signature", re.compile(r"\bsig=[A-Za-z0-9%+/]{40,}(?:%3[Dd]|=)")),
    ("Azure shared access key", re.compile(r"SharedAccessKey=[A-Za-z0-9+/]{43}=")),
)
_EXPIRY = re.compile(r"\bse=(\d{4}-\d\d-\d\d)")
# Words of a made-up value in an example.
_MADE_UP = re.compile(
    r"example|dummy|fake|sample|placeholder|your|xxx|\*\*\*|<.*>|password|passwd|secret|user|12345678", re.I
)

_SHORT = 16
_BEGINNING = 4


@dataclass(frozen=True)
class Secret:
    """A secret's place and kind; never the secret itself.

    Attributes:
        line: counted from 1.
        kind: what it is, as its detector calls it.
    """

    line: int
    kind: str


def secrets_in(path: Path, today: datetime.date) -> Iterator[Secret]:
    """The secrets in a file, at most one a line.

    Args:
        path: a file; one that is not text or too long, or cannot be read, has none.
        today: signatures that held until a day before it are none any more.
    """
    day = today.isoformat()
    data = read_or_nothing(path, MOST_BYTES)
    if b"\0" in data[:4096]:
        return
    signs = [pattern for sign, pattern in _SIGNS.items() if sign in data and pattern.search(data)]
    if not signs:
        return
    for number, line in enumerate(data.splitlines(), 1):
        if any(sign.search(line) for sign in signs) and (kind := _kind(line.decode("utf-8", "replace"), day)):
            yield Secret(number, kind)


def _kind(line: str, today: str) -> str | None:
    for name, pattern in _AZURE:
        if (match := pattern.search(line)) and not _is_made_up(match.group()):
            # A shared access signature says itself until when it holds.
            expiry = _EXPIRY.search(line) if "signature" in name else None
            return None if expiry and expiry[1] < today else name
    for detector in _detectors():
        found = {_whole(str(secret), detector, line) for secret in detector.analyze_string(line)}
        if any(not _is_made_up(secret) for secret in found):
            return str(detector.secret_type)
    return None


def _whole(found: str, detector: Any, line: str) -> str:
    """A secret as a whole, of which some detectors give the first letters alone (``ghp``)."""
    if len(found) > _BEGINNING:
        return found
    matches = (pattern.search(line) for pattern in getattr(detector, "denylist", ()))
    return next((match[0] for match in matches if match and found in match[0]), found)


def _is_made_up(secret: str) -> bool:
    short = len(secret) < _SHORT and "1234" in secret
    return short or len(set(secret)) < 5 or _MADE_UP.search(secret) is not None


@cache
def _detectors() -> list[Any]:
    from importlib import import_module

    return [getattr(import_module(f"detect_secrets.plugins.{module}"), name)() for module, name in _DETECTORS]
