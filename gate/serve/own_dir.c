/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories that root alone can change. */
#include "gate/serve/own_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/cleanup.h"

int own_dir_open(int parent, const char *name, struct err *err)
{
	struct stat st;

	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "make directory '%s'", name);
	_cleanup_(cleanup_close) int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "open directory '%s'", name);
	if (fstat(fd, &st) < 0)
		return err_errno(err, -errno, "look at directory '%s'", name);
	if (st.st_uid != 0 || (st.st_mode & 022) != 0)
		return err_set(err, -EPERM,
			"directory '%s' must be root's, and nobody else may write it",
			name);
	return TAKE_FD(fd);
}
