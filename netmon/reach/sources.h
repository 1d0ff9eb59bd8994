/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interfaces strangers arrive by, and which addresses each zone has there. */
#ifndef SEAWALL_NETMON_REACH_SOURCES_H
#define SEAWALL_NETMON_REACH_SOURCES_H

#include "common/zone.h"
#include "netmon/reach/host.h"

#define ALL_ZONES ((1u << ZONE_COUNT) - 1) /* of source.joined */

/* One way in: an interface, and who can send by it. */
struct source {
	int ifindex;
	bool perimeter;
	enum family family;
	const struct ivset *zone[ZONE_COUNT]; /* disjoint; never NULL */
	/* The union of those zones whose bits are set. */
	const struct ivset *joined[1 << ZONE_COUNT];
};

/**
 * sources_collect() - every way in of one family
 * @arena: of the result
 *
 * Perimeter interfaces have all three zones; any other interface that leads out of the
 * host (not loopback, not a container network's without a port to the outside) has the
 * neighbours on its link and the addresses that are routed by it: they are `private`,
 * or `adjacent` where they are neighbours with public addresses. The host's own
 * addresses and on-link prefixes are in no zone but `adjacent`. Return: how many.
 */
size_t sources_collect(struct reach *reach, struct arena *arena, enum family family,
	struct source **ret_sources);

#endif
