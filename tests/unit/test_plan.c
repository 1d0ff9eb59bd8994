/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which probes a report asks for, and what their replies prove. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "netmon/confirm/verdict.h"

#define OWN 0xcb00710aU /* 203.0.113.10, on wan0 with 203.0.113.0/25 */

/* A host with one exposure of every address, and one question without any. */
struct world {
	struct arena arena;
	struct facts *facts;
	struct report report;
	struct way ways[2];
	struct exposure exposure;
	struct asked asked[2];
	struct link links[2];
	struct ifaddr addrs[1];
	struct expect expect;
	struct plan plan;
};

static const struct ivset *set_of(struct arena *arena, const char *text)
{
	struct prefix prefix;
	struct err err = {0};

	if (prefix_parse(text, &prefix, &err) < 0)
		fail_msg("%s", err.text);
	return ivset_prefix(arena, &prefix);
}

static void make_world(struct world *w, const char *internet)
{
	memset(w, 0, sizeof(*w));
	arena_init(&w->arena, 0);
	arena_init(&w->report.arena, 0);
	w->facts = facts_new();
	assert_non_null(w->facts);
	w->addrs[0] = (struct ifaddr){.ifindex = 2,
		.local = {.family = FAMILY_IP4, .value = OWN},
		.prefix_len = 25};
	w->facts->host->addrs = w->addrs;
	w->facts->host->naddrs = 1;
	w->report.facts = w->facts;
	w->ways[0] = (struct way){.ifindex = 2,
		.name = "wan0",
		.perimeter = true,
		.family = FAMILY_IP4,
		.zone = {[ZONE_INTERNET] = zone_internet(&w->arena, FAMILY_IP4),
			[ZONE_PRIVATE] = zone_private(&w->arena, FAMILY_IP4),
			[ZONE_ADJACENT] = set_of(&w->arena, "203.0.113.0/25")}};
	w->report.ways = w->ways;
	w->report.nways = 1;
	w->exposure = (struct exposure){.id = "e",
		.endpoint = {.family = FAMILY_IP4,
			.any = true,
			.addr = {.family = FAMILY_IP4},
			.proto = IPPROTO_TCP,
			.port = 80},
		.listening = TRI_YES};
	for (int z = 0; z < ZONE_COUNT; z++)
		w->exposure.reach[z] = (struct reach_set){&ivset_none, &ivset_none};
	if (internet)
		w->exposure.reach[ZONE_INTERNET] = (struct reach_set){
			set_of(&w->arena, internet), set_of(&w->arena, internet)};
	w->report.exposures = &w->exposure;
	w->report.nexposures = 1;
	w->asked[0] =
		(struct asked){.endpoint = {.family = FAMILY_IP4,
				       .addr = {.family = FAMILY_IP4, .value = OWN},
				       .proto = IPPROTO_TCP,
				       .port = 80},
			.zone = {true, true, true}};
	w->asked[1] = w->asked[0];
	w->asked[1].endpoint.port = 22;
	w->report.asked = w->asked;
	w->report.nasked = 1;
	w->report.probing = arena_alloc(&w->report.arena, sizeof(struct probing));
}

static void end_world(struct world *w)
{
	arena_done(&w->report.arena);
	arena_done(&w->arena);
	facts_free(w->facts);
}

static void plan(struct world *w, bool any_source)
{
	expect_init(&w->expect, &w->report, &w->arena);
	plan_make(&w->expect, NULL, 0, any_source, &w->arena, &w->plan);
	assert_false(arena_failed(&w->arena));
}

static size_t count(const struct world *w, enum zone zone, enum tri expected)
{
	size_t n = 0;

	for (size_t i = 0; i < w->plan.n; i++)
		n += w->plan.probes[i].zone == zone &&
		     w->plan.probes[i].expected == expected;
	return n;
}

static bool has(const struct world *w, const char *text, enum tri expected)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	for (size_t i = 0; i < w->plan.n; i++)
		if (w->plan.probes[i].source.value == addr.value &&
			w->plan.probes[i].expected == expected)
			return true;
	return false;
}

static void edges(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	plan(&w, true);
	assert_int_equal(count(&w, ZONE_INTERNET, TRI_YES), 1);
	assert_int_equal(count(&w, ZONE_INTERNET, TRI_NO), 2);
	assert_true(has(&w, "198.51.99.255", TRI_NO));
	assert_true(has(&w, "198.51.101.0", TRI_NO));
	/* Nothing of these zones gets in: any source of theirs must stay silent. */
	assert_int_equal(count(&w, ZONE_PRIVATE, TRI_NO), 1);
	assert_int_equal(count(&w, ZONE_ADJACENT, TRI_NO), 1);
	assert_int_equal(w.plan.withheld, 0);
	for (size_t i = 0; i < w.plan.n; i++) {
		const struct probe *p = &w.plan.probes[i];

		assert_true(ivset_contains(p->way->zone[p->zone], p->source.value));
		assert_true(p->endpoint.addr.value == OWN);
	}
	end_world(&w);
}

