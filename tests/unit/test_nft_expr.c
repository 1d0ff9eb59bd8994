/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions that no tool of today writes this way, and messages that are malformed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "netmon/model/ruleset.h"
#include "nft_build.h"

#define ACCEPT	   "1={ immediate 1=0 2=v:1 }"
#define LOAD_MARK  "1={ meta 1=8 2=3 }"		    /* to the first word */
#define LOAD_DADDR "1={ payload 1=9 2=1 3=16 4=4 }" /* to the second */

static struct nft_build build; /* too large for a stack */

/* Tables "inet t" and "ip t" with a chain "c" and "web" each, and some sets. */
static void begin(void)
{
	build.len = 0;
	for (unsigned int i = 0; i < 2; i++) {
		unsigned int family = i ? TABLE_IP : TABLE_INET;

		build_message(&build, NFT_MSG_NEWTABLE, family, "1=s:t 2=0");
		build_message(&build, NFT_MSG_NEWCHAIN, family, "1=s:t 3=s:c");
		build_message(&build, NFT_MSG_NEWCHAIN, family, "1=s:t 3=s:web");
		build_message(
			&build, NFT_MSG_NEWSET, family, "1=s:t 2=s:ports 3=0 5=2");
		build_message(&build, NFT_MSG_NEWSET, family,
			"1=s:t 2=s:verdicts 3=8 5=2 6=0xffffff00 7=16");
		build_message(&build, NFT_MSG_NEWSET, family,
			"1=s:t 2=s:marks 3=8 5=4 6=0 7=4 10=77");
		build_message(&build, NFT_MSG_NEWSET, family, "1=s:t 2=s:wide 3=0 5=8");
		build_message(&build, NFT_MSG_NEWSETELEM, family,
			"1=s:t 2=s:ports 3=[ 1=[ 1=x:0050 ] ]");
	}
}

static void add_rule(unsigned int family, const char *exprs)
{
	char attrs[4096];

	(void)snprintf(attrs, sizeof(attrs), "1=s:t 2=s:c 3=q:5 4=[ %s ]", exprs);
	build_message(&build, NFT_MSG_NEWRULE, family, attrs);
}

static struct ruleset *decode(void)
{
	struct netns netns = build_netns(&build);
	struct ruleset *ruleset = NULL;
	struct err err = {0};

	if (ruleset_decode(&netns, &ruleset, &err) < 0)
		fail_msg("%s", err.text);
	return ruleset;
}

/* The one rule there is. */
static const struct rule *only_rule(const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->nchains; i++)
		if (ruleset->chains[i].nrules)
			return &ruleset->chains[i].rules[0];
	fail_msg("no rule");
	return NULL;
}

struct row {
	unsigned int family;
	const char *exprs, *kinds, *text;
};

static void check_rows(const struct row *rows, size_t nrows)
{
	for (size_t i = 0; i < nrows; i++) {
		const struct row *row = &rows[i];
		struct ruleset *ruleset;
		const struct rule *rule;
		struct arena arena;
		const char *kinds, *text;

		begin();
		add_rule(row->family, row->exprs);
		ruleset = decode();
		rule = only_rule(ruleset);
		arena_init(&arena, 0);
		kinds = kinds_text(&arena, rule->ops, rule->nops);
		text = rule_text(&arena, rule);
		if (strcmp(kinds, row->kinds) != 0 || strcmp(text, row->text) != 0)
			fail_msg("%s\n want: %s | %s\n  got: %s | %s", row->exprs,
				row->text, row->kinds, text, kinds);
		arena_done(&arena);
		ruleset_free(ruleset);
	}
}

#define CHECK(rows) check_rows(rows, ARRAY_LEN(rows))

