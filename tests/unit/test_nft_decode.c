/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rulesets that real kernels gave back: chains, sets, what each rule does and its text.
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

#include "netmon/model/ruleset.h"
#include "nft_build.h"

#define DATA SOURCE_ROOT "/tests/unit/data/"

static char *read_file(const char *path, size_t *ret_len)
{
	FILE *stream = fopen(path, "r");
	size_t size = 1 << 20;
	char *data = malloc(size);

	if (!stream)
		fail_msg("cannot open %s", path);
	assert_non_null(data);
	*ret_len = fread(data, 1, size - 1, stream);
	assert_true(*ret_len > 0 && *ret_len < size - 1);
	data[*ret_len] = '\0';
	(void)fclose(stream);
	return data;
}

struct recorded {
	char *messages;
	struct netns netns;
	struct ruleset *ruleset;
	struct arena arena;
};

static struct recorded load(const char *name)
{
	struct recorded rec = {0};
	struct err err = {0};
	char path[256];

	(void)snprintf(path, sizeof(path), DATA "%s.nlmsgs", name);
	rec.messages = read_file(path, &rec.netns.nft.len);
	rec.netns.nft.data = (const uint8_t *)rec.messages;
	if (ruleset_decode(&rec.netns, &rec.ruleset, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	arena_init(&rec.arena, 0);
	return rec;
}

static void unload(struct recorded *rec)
{
	arena_done(&rec->arena);
	ruleset_free(rec->ruleset);
	free(rec->messages);
}

/* One line a rule; a chain's name before its rules. */
static char *list_rules(struct recorded *rec, size_t *ret_len)
{
	char *text = NULL;
	FILE *stream = open_memstream(&text, ret_len);

	assert_non_null(stream);
	for (size_t i = 0; i < rec->ruleset->nchains; i++) {
		const struct chain *chain = &rec->ruleset->chains[i];

		(void)fprintf(stream, "%s %s\n", chain->table, chain->name);
		for (size_t k = 0; k < chain->nrules; k++) {
			const struct rule *rule = &chain->rules[k];

			assert_ptr_equal(rule->chain, chain);
			assert_int_equal(rule->number, k + 1);
			(void)fprintf(stream, "\t%s | %s\n",
				rule_text(&rec->arena, rule),
				kinds_text(&rec->arena, rule->ops, rule->nops));
		}
	}
	(void)fclose(stream);
	return text;
}

/* NAME.expected is written anew where SEAWALL_WRITE_EXPECTED is set: read the
 * difference. */
static void check_listing(const char *name)
{
	struct recorded rec = load(name);
	char path[256];
	size_t got_len, want_len;
	char *got = list_rules(&rec, &got_len), *want;
	char *got_at = got, *want_at;

	(void)snprintf(path, sizeof(path), DATA "%s.expected", name);
	if (getenv("SEAWALL_WRITE_EXPECTED")) {
		FILE *stream = fopen(path, "w");

		assert_non_null(stream);
		(void)fputs(got, stream);
		(void)fclose(stream);
	}
	want = want_at = read_file(path, &want_len);
	for (int line = 1; *got_at || *want_at; line++) {
		size_t got_end = strcspn(got_at, "\n"),
		       want_end = strcspn(want_at, "\n");

		if (got_end != want_end || memcmp(got_at, want_at, got_end) != 0)
			fail_msg("%s.expected:%d: %.*s\n got: %.*s", name, line,
				(int)want_end, want_at, (int)got_end, got_at);
		got_at += got_end + (got_at[got_end] == '\n');
		want_at += want_end + (want_at[want_end] == '\n');
	}
	free(got);
	free(want);
	unload(&rec);
}

static void test_every_expression(void **state)
{
	(void)state;
	check_listing("nft");
}

static void test_docker_29_networks(void **state)
{
	(void)state;
	check_listing("docker-29");
}

static void test_podman_isolated(void **state)
{
	(void)state;
	check_listing("podman-5");
}

static const struct set *find_set(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->nsets; i++)
		if (strcmp(ruleset->sets[i].name, name) == 0)
			return &ruleset->sets[i];
	fail_msg("no set %s", name);
	return NULL;
}

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

/* "c0000200-c00002ff, ..." */
static const char *elements_text(struct arena *arena, const struct set *set)
{
	const char *text = "";

	for (size_t i = 0; i < set->nelements; i++) {
		const struct set_element *element = &set->elements[i];

		text = arena_printf(arena, "%s%s", text, i ? ", " : "");
		if (element->catchall) {
			assert_null(element->key);
			assert_null(element->key_end);
			text = arena_printf(arena, "%s*", text);
			continue;
		}
		for (size_t k = 0; k < set->key_len; k++)
			text = arena_printf(arena, "%s%02x", text, element->key[k]);
		if (element->key_end == element->key)
			continue;
		text = arena_printf(arena, "%s-", text);
		for (size_t k = 0; k < set->key_len; k++)
			text = arena_printf(arena, "%s%02x", text, element->key_end[k]);
	}
	return text;
}

static void test_elements(void **state)
{
	static const struct {
		const char *set, *elements;
	} rows[] = {
		{"blocked", "c0000200-c00002ff, c6336407, cb007105-cb007109, "
			    "ffffff00-ffffffff"},
		{"adjacent", "0a000000-0a000009, 0a000014-0a00001d"},
		{"pairs", "c000020100500000, c000020201bb0000"},
		{"ranges", "c000020000500000-c00002ff005a0000, c633640101bb0000"},
		{"names", "65746800000000000000000000000000-"
			  "657468ffffffffffffffffffffffffff, "
			  "776c616e300000000000000000000000"},
		{"aging", "c0000209"},
		{"seen", ""},
		{"empty", ""},
		{"marks", "00000010-0000001f"},
		{"port_ranges", "0001-03ff, 0400-07d0, *"},
		{"marksof", "c0000201"},
	};
	struct recorded rec = load("nft");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
			elements_text(&rec.arena, find_set(rec.ruleset, rows[i].set)),
			rows[i].elements);
	unload(&rec);
}

