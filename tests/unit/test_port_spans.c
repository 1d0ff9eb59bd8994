/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. Random rules that look at ports in every way there is are
 * surveyed, which asks one port of each span; then every port is asked alone. What a
 * span claims must be true of each of its ports: who gets in for certain does, at the
 * target that the span has for that port; and who gets in at a port is in some span.
 */
#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host_made.h"
#include "netmon/model/span.h"
#include "netmon/reach/port_signs.h"
#include "netmon/reach/walk.h"

#define WEB   0xac110002u
#define PORTS 400u    /* rules speak of these only; those above are all alike */
#ifndef __has_feature /* clang has it */
#define __has_feature(x) 0
#endif
#if __has_feature(address_sanitizer) || defined(__SANITIZE_ADDRESS__)
#define HOSTS 6u /* each takes five times as long */
#else
#define HOSTS 30u
#endif

static uint16_t any_port(uint64_t *seed)
{
	return (uint16_t)(1 + made_random(seed, PORTS));
}

/* ---------------------------------------------------------------- operands */

static const struct operand *port_field(uint64_t *seed)
{
	static const struct operand fields[] = {
		{.field = FIELD_PAYLOAD,
			.base = BASE_TRANSPORT,
			.offset = 2,
			.load_len = 2,
			.len = 2},
		{.field = FIELD_DPORT, .load_len = 2, .len = 2},
		{.field = FIELD_CT_ORIG_DPORT, .load_len = 2, .len = 2},
		{.field = FIELD_CT_REPLY_SPORT, .load_len = 2, .len = 2},
	};

	return &fields[made_random(seed, 6) % ARRAY_LEN(fields)];
}

static const struct operand *masked_port(struct arena *arena, uint64_t *seed)
{
	static const uint16_t masks[] = {
		0xfff0, 0xff00, 0x00ff, 0x0030, 0xfffe, 0x0001};
	struct operand *o = arena_memdup(arena, port_field(seed), sizeof(*o));
	struct step *step = arena_alloc(arena, sizeof(*step));

	*step = (struct step){.kind = STEP_AND_XOR,
		.count = 2,
		.and = made_be(arena, masks[made_random(seed, ARRAY_LEN(masks))], 2),
		.xor = made_be(arena, made_random(seed, 4), 2)};
	o->steps = step;
	o->nsteps = 1;
	return o;
}

/* Disjoint ranges of ports, sorted; data and verdicts are the caller's. */
static struct set *ports_set(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct set *set = arena_alloc(arena, sizeof(*set));
	struct set_element *v = arena_array(arena, 9, sizeof(*v));
	uint32_t at = 1;

	set->table = "made";
	set->name = "ports";
	set->key_len = 2;
	set->interval = true;
	set->elements = v;
	while (set->nelements < 8 && at < PORTS) {
		uint32_t lo = at + made_random(seed, 60);
		uint32_t hi = lo + (made_random(seed, 2) ? 0 : made_random(seed, 40));

		v[set->nelements].key = made_be(arena, lo, 2);
		v[set->nelements].key_end = made_be(arena, hi, 2);
		v[set->nelements++].maybe = made_random(seed, 20) == 0;
		at = hi + 1;
	}
	if (made_random(seed, 6) == 0)
		v[set->nelements++].catchall = true;
	return set;
}

