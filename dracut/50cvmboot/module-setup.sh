#!/bin/bash
# The dracut module: installs the files for `cvmboot boot --hook`, and lets no other program act before it. It makes no decisions.

check() {
    require_binaries cvmboot || return 1
    # 255: dracut adds the module only where dracut.conf.d/50-cvmboot.conf or a user asks for it.
    return 255
}

depends() {
    echo base
}

cvmboot_systemd() {
    local name masks=/etc/systemd/system generators=/etc/systemd/system-generators
    mkdir -p "$initdir$masks" "$initdir$generators"
    cvmboot_unit cvmboot.service "$systemdsystemunitdir/cvmboot.service"
    for name in initrd-root-device.target initrd-root-fs.target; do
        mkdir -p "$initdir$masks/$name.requires"
        cvmboot_link "$systemdsystemunitdir/cvmboot.service" "$masks/$name.requires/cvmboot.service"
    done
    # Units that spawn a shell end the machine instead; units that ask at the console do nothing. Each gets a copy of
    # no-shell.service: links would make them one unit, which rescue.target wants both started and stopped.
    for name in emergency rescue dracut-emergency debug-shell; do
        cvmboot_unit no-shell.service "$masks/$name.service"
    done
    for name in systemd-ask-password-{console,plymouth}.{path,service}; do
        cvmboot_link /dev/null "$masks/$name"
    done
    # Generators make units from the command line, EFI variables and the content of disks: shells, swap, mounts over the
    # mounts of cvmboot, mappings of its partitions.
    for name in "$dracutsysrootdir$systemdutildir"/system-generators/* dracut-rootfs-generator; do
        cvmboot_link /dev/null "$generators/${name##*/}"
    done
}

cvmboot_shell() {
    inst_multiple timeout
    inst_simple "$moddir/cvmboot.conf" /etc/conf.d/00-cvmboot.conf
    mkdir -p "$initdir/etc/cmdline.d"
    echo rd.shell=0 >"$initdir/etc/cmdline.d/00-cvmboot.conf"
    also+=(/etc/conf.d/00-cvmboot.conf /etc/cmdline.d/00-cvmboot.conf)
}

cvmboot_unit() {
    inst_simple "$moddir/$1" "$2"
    also+=("$2")
}

cvmboot_link() {
    ln -sf "$1" "$initdir$2"
    also+=("$2")
}

install() {
    # Paths that this initramfs needs: the agent refuses to boot without one of them.
    local also=()
    if dracut_module_included systemd; then cvmboot_systemd; else cvmboot_shell; fi
    inst_hook cmdline 11 "$moddir/cvmboot-root.sh"
    inst_hook initqueue/settled 00 "$moddir/cvmboot-wait.sh"
    # Without this exit, dracut would go on.
    cvmboot pack --into "$initdir" --modules "$srcmods" --config "$dracutsysrootdir/etc/cvmboot/partition.conf" \
        "${also[@]/#/--also=}" || {
        dfatal "cvmboot is not whole in this initramfs: none is made"
        exit 1
    }
}