/* Without any_source nobody's address is used, and what is left out is counted. */
static void documentation_only(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "8.8.8.0/24");
	plan(&w, false);
	for (size_t i = 0; i < w.plan.n; i++) {
		u128 source = w.plan.probes[i].source.value;

		assert_true(source >> 8 == 0xc00002 || source >> 8 == 0xc63364 ||
			    source >> 8 == 0xcb0071);
	}
	assert_int_equal(count(&w, ZONE_INTERNET, TRI_YES), 0);
	/* inside, both edges, and the private zone */
	assert_int_equal(w.plan.withheld, 4);
	end_world(&w);
}

/* What no exposure claims was asked about, so it is probed: it must be closed. */
static void unclaimed_endpoint(void **state)
{
	struct world w;
	size_t n = 0;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	w.report.nasked = 2;
	plan(&w, true);
	for (size_t i = 0; i < w.plan.n; i++) {
		if (w.plan.probes[i].endpoint.port != 22)
			continue;
		n++;
		assert_int_equal(w.plan.probes[i].expected, TRI_NO);
		assert_null(w.plan.probes[i].exposure);
	}
	assert_int_equal(n, 3); /* one a zone */
	end_world(&w);
}

/* What may get in is no claim: the probe decides, and nothing can disagree. */
static void uncertain_reach(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	w.exposure.reach[ZONE_INTERNET].must = &ivset_none;
	plan(&w, true);
	assert_int_equal(count(&w, ZONE_INTERNET, TRI_UNKNOWN), 1);
	assert_int_equal(count(&w, ZONE_INTERNET, TRI_NO), 2);
	end_world(&w);
}

static void bounded_edges(void **state)
{
	const struct ivset *many = &ivset_none;
	struct world w;
	(void)state;

	make_world(&w, NULL);
	for (uint32_t i = 0; i < 100; i++)
		many = ivset_union(&w.arena, many,
			ivset_range(&w.arena, 0x08080000 + i * 256,
				0x08080000 + i * 256 + 100));
	w.exposure.reach[ZONE_INTERNET] = (struct reach_set){many, many};
	plan(&w, true);
	assert_int_equal(count(&w, ZONE_INTERNET, TRI_NO), PLAN_EDGES_MAX);
	assert_int_equal(w.plan.cut, 200 - PLAN_EDGES_MAX);
	end_world(&w);
}

static void expectations(void **state)
{
	const struct addr inside = {.family = FAMILY_IP4, .value = 0xc6336407};
	const struct addr outside = {.family = FAMILY_IP4, .value = 0x08080808};
	const struct addr nobody = {.family = FAMILY_IP4, .value = 0x7f000001};
	struct endpoint endpoint;
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	expect_init(&w.expect, &w.report, &w.arena);
	endpoint = w.asked[0].endpoint;
	assert_int_equal(expect_allows(&w.expect, &endpoint, &inside), TRI_YES);
	assert_int_equal(expect_allows(&w.expect, &endpoint, &outside), TRI_NO);
	assert_int_equal(expect_allows(&w.expect, &endpoint, &nobody), TRI_UNKNOWN);
	/* A router passes packets of others on: nothing is claimed about those. */
	endpoint.addr.value = 0x08080404;
	assert_int_equal(expect_allows(&w.expect, &endpoint, &outside), TRI_UNKNOWN);
	end_world(&w);
}

/* A broadcast address, whose port an exposure at the host's own addresses tells:
 * nothing is claimed closed there, neither by a probe nor of what is observed. */
static void told_elsewhere(void **state)
{
	const struct addr outside = {.family = FAMILY_IP4, .value = 0x08080808};
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	w.report.nasked = 2;
	w.asked[1].endpoint.port = 80;
	w.asked[1].endpoint.addr.value = 0xcb00717f; /* 203.0.113.127 */
	plan(&w, true);
	size_t claimed = w.plan.n;
	assert_int_equal(
		expect_allows(&w.expect, &w.asked[1].endpoint, &outside), TRI_NO);
	w.asked[1].told = true;
	plan(&w, true);
	assert_true(w.plan.n < claimed);
	for (size_t i = 0; i < w.plan.n; i++)
		assert_true(w.plan.probes[i].endpoint.addr.value == OWN);
	assert_int_equal(
		expect_allows(&w.expect, &w.asked[1].endpoint, &outside), TRI_UNKNOWN);
	end_world(&w);
}

