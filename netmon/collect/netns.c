/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that one network namespace holds; the containers' namespaces. */
#include "netmon/collect/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netmon/collect/engine.h"
#include "netmon/collect/group.h"
#include "netmon/collect/ipset.h"
#include "netmon/collect/legacy.h"
#include "netmon/collect/nft.h"
#include "netmon/collect/nsid.h"
#include "netmon/collect/owner.h"
#include "netmon/collect/program.h"
#include "netmon/collect/rtnl.h"
#include "netmon/collect/socks.h"
#include "netmon/collect/sysctl.h"

/*
 * Theory of operation. A network namespace belongs to a thread, so one thread visits
 * all containers' namespaces and ends; the process's other threads never move. While it
 * works its starter waits, so facts have one writer. Files below /proc/thread-self/net
 * and /proc/sys/net show the namespace of the thread that reads them.
 */

enum { DESCRIPTORS_MAX = 256 }; /* of namespaces, as long as they are read */

struct visit {
	struct facts *facts;
	struct nsid_place *places; /* the host, and facts->netns in the same order */
	size_t nplaces;
	ino_t *inodes; /* of facts->netns, in the same order */
	size_t ninodes;
	ino_t host, userns;
};

void collect_netns(struct facts *facts, struct netns *netns)
{
	collect_legacy(facts, netns);
	collect_ipset(facts, netns);
	collect_rtnl(facts, netns);
	collect_sysctl(facts, netns);
	collect_socks(facts, netns);
	collect_groups(facts, netns);
	collect_programs(facts, netns);
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static bool read_cgroup(int pid, char *text, size_t size)
{
	char path[64];
	_cleanup_(cleanup_fclose) FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	text[fread(text, 1, size - 1, file)] = '\0';
	return true;
}

/*
 * Whether a process can be the container's. The number is the engine's word, and where
 * the engine lives in another pid namespace it means another process here, or the
 * engine is a user's and lies.
 */
static const char *doubt(const struct visit *visit, const struct container *container)
{
	char path[64], cgroup[8192], own[8192];
	const char *id;

	if (engine_is_users(container->engine)) {
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", container->pid);
		if (inode_of(path) == visit->userns)
			return "a user's engine names a process outside user "
			       "namespaces";
	}
	if (!read_cgroup(container->pid, cgroup, sizeof(cgroup)) ||
		strstr(cgroup, container->id))
		return NULL;
	id = owner_cgroup_container(visit->facts, cgroup);
	if (id && read_cgroup(getpid(), own, sizeof(own)) && !strstr(own, id))
		return "its process belongs to another container";
	return NULL;
}

static void add_place(struct visit *visit, struct netns *netns, const char *path)
{
	struct nsid_place *place = arena_push(
		&visit->facts->arena, &visit->places, &visit->nplaces, sizeof(*place));

	if (place)
		*place = (struct nsid_place){
			netns, visit->nplaces > DESCRIPTORS_MAX
				       ? -1
				       : open(path, O_RDONLY | O_CLOEXEC)};
}

static struct netns *add_netns(struct visit *visit, ino_t inode)
{
	struct facts *facts = visit->facts;
	struct netns **place = arena_push(
		&facts->arena, &facts->netns, &facts->nnetns, sizeof(*place));
	ino_t *known = arena_push(
		&facts->arena, &visit->inodes, &visit->ninodes, sizeof(*visit->inodes));
	struct netns *netns = arena_alloc(&facts->arena, sizeof(*netns));

	if (!place || !known || !netns)
		return NULL;
	*place = netns;
	*known = inode;
	netns->id = arena_printf(&facts->arena, "netns:%" PRIuMAX, (uintmax_t)inode);
	return netns->id ? netns : NULL;
}

static struct netns *find_netns(const struct visit *visit, ino_t inode)
{
	if (inode == visit->host)
		return visit->facts->host;
	for (size_t i = 0; i < visit->ninodes; i++) {
		if (visit->inodes[i] == inode)
			return visit->facts->netns[i];
	}
	return NULL;
}

/* Enters a container's namespace and reads it, unless that was done before. */
static int visit_container(struct visit *visit, struct container *container)
{
	char path[64];
	struct stat st;
	struct netns *netns;
	_cleanup_(cleanup_close) int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", container->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	netns = find_netns(visit, st.st_ino);
	if (!netns) {
		if (setns(fd, CLONE_NEWNET) < 0)
			return -errno;
		netns = add_netns(visit, st.st_ino);
		if (!netns)
			return -ENOMEM;
		add_place(visit, netns, "/proc/thread-self/ns/net");
		collect_nft(visit->facts, netns);
		collect_netns(visit->facts, netns);
	}
	container->netns = netns;
	return 0;
}

static void *visit_all(void *data)
{
	struct visit *visit = data;
	struct facts *facts = visit->facts;

	add_place(visit, facts->host, "/proc/thread-self/ns/net");
	for (size_t i = 0; i < facts->ncontainers; i++) {
		struct container *container = &facts->containers[i];
		const char *why;
		int r;

		if (container->pid <= 0)
			continue;
		why = doubt(visit, container);
		r = why ? 0 : visit_container(visit, container);
		if (r < 0)
			why = strerror(-r);
		if (!why)
			continue;
		facts_note(facts, "netns-unreadable", container->id, true,
			"the network namespace of container %s (process %d) could not "
			"be "
			"read: %s",
			container->name ? container->name : container->id,
			container->pid, why);
		if (r == 0) /* its number must not name owners of sockets either */
			container->pid = 0;
	}
	collect_nsids(facts, visit->places, visit->nplaces);
	for (size_t i = 0; i < visit->nplaces; i++)
		if (visit->places[i].fd >= 0)
			(void)close(visit->places[i].fd);
	return NULL;
}

void collect_container_netns(struct facts *facts)
{
	struct visit visit = {
		.facts = facts,
		.host = inode_of("/proc/thread-self/ns/net"),
		.userns = inode_of("/proc/thread-self/ns/user"),
	};
	pthread_t thread;
	bool any = false;
	int r;

	for (size_t i = 0; i < facts->ncontainers; i++)
		any |= facts->containers[i].pid > 0;
	if (!any)
		return;
	r = pthread_create(&thread, NULL, visit_all, &visit);
	if (r == 0)
		r = pthread_join(thread, NULL);
	if (r != 0)
		facts_note(facts, "netns-unreadable", "containers", true,
			"no thread to visit the containers' namespaces: %s",
			strerror(r));
}
