/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pins there were, for after the next boot. */
#include "gate/serve/pin_record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "gate/filter.h"
#include "gate/serve/entries.h"
#include "gate/serve/own_dir.h"

static const char *const kinds[] = {"rw", "ro"};

static int open_records(struct err *err)
{
	_cleanup_(cleanup_close) int parent =
		own_dir_open(AT_FDCWD, "/var/lib/seawall", err);

	return parent < 0 ? parent : own_dir_open(parent, "binds", err);
}

static int make_room(int folder, int live, unsigned int max, struct err *err)
{
	_cleanup_(cleanup_closedir) DIR *entries = entries_open(folder);
	unsigned int count = 0;
	const char *name;
	struct stat st;

	if (!entries)
		return err_errno(err, -errno, "read the notes of binds");
	while (entries_next(entries))
		count++;
	rewinddir(entries);
	while (count >= max && (name = entries_next(entries))) {
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

/* Called with each name in @folder; all of them, whatever it says of one. */
static int each_name(int folder, const char *path,
	int (*take)(void *context, int folder, const char *name, struct err *err),
	void *context, struct err *err)
{
	_cleanup_(cleanup_closedir) DIR *entries = entries_open(folder);
	const char *name;
	struct err later;
	int rc = 0;

	if (!entries)
		return err_errno(err, -errno, "read '%s'", path);
	while ((name = entries_next(entries))) {
		int of_one = take(context, folder, name, rc == 0 ? err : &later);

		rc = rc == 0 ? of_one : rc;
	}
	if (rc == 0 && errno != 0)
		rc = err_errno(err, -errno, "read '%s'", path);
	return rc;
}

struct walk {
	void (*take)(void *context, uint32_t uid, const char *path);
	void *context;
	uint32_t uid;
	const char *folder; /* "UID/rw" */
};

static int take_note(void *context, int folder, const char *name, struct err *err)
{
	const struct walk *walk = context;
	char path[sizeof(GATE_PIN_DIR) + 32 + NAME_MAX + 1];

	(void)folder;
	(void)err;
	(void)snprintf(path, sizeof(path), GATE_PIN_DIR "/%s/%s", walk->folder, name);
	walk->take(walk->context, walk->uid, path);
	return 0;
}

static int take_kind(struct walk *walk, int records, struct err *err)
{
	_cleanup_(cleanup_close) int fd = openat(
		records, walk->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_errno(
			err, -errno, "read '%s/%s'", PIN_RECORD_DIR, walk->folder);
	return each_name(fd, walk->folder, take_note, walk, err);
}

static int take_user(void *context, int records, const char *number, struct err *err)
{
	struct walk walk = *(const struct walk *)context;
	char folder[32];
	struct err later;
	int rc = 0;

	if (!is_uid(number, &walk.uid))
		return 0;
	walk.folder = folder;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		(void)snprintf(folder, sizeof(folder), "%s/%s", number, kinds[i]);
		int of_one = take_kind(&walk, records, rc == 0 ? err : &later);

		rc = rc == 0 ? of_one : rc;
	}
	return rc;
}

int pin_record_each(void (*take)(void *context, uint32_t uid, const char *path),
	void *context, struct err *err)
{
	struct walk walk = {.take = take, .context = context};
	_cleanup_(cleanup_close) int records = open_records(err);

	if (records < 0)
		return records;
	return each_name(records, PIN_RECORD_DIR, take_user, &walk, err);
}
