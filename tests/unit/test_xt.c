/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt extensions: what recorded rules do, and infos that iptables no longer writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_set.h>
#include <linux/netfilter/xt_tcpudp.h>

#include <stdio.h>
#include <string.h>

#include "netmon/model/xt.h"
#include "ops_text.h"
#include "xt_made.h"

/* ---- what make-xt recorded ---- */

static bool has_comment(const struct rule *rule, const char *name)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "/* %s */", name);
	if (rule->comment && strcmp(rule->comment, name) == 0)
		return true;
	for (size_t i = 0; i < rule->nops; i++)
		if (rule->ops[i].kind == OP_NOP && rule->ops[i].text &&
			strcmp(rule->ops[i].text, text) == 0)
			return true;
	return false;
}

/* By its comment; in bridge tables, where there are none, by its chain's name. */
static const struct rule *find_rule(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->nchains; i++) {
		const struct chain *chain = &ruleset->chains[i];

		if (chain->nrules > 0 && strcmp(chain->name, name) == 0)
			return &chain->rules[0];
		for (size_t j = 0; j < chain->nrules; j++)
			if (has_comment(&chain->rules[j], name))
				return &chain->rules[j];
	}
	return NULL;
}

/* The rule's ops but for counters and the comment that names it. */
static const char *rule_ops(
	struct arena *arena, const struct ruleset *ruleset, const char *name)
{
	const struct rule *rule = find_rule(ruleset, name);
	struct op ops[64];
	size_t n = 0;

	if (!rule)
		return "(no such rule)";
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_NOP &&
			(!op->text || strncmp(op->text, "/*", 2) == 0 ||
				strncmp(op->text, "counter", 7) == 0))
			continue;
		assert_true(n < ARRAY_LEN(ops));
		ops[n++] = *op;
	}
	return ops_text(arena, ops, n);
}

/* Lines of xt-expected: "nft NAME: OPS", "legacy NAME: OPS", or "both NAME: OPS". */
static void test_recorded(void **state)
{
	struct recorded *rec = *state;
	FILE *stream = fopen(DATA "xt-expected", "r");
	struct arena arena;
	char line[4096], which[16], name[64];
	int n = 0, wrong = 0, at;

	assert_non_null(stream);
	arena_init(&arena, 0);
	while (fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		assert_int_equal(sscanf(line, "%15s %63[^:]: %n", which, name, &at), 2);
		for (int legacy = 0; legacy < 2; legacy++) {
			const char *ops = rule_ops(&arena,
				legacy ? rec->legacy_rules : rec->nft_rules, name);

			if (strcmp(which, legacy ? "nft" : "legacy") == 0)
				continue;
			n++;
			if (strcmp(ops, line + at) == 0)
				continue;
			print_error("%s %s: %s\n  expected %s\n",
				legacy ? "legacy" : "nft", name, ops, line + at);
			wrong++;
		}
	}
	(void)fclose(stream);
	arena_done(&arena);
	assert_int_equal(wrong, 0);
	assert_true(n > 300);
}

/* ---- revisions that today's iptables no longer writes, and odd contents ---- */

static void expect(enum family family, enum part part, const char *name, uint8_t rev,
	const void *info, size_t len, const char *ops)
{
	uint8_t padded[512] = {0};
	struct arena arena;
	const char *text;

	assert_true(len <= sizeof(padded));
	memcpy(padded, info, len);
	arena_init(&arena, 0);
	text = made_ops(&arena, family, part, name, rev, padded, XT_ALIGN(len));
	if (strcmp(text, ops) != 0)
		fail_msg("%s revision %u: %s, expected %s", name, rev, text, ops);
	arena_done(&arena);
}

#define EXPECT4(part, name, rev, info, ops) \
	expect(FAMILY_IP4, part, name, rev, &(info), sizeof(info), ops)
#define EXPECT6(part, name, rev, info, ops) \
	expect(FAMILY_IP6, part, name, rev, &(info), sizeof(info), ops)

#define TRACKED "ct.state&41000000^00000000 == 00000000; "

