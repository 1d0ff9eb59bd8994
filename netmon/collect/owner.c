/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which process, and which container, holds a socket. */
#include "netmon/collect/owner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netmon/model/cmdline.h"

/*
 * Theory of operation. A socket's inode is unique over all namespaces, and whoever
 * holds it has a descriptor whose link says "socket:[INODE]". The sockets are sorted by
 * inode and every descriptor of every process is looked up among them. Reading a
 * process's name, arguments and cgroup is left to those that hold one.
 */
enum {
	ID_DIGITS = 64,
	ANCESTORS_MAX = 64,
	CMDLINE_MAX = 16 * 1024,
	CGROUP_MAX = 16 * 1024,
};

/* How good an owner is; a better one replaces it. */
enum rank {
	RANK_NONE = 0,
	RANK_INIT,
	RANK_PROCESS,
	RANK_CONTAINER,
};

struct entry {
	uint64_t inode;
	struct sock *sock;
	enum rank rank;
};

/* The process whose descriptors are being looked up. */
struct process {
	int pid, dir;
	bool known; /* what follows was read */
	enum rank rank;
	const char *comm, *cmdline, *container_id;
};

struct scan {
	struct facts *facts;
	struct entry *entries;
	size_t nentries, nowned;
	size_t nrefused; /* processes whose descriptors may not be seen */
	const struct container **by_pid;
	size_t nby_pid;
};

static int compare_entry(const void *a, const void *b)
{
	uint64_t x = ((const struct entry *)a)->inode,
		 y = ((const struct entry *)b)->inode;

	return (x > y) - (x < y);
}

static int compare_pid(const void *a, const void *b)
{
	int x = (*(const struct container *const *)a)->pid,
	    y = (*(const struct container *const *)b)->pid;

	return (x > y) - (x < y);
}

/* A whole small file below the process's folder; terminated; -errno. */
static ssize_t read_small(int dir, const char *name, char *buffer, size_t size)
{
	_cleanup_(cleanup_close) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		ssize_t n = read(fd, buffer + len, size - 1 - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buffer[len] = '\0';
	return (ssize_t)len;
}

static bool ends_with(const char *start, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - start) >= len && memcmp(end - len, word, len) == 0;
}

const char *owner_cgroup_container(struct facts *facts, const char *cgroup)
{
	const char *found = NULL;

	for (const char *at = cgroup; *at;) {
		size_t digits = strspn(at, "0123456789abcdef");
		char id[ID_DIGITS + 1];

		if (digits != ID_DIGITS || ends_with(cgroup, at, "conmon-")) {
			at += digits ? digits : 1;
			continue;
		}
		memcpy(id, at, ID_DIGITS);
		id[ID_DIGITS] = '\0';
		if (facts_container(facts, id))
			return facts_container(facts, id)->id;
		if (!found)
			found = arena_strdup(&facts->arena, id);
		at += digits;
	}
	return found;
}

