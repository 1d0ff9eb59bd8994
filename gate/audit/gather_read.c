/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens and reads what is below the top folder; what cannot be read becomes a gap. */
#include "gate/audit/gather_read.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 64 * 1024 * 1024 };

int gather_open(const struct gather *gather, const char *path, int flags)
{
	struct open_how how = {
		.flags = (__u64)(flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
		.resolve = RESOLVE_IN_ROOT,
	};

	if (flags & O_PATH)
		how.flags = (__u64)(flags | O_CLOEXEC);
	long fd = syscall(SYS_openat2, gather->root_fd, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

bool gather_real_path(const struct gather *gather, int fd, char path[GATHER_MAX_PATH])
{
	char link[64], top[PATH_MAX], all[PATH_MAX];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", gather->root_fd);
	ssize_t top_len = readlink(link, top, sizeof(top));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, all, sizeof(all));
	if (top_len <= 0 || len <= 0)
		return false;
	if (top_len == 1)
		top_len = 0;
	if (len <= top_len || len - top_len >= GATHER_MAX_PATH ||
		memcmp(all, top, (size_t)top_len) != 0 || all[top_len] != '/')
		return false;
	memcpy(path, all + top_len, (size_t)(len - top_len));
	path[len - top_len] = '\0';
	return true;
}

void gather_note(struct audit_facts *facts, const char *path, int code)
{
	audit_gap(facts, path,
		arena_printf(&facts->arena, "not read: %s", strerror(-code)));
}

bool gather_is_absent(int code)
{
	/* ESRCH: a process that ended meanwhile. */
	return code == -ENOENT || code == -ENOTDIR || code == -ESRCH;
}

bool gather_read(const struct gather *gather, struct audit_facts *facts,
	const char *path, struct span *ret_text)
{
	_cleanup_(cleanup_close) int fd = gather_open(gather, path, O_RDONLY);
	struct stat st;
	size_t len = 0, size = 8192;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int code = fd < 0 ? fd : -errno;
		if (!gather_is_absent(code))
			gather_note(facts, path, code);
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		/* systemd masks a unit with a link to /dev/null. */
		if (!S_ISCHR(st.st_mode))
			audit_gap(facts, path, "not read: no regular file");
		return false;
	}
	if (st.st_size >= (off_t)size)
		size = (size_t)st.st_size + 1;
	char *text = NULL;
	for (;;) {
		if (size > MAX_FILE_BYTES) {
			gather_note(facts, path, -EFBIG);
			return false;
		}
		char *more = arena_alloc_raw(&facts->arena, size);
		if (!more)
			return false;
		if (text)
			memcpy(more, text, len);
		text = more;
		ssize_t got = 1;
		while (len < size && (got = read(fd, text + len, size - len)) > 0)
			len += (size_t)got;
		if (got < 0) {
			if (!gather_is_absent(-errno))
				gather_note(facts, path, -errno);
			return false;
		}
		if (got == 0)
			break;
		size *= 4;
	}
	arena_trim(&facts->arena, text, size, len + 1 <= size ? len + 1 : size);
	*ret_text = (struct span){text, len};
	return true;
}

DIR *gather_opendir(
	const struct gather *gather, struct audit_facts *facts, const char *path)
{
	int fd = gather_open(gather, path, O_RDONLY | O_DIRECTORY);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (fd < 0 && !gather_is_absent(fd))
		gather_note(facts, path, fd);
	if (fd >= 0 && !folder)
		(void)close(fd);
	return folder;
}

const char *gather_readdir(struct audit_facts *facts, DIR *folder, const char *path)
{
	struct dirent *entry;

	errno = 0;
	while ((entry = readdir(folder))) { /* NOLINT(concurrency-mt-unsafe) */
		if (entry->d_name[0] != '.')
			return entry->d_name;
	}
	if (errno != 0 && !gather_is_absent(-errno))
		gather_note(facts, path, -errno);
	return NULL;
}