static void test_conntrack_revisions(void **state)
{
	struct xt_conntrack_mtinfo1 v1 = {
		.match_flags = XT_CONNTRACK_STATE, .state_mask = 8};
	const struct xt_conntrack_mtinfo2 v2 = {
		.match_flags = XT_CONNTRACK_ORIGDST_PORT | XT_CONNTRACK_STATUS,
		.invert_flags = XT_CONNTRACK_ORIGDST_PORT,
		.origdst_port = htons(80),
		.status_mask = 0x100};
	struct xt_conntrack_mtinfo3 v3 = {.match_flags = XT_CONNTRACK_STATUS};

	(void)state;
	EXPECT4(MATCH, "conntrack", 1, v1,
		"ct.state&08000000^00000000 != 00000000; accept");
	v1.match_flags |= XT_CONNTRACK_STATUS;
	v1.status_mask = 4;
	EXPECT6(MATCH, "conntrack", 1, v1,
		"ct.state&08000000^00000000 != 00000000; "
		"ct.status&04000000^00000000 != 00000000; accept");
	EXPECT4(MATCH, "conntrack", 2, v2,
		TRACKED "ct.orig.dport != 0050; "
			"ct.status&00010000^00000000 != 00000000; accept");
	/* --ctstatus NONE asks for none of no bits: never; inverted: always. */
	EXPECT4(MATCH, "conntrack", 3, v3, TRACKED "{}; accept");
	v3.invert_flags = XT_CONNTRACK_STATUS;
	EXPECT4(MATCH, "conntrack", 3, v3, TRACKED "accept");
	/* No protocol has a number above 255. */
	v3.match_flags = XT_CONNTRACK_PROTO;
	v3.l4proto = 256 + 6;
	v3.invert_flags = 0;
	EXPECT4(MATCH, "conntrack", 3, v3, TRACKED "{}; accept");
}

static void test_set_revisions(void **state)
{
	struct xt_set_info_match_v0 v0 = {.match_set = {.index = 0}};
	struct xt_set_info_match_v1 v1 = {
		.match_set = {.index = 1, .dim = 2, .flags = 1 << 2}};
	struct xt_set_info_match_v3 v3 = {
		.match_set = {.index = 0, .dim = 1, .flags = 1 << 1},
		.bytes = {.op = IPSET_COUNTER_GT}};
	struct xt_set_info_target_v3 target = {
		.map_set = {.index = 0, .dim = 1}, .flags = IPSET_FLAG_MAP_SKBMARK};

	(void)state;
	v0.match_set.u.flags[0] = IPSET_SRC | IPSET_MATCH_INV;
	EXPECT4(MATCH, "set", 0, v0, "! set four src; accept");
	EXPECT6(MATCH, "set", 1, v1, "set six dst,src; accept");
	EXPECT6(MATCH, "set", 2, v1, "set six dst,src; accept");
	/* A set of another family or of more parts never matches. */
	EXPECT4(MATCH, "set", 1, v1, "{}; accept");
	v1.match_set.flags |= IPSET_INV_MATCH;
	EXPECT4(MATCH, "set", 1, v1, "accept");
	v1.match_set.index = 77;
	EXPECT4(MATCH, "set", 1, v1, "! set (none) dst,src; accept");
	v1.match_set.flags |= 1 << 7; /* --return-nomatch */
	EXPECT4(MATCH, "set", 2, v1,
		"maybe ipset (! set ? with return-nomatch); accept");
	EXPECT4(MATCH, "set", 3, v3, "set four src maybe; accept");
	v3.match_set.flags |= IPSET_INV_MATCH;
	EXPECT4(MATCH, "set", 3, v3, "maybe ipset (! set four with counters); accept");
	EXPECT4(TARGET, "SET", 3, target, "nop (SET); set mark = ?ipset-map");
	target.map_set.index = IPSET_INVALID_ID;
	EXPECT4(TARGET, "SET", 3, target, "nop (SET)");
}

static void test_odd_matches(void **state)
{
	const struct xt_addrtype_info kinds = {.dest = 1 << 2, .invert_dest = 1};
	const struct xt_addrtype_info_v1 none = {.dest = XT_ADDRTYPE_BLACKHOLE};
	const struct xt_addrtype_info_v1 two = {.source = XT_ADDRTYPE_MULTICAST |
							  XT_ADDRTYPE_ANYCAST |
							  XT_ADDRTYPE_UNREACHABLE};
	struct xt_multiport_v1 ports = {.count = 16};
	struct xt_udp udp = {.spts = {0, 65535}, .dpts = {9, 8}};
	const uint32_t range[6] = {htonl(5), htonl(9), htonl(7), htonl(7), 0x23};

	(void)state;
	EXPECT4(MATCH, "addrtype", 0, kinds, "fib.type(2) != 02000000; accept");
	/* match_type6() looks at no such bit: it says yes. */
	EXPECT6(MATCH, "addrtype", 1, none, "accept");
	EXPECT6(MATCH, "addrtype", 1, two,
		"saddr in ff000000000000000000000000000000-"
		"ffffffffffffffffffffffffffffffff; {fib.type(80000001) == 04000000 | "
		"fib.type(80000001) == 06000000 | fib.type(80000001) == 07000000 | "
		"fib.type(80000001) == 08000000 | fib.type(80000001) == 09000000}; "
		"accept");
	EXPECT4(MATCH, "multiport", 1, ports,
		"maybe xt-match-unknown (multiport); accept");
	ports = (struct xt_multiport_v1){.count = 2,
		.flags = XT_MULTIPORT_DESTINATION,
		.ports = {9, 5},
		.pflags = {1, 0}};
	EXPECT4(MATCH, "multiport", 1, ports, "dport in {}; accept");
	EXPECT4(MATCH, "udp", 0, udp, "{}; accept");
	udp.invflags = XT_UDP_INV_DSTPT;
	EXPECT4(MATCH, "udplite", 0, udp, "accept");
	udp.invflags = XT_UDP_INV_SRCPT;
	udp.dpts[1] = 9;
	EXPECT4(MATCH, "udp", 0, udp, "{}; dport == 0009; accept");
	expect(FAMILY_IP4, MATCH, "iprange", 0, range, 20,
		"saddr in 00000005-00000009; daddr != 00000007; accept");
}

