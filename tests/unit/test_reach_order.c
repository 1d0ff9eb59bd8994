/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains that are called at one priority, in an order that nobody can read. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_made.h"

#define STRANGER "198.51.100.9"
#define HOST	 "203.0.113.1"

static void drop_port(
	struct host_made *h, enum hook hook, int32_t priority, uint16_t port)
{
	struct chain *chain =
		made_chain(&h->rules, "f", true, hook, priority, CHAIN_FILTER);
	struct op ops[] = {
		made_match(&h->rules.arena, made_dport(), CMP_EQ, port, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};

	made_rule(&h->rules, chain, ops, 2);
}

/* Which of a filter chain at -100 and the NAT core came first, nobody can read. */
static void equal_priorities_of_filter_and_nat(void **state)
{
	struct host_made *h = *state;

	host_publish(h);
	drop_port(h, HOOK_PREROUTING, -100, 8080);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

/* Which of the two is asked first depends on which was loaded first. */
static void equal_priorities_of_legacy_and_nft(void **state)
{
	struct host_made *h = *state;
	struct op drop[] = {made_match(&h->rules.arena, made_dport(), CMP_EQ, 25, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};
	struct op reject[] = {
		made_match(&h->rules.arena, made_dport(), CMP_RANGE, 25, 26, 2),
		{.kind = OP_REJECT, .reject = REJECT_ICMP}};
	struct chain *nft =
		made_chain(&h->rules, "n", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct chain *legacy =
		made_chain(&h->rules, "l", true, HOOK_INPUT, 0, CHAIN_FILTER);

	legacy->legacy = true;
	made_rule(&h->rules, nft, drop, 2);
	made_rule(&h->rules, legacy, reject, 2);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 25), RESULT_MAYBE);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 26), RESULT_REJECTED);
}

#define MARK_TABLES 5

/* A chain of a table of its own that gives packets a mark. */
static struct chain *marks(struct host_made *h, enum table_family family,
	enum hook hook, size_t table, uint32_t mark)
{
	static const char *const names[MARK_TABLES] = {"a", "b", "c", "d", "e"};
	struct operand *number = arena_alloc(&h->rules.arena, sizeof(*number));
	struct chain *chain = made_chain(&h->rules, "m", true, hook, 0, CHAIN_FILTER);

	*number = (struct operand){.field = FIELD_CONST,
		.len = 4,
		.load_len = 4,
		.bytes = arena_memdup(&h->rules.arena, &mark, sizeof(mark))};
	const struct op op = {.kind = OP_SET, .field = FIELD_MARK, .operand = number};

	chain->table = names[table];
	chain->family = family;
	if (mark)
		made_rule(&h->rules, chain, &op, 1);
	return chain;
}

/* The same in which packets of that mark are dropped. */
static struct chain *drops(struct host_made *h, enum table_family family,
	enum hook hook, size_t table, uint32_t mark)
{
	struct chain *chain = marks(h, family, hook, table, 0);
	struct op ops[] = {
		{.kind = OP_MATCH,
			.operand = made_mark(),
			.cmp = CMP_EQ,
			.value_len = 4,
			.lo = arena_memdup(&h->rules.arena, &mark, sizeof(mark))},
		made_verdict(VERDICT_DROP, NULL)};

	made_rule(&h->rules, chain, ops, 2);
	return chain;
}

/* What one of two tables does the other sees, or does not: of every family. */
static void a_mark_that_no_rule_drops_on_a_bridge(void **state)
{
	struct host_made *h = *state;

	drops(h, TABLE_BRIDGE, HOOK_POSTROUTING, 0, 1);
	marks(h, TABLE_BRIDGE, HOOK_POSTROUTING, 1, 2);
	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_OPEN);
}

static void a_mark_meets_a_drop_on_a_bridge(void **state)
{
	struct host_made *h = *state;

	marks(h, TABLE_BRIDGE, HOOK_POSTROUTING, 1, 1);
	drops(h, TABLE_BRIDGE, HOOK_POSTROUTING, 0, 1);
	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

static void a_mark_meets_a_drop_on_a_device(void **state)
{
	static const char *eth0 = "eth0", *eth1 = "eth1";
	struct host_made *h = *state;
	struct chain *by[] = {marks(h, TABLE_NETDEV, HOOK_INGRESS, 0, 1),
		drops(h, TABLE_NETDEV, HOOK_INGRESS, 1, 1)};

	for (size_t i = 0; i < 2; i++) {
		by[i]->devices = &eth0;
		by[i]->ndevices = 1;
	}
	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
	by[0]->devices = &eth1;
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_OPEN);
}

/* Neither in the order of the dump nor the other way round is it dropped: only where
 * the second is called before the first, and both before the third. */
static void three_tables_meet_in_six_orders(void **state)
{
	struct host_made *h = *state;

	marks(h, TABLE_IP, HOOK_PREROUTING, 0, 1);
	marks(h, TABLE_IP, HOOK_PREROUTING, 1, 2);
	drops(h, TABLE_IP, HOOK_PREROUTING, 2, 1);
	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

/* A table's own chains are called in their order, with others between them. */
static void a_table_comes_between_anothers_chains(void **state)
{
	struct host_made *h = *state;

	marks(h, TABLE_IP, HOOK_PREROUTING, 0, 2);
	marks(h, TABLE_IP, HOOK_PREROUTING, 0, 1);
	drops(h, TABLE_IP, HOOK_PREROUTING, 1, 1);
	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

static void a_tables_own_chains_keep_their_order(void **state)
{
	struct host_made *h = *state;

	marks(h, TABLE_IP, HOOK_PREROUTING, 0, 1); /* called last */
	drops(h, TABLE_IP, HOOK_PREROUTING, 0, 1);
	marks(h, TABLE_IP, HOOK_PREROUTING, 1, 2);
	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_OPEN);
}

/* More orders than are followed: in one of them, anything may happen. */
static void five_tables_meet_in_too_many_orders(void **state)
{
	struct host_made *h = *state;
	bool said = false;
	struct answer answer;

	for (size_t i = 0; i < MARK_TABLES; i++)
		marks(h, TABLE_IP, HOOK_PREROUTING, i, (uint32_t)i + 1);
	host_listen(h->host, IPPROTO_TCP, 22);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_MAYBE);

	const struct question question = {.from = {0xc6336409, FAMILY_IP4},
		.to = {0xcb007101, FAMILY_IP4},
		.proto = IPPROTO_TCP,
		.port = 22,
		.sport = -1};

	assert_int_equal(
		reach_explain(h->reach, &question, &h->arena, &answer, NULL), 0);
	for (size_t i = 0; i < answer.ngaps; i++)
		said |= strcmp(answer.gaps[i]->code, "chain-order-unknown") == 0;
	assert_true(said);
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(equal_priorities_of_filter_and_nat),
		T(equal_priorities_of_legacy_and_nft),
		T(a_mark_that_no_rule_drops_on_a_bridge),
		T(a_mark_meets_a_drop_on_a_bridge),
		T(a_mark_meets_a_drop_on_a_device),
		T(three_tables_meet_in_six_orders),
		T(a_table_comes_between_anothers_chains),
		T(a_tables_own_chains_keep_their_order),
		T(five_tables_meet_in_too_many_orders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
