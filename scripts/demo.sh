#!/bin/sh
# `make demo`: a new project, submitted to the local workspace, with its output and its page.
#
#   scripts/demo.sh BIN      BIN: the folder that holds the command scaffold
#
# Everything it makes is in demo/; a second call uses the same workspace again.
set -eu
cd "$(dirname "$0")/.."
bin=$1
mkdir -p demo
SCAFFOLD_HOME="$PWD/demo/home"
export SCAFFOLD_HOME
rm -rf demo/my-exp
PATH="$PWD/$bin:$PATH"
scaffold --quiet new my-exp --no-input --output-dir demo
echo "\$ scaffold submit --follow"
scaffold submit demo/my-exp --follow
cat <<TEXT

Your turn. These commands work from this folder:

  . $bin/activate
  scaffold new my-exp
  cd my-exp
  scaffold submit --follow

The page above stays up for a while; this ends it, and removes what was installed here: make clean
TEXT