static void test_set_properties(void **state)
{
	struct recorded rec = load("nft");
	const struct ruleset *ruleset = rec.ruleset;
	const struct set *set = find_set(ruleset, "ranges");

	(void)state;
	assert_true(set->interval && set->concat && !set->map && !set->vmap);
	assert_int_equal(set->nfields, 2);
	assert_int_equal(set->field_len[0], 4);
	assert_int_equal(set->field_len[1], 2);
	set = find_set(
		ruleset, "pairs"); /* its description, or the rule that uses it */
	assert_true(set->concat && !set->interval);
	assert_int_equal(set->nfields, 2);
	assert_int_equal(set->field_len[1], 2);
	assert_true(find_set(ruleset, "aging")->elements[0].expires);
	assert_false(find_set(ruleset, "blocked")->elements[0].expires);
	assert_true(find_set(ruleset, "limited")->elements[0].maybe);
	assert_false(find_set(ruleset, "counted")->elements[0].maybe);
	assert_true(find_set(ruleset, "seen")->dynamic);
	assert_true(find_set(ruleset, "seen")->refuses); /* one rule adds a limit */
	assert_false(find_set(ruleset, "blocked")->dynamic);
	assert_false(find_set(ruleset, "full")->refuses);
	assert_true(find_set(ruleset, "rated")->refuses);
	assert_int_equal(find_set(ruleset, "seen")->max_elements, 1000);
	assert_true(find_set(ruleset, "objs")->objects);
	assert_false(find_set(ruleset, "objs")->map);
	set = find_set(ruleset, "marksof");
	assert_true(set->map && set->data_len == 4);
	assert_memory_equal(set->elements[0].data, "\1\0\0\0", 4);
	for (size_t i = 0; i < ruleset->nsets; i++)
		assert_false(ruleset->sets[i].unreadable);
	unload(&rec);
}

static void test_verdict_map(void **state)
{
	struct recorded rec = load("nft");
	const struct set *set = find_set(rec.ruleset, "verdicts");
	const struct chain *web = find_chain(rec.ruleset, "inet filter", "web");

	(void)state;
	assert_true(set->vmap);
	assert_int_equal(set->nelements, 6);
	assert_int_equal(set->elements[0].verdict.kind, VERDICT_ACCEPT);
	assert_int_equal(set->elements[1].verdict.kind, VERDICT_DROP);
	assert_int_equal(set->elements[2].verdict.kind, VERDICT_JUMP);
	assert_ptr_equal(set->elements[2].verdict.chain, web);
	assert_int_equal(set->elements[3].verdict.kind, VERDICT_GOTO);
	assert_ptr_equal(set->elements[3].verdict.chain, web);
	assert_int_equal(set->elements[4].verdict.kind, VERDICT_RETURN);
	assert_int_equal(set->elements[5].verdict.kind, VERDICT_CONTINUE);
	unload(&rec);
}