/* One row at least of every expression: without its decoder it would be unknown. */
static void test_one_of_each(void **state)
{
	static const struct row rows[] = {
		{TABLE_IP, LOAD_DADDR " 1={ cmp 1=9 2=0 3=x:c0000201 } " ACCEPT,
			"match verdict", "ip daddr 192.0.2.1 accept"},
		{TABLE_IP, LOAD_MARK " 1={ range 1=8 2=0 3=x:01000000 4=x:05000000 }",
			"match", "meta mark 0x00000001-0x00000005"},
		{TABLE_IP, LOAD_MARK " 1={ range 1=8 2=1 3=x:01000000 4=x:05000000 }",
			"match", "meta mark != 0x00000001-0x00000005"},
		{TABLE_IP,
			LOAD_MARK " 1={ bitwise 1=8 2=8 3=4 4=x:ff000000 5=x:00000000 "
				  "6=0 } 1={ cmp 1=8 2=0 3=x:05000000 }",
			"match", "meta mark & 0x000000ff == 0x00000005"},
		{TABLE_IP,
			LOAD_MARK " 1={ byteorder 1=8 2=8 3=1 4=4 5=4 } "
				  "1={ cmp 1=8 2=4 3=x:00000005 }",
			"match", "meta mark > 0x00000005"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-3:web }", "verdict", "jump web"},
		{TABLE_IP, "1={ payload 1=1 2=2 3=2 4=2 } 1={ lookup 1=s:ports 2=1 }",
			"lookup", "th dport @ports"},
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
		{TABLE_IP, "1={ fib 1=8 2=3 3=2 } 1={ cmp 1=8 2=0 3=x:02000000 }",
			"match", "fib daddr type local"},
		{TABLE_IP, "1={ rt 1=8 2=0 } 1={ cmp 1=8 2=0 3=x:02000000 }", "match",
			"rt classid 0x00000002"},
		{TABLE_IP,
			"1={ exthdr 1=8 2=b:2 3=2 4=2 5=0 6=1 } "
			"1={ cmp 1=8 2=0 3=x:0005 }",
			"match", "tcp option @2,16,16 5"},
		{TABLE_IP, "1={ immediate 1=8 2=x:c0000201 } 1={ nat 1=1 2=2 3=8 }",
			"nat", "dnat to 192.0.2.1"},
		{TABLE_IP, "1={ masq 1=0x10 }", "nat", "masquerade fully-random"},
		{TABLE_IP, "1={ immediate 1=8 2=x:0050 } 1={ redir 1=8 }", "nat",
			"redirect to :80"},
		{TABLE_IP, "1={ immediate 1=8 2=x:0050 } 1={ tproxy 1=2 3=8 }",
			"tproxy", "tproxy to :80"},
		{TABLE_IP, "1={ notrack } " ACCEPT, "notrack verdict",
			"notrack accept"},
		{TABLE_IP, "1={ objref 1=1 2=s:c }", "nop", "counter name \"c\""},
		{TABLE_IP, "1={ limit 1=q:5 2=q:1 }", "maybe:limit",
			"limit rate 5/second"},
		{TABLE_IP, "1={ quota 1=q:5 2=0 }", "maybe:quota", "quota 5 bytes"},
		{TABLE_IP, "1={ connlimit 1=5 2=1 }", "maybe:connlimit",
			"ct count over 5"},
		{TABLE_IP, "1={ counter 1=q:0 2=q:0 }", "nop", "counter"},
		{TABLE_IP, "1={ log 2=s:x }", "nop", "log prefix \"x\""},
		{TABLE_IP, "1={ last }", "nop", "last"},
		{TABLE_IP,
			"1={ payload 1=1 2=2 3=2 4=2 } "
			"1={ dynset 1=s:ports 3=0 4=1 }",
			"nop", "add @ports { th dport }"},
		{TABLE_IP, "1={ reject 1=1 }", "reject", "reject with tcp reset"},
		{TABLE_IP, "1={ queue 1=r:0000 }", "queue", "queue"},
		{TABLE_IP, "1={ immediate 1=8 2=x:c0000201 } 1={ dup 1=8 }", "dup",
			"dup"},
		{TABLE_IP, "1={ immediate 1=8 2=x:05000000 } 1={ fwd 1=8 }", "fwd",
			"fwd to 5"},
		{TABLE_IP,
			"1={ numgen 1=8 2=3 3=0 4=0 } 1={ cmp 1=8 2=0 3=x:01000000 }",
			"match", "numgen 1"},
		{TABLE_IP,
			LOAD_MARK " 1={ hash 1=8 2=8 3=4 4=3 7=0 } "
				  "1={ cmp 1=8 2=0 3=x:01000000 }",
			"match", "hash 1"},
		{TABLE_IP, "1={ socket 1=0 2=8 } 1={ cmp 1=8 2=0 3=x:01 }", "match",
			"socket 1"},
		{TABLE_IP, "1={ osf 1=1 } 1={ cmp 1=1 2=0 3=x:4c00 }", "match",
			"osf \"L\""},
		{TABLE_IP, "1={ synproxy }", "unknown:synproxy", "synproxy"},
		{TABLE_IP, "1={ xfrm 1=8 2=6 } 1={ cmp 1=8 2=0 3=x:01000000 }", "match",
			"xfrm 1"},
		{TABLE_IP, "1={ tunnel 1=1 2=8 } 1={ cmp 1=8 2=0 3=x:01000000 }",
			"match", "tunnel 1"},
		{TABLE_IP,
			"1={ inner 1=0 2=1 3=3 4=8 5={ payload 1=8 2=1 3=16 4=4 } } "
			"1={ cmp 1=8 2=0 3=x:01000000 }",
			"match", "inner 1"},
		{TABLE_IP, "1={ flow_offload 1=s:f } " ACCEPT, "verdict verdict",
			"flow add accept"},
		{TABLE_IP, "1={ match 1=s:unheard 2=0 3=r:00000000 }",
			"maybe:xt-match-unknown",
			"xt match \"unheard\" revision 0, 4 bytes"},
		{TABLE_IP, "1={ target 1=s:UNHEARD 2=0 3=r:00000000 }",
			"unknown:xt-target-unknown",
			"xt target \"UNHEARD\" revision 0, 4 bytes"},
		{TABLE_IP, "1={ unheard 1=5 }", "unknown:expr-unknown", "unheard"},
	};

	(void)state;
	CHECK(rows);
}

