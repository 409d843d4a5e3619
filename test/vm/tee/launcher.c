// SPDX-License-Identifier: Apache-2.0
/*
 * The first /init of a test's initramfs: loads modules, as the kernel would find hardware before any program runs,
 * then puts everything back as `cvmboot pack` made it and becomes the real /init. Test-only.
 *
 * /tee/modules names the modules, one a line; the firmware gets as parameters what words `fake_sev_guest.NAME=VALUE`
 * the kernel command line has. The real /init waits at /tee/init.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char prefix[] = "fake_sev_guest.";

static void must(int good, const char *what)
{
	if (good)
		return;
	printf("launcher: %s: %s\n", what, strerror(errno));
	/* PID 1 must not return: that is a panic, and a test takes panics for answers. */
	for (;;)
		pause();
}

/* The parameters, separated by blanks. */
static const char *read_parameters(void)
{
	static char line[4096], found[4096];
	FILE *file;

	mkdir("/proc", 0755);
	must(mount("proc", "/proc", "proc", 0, NULL) == 0, "mount /proc");
	file = fopen("/proc/cmdline", "r");
	must(file && fgets(line, sizeof(line), file), "read /proc/cmdline");
	fclose(file);
	must(umount("/proc") == 0, "unmount /proc");
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
		if (strncmp(word, prefix, strlen(prefix)) == 0) {
			strcat(found, word + strlen(prefix));
			strcat(found, " ");
		}
	return found;
}

static void load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && syscall(SYS_finit_module, fd, parameters, 0) == 0, path);
	close(fd);
	must(unlink(path) == 0, path);
}

int main(int argc, char **argv, char **environment)
{
	const char *parameters = read_parameters();
	char paths[16][256];
	int count = 0;
	FILE *file = fopen("/tee/modules", "r");

	(void)argc;
	must(file != NULL, "read /tee/modules");
	while (count < 16 && fscanf(file, "%255s", paths[count]) == 1)
		count++;
	fclose(file);
	for (int i = 0; i < count; i++)
		load(paths[i], strstr(paths[i], "firmware") ? parameters : "");
	must(unlink("/tee/modules") == 0 && rename("/tee/init", "/init") == 0 && rmdir("/tee") == 0, "put /init back");
	execve("/init", argv, environment);
	must(0, "run /init");
}
