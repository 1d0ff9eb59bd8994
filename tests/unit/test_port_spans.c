/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. Random rules that look at ports in every way there is are
 * surveyed, which asks one port of each span; then every port is asked alone. What a
 * span claims must be true of each of its ports: who gets in for certain does, at the
 * target that the span has for that port; and who gets in at a port is in some span.
 */
#include <arpa/inet.h>
#include <linux/netfilter/nf_nat.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/model/span.h"
#include "netmon/reach/port_signs.h"
#include "netmon/reach/walk.h"
#include "ports_made.h"

#define WEB HOST_WEB

#ifndef __has_feature /* clang has it */
#define __has_feature(x) 0
#endif
#if __has_feature(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
#define HOSTS 6u /* each takes five times as long */
#else
#define HOSTS 30u
#endif

/* ---------------------------------------------------------------- comparison */

#define STRANGER 0xc6336409u /* 198.51.100.9 */
#define HOST	 0xcb007101u /* 203.0.113.1 */

static bool same_target(
	const struct exposure *e, uint16_t port, const struct outcome *o)
{
	uint16_t there = e->target_port;

	if (e->target_moves)
		there = (uint16_t)(there + (port - e->endpoint.port));
	return e->path == o->path && e->container == o->container &&
	       e->target.value == o->target.value && there == o->target_port;
}

/* The exposure that has the stranger in it at @port, and arrives where @o does. */
static const struct exposure *claim(
	const struct report *report, uint16_t port, const struct outcome *o)
{
	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *e = &report->exposures[i];

		if (e->endpoint.family == FAMILY_IP4 &&
			e->endpoint.proto == IPPROTO_TCP &&
			span_has_port(&e->endpoint, port) &&
			(e->endpoint.any || e->endpoint.addr.value == HOST) &&
			ivset_contains(e->reach[ZONE_INTERNET].may, STRANGER) &&
			(!o || same_target(e, port, o)))
			return e;
	}
	return NULL;
}

/* What makes an exposure: a closed port of the host itself is none. */
static bool exposes(const struct outcome *o)
{
	return o->reaches && (o->path == PATH_DNAT || o->listener != TRI_NO);
}

static bool same_place(const struct outcome *a, const struct outcome *b)
{
	return a->path == b->path && a->container == b->container &&
	       a->target.value == b->target.value && a->target_port == b->target_port;
}

static bool is_certain(const struct walk *walk, const struct outcome *o)
{
	for (size_t i = 0; i < walk->n; i++)
		if (!exposes(&walk->outcomes[i]) || !same_place(o, &walk->outcomes[i]))
			return false;
	return true;
}

/* Certain is what is so from every client's port, or from the one that a client has. */
static bool one_claim(const struct report *report, uint16_t port,
	const struct walk *any, const struct walk *ordinary, const struct outcome *o)
{
	const struct exposure *e = claim(report, port, o);
	bool certain = is_certain(any, o) || is_certain(ordinary, o);

	return e && ivset_contains(e->reach[ZONE_INTERNET].must, STRANGER) == certain;
}

static void compare_port(
	struct host_made *h, const struct report *report, uint16_t port, uint32_t host)
{
	const struct addr to = {HOST, FAMILY_IP4};
	struct walk walk = {.reach = h->reach, .run = {.arena = &h->arena}};
	struct walk ordinary = walk;
	const struct ivset *peers = ivset_range(&h->arena, STRANGER, STRANGER);
	bool fine = true, any = false;

	walk_from_outside(&walk, HOST_ETH0, &to, IPPROTO_TCP, port, -1, peers);
	walk_from_outside(
		&ordinary, HOST_ETH0, &to, IPPROTO_TCP, port, ORDINARY_PORT, peers);
	for (size_t i = 0; i < walk.n; i++)
		if (exposes(&walk.outcomes[i])) {
			fine &= one_claim(
				report, port, &walk, &ordinary, &walk.outcomes[i]);
			any = true;
		}
	fine &= any || !claim(report, port, NULL);
	if (!fine)
		print_message("host %u, port %u\n", host, port);
	assert_true(fine);
	arena_reset(&h->arena);
}

static bool cut_short(const struct report *report)
{
	for (size_t i = 0; i < report->ngaps; i++)
		if (strcmp(report->gaps[i].code, "ports-not-asked") == 0)
			return true;
	return false;
}

static void spans_say_what_ports_say(void **state)
{
	static const uint16_t others[] = {512, 1000, 20000, 65535};
	size_t spans = 0;

	(void)state;
	for (uint32_t n = 0; n < HOSTS; n++) {
		struct report report;
		struct host_made h;
		uint64_t seed = n * 7919u + 1;

		host_open(&h);
		ports_made_host(&h, &seed);
		host_survey(&h, &report);
		for (uint16_t p = 1; p <= PORTS_MADE + 100; p++)
			compare_port(&h, &report, p, n);
		/* Where arithmetic tells all ports apart, a gap says that these are not
		 * asked. */
		for (size_t i = 0; !cut_short(&report) && i < ARRAY_LEN(others); i++)
			compare_port(&h, &report, others[i], n);
		for (size_t i = 0; i < report.nexposures; i++)
			spans += report.exposures[i].endpoint.port_last != 0;
		arena_done(&report.arena);
		host_close(&h);
	}
	assert_true(spans > HOSTS); /* else nothing was tried */
}

