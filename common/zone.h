/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses "internet" and "private" mean, by the IANA special-purpose
 * registries. */
#ifndef SEAWALL_COMMON_ZONE_H
#define SEAWALL_COMMON_ZONE_H

#include "common/ivset.h"

/* Where a packet comes from, seen from the host. */
enum zone {
	ZONE_INTERNET = 0,
	ZONE_PRIVATE,
	ZONE_ADJACENT,
	ZONE_COUNT,
};

/** zone_name() - "internet", "private", "adjacent". */
const char *zone_name(enum zone zone);

/**
 * zone_internet() - public unicast space of the family
 *
 * All addresses less those that the IANA IPv4/IPv6 Special-Purpose Address Registries
 * list as not globally reachable, multicast and reserved space. 198.51.100.0/24,
 * 203.0.113.0/24, 192.0.2.0/24, 2001:db8::/32 and 3fff::/20 (documentation) are
 * Internet: they stand for strangers in probes, tests and examples, and calling a
 * packet from them anything else would hide an exposure. For IPv6: 2000::/3 and
 * 64:ff9b::/96, less what the registry takes out of it.
 */
const struct ivset *zone_internet(struct arena *arena, enum family family);

/** zone_private() - RFC 1918, RFC 6598 (CGNAT), RFC 4193 (ULA). */
const struct ivset *zone_private(struct arena *arena, enum family family);

/** zone_is_link_local() - fe80::/10: it means one link, and no router carries it. */
bool zone_is_link_local(const struct addr *addr);

/** zone_is_multicast() - 224.0.0.0/4 or ff00::/8. */
bool zone_is_multicast(const struct addr *addr);

/** zone_is_loopback() - 127.0.0.0/8 or ::1, which no wire has. */
bool zone_is_loopback(const struct addr *addr);

#endif
