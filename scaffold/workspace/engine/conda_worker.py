"""The process that asks conda channels whether they are there, and that makes a prefix with py-rattler.

It is a process of its own so that the service neither loads a solver nor keeps an index in its memory, and
so that it can be ended at any moment. It is started as a file and imports nothing of ours.

    python -I conda_worker.py probe           JSON on stdin: urls, verify; on stdout: {url: why not, or null}
    python -I conda_worker.py build JOB_FILE  JSON in the file: channels, dependencies, prefix, cache, priority, verify
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

_TIMEOUT_SECONDS = 5.0
# What stands between us and a channel, and not the channel itself, answers like this.
_NOT_THE_CHANNEL = (407, 502, 503, 504)


def probe(request: dict[str, Any]) -> dict[str, str | None]:
    """Asks every channel for its index; any answer of its own, whatever it is, shows that it is there."""
    answers: dict[str, str | None] = dict.fromkeys(
        request["urls"], f"no answer within {_TIMEOUT_SECONDS:.0f} s"
    )

    def ask(url: str) -> None:
        answers[url] = _ask(f"{url}/noarch/repodata.json", request["verify"])

    threads = [threading.Thread(target=ask, args=(url,), daemon=True) for url in request["urls"]]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _TIMEOUT_SECONDS + 1
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return answers


def _ask(url: str, verify: bool | str) -> str | None:
    import ssl
    import urllib.error
    import urllib.request

    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310  (http and https alone come here)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=context):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.reason}" if error.code in _NOT_THE_CHANNEL else None
    except urllib.error.URLError as error:
        return str(getattr(error.reason, "strerror", None) or error.reason)
    except (OSError, ValueError) as error:
        return str(error)


async def build(job: dict[str, Any]) -> None:
    """Solves and installs; says what it does, for the log.

    Raises:
        Exception: what py-rattler raised; its text is the reason.
    """
    import rattler

    priorities = {
        "strict": rattler.ChannelPriority.Strict,
        "disabled": rattler.ChannelPriority.Disabled,
        "false": rattler.ChannelPriority.Disabled,
    }
    settings = 'tls-root-certs = "system"\n'
    if job["verify"] is False:
        settings = "tls-no-verify = true\n"
    client = rattler.Client.from_config(rattler.Config.from_toml(settings))
    cache = Path(job["cache"])
    records = await rattler.solve(
        sources=job["channels"],
        specs=[rattler.MatchSpec(package) for package in job["dependencies"]],
        gateway=rattler.Gateway(cache_dir=cache / "repodata", client=client),
        virtual_packages=rattler.VirtualPackage.detect(),
        channel_priority=priorities.get(str(job["priority"]).lower(), rattler.ChannelPriority.Flexible),
    )
    for record in sorted(records, key=lambda record: record.name.normalized):
        print(f" + {record.name.normalized} {record.version} {record.build}", flush=True)  # noqa: T201
    # Packages may bring scripts that have to run once they are in their place, and conda runs them.
    await rattler.install(
        records,
        target_prefix=job["prefix"],
        cache_dir=cache / "packages",
        client=client,
        show_progress=False,
        execute_link_scripts=True,
    )
    print(f"{len(records)} packages installed.", flush=True)  # noqa: T201


def main(arguments: list[str]) -> int:
    if arguments[0] == "probe":
        print(json.dumps(probe(json.load(sys.stdin))))  # noqa: T201
        return 0
    import asyncio

    job = json.loads(Path(arguments[1]).read_bytes())
    try:
        asyncio.run(build(job))
    except Exception as error:
        # Each of its exceptions is a class of its own; the text is the solver's or installer's reason.
        print(f"error: {str(error).strip() or type(error).__name__}", flush=True)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # its threads may still be at work, and are not waited for
