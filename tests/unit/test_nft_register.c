/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a register holds when an expression reads it, and what was made of it before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "nft_made.h"

static void test_registers(void **state)
{
	static const struct nft_made_row rows[] = {
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
			NFT_MADE_MARK " " NFT_MADE_DADDR
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
		{TABLE_IP,
			NFT_MADE_MARK " 1={ unheard } 1={ cmp 1=8 2=0 3=x:05000000 }",
			"unknown:expr-unknown match", "unheard <register-unset> 5"},
		/* A load that nothing reads may still end the rule. */
		{TABLE_IP, "1={ ct 1=8 2=3 } " NFT_MADE_ACCEPT,
			"maybe:load-unread verdict", "load without a use accept"},
		{TABLE_IP, NFT_MADE_MARK " " NFT_MADE_ACCEPT, "verdict", "accept"},
	};

	(void)state;
	nft_made_check_rows(rows, ARRAY_LEN(rows));
}

static void test_stale_registers(void **state)
{
	static const struct nft_made_row rows[] = {
		/* The register holds what the mark was. */
		{TABLE_IP,
			NFT_MADE_MARK
			" 1={ immediate 1=9 2=x:07000000 } "
			"1={ meta 3=9 2=3 } 1={ cmp 1=8 2=0 3=x:05000000 }",
			"set match", "meta mark set 0x00000007 <register-stale> 5"},
		/* What was written is what the place holds now. */
		{TABLE_IP,
			NFT_MADE_MARK
			" 1={ bitwise 1=8 2=8 3=4 4=x:feffffff 5=x:01000000 } "
			"1={ meta 3=8 2=3 } 1={ ct 4=8 2=3 }",
			"set set",
			"meta mark set meta mark | 0x00000001 ct mark set meta mark"},
		/* Another place. */
		{TABLE_IP,
			NFT_MADE_MARK " 1={ immediate 1=9 2=x:07000000 } "
				      "1={ ct 4=9 2=3 } 1={ cmp 1=8 2=0 3=x:05000000 }",
			"set match", "ct mark set 0x00000007 meta mark 0x00000005"},
		{TABLE_IP,
			NFT_MADE_DADDR " 1={ immediate 1=8 2=x:c0000201 } "
				       "1={ payload 5=8 2=1 3=16 4=4 } "
				       "1={ cmp 1=9 2=0 3=x:c0000202 }",
			"set match",
			"ip daddr set 192.0.2.1 <register-stale> 33685696"},
		{TABLE_IP,
			"1={ ct 1=8 2=0 } 1={ notrack } 1={ cmp 1=8 2=0 3=x:08000000 }",
			"notrack match", "notrack <register-stale> 8"},
		/* A map's answer to it. */
		{TABLE_IP,
			NFT_MADE_MARK " 1={ lookup 1=s:marks 2=8 3=9 } "
				      "1={ immediate 1=8 2=x:07000000 } "
				      "1={ meta 3=8 2=3 } 1={ ct 4=9 2=3 }",
			"set set",
			"meta mark set 0x00000007 ct mark set <register-stale>"},
	};

	(void)state;
	nft_made_check_rows(rows, ARRAY_LEN(rows));
}

static void test_arithmetic(void **state)
{
	static const struct nft_made_row rows[] = {
		{TABLE_IP,
			NFT_MADE_MARK " 1={ bitwise 1=8 2=8 3=4 6=1 7=x:04000000 } "
				      "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark << 4"},
		{TABLE_IP,
			NFT_MADE_MARK " 1={ bitwise 1=8 2=8 3=4 6=2 7=x:04000000 } "
				      "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark >> 4"},
		/* Linux 6.13: AND, OR, XOR with a constant or a second register. */
		{TABLE_IP,
			NFT_MADE_MARK " 1={ bitwise 1=8 2=8 3=4 6=3 7=x:ff000000 } "
				      "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark & 0x000000ff"},
		{TABLE_IP,
			NFT_MADE_MARK " 1={ bitwise 1=8 2=8 3=4 6=4 7=x:01000000 } "
				      "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark | 0x00000001"},
		{TABLE_IP,
			NFT_MADE_MARK " 1={ bitwise 1=8 2=8 3=4 6=5 7=x:01000000 } "
				      "1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark & 0xffffffff ^ 0x00000001"},
		{TABLE_IP,
			NFT_MADE_MARK
			" 1={ immediate 1=9 2=x:01000000 } "
			"1={ bitwise 1=8 2=8 3=4 6=4 8=9 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark | 0x00000001"},
		{TABLE_IP,
			NFT_MADE_MARK
			" 1={ immediate 1=9 2=x:01000000 } "
			"1={ bitwise 1=9 2=8 3=4 6=4 8=8 } 1={ ct 4=8 2=3 }",
			"set", "ct mark set meta mark | 0x00000001"},
		{TABLE_IP,
			NFT_MADE_MARK " " NFT_MADE_DADDR
				      " 1={ bitwise 1=8 2=8 3=4 6=4 8=9 } "
				      "1={ ct 4=8 2=3 }",
			"set", "ct mark set <bitwise-registers>"},
		{TABLE_IP,
			NFT_MADE_MARK " 1={ bitwise 1=8 2=8 3=4 6=9 } 1={ ct 4=8 2=3 }",
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
			NFT_MADE_MARK
			" 1={ bitwise 1=8 2=8 3=4 4=x:ff0f0000 5=x:00000000 } "
			"1={ bitwise 1=8 2=8 3=4 4=x:0fff0000 5=x:00000000 } "
			"1={ cmp 1=8 2=0 3=x:05000000 }",
			"match", "meta mark & 0x00000f0f == 0x00000005"},
		{TABLE_IP,
			NFT_MADE_MARK
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
	nft_made_check_rows(rows, ARRAY_LEN(rows));
}

static void test_merged_fields(void **state)
{
	static const struct nft_made_row rows[] = {
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
	nft_made_check_rows(rows, ARRAY_LEN(rows));
}

static void test_equal_operands_are_one(void **state)
{
	static struct nft_build build; /* too large for a stack */
	struct ruleset *ruleset;
	const struct rule *rules;

	(void)state;
	nft_made_begin(&build);
	for (int i = 0; i < 300; i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
			NFT_MADE_MARK
			" 1={ bitwise 1=8 2=8 3=4 4=x:0f000000 5=x:00000000 } "
			"1={ cmp 1=8 2=0 3=x:%08x } "
			"1={ immediate 1=8 2=x:%08x } 1={ ct 4=8 2=3 }",
			i, i);
		nft_made_rule(&build, TABLE_IP, text);
		if (build.len > sizeof(build.data) / 2)
			break;
	}
	ruleset = nft_made_decode(&build);
	rules = nft_made_only_rule(ruleset);
	assert_true(ruleset->nrules > 100);
	for (size_t i = 1; i < ruleset->nrules; i++) {
		assert_ptr_equal(rules[i].ops[0].operand, rules[0].ops[0].operand);
		assert_ptr_not_equal(rules[i].ops[1].operand, rules[0].ops[1].operand);
	}
	ruleset_free(ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_stale_registers),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_merged_fields),
		cmocka_unit_test(test_equal_operands_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
