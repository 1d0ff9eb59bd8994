/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include "netmon/judge/match.h"

static const struct rules_flow flow = {
	.family = FAMILY_IP4,
	.proto = IPPROTO_TCP,
	.port = 8080,
	.orig_port = 80,
	.to_host = true,
	.iface = "eth0",
};

#define BE16(number)                         \
	{                                    \
		(number) >> 8, (number)&0xff \
	}

static const struct operand l4proto = {.field = FIELD_L4PROTO, .load_len = 1, .len = 1};
static const struct operand dport = {.field = FIELD_PAYLOAD,
	.base = BASE_TRANSPORT,
	.offset = 2,
	.load_len = 2,
	.len = 2};
static const struct operand ports = {.field = FIELD_PAYLOAD,
	.base = BASE_TRANSPORT,
	.offset = 0,
	.load_len = 4,
	.len = 4};
static const struct operand saddr = {.field = FIELD_PAYLOAD,
	.base = BASE_NETWORK,
	.offset = 12,
	.load_len = 4,
	.len = 4};
static const struct operand iifname = {
	.field = FIELD_IIFNAME, .load_len = 16, .len = 16};

static enum match one(const struct op *op)
{
	return match_ops(op, 1, &flow);
}

static enum match compare(const struct operand *operand, enum cmp cmp, const void *lo,
	const void *hi, size_t len)
{
	const struct op op = {.kind = OP_MATCH,
		.cmp = cmp,
		.operand = operand,
		.value_len = (uint8_t)len,
		.lo = lo,
		.hi = hi};

	return one(&op);
}

static void comparisons(void **state)
{
	static const uint8_t low[] = BE16(8000), port[] = BE16(8080),
			     high[] = BE16(9000);
	static const uint8_t tcp = IPPROTO_TCP, udp = IPPROTO_UDP;
	static const uint8_t address[4] = {192, 0, 2, 1};
	(void)state;

	assert_int_equal(compare(&l4proto, CMP_EQ, &tcp, NULL, 1), MATCH_YES);
	assert_int_equal(compare(&l4proto, CMP_EQ, &udp, NULL, 1), MATCH_NO);
	assert_int_equal(compare(&l4proto, CMP_NEQ, &udp, NULL, 1), MATCH_YES);
	assert_int_equal(compare(&dport, CMP_EQ, port, NULL, 2), MATCH_YES);
	assert_int_equal(compare(&dport, CMP_EQ, low, NULL, 2), MATCH_NO);
	assert_int_equal(compare(&dport, CMP_LT, high, NULL, 2), MATCH_YES);
	assert_int_equal(compare(&dport, CMP_LT, port, NULL, 2), MATCH_NO);
	assert_int_equal(compare(&dport, CMP_LTE, port, NULL, 2), MATCH_YES);
	assert_int_equal(compare(&dport, CMP_GT, low, NULL, 2), MATCH_YES);
	assert_int_equal(compare(&dport, CMP_GTE, high, NULL, 2), MATCH_NO);
	assert_int_equal(compare(&dport, CMP_RANGE, low, high, 2), MATCH_YES);
	assert_int_equal(compare(&dport, CMP_NOT_RANGE, low, high, 2), MATCH_NO);
	assert_int_equal(compare(&dport, CMP_RANGE, high, high, 2), MATCH_NO);
	/* Nobody knows who sends it. */
	assert_int_equal(compare(&saddr, CMP_EQ, address, NULL, 4), MATCH_MAYBE);
	assert_int_equal(compare(&saddr, CMP_NEQ, address, NULL, 4), MATCH_MAYBE);
	assert_int_equal(compare(&saddr, CMP_GT, address, NULL, 4), MATCH_MAYBE);
}

