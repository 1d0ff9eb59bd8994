/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables-legacy tables as a whole: chains, policies, and bytes that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/model/ruleset.h"
#include "xt_made.h"

static const struct chain *find_chain(
	const struct ruleset *ruleset, const char *table, const char *name)
{
	for (size_t i = 0; i < ruleset->nchains; i++)
		if (strcmp(ruleset->chains[i].table, table) == 0 &&
			strcmp(ruleset->chains[i].name, name) == 0)
			return &ruleset->chains[i];
	fail_msg("no chain %s in %s", name, table);
	return NULL;
}

static void check_base(const struct ruleset *ruleset, const char *table,
	const char *name, enum hook hook, int32_t priority, enum chain_type type)
{
	const struct chain *chain = find_chain(ruleset, table, name);

	assert_true(chain->base && chain->legacy);
	assert_int_equal(chain->hook, hook);
	assert_int_equal(chain->priority, priority);
	assert_int_equal(chain->type, type);
}

static void test_legacy_chains(void **state)
{
	const struct recorded *rec = *state;
	const struct ruleset *rules = rec->legacy_rules;
	const struct chain *chain = find_chain(rules, "ip filter (legacy)", "FORWARD");

	assert_true(rules->has_legacy);
	assert_true(rules->uses_conntrack);
	assert_int_equal(chain->policy, VERDICT_DROP);
	assert_int_equal(chain->family, TABLE_IP);
	assert_int_equal(chain->rules[0].number, 1);
	assert_ptr_equal(chain->rules[0].chain, chain);
	check_base(rules, "ip raw (legacy)", "OUTPUT", HOOK_OUTPUT, -300, CHAIN_FILTER);
	check_base(
		rules, "ip mangle (legacy)", "OUTPUT", HOOK_OUTPUT, -150, CHAIN_ROUTE);
	check_base(rules, "ip nat (legacy)", "PREROUTING", HOOK_PREROUTING, -100,
		CHAIN_NAT);
	check_base(rules, "ip nat (legacy)", "INPUT", HOOK_INPUT, 100, CHAIN_NAT);
	check_base(rules, "ip6 filter (legacy)", "INPUT", HOOK_INPUT, 0, CHAIN_FILTER);
	chain = find_chain(rules, "ip filter (legacy)", "user");
	assert_false(chain->base);
	assert_int_equal(chain->nrules, 1); /* the RETURN at its end is no rule */
	chain = find_chain(rules, "ip6 filter (legacy)", "INPUT");
	assert_int_equal(chain->family, TABLE_IP6);
	assert_int_equal(chain->policy, VERDICT_ACCEPT);
}

static int decode_legacy(const struct legacy_table *table, struct err *err)
{
	struct legacy_table copy = *table;
	struct netns netns = {.legacy = &copy, .nlegacy = 1};
	struct ruleset *ruleset = NULL;
	int r;

	*err = (struct err){0};
	r = ruleset_decode(&netns, &ruleset, err);
	ruleset_free(ruleset);
	return r;
}

/* A table that iptables made when it looked, and nobody filled, filters nothing. */
static void test_legacy_empty(void **state)
{
	struct legacy_table table = made_empty(-2);
	struct netns netns = {.legacy = &table, .nlegacy = 1};
	struct ruleset *ruleset = made_decode(&netns);

	(void)state;
	assert_false(ruleset->has_legacy);
	assert_int_equal(ruleset->chains[0].nrules, 0);
	ruleset_free(ruleset);
	table = made_empty(-1);
	ruleset = made_decode(&netns);
	assert_true(ruleset->has_legacy);
	assert_int_equal(ruleset->chains[0].policy, VERDICT_DROP);
	ruleset_free(ruleset);
}

/* iptable_nat registers its hooks, and leaves conntrack to the targets that translate
 * (xt_nat_checkentry()): without them no chain of type nat is run. */
static void test_legacy_nat_empty(void **state)
{
	struct legacy_table table = made_empty(-2);
	struct netns netns = {.legacy = &table, .nlegacy = 1};
	struct ruleset *ruleset;

	(void)state;
	table.name = "nat";
	table.valid_hooks = 1u << 1;
	ruleset = made_decode(&netns);
	check_base(ruleset, "ip nat (legacy)", "INPUT", HOOK_INPUT, 100, CHAIN_NAT);
	assert_false(ruleset->uses_conntrack);
	ruleset_free(ruleset);
}

static void refuse(const struct legacy_table *table, const char *why)
{
	struct err err;

	assert_int_equal(decode_legacy(table, &err), -EINVAL);
	if (!strstr(err.text, why) || !strstr(err.text, "ip table 'filter' (legacy)"))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void test_legacy_malformed(void **state)
{
	const uint32_t jump = 7, middle = 112, verdict = (uint32_t)-9;
	struct legacy_table table =
		made_table(FAMILY_IP4, MATCH, "state", 0, "\1\0\0\0\0\0\0", 8);
	struct legacy_table bad = table;
	struct err err;

	(void)state;
	assert_int_equal(decode_legacy(&table, &err), 0);
	bad.hook_entry[2] = 8;
	refuse(&bad, "byte 8: a built-in chain");
	bad = table;
	bad.underflow[2] = 0;
	refuse(&bad, "byte 0: a policy that is none");
	bad = table;
	bad.valid_hooks = 1;
	refuse(&bad, "a hook that this table does not have");
	/* Byte 112 is the match, 152 the target, 184 its verdict. */
	memcpy(made + 184, &jump, sizeof(jump));
	refuse(&table, "byte 0: a jump to no chain's beginning");
	memcpy(made + 184, &middle, sizeof(middle));
	refuse(&table, "byte 0: a jump to no chain's beginning");
	memcpy(made + 184, &verdict, sizeof(verdict));
	refuse(&table, "byte 0: an unknown verdict");
	made[112] = 0xff;
	refuse(&table, "byte 0: a match that runs past its entry");
	made[90] = 0xff; /* next_offset */
	made[91] = 0xff;
	refuse(&table, "byte 0: an entry of an impossible length");
	table.entries.len = 8;
	refuse(&table, "byte 0: an entry that runs past the table");
}

/* No byte changed, and no end, makes it read outside or stop with anything but words.
 */
static void test_legacy_mutations(void **state)
{
	struct legacy_table table =
		made_table(FAMILY_IP6, MATCH, "state", 0, "\1\0\0\0\0\0\0", 8);
	const size_t len = table.entries.len;
	struct err err;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		uint8_t *copy = malloc(len);
		const uint8_t values[] = {0, 1, 0x7f, 0xff, made[i] + 8};

		assert_non_null(copy);
		memcpy(copy, made, len);
		table.entries = (struct blob){copy, i};
		assert_int_equal(decode_legacy(&table, &err), -EINVAL);
		table.entries.len = len;
		for (size_t j = 0; j < sizeof(values); j++) {
			copy[i] = values[j];
			if (decode_legacy(&table, &err) < 0) {
				assert_int_equal(err.code, -EINVAL);
				assert_non_null(strstr(err.text, "byte"));
			}
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_legacy_chains),
		cmocka_unit_test(test_legacy_empty),
		cmocka_unit_test(test_legacy_nat_empty),
		cmocka_unit_test(test_legacy_malformed),
		cmocka_unit_test(test_legacy_mutations),
	};

	return cmocka_run_group_tests(tests, recorded_load, recorded_free);
}
