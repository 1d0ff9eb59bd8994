/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an answer would go next: the kernel's routes and neighbours, asked. */
#ifndef SEAWALL_NETMON_CONFIRM_NEIGH_H
#define SEAWALL_NETMON_CONFIRM_NEIGH_H

#include "netmon/confirm/plan.h"

/**
 * neigh_read() - the kernel's neighbour tables, both families
 * @arena:          of the result
 * @ret_neighbours: those with an Ethernet address, or that were asked for in vain
 *
 * Return: 0 or -errno of the netlink socket.
 */
int neigh_read(struct arena *arena, struct neighbour **ret_neighbours, size_t *ret_n,
	struct err *err) _must_check_;

/**
 * neigh_next_hop() - the neighbour that a packet to @to is handed to
 * @link:        where a link-local address is; 0 for any other
 * @ret_hop:     the gateway, or @to itself on its own link
 * @ret_ifindex: the interface it leaves by
 *
 * As an unmarked packet is routed: a route that depends on marks or on the source may
 * say otherwise. Return: 0; -ENETUNREACH and other errors of the kernel's.
 */
int neigh_next_hop(const struct addr *to, int link, struct addr *ret_hop,
	int *ret_ifindex, struct err *err) _must_check_;

/** neigh_find() - the entry of @addr on @ifindex, or NULL. */
const struct neighbour *neigh_find(const struct neighbour *neighbours, size_t n,
	int ifindex, const struct addr *addr);

#endif
