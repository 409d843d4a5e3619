#!/bin/sh
# What the verbs for a running CVM say in one, before and after things are changed behind their back. Each part is
# `probe: begin NAME`, output, `probe: end STATUS`; test/vm/running.ts reads it.
exec >/dev/console 2>&1
dmesg --console-off
cvmboot=/mnt/nvflare/oem-launcher/cvmboot
part() {
  name=$1
  shift
  echo "probe: begin $name"
  "$@"
  echo "probe: end $?"
}
systemctl is-system-running --wait
echo
part state cat /run/cvmboot/state.json
part log dmesg
part systemd systemctl show --property=UserspaceTimestampMonotonic --property=FinishTimestampMonotonic
part mountinfo cat /proc/self/mountinfo
part report "$cvmboot" report --text
echo o >/proc/sysrq-trigger
while :; do sleep 1; done