static void test_registers(void **state)
{
	static const struct row rows[] = {
		/* NFT_REG_1 is the words NFT_REG32_00 to _03. */
		{TABLE_IP, "1={ meta 1=1 2=3 } 1={ cmp 1=8 2=0 3=x:05000000 }", "match",
			"meta mark 0x00000005"},
		{TABLE_IP, "1={ meta 1=2 2=3 } 1={ cmp 1=12 2=0 3=x:05000000 }",
			"match", "meta mark 0x00000005"},
		/* Fewer bytes than were loaded. */
		{TABLE_IP, "1={ meta 1=1 2=6 } 1={ cmp 1=1 2=0 3=x:657468 }", "match",
			"iifname \"eth*\""},
		{TABLE_IP,
			"1={ payload 1=1 2=1 3=12 4=8 } 1={ cmp 1=9 2=0 3=x:c0000201 }",
			"match", "ip daddr 192.0.2.1"},
		/* More than one load. */
		{TABLE_IP,
			LOAD_MARK " " LOAD_DADDR
				  " 1={ cmp 1=8 2=0 3=x:05000000c0000201 }",
			"match", "meta mark . ip daddr 0x00000005 . 192.0.2.1"},
		/* More bytes than were loaded: zeros up to the next word. */
		{TABLE_IP, "1={ meta 1=8 2=16 } 1={ cmp 1=8 2=0 3=x:06000000 }",
			"match", "meta l4proto tcp"},
		/* What was overwritten in part. */
		{TABLE_IP,
			"1={ meta 1=1 2=6 } 1={ meta 1=9 2=3 } "
			"1={ cmp 1=1 2=0 3=x:6574683005000000 }",
			"match", "iifname . meta mark \"eth0*\" . 0x00000005"},
		{TABLE_IP,
			"1={ payload 1=1 2=1 3=12 4=8 } 1={ meta 1=8 2=3 } "
			"1={ cmp 1=9 2=0 3=x:c0000201 }",
			"maybe:load-unread match",
			"load without a use ip daddr 192.0.2.1"},
		{TABLE_IP, "1={ cmp 1=8 2=0 3=x:05000000 }", "match",
			"<register-unset> 5"},
		/* After an expression that may have written any register. */
		{TABLE_IP, LOAD_MARK " 1={ unheard } 1={ cmp 1=8 2=0 3=x:05000000 }",
			"unknown:expr-unknown match", "unheard <register-unset> 5"},
		/* A load that nothing reads may still end the rule. */
		{TABLE_IP, "1={ ct 1=8 2=3 } " ACCEPT, "maybe:load-unread verdict",
			"load without a use accept"},
		{TABLE_IP, LOAD_MARK " " ACCEPT, "verdict", "accept"},
	};

	(void)state;
	CHECK(rows);
}

static void test_stale_registers(void **state)
{
	static const struct row rows[] = {
		/* The register holds what the mark was. */
		{TABLE_IP,
			LOAD_MARK " 1={ immediate 1=9 2=x:07000000 } "
				  "1={ meta 3=9 2=3 } 1={ cmp 1=8 2=0 3=x:05000000 }",
			"set match", "meta mark set 0x00000007 <register-stale> 5"},
		/* What was written is what the place holds now. */
		{TABLE_IP,
			LOAD_MARK
			" 1={ bitwise 1=8 2=8 3=4 4=x:feffffff 5=x:01000000 } "
			"1={ meta 3=8 2=3 } 1={ ct 4=8 2=3 }",
			"set set",
			"meta mark set meta mark | 0x00000001 ct mark set meta mark"},
		/* Another place. */
		{TABLE_IP,
			LOAD_MARK " 1={ immediate 1=9 2=x:07000000 } "
				  "1={ ct 4=9 2=3 } 1={ cmp 1=8 2=0 3=x:05000000 }",
			"set match", "ct mark set 0x00000007 meta mark 0x00000005"},
		{TABLE_IP,
			LOAD_DADDR " 1={ immediate 1=8 2=x:c0000201 } "
				   "1={ payload 5=8 2=1 3=16 4=4 } "
				   "1={ cmp 1=9 2=0 3=x:c0000202 }",
			"set match",
			"ip daddr set 192.0.2.1 <register-stale> 33685696"},
		{TABLE_IP,
			"1={ ct 1=8 2=0 } 1={ notrack } 1={ cmp 1=8 2=0 3=x:08000000 }",
			"notrack match", "notrack <register-stale> 8"},
		/* A map's answer to it. */
		{TABLE_IP,
			LOAD_MARK " 1={ lookup 1=s:marks 2=8 3=9 } "
				  "1={ immediate 1=8 2=x:07000000 } "
				  "1={ meta 3=8 2=3 } 1={ ct 4=9 2=3 }",
			"set set",
			"meta mark set 0x00000007 ct mark set <register-stale>"},
	};

	(void)state;
	CHECK(rows);
}

