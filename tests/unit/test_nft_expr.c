/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions that no tool of today writes this way: each, and what of it nobody knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include <cmocka.h>

#include "nft_made.h"

static struct nft_build build; /* too large for a stack */

/* One row at least of every expression: without its decoder it would be unknown. */
static const struct nft_made_row one_of_each[] = {
	{TABLE_IP, NFT_MADE_DADDR " 1={ cmp 1=9 2=0 3=x:c0000201 } " NFT_MADE_ACCEPT,
		"match verdict", "ip daddr 192.0.2.1 accept"},
	{TABLE_IP, NFT_MADE_MARK " 1={ range 1=8 2=0 3=x:01000000 4=x:05000000 }",
		"match", "meta mark 0x00000001-0x00000005"},
	{TABLE_IP, NFT_MADE_MARK " 1={ range 1=8 2=1 3=x:01000000 4=x:05000000 }",
		"match", "meta mark != 0x00000001-0x00000005"},
	{TABLE_IP,
		NFT_MADE_MARK " 1={ bitwise 1=8 2=8 3=4 4=x:ff000000 5=x:00000000 "
			      "6=0 } 1={ cmp 1=8 2=0 3=x:05000000 }",
		"match", "meta mark & 0x000000ff == 0x00000005"},
	{TABLE_IP,
		NFT_MADE_MARK " 1={ byteorder 1=8 2=8 3=1 4=4 5=4 } "
			      "1={ cmp 1=8 2=4 3=x:00000005 }",
		"match", "meta mark > 0x00000005"},
	{TABLE_IP, "1={ immediate 1=0 2=v:-3:web }", "verdict", "jump web"},
	{TABLE_IP, "1={ payload 1=1 2=2 3=2 4=2 } 1={ lookup 1=s:ports 2=1 }", "lookup",
		"th dport @ports"},
	{TABLE_IP,
		"1={ payload 1=1 2=2 3=2 4=2 } "
		"1={ lookup 1=s:ports 2=1 5=1 }",
		"lookup", "th dport != @ports"},
	{TABLE_IP,
		"1={ payload 1=1 2=2 3=2 4=2 } "
		"1={ lookup 1=s:verdicts 2=1 3=0 }",
		"vmap", "th dport vmap @verdicts"},
	{TABLE_IP, "1={ ct 1=8 2=0 } 1={ cmp 1=8 2=0 3=x:08000000 }", "match",
		"ct state new"},
	{TABLE_IP, "1={ fib 1=8 2=3 3=2 } 1={ cmp 1=8 2=0 3=x:02000000 }", "match",
		"fib daddr type local"},
	{TABLE_IP, "1={ rt 1=8 2=0 } 1={ cmp 1=8 2=0 3=x:02000000 }", "match",
		"rt classid 0x00000002"},
	{TABLE_IP,
		"1={ exthdr 1=8 2=b:2 3=2 4=2 5=0 6=1 } "
		"1={ cmp 1=8 2=0 3=x:0005 }",
		"match", "tcp option @2,16,16 5"},
	{TABLE_IP, "1={ immediate 1=8 2=x:c0000201 } 1={ nat 1=1 2=2 3=8 }", "nat",
		"dnat to 192.0.2.1"},
	{TABLE_IP, "1={ masq 1=0x10 }", "nat", "masquerade fully-random"},
	{TABLE_IP, "1={ immediate 1=8 2=x:0050 } 1={ redir 1=8 }", "nat",
		"redirect to :80"},
	{TABLE_IP, "1={ immediate 1=8 2=x:0050 } 1={ tproxy 1=2 3=8 }", "tproxy",
		"tproxy to :80"},
	{TABLE_IP, "1={ notrack } " NFT_MADE_ACCEPT, "notrack verdict",
		"notrack accept"},
	{TABLE_IP, "1={ immediate 1=8 2=x:0700 } 1={ ct 4=8 2=17 }", "zone",
		"ct zone set 7"},
	{TABLE_IP, "1={ immediate 1=8 2=x:0700 } 1={ ct 4=8 2=17 3=b:0 }", "zone",
		"ct original zone set 7"},
	{TABLE_IP, "1={ immediate 1=8 2=x:0700 } 1={ ct 4=8 2=17 3=b:1 }", "zone",
		"ct reply zone set 7"},
	{TABLE_IP, "1={ objref 1=1 2=s:c }", "nop", "counter name \"c\""},
	{TABLE_IP, "1={ limit 1=q:5 2=q:1 }", "maybe:limit", "limit rate 5/second"},
	{TABLE_IP, "1={ quota 1=q:5 2=0 }", "maybe:quota", "quota 5 bytes"},
	{TABLE_IP, "1={ connlimit 1=5 2=1 }", "maybe:connlimit", "ct count over 5"},
	{TABLE_IP, "1={ counter 1=q:0 2=q:0 }", "nop", "counter"},
	{TABLE_IP, "1={ log 2=s:x }", "nop", "log prefix \"x\""},
	{TABLE_IP, "1={ last }", "nop", "last"},
	{TABLE_IP,
		"1={ payload 1=1 2=2 3=2 4=2 } "
		"1={ dynset 1=s:ports 3=0 4=1 }",
		"nop", "add @ports { th dport }"},
	{TABLE_IP, "1={ reject 1=1 }", "reject", "reject with tcp reset"},
	{TABLE_IP, "1={ queue 1=r:0000 }", "queue", "queue"},
	{TABLE_IP, "1={ immediate 1=8 2=x:c0000201 } 1={ dup 1=8 }", "dup", "dup"},
	{TABLE_IP, "1={ immediate 1=8 2=x:05000000 } 1={ fwd 1=8 }", "fwd", "fwd to 5"},
	{TABLE_IP, "1={ numgen 1=8 2=3 3=0 4=0 } 1={ cmp 1=8 2=0 3=x:01000000 }",
		"match", "numgen 1"},
	{TABLE_IP,
		NFT_MADE_MARK " 1={ hash 1=8 2=8 3=4 4=3 7=0 } "
			      "1={ cmp 1=8 2=0 3=x:01000000 }",
		"match", "hash 1"},
	{TABLE_IP, "1={ socket 1=0 2=8 } 1={ cmp 1=8 2=0 3=x:01 }", "match",
		"socket 1"},
	{TABLE_IP, "1={ osf 1=1 } 1={ cmp 1=1 2=0 3=x:4c00 }", "match", "osf \"L\""},
	{TABLE_IP, "1={ synproxy }", "unknown:synproxy", "synproxy"},
	{TABLE_IP, "1={ xfrm 1=8 2=6 } 1={ cmp 1=8 2=0 3=x:01000000 }", "match",
		"xfrm 1"},
	{TABLE_IP, "1={ tunnel 1=1 2=8 } 1={ cmp 1=8 2=0 3=x:01000000 }", "match",
		"tunnel 1"},
	{TABLE_IP,
		"1={ inner 1=0 2=1 3=3 4=8 5={ payload 1=8 2=1 3=16 4=4 } } "
		"1={ cmp 1=8 2=0 3=x:01000000 }",
		"match", "inner 1"},
	{TABLE_IP, "1={ flow_offload 1=s:f } " NFT_MADE_ACCEPT, "verdict verdict",
		"flow add accept"},
	{TABLE_IP, "1={ match 1=s:unheard 2=0 3=r:00000000 }", "maybe:xt-match-unknown",
		"xt match \"unheard\" revision 0, 4 bytes"},
	{TABLE_IP, "1={ target 1=s:UNHEARD 2=0 3=r:00000000 }",
		"unknown:xt-target-unknown",
		"xt target \"UNHEARD\" revision 0, 4 bytes"},
	{TABLE_IP, "1={ unheard 1=5 }", "unknown:expr-unknown", "unheard"},
};

