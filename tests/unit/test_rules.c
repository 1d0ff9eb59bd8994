/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "netmon/judge/rules.h"

static const struct rules_flow flow = {
	.family = FAMILY_IP4,
	.proto = IPPROTO_TCP,
	.port = 8080,
	.orig_port = 8080,
	.iface = "eth0",
};

static struct chain *filter_chain(struct fixture *f, const char *name, enum hook hook)
{
	return fixture_chain(f, "ip filter", TABLE_IP, name, hook);
}

static void called_by_jumps_only(void **state)
{
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	struct chain *user = filter_chain(&f, "DOCKER-USER", HOOK_COUNT);
	struct chain *lost = filter_chain(&f, "LOST", HOOK_COUNT);
	struct chain *below = filter_chain(&f, "BELOW-LOST", HOOK_COUNT);
	struct chain *forward = filter_chain(&f, "FORWARD", HOOK_FORWARD);
	struct chain *asleep =
		fixture_chain(&f, "ip asleep", TABLE_IP, "FORWARD", HOOK_FORWARD);

	fixture_rule(&f, forward, 0, 0, NULL, VERDICT_JUMP, user);
	fixture_rule(&f, lost, 0, 0, NULL, VERDICT_GOTO, below);
	fixture_rule(&f, asleep, 0, 0, NULL, VERDICT_JUMP, lost);
	asleep->dormant = true;
	const bool *called = rules_called(&f.arena, &f.ruleset);
	assert_true(called[user->id]);
	assert_true(called[forward->id]);
	assert_false(called[lost->id]);
	assert_false(called[below->id]);
	assert_false(called[asleep->id]);
	fixture_close(&f);
}

static size_t stopping(struct fixture *f, struct rules_hit **hits)
{
	struct rules_hit *all;
	size_t n = rules_stopping(&f->arena, &f->ruleset,
		rules_ports(&f->arena, &f->ruleset), HOOK_INPUT, NULL, &flow, hits);

	/* Which rules are read makes no difference. */
	assert_int_equal(rules_stopping(&f->arena, &f->ruleset, NULL, HOOK_INPUT, NULL,
				 &flow, &all),
		n);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(all[i].rule, (*hits)[i].rule);
		assert_int_equal(all[i].names_port, (*hits)[i].names_port);
	}
	return n;
}

static void names_what_would_stop(void **state)
{
	struct rules_hit *hits;
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	struct chain *input = filter_chain(&f, "INPUT", HOOK_INPUT);
	struct chain *other =
		fixture_chain(&f, "ip6 filter", TABLE_IP6, "INPUT", HOOK_INPUT);
	struct chain *bans = filter_chain(&f, "f2b", HOOK_COUNT);
	struct rule *ban =
		fixture_rule(&f, bans, 0, 0, "192.0.2.1", VERDICT_DROP, NULL);

	fixture_rule(&f, other, 0, 0, NULL, VERDICT_DROP, NULL);
	fixture_rule(&f, input, FIELD_DPORT, 22, NULL, VERDICT_DROP, NULL);
	fixture_rule(&f, input, FIELD_DPORT, 8080, NULL, VERDICT_JUMP, bans);
	input->policy = VERDICT_DROP;
	assert_int_equal(stopping(&f, &hits), 2);
	assert_ptr_equal(hits[0].rule, ban);
	assert_true(hits[0].names_port);
	assert_null(hits[1].rule); /* the policy */
	assert_ptr_equal(hits[1].chain, input);
	assert_false(hits[1].names_port);
	fixture_close(&f);
}