static void test_arithmetic(void **state)
{
	static const struct row rows[] = {
		{TABLE_IP,
			LOAD_MARK " 1={ bitwise 1=8 2=8 3=4 6=1 7=x:04000000 } "
				  "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark << 4"},
		{TABLE_IP,
			LOAD_MARK " 1={ bitwise 1=8 2=8 3=4 6=2 7=x:04000000 } "
				  "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark >> 4"},
		/* Linux 6.13: AND, OR, XOR with a constant or a second register. */
		{TABLE_IP,
			LOAD_MARK " 1={ bitwise 1=8 2=8 3=4 6=3 7=x:ff000000 } "
				  "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark & 0x000000ff"},
		{TABLE_IP,
			LOAD_MARK " 1={ bitwise 1=8 2=8 3=4 6=4 7=x:01000000 } "
				  "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark | 0x00000001"},
		{TABLE_IP,
			LOAD_MARK " 1={ bitwise 1=8 2=8 3=4 6=5 7=x:01000000 } "
				  "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark & 0xffffffff ^ 0x00000001"},
		{TABLE_IP,
			LOAD_MARK " 1={ immediate 1=9 2=x:01000000 } "
				  "1={ bitwise 1=8 2=8 3=4 6=4 8=9 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark | 0x00000001"},
		{TABLE_IP,
			LOAD_MARK " 1={ immediate 1=9 2=x:01000000 } "
				  "1={ bitwise 1=9 2=8 3=4 6=4 8=8 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark | 0x00000001"},
		{TABLE_IP,
			LOAD_MARK " " LOAD_DADDR " 1={ bitwise 1=8 2=8 3=4 6=4 8=9 } "
				  "1={ ct 4=8 2=3 }",
			"set", "ct mark set <bitwise-registers>"},
		{TABLE_IP, LOAD_MARK " 1={ bitwise 1=8 2=8 3=4 6=9 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set <bitwise-unknown>"},
		/* On constants: worked out at once. */
		{TABLE_IP,
			"1={ immediate 1=8 2=x:f0000000 } "
			"1={ bitwise 1=8 2=8 3=4 6=1 7=x:08000000 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set 0x0000f000"},
		{TABLE_IP,
			"1={ immediate 1=8 2=x:00f00000 } "
			"1={ bitwise 1=8 2=8 3=4 6=2 7=x:04000000 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set 0x00000f00"},
		{TABLE_IP,
			"1={ immediate 1=8 2=x:01020304 } "
			"1={ byteorder 1=8 2=8 3=1 4=4 5=4 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set 0x01020304"},
		{TABLE_IP,
			"1={ immediate 1=8 2=x:0f0f0f0f } "
			"1={ bitwise 1=8 2=8 3=4 4=x:ff00ff00 5=x:01000000 6=0 } "
			"1={ ct 4=8 2=3 }",
			"set", "ct mark set 0x000f000e"},
		/* Two masks are one; a mask that keeps all is none. */
		{TABLE_IP,
			LOAD_MARK
			" 1={ bitwise 1=8 2=8 3=4 4=x:ff0f0000 5=x:00000000 } "
			"1={ bitwise 1=8 2=8 3=4 4=x:0fff0000 5=x:00000000 } "
			"1={ cmp 1=8 2=0 3=x:05000000 }",
			"match", "meta mark & 0x00000f0f == 0x00000005"},
		{TABLE_IP,
			LOAD_MARK
			" 1={ bitwise 1=8 2=8 3=4 4=x:ffffffff 5=x:00000000 } "
			"1={ cmp 1=8 2=0 3=x:05000000 }",
			"match", "meta mark 0x00000005"},
		/* The carry of a shift goes from word to word as from digit to digit.
		 */
		{TABLE_IP,
			"1={ immediate 1=8 2=x:01000000000000f0 } "
			"1={ bitwise 1=8 2=8 3=8 6=1 7=x:04000000 } "
			"1={ cmp 1=8 2=0 3=x:1f00000000000000 }",
			"match", "0x1f00000000000000 0x1f00000000000000"},
	};

	(void)state;
	CHECK(rows);
}

static void test_merged_fields(void **state)
{
	static const struct row rows[] = {
		{TABLE_IP,
			"1={ payload 1=1 2=1 3=12 4=8 } "
			"1={ cmp 1=1 2=0 3=x:c0000201c0000202 }",
			"match match", "ip saddr 192.0.2.1 ip daddr 192.0.2.2"},
		{TABLE_IP, "1={ payload 1=1 2=1 3=8 4=2 } 1={ cmp 1=1 2=0 3=x:4006 }",
			"match match", "ip ttl 64 ip protocol tcp"},
		{TABLE_IP,
			"1={ payload 1=1 2=2 3=0 4=4 } 1={ cmp 1=1 2=0 3=x:00050050 }",
			"match match", "th sport 5 th dport 80"},
		/* Unequal together is not unequal each. */
		{TABLE_IP,
			"1={ payload 1=1 2=2 3=0 4=4 } 1={ cmp 1=1 2=1 3=x:00050050 }",
			"match", "@th,0,32 != 0x00050050"},
		/* Which header it is decides where fields end. */
		{TABLE_INET,
			"1={ payload 1=1 2=1 3=12 4=8 } "
			"1={ cmp 1=1 2=0 3=x:c0000201c0000202 }",
			"match", "@nh,96,64 0xc0000201c0000202"},
		{TABLE_INET,
			"1={ meta 1=1 2=15 } 1={ cmp 1=1 2=0 3=x:0a } "
			"1={ payload 1=1 2=1 3=12 4=8 } "
			"1={ cmp 1=1 2=0 3=x:c0000201c0000202 }",
			"match match",
			"meta nfproto ipv6 @nh,96,64 0xc0000201c0000202"},
	};

	(void)state;
	CHECK(rows);
}

