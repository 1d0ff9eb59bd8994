/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which socket gets a packet, and whose it is. */
#ifndef SEAWALL_NETMON_REACH_LISTEN_H
#define SEAWALL_NETMON_REACH_LISTEN_H

#include "netmon/reach/host.h"
#include "netmon/reach/packet.h"

struct listener {
	enum tri listens;
	const struct sock *sock;
	enum path path; /* HOST_SERVICE, HOST_NETWORK or DOCKER_PROXY */
	const struct container *container;
	struct addr target; /* DOCKER_PROXY: what it forwards to; family NONE unknown */
	uint16_t target_port;
	const char *text; /* "docker-proxy (pid 12)": in reach->arena or static */
};

/**
 * listen_find() - the socket that the kernel would choose (inet_lookup_listener(),
 * udp4_lib_lookup2()): bound address before wildcard, IPv4 socket before dual-stack
 */
void listen_find(struct reach *reach, const struct space *space,
	const struct packet *packet, struct listener *ret_listener);

/**
 * listen_sharers() - whose the sockets are that may get the packet, @first's included
 * @many: the packet is for many: every socket that it fits gets a copy
 *        (__udp4_lib_mcast_deliver()), else the kernel chooses among those that fit
 *        as well (SO_REUSEPORT, SO_REUSEADDR)
 * @ret:  one for each owner, in @arena
 *
 * Return: how many; 0: out of memory.
 */
size_t listen_sharers(struct reach *reach, const struct space *space,
	const struct packet *packet, bool many, const struct listener *first,
	struct arena *arena, struct listener **ret);

/** listen_any() - whether anything in the namespace listens on the port. */
enum tri listen_any(const struct space *space, uint8_t proto, uint16_t port);

/** listen_is_forwarder() - a process that carries connections to a container. */
bool listen_is_forwarder(const struct sock *sock);

#endif