static void test_one_of_each(void **state)
{
	(void)state;
	nft_made_check_rows(one_of_each, ARRAY_LEN(one_of_each));
}

static void test_loads_nobody_knows(void **state)
{
	static const struct nft_made_row rows[] = {
		{TABLE_IP, "1={ meta 1=1 2=99 } 1={ cmp 1=1 2=0 3=x:05000000 }",
			"match", "meta unknown 5"},
		{TABLE_IP, "1={ ct 1=1 2=99 } 1={ cmp 1=1 2=0 3=x:05000000 }", "match",
			"ct unknown 5"},
		{TABLE_IP, "1={ fib 1=1 2=9 3=2 } 1={ cmp 1=1 2=0 3=x:05000000 }",
			"match", "<fib-unknown> 5"},
		{TABLE_IP, "1={ rt 1=1 2=9 } 1={ cmp 1=1 2=0 3=x:05000000 }", "match",
			"rt unknown 5"},
		{TABLE_IP,
			"1={ payload 1=1 2=9 3=0 4=4 } 1={ cmp 1=1 2=0 3=x:05000000 }",
			"match", "<payload-unknown> 5"},
		{TABLE_IP,
			"1={ immediate 1=8 2=x:05000000 } 1={ payload 5=8 2=9 3=0 4=4 "
			"}",
			"unknown:payload-unknown", "payload"},
		{TABLE_IP,
			"1={ exthdr 1=1 2=b:2 3=2 4=2 6=9 } 1={ cmp 1=1 2=0 3=x:0005 }",
			"match", "<exthdr-unknown> 1280"},
		{TABLE_IP, "1={ immediate 1=8 2=x:05000000 } 1={ meta 3=8 2=99 }",
			"unknown:meta-unknown", "meta set"},
		{TABLE_IP, "1={ immediate 1=8 2=x:01 } 1={ meta 3=8 2=35 }",
			"unknown:meta-broute", "meta set"},
		{TABLE_IP, "1={ immediate 1=8 2=x:05000000 } 1={ ct 4=8 2=99 }",
			"unknown:ct-unknown", "ct set"},
		{TABLE_INET, "1={ ct 1=1 2=8 3=b:0 } 1={ cmp 1=1 2=0 3=x:c0000201 }",
			"match", "ct addr-inet 16908480"},
		{TABLE_IP, "1={ ct 1=1 2=8 3=b:1 } 1={ cmp 1=1 2=0 3=x:c0000201 }",
			"match", "ct reply ip saddr 192.0.2.1"},
	};

	(void)state;
	nft_made_check_rows(rows, ARRAY_LEN(rows));
}

