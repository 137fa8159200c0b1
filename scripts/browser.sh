#!/bin/sh
# Installs the browser that the tests of the pages drive, where there is none: Debian's or Ubuntu's Chromium.
# SCAFFOLD_BROWSER names another one. Without a browser those tests are skipped, and say so.
set -eu
for name in "${SCAFFOLD_BROWSER:-chromium}" chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing chromium (once) …"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
  echo "There is no Chromium, so the tests of the pages in a browser are skipped. Install it, or set SCAFFOLD_BROWSER."
fi
