"""A browser as a login in a browser needs one: it opens the page, and sends the form there where the page says.

Started as ``chromium ADDRESS`` by whoever opens a page. Whom it logs in is decided by the login service (see
``tests.cloud.azure``); it has no more to say than a person who presses the one button there is.
"""

import html
import re
import sys
import urllib.parse
import urllib.request


def main() -> None:
    with urllib.request.urlopen(sys.argv[1], timeout=60) as answer:  # through HTTPS_PROXY, as the SDK goes
        page = answer.read().decode()
    action = html.unescape(re.search(r'action="([^"]*)"', page)[1])
    fields = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}
    urllib.request.urlopen(action, urllib.parse.urlencode(fields).encode(), timeout=60).close()


if __name__ == "__main__":
    main()
