/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small host made by hand, for the tests of judge/ and report/. */
#include "fixture.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/zone.h"
#include "netmon/judge/judge.h"
#include "netmon/judge/words.h"

static void *made(void *pointer)
{
	assert_non_null(pointer);
	return pointer;
}

/* Strangers of both families come by eth0, which has no network of its own. */
static void add_ways(struct fixture *f)
{
	static const enum family families[] = {FAMILY_IP4, FAMILY_IP6};
	struct way *ways =
		made(arena_array(&f->arena, ARRAY_LEN(families), sizeof(*ways)));

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		ways[i] = (struct way){.ifindex = 2,
			.name = "eth0",
			.perimeter = true,
			.family = families[i],
			.zone = {
				[ZONE_INTERNET] = zone_internet(&f->arena, families[i]),
				[ZONE_PRIVATE] = zone_private(&f->arena, families[i]),
				[ZONE_ADJACENT] = &ivset_none}};
	f->report.ways = ways;
	f->report.nways = ARRAY_LEN(families);
}

void fixture_open(struct fixture *f, const char *policy)
{
	struct json_errors errors;
	struct err err = {0};

	*f = (struct fixture){0};
	arena_init(&f->arena, 0);
	arena_init(&f->report.arena, 0);
	arena_init(&f->ruleset.arena, 0);
	f->facts = made(facts_new());
	f->facts->hostname = "box";
	f->facts->containers = made(
		arena_array(&f->arena, FIXTURE_MAX, sizeof(*f->facts->containers)));
	f->ruleset.chains =
		made(arena_array(&f->arena, FIXTURE_MAX, sizeof(*f->ruleset.chains)));
	f->report.exposures =
		made(arena_array(&f->arena, FIXTURE_MAX, sizeof(*f->report.exposures)));
	f->report.gaps =
		made(arena_array(&f->arena, FIXTURE_MAX, sizeof(*f->report.gaps)));
	f->report.perimeter =
		made(arena_array(&f->arena, 1, sizeof(*f->report.perimeter)));
	f->report.perimeter[0] = "eth0";
	f->report.nperimeter = 1;
	add_ways(f);
	f->report.facts = f->facts;
	f->report.ruleset = &f->ruleset;
	f->report.generated = "2026-11-29T12:00:00Z";
	f->report.live = true;
	json_errors_init(&errors);
	int rc = policy ? policy_load_text("test", policy, strlen(policy), &errors,
				  &f->policy, &err)
			: policy_new_default(&f->policy, &err);
	if (rc < 0)
		fail_msg("%s", err.text);
	json_errors_done(&errors);
}

void fixture_close(struct fixture *f)
{
	policy_free(f->policy);
	facts_free(f->facts);
	arena_done(&f->ruleset.arena);
	arena_done(&f->report.arena);
	arena_done(&f->arena);
}

struct container *fixture_container(struct fixture *f, const char *name)
{
	assert_true(f->facts->ncontainers < FIXTURE_MAX);
	struct container *container = &f->facts->containers[f->facts->ncontainers++];

	container->id = arena_printf(&f->arena, "%s-0123456789abcdef", name);
	container->name = name;
	container->image = arena_printf(&f->arena, "example/%s@sha256:0", name);
	container->user = "1000";
	container->pids_limit = 100;
	container->inspected = true;
	container->state = "running";
	return container;
}

static struct addr parse_addr(const char *text)
{
	struct addr addr;
	struct err err = {0};

	if (addr_parse(text, &addr, &err) < 0)
		fail_msg("%s", err.text);
	return addr;
}

struct exposure *fixture_exposure(struct fixture *f, const struct container *container,
	enum path path, const char *address, uint16_t port, const char *target,
	uint16_t target_port)
{
	assert_true(f->report.nexposures < FIXTURE_MAX);
	struct exposure *exposure = &f->report.exposures[f->report.nexposures++];
	bool any = strcmp(address, "*") == 0;

	exposure->endpoint.any = any;
	if (!any)
		exposure->endpoint.addr = parse_addr(address);
	exposure->endpoint.family = any ? FAMILY_IP4 : exposure->endpoint.addr.family;
	exposure->endpoint.proto = IPPROTO_TCP;
	exposure->endpoint.port = port;
	exposure->path = path;
	exposure->container = container;
	exposure->target = parse_addr(target);
	exposure->target_port = target_port;
	exposure->id = arena_printf(&f->arena, "%s-%s-%u-%s", words_path(path),
		any ? "any" : address, port, container ? container->name : "host");
	exposure->published = container != NULL;
	exposure->listening = TRI_YES;
	for (int zone = 0; zone < ZONE_COUNT; zone++)
		exposure->reach[zone] = (struct reach_set){&ivset_none, &ivset_none};
	return exposure;
}

const struct ivset *fixture_set(
	struct fixture *f, enum family family, const char *prefixes)
{
	const struct ivset *set = &ivset_none;
	char *copy = made(arena_strdup(&f->arena, prefixes)), *state = NULL;