static void test_odd_targets(void **state)
{
	struct nf_nat_ipv4_multi_range_compat compat = {.rangesize = 2};
	const struct nf_nat_range v1 = {.flags = NF_NAT_RANGE_MAP_IPS,
		.min_addr.ip = htonl(0x0a000001),
		.max_addr.ip = htonl(0x0a000002)};
	const struct xt_tproxy_target_info tproxy = {.lport = htons(80)};
	const struct xt_connmark_tginfo1 save = {
		.mode = XT_CONNMARK_SAVE, .ctmask = UINT32_MAX, .nfmask = 0xff};
	const struct xt_ct_target_info ct = {.helper = "ftp", .zone = 7};
	const struct xt_ct_target_info original = {
		.flags = XT_CT_ZONE_DIR_ORIG, .zone = 7};
	const struct xt_ct_target_info both = {
		.flags = XT_CT_ZONE_DIR_ORIG | XT_CT_ZONE_DIR_REPL, .zone = 7};
	const uint32_t code = 4, codes = 77;
	const uint16_t queue = 5;

	(void)state;
	EXPECT4(TARGET, "DNAT", 0, compat, "unknown xt-target-unknown (DNAT)");
	compat.rangesize = 1;
	EXPECT4(TARGET, "DNAT", 0, compat, "dnat ip4");
	EXPECT4(TARGET, "SNAT", 1, v1, "snat ip4 0a000001-0a000002 flags 1");
	EXPECT4(TARGET, "TPROXY", 0, tproxy, "tproxy ip4 port 0050-0050; accept");
	EXPECT4(TARGET, "CONNMARK", 1, save, "set ct.mark = mark&ff000000^00000000");
	EXPECT4(TARGET, "CT", 0, ct, "nop (CT helper ftp); zone 0700");
	EXPECT4(TARGET, "CT", 0, original, "original zone 0700");
	EXPECT4(TARGET, "CT", 0, both, "zone 0700");
	EXPECT4(TARGET, "REJECT", 0, code, "drop"); /* echo reply: never was one */
	EXPECT6(TARGET, "REJECT", 0, codes, "drop");
	EXPECT4(TARGET, "NFQUEUE", 0, queue, "queue (NFQUEUE num 5)");
}

/* iptables-nft's nat table may hold nothing else that asks for conntrack. */
static void test_translation_tracks(void **state)
{
	/* The kernel's sizes, padding included. */
	const union {
		struct nf_nat_range2 range;
		uint8_t bytes[XT_ALIGN(sizeof(struct nf_nat_range2))];
	} dnat = {.range = {.flags = NF_NAT_RANGE_MAP_IPS}};
	const union {
		struct xt_tproxy_target_info info;
		uint8_t bytes[XT_ALIGN(sizeof(struct xt_tproxy_target_info))];
	} tproxy = {.info = {.lport = htons(80)}};
	struct legacy_table table =
		made_table(FAMILY_IP6, TARGET, "DNAT", 2, &dnat, sizeof(dnat));
	struct netns netns = {.legacy = &table, .nlegacy = 1};
	struct ruleset *ruleset = made_decode(&netns);

	(void)state;
	assert_true(ruleset->uses_conntrack);
	ruleset_free(ruleset);
	table = made_table(FAMILY_IP4, TARGET, "TPROXY", 0, &tproxy, sizeof(tproxy));
	ruleset = made_decode(&netns);
	assert_false(ruleset->uses_conntrack);
	ruleset_free(ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_conntrack_revisions),
		cmocka_unit_test(test_set_revisions),
		cmocka_unit_test(test_odd_matches),
		cmocka_unit_test(test_odd_targets),
		cmocka_unit_test(test_translation_tracks),
	};

	return cmocka_run_group_tests(tests, recorded_load, recorded_free);
}
