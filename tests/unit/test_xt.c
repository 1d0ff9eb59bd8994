/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt extensions and legacy tables: what the kernel gave back, and what it may mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/model/ruleset.h"
#include "netmon/model/xt.h"
#include "ops_text.h"

#define DATA SOURCE_ROOT "/tests/unit/data/"

static uint8_t *read_file(const char *path, size_t *ret_len)
{
	FILE *stream = fopen(path, "r");
	uint8_t *data = malloc(1 << 20);

	if (!stream)
		fail_msg("cannot open %s", path);
	assert_non_null(data);
	*ret_len = fread(data, 1, 1 << 20, stream);
	assert_true(*ret_len > 0 && *ret_len < 1 << 20);
	(void)fclose(stream);
	return data;
}

/* The two sets of make-xt, as the kernel numbered them. */
static struct ipset ipsets[] = {
	{.name = "four",
		.type = "hash:net",
		.kind = IPSET_ADDR,
		.family = FAMILY_IP4,
		.index = 0,
		.ndims = 1,
		.dim = {IPSET_DIM_ADDR}},
	{.name = "six",
		.type = "hash:net,port",
		.kind = IPSET_TUPLE,
		.family = FAMILY_IP6,
		.index = 1,
		.ndims = 2,
		.dim = {IPSET_DIM_ADDR, IPSET_DIM_PORT}},
};

static struct ruleset *decode(const struct netns *netns)
{
	struct ruleset *ruleset = NULL;
	struct err err = {0};

	if (ruleset_decode(netns, &ruleset, &err) < 0)
		fail_msg("%s", err.text);
	return ruleset;
}

/* ---- what make-xt recorded ---- */

/* struct ipt_getinfo, then the entries. */
static void load_legacy(
	const char *family, const char *name, struct legacy_table *table)
{
	char path[256];
	size_t len;
	uint8_t *data;
	uint32_t head[13]; /* valid_hooks, hook_entry[5], underflow[5], two sizes */

	(void)snprintf(path, sizeof(path), DATA "xt-%s-%s.legacy", family, name);
	data = read_file(path, &len);
	assert_true(len > 32 + sizeof(head));
	memcpy(head, data + 32, sizeof(head));
	*table = (struct legacy_table){
		.family = strcmp(family, "ip6") == 0 ? FAMILY_IP6 : FAMILY_IP4,
		.name = name,
		.valid_hooks = head[0],
		.entries = {data + 32 + sizeof(head), len - 32 - sizeof(head)}};
	memcpy(table->hook_entry, head + 1, sizeof(table->hook_entry));
	memcpy(table->underflow, head + 6, sizeof(table->underflow));
	assert_int_equal(table->entries.len, head[12]);
}

static const char *const legacy_names[] = {"raw", "mangle", "nat", "filter"};

struct recorded {
	struct netns netns;
	struct legacy_table legacy[2 * ARRAY_LEN(legacy_names)];
	struct ruleset *nft_rules, *legacy_rules;
};

static int load_recorded(void **state)
{
	struct recorded *rec = calloc(1, sizeof(*rec));
	struct netns nft = {.ipsets = ipsets, .nipsets = ARRAY_LEN(ipsets)};

	assert_non_null(rec);
	nft.nft.data = read_file(DATA "xt.nlmsgs", &nft.nft.len);
	rec->nft_rules = decode(&nft);
	rec->netns = (struct netns){.ipsets = ipsets,
		.nipsets = ARRAY_LEN(ipsets),
		.legacy = rec->legacy,
		.nlegacy = ARRAY_LEN(rec->legacy)};
	for (size_t i = 0; i < ARRAY_LEN(legacy_names); i++) {
		load_legacy("ip", legacy_names[i], &rec->legacy[2 * i]);
		load_legacy("ip6", legacy_names[i], &rec->legacy[2 * i + 1]);
	}
	rec->legacy_rules = decode(&rec->netns);
	*state = rec;
	return 0;
}

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

static const struct rule *find_rule(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->nchains; i++)
		for (size_t j = 0; j < ruleset->chains[i].nrules; j++)
			if (has_comment(&ruleset->chains[i].rules[j], name))
				return &ruleset->chains[i].rules[j];
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_recorded, load_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
