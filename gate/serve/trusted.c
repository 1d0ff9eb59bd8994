/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy file, which decides only if root alone can change it. */
#include "gate/serve/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "gate/inputs.h"

static int load_fd(
	int fd, const char *path, struct policy **ret_policy, struct err *err)
{
	struct json_errors errors;

	json_errors_init(&errors);
	int rc = policy_load_fd(fd, path, &errors, ret_policy, err);
	for (size_t i = 0; rc < 0 && i < errors.count; i++)
		gate_say(errors.list[i].text);
	json_errors_done(&errors);
	return rc;
}

int trusted_load(struct trusted *file, struct policy **ret_policy, struct err *err)
{
	_cleanup_(cleanup_close) int fd =
		open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	file->seen = (struct stat){0};
	if (fd < 0)
		return err_errno(err, -errno, "policy '%s'", file->path);
	if (fstat(fd, &file->seen) < 0)
		return err_errno(err, -errno, "policy '%s'", file->path);
	if (!S_ISREG(file->seen.st_mode) || file->seen.st_uid != 0 ||
		(file->seen.st_mode & 022) != 0)
		return err_set(err, -EPERM,
			"policy '%s' must be a file of root's that nobody else can "
			"write: chown root, chmod go-w",
			file->path);
	return load_fd(fd, file->path, ret_policy, err);
}

bool trusted_has_changed(const struct trusted *file)
{
	struct stat now = {0};
	const struct stat *seen = &file->seen;

	/* Being gone is a change, too, seen once: trusted_load() then fails. */
	(void)lstat(file->path, &now);
	return now.st_ino != seen->st_ino || now.st_dev != seen->st_dev ||
	       now.st_size != seen->st_size || now.st_mode != seen->st_mode ||
	       now.st_uid != seen->st_uid ||
	       memcmp(&now.st_mtim, &seen->st_mtim, sizeof(now.st_mtim)) != 0 ||
	       memcmp(&now.st_ctim, &seen->st_ctim, sizeof(now.st_ctim)) != 0;
}
