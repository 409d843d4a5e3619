# shellcheck shell=sh disable=SC1091,SC2034
# Sourced by dracut among its hooks for the command line. The root is mounted already, so dracut shall look for no other root.

# A dracut whose init reads /etc/conf.d never reaches the last command of this line.
[ -n "$DRACUT_SYSTEMD" ] || command -v cvmboot_end >/dev/null || . /etc/conf.d/00-cvmboot.conf
root=cvmboot
rootok=1
# Otherwise rootfstype=virtiofs would mount a directory of the host over the root.
fstype=auto
