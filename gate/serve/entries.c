/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in a folder that is open. */
#include "gate/serve/entries.h"

#include <errno.h>
#include <fcntl.h>

#include "common/cleanup.h"

DIR *entries_open(int folder)
{
	/* What fdopendir(3) takes is closed with it, and shares its place. */
	_cleanup_(cleanup_close) int copy =
		openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);

	if (entries)
		(void)TAKE_FD(copy);
	return entries;
}

const char *entries_next(DIR *entries)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(entries);
	} while (entry && entry->d_name[0] == '.');
	return entry ? entry->d_name : NULL;
}
