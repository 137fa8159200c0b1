"""Downloads one address of the web into a file; a program of its own, so that it can be ended at any moment.

    python -I fetch.py ADDRESS FILE

Prints why when it fails, in one line, and exits with 1. It needs the standard library alone and must not import
anything of ours.
"""

import http.client
import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 60.0
_CHUNK = 1024 * 1024


def download(address: str, path: str) -> None:
    """Writes what the address answers into the file.

    Raises:
        OSError, ValueError, http.client.HTTPException: it could not be read, or the file not be written.
    """
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer, open(path, "wb") as stream:  # noqa: S310, PTH123
        while chunk := answer.read(_CHUNK):
            stream.write(chunk)
        announced = answer.headers.get("Content-Length", "")
        if announced.isdecimal() and stream.tell() < int(announced):
            raise ValueError(f"it ended after {stream.tell()} of {announced} bytes")


def main(address: str, path: str) -> int:
    """The program."""
    try:
        download(address, path)
    except TimeoutError:
        sys.stdout.write(f"it did not answer for {TIMEOUT_SECONDS:.0f} seconds\n")
        return 1
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = error.reason if type(error) is urllib.error.URLError else error
        sys.stdout.write(f"{reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
