#!/bin/sh
# The OEM's launcher: the first thing that runs once the machine is up. Here it reads all it came with, and says
# where it ran from.
set -eu
here=$(dirname "$0")
site=$(sed -n 's/^site=//p' /etc/nvflare/site.conf)
sum=$(sha256sum "$here/payload")
echo "ran from $here ($(findmnt --noheadings --output SOURCE --target "$here")) for $site, payload ${sum%% *}" \
  >/mnt/nvflare/workspace/launched
