/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages around expressions: depths, names, comments, sets and hooks that are strange
 * or hostile do no harm, and what is malformed is refused. */
#include <errno.h>
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

/* Thousands of steps or maps of maps would make what follows slow: they are cut off. */
static void test_hostile_depth(void **state)
{
	struct ruleset *ruleset;
	const struct operand *operand;
	char text[4096] = NFT_MADE_MARK;

	(void)state;
	nft_made_begin(&build);
	for (int i = 0; i < 40; i++)
		strcat(text, i % 2 ? " 1={ bitwise 1=8 2=8 3=4 6=2 7=x:01000000 }"
				   : " 1={ bitwise 1=8 2=8 3=4 6=1 7=x:01000000 }");
	strcat(text, " 1={ ct 4=8 2=3 }");
	nft_made_rule(&build, TABLE_IP, text);
	ruleset = nft_made_decode(&build);
	operand = nft_made_only_rule(ruleset)->ops[0].operand;
	assert_int_equal(operand->field, FIELD_UNKNOWN);
	assert_string_equal(operand->code, "steps-many");
	ruleset_free(ruleset);

	nft_made_begin(&build);
	strcpy(text, NFT_MADE_MARK);
	for (int i = 0; i < 20; i++)
		strcat(text, " 1={ lookup 1=s:marks 2=8 3=8 }");
	strcat(text, " 1={ ct 4=8 2=3 }");
	nft_made_rule(&build, TABLE_IP, text);
	ruleset = nft_made_decode(&build);
	for (operand = nft_made_only_rule(ruleset)->ops[0].operand; operand->nkey;
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

		nft_made_begin(&build);
		(void)snprintf(attrs, sizeof(attrs), "1=s:t 2=s:c 4=[ %s ] 7=%s",
			NFT_MADE_ACCEPT, rows[i].udata);
		build_message(&build, NFT_MSG_NEWRULE, TABLE_IP, attrs);
		ruleset = nft_made_decode(&build);
		arena_init(&arena, 0);
		assert_string_equal(
			rule_text(&arena, nft_made_only_rule(ruleset)), rows[i].text);
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
	nft_made_begin(&build);
	build_message(&build, NFT_MSG_NEWCHAIN, TABLE_IP,
		"1=s:t 3=r:78206163636570741b5b6d00"); /* "x accept\x1b[m" */
	build_message(&build, NFT_MSG_NEWSET, TABLE_IP, "1=s:t 2=r:2200 5=4");
	build_message(&build, NFT_MSG_NEWRULE, TABLE_IP,
		"1=s:t 2=s:c 4=[ " NFT_MADE_MARK " 1={ lookup 1=r:2200 2=8 } "
		"1={ immediate 1=0 2=[ 2=[ 1=4294967293 "
		"2=r:78206163636570741b5b6d00 ] ] } 1={ log 2=r:1b00 } ]");
	ruleset = nft_made_decode(&build);
	arena_init(&arena, 0);
	assert_string_equal(rule_text(&arena, nft_made_only_rule(ruleset)),
		"meta mark @\"\\x22\" jump \"x accept\\x1b[m\" log prefix \"\\x1b\"");
	arena_done(&arena);
	ruleset_free(ruleset);
}

static void test_interval_sets(void **state)
{
	struct ruleset *ruleset;
	const struct set *set = NULL;

	(void)state;
	nft_made_begin(&build);
	/* As old kernels sort them: descending; open at the end; touching; at zero. */
	build_message(
		&build, NFT_MSG_NEWSET, TABLE_IP, "1=s:t 2=s:iv 3=12 5=2 6=0 7=1");
	build_message(&build, NFT_MSG_NEWSETELEM, TABLE_IP,
		"1=s:t 2=s:iv 3=[ 1=[ 1=x:ff00 2=x:04 ] 1=[ 1=x:0300 3=1 ] "
		"1=[ 1=x:0200 2=x:03 ] ]");
	build_message(&build, NFT_MSG_NEWSETELEM, TABLE_IP,
		"1=s:t 2=s:iv 3=[ 1=[ 1=x:0200 3=1 ] 1=[ 1=x:0100 2=x:02 ] "
		"1=[ 1=x:0001 3=1 ] 1=[ 1=x:0000 2=x:01 ] ]");
	ruleset = nft_made_decode(&build);
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
	ruleset = nft_made_decode(&build);
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
	nft_made_begin(&build);
	build_message(&build, 60, TABLE_IP, "");
	build_message(&build, 60, TABLE_IP, "");
	build_message(&build, NFT_MSG_NEWTABLE, 99, "1=s:t");
	build_message(&build, NFT_MSG_NEWCHAIN, TABLE_IP,
		"1=s:t 3=s:odd 4=[ 1=9 2=0 ] 7=s:filter");
	build_message(&build, NFT_MSG_NEWFLOWTABLE, TABLE_IP, "1=s:t 2=s:f");
	nft_made_rule(&build, TABLE_IP, NFT_MADE_ACCEPT);
	ruleset = nft_made_decode(&build);
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

		nft_made_begin(&build);
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
	nft_made_begin(&build);
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
	nft_made_begin(&build);
	nft_made_rule(&build, TABLE_IP, NFT_MADE_ACCEPT);
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