static void test_chains(void **state)
{
	static const struct {
		const char *table, *name;
		enum hook hook;
		enum chain_type type;
		int32_t priority;
		enum verdict policy;
		const char *device;
		bool dormant;
	} rows[] = {
		{"inet filter", "input", HOOK_INPUT, CHAIN_FILTER, 0, VERDICT_DROP,
			NULL, false},
		{"inet filter", "forward", HOOK_FORWARD, CHAIN_FILTER, 10,
			VERDICT_ACCEPT, NULL, false},
		{"inet filter", "ingress", HOOK_INGRESS, CHAIN_FILTER, 0,
			VERDICT_ACCEPT, "lo", false},
		{"inet nat", "prerouting", HOOK_PREROUTING, CHAIN_NAT, -100,
			VERDICT_ACCEPT, NULL, false},
		{"inet nat", "postrouting", HOOK_POSTROUTING, CHAIN_NAT, 100,
			VERDICT_ACCEPT, NULL, false},
		{"inet filter", "output", HOOK_OUTPUT, CHAIN_FILTER, 0, VERDICT_ACCEPT,
			NULL, false},
		{"netdev ingress", "one", HOOK_INGRESS, CHAIN_FILTER, 0, VERDICT_ACCEPT,
			"lo", false},
		{"netdev ingress", "two", HOOK_EGRESS, CHAIN_FILTER, 5, VERDICT_DROP,
			"lo", false},
		{"bridge filter", "pre", HOOK_PREROUTING, CHAIN_FILTER, -300,
			VERDICT_ACCEPT, NULL, false},
		{"ip asleep", "input", HOOK_INPUT, CHAIN_FILTER, 0, VERDICT_DROP, NULL,
			true},
	};
	struct recorded rec = load("nft");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct chain *chain =
			find_chain(rec.ruleset, rows[i].table, rows[i].name);

		assert_true(chain->base);
		assert_int_equal(chain->hook, rows[i].hook);
		assert_int_equal(chain->type, rows[i].type);
		assert_int_equal(chain->priority, rows[i].priority);
		assert_int_equal(chain->policy, rows[i].policy);
		assert_int_equal(chain->dormant, rows[i].dormant);
		assert_int_equal(chain->ndevices, rows[i].device ? 1 : 0);
		if (rows[i].device)
			assert_string_equal(chain->devices[0], rows[i].device);
	}
	assert_false(find_chain(rec.ruleset, "inet filter", "web")->base);
	for (size_t i = 0; i < rec.ruleset->nchains; i++) {
		assert_int_equal(rec.ruleset->chains[i].id, i);
		assert_int_not_equal(rec.ruleset->chains[i].family, TABLE_ARP);
	}
	assert_true(rec.ruleset->has_nft && rec.ruleset->uses_conntrack);
	assert_false(rec.ruleset->has_legacy);
	assert_true(rec.ruleset->generation > 0);
	unload(&rec);
}

/* Cut anywhere, a dump is an error that says where, or a shorter dump; never a crash.
 */
static void test_cut_anywhere(void **state)
{
	struct recorded rec = load("docker-29");
	struct netns netns = rec.netns;
	size_t whole = 0;

	(void)state;
	for (size_t len = 0; len < rec.netns.nft.len; len++) {
		uint8_t *copy = malloc(len + 1);
		struct ruleset *ruleset = NULL;
		struct err err = {0};
		int r;

		assert_non_null(copy);
		memcpy(copy, rec.messages, len);
		netns.nft.data = copy;
		netns.nft.len = len;
		r = ruleset_decode(&netns, &ruleset, &err);
		if (r == 0) {
			whole++;
			ruleset_free(ruleset);
		} else {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(err.text, "byte "));
		}
		free(copy);
	}
	assert_true(whole > 20 && whole < 400); /* cuts between messages */
	unload(&rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_expression),
		cmocka_unit_test(test_docker_29_networks),
		cmocka_unit_test(test_podman_isolated),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_set_properties),
		cmocka_unit_test(test_verdict_map),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