/* One port of the address is told elsewhere: that says nothing of another that was
 * asked there, and of those that nobody asked nothing is claimed. */
static void told_of_one_port(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t port;
		enum tri allows;
	} rows[] = {{IPPROTO_TCP, 80, TRI_UNKNOWN}, {IPPROTO_TCP, 90, TRI_UNKNOWN},
		{IPPROTO_TCP, 91, TRI_UNKNOWN}, {IPPROTO_TCP, 22, TRI_NO},
		{IPPROTO_UDP, 22, TRI_UNKNOWN}};
	const struct addr outside = {.family = FAMILY_IP4, .value = 0x08080808};
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	w.report.nasked = 2;
	w.asked[0].endpoint.port_last = 90;
	w.asked[0].told = true;
	for (size_t i = 0; i < 2; i++)
		w.asked[i].endpoint.addr.value = 0xcb00717f; /* 203.0.113.127 */
	expect_init(&w.expect, &w.report, &w.arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint endpoint = w.asked[1].endpoint;

		endpoint.proto = rows[i].proto;
		endpoint.port = rows[i].port;
		assert_int_equal(
			expect_allows(&w.expect, &endpoint, &outside), rows[i].allows);
	}
	/* Where nothing is told elsewhere, what nobody asked is closed. */
	w.asked[0].told = false;
	assert_int_equal(expect_allows(&w.expect,
				 &(struct endpoint){.family = FAMILY_IP4,
					 .addr = w.asked[0].endpoint.addr,
					 .proto = IPPROTO_TCP,
					 .port = 91},
				 &outside),
		TRI_NO);
	end_world(&w);
}

/* ---------------------------------------------------------------- replies */

static void reply_all(struct world *w, enum reply inside, enum reply outside)
{
	for (size_t i = 0; i < w->plan.n; i++) {
		struct probe *p = &w->plan.probes[i];

		p->sent = true;
		p->reply = p->expected == TRI_NO ? outside : inside;
		p->heard = p->reply == REPLY_OPEN;
	}
	verdict_note(&w->report, &w->plan);
}

static void all_agree(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	plan(&w, true);
	reply_all(&w, REPLY_OPEN, REPLY_NONE);
	assert_int_equal(w.exposure.answered, TRI_YES);
	assert_false(w.exposure.disagrees);
	assert_int_equal(w.report.ncontradictions, 0);
	assert_int_equal(w.exposure.nprobed, w.plan.n);
	assert_int_equal(w.report.probing->sent, w.plan.n);
	assert_int_equal(w.report.probing->answered, 1);
	assert_int_equal(w.report.probing->silent, w.plan.n - 1);
	end_world(&w);
}

static void answered_where_none_can(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	plan(&w, true);
	reply_all(&w, REPLY_OPEN, REPLY_OPEN);
	assert_true(w.exposure.disagrees);
	assert_int_equal(w.report.ncontradictions, w.plan.n - 1);
	assert_true(w.report.contradictions[0].answered);
	assert_true(w.report.contradictions[0].probed);
	assert_string_equal(w.report.contradictions[0].exposure, "e");
	end_world(&w);
}

/* A refusal is no answer of the service: it contradicts no "closed". */
static void refusals(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	plan(&w, true);
	reply_all(&w, REPLY_RST, REPLY_ICMP);
	assert_int_equal(w.exposure.answered, TRI_NO);
	assert_int_equal(w.report.ncontradictions, 1); /* it listens, and refused */
	assert_false(w.report.contradictions[0].answered);
	end_world(&w);
}

static void silence_of_udp(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	w.exposure.endpoint.proto = w.asked[0].endpoint.proto = IPPROTO_UDP;
	plan(&w, true);
	reply_all(&w, REPLY_NONE, REPLY_NONE);
	assert_int_equal(w.exposure.answered, TRI_UNKNOWN);
	assert_int_equal(w.report.ncontradictions, 0);
	end_world(&w);
}

static void no_neighbour(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	plan(&w, true);
	for (size_t i = 0; i < w.plan.n; i++)
		w.plan.probes[i].unresolved = true;
	reply_all(&w, REPLY_NONE, REPLY_NONE);
	assert_int_equal(w.exposure.answered, TRI_UNKNOWN);
	assert_int_equal(w.report.ncontradictions, 0);
	assert_int_equal(w.report.probing->unknown, w.plan.n);
	end_world(&w);
}

