/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and their groups; sockets, who listens at them, and who may connect. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "gate/audit/gather_parts.h"
#include "gate/audit/known.h"
#include "gate/audit/nodes.h"
#include "gate/audit/system.h"
#include "gate/audit/units.h"

/*
 * An access list names somebody besides: the mode's group bits are its mask then. One
 * that cannot be read may do so, too.
 */
static bool has_acl(struct audit_facts *facts, int fd, const char *path)
{
	char link[64];

	/* fgetxattr(2) takes no O_PATH descriptor. */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = getxattr(link, "system.posix_acl_access", NULL, 0);
	if (len >= 0 || gather_has_none(-errno))
		return len > 0;
	audit_gap(facts, path, "its access list could not be read");
	return true;
}

static enum audit_guard guard_of_folder(
	const struct gather *gather, struct audit_facts *facts, const char *folder)
{
	_cleanup_(cleanup_close) int fd =
		gather_open(gather, folder, O_PATH | O_DIRECTORY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != 0 || (st.st_mode & 01))
		return AUDIT_GUARD_NONE;
	if (!(st.st_mode & 010))
		return AUDIT_GUARD_ROOT;
	return st.st_gid == 0 && !has_acl(facts, fd, folder) ? AUDIT_GUARD_ROOT_GROUP
							     : AUDIT_GUARD_NONE;
}

/* Whom the folders above the socket, which @fd is, let through. */
static enum audit_guard guard_of(
	const struct gather *gather, struct audit_facts *facts, int fd)
{
	enum audit_guard best = AUDIT_GUARD_NONE;
	char folder[GATHER_MAX_PATH];
	char *slash;

	if (!gather_real_path(gather, fd, folder))
		return best;
	while ((slash = strrchr(folder, '/')) && slash != folder) {
		*slash = '\0';
		enum audit_guard guard = guard_of_folder(gather, facts, folder);
		best = guard > best ? guard : best;
	}
	return best;
}

/* One without a file is everybody's: unix(7). */
static bool add_abstract(
	struct audit_facts *facts, const char *path, const char *engine)
{
	struct audit_socket *socket = arena_push(
		&facts->arena, &facts->sockets, &facts->nsockets, sizeof(*socket));

	if (socket)
		*socket = (struct audit_socket){
			.path = path, .engine = engine, .mode = 0666};
	return socket != NULL;
}

static bool add_socket(const struct gather *gather, struct audit_facts *facts,
	const char *path, const char *engine)
{
	_cleanup_(cleanup_close) int fd = gather_open(gather, path, O_PATH);
	unsigned char acl[4096];
	char link[64];
	struct stat st;

	int code = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;
	if (code < 0 && !gather_is_absent(code))
		gather_note(facts, path, code);
	if (code < 0 || !S_ISSOCK(st.st_mode))
		return false;
	struct audit_socket *socket = arena_push(
		&facts->arena, &facts->sockets, &facts->nsockets, sizeof(*socket));
	if (!socket)
		return false;
	*socket = (struct audit_socket){
		.path = path,
		.engine = engine,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mode = st.st_mode & 07777,
		.guard = guard_of(gather, facts, fd),
	};
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = getxattr(link, "system.posix_acl_access", acl, sizeof(acl));
	if (len < 0 && errno == ERANGE)
		audit_gap(facts, path, "its access list is too long to be read");
	else if (len > 0 ? system_read_acl(facts, socket, acl, (size_t)len) < 0
			 : len < 0 && !gather_has_none(-errno))
		audit_gap(facts, path, "its access list could not be read");
	if (st.st_nlink > 1)
		audit_gap(facts, path,
			"the socket has another name somewhere, where folders may let "
			"others through");
	return true;
}