/* How many bytes each key fills: one that is wrong puts others in the wrong word. */
static void test_lengths_of_keys(void **state)
{
	static const struct {
		const char *load; /* to the first word; the key follows */
		unsigned int key;
		enum field field;
		size_t len;
		const char *code;
	} rows[] = {
		{"meta 1=8 2=", NFT_META_SECMARK, FIELD_UNKNOWN, 4, "meta-secmark"},
		{"meta 1=8 2=", NFT_META_BRI_IIFNAME, FIELD_BRI_IIFNAME, 16, NULL},
		{"meta 1=8 2=", NFT_META_BRI_OIFNAME, FIELD_BRI_OIFNAME, 16, NULL},
		{"meta 1=8 2=", NFT_META_BRI_IIFPVID, FIELD_UNKNOWN, 2,
			"meta-bridge-pvid"},
		{"meta 1=8 2=", NFT_META_BRI_IIFVPROTO, FIELD_UNKNOWN, 2,
			"meta-bridge-vproto"},
		{"meta 1=8 2=", 37, FIELD_UNKNOWN, 6, "meta-bridge-hwaddr"},
		{"meta 1=8 2=", 99, FIELD_UNKNOWN, 64, "meta-unknown"},
		{"ct 1=8 2=", NFT_CT_SECMARK, FIELD_UNKNOWN, 4, "ct-secmark"},
		{"ct 1=8 2=", NFT_CT_SRC, FIELD_CT_ORIG_SADDR, 4, NULL},
		{"ct 1=8 2=", NFT_CT_DST, FIELD_CT_ORIG_DADDR, 4, NULL},
		{"ct 1=8 2=", NFT_CT_SRC_IP6, FIELD_CT_ORIG_SADDR, 16, NULL},
		{"socket 2=8 1=", NFT_SOCKET_TRANSPARENT, FIELD_UNKNOWN, 1, "socket"},
		{"socket 2=8 1=", NFT_SOCKET_MARK, FIELD_UNKNOWN, 4, "socket"},
		{"socket 2=8 1=", NFT_SOCKET_WILDCARD, FIELD_UNKNOWN, 1, "socket"},
		{"socket 2=8 1=", NFT_SOCKET_CGROUPV2, FIELD_UNKNOWN, 8, "socket"},
		{"xfrm 1=8 2=", NFT_XFRM_KEY_DADDR_IP4, FIELD_UNKNOWN, 4, "xfrm"},
		{"xfrm 1=8 2=", NFT_XFRM_KEY_DADDR_IP6, FIELD_UNKNOWN, 16, "xfrm"},
		{"xfrm 1=8 2=", NFT_XFRM_KEY_SADDR_IP4, FIELD_UNKNOWN, 4, "xfrm"},
		{"xfrm 1=8 2=", NFT_XFRM_KEY_SADDR_IP6, FIELD_UNKNOWN, 16, "xfrm"},
		{"xfrm 1=8 2=", NFT_XFRM_KEY_REQID, FIELD_UNKNOWN, 4, "xfrm"},
		{"xfrm 1=8 2=", NFT_XFRM_KEY_SPI, FIELD_UNKNOWN, 4, "xfrm"},
		{"tunnel 2=8 1=", NFT_TUNNEL_PATH, FIELD_UNKNOWN, 1, "tunnel"},
		{"tunnel 2=8 1=", NFT_TUNNEL_ID, FIELD_UNKNOWN, 4, "tunnel"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct operand *operand;
		struct ruleset *ruleset;
		char load[64], exprs[256];

		(void)snprintf(load, sizeof(load), "%s%u", rows[i].load, rows[i].key);
		(void)snprintf(exprs, sizeof(exprs),
			"1={ %s } 1={ cmp 1=8 2=0 3=x:01 }", load);
		nft_made_begin(&build);
		nft_made_rule(&build, TABLE_IP, exprs);
		ruleset = nft_made_decode(&build);
		operand = nft_made_only_rule(ruleset)->ops[0].operand;
		assert_int_equal(operand->field, rows[i].field);
		assert_int_equal(operand->load_len, rows[i].len);
		assert_int_equal(operand->len, 1);
		assert_true(!operand->code == !rows[i].code);
		if (rows[i].code)
			assert_string_equal(operand->code, rows[i].code);
		ruleset_free(ruleset);
	}
}

static void test_odd_expressions(void **state)
{
	static const struct nft_made_row rows[] = {
		/* What a kernel always wrote so far is missing. */
		{TABLE_IP, "1={ cmp 1=8 2=0 }", "unknown:expr-incomplete", "cmp"},
		{TABLE_IP, "1={ payload 2=1 3=0 4=4 }", "unknown:expr-incomplete",
			"payload"},
		{TABLE_IP, "1={ immediate 1=8 }", "unknown:expr-incomplete",
			"immediate"},
		{TABLE_IP, "1={ lookup 1=s:ports }", "unknown:expr-incomplete",
			"lookup"},
		{TABLE_IP, NFT_MADE_MARK " 1={ cmp 1=8 2=9 3=x:05000000 }",
			"maybe:cmp-unknown", "cmp"},
		{TABLE_IP, "1={ nat 1=5 2=2 }", "unknown:nat-unknown", "nat"},
		{TABLE_IP, "1={ objref 1=77 2=s:c }", "unknown:object-unknown",
			"object \"c\""},
		{TABLE_IP, "1={ reject 1=7 }", "unknown:reject-unknown", "reject"},
		/* A set that went while the dump ran. */
		{TABLE_IP, NFT_MADE_MARK " 1={ lookup 1=s:gone 2=8 }",
			"maybe:set-missing", "lookup"},
		{TABLE_IP, NFT_MADE_MARK " 1={ lookup 1=s:gone 2=8 3=0 }",
			"unknown:set-missing", "lookup"},
		{TABLE_IP, NFT_MADE_MARK " 1={ lookup 1=s:gone 2=8 3=8 }",
			"unknown:set-missing", "lookup"},
		{TABLE_IP, NFT_MADE_MARK " 1={ dynset 1=s:gone 3=0 4=8 }",
			"maybe:set-missing", "add @gone"},
		/* By the number that it had in its transaction. */
		{TABLE_IP,
			NFT_MADE_MARK
			" 1={ lookup 1=s:gone 4=77 2=8 3=8 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark map @marks"},
		/* Verdicts. */
		{TABLE_IP, "1={ immediate 1=0 2=v:0 } 1={ counter }", "verdict nop",
			"drop counter"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-1 } " NFT_MADE_ACCEPT, "nop verdict",
			"continue accept"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-2 } " NFT_MADE_ACCEPT,
			"verdict verdict", "continue accept"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-5 }", "verdict", "return"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-4:web }", "verdict", "goto web"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-3:gone }", "verdict", "jump \"?\""},
		{TABLE_IP, "1={ immediate 1=0 2=v:3 }", "queue", "queue"},
		{TABLE_IP, "1={ immediate 1=0 2=v:4 }", "unknown:verdict-unknown",
			"immediate"},
		/* Writing takes effect only within the set. */
		{TABLE_IP, NFT_MADE_MARK " 1={ dynset 1=s:marks 3=2 4=8 5=8 }", "nop",
			"delete @marks { meta mark }"},
		{TABLE_IP, NFT_MADE_MARK " 1={ dynset 1=s:marks 3=0 4=8 5=8 9=1 }",
			"maybe:dynset-inverted", "add @marks { meta mark }"},
		{TABLE_IP,
			NFT_MADE_MARK
			" 1={ dynset 1=s:marks 3=0 4=8 5=8 7={ quota 1=q:5 } }",
			"maybe:dynset-expression", "add @marks { meta mark }"},
		{TABLE_IP,
			NFT_MADE_MARK
			" 1={ dynset 1=s:marks 3=0 4=8 5=8 7={ counter } }",
			"nop", "add @marks { meta mark }"},
		/* Ports unreachable by the family's own code. */
		{TABLE_IP, "1={ reject 1=0 2=b:3 }", "reject",
			"reject with icmp port-unreachable"},
		{TABLE_IP, "1={ reject 1=0 2=b:4 }", "reject",
			"reject with icmp code 4"},
	};

	(void)state;
	nft_made_check_rows(rows, ARRAY_LEN(rows));
}

