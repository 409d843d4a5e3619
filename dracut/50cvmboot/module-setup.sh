#!/bin/bash
# dracut module: what `cvmboot boot --hook` needs, and nobody before it or beside it. No decisions here.

check() {
    require_binaries cvmboot || return 1
    # Only where dracut.conf.d/50-cvmboot.conf or a user asks for it.
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
    # What spawns a shell ends the machine instead; what asks at the console does nothing. As links to one unit they
    # would be one, which rescue.target wants both started and stopped.
    for name in emergency rescue dracut-emergency debug-shell; do
        cvmboot_unit no-shell.service "$masks/$name.service"
    done
    for name in systemd-ask-password-{console,plymouth}.{path,service}; do
        cvmboot_link /dev/null "$masks/$name"
    done
    # They make units of the command line, of EFI variables and of what is on the disks: shells, swap, mounts over
    # ours, mappings of our partitions.
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
    # Paths without which this initramfs shall not boot.
    local also=()
    if dracut_module_included systemd; then cvmboot_systemd; else cvmboot_shell; fi
    inst_hook cmdline 11 "$moddir/cvmboot-root.sh"
    inst_hook initqueue/settled 00 "$moddir/cvmboot-wait.sh"
    # dracut itself would go on.
    cvmboot pack --into "$initdir" --modules "$srcmods" --config "$dracutsysrootdir/etc/cvmboot/partition.conf" \
        "${also[@]/#/--also=}" || {
        dfatal "cvmboot is not whole in this initramfs: none is made"
        exit 1
    }
}
