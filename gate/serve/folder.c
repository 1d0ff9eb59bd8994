/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders that private sockets are in. */
#include "gate/serve/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "gate/serve/entries.h"

enum { TRIES = 10 };

static int open_folder(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static bool is_of_root_alone(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == 0 && (st.st_mode & 022) == 0;
}

static int open_all(struct err *err)
{
	_cleanup_(cleanup_close) int fd = open_folder(AT_FDCWD, FOLDERS);

	if (fd < 0)
		return err_errno(err, fd, "open '%s'", FOLDERS);
	if (!is_of_root_alone(fd))
		return err_set(
			err, -EPERM, "'%s' must be a folder of root's alone", FOLDERS);
	return TAKE_FD(fd);
}

static void remove_if_dead(int all, const char *name)
{
	_cleanup_(cleanup_close) int fd = open_folder(all, name);

	if (fd < 0 || !is_of_root_alone(fd) || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	(void)unlinkat(fd, FOLDER_SOCKET, 0);
	(void)unlinkat(all, name, AT_REMOVEDIR);
}

static void sweep(int all)
{
	_cleanup_(cleanup_closedir) DIR *entries = entries_open(all);
	const char *name;

	while (entries && (name = entries_next(entries)))
		remove_if_dead(all, name);
}

void folder_sweep(void)
{
	struct err err;
	_cleanup_(cleanup_close) int all = open_all(&err);

	if (all >= 0)
		sweep(all);
}

/* A new one, locked; -EAGAIN: somebody who sweeps was faster. */
static int make_one(struct folder *folder)
{
	struct stat st;

	*folder = (struct folder){.path = FOLDERS "/XXXXXX", .lock = -1};
	if (!mkdtemp(folder->path))
		return -errno;
	folder->lock = open_folder(AT_FDCWD, folder->path);
	if (folder->lock < 0)
		return folder->lock == -ENOENT ? -EAGAIN : folder->lock;
	if (flock(folder->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	/* What was removed can be locked, too. */
	if (fstat(folder->lock, &st) < 0)
		return -errno;
	if (st.st_nlink == 0)
		return -EAGAIN;
	/* To be walked through, not to be changed. */
	return fchmod(folder->lock, 0711) < 0 ? -errno : 0;
}

int folder_make(struct folder *ret_folder, struct err *err)
{
	struct folder folder;
	int rc = -EAGAIN;

	if (mkdir(FOLDERS, 0711) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "make '%s'", FOLDERS);
	_cleanup_(cleanup_close) int all = open_all(err);
	if (all < 0)
		return all;
	sweep(all);
	for (int i = 0; rc == -EAGAIN && i < TRIES; i++) {
		rc = make_one(&folder);
		if (rc < 0)
			folder_remove(&folder);
	}
	if (rc < 0)
		return err_errno(err, rc, "make a folder in '%s'", FOLDERS);
	*ret_folder = folder;
	return 0;
}

void folder_remove(struct folder *folder)
{
	if (folder->lock >= 0) {
		(void)unlinkat(folder->lock, FOLDER_SOCKET, 0);
		(void)close(TAKE_FD(folder->lock));
	}
	(void)rmdir(folder->path);
}
