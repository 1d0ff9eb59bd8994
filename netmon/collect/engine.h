/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers and networks as Docker and Podman tell them over their sockets. */
#ifndef SEAWALL_NETMON_COLLECT_ENGINE_H
#define SEAWALL_NETMON_COLLECT_ENGINE_H

#include <stdbool.h>

#include "netmon/collect/collect.h"
#include "netmon/model/facts.h"

/**
 * collect_engines() - fill engines, containers, networks and docker_sockets_known
 *
 * docker_sockets_known is set only when every engine that was asked told its
 * containers: only then does an address without a container belong to nobody. An engine
 * that is down, too old or answers nonsense becomes a note.
 */
void collect_engines(struct facts *facts, const struct collect_options *options);

/**
 * engine_is_users() - whether a user other than root owns an engine's socket
 *
 * Such an engine can say what its user likes: it is believed about the containers that
 * are in user namespaces of that user, not about the host's interfaces.
 */
bool engine_is_users(const char *socket_path);

#endif