static void test_loads_nobody_knows(void **state)
{
	static const struct row rows[] = {
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
	CHECK(rows);
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
		begin();
		add_rule(TABLE_IP, exprs);
		ruleset = decode();
		operand = only_rule(ruleset)->ops[0].operand;
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
	static const struct row rows[] = {
		/* What a kernel always wrote so far is missing. */
		{TABLE_IP, "1={ cmp 1=8 2=0 }", "unknown:expr-incomplete", "cmp"},
		{TABLE_IP, "1={ payload 2=1 3=0 4=4 }", "unknown:expr-incomplete",
			"payload"},
		{TABLE_IP, "1={ immediate 1=8 }", "unknown:expr-incomplete",
			"immediate"},
		{TABLE_IP, "1={ lookup 1=s:ports }", "unknown:expr-incomplete",
			"lookup"},
		{TABLE_IP, LOAD_MARK " 1={ cmp 1=8 2=9 3=x:05000000 }",
			"maybe:cmp-unknown", "cmp"},
		{TABLE_IP, "1={ nat 1=5 2=2 }", "unknown:nat-unknown", "nat"},
		{TABLE_IP, "1={ objref 1=77 2=s:c }", "unknown:object-unknown",
			"object \"c\""},
		{TABLE_IP, "1={ reject 1=7 }", "unknown:reject-unknown", "reject"},
		/* A set that went while the dump ran. */
		{TABLE_IP, LOAD_MARK " 1={ lookup 1=s:gone 2=8 }", "maybe:set-missing",
			"lookup"},
		{TABLE_IP, LOAD_MARK " 1={ lookup 1=s:gone 2=8 3=0 }",
			"unknown:set-missing", "lookup"},
		{TABLE_IP, LOAD_MARK " 1={ lookup 1=s:gone 2=8 3=8 }",
			"unknown:set-missing", "lookup"},
		{TABLE_IP, LOAD_MARK " 1={ dynset 1=s:gone 3=0 4=8 }",
			"maybe:set-missing", "add @gone"},
		/* By the number that it had in its transaction. */
		{TABLE_IP,
			LOAD_MARK
			" 1={ lookup 1=s:gone 4=77 2=8 3=8 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark map @marks"},
		/* Verdicts. */
		{TABLE_IP, "1={ immediate 1=0 2=v:0 } 1={ counter }", "verdict nop",
			"drop counter"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-1 } " ACCEPT, "nop verdict",
			"continue accept"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-2 } " ACCEPT, "verdict verdict",
			"continue accept"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-5 }", "verdict", "return"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-4:web }", "verdict", "goto web"},
		{TABLE_IP, "1={ immediate 1=0 2=v:-3:gone }", "verdict", "jump \"?\""},
		{TABLE_IP, "1={ immediate 1=0 2=v:3 }", "queue", "queue"},
		{TABLE_IP, "1={ immediate 1=0 2=v:4 }", "unknown:verdict-unknown",
			"immediate"},
		/* Writing takes effect only within the set. */
		{TABLE_IP, LOAD_MARK " 1={ dynset 1=s:marks 3=2 4=8 5=8 }", "nop",
			"delete @marks { meta mark }"},
		{TABLE_IP, LOAD_MARK " 1={ dynset 1=s:marks 3=0 4=8 5=8 9=1 }",
			"maybe:dynset-inverted", "add @marks { meta mark }"},
		{TABLE_IP,
			LOAD_MARK
			" 1={ dynset 1=s:marks 3=0 4=8 5=8 7={ quota 1=q:5 } }",
			"maybe:dynset-expression", "add @marks { meta mark }"},
		{TABLE_IP,
			LOAD_MARK " 1={ dynset 1=s:marks 3=0 4=8 5=8 7={ counter } }",
			"nop", "add @marks { meta mark }"},
		/* Ports unreachable by the family's own code. */
		{TABLE_IP, "1={ reject 1=0 2=b:3 }", "reject",
			"reject with icmp port-unreachable"},
		{TABLE_IP, "1={ reject 1=0 2=b:4 }", "reject",
			"reject with icmp code 4"},
	};

	(void)state;
	CHECK(rows);
}

/* NAT's details, which its text does not tell apart. */
static void test_nat(void **state)
{
	struct ruleset *ruleset;
	const struct nat *nat;

	(void)state;
	begin();
	add_rule(TABLE_INET, "1={ immediate 1=8 2=x:c0000200 } "
			     "1={ immediate 1=9 2=x:c00002ff } "
			     "1={ nat 1=1 2=2 3=8 4=9 7=0x40 }");
	ruleset = decode();
	nat = only_rule(ruleset)->ops[0].nat;
	assert_int_equal(nat->kind, NAT_DNAT_PREFIX);
	assert_int_equal(nat->family, FAMILY_IP4);
	assert_true(nat->mask == 0xffffff00);
	assert_true(ruleset->uses_conntrack);
	ruleset_free(ruleset);

	begin();
	add_rule(TABLE_INET, "1={ immediate 1=8 2=x:0050 } 1={ nat 1=1 2=1 5=8 }");
	ruleset = decode();
	nat = only_rule(ruleset)->ops[0].nat;
	assert_int_equal(nat->kind, NAT_DNAT);
	assert_int_equal(nat->family, FAMILY_NONE);
	assert_null(nat->addr_min);
	assert_non_null(nat->port_min);
	assert_ptr_equal(nat->port_min, nat->port_max);
	ruleset_free(ruleset);
}

static void test_equal_operands_are_one(void **state)
{
	struct ruleset *ruleset;
	const struct rule *rules;

	(void)state;
	begin();
	for (int i = 0; i < 300; i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
			LOAD_MARK
			" 1={ bitwise 1=8 2=8 3=4 4=x:0f000000 5=x:00000000 } "
			"1={ cmp 1=8 2=0 3=x:%08x } "
			"1={ immediate 1=8 2=x:%08x } 1={ ct 4=8 2=3 }",
			i, i);
		add_rule(TABLE_IP, text);
		if (build.len > sizeof(build.data) / 2)
			break;
	}
	ruleset = decode();
	rules = only_rule(ruleset);
	assert_true(ruleset->nrules > 100);
	for (size_t i = 1; i < ruleset->nrules; i++) {
		assert_ptr_equal(rules[i].ops[0].operand, rules[0].ops[0].operand);
		assert_ptr_not_equal(rules[i].ops[1].operand, rules[0].ops[1].operand);
	}
	ruleset_free(ruleset);
}

