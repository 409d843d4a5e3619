# shellcheck shell=sh disable=SC2154 # hookdir is dracut's
# Sourced by dracut when udev has done all it can and dracut still waits. For nothing, since the root is mounted: what
# root= or rd.lvm.lv= names may never come, and a hook of dracut's that is before ours waits for it all the same.
rm -f "$hookdir"/initqueue/finished/devexists-*.sh
