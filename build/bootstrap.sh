#!/bin/sh
# Before any npm script: the pinned packages, Node among them, are what the lock file says. Works with any npm.
set -eu
cd "$(dirname "$0")/.."
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
  echo 'installing the pinned packages (npm ci)' >&2
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