	for (char *word = strtok_r(copy, " ", &state); word;
		word = strtok_r(NULL, " ", &state)) {
		const struct ivset *one;
		struct prefix prefix;
		struct err err = {0};

		if (strcmp(word, "internet") == 0) {
			one = zone_internet(&f->arena, family);
		} else if (strcmp(word, "private") == 0) {
			one = zone_private(&f->arena, family);
		} else {
			if (prefix_parse(word, &prefix, &err) < 0)
				fail_msg("%s", err.text);
			one = ivset_prefix(&f->arena, &prefix);
		}
		set = ivset_union(&f->arena, set, one);
	}
	return set;
}

void fixture_reach(struct fixture *f, struct exposure *exposure, enum zone zone,
	const char *must, const char *may)
{
	enum family family = exposure->endpoint.family;

	exposure->reach[zone].must = fixture_set(f, family, must);
	exposure->reach[zone].may = fixture_set(f, family, may);
}

struct gap *fixture_gap(struct fixture *f, const char *code, bool hides)
{
	assert_true(f->report.ngaps < FIXTURE_MAX);
	struct gap *gap = &f->report.gaps[f->report.ngaps++];

	gap->code = code;
	gap->table = "ip filter";
	gap->chain = "INPUT";
	gap->handle = 4;
	gap->text = "match \"foo\" is not known";
	gap->hides = hides;
	return gap;
}

struct chain *fixture_chain(struct fixture *f, const char *table,
	enum table_family family, const char *name, enum hook hook)
{
	assert_true(f->ruleset.nchains < FIXTURE_MAX);
	struct chain *chain = &f->ruleset.chains[f->ruleset.nchains];

	chain->id = (uint32_t)f->ruleset.nchains++;
	chain->table = table;
	chain->name = name;
	chain->family = family;
	chain->base = hook != HOOK_COUNT;
	chain->hook = chain->base ? hook : HOOK_INGRESS;
	chain->policy = VERDICT_ACCEPT;
	chain->rules = made(arena_array(&f->arena, FIXTURE_MAX, sizeof(struct rule)));
	return chain;
}

static void add_match(struct fixture *f, struct op *op, enum field field, uint8_t base,
	uint8_t offset, const void *bytes, uint8_t len)
{
	struct operand *operand = made(arena_alloc(&f->arena, sizeof(*operand)));

	operand->field = field;
	operand->base = base;
	operand->offset = offset;
	operand->len = operand->load_len = len;
	op->kind = OP_MATCH;
	op->operand = operand;
	op->value_len = len;
	op->lo = made(arena_memdup(&f->arena, bytes, len));
}

struct rule *fixture_rule(struct fixture *f, struct chain *chain, enum field field,
	uint16_t port, const char *from, enum verdict verdict, const struct chain *to)
{
	assert_true(chain->nrules < FIXTURE_MAX);
	struct rule *rules, *rule;
	struct op *ops = made(arena_array(&f->arena, 4, sizeof(*ops)));
	size_t n = 0;

	memcpy(&rules, &chain->rules, sizeof(rules));
	rule = &rules[chain->nrules++];
	f->ruleset.nrules++;
	if (port) {
		uint8_t tcp = IPPROTO_TCP,
			be[2] = {(uint8_t)(port >> 8), (uint8_t)port};

		add_match(f, &ops[n++], FIELD_L4PROTO, 0, 0, &tcp, 1);
		if (field == FIELD_DPORT)
			add_match(
				f, &ops[n++], FIELD_PAYLOAD, BASE_TRANSPORT, 2, be, 2);
		else
			add_match(f, &ops[n++], field, 0, 0, be, 2);
	}
	if (from) {
		struct addr addr = parse_addr(from);
		uint8_t bytes[4];

		addr_store(bytes, sizeof(bytes), addr.value);
		add_match(f, &ops[n++], FIELD_PAYLOAD, BASE_NETWORK, 12, bytes, 4);
	}
	ops[n].kind = OP_VERDICT;
	ops[n].verdict.kind = verdict;
	ops[n++].verdict.chain = to;
	rule->ops = ops;
	rule->nops = n;
	rule->chain = chain;
	rule->number = (uint32_t)chain->nrules;
	rule->handle = 10 + f->ruleset.nrules;
	return rule;
}

void fixture_judge(struct fixture *f)
{
	struct err err = {0};

	if (judge_report(&f->report, f->policy, 20261129, &err) < 0)
		fail_msg("%s", err.text);
}

const struct finding *fixture_finding(const struct fixture *f, const char *kind)
{
	const struct finding *found = NULL;

	for (size_t i = 0; i < f->report.nfindings; i++) {
		if (strcmp(f->report.findings[i].kind, kind) != 0)
			continue;
		assert_null(found);
		found = &f->report.findings[i];
	}
	return found;
}