/* ---------------------------------------------------------------- rows */

/* By TCP, at whatever address of the host's. */
static bool is_translated(const struct exposure *e)
{
	return e->path == PATH_DNAT && e->endpoint.proto == IPPROTO_TCP &&
	       e->endpoint.any;
}

/* docker run -p 8000-...:8000-...: a rule for each port. */
static void publish_row(struct host_made *h, uint16_t n, bool moves)
{
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);

	h->web->nports = n;
	h->web->ports = arena_array(&h->facts->arena, n, sizeof(*h->web->ports));
	for (uint16_t i = 0; i < n; i++) {
		uint16_t there = moves ? (uint16_t)(9000 + i) : 9000;
		struct op ops[] = {made_match(&h->rules.arena, made_dport(), CMP_EQ,
					   8000u + i, 0, 2),
			made_dnat(&h->rules.arena, WEB, there)};

		made_rule(&h->rules, chain, ops, 2);
		h->web->ports[i] = (struct port_binding){.proto = IPPROTO_TCP,
			.container_port = there,
			.host_port = (uint16_t)(8000 + i)};
	}
}

static void rows_of_published_ports(void **state)
{
	static const struct {
		uint16_t n;
		bool moves;
		size_t exposures;
		uint16_t last, target_last;
	} rows[] = {
		{100, true, 1, 8099, 9099}, {100, false, 1, 8099, 9000},
		{63, true, 63, 8000, 9000}, /* a handful stays one by one */
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct exposure *first = NULL;
		struct report report;
		struct host_made h;
		size_t n = 0;

		host_open(&h);
		publish_row(&h, rows[i].n, rows[i].moves);
		host_survey(&h, &report);
		for (size_t k = 0; k < report.nexposures; k++)
			if (is_translated(&report.exposures[k])) {
				first = first ? first : &report.exposures[k];
				n++;
			}
		assert_int_equal(n, rows[i].exposures);
		assert_int_equal(first->endpoint.port, 8000);
		assert_int_equal(span_last(&first->endpoint), rows[i].last);
		assert_int_equal(span_target_last(first), rows[i].target_last);
		assert_int_equal(first->rules_differ, n == 1);
		arena_done(&report.arena);
		host_close(&h);
	}
}

/* One rule for a few ports: each is in the report by itself, as people look it up. */
static void short_spans_are_listed(void **state)
{
	static const struct {
		uint16_t n;
		size_t exposures;
	} rows[] = {{5, 5}, {63, 63}, {64, 1}, {500, 1}};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct report report;
		struct host_made h;
		size_t n = 0;

		host_open(&h);
		struct chain *chain = made_chain(
			&h.rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
		struct op ops[] = {made_match(&h.rules.arena, made_dport(), CMP_RANGE,
					   8000, 8000u + rows[i].n - 1, 2),
			made_dnat(&h.rules.arena, WEB, 9000)};

		made_rule(&h.rules, chain, ops, 2);
		host_survey(&h, &report);
		for (size_t k = 0; k < report.nexposures; k++) {
			const struct exposure *e = &report.exposures[k];

			if (!is_translated(e))
				continue;
			assert_int_equal(e->endpoint.port, 8000 + n);
			assert_int_equal(e->target_port, 9000);
			n++;
		}
		assert_int_equal(n, rows[i].exposures);
		arena_done(&report.arena);
		host_close(&h);
	}
}

/* tcp dport FIRST-LAST dnat to web:MIN-MAX, kept or (iptables' /BASE) shifted: what the
 * report says of the translation is true of all of an exposure's ports. */
