/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and reads what the facts of `gate audit` come from. */
#include "gate/audit/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "gate/audit/accounts.h"
#include "gate/audit/rules.h"
#include "gate/audit/system.h"
#include "gate/audit/words.h"

enum { MAX_FILE_BYTES = 64 * 1024 * 1024, MAX_SUDO_FILES = 256 };

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

static void gather_accounts(const struct gather *gather, struct audit_facts *facts)
{
	static const struct {
		const char *path;
		void (*read)(struct audit_facts *facts, struct span text);
	} files[] = {
		{"/etc/passwd", accounts_read_passwd},
		{"/etc/group", accounts_read_group},
		{"/etc/subgid", accounts_read_subgid},
	};
	struct span text;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (gather_read(gather, facts, files[i].path, &text))
			files[i].read(facts, text);
	}
}

/* Records of systemd-userdbd(8) and homed; nss-systemd(8) gives what they say. */
static void gather_records(
	const struct gather *gather, struct audit_facts *facts, const char *end)
{
	static const char *const folders[] = {"/etc/userdb", "/run/userdb",
		"/run/host/userdb", "/usr/local/lib/userdb", "/usr/lib/userdb",
		"/var/lib/systemd/home"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		_cleanup_(cleanup_closedir) DIR *folder =
			gather_opendir(gather, facts, folders[i]);
		const char *name;

		while (folder && (name = gather_readdir(facts, folder, folders[i]))) {
			const char *found = strrchr(name, '.');
			struct err err = {0};
			struct span text;

			if (!found || strcmp(found, end) != 0)
				continue;
			if (strcmp(end, ".membership") == 0) {
				accounts_add_membership(facts, name);
				continue;
			}
			const char *path =
				arena_printf(&facts->arena, "%s/%s", folders[i], name);
			if (path && gather_read(gather, facts, path, &text) &&
				accounts_read_record(facts, path,
					strcmp(end, ".group") == 0, text, &err) < 0)
				audit_gap(facts, path, err.text);
		}
	}
}

/* What adds to groups, wherever those are from. */
static void gather_memberships(const struct gather *gather, struct audit_facts *facts)
{
	static const char *const ends[] = {
		".group", ".user", ".identity", ".membership"};
	struct span text;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		gather_records(gather, facts, ends[i]);
	if (gather_read(gather, facts, "/etc/gshadow", &text))
		accounts_read_gshadow(facts, text);
}

/* "group: files sss": what the service knows besides is seen as far as it lists it. */
static void gather_services(const struct gather *gather, struct audit_facts *facts)
{
	static const char path[] = "/etc/nsswitch.conf";
	static const char *const bases[] = {
		"passwd", "group", "initgroups", "sudoers", "subid", "gshadow"};
	static const char *const local[] = {"files", "compat", "systemd"};
	struct lines lines = {0};
	struct span line;

	if (!gather_read(gather, facts, path, &lines.rest))
		return;
	while (lines_next(&lines, &line)) {
		struct span rest = span_cut(&line, '#');
		struct span base = span_trim(span_cut(&rest, ':'));
		bool known = false;

		for (size_t i = 0; i < ARRAY_LEN(bases); i++)
			known = known || span_is(base, bases[i]);
		for (struct span w = span_word(&rest); known && w.len > 0;
			w = span_word(&rest)) {
			bool is_local = w.text[0] == '[';

			/* "[!UNAVAIL = return]" is more than one word. */
			if (is_local && w.text[w.len - 1] != ']')
				(void)span_cut(&rest, ']');
			for (size_t i = 0; i < ARRAY_LEN(local); i++)
				is_local = is_local || span_is(w, local[i]);
			facts->directory = facts->directory || !is_local;
		}
	}
	if (!facts->directory)
		return;
	audit_gap(facts, path,
		gather->live
			? "a directory service has users, groups, subordinate ids or "
			  "sudo rules, too: it is asked for groups, for their members "
			  "and for the groups of the users that it lists; members that "
			  "it does not list, and its rules, are not seen"
			: "a directory service has users, groups, subordinate ids or "
			  "sudo rules, too: with --root it is not asked, and none of "
			  "them is seen");
}

static void read_option_file(
	const struct gather *gather, struct audit_facts *facts, const char *path)
{
	struct span text;

	if (gather_read(gather, facts, path, &text))
		system_read_option_file(facts, path, text);
}

