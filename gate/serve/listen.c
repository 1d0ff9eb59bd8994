/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets that callers connect to. */
#include "gate/serve/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* A flood of one user's must not keep others from getting in line. */
enum { BACKLOG = 4096 };

static bool is_listening(int fd)
{
	int domain = 0, type = 0, listening = 0;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       domain == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 &&
	       listening == 1;
}

/* The protocol of sd_listen_fds(3), without its library: see trail.c for why. */
int listen_inherited(struct err *err)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long n = 0;

	if (pid && fds && strtol(pid, NULL, 10) == (long)getpid())
		n = strtol(fds, NULL, 10);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	if (n < 0 || n > LISTEN_MAX)
		return err_set(err, -EINVAL, "%ld sockets were passed: at most %d", n,
			LISTEN_MAX);
	for (int fd = LISTEN_FIRST_FD; fd < LISTEN_FIRST_FD + (int)n; fd++) {
		if (!is_listening(fd))
			return err_set(err, -EINVAL,
				"descriptor %d was passed and is no listening unix "
				"socket",
				fd);
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return err_errno(err, -errno, "descriptor %d", fd);
	}
	return (int)n;
}

static int remove_dead(const struct sockaddr_un *address, struct err *err)
{
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0
				       : err_errno(err, -errno, "socket '%s'",
						 address->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST, "'%s' is there and is no socket",
			address->sun_path);
	_cleanup_(cleanup_close) int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, -errno, "make a socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return err_set(err, -EADDRINUSE, "somebody listens at '%s' already",
			address->sun_path);
	if (errno != ECONNREFUSED)
		return err_errno(err, -errno, "socket '%s'", address->sun_path);
	if (unlink(address->sun_path) < 0)
		return err_errno(err, -errno, "remove '%s'", address->sun_path);
	return 0;
}

static int set_group(const char *path, const char *group, struct err *err)
{
	struct group *entry = getgrnam(group);

	if (!entry)
		return err_set(err, -ENOENT, "there is no group '%s'", group);
	if (lchown(path, (uid_t)-1, entry->gr_gid) < 0)
		return err_errno(err, -errno, "give '%s' to group '%s'", path, group);
	return 0;
}

int listen_at(const char *path, mode_t mode, const char *group, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, -ENAMETOOLONG, "socket '%s': too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	int rc = remove_dead(&address, err);
	if (rc < 0)
		return rc;
	_cleanup_(cleanup_close) int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, -errno, "make a socket");
	/* Nobody's until its mode is set. */
	mode_t mask = umask(0777);
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	(void)umask(mask);
	if (rc < 0)
		return err_errno(err, rc, "bind '%s'", path);
	if (group)
		rc = set_group(path, group, err);
	if (rc == 0 && listen(fd, BACKLOG) < 0)
		rc = err_errno(err, -errno, "listen at '%s'", path);
	if (rc == 0 && chmod(path, mode) < 0)
		rc = err_errno(err, -errno, "mode of '%s'", path);
	if (rc < 0) {
		(void)unlink(path);
		return rc;
	}
	return TAKE_FD(fd);
}
