/* The least a boot can be: one static C program, device-mapper by ioctl, nothing read back, nothing refused.
 * Kernel parameters, partitions and mounts as cvmboot has them; a failure of any call ends PID 1, a panic. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define must(call) do { if ((call) < 0) { perror(#call); _exit(1); } } while (0)

static char cmdline[4096];

static void read_file(const char *path, char *into, size_t room) {
	int fd = open(path, O_RDONLY);
	ssize_t n;
	must(fd);
	must(n = read(fd, into, room - 1));
	into[n] = 0;
	close(fd);
}

/* The value of NAME.VOLUME= on the command line. */
static const char *parameter(const char *name, const char *volume) {
	static char value[128];
	char key[128];
	snprintf(key, sizeof key, "cvmboot.%s.%s=", name, volume);
	char *at = strstr(cmdline, key);
	must(at ? 0 : -1);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at + strlen(key), " \n"), at + strlen(key));
	return value;
}

struct partition { char dev[16]; unsigned long long sectors; };

static struct partition find(const char *volume, const char *suffix) {
	char wanted[64], path[320], text[512];
	struct partition found = { "", 0 };
	struct dirent *entry;
	DIR *block = opendir("/sys/class/block");
	snprintf(wanted, sizeof wanted, "PARTNAME=%s%s\n", volume, suffix);
	while (block && (entry = readdir(block))) {
		if (entry->d_name[0] == '.') continue;
		snprintf(path, sizeof path, "/sys/class/block/%s/uevent", entry->d_name);
		read_file(path, text, sizeof text);
		if (!strstr(text, wanted)) continue;
		snprintf(path, sizeof path, "/sys/class/block/%s/dev", entry->d_name);
		read_file(path, found.dev, sizeof found.dev);
		found.dev[strcspn(found.dev, "\n")] = 0;
		snprintf(path, sizeof path, "/sys/class/block/%s/size", entry->d_name);
		read_file(path, text, sizeof text);
		found.sectors = strtoull(text, 0, 10);
	}
	must(found.sectors ? 0 : -1);
	closedir(block);
	return found;
}

static void map(const char *name, const char *type, unsigned long long sectors, const char *table, unsigned flags) {
	static int control = -1;
	static union { struct dm_ioctl io; char bytes[4096]; } u;
	char link[64], target[32];
	if (control < 0) must(control = open("/dev/mapper/control", O_RDWR));
	for (int step = 0; step < 3; step++) {
		memset(&u, 0, sizeof u);
		u.io.version[0] = 4;
		u.io.data_size = sizeof u;
		u.io.data_start = sizeof u.io;
		strcpy(u.io.name, name);
		if (step == 1) {
			struct dm_target_spec *spec = (void *)(u.bytes + sizeof u.io);
			u.io.flags = flags;
			u.io.target_count = 1;
			spec->length = sectors;
			strcpy(spec->target_type, type);
			strcpy((char *)(spec + 1), table);
		}
		must(ioctl(control, step == 0 ? DM_DEV_CREATE : step == 1 ? DM_TABLE_LOAD : DM_DEV_SUSPEND, &u));
	}
	snprintf(link, sizeof link, "/dev/mapper/%s", name);
	snprintf(target, sizeof target, "../dm-%u", minor(u.io.dev));
	must(symlink(target, link));
}

static void verity(const char *volume) {
	struct partition data = find(volume, ""), tree = find(volume, "-verity");
	char table[1024], salt[65], blocks[32];
	snprintf(blocks, sizeof blocks, "%s", parameter("data-blocks", volume));
	snprintf(salt, sizeof salt, "%s", parameter("salt", volume));
	snprintf(table, sizeof table, "1 %s %s 4096 4096 %s 1 sha256 %s %s 2 panic_on_corruption panic_on_error", data.dev,
		tree.dev, blocks, parameter("roothash", volume), salt);
	map(volume, "verity", strtoull(blocks, 0, 10) * 8, table, DM_READONLY_FLAG);
}

