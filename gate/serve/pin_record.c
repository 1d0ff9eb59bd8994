/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pins there were, for after the next boot. */
#include "gate/serve/pin_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "gate/filter.h"
#include "gate/serve/own_dir.h"

static const char *const kinds[] = {"rw", "ro"};

static int open_records(struct err *err)
{
	_cleanup_(cleanup_close) int parent =
		own_dir_open(AT_FDCWD, "/var/lib/seawall", err);

	return parent < 0 ? parent : own_dir_open(parent, "binds", err);
}

static DIR *list(int folder)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);

	if (!entries && copy >= 0)
		(void)close(copy);
	return entries;
}

static const char *next_name(DIR *entries)
{
	const struct dirent *entry;

	while ((entry = readdir(entries))) {
		if (entry->d_name[0] != '.')
			return entry->d_name;
	}
	return NULL;
}

static int make_room(int folder, int live, unsigned int max, struct err *err)
{
	_cleanup_(cleanup_closedir) DIR *entries = list(folder);
	unsigned int count = 0;
	const char *name;
	struct stat st;

	if (!entries)
		return err_set(err, -EIO, "read the notes of binds");
	while (next_name(entries))
		count++;
	rewinddir(entries);
	while (count >= max && (name = next_name(entries))) {
		if (fstatat(live, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
			errno == ENOENT && unlinkat(folder, name, 0) == 0)
			count--;
	}
	return count < max ? 0 : err_set(err, -EDQUOT, "%u are noted already", max);
}

int pin_record(uint32_t uid, bool read_only, const char *name, int live,
	unsigned int max, struct err *err)
{
	char number[16];
	struct stat st;

	(void)snprintf(number, sizeof(number), "%u", uid);
	_cleanup_(cleanup_close) int records = open_records(err);
	if (records < 0)
		return records;
	_cleanup_(cleanup_close) int own = own_dir_open(records, number, err);
	if (own < 0)
		return own;
	_cleanup_(cleanup_close) int folder =
		own_dir_open(own, kinds[read_only ? 1 : 0], err);
	if (folder < 0)
		return folder;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	int rc = make_room(folder, live, max, err);
	if (rc < 0)
		return rc;
	int fd = openat(folder, name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, -errno, "make '%s'", name);
	(void)close(fd);
	return 0;
}

/* Plain decimal: "01" would be a second name for 1. */
static bool is_uid(const char *text, uint32_t *ret_uid)
{
	char again[16];
	unsigned long value = strtoul(text, NULL, 10);

	if (value >= UINT32_MAX)
		return false;
	(void)snprintf(again, sizeof(again), "%lu", value);
	*ret_uid = (uint32_t)value;
	return strcmp(again, text) == 0;
}

static void take_user(int records, const char *number, uint32_t uid,
	void (*take)(void *context, uint32_t uid, const char *path), void *context)
{
	char folder[32], path[sizeof(GATE_PIN_DIR) + sizeof(folder) + NAME_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		(void)snprintf(folder, sizeof(folder), "%s/%s", number, kinds[i]);
		_cleanup_(cleanup_close) int fd = openat(records, folder,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		_cleanup_(cleanup_closedir) DIR *entries = fd < 0 ? NULL : list(fd);
		const char *name;

		while (entries && (name = next_name(entries))) {
			(void)snprintf(path, sizeof(path), GATE_PIN_DIR "/%s/%s",
				folder, name);
			take(context, uid, path);
		}
	}
}

int pin_record_each(void (*take)(void *context, uint32_t uid, const char *path),
	void *context, struct err *err)
{
	_cleanup_(cleanup_close) int records = open_records(err);
	_cleanup_(cleanup_closedir) DIR *users = records < 0 ? NULL : list(records);
	const char *name;
	uint32_t uid;

	if (records < 0)
		return records;
	if (!users)
		return err_set(err, -EIO, "read '%s'", PIN_RECORD_DIR);
	while ((name = next_name(users))) {
		if (is_uid(name, &uid))
			take_user(records, name, uid, take, context);
	}
	return 0;
}
