/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's configuration: options in files, and the folder of its data. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "gate/audit/gather_parts.h"
#include "gate/audit/lines.h"
#include "gate/audit/system.h"
#include "gate/audit/words.h"

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

void gather_engine_config(const struct gather *gather, struct audit_facts *facts)
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
