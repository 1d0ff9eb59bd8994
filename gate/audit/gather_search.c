/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches the file system for setgid programs and file capabilities. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "gate/audit/gather_parts.h"
#include "gate/audit/system.h"

enum { MAX_DEPTH = 40 };

/* Kernels' own, and the engines': what is in images is reached through the engine. */
static const char *const skipped[] = {"/proc", "/sys", "/run/containerd", "/run/docker",
	"/run/containers", "/run/seawall", "/var/lib/docker", "/var/lib/containerd",
	"/var/lib/containers", "/var/lib/kubelet"};

struct search {
	struct audit_facts *facts;
	unsigned int left;
	bool too_deep;
	bool unread; /* a folder or a file could not be read */
	bool live;
};

/* What is not there any more, a link since, or somebody's own FUSE: always nosuid. */
static bool is_harmless(int code)
{
	return code == -ENOENT || code == -ELOOP || code == -ENOTDIR ||
	       (code == -EACCES && geteuid() == 0);
}

static void look(struct search *search, int folder_fd, const char *name,
	const char *folder_path, const struct stat *st)
{
	unsigned char attribute[64];
	char link[64 + NAME_MAX];
	uint64_t caps = 0;

	if (!(st->st_mode & 0111))
		return;
	/* There is no getxattrat(2) before Linux 6.13; the last part is not followed.
	 */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d/%s", folder_fd, name);
	ssize_t len =
		lgetxattr(link, "security.capability", attribute, sizeof(attribute));
	if (len > 0 ? system_read_caps(attribute, (size_t)len, &caps) < 0
		    : len < 0 && !gather_has_none(-errno) && !is_harmless(-errno)) {
		search->unread = true;
		caps = 0;
	}
	/* A setuid program of root's is root's business. */
	if (caps == 0 && (st->st_mode & 02010) != 02010 &&
		((st->st_mode & 04000) == 0 || st->st_uid == 0))
		return;
	struct audit_facts *facts = search->facts;
	struct audit_file *file =
		arena_push(&facts->arena, &facts->files, &facts->nfiles, sizeof(*file));
	if (!file)
		return;
	*file = (struct audit_file){
		.path = arena_printf(&facts->arena, "%s/%s", folder_path, name),
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mode = st->st_mode & 07777,
		.caps = caps,
	};
	if (!file->path)
		facts->nfiles--;
}

static bool is_skipped(const struct search *search, const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(skipped); i++) {
		if (strcmp(path, skipped[i]) == 0)
			return true;
	}
	return search->facts->data_root && strcmp(path, search->facts->data_root) == 0;
}

/* Of this host's own: where the kernel gives no ids or capabilities, none are had. */
static bool is_nosuid(const struct search *search, int fd)
{
	struct statvfs fs;

	return search->live && fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOSUID);
}

/* Depth first; @fd is taken over. */
static void walk(struct search *search, int fd, const char *path, int depth)
{
	_cleanup_(cleanup_closedir) DIR *folder = fdopendir(fd);
	struct dirent *entry;

	if (!folder) {
		(void)close(fd);
		search->unread = true;
		return;
	}
	/* What is mounted below may be another one. */
	bool nosuid = is_nosuid(search, dirfd(folder));
	while (search->left > 0) {
		errno = 0;
		entry = readdir(folder); /* NOLINT(concurrency-mt-unsafe) */
		if (!entry) {
			search->unread |= errno != 0 && !is_harmless(-errno);
			break;
		}
		const char *name = entry->d_name;
		struct stat st;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			(entry->d_type != DT_DIR && entry->d_type != DT_REG &&
				entry->d_type != DT_UNKNOWN))
			continue;
		search->left--;
		if (fstatat(dirfd(folder), name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			search->unread |= !is_harmless(-errno);
			continue;
		}
		if (S_ISREG(st.st_mode)) {
			if (!nosuid)
				look(search, dirfd(folder), name, path, &st);
			continue;
		}
		char *inner = S_ISDIR(st.st_mode) ? arena_printf(&search->facts->arena,
							    "%s/%s", path, name)
						  : NULL;
		if (!inner || is_skipped(search, inner))
			continue;
		if (depth >= MAX_DEPTH) {
			search->too_deep = true;
			continue;
		}
		int inner_fd = openat(dirfd(folder), name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner_fd < 0 && !is_harmless(-errno))
			search->unread = true;
		size_t before = search->facts->nfiles;
		if (inner_fd >= 0)
			walk(search, inner_fd, inner, depth + 1);
		/* The path is not needed again, unless something was found below. */
		if (search->facts->nfiles == before)
			arena_trim(&search->facts->arena, inner, strlen(inner) + 1, 0);
	}
}

void gather_files(const struct gather *gather, struct audit_facts *facts)
{
	struct search search = {
		.facts = facts, .left = gather->max_files, .live = gather->live};
	int fd = gather_open(gather, "/", O_RDONLY | O_DIRECTORY);

	if (fd < 0) {
		audit_gap(facts, "/", "setgid programs were not searched for");
		return;
	}
	walk(&search, fd, "", 0);
	if (search.left == 0 || search.too_deep)
		audit_gap(facts, "/",
			"the search for setgid programs ended at its bound of files "
			"or depth");
	if (search.unread)
		audit_gap(facts, "/",
			"the search for setgid programs could not read some folders or "
			"files");
}