static void names(void **state)
{
	static const char eth0[16] = "eth0", eth1[16] = "eth1";
	(void)state;

	assert_int_equal(compare(&iifname, CMP_EQ, eth0, NULL, 16), MATCH_YES);
	assert_int_equal(compare(&iifname, CMP_EQ, eth1, NULL, 16), MATCH_NO);
	assert_int_equal(
		compare(&iifname, CMP_EQ, "eth", NULL, 3), MATCH_YES); /* eth* */
	assert_int_equal(compare(&iifname, CMP_NEQ, eth1, NULL, 16), MATCH_YES);
}

static void masks_and_halves(void **state)
{
	static const uint8_t both[] = {0, 0, 0x1f, 0x90}, other[] = {0, 0, 0x1f, 0x91};
	static const uint8_t mask[] = {0, 0, 0xff, 0xff}, none[4] = {0};
	const struct step steps[] = {
		{.kind = STEP_AND_XOR, .count = 4, .and = mask, .xor = none}};
	struct operand masked = ports;
	(void)state;

	/* The source port beside it is not known, unless a mask takes it away. */
	assert_int_equal(compare(&ports, CMP_EQ, both, NULL, 4), MATCH_MAYBE);
	assert_int_equal(compare(&ports, CMP_EQ, other, NULL, 4), MATCH_NO);
	masked.steps = steps;
	masked.nsteps = 1;
	assert_int_equal(compare(&masked, CMP_EQ, both, NULL, 4), MATCH_YES);
	assert_int_equal(compare(&masked, CMP_EQ, other, NULL, 4), MATCH_NO);
}

static void conntrack(void **state)
{
	const uint32_t established =
		NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);
	const uint32_t with_new = established | NF_CT_STATE_BIT(IP_CT_NEW), zero = 0;
	const uint32_t local = 2, broadcast = 3;
	static const uint8_t dialled[] = BE16(80), inside[] = BE16(8080);
	struct step step = {.kind = STEP_AND_XOR,
		.count = 4,
		.and = (const uint8_t *)&established,
		.xor = (const uint8_t *)&zero};
	struct operand ct = {.field = FIELD_CT_STATE,
		.load_len = 4,
		.len = 4,
		.steps = &step,
		.nsteps = 1};
	struct operand orig = {.field = FIELD_CT_ORIG_DPORT, .load_len = 2, .len = 2};
	struct operand fib = {.field = FIELD_FIB_TYPE,
		.load_len = 4,
		.len = 4,
		.fib_flags = NFTA_FIB_F_DADDR};
	(void)state;

	assert_int_equal(compare(&ct, CMP_NEQ, &zero, NULL, 4), MATCH_NO);
	step.and = (const uint8_t *)&with_new;
	assert_int_equal(compare(&ct, CMP_NEQ, &zero, NULL, 4), MATCH_YES);
	assert_int_equal(compare(&orig, CMP_EQ, dialled, NULL, 2), MATCH_YES);
	assert_int_equal(compare(&orig, CMP_EQ, inside, NULL, 2), MATCH_NO);
	assert_int_equal(compare(&fib, CMP_EQ, &local, NULL, 4), MATCH_YES);
	assert_int_equal(compare(&fib, CMP_EQ, &broadcast, NULL, 4), MATCH_NO);
	fib.fib_flags = NFTA_FIB_F_SADDR;
	assert_int_equal(compare(&fib, CMP_EQ, &local, NULL, 4), MATCH_MAYBE);
}

static enum match lookup(const struct operand *operand, struct set *set, bool invert)
{
	const struct op op = {
		.kind = OP_LOOKUP, .invert = invert, .operand = operand, .set = set};

	return one(&op);
}

