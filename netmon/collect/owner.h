/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which process, and which container, holds a socket. */
#ifndef SEAWALL_NETMON_COLLECT_OWNER_H
#define SEAWALL_NETMON_COLLECT_OWNER_H

#include "netmon/model/facts.h"

/**
 * collect_owners() - fill pid, comm, cmdline and container_id of every socket
 * @facts: all namespaces' sockets and the containers must be there
 *
 * One walk over /proc, and none without sockets. Of several owners one in a container
 * is kept, else one that is not process 1, which only hands sockets on. Failures become
 * notes.
 */
void collect_owners(struct facts *facts);

/**
 * owner_cgroup_container() - the container whose cgroup a process is in
 * @facts:  an id that an engine listed wins
 * @cgroup: content of /proc/PID/cgroup
 *
 * Return: its 64 hexadecimal digits in facts->arena, or NULL. A container's monitor
 * (conmon) has the id in its cgroup's name but is not in the container.
 */
const char *owner_cgroup_container(struct facts *facts, const char *cgroup);

#endif