/* systemd.exec(5): EnvironmentFile= takes wildcards, as glob(3) does. */
static void read_option_files(
	const struct gather *gather, struct audit_facts *facts, const char *pattern)
{
	const char *slash = strrchr(pattern, '/'), *name;
	size_t dir_len = slash ? (size_t)(slash - pattern) : 0;

	if (!strpbrk(pattern, "*?[")) {
		read_option_file(gather, facts, pattern);
		return;
	}
	if (!slash || strcspn(pattern, "*?[") < dir_len) {
		audit_gap(facts, pattern,
			"files with options of the engine, not looked for: the folder "
			"is a pattern");
		return;
	}
	const char *dir =
		dir_len > 0 ? arena_strndup(&facts->arena, pattern, dir_len) : "/";
	_cleanup_(cleanup_closedir) DIR *folder =
		dir ? gather_opendir(gather, facts, dir) : NULL;
	while (folder && (name = gather_readdir(facts, folder, dir))) {
		const char *path = arena_printf(
			&facts->arena, "%.*s/%s", (int)dir_len, pattern, name);

		if (path && fnmatch(slash + 1, name, FNM_PERIOD) == 0)
			read_option_file(gather, facts, path);
	}
}

/* containerd's config.toml: address = "/run/x.sock", tcp_address = "1.2.3.4:5" */
static void read_containerd_config(
	const struct gather *gather, struct audit_facts *facts)
{
	static const char path[] = "/etc/containerd/config.toml";
	struct lines lines = {0};
	struct span line;

	if (!gather_read(gather, facts, path, &lines.rest))
		return;
	while (lines_next(&lines, &line)) {
		struct span value = line, key = span_trim(span_cut(&value, '='));
		bool tcp = span_is(key, "tcp_address");

		if (!tcp && !span_is(key, "address"))
			continue;
		value = words_split(&facts->arena, value, false);
		value = span_cut(&value, '\0');
		const char *place =
			arena_printf(&facts->arena, "%s:%u", path, lines.number);
		/* The address of [metrics] is one of TCP, and gives no power. */
		if (place && value.len > 0 && (tcp || value.text[0] == '/'))
			system_add_address(
				facts, place, "containerd", value, AUDIT_TLS_NONE);
	}
}

static void gather_engine_config(const struct gather *gather, struct audit_facts *facts)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct err err = {0};
	struct span text;
	struct stat st;

	for (size_t i = 0; i < facts->option_files.n; i++)
		read_option_files(gather, facts, facts->option_files.items[i]);
	read_containerd_config(gather, facts);
	const char *path = facts->config ? facts->config : "/etc/docker/daemon.json";
	if (gather_read(gather, facts, path, &text) &&
		system_read_daemon_json(facts, path, text, &err) < 0)
		audit_gap(facts, path, err.text);
	if (!facts->data_root)
		facts->data_root = "/var/lib/docker";
	fd = gather_open(gather, facts->data_root, O_PATH);
	int code = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;
	if (code == 0) {
		facts->data_root_mode = st.st_mode & 07777;
		facts->data_root_uid = st.st_uid;
		facts->data_root_gid = st.st_gid;
	} else if (!gather_is_absent(code)) {
		gather_note(facts, facts->data_root, code);
	}
}

/* One that is not there, or stands for another: "%h" is the host's name. */
static void note_absent(
	const struct gather *gather, struct audit_facts *facts, const char *path)
{
	_cleanup_(cleanup_close) int fd = gather_open(gather, path, O_PATH);

	if (fd < 0 && gather_is_absent(fd))
		audit_gap(facts, path, "included by sudoers, and not found");
}

/* Files in the order that sudo reads them, includes behind who includes them. */
static void gather_sudoers(const struct gather *gather, struct audit_facts *facts)
{
	struct sudo_file *files = NULL;
	size_t n = 0, next = 0;
	struct audit_names paths = {0};

	audit_name(facts, &paths, "/etc/sudoers", strlen("/etc/sudoers"));
	audit_name(facts, &paths, "/etc/sudoers-rs", strlen("/etc/sudoers-rs"));
	for (; next < paths.n && n < MAX_SUDO_FILES; next++) {
		const char *path = paths.items[next];
		struct span text, include;
		bool directory;

		if (!gather_read(gather, facts, path, &text))
			continue;
		struct sudo_file *file =
			arena_push(&facts->arena, &files, &n, sizeof(*file));
		if (!file)
			return;
		*file = (struct sudo_file){path, text};
		struct lines lines = {.rest = text};
		while (rules_sudo_include(
			&lines, &facts->arena, &include, &directory)) {
			/* A relative one is beside the file that includes it. */
			size_t dir_len =
				include.text[0] == '/'
					? 0
					: (size_t)(strrchr(path, '/') + 1 - path);
			const char *target = arena_printf(&facts->arena, "%.*s%.*s",
				(int)dir_len, path, (int)include.len, include.text);
			_cleanup_(cleanup_closedir) DIR *folder = NULL;
			const char *name;

			if (!target)
				return;
			if (!directory) {
				note_absent(gather, facts, target);
				audit_name(facts, &paths, target, strlen(target));
				continue;
			}
			folder = gather_opendir(gather, facts, target);
			/* "%h" is the host's name. */
			if (!folder && strchr(target, '%'))
				note_absent(gather, facts, target);
			while (folder &&
				(name = gather_readdir(facts, folder, target))) {
				/* sudoers(5): names with a dot or a '~' at the end. */
				if (strchr(name, '.') || name[strlen(name) - 1] == '~')
					continue;
				const char *inner = arena_printf(
					&facts->arena, "%s/%s", target, name);
				if (inner)
					audit_name(facts, &paths, inner, strlen(inner));
			}
		}
	}
	if (next < paths.n)
		audit_gap(facts, "/etc/sudoers", "more files than are looked at");
	rules_read_sudoers(facts, files, n);
}

