/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses "internet" and "private" mean, by the IANA special-purpose
 * registries. */
#include "common/zone.h"

#include "common/cleanup.h"

/* An IPv6 prefix by the upper 64 bits of its address; all rows are at most /64 ... */
#define IP6(high, length)                                                          \
	{                                                                          \
		.value = (u128)(high) << 64, .family = FAMILY_IP6, .len = (length) \
	}
/* ... but single addresses, by both halves. */
#define IP6_HOST(high, low)                                                           \
	{                                                                             \
		.value = (u128)(high) << 64 | (low), .family = FAMILY_IP6, .len = 128 \
	}
#define IP4(a, b, c, d, length)                                        \
	{                                                              \
		.value = (u128)(a) << 24 | (b) << 16 | (c) << 8 | (d), \
		.family = FAMILY_IP4, .len = (length)                  \
	}

struct table {
	const struct prefix *rows;
	size_t count;
};
#define TABLE(array)                                       \
	{                                                  \
		.rows = (array), .count = ARRAY_LEN(array) \
	}

static const struct prefix unicast_ip4[] = {IP4(0, 0, 0, 0, 0)};

/* "Globally reachable: false" in the IPv4 registry, multicast, reserved space. */
static const struct prefix special_ip4[] = {
	IP4(0, 0, 0, 0, 8),	 /* this network, RFC 791 */
	IP4(10, 0, 0, 0, 8),	 /* private use, RFC 1918 */
	IP4(100, 64, 0, 0, 10),	 /* shared address space, RFC 6598 */
	IP4(127, 0, 0, 0, 8),	 /* loopback, RFC 1122 */
	IP4(169, 254, 0, 0, 16), /* link local, RFC 3927 */
	IP4(172, 16, 0, 0, 12),	 /* private use, RFC 1918 */
	IP4(192, 0, 0, 0, 24),	 /* IETF protocol assignments, RFC 6890 */
	IP4(192, 88, 99, 2, 32), /* 6a44 relay anycast, RFC 6751 */
	IP4(192, 168, 0, 0, 16), /* private use, RFC 1918 */
	IP4(198, 18, 0, 0, 15),	 /* benchmarking, RFC 2544 */
	IP4(224, 0, 0, 0, 4),	 /* multicast, RFC 1112 */
	IP4(240, 0, 0, 0, 4),	 /* reserved and limited broadcast, RFC 1112, 8190 */
};

/* More specific entries of the registry that are globally reachable after all. */
static const struct prefix reachable_ip4[] = {
	IP4(192, 0, 0, 9, 32),	/* Port Control Protocol anycast, RFC 7723 */
	IP4(192, 0, 0, 10, 32), /* TURN anycast, RFC 8155 */
};

static const struct prefix private_ip4[] = {
	IP4(10, 0, 0, 0, 8),
	IP4(100, 64, 0, 0, 10),
	IP4(172, 16, 0, 0, 12),
	IP4(192, 168, 0, 0, 16),
};

static const struct prefix unicast_ip6[] = {
	IP6(0x2000000000000000, 3),
	/* NAT64, RFC 6052: /96, whose last 32 bits are the stranger's IPv4 address */
	{.value = (u128)0x0064ff9b << 96, .family = FAMILY_IP6, .len = 96},
};

static const struct prefix special_ip6[] = {
	IP6(0x2001000000000000, 23), /* IETF protocol assignments, RFC 2928 */
};

static const struct prefix reachable_ip6[] = {
	IP6(0x2001000000000000, 32),	 /* Teredo, RFC 4380: neither true nor false */
	IP6_HOST(0x2001000100000000, 1), /* Port Control Protocol anycast, RFC 7723 */
	IP6_HOST(0x2001000100000000, 2), /* TURN anycast, RFC 8155 */
	IP6_HOST(0x2001000100000000, 3), /* DNS-SD SRP anycast, RFC 9665 */
	IP6(0x2001000300000000, 32),	 /* AMT, RFC 7450 */
	IP6(0x2001000401120000, 48),	 /* AS112-v6, RFC 7535 */
	IP6(0x2001002000000000, 28),	 /* ORCHIDv2, RFC 7343 */
	IP6(0x2001003000000000, 28),	 /* drone remote id tags, RFC 9374 */
};

static const struct prefix private_ip6[] = {IP6(0xfc00000000000000, 7)};

static const struct {
	struct table unicast, special, reachable, private;
} tables[] = {
	{TABLE(unicast_ip4), TABLE(special_ip4), TABLE(reachable_ip4),
		TABLE(private_ip4)},
	{TABLE(unicast_ip6), TABLE(special_ip6), TABLE(reachable_ip6),
		TABLE(private_ip6)},
};

static const struct ivset *table_set(struct arena *arena, const struct table *table)
{
	struct iv ranges[16];

	_Static_assert(ARRAY_LEN(special_ip4) <= ARRAY_LEN(ranges), "longest table");
	for (size_t i = 0; i < table->count; i++)
		ranges[i] = (struct iv){
			.lo = table->rows[i].value, .hi = prefix_last(&table->rows[i])};
	return ivset_from(arena, ranges, table->count);
}

const char *zone_name(enum zone zone)
{
	switch (zone) {
	case ZONE_INTERNET:
		return "internet";
	case ZONE_PRIVATE:
		return "private";
	case ZONE_ADJACENT:
		return "adjacent";
	case ZONE_COUNT:
		break;
	}
	return "unknown";
}

const struct ivset *zone_internet(struct arena *arena, enum family family)
{
	size_t row = family == FAMILY_IP6;
	const struct ivset *set = table_set(arena, &tables[row].unicast);

	set = ivset_subtract(arena, set, table_set(arena, &tables[row].special));
	return ivset_union(arena, set, table_set(arena, &tables[row].reachable));
}

const struct ivset *zone_private(struct arena *arena, enum family family)
{
	return table_set(arena, &tables[family == FAMILY_IP6].private);
}

bool zone_is_link_local(const struct addr *addr)
{
	return addr->family == FAMILY_IP6 && (addr->value >> 118) == 0x3fa;
}

bool zone_is_multicast(const struct addr *addr)
{
	return addr->family == FAMILY_IP4 ? addr->value >> 28 == 14
					  : addr->value >> 120 == 0xff;
}

bool zone_is_loopback(const struct addr *addr)
{
	return addr->family == FAMILY_IP4 ? addr->value >> 24 == 127 : addr->value == 1;
}