static void sets(void **state)
{
	static const uint8_t ssh[] = BE16(22), web[] = BE16(8080), lo[] = BE16(8000),
			     hi[] = BE16(8100);
	struct set_element elements[] = {
		{.key = ssh, .key_end = ssh}, {.key = lo, .key_end = hi}};
	struct set set = {.key_len = 2, .elements = elements, .nelements = 2};
	(void)state;

	assert_int_equal(lookup(&dport, &set, false), MATCH_YES);
	assert_int_equal(lookup(&dport, &set, true), MATCH_NO);
	set.nelements = 1;
	assert_int_equal(lookup(&dport, &set, false), MATCH_NO);
	assert_int_equal(lookup(&dport, &set, true), MATCH_YES);
	elements[0].key = elements[0].key_end = web;
	elements[0].maybe = true;
	assert_int_equal(lookup(&dport, &set, false), MATCH_MAYBE);
	set.nelements = 0;
	assert_int_equal(lookup(&dport, &set, false), MATCH_NO);
	set.unreadable = true;
	assert_int_equal(lookup(&dport, &set, false), MATCH_MAYBE);
	assert_int_equal(lookup(&dport, &set, true), MATCH_MAYBE);
}

static void concatenations(void **state)
{
	/* ip saddr . tcp dport, each padded to four bytes */
	static const uint8_t web[8] = {192, 0, 2, 1, 0x1f, 0x90},
			     ssh[8] = {192, 0, 2, 1, 0, 22};
	const struct operand *const key[] = {&saddr, &dport};
	const struct operand both = {
		.field = FIELD_CONCAT, .len = 8, .load_len = 8, .key = key, .nkey = 2};
	struct set_element element = {.key = ssh, .key_end = ssh};
	struct set set = {.key_len = 8,
		.concat = true,
		.field_len = {4, 2},
		.nfields = 2,
		.elements = &element,
		.nelements = 1};
	(void)state;

	assert_int_equal(lookup(&both, &set, false), MATCH_NO);
	element.key = element.key_end = web;
	assert_int_equal(lookup(&both, &set, false), MATCH_MAYBE);
}

static void port_lists(void **state)
{
	struct arena arena;
	(void)state;

	arena_init(&arena, 0);
	struct op op = {.kind = OP_IN,
		.operand = &dport,
		.numbers = ivset_range(&arena, 8000, 8100)};
	assert_int_equal(one(&op), MATCH_YES);
	op.invert = true;
	assert_int_equal(one(&op), MATCH_NO);
	op.operand = &saddr;
	assert_int_equal(one(&op), MATCH_MAYBE);
	arena_done(&arena);
}

static void alternatives(void **state)
{
	static const uint8_t tcp = IPPROTO_TCP, udp = IPPROTO_UDP;
	const struct op yes = {
		.kind = OP_MATCH, .operand = &l4proto, .value_len = 1, .lo = &tcp};
	const struct op no = {
		.kind = OP_MATCH, .operand = &l4proto, .value_len = 1, .lo = &udp};
	const struct op maybe = {.kind = OP_MAYBE};
	struct op_list lists[] = {{&no, 1}, {&maybe, 1}, {&yes, 1}};
	struct op op = {.kind = OP_ANY, .alternatives = lists, .nalternatives = 3};
	const struct op row[] = {yes, maybe, no};
	(void)state;

	assert_int_equal(one(&op), MATCH_YES);
	op.nalternatives = 2;
	assert_int_equal(one(&op), MATCH_MAYBE);
	op.nalternatives = 1;
	assert_int_equal(one(&op), MATCH_NO);
	op.kind = OP_NONE;
	assert_int_equal(one(&op), MATCH_YES);
	assert_int_equal(match_ops(row, 1, &flow), MATCH_YES);
	assert_int_equal(match_ops(row, 2, &flow), MATCH_MAYBE);
	assert_int_equal(match_ops(row, 3, &flow), MATCH_NO);
	assert_int_equal(match_ops(row, 0, &flow), MATCH_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparisons),
		cmocka_unit_test(names),
		cmocka_unit_test(masks_and_halves),
		cmocka_unit_test(conntrack),
		cmocka_unit_test(sets),
		cmocka_unit_test(concatenations),
		cmocka_unit_test(port_lists),
		cmocka_unit_test(alternatives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