static void accept_ends_the_search(void **state)
{
	struct rules_hit *hits;
	struct fixture f;
	(void)state;

	/* An accept that matches for certain: the owner wants it open. */
	fixture_open(&f, NULL);
	struct chain *input = filter_chain(&f, "INPUT", HOOK_INPUT);
	input->policy = VERDICT_DROP;
	fixture_rule(&f, input, FIELD_DPORT, 8080, NULL, VERDICT_ACCEPT, NULL);
	assert_int_equal(stopping(&f, &hits), 0);

	/* But only within its base chain. */
	struct chain *second =
		fixture_chain(&f, "inet host", TABLE_INET, "in", HOOK_INPUT);
	second->priority = 10;
	struct rule *drop =
		fixture_rule(&f, second, FIELD_DPORT, 8080, NULL, VERDICT_DROP, NULL);
	assert_int_equal(stopping(&f, &hits), 1);
	assert_ptr_equal(hits[0].rule, drop);
	fixture_close(&f);

	/* For some sources only: the rest meets the policy. */
	fixture_open(&f, NULL);
	input = filter_chain(&f, "INPUT", HOOK_INPUT);
	input->policy = VERDICT_DROP;
	fixture_rule(&f, input, FIELD_DPORT, 8080, "192.0.2.1", VERDICT_ACCEPT, NULL);
	assert_int_equal(stopping(&f, &hits), 1);
	fixture_close(&f);

	/* A certain return ends the chain it stands in, not its caller. */
	fixture_open(&f, NULL);
	input = filter_chain(&f, "INPUT", HOOK_INPUT);
	struct chain *sub = filter_chain(&f, "sub", HOOK_COUNT);
	fixture_rule(&f, sub, 0, 0, NULL, VERDICT_RETURN, NULL);
	fixture_rule(&f, sub, 0, 0, NULL, VERDICT_DROP, NULL);
	fixture_rule(&f, input, 0, 0, NULL, VERDICT_JUMP, sub);
	drop = fixture_rule(&f, input, FIELD_DPORT, 8080, NULL, VERDICT_DROP, NULL);
	assert_int_equal(stopping(&f, &hits), 1);
	assert_ptr_equal(hits[0].rule, drop);
	fixture_close(&f);
}

/* A port is named by what holds for few, whatever else those are: 0x45da and 0x3b11
 * differ from 8080 as two others do that were once asked in the place of all. */
static void names_few_ports(void **state)
{
	static const uint16_t list[] = {0x45da, 8080, 0x3b11};
	static const struct operand dport = {
		.field = FIELD_DPORT, .load_len = 2, .len = 2};
	static const struct {
		enum cmp cmp;
		uint16_t lo, hi;
		bool names;
	} rows[] = {
		{CMP_EQ, 8080, 8080, true},
		{CMP_RANGE, 8000, 0x45da, true},
		{CMP_RANGE, 1, 32767, true},
		{CMP_RANGE, 1, 32768, false},
		{CMP_RANGE, 0, 65535, false},
		{CMP_NEQ, 22, 22, false},
		{CMP_NOT_RANGE, 10000, 65535, true},
		{CMP_NOT_RANGE, 1, 1023, false},
		{CMP_GT, 1023, 1023, false},
		{CMP_LT, 10000, 10000, true},
		{CMP_LTE, 8080, 8080, true},
	};
	struct rules_hit *hits;
	struct fixture f;
	(void)state;

	for (size_t i = 0; i <= ARRAY_LEN(rows); i++) {
		uint8_t lo[2], hi[2], keys[ARRAY_LEN(list)][2];
		struct set_element elements[ARRAY_LEN(list)] = {0};
		struct set set = {.key_len = 2,
			.elements = elements,
			.nelements = ARRAY_LEN(list)};
		struct op ops[2] = {{.kind = OP_LOOKUP, .operand = &dport, .set = &set},
			{.kind = OP_VERDICT, .verdict = {.kind = VERDICT_DROP}}};
		bool names = true;

		for (size_t k = 0; k < ARRAY_LEN(list); k++) {
			addr_store(keys[k], 2, list[k]);
			elements[k].key = elements[k].key_end = keys[k];
		}
		if (i < ARRAY_LEN(rows)) {
			addr_store(lo, 2, rows[i].lo);
			addr_store(hi, 2, rows[i].hi);
			ops[0] = (struct op){.kind = OP_MATCH,
				.operand = &dport,
				.cmp = rows[i].cmp,
				.value_len = 2,
				.lo = lo,
				.hi = hi};
			names = rows[i].names;
		}
		fixture_open(&f, NULL);
		struct chain *input = filter_chain(&f, "INPUT", HOOK_INPUT);
		struct rule *rule =
			fixture_rule(&f, input, 0, 0, NULL, VERDICT_DROP, NULL);
		rule->ops = ops;
		rule->nops = 2;
		assert_int_equal(stopping(&f, &hits), 1);
		assert_int_equal(hits[0].names_port, names);
		fixture_close(&f);
	}
}

