/* The new root's init in the benchmark: what the boot cost so far, on the console, then power off.
 * As another process (`marker`) it notes the memory in use in the kernel log: the peers run it before they pivot. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static long meminfo(const char *key) {
	char line[128];
	long kib = 0;
	FILE *f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, key, strlen(key))) kib = atol(line + strlen(key));
	if (f) fclose(f);
	return kib;
}

static long memory_used(void) { return meminfo("MemTotal:") - meminfo("MemAvailable:"); }

static void copy(const char *prefix, const char *path) {
	char line[4096];
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f)) printf("%s %s", prefix, line);
	if (f) fclose(f);
}

/* The kernel's own time stamps, microseconds since it started. */
static void kernel_log(void) {
	static const char *const wanted[] = { "Trying to unpack", "Freeing initrd memory", "Run /init", "marker: ", "cvmboot: handing over" };
	char record[8192];
	ssize_t n;
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	while (fd >= 0 && ((n = read(fd, record, sizeof record - 1)) > 0 || n < 0)) {
		if (n < 0) break;
		record[n] = 0;
		char *text = strchr(record, ';');
		unsigned long long at = 0;
		if (!text || sscanf(record, "%*[^,],%*[^,],%llu", &at) != 1) continue;
		text[strcspn(text, "\n")] = 0;
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
			if (!strncmp(text + 1, wanted[i], strlen(wanted[i]))) printf("bench-log %llu %s\n", at, text + 1);
	}
}

int main(void) {
	if (getpid() != 1) {
		FILE *kmsg = fopen("/dev/kmsg", "w");
		if (!kmsg) return 1;
		fprintf(kmsg, "<6>marker: memory %ld\n", memory_used());
		return fclose(kmsg) != 0;
	}
	/* Only where the peer moved none along: it costs nothing that is measured. */
	struct timespec now;
	long user = 0, system = 0, idle = 0, iowait = 0;
	if (access("/proc/stat", R_OK)) mount("proc", "/proc", "proc", 0, 0);
	clock_gettime(CLOCK_BOOTTIME, &now);
	FILE *stat = fopen("/proc/stat", "r");
	if (!stat || fscanf(stat, "cpu %ld %*u %ld %ld %ld", &user, &system, &idle, &iowait) != 4) return 1;
	fclose(stat);
	long used = memory_used();
	if (access("/dev/kmsg", R_OK)) mount("dev", "/dev", "devtmpfs", 0, 0);
	int console = open("/dev/console", O_WRONLY | O_NOCTTY);
	if (console >= 0) { dup2(console, 1); dup2(console, 2); }
	printf("\nbench-times %ld.%09ld %ld\n", (long)now.tv_sec, now.tv_nsec, idle + iowait);
	printf("bench-shares user %ld system %ld idle %ld iowait %ld\n", user, system, idle, iowait);
	printf("bench-memory %ld\n", used);
	kernel_log();
	copy("bench-mount", "/proc/self/mounts");
	copy("bench-state", "/run/cvmboot/state.json");
	copy("bench-module", "/proc/modules");
	puts("bench-end");
	fflush(stdout);
	tcdrain(1);
	reboot(RB_POWER_OFF);
	for (;;) pause();
}