/* Source and port, as the header has them: four bytes of it at once, or two fields. */
static struct op port_and_more(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct operand *both = arena_alloc(arena, sizeof(*both));
	const struct operand **key = arena_array(arena, 2, sizeof(*key));
	struct set *set = arena_alloc(arena, sizeof(*set));
	struct set_element *v = arena_array(arena, 6, sizeof(*v));

	key[0] = made_daddr();
	key[1] = port_field(seed);
	*both = (struct operand){.field = FIELD_CONCAT,
		.len = 8,
		.load_len = 8,
		.nest = 1,
		.key = key,
		.nkey = 2};
	*set = (struct set){.table = "made",
		.name = "pairs",
		.key_len = 8,
		.interval = true,
		.concat = true,
		.field_len = {4, 2},
		.nfields = made_random(seed, 4) ? 2 : 1,
		.elements = v};
	for (uint32_t at = 1; set->nelements < 6 && at < PORTS; set->nelements++) {
		uint64_t addr = 0xcb007101; /* the host's; the ranges are sorted */
		uint32_t lo = at + made_random(seed, 90),
			 hi = lo + made_random(seed, 30);

		v[set->nelements].key = made_be(arena, addr << 32 | lo << 16, 8);
		v[set->nelements].key_end = made_be(arena, addr << 32 | hi << 16, 8);
		at = hi + 1;
	}
	return (struct op){.kind = OP_LOOKUP,
		.invert = made_random(seed, 3) == 0,
		.operand = both,
		.set = set};
}

/* ---------------------------------------------------------------- ops */

static struct op random_match(struct ruleset *rules, uint64_t *seed, unsigned int depth)
{
	struct arena *arena = &rules->arena;
	enum cmp cmp = (enum cmp)made_random(seed, CMP_NOT_RANGE + 1);
	uint16_t lo = any_port(seed), hi = (uint16_t)(lo + made_random(seed, 90));
	struct op_list *lists;

	switch (made_random(seed, depth ? 7 : 8)) {
	case 0:
		return (struct op){.kind = OP_LOOKUP,
			.invert = made_random(seed, 3) == 0,
			.operand = made_random(seed, 4) ? port_field(seed)
							: masked_port(arena, seed),
			.set = ports_set(rules, seed)};
	case 1:
		return (struct op){.kind = OP_IN,
			.invert = made_random(seed, 3) == 0,
			.operand = port_field(seed),
			.numbers = ivset_range(arena, lo, hi)};
	case 2:
		return made_match(arena, masked_port(arena, seed),
			made_random(seed, 2) ? CMP_EQ : CMP_NEQ,
			made_random(seed, 5) << made_random(seed, 9), 0, 2);
	case 3: /* the high byte alone */
		return made_match(
			arena, port_field(seed), CMP_EQ, made_random(seed, 2), 0, 1);
	case 4:
		return port_and_more(rules, seed);
	case 7:
		lists = arena_array(arena, 2, sizeof(*lists));
		for (size_t i = 0; i < 2; i++) {
			struct op op = random_match(rules, seed, 1);

			lists[i] = (struct op_list){
				arena_memdup(arena, &op, sizeof(op)), 1};
		}
		return (struct op){.kind = made_random(seed, 3) ? OP_ANY : OP_NONE,
			.alternatives = lists,
			.nalternatives = 2};
	default:
		return made_match(arena, port_field(seed),
			made_random(seed, 2) ? CMP_RANGE : cmp, lo, hi, 2);
	}
}

/* mark = what a map says of the port; or of the port itself: arithmetic. */
static struct op random_mark(struct ruleset *rules, uint64_t *seed, bool odd)
{
	struct arena *arena = &rules->arena;
	struct operand *map = arena_alloc(arena, sizeof(*map));
	const struct operand **key = arena_array(arena, 1, sizeof(*key));
	struct set *set = ports_set(rules, seed);
	struct set_element *v = arena_memdup(
		arena, set->elements, set->nelements * sizeof(*set->elements));

	key[0] = port_field(seed);
	set->map = true;
	set->data_len = 4;
	set->elements = v;
	for (size_t i = 0; i < set->nelements; i++)
		v[i].data = made_be(arena, made_random(seed, 3) << 24, 4);
	*map = (struct operand){.field = FIELD_MAP,
		.len = 4,
		.load_len = 4,
		.nest = 1,
		.set = set,
		.key = key,
		.nkey = 1};
	return (struct op){.kind = OP_SET,
		.field = FIELD_MARK,
		.operand = odd ? port_field(seed) : map};
}

