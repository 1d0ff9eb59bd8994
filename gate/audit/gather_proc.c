/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and their groups; sockets, who listens at them, and who may connect. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "gate/audit/gather.h"
#include "gate/audit/system.h"
#include "gate/audit/units.h"

static const struct {
	const char *path, *engine;
} known_sockets[] = {
	{"/run/docker.sock", "docker"},
	{"/run/docker/engine.sock", "docker"},
	{"/run/seawall/engine.sock", "docker"},
	{"/run/containerd/containerd.sock", "containerd"},
	{"/run/docker/containerd/containerd.sock", "containerd"},
	{"/run/containerd/containerd.sock.ttrpc", "containerd"},
	{"/run/docker/swarm/control.sock", "swarm"},
	{"/run/k3s/containerd/containerd.sock", "containerd"},
	{"/run/k0s/containerd.sock", "containerd"},
	{"/var/snap/microk8s/common/run/containerd.sock", "containerd"},
	{"/run/podman/podman.sock", "podman"},
	{"/run/crio/crio.sock", "crio"},
	{"/run/cri-dockerd.sock", "cri-dockerd"},
	{"/run/buildkit/buildkitd.sock", "buildkit"},
	{"/var/lib/lxd/unix.socket", "lxd"},
	{"/var/snap/lxd/common/lxd/unix.socket", "lxd"},
	{"/var/lib/incus/unix.socket", "incus"},
	{"/run/incus/unix.socket", "incus"},
};

/* An access list names somebody besides: the mode's group bits are its mask then. */
static bool has_acl(int fd)
{
	char link[64];

	/* fgetxattr(2) takes no O_PATH descriptor. */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return getxattr(link, "system.posix_acl_access", NULL, 0) > 0;
}

/* Who is in root's group without being root. */
static bool has_root_group(const struct audit_facts *facts)
{
	for (size_t i = 0; i < facts->nusers; i++) {
		if (facts->users[i].gid == 0 && facts->users[i].uid != 0)
			return true;
	}
	for (size_t i = 0; i < facts->ngroups; i++) {
		const struct audit_names *members = &facts->groups[i].members;

		if (facts->groups[i].gid == 0 &&
			(members->n > 1 || (members->n == 1 && strcmp(members->items[0],
								       "root") != 0)))
			return true;
	}
	return false;
}

/* Whether a folder above the socket, which @fd is, lets nobody but root through. */
static bool is_guarded(
	const struct gather *gather, const struct audit_facts *facts, int fd)
{
	char folder[GATHER_MAX_PATH];
	char *slash;

	if (!gather_real_path(gather, fd, folder))
		return false;
	while ((slash = strrchr(folder, '/')) && slash != folder) {
		_cleanup_(cleanup_close) int folder_fd = -1;
		struct stat st;

		*slash = '\0';
		folder_fd = gather_open(gather, folder, O_PATH | O_DIRECTORY);
		if (folder_fd < 0 || fstat(folder_fd, &st) < 0 || st.st_uid != 0 ||
			(st.st_mode & 01))
			continue;
		if (!(st.st_mode & 010) || (st.st_gid == 0 && !has_acl(folder_fd) &&
						   !has_root_group(facts)))
			return true;
	}
	return false;
}

/* One without a file is everybody's: unix(7). */
static bool add_abstract(struct audit_facts *facts, const char *path)
{
	struct audit_socket *socket = arena_push(
		&facts->arena, &facts->sockets, &facts->nsockets, sizeof(*socket));

	if (socket)
		*socket = (struct audit_socket){
			.path = path, .engine = "docker", .mode = 0666};
	return socket != NULL;
}

static bool add_socket(const struct gather *gather, struct audit_facts *facts,
	const char *path, const char *engine)
{
	_cleanup_(cleanup_close) int fd = gather_open(gather, path, O_PATH);
	unsigned char acl[4096];
	char link[64];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		if (fd == -EACCES)
			audit_gap(facts, path, "not seen: Permission denied");
		return false;
	}
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
		.guarded = is_guarded(gather, facts, fd),
	};
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = getxattr(link, "system.posix_acl_access", acl, sizeof(acl));
	if (len > 0 && system_read_acl(facts, socket, acl, (size_t)len) < 0)
		audit_gap(facts, path, "its access list could not be read");
	else if (len < 0 && errno == ERANGE)
		audit_gap(facts, path, "its access list is too long to be read");
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