/* Thousands of steps or maps of maps would make what follows slow: they are cut off. */
static void test_hostile_depth(void **state)
{
	struct ruleset *ruleset;
	const struct operand *operand;
	char text[4096] = LOAD_MARK;

	(void)state;
	begin();
	for (int i = 0; i < 40; i++)
		strcat(text, i % 2 ? " 1={ bitwise 1=8 2=8 3=4 6=2 7=x:01000000 }"
				   : " 1={ bitwise 1=8 2=8 3=4 6=1 7=x:01000000 }");
	strcat(text, " 1={ ct 4=8 2=3 }");
	add_rule(TABLE_IP, text);
	ruleset = decode();
	operand = only_rule(ruleset)->ops[0].operand;
	assert_int_equal(operand->field, FIELD_UNKNOWN);
	assert_string_equal(operand->code, "steps-many");
	ruleset_free(ruleset);

	begin();
	strcpy(text, LOAD_MARK);
	for (int i = 0; i < 20; i++)
		strcat(text, " 1={ lookup 1=s:marks 2=8 3=8 }");
	strcat(text, " 1={ ct 4=8 2=3 }");
	add_rule(TABLE_IP, text);
	ruleset = decode();
	for (operand = only_rule(ruleset)->ops[0].operand; operand->nkey;
		operand = operand->key[0])
		assert_true(operand->nest <= OPERAND_NEST_MAX);
	assert_int_equal(operand->field, FIELD_UNKNOWN);
	assert_string_equal(operand->code, "map-nested");
	ruleset_free(ruleset);
}

