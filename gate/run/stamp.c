/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who proved a short time ago, on this terminal, that it is him. */
#include "gate/run/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "common/cleanup.h"

enum { MAX_STAT = 4096, MAX_STAMP = 256, FIELD_SESSION = 6, FIELD_TERMINAL = 7 };
enum { FIELD_START = 22, FIRST_BEHIND_NAME = 3 };

static int read_text(const char *path, char *buffer, size_t size)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, buffer, size - 1);
	if (len < 0)
		return -errno;
	buffer[len] = '\0';
	return 0;
}

static int read_number(const char *text, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (errno || (*end != ' ' && *end != '\n' && *end != '\0'))
		return -EINVAL;
	*ret_number = number;
	return 0;
}

int stamp_read_stat(const char *text, uint32_t *ret_terminal, uint32_t *ret_session,
	uint64_t *ret_start)
{
	const char *at = strrchr(text, ')');
	uint64_t session = 0, terminal = 0, start = 0;
	int rc = at ? 0 : -EINVAL, found = 0;

	for (int field = FIRST_BEHIND_NAME; rc == 0 && field <= FIELD_START; field++) {
		at = strchr(at, ' ');
		if (!at)
			return -EINVAL;
		at++;
		if (field == FIELD_SESSION)
			rc = read_number(at, &session);
		else if (field == FIELD_TERMINAL)
			rc = read_number(at, &terminal);
		else if (field == FIELD_START)
			rc = read_number(at, &start);
		else
			continue;
		found++;
	}
	if (rc < 0 || found != 3 || session > UINT32_MAX || terminal > UINT32_MAX)
		return -EINVAL;
	*ret_session = (uint32_t)session;
	*ret_terminal = (uint32_t)terminal;
	*ret_start = start;
	return 0;
}

int stamp_find_place(uint32_t uid, struct stamp_place *ret_place, struct err *err)
{
	struct stamp_place place = {.uid = uid}, leader = {0};
	char text[MAX_STAT], path[64];
	uint64_t ignored;

	int rc = read_text("/proc/self/stat", text, sizeof(text));
	if (rc == 0)
		rc = stamp_read_stat(text, &place.terminal, &place.session, &ignored);
	if (rc < 0)
		return err_errno(err, rc, "/proc/self/stat");
	/* The leader of a session may be gone, or in another process namespace. */
	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", place.session);
	if (place.terminal != 0 &&
		(place.session == 0 || read_text(path, text, sizeof(text)) < 0 ||
			stamp_read_stat(text, &leader.terminal, &leader.session,
				&place.session_start) < 0 ||
			leader.terminal != place.terminal))
		place.terminal = 0;
	*ret_place = place;
	return 0;
}

/* Opens the folder, which must be root's alone. */
static int open_folder(struct err *err)
{
	struct stat st;

	if ((mkdir("/run/seawall", 0700) < 0 && errno != EEXIST) ||
		(mkdir(STAMP_FOLDER, 0700) < 0 && errno != EEXIST))
		return err_errno(err, -errno, "make '%s'", STAMP_FOLDER);
	_cleanup_(cleanup_close) int fd =
		open(STAMP_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, -errno, "open '%s'", STAMP_FOLDER);
	if (st.st_uid != 0 || (st.st_mode & 077))
		return err_set(err, -EPERM, "'%s' must be root's alone: chmod 700",
			STAMP_FOLDER);
	return TAKE_FD(fd);
}

static void name_of(const struct stamp_place *place, char name[64])
{
	(void)snprintf(name, 64, "%" PRIu32 "-%" PRIu32, place->uid, place->terminal);
}

/* All but the times: what must be the same byte for byte. */
static int head_of(const struct stamp_place *place, char head[MAX_STAMP])
{
	char boot[64];
	int rc = read_text("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));

	if (rc < 0)
		return rc;
	boot[strcspn(boot, "\n")] = '\0';
	(void)snprintf(head, MAX_STAMP,
		"1 %s %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 " ", boot,
		place->uid, place->terminal, place->session, place->session_start);
	return 0;
}

static int now(int64_t *ret_boot, int64_t *ret_real)
{
	struct timespec boot, real;

	if (clock_gettime(CLOCK_BOOTTIME, &boot) < 0 ||
		clock_gettime(CLOCK_REALTIME, &real) < 0)
		return -errno;
	*ret_boot = boot.tv_sec;
	*ret_real = real.tv_sec;
	return 0;
}

static bool is_young(const char *time, int64_t now_s)
{
	uint64_t then;

	return read_number(time, &then) == 0 && then <= (uint64_t)now_s &&
	       (uint64_t)now_s - then < STAMP_SECONDS;
}

bool stamp_is_fresh(const struct stamp_place *place)
{
	_cleanup_(cleanup_close) int folder = -1;
	_cleanup_(cleanup_close) int fd = -1;
	char name[64], head[MAX_STAMP], text[MAX_STAMP * 2];
	int64_t boot, real;
	struct stat st;

	if (place->terminal == 0 || now(&boot, &real) < 0 || head_of(place, head) < 0)
		return false;
	folder = open_folder(NULL);
	if (folder < 0)
		return false;
	name_of(place, name);
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != 0 ||
		(st.st_mode & 077) || flock(fd, LOCK_SH) < 0)
		return false;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return false;
	text[len] = '\0';
	size_t head_len = strlen(head);
	if (strncmp(text, head, head_len) != 0 || text[len - 1] != '\n')
		return false;
	const char *second = strchr(text + head_len, ' ');
	return second && is_young(text + head_len, boot) && is_young(second + 1, real);
}

int stamp_set(const struct stamp_place *place, struct err *err)
{
	_cleanup_(cleanup_close) int folder = -1;
	_cleanup_(cleanup_close) int fd = -1;
	char name[64], head[MAX_STAMP], text[MAX_STAMP * 2];
	int64_t boot, real;

	if (place->terminal == 0)
		return 0;
	int rc = now(&boot, &real);
	if (rc == 0)
		rc = head_of(place, head);
	if (rc < 0)
		return err_errno(err, rc, "time stamp");
	folder = open_folder(err);
	if (folder < 0)
		return folder;
	name_of(place, name);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int len = snprintf(
		text, sizeof(text), "%s%" PRIi64 " %" PRIi64 "\n", head, boot, real);
	if (fd < 0 || flock(fd, LOCK_EX) < 0 || ftruncate(fd, 0) < 0 ||
		write(fd, text, (size_t)len) != len)
		return err_errno(err, -errno, "time stamp '%s'", name);
	return 0;
}

int stamp_remove(const struct stamp_place *place, struct err *err)
{
	_cleanup_(cleanup_close) int folder = open_folder(err);
	char name[64];

	if (folder < 0)
		return folder;
	name_of(place, name);
	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, -errno, "time stamp '%s'", name);
	return 0;
}
