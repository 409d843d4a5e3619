#!/bin/sh
# Builds every peer's initramfs inside a Debian of the guest's release: sh /bench/build.sh RELEASE, as its root.
# Leaves in /out: marker, and NAME.zst and NAME.lz4 for each peer. Uncompressed modules, as `cvmboot pack` has them.
set -eu
release=$1
modules='virtio_blk dm_mod dm_verity sha256-ssse3 erofs dm_crypt xts aesni-intel ext4'
mke2fs='/usr/sbin/mke2fs -q -F -t ext4 -b 4096 -m 0 -O sparse_super2,^resize_inode,^has_journal -E nodiscard,lazy_itable_init=1,lazy_journal_init=1'
mkdir -p /out
cd /bench

compile() { # compile SOURCE PROGRAM
	musl-gcc -static -Os -s -Wall -Wextra -Werror -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -o "$2" "$1"
}
tree() { # a new, empty tree
	rm -rf "/tree/$1"
	mkdir -p "/tree/$1/dev" "/tree/$1/proc" "/tree/$1/sys" "/tree/$1/run" "/tree/$1/sysroot" "/tree/$1/usr/bin"
	ln -s usr/bin "/tree/$1/bin"
	ln -s bin "/tree/$1/usr/sbin"
	mknod "/tree/$1/dev/console" c 5 1 2>/dev/null || : # without root the kernel's own warning stays
	install -m 755 /out/marker "/tree/$1/usr/bin/marker"
	echo "/tree/$1"
}
programs() { # programs TREE NAME...: with the libraries they need
	into=$1
	shift
	for name in "$@"; do
		file=$(command -v "$name")
		install -m 755 "$(readlink -f "$file")" "$into/usr/bin/$name"
		for library in $(ldd "$file" | grep -o '/[^ ]*\.so[^ ]*'); do
			[ -e "$into$library" ] || install -D -m 755 "$(readlink -f "$library")" "$into$library"
		done
	done
}
kernel_modules() { # kernel_modules TREE: and their loading order in modules.list
	for module in $modules; do
		modprobe -S "$release" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
	done | awk '!seen[$0]++' | while read -r file; do
		plain=/lib/modules/${file##*/modules/}
		plain=${plain%.xz}
		mkdir -p "$1${plain%/*}"
		case $file in *.xz) xz -dc "$file" >"$1$plain" ;; *) cp "$file" "$1$plain" ;; esac
		echo "$plain"
	done >"$1/modules.list"
}
archive() { # archive TREE NAME
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >/tree/cpio
	compress "$2"
}
compress() {
	zstd -q -19 -f /tree/cpio -o "/out/$1.zst"
	lz4 -l -9 -q -f /tree/cpio "/out/$1.lz4"
}

compile marker.c /out/marker

for crypt in luks plain; do
	to=$(tree "shell-$crypt")
	programs "$to" veritysetup cryptsetup mke2fs
	install -m 755 "$(command -v busybox)" "$to/usr/bin/busybox"
	for applet in $(busybox --list); do [ -e "$to/usr/bin/$applet" ] || ln -s busybox "$to/usr/bin/$applet"; done
	kernel_modules "$to"
	{ sed -n 1p shell-init; echo "CRYPT=$crypt MKE2FS='$mke2fs'"; sed 1d shell-init; } >"$to/init"
	chmod 755 "$to/init"
	archive "$to" "shell-$crypt"
done

to=$(tree c)
programs "$to" mke2fs
kernel_modules "$to"
compile init.c "$to/init"
archive "$to" c

# What the kernel alone takes, up to the start of a program.
to=$(tree nothing)
cp /out/marker "$to/init"
archive "$to" nothing

# dracut with systemd: veritysetup and cryptsetup by their generators from veritytab and crypttab, which name root
# hashes and so are added at boot time, as a second archive.
units=/include/etc/systemd/system
mkdir -p "$units/initrd-fs.target.requires" "$units/initrd-switch-root.target.wants" "$units/systemd-cryptsetup@.service.d" /include/usr/bin
cat >/include/usr/bin/luks-prepare <<END
#!/bin/sh
set -eu
umask 077
mkdir -p /run/keys
head -c 64 /dev/urandom >"/run/keys/\$1"
cryptsetup luksFormat -q --type luks2 --sector-size 4096 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file "/run/keys/\$1" "/dev/disk/by-partlabel/\$1"
END
chmod 755 /include/usr/bin/luks-prepare
cp /out/marker /include/usr/bin/marker
cat >"$units/systemd-cryptsetup@.service.d/fresh.conf" <<END
[Service]
ExecStartPre=/usr/bin/luks-prepare %I
ExecStartPost=$mke2fs -L %I /dev/mapper/%I
END
mount_unit() { # mount_unit WHAT WHERE TYPE OPTIONS
	unit=$(systemd-escape --path --suffix=mount "/sysroot$2")
	cat >"$units/$unit" <<END
[Unit]
DefaultDependencies=no
After=initrd-root-fs.target
Before=initrd-fs.target
[Mount]
What=$1
Where=/sysroot$2
Type=$3
Options=$4
END
	ln -s "../$unit" "$units/initrd-fs.target.requires/$unit"
}
mount_unit /dev/mapper/oem-launcher /mnt/nvflare/oem-launcher erofs ro,nosuid,nodev
mount_unit /dev/mapper/os-config /mnt/nvflare/os-config erofs ro,nosuid,nodev
mount_unit /dev/mapper/workspace /mnt/nvflare/workspace ext4 nosuid,nodev
mount_unit /dev/mapper/job-store /mnt/nvflare/job-store ext4 nosuid,nodev
mount_unit tmp /tmp tmpfs nosuid,nodev,size=128m
cat >"$units/marker.service" <<END
[Unit]
DefaultDependencies=no
After=initrd-cleanup.service
Before=initrd-switch-root.service
[Service]
Type=oneshot
ExecStart=/usr/bin/marker
END
ln -s ../marker.service "$units/initrd-switch-root.target.wants/marker.service"
dracut --quiet --force --no-hostonly --no-hostonly-cmdline --no-early-microcode --reproducible --kver "$release" \
	--modules 'bash systemd systemd-initrd systemd-udevd systemd-journald systemd-modules-load systemd-tmpfiles systemd-veritysetup systemd-cryptsetup crypt dm kernel-modules rootfs-block udev-rules dracut-systemd base fs-lib shutdown' \
	--drivers "$modules" --install 'cryptsetup mke2fs head mkdir' --include /include / --no-compress /tree/cpio
compress dracut