/* A file, not a folder or a link, in the folder. */
static bool is_file(struct audit_facts *facts, DIR *folder, const char *name,
	const char *path, struct stat *ret_stat)
{
	if (fstatat(dirfd(folder), name, ret_stat, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISREG(ret_stat->st_mode);
	if (!gather_is_absent(-errno))
		gather_note(facts, path, -errno);
	return false;
}

static void gather_crontabs(const struct gather *gather, struct audit_facts *facts)
{
	static const struct {
		const char *path;
		bool of_users;
	} folders[] = {{"/etc/cron.d", false}, {"/var/spool/cron/crontabs", true},
		{"/var/spool/cron/tabs", true}, {"/etc/crontabs", true},
		{"/var/spool/cron", true}};
	struct span text;

	if (gather_read(gather, facts, "/etc/crontab", &text))
		rules_read_crontab(facts, "/etc/crontab", NULL, text);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		_cleanup_(cleanup_closedir) DIR *folder =
			gather_opendir(gather, facts, folders[i].path);
		const char *name;

		while (folder &&
			(name = gather_readdir(facts, folder, folders[i].path))) {
			const char *path = arena_printf(
				&facts->arena, "%s/%s", folders[i].path, name);
			struct stat st;

			/* Debian's /var/spool/cron holds only folders. */
			if (!path || !is_file(facts, folder, name, path, &st) ||
				!gather_read(gather, facts, path, &text))
				continue;
			const char *user = folders[i].of_users
						   ? arena_strdup(&facts->arena, name)
						   : NULL;
			if (user || !folders[i].of_users)
				rules_read_crontab(facts, path, user, text);
		}
	}
}

static void gather_at_jobs(const struct gather *gather, struct audit_facts *facts)
{
	static const char *const folders[] = {
		"/var/spool/cron/atjobs", "/var/spool/atjobs", "/var/spool/at"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		_cleanup_(cleanup_closedir) DIR *folder =
			gather_opendir(gather, facts, folders[i]);
		const char *name;

		while (folder && (name = gather_readdir(facts, folder, folders[i]))) {
			const char *path =
				arena_printf(&facts->arena, "%s/%s", folders[i], name);
			struct span text;
			struct stat st;

			if (path && is_file(facts, folder, name, path, &st) &&
				gather_read(gather, facts, path, &text))
				rules_read_at_job(facts, path, st.st_uid, text);
		}
	}
}

static void gather_rules(const struct gather *gather, struct audit_facts *facts)
{
	static const struct {
		const char *path;
		void (*read)(
			struct audit_facts *facts, const char *path, struct span text);
	} files[] = {
		{"/etc/security/group.conf", rules_read_group_conf},
		{"/usr/etc/security/group.conf", rules_read_group_conf},
		{"/etc/security/capability.conf", rules_read_capability_conf},
		{"/etc/doas.conf", rules_read_doas},
	};
	_cleanup_(cleanup_closedir) DIR *folder = NULL;
	const char *name;
	struct span text;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (gather_read(gather, facts, files[i].path, &text))
			files[i].read(facts, files[i].path, text);
	}
	folder = gather_opendir(gather, facts, "/etc/doas.d");
	while (folder && (name = gather_readdir(facts, folder, "/etc/doas.d"))) {
		const char *path = arena_printf(&facts->arena, "/etc/doas.d/%s", name);

		if (path && gather_read(gather, facts, path, &text))
			rules_read_doas(facts, path, text);
	}
	gather_sudoers(gather, facts);
	gather_crontabs(gather, facts);
	gather_at_jobs(gather, facts);
}

void gather_all(const struct gather *gather, struct audit_facts *facts)
{
	gather_accounts(gather, facts);
	gather_services(gather, facts);
	gather_rules(gather, facts);
	gather_units(gather, facts);
	gather_processes(gather, facts);
	gather_engine_config(gather, facts);
	gather_sockets(gather, facts);
	if (gather->live)
		gather_names(facts);
	gather_memberships(gather, facts);
	gather_files(gather, facts);
	gather_containers(gather, facts);
}