static void a_translation_names_all_its_ports(void **state)
{
	static const struct {
		uint16_t n, there;
		bool shift;
		const char *first, *second; /* exposure's text; NULL: there is one */
	} rows[] = {
		{100, 8000, false, "dnat to 172.17.0.2:8000-8099", NULL},
		{100, 9000, true, "dnat to 172.17.0.2:9000-9099", NULL},
		{5, 8000, false, "dnat to 172.17.0.2:8000", "dnat to 172.17.0.2:8001"},
		{5, 9000, true, "dnat to 172.17.0.2:9000", "dnat to 172.17.0.2:9001"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *texts[2] = {NULL, NULL};
		struct report report;
		struct host_made h;
		size_t n = 0;

		host_open(&h);
		struct arena *arena = &h.rules.arena;
		struct chain *chain = made_chain(
			&h.rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
		struct op ops[] = {made_match(arena, made_dport(), CMP_RANGE, 8000,
					   8000u + rows[i].n - 1, 2),
			made_dnat(arena, WEB, 0)};
		struct nat *nat = arena_memdup(arena, ops[1].nat, sizeof(*nat));
		nat->port_min = ports_made_const(arena, rows[i].there);
		nat->port_max = ports_made_const(
			arena, (uint16_t)(rows[i].there + rows[i].n - 1));
		if (rows[i].shift) {
			nat->flags |= NF_NAT_RANGE_PROTO_OFFSET;
			nat->port_base = 8000;
		}
		ops[1].nat = nat;
		made_rule(&h.rules, chain, ops, 2);
		host_survey(&h, &report);
		for (size_t k = 0; k < report.nexposures; k++) {
			const struct exposure *e = &report.exposures[k];

			if (!is_translated(e))
				continue;
			for (size_t s = 0; n < 2 && s < e->trace.nsteps; s++)
				if (e->trace.steps[s].effect == EFFECT_DNAT)
					texts[n] = e->trace.steps[s].text;
			n++;
		}
		assert_int_equal(n, rows[i].second ? rows[i].n : 1);
		assert_string_equal(texts[0], rows[i].first);
		if (rows[i].second)
			assert_string_equal(texts[1], rows[i].second);
		arena_done(&report.arena);
		host_close(&h);
	}
}

/* ---------------------------------------------------------------- walks */

/* "dnat to the container", whatever the port is. */
static void translate_all(struct host_made *h)
{
	struct chain *chain =
		made_chain(&h->rules, "all", true, HOOK_PREROUTING, -90, CHAIN_NAT);
	struct op op = made_dnat(&h->rules.arena, WEB, 0);

	made_rule(&h->rules, chain, &op, 1);
}

static size_t walks_of_row(uint16_t n, uint16_t step)
{
	struct report report;
	struct host_made h;
	size_t walks;

	host_open(&h);
	translate_all(&h);
	h.web->nports = n;
	h.web->ports = arena_array(&h.facts->arena, n, sizeof(*h.web->ports));
	for (uint16_t i = 0; i < n; i++)
		h.web->ports[i] = (struct port_binding){.proto = IPPROTO_TCP,
			.container_port = (uint16_t)(8000 + step * i),
			.host_port = (uint16_t)(8000 + step * i)};
	host_survey(&h, &report);
	walks = report.nwalks;
	arena_done(&report.arena);
	host_close(&h);
	return walks;
}

/* Between the ports that somebody publishes there are gaps, all of one sign: the
 * first is walked, for each protocol and address. */
static void ports_of_one_sign_are_walked_once(void **state)
{
	(void)state;

	assert_int_equal(walks_of_row(40, 3), walks_of_row(40, 1));
}

static const struct gap *find_gap(const struct report *report, const char *code)
{
	for (size_t i = 0; i < report->ngaps; i++)
		if (strcmp(report->gaps[i].code, code) == 0)
			return &report->gaps[i];
	return NULL;
}

/* A mark made of the port: no two ports are alike, and not all of them are asked. */
static void ports_that_are_not_asked_are_a_gap(void **state)
{
	struct chain *chain;
	struct report report;
	struct host_made h;
	struct op op = {.kind = OP_SET, .field = FIELD_MARK, .operand = made_dport()};
	(void)state;

	host_open(&h);
	chain = made_chain(&h.rules, "m", true, HOOK_PREROUTING, -150, CHAIN_FILTER);
	translate_all(&h);
	host_survey(&h, &report);
	assert_null(find_gap(&report, "ports-not-asked"));
	arena_done(&report.arena);
	made_rule(&h.rules, chain, &op, 1);
	host_survey(&h, &report);
	assert_non_null(find_gap(&report, "ports-not-asked"));
	assert_true(find_gap(&report, "ports-not-asked")->hides);
	arena_done(&report.arena);
	host_close(&h);
}

/* ---------------------------------------------------------------- signs */

/* mark = { the port's number in one map } looked up in another. */
static void a_map_by_a_map_tells_ports_apart(void **state)
{
	uint64_t seed = 1;
	struct port_signs signs;
	struct host_made h;
	struct op inner, outer;
	const struct operand *key;
	(void)state;

	host_open(&h);
	inner = ports_made_mark(&h.rules, &seed, false);
	outer = ports_made_mark(&h.rules, &seed, false);
	key = inner.operand;
	struct operand map = *outer.operand;
	map.key = &key;
	map.nest = 2;
	outer.operand = &map;
	made_rule(&h.rules,
		made_chain(&h.rules, "m", true, HOOK_PREROUTING, -150, CHAIN_FILTER),
		&outer, 1);
	const struct set_element *e = &inner.operand->set->elements[0];
	uint16_t port = (uint16_t)(e->key[0] << 8 | e->key[1]);
	struct space space = {.rules = &h.rules, .netns = h.host};
	assert_true(port_signs_init(&signs, &h.arena, false));
	port_signs_rules(&signs, &space);
	port_signs_finish(&signs);
	assert_true(signs.at[port] != signs.at[PORTS_MADE + 1]);
	host_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_say_what_ports_say),
		cmocka_unit_test(rows_of_published_ports),
		cmocka_unit_test(short_spans_are_listed),
		cmocka_unit_test(a_translation_names_all_its_ports),
		cmocka_unit_test(ports_of_one_sign_are_walked_once),
		cmocka_unit_test(ports_that_are_not_asked_are_a_gap),
		cmocka_unit_test(a_map_by_a_map_tells_ports_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