/* nft puts 16 bytes of a comment where 5 are; a hostile one has no end or an escape. */
static void test_comments(void **state)
{
	static const struct {
		const char *udata, *text;
	} rows[] = {
		{"r:0004776562", "accept"},
		{"r:000477656200", "accept comment \"web\""},
		{"r:0003776562", "accept comment \"web\""},
		{"r:0501aa000477656200", "accept comment \"web\""},
		{"r:00041b5b6d00", "accept comment \"\\x1b[m\""},
		{"r:000422207800", "accept comment \"\\x22 x\""},
		{"r:0000", "accept comment \"\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ruleset *ruleset;
		struct arena arena;
		char attrs[512];

		begin();
		(void)snprintf(attrs, sizeof(attrs), "1=s:t 2=s:c 4=[ %s ] 7=%s",
			ACCEPT, rows[i].udata);
		build_message(&build, NFT_MSG_NEWRULE, TABLE_IP, attrs);
		ruleset = decode();
		arena_init(&arena, 0);
		assert_string_equal(
			rule_text(&arena, only_rule(ruleset)), rows[i].text);
		arena_done(&arena);
		ruleset_free(ruleset);
	}
}

/* A name may not pass for rules, nor reach a terminal as it is. */
static void test_hostile_names(void **state)
{
	struct ruleset *ruleset;
	struct arena arena;

	(void)state;
	begin();
	build_message(&build, NFT_MSG_NEWCHAIN, TABLE_IP,
		"1=s:t 3=r:78206163636570741b5b6d00"); /* "x accept\x1b[m" */
	build_message(&build, NFT_MSG_NEWSET, TABLE_IP, "1=s:t 2=r:2200 5=4");
	build_message(&build, NFT_MSG_NEWRULE, TABLE_IP,
		"1=s:t 2=s:c 4=[ " LOAD_MARK " 1={ lookup 1=r:2200 2=8 } "
		"1={ immediate 1=0 2=[ 2=[ 1=4294967293 "
		"2=r:78206163636570741b5b6d00 ] ] } 1={ log 2=r:1b00 } ]");
	ruleset = decode();
	arena_init(&arena, 0);
	assert_string_equal(rule_text(&arena, only_rule(ruleset)),
		"meta mark @\"\\x22\" jump \"x accept\\x1b[m\" log prefix \"\\x1b\"");
	arena_done(&arena);
	ruleset_free(ruleset);
}

static void test_interval_sets(void **state)
{
	struct ruleset *ruleset;
	const struct set *set = NULL;

	(void)state;
	begin();
	/* As old kernels sort them: descending; open at the end; touching; at zero. */
	build_message(
		&build, NFT_MSG_NEWSET, TABLE_IP, "1=s:t 2=s:iv 3=12 5=2 6=0 7=1");
	build_message(&build, NFT_MSG_NEWSETELEM, TABLE_IP,
		"1=s:t 2=s:iv 3=[ 1=[ 1=x:ff00 2=x:04 ] 1=[ 1=x:0300 3=1 ] "
		"1=[ 1=x:0200 2=x:03 ] ]");
	build_message(&build, NFT_MSG_NEWSETELEM, TABLE_IP,
		"1=s:t 2=s:iv 3=[ 1=[ 1=x:0200 3=1 ] 1=[ 1=x:0100 2=x:02 ] "
		"1=[ 1=x:0001 3=1 ] 1=[ 1=x:0000 2=x:01 ] ]");
	ruleset = decode();
	for (size_t i = 0; i < ruleset->nsets; i++)
		if (strcmp(ruleset->sets[i].name, "iv") == 0)
			set = &ruleset->sets[i];
	assert_non_null(set);
	assert_int_equal(set->nelements, 4);
	assert_memory_equal(set->elements[0].key, "\0\0", 2);
	assert_ptr_equal(set->elements[0].key_end, set->elements[0].key);
	assert_memory_equal(set->elements[1].key, "\1\0", 2);
	assert_memory_equal(set->elements[1].key_end, "\1\xff", 2);
	assert_memory_equal(set->elements[2].key, "\2\0", 2);
	assert_memory_equal(set->elements[2].key_end, "\2\xff", 2);
	assert_memory_equal(set->elements[3].key, "\xff\0", 2);
	assert_memory_equal(set->elements[3].key_end, "\xff\xff", 2);
	assert_int_equal(set->elements[3].data[0], 4);
	ruleset_free(ruleset);
}

static void test_devices(void **state)
{
	struct ruleset *ruleset;
	const struct chain *chain;

	(void)state;
	build.len = 0;
	build_message(&build, NFT_MSG_NEWTABLE, TABLE_NETDEV, "1=s:t 2=0");
	build_message(&build, NFT_MSG_NEWCHAIN, TABLE_NETDEV,
		"1=s:t 3=s:c 4=[ 1=0 2=4294967291 4=[ 1=s:eth0 2=s:wlan ] ] "
		"7=s:filter 5=0 10=2");
	ruleset = decode();
	chain = &ruleset->chains[0];
	assert_true(chain->base && chain->offload);
	assert_int_equal(chain->hook, HOOK_INGRESS);
	assert_int_equal(chain->priority, -5);
	assert_int_equal(chain->policy, VERDICT_DROP);
	assert_int_equal(chain->ndevices, 2);
	assert_string_equal(chain->devices[0], "eth0");
	assert_string_equal(chain->devices[1], "wlan*");
	ruleset_free(ruleset);
}

/* What is well-formed but strange is noted, and the rest is read. */
static void test_strangers(void **state)
{
	struct ruleset *ruleset;

	(void)state;
	begin();
	build_message(&build, 60, TABLE_IP, "");
	build_message(&build, 60, TABLE_IP, "");
	build_message(&build, NFT_MSG_NEWTABLE, 99, "1=s:t");
	build_message(&build, NFT_MSG_NEWCHAIN, TABLE_IP,
		"1=s:t 3=s:odd 4=[ 1=9 2=0 ] 7=s:filter");
	build_message(&build, NFT_MSG_NEWFLOWTABLE, TABLE_IP, "1=s:t 2=s:f");
	add_rule(TABLE_IP, ACCEPT);
	ruleset = decode();
	assert_int_equal(ruleset->nrules, 1);
	assert_int_equal(ruleset->nnotes, 4);
	assert_string_equal(ruleset->notes[0].code, "nft-message-unknown");
	assert_true(ruleset->notes[0].hides);
	assert_string_equal(ruleset->notes[1].code, "nft-family-unknown");
	assert_string_equal(ruleset->notes[2].code, "flowtable");
	assert_false(ruleset->notes[2].hides);
	assert_string_equal(ruleset->notes[3].code, "hook-unknown");
	ruleset_free(ruleset);
}

static void test_malformed(void **state)
{
	static const struct {
		unsigned int type;
		const char *attrs, *message;
	} rows[] = {
		{NFT_MSG_NEWTABLE, "2=0", "a table without a name"},
		{NFT_MSG_NEWTABLE, "1=s:t", "the same name was sent before"},
		{NFT_MSG_NEWTABLE, "1=r:7474", "no terminated name"},
		{NFT_MSG_NEWTABLE, "1=s:x 2=b:1", "holds 1 bytes, not 4"},
		{NFT_MSG_NEWTABLE, "1=s:x 1=s:y", "appears twice"},
		{NFT_MSG_NEWCHAIN, "1=s:t", "a chain without a name"},
		{NFT_MSG_NEWCHAIN, "1=s:gone 3=s:x", "a table that was not sent"},
		{NFT_MSG_NEWCHAIN, "1=s:t 3=s:x 4=[ 1=0 2=0 ] 5=7 7=s:filter",
			"policy 7"},
		{NFT_MSG_NEWCHAIN, "1=s:t 3=s:x 4=[ 1=0 2=0 ] 7=s:odd", "unknown type"},
		{NFT_MSG_NEWRULE, "1=s:t", "a rule without a chain"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:gone", "a chain that was not sent"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1=[ 2=5 ] ]",
			"an expression without a name"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1={ meta 1=99 2=3 } ]",
			"do not fit register 99"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1={ meta 1=23 2=6 } ]",
			"16 bytes do not fit register 23"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1={ payload 1=1 2=1 3=0 4=65 } ]",
			"a load of 65 bytes"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1={ range 1=1 3=x:01 4=x:0102 } ]",
			"a range from 1 to 2 bytes"},
		{NFT_MSG_NEWRULE,
			"1=s:t 2=s:c 4=[ 1={ bitwise 1=8 2=8 3=4 4=x:01 5=x:01 } ]",
			"1 bytes for an operand of 4"},
		{NFT_MSG_NEWRULE,
			"1=s:t 2=s:c 4=[ 1={ bitwise 1=8 2=8 3=4 6=1 7=x:20000000 } ]",
			"a shift by 32 bits"},
		{NFT_MSG_NEWRULE,
			"1=s:t 2=s:c 4=[ 1={ byteorder 1=8 2=8 3=1 4=4 5=3 } ]",
			"units of 3"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1={ immediate 1=0 2=v:-3 } ]",
			"a jump to no chain"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1={ immediate 1=0 2=x:00 } ]",
			"a verdict without content"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1={ lookup 1=s:ports 2=1 3=8 } ]",
			"does not answer"},
		{NFT_MSG_NEWRULE, "1=s:t 2=s:c 4=[ 1={ match 2=0 } ]",
			"an xt match without a name"},
		{NFT_MSG_NEWSET, "1=s:t", "a set without a name"},
		{NFT_MSG_NEWSET, "1=s:t 2=s:x 5=65", "keys of 65 bytes"},
		{NFT_MSG_NEWSET, "1=s:t 2=s:x 5=0", "keys of 0 bytes"},
		{NFT_MSG_NEWSET, "1=s:t 2=s:x 3=8 5=4 6=0 7=65", "data of 65 bytes"},
		{NFT_MSG_NEWSET, "1=s:t 2=s:x 5=8 9=[ 2=[ 1=[ 1=4 ] 1=[ 1=5 ] ] ]",
			"the fields of a set are 12 bytes, not 8"},
		{NFT_MSG_NEWSETELEM, "1=s:t", "elements without a set"},
		{NFT_MSG_NEWSETELEM, "1=s:t 2=s:gone", "a set that was not sent"},
		{NFT_MSG_NEWSETELEM, "1=s:t 2=s:ports 3=[ 1=[ 1=x:01 ] ]",
			"a key of 1 bytes in set ports, whose keys have 2"},
		{NFT_MSG_NEWSETELEM, "1=s:t 2=s:ports 3=[ 1=[ 3=0 ] ]",
			"an element with no key"},
		{NFT_MSG_NEWSETELEM, "1=s:t 2=s:ports 3=[ 1=[ 1=x:0101 3=1 ] ]",
			"an end marker in a set without intervals"},
		{NFT_MSG_NEWSETELEM, "1=s:t 2=s:marks 3=[ 1=[ 1=x:01010101 ] ]",
			"a map without data"},
		{NFT_MSG_NEWSETELEM, "1=s:t 2=s:marks 3=[ 1=[ 1=x:01010101 2=x:01 ] ]",
			"data of 1 bytes in map marks, whose data have 4"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ruleset *ruleset = NULL;
		struct err err = {0};
		struct netns netns;

		begin();
		build_message(&build, rows[i].type, TABLE_IP, rows[i].attrs);
		netns = build_netns(&build);
		assert_int_equal(ruleset_decode(&netns, &ruleset, &err), -EINVAL);
		if (!strstr(err.text, rows[i].message) ||
			!strstr(err.text, "message ") || !strstr(err.text, "byte "))
			fail_msg("%s: %s", rows[i].attrs, err.text);
	}
}