/* The parent of @pid; 0 when it has none or is gone. */
static int parent_of(int pid)
{
	char path[64], text[1024];
	const char *after;
	int parent = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	/* The name, in parentheses, may hold any byte. */
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

static const char *ancestor_container(const struct scan *scan, int pid)
{
	for (int i = 0; pid > 1 && scan->nby_pid && i < ANCESTORS_MAX; i++) {
		const struct container key = {.pid = pid}, *of = &key;
		const struct container **found = bsearch(&of, scan->by_pid,
			scan->nby_pid, sizeof(*scan->by_pid), compare_pid);

		if (found)
			return (*found)->id;
		pid = parent_of(pid);
	}
	return NULL;
}

static void read_process(struct scan *scan, struct process *process)
{
	struct arena *arena = &scan->facts->arena;
	char comm[64], argv[CMDLINE_MAX], cgroup[CGROUP_MAX];
	ssize_t len;

	process->known = true;
	if (read_small(process->dir, "comm", comm, sizeof(comm)) > 0) {
		comm[strcspn(comm, "\n")] = '\0';
		process->comm = arena_strdup(arena, comm);
	}
	len = read_small(process->dir, "cmdline", argv, sizeof(argv));
	if (len > 0)
		process->cmdline =
			facts_cmdline(arena, process->comm, argv, (size_t)len);
	if (read_small(process->dir, "cgroup", cgroup, sizeof(cgroup)) > 0)
		process->container_id = owner_cgroup_container(scan->facts, cgroup);
	if (!facts_container(scan->facts, process->container_id)) {
		const char *id = ancestor_container(scan, process->pid);

		process->container_id = id ? id : process->container_id;
	}
	process->rank = process->container_id ? RANK_CONTAINER
			: process->pid == 1   ? RANK_INIT
					      : RANK_PROCESS;
}

static void own(struct scan *scan, struct process *process, uint64_t inode)
{
	const struct entry key = {.inode = inode};
	struct entry *found = bsearch(&key, scan->entries, scan->nentries,
		sizeof(*scan->entries), compare_entry);

	if (!found)
		return;
	if (!process->known)
		read_process(scan, process);
	while (found > scan->entries && found[-1].inode == inode)
		found--;
	for (; found < scan->entries + scan->nentries && found->inode == inode;
		found++) {
		if (process->rank <= found->rank)
			continue;
		scan->nowned += found->rank == RANK_NONE;
		found->rank = process->rank;
		found->sock->pid = process->pid;
		found->sock->comm = process->comm;
		found->sock->cmdline = process->cmdline;
		found->sock->container_id = process->container_id;
	}
}

static void scan_descriptors(struct scan *scan, struct process *process)
{
	int fd = openat(process->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!list) {
		scan->nrefused += errno == EACCES || errno == EPERM;
		cleanup_close(&fd);
		return;
	}
	while ((entry = readdir(list))) {
		char target[64];
		uint64_t inode;
		ssize_t len;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		len = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1)
			own(scan, process, inode);
	}
	(void)closedir(list);
}

static int scan_processes(struct scan *scan)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		struct process process = {.dir = -1};

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		process.pid = (int)strtol(entry->d_name, NULL, 10);
		process.dir = openat(
			dirfd(proc), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (process.dir >= 0)
			scan_descriptors(scan, &process);
		cleanup_close(&process.dir);
	}
	(void)closedir(proc);
	return 0;
}

static size_t add_entries(struct entry *entries, const struct netns *netns)
{
	size_t count = 0;

	for (size_t i = 0; i < netns->nsocks; i++) {
		if (netns->socks[i].inode)
			entries[count++] =
				(struct entry){.inode = netns->socks[i].inode,
					.sock = &netns->socks[i]};
	}
	return count;
}

static int prepare(struct scan *scan)
{
	struct facts *facts = scan->facts;
	size_t count = facts->host->nsocks;

	for (size_t i = 0; i < facts->nnetns; i++)
		count += facts->netns[i]->nsocks;
	scan->entries = calloc(count + 1, sizeof(*scan->entries));
	scan->by_pid = calloc(facts->ncontainers + 1, sizeof(*scan->by_pid));
	if (!scan->entries || !scan->by_pid)
		return -ENOMEM;
	scan->nentries = add_entries(scan->entries, facts->host);
	for (size_t i = 0; i < facts->nnetns; i++)
		scan->nentries +=
			add_entries(scan->entries + scan->nentries, facts->netns[i]);
	qsort(scan->entries, scan->nentries, sizeof(*scan->entries), compare_entry);
	for (size_t i = 0; i < facts->ncontainers; i++) {
		if (facts->containers[i].pid > 0)
			scan->by_pid[scan->nby_pid++] = &facts->containers[i];
	}
	qsort(scan->by_pid, scan->nby_pid, sizeof(*scan->by_pid), compare_pid);
	return 0;
}

void collect_owners(struct facts *facts)
{
	struct scan scan = {.facts = facts};
	int r = prepare(&scan);

	if (r == 0 && scan.nentries)
		r = scan_processes(&scan);
	if (r < 0 || (scan.nrefused && scan.nowned < scan.nentries))
		facts_note(facts, "sockets-no-owner", "/proc", false,
			"the owners of %zu of %zu sockets are not known: %s",
			scan.nentries - scan.nowned, scan.nentries,
			strerror(r < 0 ? -r : EACCES));
	free(scan.entries);
	free(scan.by_pid);
}
