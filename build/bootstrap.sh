#!/bin/sh
# Runs before each npm script, and installs the packages that the lock file pins, Node among them. Works with any npm.
set -eu
cd "$(dirname "$0")/.."
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
  echo 'installing the pinned packages (npm ci)' >&2
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
# The pinned Node links libatomic, which a Debian without a compiler lacks. Scripts in Node check all other packages.
if ! node_modules/.bin/node --version >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ]; then
    { apt-get -q update && apt-get -q -y install --no-install-recommends libatomic1; } >/dev/null
  else
    echo 'cannot run Node 26 without libatomic; run: sudo apt-get install libatomic1' >&2
    exit 1
  fi
fi
node_modules/.bin/node --version >/dev/null
