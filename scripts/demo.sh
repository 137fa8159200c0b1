#!/bin/sh
# `make demo`: a new project, submitted to the local workspace, with its output and its page.
# Everything it makes is in demo/; a second call uses the same workspace again.
set -eu
cd "$(dirname "$0")/.."
mkdir -p demo
SCAFFOLD_HOME="$PWD/demo/home"
export SCAFFOLD_HOME
rm -rf demo/my-exp
scaffold new my-exp --no-input --output-dir demo
scaffold submit demo/my-exp --follow
echo
echo "The page stays up until: make clean (or SCAFFOLD_HOME=demo/home scaffold workspace stop)"
