// Shell functions that the benchmark's scripts in the guest share: a clock, the partitions of the disk, the words of the
// command line.

export const shell = `#!/bin/sh
# Hundredths of a second since the start, without those in which nothing ran: waiting for the disk is none.
clock() {
	read -r up _ </proc/uptime
	read -r _ _ _ _ idle iowait _ </proc/stat
	echo $((\${up%.*} * 100 + 1\${up#*.} - 100 - idle - iowait))
}
partition() { for p in /sys/class/block/*/uevent; do grep -qx "PARTNAME=$1" "$p" && p=\${p%/uevent} && echo "/dev/\${p##*/}"; done; }
word() { tr ' ' '\\n' </proc/cmdline | sed -n "s/^$1=//p"; }
`