/* tcp dport vmap { 8080 : drop } is about that port, too. */
static void names_the_port_of_a_verdict_map(void **state)
{
	static const struct operand dport = {
		.field = FIELD_DPORT, .load_len = 2, .len = 2};
	static const uint8_t key[2] = {8080 >> 8, 8080 & 0xff};
	struct set_element element = {
		.key = key, .key_end = key, .verdict = {.kind = VERDICT_DROP}};
	struct set set = {.key_len = 2,
		.vmap = true,
		.map = true,
		.elements = &element,
		.nelements = 1};
	struct op op = {.kind = OP_VMAP, .operand = &dport, .set = &set};
	struct rules_hit *hits;
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	struct chain *input = filter_chain(&f, "INPUT", HOOK_INPUT);
	struct rule *rule = fixture_rule(&f, input, 0, 0, NULL, VERDICT_DROP, NULL);
	rule->ops = &op;
	rule->nops = 1;
	assert_int_equal(stopping(&f, &hits), 1);
	assert_true(hits[0].names_port);
	fixture_close(&f);
}

/* A chain that jumps to itself is refused by the kernel, not by a snapshot. */
static void loops_end(void **state)
{
	struct rules_hit *hits;
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	struct chain *input = filter_chain(&f, "INPUT", HOOK_INPUT);
	for (size_t i = 0; i < 8; i++)
		fixture_rule(&f, input, 0, 0, NULL, VERDICT_JUMP, input);
	(void)rules_called(&f.arena, &f.ruleset);
	assert_int_equal(stopping(&f, &hits), 0);
	fixture_close(&f);
}

static struct exposure *open_web(struct fixture *f)
{
	fixture_open(f, NULL);
	struct exposure *exposure = fixture_exposure(
		f, fixture_container(f, "web"), PATH_DNAT, "*", 8080, "172.17.0.2", 80);

	fixture_reach(f, exposure, ZONE_INTERNET, "internet", "internet");
	return exposure;
}

static void input_only(void **state)
{
	const struct finding *finding;
	struct fixture f;
	(void)state;

	open_web(&f);
	struct chain *input = filter_chain(&f, "INPUT", HOOK_INPUT);
	fixture_rule(&f, input, FIELD_DPORT, 22, NULL, VERDICT_DROP, NULL);
	fixture_judge(&f);
	assert_null(fixture_finding(&f, "input-only-protection"));
	fixture_close(&f);

	open_web(&f);
	input = filter_chain(&f, "INPUT", HOOK_INPUT);
	fixture_rule(&f, input, FIELD_DPORT, 22, NULL, VERDICT_DROP, NULL);
	fixture_rule(&f, input, FIELD_DPORT, 8080, NULL, VERDICT_DROP, NULL);
	fixture_judge(&f);
	finding = fixture_finding(&f, "input-only-protection");
	assert_non_null(finding);
	assert_non_null(strstr(finding->detail, "ip filter INPUT handle 12"));
	assert_null(strstr(finding->detail, "handle 11"));
	assert_non_null(strstr(finding->remedy, "ct original proto-dst 8080"));
	fixture_close(&f);

	/* docker-proxy listens on the host: input is where its packets pass. */
	open_web(&f)->path = PATH_DOCKER_PROXY;
	input = filter_chain(&f, "INPUT", HOOK_INPUT);
	fixture_rule(&f, input, FIELD_DPORT, 8080, "192.0.2.1", VERDICT_DROP, NULL);
	fixture_judge(&f);
	assert_null(fixture_finding(&f, "input-only-protection"));
	fixture_close(&f);
}

/* 1-65535 are translated; one of them, far from the first, is dropped in input. */
static void input_only_of_a_span(void **state)
{
	static const struct {
		uint16_t port;
		const char *masked; /* of a rule beside it, that looks at each port */
	} rows[] = {{8081, NULL}, {60000, NULL}, {60001, "yes"}};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static const uint8_t ones[] = {0xff, 0xff}, none[2];
		static const struct step mask = {
			.kind = STEP_AND_XOR, .count = 2, .and = ones, .xor = none};
		const struct finding *finding;
		struct fixture f;
		struct exposure *exposure = open_web(&f);

		exposure->endpoint.port = 1;
		exposure->endpoint.port_last = 65535;
		exposure->target_port = 1;
		exposure->target_moves = true;
		struct chain *input = filter_chain(&f, "INPUT", HOOK_INPUT);
		fixture_rule(
			&f, input, FIELD_DPORT, rows[i].port, NULL, VERDICT_DROP, NULL);
		if (rows[i].masked) {
			const struct op *port = &input->rules[0].ops[1];
			struct operand *o = (struct operand *)(uintptr_t)port->operand;

			o->steps = &mask;
			o->nsteps = 1;
		}
		fixture_judge(&f);
		finding = fixture_finding(&f, "input-only-protection");
		assert_non_null(finding);
		fixture_close(&f);
	}
}

