/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens and reads what is below the top folder; what cannot be read becomes a gap. */
#ifndef SEAWALL_GATE_AUDIT_GATHER_READ_H
#define SEAWALL_GATE_AUDIT_GATHER_READ_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/**
 * struct gather - where to look
 * @root_fd: the top folder; nothing outside it is opened, whatever links say
 * @live:    it is this host's own: the name service and engines are asked, too
 * @engine:  the engine's socket, for its containers; NULL: the first that is found
 * @max_files: bound of the search for setgid files
 */
struct gather {
	int root_fd;
	bool live;
	const char *engine;
	unsigned int max_files;
};

enum { GATHER_MAX_FILES = 2 * 1000 * 1000, GATHER_MAX_PATH = 4096 };

/** gather_open() - open @path below the root; negative errno. */
int gather_open(const struct gather *gather, const char *path, int flags) _must_check_;
/** gather_real_path() - where links have led: the path of @fd below the root. */
bool gather_real_path(const struct gather *gather, int fd, char path[GATHER_MAX_PATH]);
/** gather_read() - all of a file; false when there is none, or it became a gap. */
bool gather_read(const struct gather *gather, struct audit_facts *facts,
	const char *path, struct span *ret_text);
/** gather_note() - a gap: @code, negative errno, was all that @path gave. */
void gather_note(struct audit_facts *facts, const char *path, int code);
/** gather_is_absent() - @code, negative errno, says that there is nothing. */
bool gather_is_absent(int code);
/** gather_has_none() - the same of an extended attribute. */
static inline bool gather_has_none(int code)
{
	return code == -ENODATA || code == -EOPNOTSUPP || code == -ENOSYS;
}
/**
 * gather_readdir() - next name in the folder that does not begin with a dot
 * @path: of the folder; a gap when it could not be read to its end
 */
const char *gather_readdir(struct audit_facts *facts, DIR *folder, const char *path);
/** gather_opendir() - NULL when there is none, or it became a gap. */
DIR *gather_opendir(
	const struct gather *gather, struct audit_facts *facts, const char *path);

#endif