/* The answer left towards an inner network: no stranger heard it. */
static void answered_to_nobody(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	plan(&w, true);
	for (size_t i = 0; i < w.plan.n; i++) {
		w.plan.probes[i].sent = true;
		w.plan.probes[i].reply = REPLY_OPEN;
	}
	verdict_note(&w.report, &w.plan);
	assert_int_equal(w.exposure.answered, TRI_UNKNOWN);
	assert_int_equal(w.report.ncontradictions, 0);
	assert_int_equal(w.report.probing->unknown, w.plan.n);
	end_world(&w);
}

/* Two perimeters, one of which lets in: reach joins them, so one answer is enough. */
static void two_ways(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	w.ways[1] = w.ways[0];
	w.ways[1].ifindex = 3;
	w.ways[1].name = "wan1";
	w.report.nways = 2;
	w.asked[1] = w.asked[0];
	w.asked[1].way = 1;
	w.report.nasked = 2;
	/* An address on each, so that the exposure of all is dialled by both. */
	struct ifaddr addrs[2] = {w.addrs[0], w.addrs[0]};
	addrs[1].ifindex = 3;
	w.facts->host->addrs = addrs;
	w.facts->host->naddrs = 2;
	plan(&w, true);
	assert_int_equal(count(&w, ZONE_INTERNET, TRI_YES), 2);
	for (size_t i = 0; i < w.plan.n; i++) {
		struct probe *p = &w.plan.probes[i];

		p->sent = true;
		if (p->expected == TRI_YES && p->way == &w.ways[1])
			p->reply = REPLY_OPEN, p->heard = true;
	}
	verdict_note(&w.report, &w.plan);
	assert_int_equal(w.exposure.answered, TRI_YES);
	assert_int_equal(w.report.ncontradictions, 0);
	end_world(&w);
}

/* No first packet of UDP-Lite is made: an SCTP one in its place says nothing. */
static void protocols_that_are_not_probed(void **state)
{
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	plan(&w, false);
	assert_true(w.plan.n > 0);
	end_world(&w);
	make_world(&w, "198.51.100.0/24");
	w.exposure.endpoint.proto = IPPROTO_UDPLITE;
	w.asked[0].endpoint.proto = IPPROTO_UDPLITE;
	plan(&w, false);
	assert_int_equal(w.plan.n, 0);
	end_world(&w);
}

/* An endpoint is looked for by any of its ports; spans may overlap. */
static void a_port_of_a_span(void **state)
{
	static const struct {
		uint16_t port;
		const char *ids; /* in order */
	} rows[] = {{79, ""}, {80, "w"}, {81, "w2"}, {90, "w2"}, {91, "w"}, {100, "w"},
		{101, ""}};
	struct exposure all[3];
	struct world w;
	(void)state;

	make_world(&w, "198.51.100.0/24");
	all[0] = w.exposure;
	all[0].id = "w";
	all[0].endpoint.port_last = 100;
	all[1] = all[0];
	all[1].id = "2";
	all[1].endpoint.port = 81;
	all[1].endpoint.port_last = 90;
	all[2] = all[0];
	all[2].id = "u";
	all[2].endpoint.proto = IPPROTO_UDP;
	w.report.exposures = all;
	w.report.nexposures = ARRAY_LEN(all);
	expect_init(&w.expect, &w.report, &w.arena);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint asked = w.asked[0].endpoint;
		const struct exposure *e;
		size_t at = 0, n = 0;

		asked.port = rows[i].port;
		while ((e = expect_next(&w.expect, &asked, &at)))
			assert_int_equal(e->id[0], rows[i].ids[n++]);
		assert_int_equal(n, strlen(rows[i].ids));
	}
	/* One port of it is dialled. */
	plan(&w, true);
	assert_true(w.plan.n > 0);
	for (size_t i = 0; i < w.plan.n; i++)
		assert_int_equal(w.plan.probes[i].endpoint.port_last, 0);
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges),
		cmocka_unit_test(documentation_only),
		cmocka_unit_test(unclaimed_endpoint),
		cmocka_unit_test(uncertain_reach),
		cmocka_unit_test(bounded_edges),
		cmocka_unit_test(expectations),
		cmocka_unit_test(all_agree),
		cmocka_unit_test(answered_where_none_can),
		cmocka_unit_test(refusals),
		cmocka_unit_test(silence_of_udp),
		cmocka_unit_test(no_neighbour),
		cmocka_unit_test(answered_to_nobody),
		cmocka_unit_test(two_ways),
		cmocka_unit_test(told_elsewhere),
		cmocka_unit_test(told_of_one_port),
		cmocka_unit_test(a_port_of_a_span),
		cmocka_unit_test(protocols_that_are_not_probed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
