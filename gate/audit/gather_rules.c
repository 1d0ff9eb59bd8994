/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that give groups or run commands: PAM's, sudo's, doas's, cron's, at's. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "gate/audit/gather_parts.h"
#include "gate/audit/lines.h"
#include "gate/audit/rules.h"

enum { MAX_SUDO_FILES = 256 };

/* One that is not there, or stands for another: "%h" is the host's name. */
static void note_absent(
	const struct gather *gather, struct audit_facts *facts, const char *path)
{
	_cleanup_(cleanup_close) int fd = gather_open(gather, path, O_PATH);

	if (fd < 0 && gather_is_absent(fd))
		audit_gap(facts, path, "included by sudoers, and not found");
}

/* Files in the order that sudo reads them, includes behind who includes them. */
static void read_sudoers(const struct gather *gather, struct audit_facts *facts)
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

/* cron(8): what is in /etc/cron.d may be a link; a folder is none of cron's. */
static bool leads_to_file(
	const struct gather *gather, struct audit_facts *facts, const char *path)
{
	_cleanup_(cleanup_close) int fd = gather_open(gather, path, O_PATH);
	struct stat st;
	int code = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;

	if (code < 0 && !gather_is_absent(code))
		gather_note(facts, path, code);
	return code == 0 && S_ISREG(st.st_mode);
}

static void read_crontabs(const struct gather *gather, struct audit_facts *facts)
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

			/* Debian's /var/spool/cron holds only folders. */
			if (!path || !leads_to_file(gather, facts, path) ||
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

static void read_at_jobs(const struct gather *gather, struct audit_facts *facts)
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

void gather_rules(const struct gather *gather, struct audit_facts *facts)
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
	read_sudoers(gather, facts);
	read_crontabs(gather, facts);
	read_at_jobs(gather, facts);
}
