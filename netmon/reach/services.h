/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of ports worth asking about, by protocol. */
#ifndef SEAWALL_NETMON_REACH_SERVICES_H
#define SEAWALL_NETMON_REACH_SERVICES_H

#include "netmon/model/facts.h"

enum { FAMILY_BIT_4 = 1, FAMILY_BIT_6 = 2, FAMILY_BITS = 3 };

struct service {
	uint8_t proto;
	uint8_t families; /* FAMILY_BIT_*: where anything could answer */
	uint16_t port;
	uint32_t span; /* ports of a wide range that this one stands for; 1 */
};

struct services {
	struct service *v; /* sorted, each once */
	size_t n;
};

/** services_add() - append; a number that is no port is left out. */
void services_add(struct arena *arena, struct services *s, uint8_t proto,
	unsigned int families, u128 port, uint32_t span);

/** services_add_socks() - every port that somebody listens on in a namespace. */
void services_add_socks(
	struct arena *arena, struct services *s, const struct netns *ns);

/** services_sort() - by protocol and port, each once. */
void services_sort(struct services *s);

#endif
