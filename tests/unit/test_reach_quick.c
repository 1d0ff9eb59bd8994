/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the quick comparison says of a packet, the symbolic one must say of all peers.
 */
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/reach/match.h"
#include "netmon/reach/quick.h"
#include "rules_made.h"

struct bed {
	struct ruleset rules;
	struct netns netns;
	struct space space;
	struct arena arena;
	struct link links[2];
	struct route routes[2];
};

static void bed_open(struct bed *bed)
{
	static char padded[3][16] = {"", "eth0", "docker0"};
	static const struct route *sorted[2];

	memset(bed, 0, sizeof(*bed));
	arena_init(&bed->rules.arena, 0);
	arena_init(&bed->space.arena, 0);
	arena_init(&bed->arena, 0);
	bed->links[0] = (struct link){.index = 1, .name = padded[1], .up = true};
	bed->links[1] = (struct link){
		.index = 2, .name = padded[2], .kind = "bridge", .up = true};
	bed->routes[0] = (struct route){.family = FAMILY_IP4,
		.dst = {0xcb007101, FAMILY_IP4, 32},
		.table = RT_TABLE_LOCAL,
		.type = RTN_LOCAL};
	bed->netns.links = bed->links;
	bed->netns.nlinks = 2;
	bed->space.netns = &bed->netns;
	bed->space.rules = &bed->rules;
	bed->space.padded = padded;
	bed->space.npadded = 3;
	sorted[0] = &bed->routes[0];
	bed->space.routes4 = sorted;
	bed->space.nroutes4 = 1;
}

static void bed_close(struct bed *bed)
{
	arena_done(&bed->rules.arena);
	arena_done(&bed->space.arena);
	arena_done(&bed->arena);
}

static struct packet random_packet(uint64_t *seed)
{
	static const uint8_t protos[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP};
	struct packet p;

	memset(&p, 0, sizeof(p));
	p.family = made_random(seed, 4) ? FAMILY_IP4 : FAMILY_IP6;
	p.proto = protos[made_random(seed, 4)];
	p.saddr_peer = made_random(seed, 2);
	p.daddr_peer = !p.saddr_peer;
	p.saddr = MADE_NET + made_random(seed, MADE_SIZE);
	p.daddr = made_random(seed, 2) ? 0xcb007101 : 0xac110002;
	p.sport_unknown = made_random(seed, 2);
	p.dport_unknown = made_random(seed, 4) == 0;
	p.dport = (uint16_t)(79 + made_random(seed, 3));
	p.sport = (uint16_t)(1024 + made_random(seed, 3));
	p.iif = (int)made_random(seed, 3);
	p.oif = (int)made_random(seed, 3);
	p.mark.value = made_random(seed, 3) << 24;
	p.mark.unknown = made_random(seed, 3) ? 0 : 1u << 24;
	p.mark.value &= ~p.mark.unknown;
	p.ct = (uint8_t)made_random(seed, CT_INVALID + 1);
	p.ct_status = made_random(seed, 2) ? IPS_DST_NAT : 0;
	p.ctmark.value = made_random(seed, 2);
	p.mangled = made_random(seed, 8) == 0;
	p.lost = p.mangled && made_random(seed, 2);
	return p;
}

