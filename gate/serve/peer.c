/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a unix socket. */
#include "gate/serve/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum {
	TTY_MAJOR = 4,
	PTS_MAJOR = 136, /* to 143: Documentation/admin-guide/devices.txt */
	PTS_MAJORS = 8,
};

static bool read_text(int dir, const char *name, char *buffer, size_t size)
{
	_cleanup_(cleanup_close) int fd =
		openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return false;
	ssize_t n = read(fd, buffer, size - 1);
	buffer[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The seventh field of stat; the second may hold anything, blanks and ')' included. */
static void find_tty(const char *stat_text, struct trail_caller *caller)
{
	const char *at = strrchr(stat_text, ')');
	int tty = 0;

	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %d", &tty) != 1 || tty == 0)
		return;
	unsigned int device = (unsigned int)tty;
	unsigned int dev_major = (device >> 8) & 0xfff;
	unsigned int dev_minor = (device & 0xff) | ((device >> 12) & 0xfff00);
	if (dev_major >= PTS_MAJOR && dev_major < PTS_MAJOR + PTS_MAJORS)
		(void)snprintf(caller->tty, sizeof(caller->tty), "pts/%u",
			(dev_major - PTS_MAJOR) * 256 + dev_minor);
	else if (dev_major == TTY_MAJOR)
		(void)snprintf(caller->tty, sizeof(caller->tty), "tty%u", dev_minor);
	else
		(void)snprintf(caller->tty, sizeof(caller->tty), "%u:%u", dev_major,
			dev_minor);
}

int peer_identify(int fd, struct trail_caller *ret_caller, struct err *err)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char path[64], text[1024];
	struct stat st;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return err_errno(err, -errno, "ask who the caller is");
	if (len != sizeof(cred) || cred.uid == (uid_t)-1)
		return err_set(err, -EPERM, "the caller is of no known uid");
	struct trail_caller caller = {
		.uid = cred.uid, .login_uid = UINT32_MAX, .pid = cred.pid};
	(void)snprintf(path, sizeof(path), "/proc/%d", cred.pid);
	/* The folder stays that process's own, even if its number is used again. */
	_cleanup_(cleanup_close) int dir =
		open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir >= 0 && fstat(dir, &st) == 0 && st.st_uid == cred.uid) {
		if (read_text(dir, "loginuid", text, sizeof(text)))
			caller.login_uid = (uint32_t)strtoul(text, NULL, 10);
		if (read_text(dir, "stat", text, sizeof(text)))
			find_tty(text, &caller);
	}
	*ret_caller = caller;
	return 0;
}