/* The inode of the next socket that listens at @path, by /proc/net/unix; 0: none. */
static uint32_t next_listening(struct span *text, const char *path)
{
	struct lines lines = {.rest = *text};
	struct span line;

	while (lines_next(&lines, &line)) {
		struct span field[7];
		uint32_t inode;

		for (size_t i = 0; i < ARRAY_LEN(field); i++)
			field[i] = span_word(&line);
		struct span name = span_trim(line);
		if (span_begins(name, "/var/run/")) {
			name.text += 4;
			name.len -= 4;
		}
		/* Flag 10000: __SO_ACCEPTCON, it listens. */
		*text = lines.rest;
		if (span_is(name, path) && span_is(field[3], "00010000") &&
			span_number(field[6], &inode) && inode != 0)
			return inode;
	}
	return 0;
}

/* 1: the process has it open; 0: it does not; negative errno: that cannot be told. */
static int has_inode(
	const struct gather *gather, const char *folder_path, uint32_t inode)
{
	int fd = gather_open(gather, folder_path, O_RDONLY | O_DIRECTORY);
	_cleanup_(cleanup_closedir) DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	char want[32];

	if (!folder) {
		int code = fd < 0 ? fd : -errno;

		if (fd >= 0)
			(void)close(fd);
		return gather_is_absent(code) ? 0 : code;
	}
	(void)snprintf(want, sizeof(want), "socket:[%u]", inode);
	errno = 0;
	while ((entry = readdir(folder))) { /* NOLINT(concurrency-mt-unsafe) */
		char target[64] = "";

		if (entry->d_name[0] == '.')
			continue;
		ssize_t len = readlinkat(
			dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		if (len < 0 && !gather_is_absent(-errno))
			return -errno;
		if (len > 0 && strcmp(target, want) == 0)
			return 1;
		errno = 0;
	}
	return gather_is_absent(-errno) ? 0 : -errno;
}

/*
 * Whether a process of gate holds the listening socket, and none but it and systemd
 * does. Until somebody connects, systemd alone holds it: then its unit counts.
 */
static bool is_filter(const struct gather *gather, struct audit_facts *facts,
	const char *socket_path, uint32_t inode)
{
	_cleanup_(cleanup_closedir) DIR *folder =
		gather_opendir(gather, facts, "/proc");
	bool gate = false, systemd = false;
	const char *name;
	int unseen = 0;

	while (folder && (name = gather_readdir(facts, folder, "/proc"))) {
		char path[64];
		struct span comm;

		if (name[0] < '0' || name[0] > '9' || strlen(name) > 10)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%.10s/fd", name);
		int has = has_inode(gather, path, inode);
		if (has < 0)
			unseen = has;
		if (has <= 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%.10s/comm", name);
		if (strcmp(name, "1") == 0)
			systemd = true;
		else if (gather_read(gather, facts, path, &comm) &&
			 span_begins(comm, "gate\n"))
			gate = true;
		else
			return false;
	}
	if (unseen < 0)
		audit_gap(facts, socket_path,
			arena_printf(&facts->arena,
				"whether other processes listen at it, too, could not "
				"be seen: %s",
				strerror(-unseen)));
	return gate || (systemd && units_is_gate(facts, socket_path));
}

static void look_at_socket(const struct gather *gather, struct audit_facts *facts,
	struct span listening, const char *path, const char *engine)
{
	if (path[0] == '@' ? !add_abstract(facts, path, engine)
			   : !add_socket(gather, facts, path, engine))
		return;
	struct audit_socket *socket = &facts->sockets[facts->nsockets - 1];
	uint32_t inode;

	if (strcmp(engine, "docker") != 0)
		return;
	/* One whose file was removed keeps its name there: then nobody can say whose
	 * the file is now, and all have to be gate's. */
	for (bool first = true; (inode = next_listening(&listening, path)) != 0;
		first = false) {
		bool filter = is_filter(gather, facts, path, inode);

		socket->filter = filter && (first || socket->filter);
	}
}

/* gate is in front of an engine; where that one listens must be known, too. */
static void note_missing_engine(struct audit_facts *facts)
{
	const char *gate = NULL;

	for (size_t i = 0; i < facts->nsockets; i++) {
		const struct audit_socket *socket = &facts->sockets[i];

		if (socket->filter)
			gate = socket->path;
		else if (strcmp(socket->engine, "docker") == 0)
			return;
	}
	if (gate)
		audit_gap(facts, gate,
			"gate listens here, and the socket of the engine behind it was "
			"not found: who may connect to that one was not seen");
}

void gather_sockets(const struct gather *gather, struct audit_facts *facts)
{
	const struct known_socket *known;
	struct span text = {0};

	(void)gather_read(gather, facts, "/proc/net/unix", &text);
	for (size_t i = 0; (known = known_socket(i)); i++)
		look_at_socket(gather, facts, text, known->path, known->engine);
	for (size_t i = 0; i < facts->npaths; i++) {
		const struct audit_path *path = &facts->paths[i];
		bool is_known = false;

		for (size_t k = 0; (known = known_socket(k)); k++)
			is_known = is_known || strcmp(path->path, known->path) == 0;
		if (!is_known)
			look_at_socket(gather, facts, text, path->path, path->engine);
	}
	note_missing_engine(facts);
}

static bool is_alike(const struct audit_process *a, const struct audit_process *b)
{
	return memcmp(a->gid, b->gid, sizeof(a->gid)) == 0 && a->ngids == b->ngids &&
	       (a->ngids == 0 ||
		       memcmp(a->gids, b->gids, a->ngids * sizeof(*a->gids)) == 0);
}

/* Ids are a thread's own: those that differ from the first one's count, too. */
static void gather_threads(const struct gather *gather, struct audit_facts *facts,
	uint32_t pid, struct span cgroup)
{
	size_t first = facts->nprocesses - 1;
	char path[64], task[64];
	const char *name;

	(void)snprintf(task, sizeof(task), "/proc/%u/task", pid);
	_cleanup_(cleanup_closedir) DIR *folder = gather_opendir(gather, facts, task);
	while (folder && (name = gather_readdir(facts, folder, task))) {
		struct span status;

		(void)snprintf(
			path, sizeof(path), "/proc/%u/task/%.10s/status", pid, name);
		if (!gather_read(gather, facts, path, &status))
			continue;
		size_t before = facts->nprocesses;
		system_read_status(facts, pid, status, cgroup);
		if (facts->nprocesses > before &&
			is_alike(&facts->processes[first], &facts->processes[before]))
			facts->nprocesses--;
	}
}

/* Engines, and what carries bytes to them; @cgroup: of one of root's */
static void gather_command(const struct gather *gather, struct audit_facts *facts,
	uint32_t pid, struct span status, const struct span *cgroup)
{
	struct span rest = status, name = span_cut(&rest, '\n'), words;
	char path[64];

	(void)span_cut(&name, '\t');
	(void)snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	if (!system_is_program(name) || !gather_read(gather, facts, path, &words))
		return;
	const char *place = arena_printf(
		&facts->arena, "process %u (%.*s)", pid, (int)name.len, name.text);
	if (!place)
		return;
	(void)system_read_command(facts, place, words);
	if (cgroup && !system_is_contained(*cgroup))
		nodes_read_process(facts, place, words, *cgroup);
}

static void gather_process(
	const struct gather *gather, struct audit_facts *facts, const char *pid_text)
{
	struct span pid_span = span_of(pid_text);
	struct span status, cgroup = {0};
	char path[64];
	uint32_t pid;

	if (!span_number(pid_span, &pid))
		return;
	(void)snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (!gather_read(gather, facts, path, &status))
		return;
	(void)snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	(void)gather_read(gather, facts, path, &cgroup);
	size_t before = facts->nprocesses;
	system_read_status(facts, pid, status, cgroup);
	bool is_roots = facts->nprocesses == before;
	if (!is_roots)
		gather_threads(gather, facts, pid, cgroup);
	gather_command(gather, facts, pid, status, is_roots ? &cgroup : NULL);
}

void gather_processes(const struct gather *gather, struct audit_facts *facts)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	_cleanup_(cleanup_closedir) DIR *folder =
		gather_opendir(gather, facts, "/proc");
	const char *name;
	struct span text;

	while (folder && (name = gather_readdir(facts, folder, "/proc"))) {
		if (name[0] >= '0' && name[0] <= '9')
			gather_process(gather, facts, name);
	}
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (gather_read(gather, facts, tables[i], &text))
			system_read_ports(facts, text);
	}
}