/* Any field that quick.c knows, with its length right or wrong. */
static struct op random_field_op(struct ruleset *rules, uint64_t *seed)
{
	static const struct operand fields[] = {
		{.field = FIELD_L4PROTO, .load_len = 1},
		{.field = FIELD_NFPROTO, .load_len = 1},
		{.field = FIELD_PROTOCOL, .load_len = 2},
		{.field = FIELD_IIF, .load_len = 4},
		{.field = FIELD_OIF, .load_len = 4},
		{.field = FIELD_IIFNAME, .load_len = 16},
		{.field = FIELD_OIFNAME, .load_len = 16},
		{.field = FIELD_MARK, .load_len = 4},
		{.field = FIELD_CT_STATE, .load_len = 4},
		{.field = FIELD_CT_STATUS, .load_len = 4},
		{.field = FIELD_CT_MARK, .load_len = 4},
		{.field = FIELD_FIB_TYPE, .load_len = 4, .fib_flags = NFTA_FIB_F_DADDR},
		{.field = FIELD_FIB_TYPE, .load_len = 4, .fib_flags = NFTA_FIB_F_SADDR},
		{.field = FIELD_SADDR, .load_len = 4},
		{.field = FIELD_DADDR, .load_len = 4},
		{.field = FIELD_DADDR, .load_len = 16},
		{.field = FIELD_SPORT, .load_len = 2},
		{.field = FIELD_DPORT, .load_len = 2},
		{.field = FIELD_PAYLOAD,
			.base = BASE_NETWORK,
			.offset = 9,
			.load_len = 1},
		{.field = FIELD_PAYLOAD,
			.base = BASE_NETWORK,
			.offset = 6,
			.load_len = 1},
		{.field = FIELD_PAYLOAD,
			.base = BASE_NETWORK,
			.offset = 12,
			.load_len = 4},
		{.field = FIELD_PAYLOAD,
			.base = BASE_NETWORK,
			.offset = 16,
			.load_len = 4},
		{.field = FIELD_PAYLOAD,
			.base = BASE_NETWORK,
			.offset = 16,
			.load_len = 2},
		{.field = FIELD_PAYLOAD, .base = BASE_TRANSPORT, .load_len = 2},
		{.field = FIELD_PAYLOAD,
			.base = BASE_TRANSPORT,
			.offset = 2,
			.load_len = 2},
		{.field = FIELD_PAYLOAD, .base = BASE_TRANSPORT, .load_len = 4},
		{.field = FIELD_PAYLOAD,
			.base = BASE_LINK,
			.offset = 12,
			.load_len = 2},
	};
	static const uint64_t numbers[] = {6, 2, 10, 0x0800, 0xcb007101, MADE_NET + 3,
		80, 1024, 0x02000000, 0x08000000, 0, 0x01000000};
	struct arena *arena = &rules->arena;
	struct operand *o = arena_memdup(arena,
		&fields[made_random(seed, sizeof(fields) / sizeof(*fields))],
		sizeof(*o));
	enum cmp cmp = (enum cmp)made_random(seed, CMP_NOT_RANGE + 1);
	uint64_t lo = numbers[made_random(seed, 12)];

	o->len = o->load_len;
	if (o->len == 16 && made_random(seed, 2)) {
		struct op op = made_match(arena, o, cmp, 0, 0, 16);

		op.lo = op.hi = (const uint8_t *)"eth0\0\0\0\0\0\0\0\0\0\0\0";
		return op;
	}
	if (o->len == 4 && made_random(seed, 3) == 0)
		return made_match(arena,
			made_masked(arena, o,
				made_random(seed, 2) ? 0x03000000 : 0xffffff00,
				made_random(seed, 2)),
			cmp, lo, lo + made_random(seed, 3), 4);
	return made_match(arena, o, cmp, lo, lo + made_random(seed, 3), o->len);
}

static struct op random_op(struct ruleset *rules, uint64_t *seed)
{
	return made_random(seed, 3) ? random_field_op(rules, seed)
				    : made_random_op(rules, seed, 0);
}

static void as_match(void **cmocka)
{
	static const enum table_family families[] = {
		TABLE_IP, TABLE_INET, TABLE_BRIDGE, TABLE_NETDEV};
	unsigned int said[3] = {0};
	(void)cmocka;

	for (uint64_t round = 1; round <= 60000; round++) {
		uint64_t seed = round * 104729;
		struct split split = {0};
		struct bed bed;
		enum quick quick;

		bed_open(&bed);
		struct packet packet = random_packet(&seed);
		struct op op = random_op(&bed.rules, &seed);
		const struct ivset *peers =
			ivset_range(&bed.arena, MADE_NET, MADE_NET + MADE_SIZE - 1);
		struct view view = {.space = &bed.space,
			.packet = &packet,
			.family = families[made_random(&seed, 4)],
			.hook = HOOK_PREROUTING,
			.arena = &bed.arena,
			.peers = peers};

		quick = quick_match(&view, &op);
		match_op(&view, &op, peers, &split);
		/* Nobody is lost between both sides. */
		assert_true(ivset_equal(
			ivset_union(&bed.arena, split.yes, split.no), peers));
		if (quick == QUICK_YES)
			assert_true(ivset_is_empty(split.no));
		if (quick == QUICK_NO)
			assert_true(ivset_is_empty(split.yes));
		said[quick]++;
		bed_close(&bed);
	}
	assert_true(said[QUICK_YES] > 1000 && said[QUICK_NO] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_match)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