static bool has_inode(
	const struct gather *gather, const char *folder_path, uint32_t inode)
{
	_cleanup_(cleanup_close) int fd =
		gather_open(gather, folder_path, O_RDONLY | O_DIRECTORY);
	_cleanup_(cleanup_closedir) DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	char want[32];
	const char *name;

	if (!folder)
		return false;
	fd = -1;
	(void)snprintf(want, sizeof(want), "socket:[%u]", inode);
	while ((name = gather_readdir(folder))) {
		char target[64] = "";
		ssize_t len =
			readlinkat(dirfd(folder), name, target, sizeof(target) - 1);

		if (len > 0 && strcmp(target, want) == 0)
			return true;
	}
	return false;
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

	while (folder && (name = gather_readdir(folder))) {
		char path[64];
		struct span comm;

		if (name[0] < '0' || name[0] > '9' || strlen(name) > 10)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%.10s/fd", name);
		if (!has_inode(gather, path, inode))
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
	return gate || (systemd && units_is_gate(facts, socket_path));
}

static void look_at_socket(const struct gather *gather, struct audit_facts *facts,
	struct span listening, const char *path, const char *engine)
{
	if (path[0] == '@' ? !add_abstract(facts, path)
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

void gather_sockets(const struct gather *gather, struct audit_facts *facts)
{
	struct span text = {0};

	(void)gather_read(gather, facts, "/proc/net/unix", &text);
	for (size_t i = 0; i < ARRAY_LEN(known_sockets); i++)
		look_at_socket(gather, facts, text, known_sockets[i].path,
			known_sockets[i].engine);
	for (size_t i = 0; i < facts->npaths; i++) {
		const struct audit_path *path = &facts->paths[i];
		bool known = false;

		for (size_t k = 0; k < ARRAY_LEN(known_sockets); k++)
			known = known || strcmp(path->path, known_sockets[k].path) == 0;
		if (!known)
			look_at_socket(gather, facts, text, path->path, path->engine);
	}
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
	char path[64];
	const char *name;

	(void)snprintf(path, sizeof(path), "/proc/%u/task", pid);
	_cleanup_(cleanup_closedir) DIR *folder = gather_opendir(gather, facts, path);
	while (folder && (name = gather_readdir(folder))) {
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

/* Engines, and what carries bytes to them, by the name that the kernel cuts short. */
static void gather_command(const struct gather *gather, struct audit_facts *facts,
	uint32_t pid, struct span status)
{
	static const char *const programs[] = {
		"dockerd", "podman", "buildkitd", "containerd", "crio", "socat"};
	struct span rest = status, name = span_cut(&rest, '\n'), words;
	char path[64];
	bool known = false;

	(void)span_cut(&name, '\t');
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		known = known || span_is(name, programs[i]);
	(void)snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	if (!known || !gather_read(gather, facts, path, &words))
		return;
	const char *place = arena_printf(
		&facts->arena, "process %u (%.*s)", pid, (int)name.len, name.text);
	if (place)
		(void)system_read_command(facts, place, words);
}

static void gather_process(
	const struct gather *gather, struct audit_facts *facts, const char *pid_text)
{
	struct span pid_span = {pid_text, strlen(pid_text)};
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
	if (facts->nprocesses > before)
		gather_threads(gather, facts, pid, cgroup);
	gather_command(gather, facts, pid, status);
}

void gather_processes(const struct gather *gather, struct audit_facts *facts)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	_cleanup_(cleanup_closedir) DIR *folder =
		gather_opendir(gather, facts, "/proc");
	const char *name;
	struct span text;

	while (folder && (name = gather_readdir(folder))) {
		if (name[0] >= '0' && name[0] <= '9')
			gather_process(gather, facts, name);
	}
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (gather_read(gather, facts, tables[i], &text))
			system_read_ports(facts, text);
	}
}