static const struct operand *const_port(struct arena *arena, uint16_t port)
{
	struct operand *o = arena_alloc(arena, sizeof(*o));

	*o = (struct operand){.field = FIELD_CONST,
		.len = 2,
		.load_len = 2,
		.bytes = made_be(arena, port, 2)};
	return o;
}

static struct op random_dnat(struct ruleset *rules, uint64_t *seed)
{
	struct arena *arena = &rules->arena;
	struct op op = made_dnat(arena, made_random(seed, 6) ? WEB : 0xac110009u,
		made_random(seed, 3) ? any_port(seed) : 0);
	struct nat *nat = arena_memdup(arena, op.nat, sizeof(*nat));
	uint16_t min = any_port(seed);
	uint16_t max = (uint16_t)(min + made_random(seed, 60));

	op.nat = nat;
	if (made_random(seed, 5) == 0) { /* to the host itself */
		nat->kind = NAT_REDIRECT;
		nat->addr_min = nat->addr_max = NULL;
		return op;
	}
	if (made_random(seed, 2))
		return op;
	nat->port_min = const_port(arena, min);
	nat->port_max = const_port(arena, max);
	if (made_random(seed, 2)) { /* iptables' --to-destination a:MIN-MAX/BASE */
		nat->flags |= NF_NAT_RANGE_PROTO_OFFSET;
		nat->port_base = any_port(seed);
	}
	return op;
}

/* ---------------------------------------------------------------- hosts */

static const struct operand ct_status = {
	.field = FIELD_CT_STATUS, .load_len = 4, .len = 4};
static const struct operand ct_direction = {
	.field = FIELD_CT_DIRECTION, .load_len = 1, .len = 1};
static const struct operand source_port = {
	.field = FIELD_SPORT, .load_len = 2, .len = 2};

/* The kernel holds those four bytes in its own order. */
static const struct operand *masked(
	struct arena *arena, const struct operand *operand, uint32_t mask)
{
	return made_masked(arena, operand, htonl(mask), 0);
}

static void random_filter(struct host_made *h, uint64_t *seed, enum hook hook)
{
	struct chain *chain =
		made_chain(&h->rules, "filter", true, hook, 0, CHAIN_FILTER);

	for (uint32_t i = made_random(seed, 4); i > 0; i--) {
		struct op ops[] = {random_match(&h->rules, seed, 0),
			made_verdict(
				made_random(seed, 3) ? VERDICT_DROP : VERDICT_ACCEPT,
				NULL)};

		switch (made_random(seed, 8)) {
		case 0:
		case 1:
			ops[0] = made_match(&h->rules.arena, made_mark(), CMP_EQ,
				made_random(seed, 3) << 24, 0, 4);
			break;
		case 2: /* was it translated? not a port to itself */
			ops[0] = made_match(&h->rules.arena,
				masked(&h->rules.arena, &ct_status, IPS_DST_NAT),
				CMP_NEQ, 0, 0, 4);
			break;
		}
		made_rule(&h->rules, chain, ops, 2);
	}
}

static void random_nat(struct host_made *h, uint64_t *seed)
{
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);

	for (uint32_t i = 1 + made_random(seed, 4); i > 0; i--) {
		struct op ops[3];
		size_t n = 0;

		if (made_random(seed, 8))
			ops[n++] = random_match(&h->rules, seed, 0);
		if (made_random(seed, 4) == 0)
			ops[n++] = random_match(&h->rules, seed, 0);
		ops[n++] = random_dnat(&h->rules, seed);
		made_rule(&h->rules, chain, ops, n);
	}
}

static void random_marks(struct host_made *h, uint64_t *seed)
{
	struct chain *chain = made_chain(
		&h->rules, "mark", true, HOOK_PREROUTING, -150, CHAIN_FILTER);
	bool odd = made_random(seed, 20) == 0;
	struct op ops[] = {
		random_match(&h->rules, seed, 0), random_mark(&h->rules, seed, odd)};

	if (made_random(seed, 2))
		made_rule(&h->rules, chain, ops, 2);
}