/* Of a span one port of each sign is asked. */
static void input_only_by_signs(void **state)
{
	static u128 signs[65536];
	(void)state;

	for (size_t told = 0; told < 2; told++) {
		struct fixture f;
		struct exposure *exposure = open_web(&f);

		memset(signs, 0, sizeof(signs));
		if (told)
			signs[60000] = 1;
		f.report.port_signs = signs;
		exposure->endpoint.port_last = 65535;
		exposure->target_moves = true;
		struct chain *input = filter_chain(&f, "INPUT", HOOK_INPUT);
		fixture_rule(&f, input, FIELD_DPORT, 60000, NULL, VERDICT_DROP, NULL);
		fixture_judge(&f);
		assert_int_equal(
			fixture_finding(&f, "input-only-protection") != NULL, told);
		fixture_close(&f);
	}
}

static void translated_port(void **state)
{
	struct fixture f;
	(void)state;

	open_web(&f);
	struct chain *forward = filter_chain(&f, "FORWARD", HOOK_FORWARD);
	struct chain *user = filter_chain(&f, "DOCKER-USER", HOOK_COUNT);
	fixture_rule(&f, forward, 0, 0, NULL, VERDICT_JUMP, user);
	fixture_rule(&f, user, FIELD_DPORT, 8080, NULL, VERDICT_DROP, NULL);
	fixture_judge(&f);
	const struct finding *finding =
		fixture_finding(&f, "rule-matches-translated-port");
	assert_non_null(finding);
	assert_non_null(strstr(finding->detail, "ip filter DOCKER-USER handle 12"));
	assert_non_null(
		strstr(finding->remedy, "iptables -I DOCKER-USER -i eth0 -p tcp "
					"-m conntrack --ctdir ORIGINAL "
					"--ctorigdstport 8080 -j DROP"));
	assert_null(fixture_finding(&f, "docker-user-not-called"));
	fixture_close(&f);

	/* By the port that was dialled it does match. */
	open_web(&f);
	forward = filter_chain(&f, "FORWARD", HOOK_FORWARD);
	fixture_rule(&f, forward, FIELD_CT_ORIG_DPORT, 8080, "192.0.2.1", VERDICT_DROP,
		NULL);
	fixture_judge(&f);
	assert_null(fixture_finding(&f, "rule-matches-translated-port"));
	fixture_close(&f);
}

static void docker_user(void **state)
{
	struct engine engine = {.socket = "/run/docker.sock", .kind = "docker"};
	struct fixture f;
	(void)state;

	for (int nft = 0; nft < 2; nft++) {
		for (int called = 0; called < 2; called++) {
			fixture_open(&f, NULL);
			struct chain *user =
				filter_chain(&f, "DOCKER-USER", HOOK_COUNT);
			struct chain *forward =
				filter_chain(&f, "FORWARD", HOOK_FORWARD);

			engine.firewall_backend = nft ? "nftables" : NULL;
			f.facts->engines = &engine;
			f.facts->nengines = 1;
			fixture_rule(&f, user, 0, 0, "192.0.2.1", VERDICT_DROP, NULL);
			fixture_rule(&f, user, 0, 0, NULL, VERDICT_RETURN, NULL);
			if (called)
				fixture_rule(
					&f, forward, 0, 0, NULL, VERDICT_JUMP, user);
			fixture_judge(&f);
			const struct finding *finding = fixture_finding(&f,
				nft ? "docker-user-ignored" : "docker-user-not-called");
			assert_int_equal(finding != NULL, !called);
			assert_int_equal(f.report.nfindings, !called);
			if (finding)
				assert_non_null(strstr(finding->detail, "handle 11"));
			fixture_close(&f);
		}
	}

	/* Nothing but the return that Docker puts there: nothing is lost. */
	fixture_open(&f, NULL);
	struct chain *user = filter_chain(&f, "DOCKER-USER", HOOK_COUNT);
	fixture_rule(&f, user, 0, 0, NULL, VERDICT_RETURN, NULL);
	fixture_judge(&f);
	assert_int_equal(f.report.nfindings, 0);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(called_by_jumps_only),
		cmocka_unit_test(names_what_would_stop),
		cmocka_unit_test(accept_ends_the_search),
		cmocka_unit_test(names_few_ports),
		cmocka_unit_test(names_the_port_of_a_verdict_map),
		cmocka_unit_test(loops_end),
		cmocka_unit_test(input_only),
		cmocka_unit_test(input_only_of_a_span),
		cmocka_unit_test(input_only_by_signs),
		cmocka_unit_test(translated_port),
		cmocka_unit_test(docker_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