static void encrypt_volume(const char *volume) {
	struct partition data = find(volume, "");
	char key[64], table[256], description[64];
	long serial;
	must(getrandom(key, sizeof key, 0));
	snprintf(description, sizeof description, "bench:%s", volume);
	must(serial = syscall(SYS_add_key, "logon", description, key, sizeof key, -2));
	snprintf(table, sizeof table, "aes-xts-plain64 :64:logon:%s 0 %s 0 1 sector_size:4096", description, data.dev);
	map(volume, "crypt", data.sectors & ~7ULL, table, 0);
	must(syscall(SYS_keyctl, 21, serial));
}

static pid_t make_ext4(const char *volume) {
	char device[64];
	pid_t child;
	snprintf(device, sizeof device, "/dev/mapper/%s", volume);
	must(child = fork());
	if (child == 0) {
		execl("/usr/sbin/mke2fs", "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-O", "sparse_super2,^resize_inode,^has_journal", "-E",
			"nodiscard,lazy_itable_init=1,lazy_journal_init=1", "-L", volume, device, (char *)0);
		_exit(1);
	}
	return child;
}

static void attach(const char *volume, const char *target, const char *type, unsigned long flags) {
	char device[64];
	snprintf(device, sizeof device, "/dev/mapper/%s", volume);
	must(mount(device, target, type, flags, ""));
}

/* Everything on the initramfs, which is memory until it is deleted. */
static void empty(int directory, dev_t device) {
	struct dirent *entry;
	struct stat st;
	DIR *d = fdopendir(directory);
	while (d && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
		if (fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != device) continue;
		if (S_ISDIR(st.st_mode)) empty(openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY), device);
		unlinkat(directory, entry->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
	closedir(d);
}

int main(void) {
	char module[256];
	struct stat root;
	int ended;
	must(mount("proc", "/proc", "proc", 0, 0));
	must(mount("sysfs", "/sys", "sysfs", 0, 0));
	must(mount("dev", "/dev", "devtmpfs", 0, 0));
	must(mount("run", "/run", "tmpfs", 0, "mode=0755"));
	read_file("/proc/cmdline", cmdline, sizeof cmdline);
	FILE *list = fopen("/modules.list", "r");
	while (list && fgets(module, sizeof module, list)) {
		module[strcspn(module, "\n")] = 0;
		int fd = open(module, O_RDONLY);
		must(fd);
		must(syscall(SYS_finit_module, fd, "", 0));
		close(fd);
	}
	verity("root-fs");
	verity("oem-launcher");
	verity("os-config");
	attach("root-fs", "/sysroot", "erofs", MS_RDONLY);
	attach("oem-launcher", "/sysroot/mnt/nvflare/oem-launcher", "erofs", MS_RDONLY | MS_NOSUID | MS_NODEV);
	attach("os-config", "/sysroot/mnt/nvflare/os-config", "erofs", MS_RDONLY | MS_NOSUID | MS_NODEV);
	encrypt_volume("workspace");
	encrypt_volume("job-store");
	pid_t first = make_ext4("workspace"), second = make_ext4("job-store");
	must(waitpid(first, &ended, 0));
	must(ended == 0 ? 0 : -1);
	must(waitpid(second, &ended, 0));
	must(ended == 0 ? 0 : -1);
	attach("workspace", "/sysroot/mnt/nvflare/workspace", "ext4", MS_NOSUID | MS_NODEV);
	attach("job-store", "/sysroot/mnt/nvflare/job-store", "ext4", MS_NOSUID | MS_NODEV);
	must(mount("tmp", "/sysroot/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=128m"));
	pid_t marker = fork();
	if (marker == 0) { execl("/usr/bin/marker", "marker", (char *)0); _exit(1); }
	must(waitpid(marker, &ended, 0));
	must(stat("/", &root));
	must(mount("/proc", "/sysroot/proc", 0, MS_MOVE, 0));
	must(mount("/sys", "/sysroot/sys", 0, MS_MOVE, 0));
	must(mount("/dev", "/sysroot/dev", 0, MS_MOVE, 0));
	must(mount("/run", "/sysroot/run", 0, MS_MOVE, 0));
	int old = open("/", O_RDONLY | O_DIRECTORY);
	must(old);
	must(chdir("/sysroot"));
	empty(old, root.st_dev);
	must(mount(".", "/", 0, MS_MOVE, 0));
	must(chroot("."));
	must(chdir("/"));
	execl("/sbin/init", "init", (char *)0);
	must(-1);
}