static void random_host(struct host_made *h, uint64_t *seed)
{
	static const enum hook answers[] = {HOOK_PREROUTING, HOOK_FORWARD, HOOK_OUTPUT};
	uint16_t lo = any_port(seed);
	struct chain *late;

	random_marks(h, seed);
	random_nat(h, seed);
	random_filter(h, seed, HOOK_FORWARD);
	random_filter(h, seed, HOOK_INPUT);
	/* Answers have the port as their source. */
	late = made_chain(&h->rules, "late", true,
		answers[made_random(seed, ARRAY_LEN(answers))], 10, CHAIN_FILTER);
	struct op ops[] = {made_match(&h->rules.arena, &ct_direction, CMP_EQ, 1, 0, 1),
		made_match(&h->rules.arena, &source_port, CMP_RANGE, lo, lo + 70, 2),
		made_verdict(VERDICT_DROP, NULL)};
	if (made_random(seed, 2))
		made_rule(&h->rules, late, ops, ARRAY_LEN(ops));
	for (uint32_t i = made_random(seed, 4); i > 0; i--)
		host_listen(h->host, IPPROTO_TCP, any_port(seed));
	for (uint32_t i = made_random(seed, 4); i > 0; i--)
		host_listen(h->inside, IPPROTO_TCP, any_port(seed));
	if (made_random(seed, 5) == 0) {
		struct route_rule *rule = host_rule(h->host, 10, 7);

		host_route(h->host, 7, "0.0.0.0/0", RTN_BLACKHOLE, 0, NULL);
		rule->dport_lo = 50;
		rule->dport_hi = 90;
	}
}

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

static bool one_claim(const struct report *report, uint16_t port,
	const struct walk *walk, const struct outcome *o)
{
	const struct exposure *e = claim(report, port, o);
	bool certain = true;

	for (size_t i = 0; i < walk->n; i++)
		certain &= exposes(&walk->outcomes[i]) &&
			   same_place(o, &walk->outcomes[i]);
	return e && ivset_contains(e->reach[ZONE_INTERNET].must, STRANGER) == certain;
}

static void compare_port(
	struct host_made *h, const struct report *report, uint16_t port, uint32_t host)
{
	const struct addr to = {HOST, FAMILY_IP4};
	struct walk walk = {.reach = h->reach, .run = {.arena = &h->arena}};
	bool fine = true, any = false;

	walk_from_outside(&walk, HOST_ETH0, &to, IPPROTO_TCP, port, -1,
		ivset_range(&h->arena, STRANGER, STRANGER));
	for (size_t i = 0; i < walk.n; i++)
		if (exposes(&walk.outcomes[i])) {
			fine &= one_claim(report, port, &walk, &walk.outcomes[i]);
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
		random_host(&h, &seed);
		host_survey(&h, &report);
		for (uint16_t p = 1; p <= PORTS + 100; p++)
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
			if (report.exposures[k].path == PATH_DNAT &&
				report.exposures[k].endpoint.proto == IPPROTO_TCP &&
				report.exposures[k].endpoint.any) {
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

			if (e->path != PATH_DNAT || e->endpoint.proto != IPPROTO_TCP ||
				!e->endpoint.any)
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
		nat->port_min = const_port(arena, rows[i].there);
		nat->port_max =
			const_port(arena, (uint16_t)(rows[i].there + rows[i].n - 1));
		if (rows[i].shift) {
			nat->flags |= NF_NAT_RANGE_PROTO_OFFSET;
			nat->port_base = 8000;
		}
		ops[1].nat = nat;
		made_rule(&h.rules, chain, ops, 2);
		host_survey(&h, &report);
		for (size_t k = 0; k < report.nexposures; k++) {
			const struct exposure *e = &report.exposures[k];

			if (e->path != PATH_DNAT || e->endpoint.proto != IPPROTO_TCP ||
				!e->endpoint.any)
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
	inner = random_mark(&h.rules, &seed, false);
	outer = random_mark(&h.rules, &seed, false);
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
	assert_true(signs.at[port] != signs.at[PORTS + 1]);
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