/* NAT's details, which its text does not tell apart. */
static void test_nat(void **state)
{
	struct ruleset *ruleset;
	const struct nat *nat;

	(void)state;
	nft_made_begin(&build);
	nft_made_rule(&build, TABLE_INET,
		"1={ immediate 1=8 2=x:c0000200 } "
		"1={ immediate 1=9 2=x:c00002ff } "
		"1={ nat 1=1 2=2 3=8 4=9 7=0x40 }");
	ruleset = nft_made_decode(&build);
	nat = nft_made_only_rule(ruleset)->ops[0].nat;
	assert_int_equal(nat->kind, NAT_DNAT_PREFIX);
	assert_int_equal(nat->family, FAMILY_IP4);
	assert_true(nat->mask == 0xffffff00);
	assert_true(ruleset->uses_conntrack);
	ruleset_free(ruleset);

	nft_made_begin(&build);
	nft_made_rule(&build, TABLE_INET,
		"1={ immediate 1=8 2=x:0050 } 1={ nat 1=1 2=1 5=8 }");
	ruleset = nft_made_decode(&build);
	nat = nft_made_only_rule(ruleset)->ops[0].nat;
	assert_int_equal(nat->kind, NAT_DNAT);
	assert_int_equal(nat->family, FAMILY_NONE);
	assert_null(nat->addr_min);
	assert_non_null(nat->port_min);
	assert_ptr_equal(nat->port_min, nat->port_max);
	ruleset_free(ruleset);
}

/* add, update and delete, each alone. */
static void test_sets_that_shrink(void **state)
{
	(void)state;
	for (unsigned int op = 0; op <= 2; op++) {
		char exprs[256];

		(void)snprintf(exprs, sizeof(exprs),
			NFT_MADE_MARK " 1={ dynset 1=s:ports 3=%u 4=8 }", op);
		nft_made_begin(&build);
		nft_made_rule(&build, TABLE_IP, exprs);
		struct ruleset *ruleset = nft_made_decode(&build);
		for (size_t i = 0; i < ruleset->nsets; i++) {
			const struct set *set = &ruleset->sets[i];
			bool it = set->dynamic;

			assert_int_equal(set->shrinks, it && op == 2);
			if (it)
				assert_string_equal(set->name, "ports");
		}
		ruleset_free(ruleset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_each),
		cmocka_unit_test(test_loads_nobody_knows),
		cmocka_unit_test(test_lengths_of_keys),
		cmocka_unit_test(test_odd_expressions),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_sets_that_shrink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
