/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for tests of xt and legacy rules. */
#include "xt_made.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops_text.h"

/* What read_file() read, until recorded_free(). */
static uint8_t *files[16];
static size_t nfiles;

static uint8_t *read_file(const char *path, size_t *ret_len)
{
	FILE *stream = fopen(path, "r");
	uint8_t *data = malloc(1 << 20);

	if (!stream)
		fail_msg("cannot open %s", path);
	assert_non_null(data);
	assert_true(nfiles < ARRAY_LEN(files));
	files[nfiles++] = data;
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

struct ruleset *made_decode(const struct netns *netns)
{
	struct ruleset *ruleset = NULL;
	struct err err = {0};

	if (ruleset_decode(netns, &ruleset, &err) < 0)
		fail_msg("%s", err.text);
	return ruleset;
}

/* ---- what make-xt recorded ---- */

/* struct ipt_getinfo, then the entries. */
#define LEGACY_HEAD 84

static void load_legacy(
	const char *family, const char *name, struct legacy_table *table)
{
	char path[256];
	size_t len;
	uint8_t *data;
	uint32_t head[13]; /* valid_hooks, hook_entry[5], underflow[5], two sizes */

	(void)snprintf(path, sizeof(path), DATA "xt-%s-%s.legacy", family, name);
	data = read_file(path, &len);
	assert_true(len > LEGACY_HEAD);
	memcpy(head, data + 32, sizeof(head));
	*table = (struct legacy_table){
		.family = strcmp(family, "ip6") == 0 ? FAMILY_IP6 : FAMILY_IP4,
		.name = name,
		.valid_hooks = head[0],
		.entries = {data + LEGACY_HEAD, len - LEGACY_HEAD}};
	memcpy(table->hook_entry, head + 1, sizeof(table->hook_entry));
	memcpy(table->underflow, head + 6, sizeof(table->underflow));
	assert_int_equal(table->entries.len, head[12]);
}

static const char *const legacy_names[] = {"raw", "mangle", "nat", "filter"};

int recorded_load(void **state)
{
	struct recorded *rec = calloc(1, sizeof(*rec));

	assert_non_null(rec);
	rec->nft = (struct netns){.ipsets = ipsets, .nipsets = ARRAY_LEN(ipsets)};
	rec->nft.nft.data = read_file(DATA "xt.nlmsgs", &rec->nft.nft.len);
	rec->nft_rules = made_decode(&rec->nft);
	rec->netns = (struct netns){.ipsets = ipsets,
		.nipsets = ARRAY_LEN(ipsets),
		.legacy = rec->legacy,
		.nlegacy = ARRAY_LEN(rec->legacy)};
	for (size_t i = 0; i < ARRAY_LEN(legacy_names); i++) {
		load_legacy("ip", legacy_names[i], &rec->legacy[2 * i]);
		load_legacy("ip6", legacy_names[i], &rec->legacy[2 * i + 1]);
	}
	rec->legacy_rules = made_decode(&rec->netns);
	*state = rec;
	return 0;
}

int recorded_free(void **state)
{
	struct recorded *rec = *state;

	ruleset_free(rec->nft_rules);
	ruleset_free(rec->legacy_rules);
	while (nfiles > 0)
		free(files[--nfiles]);
	free(rec);
	return 0;
}

/* ---- tables made here ---- */

static size_t header_len(enum family family)
{
	return family == FAMILY_IP6 ? 168 : 112;
}

/* struct ipt_entry's or ip6t_entry's last members but counters. */
static void put_entry(uint8_t *at, enum family family, size_t target, size_t next)
{
	const size_t offset = family == FAMILY_IP6 ? 140 : 88;
	const uint16_t sizes[2] = {target, next};

	memcpy(at + offset, sizes, sizeof(sizes));
}

static size_t put_part(
	uint8_t *at, const char *name, uint8_t rev, const void *info, size_t len)
{
	const uint16_t size = 32 + len;

	memcpy(at, &size, sizeof(size));
	memcpy(at + 2, name, strlen(name) + 1);
	at[31] = rev;
	if (info)
		memcpy(at + 32, info, len);
	return size;
}

static size_t put_plain(uint8_t *at, enum family family, int verdict)
{
	const int64_t info = (uint32_t)verdict;
	const size_t head = header_len(family);

	put_entry(at, family, head, head + 40);
	return head + put_part(at + head, "", 0, &info, sizeof(info));
}

static size_t put_error(uint8_t *at, enum family family, const char *name)
{
	const size_t head = header_len(family);
	char info[32] = "";

	memcpy(info, name, strlen(name));
	put_entry(at, family, head, head + 64);
	return head + put_part(at + head, "ERROR", 0, info, sizeof(info));
}

_Alignas(8) uint8_t made[8192];

struct legacy_table made_table(enum family family, enum part part, const char *name,
	uint8_t rev, const void *info, size_t len)
{
	const size_t head = header_len(family);
	struct legacy_table table = {
		.family = family, .name = "filter", .valid_hooks = 1u << 2};
	size_t at = head;

	memset(made, 0, sizeof(made));
	at += put_part(made + at, name, rev, info, len);
	if (part == MATCH) {
		const int64_t accept = (uint32_t)-2;

		put_entry(made, family, at, at + 40);
		at += put_part(made + at, "", 0, &accept, sizeof(accept));
	} else {
		put_entry(made, family, head, at);
	}
	table.underflow[2] = at;
	at += put_plain(made + at, family, -2);
	at += put_error(made + at, family, "ERROR");
	table.entries = (struct blob){made, at};
	return table;
}

const char *made_ops(struct arena *arena, enum family family, enum part part,
	const char *name, uint8_t rev, const void *info, size_t len)
{
	struct legacy_table table = made_table(family, part, name, rev, info, len);
	struct netns netns = {.legacy = &table,
		.nlegacy = 1,
		.ipsets = ipsets,
		.nipsets = ARRAY_LEN(ipsets)};
	struct ruleset *ruleset = made_decode(&netns);
	const struct rule *rule = &ruleset->chains[0].rules[0];
	const char *text;

	assert_int_equal(ruleset->nchains, 1);
	assert_int_equal(ruleset->chains[0].nrules, 1);
	assert_true(rule->xt);
	text = arena_strdup(arena, ops_text(arena, rule->ops, rule->nops));
	ruleset_free(ruleset);
	return text;
}

struct legacy_table made_empty(int policy)
{
	struct legacy_table table = {
		.family = FAMILY_IP4, .name = "filter", .valid_hooks = 1u << 2};
	size_t at;

	memset(made, 0, sizeof(made));
	at = put_plain(made, FAMILY_IP4, policy);
	at += put_error(made + at, FAMILY_IP4, "ERROR");
	table.entries = (struct blob){made, at};
	return table;
}
