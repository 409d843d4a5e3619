# shellcheck shell=sh disable=SC1091,SC2034
# Sourced by dracut among its hooks for the command line: the root is mounted, and dracut shall look for no other.

# Never true in a dracut whose init reads /etc/conf.d.
[ -n "$DRACUT_SYSTEMD" ] || command -v cvmboot_end >/dev/null || . /etc/conf.d/00-cvmboot.conf
root=cvmboot
rootok=1
# With rootfstype=virtiofs a directory of the host's would be mounted over it.
fstype=auto