/* Lengths that run past what holds them. */
static void test_malformed_lengths(void **state)
{
	struct ruleset *ruleset = NULL;
	struct err err = {0};
	struct netns netns;
	size_t start;

	(void)state;
	begin();
	start = build.len;
	build_message(&build, NFT_MSG_NEWTABLE, TABLE_IP, "1=s:x");
	netns = build_netns(&build);
	build.data[start + 20] = 200; /* the attribute's length */
	assert_int_equal(ruleset_decode(&netns, &ruleset, &err), -EINVAL);
	assert_non_null(strstr(err.text, "runs past the 8 of its parent"));
	assert_non_null(strstr(err.text, "NEWTABLE"));
	build.data[start + 20] = 3;
	assert_int_equal(ruleset_decode(&netns, &ruleset, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is 3 bytes long"));
	build.data[start] = 200; /* the message's */
	assert_int_equal(ruleset_decode(&netns, &ruleset, &err), -EINVAL);
	assert_non_null(strstr(err.text, "a message of 200 bytes where 28 remain"));
	build.data[start] = 18; /* no room for the family */
	assert_int_equal(ruleset_decode(&netns, &ruleset, &err), -EINVAL);
	assert_null(ruleset);
}

/* A dump that a file put at an odd address is read all the same. */
static void test_unaligned(void **state)
{
	static _Alignas(8) uint8_t copy[sizeof(build.data) + 1];
	struct ruleset *ruleset = NULL;
	struct err err = {0};
	struct netns netns;

	(void)state;
	begin();
	add_rule(TABLE_IP, ACCEPT);
	memcpy(copy + 1, build.data, build.len);
	netns = build_netns(&build);
	netns.nft.data = copy + 1;
	assert_int_equal(ruleset_decode(&netns, &ruleset, &err), 0);
	assert_int_equal(ruleset->nrules, 1);
	ruleset_free(ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_each),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_stale_registers),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_merged_fields),
		cmocka_unit_test(test_loads_nobody_knows),
		cmocka_unit_test(test_lengths_of_keys),
		cmocka_unit_test(test_odd_expressions),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_equal_operands_are_one),
		cmocka_unit_test(test_hostile_depth),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_interval_sets),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_malformed_lengths),
		cmocka_unit_test(test_unaligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
