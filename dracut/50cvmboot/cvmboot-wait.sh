# shellcheck shell=sh disable=SC2154 # hookdir is dracut's
# Sourced by dracut when udev has finished and dracut still waits for devices. The root is mounted, so dracut waits in vain: a
# device of root= or rd.lvm.lv= may never appear, and an earlier hook of dracut waits for such a device all the same.
rm -f "$hookdir"/initqueue/finished/devexists-*.sh
