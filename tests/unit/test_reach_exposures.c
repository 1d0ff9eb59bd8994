/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a survey asks and reports: sets of sources, ports, addresses. */
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_made.h"

/* ip saddr PREFIX, in a chain that forwards to the container. */
static void by_source(struct host_made *h, struct chain *chain, uint32_t net,
	uint32_t mask, const struct op *last)
{
	struct arena *arena = &h->rules.arena;
	struct op ops[] = {made_match(arena, made_daddr(), CMP_EQ, HOST_WEB, 0, 4),
		made_match(arena, made_masked(arena, made_saddr(), mask, 0), CMP_EQ,
			net, 0, 4),
		*last};

	made_rule(&h->rules, chain, ops, 3);
}

static struct chain *forward_chain(struct host_made *h)
{
	return made_chain(&h->rules, "fwd", true, HOOK_FORWARD, 0, CHAIN_FILTER);
}

static void drop_the_rest(struct host_made *h, struct chain *chain)
{
	struct op ops[] = {
		made_match(&h->rules.arena, made_daddr(), CMP_EQ, HOST_WEB, 0, 4),
		made_verdict(VERDICT_DROP, NULL)};

	made_rule(&h->rules, chain, ops, 2);
}

static void reach_is_the_exact_union(void **state)
{
	const struct op accept = made_verdict(VERDICT_ACCEPT, NULL);
	const struct op drop = made_verdict(VERDICT_DROP, NULL);
	struct host_made *h = *state;
	struct chain *chain = forward_chain(h);
	struct report report;

	host_publish(h);
	by_source(h, chain, 0xc6336480, 0xffffff80, &drop);
	by_source(h, chain, 0xc6336400, 0xffffff00, &accept);
	by_source(h, chain, 0xc0000200, 0xffffff00, &accept);
	drop_the_rest(h, chain);
	host_survey(h, &report);
	const struct exposure *e = host_exposure(&report, 8080);
	assert_non_null(e);
	const struct reach_set *r = &e->reach[ZONE_INTERNET];
	const struct ivset *want =
		ivset_union(&h->arena, ivset_range(&h->arena, 0xc6336400, 0xc633647f),
			ivset_range(&h->arena, 0xc0000200, 0xc00002ff));
	assert_true(ivset_equal(r->may, want));
	assert_true(ivset_equal(r->must, want));
	assert_int_equal(e->ngaps, 0);
	assert_int_equal(e->path, PATH_DNAT);
	assert_ptr_equal(e->container, h->web);
	arena_done(&report.arena);
}

static void a_maybe_gives_may_and_a_gap(void **state)
{
	const struct op maybe = {.kind = OP_MAYBE, .code = "limit"};
	const struct op drop = made_verdict(VERDICT_DROP, NULL);
	struct host_made *h = *state;
	struct chain *chain = forward_chain(h);
	struct op ops[] = {maybe, drop};
	struct report report;

	host_publish(h);
	by_source(h, chain, 0xc6336400, 0xffffff00, &drop);
	made_rule(&h->rules, chain, ops, 2);
	host_survey(h, &report);
	const struct exposure *e = host_exposure(&report, 8080);
	assert_non_null(e);
	assert_true(ivset_is_empty(e->reach[ZONE_INTERNET].must));
	assert_true(ivset_contains(e->reach[ZONE_INTERNET].may, 0x08080808));
	assert_false(ivset_contains(e->reach[ZONE_INTERNET].may, 0xc6336409));
	assert_int_equal(e->ngaps, 1);
	assert_string_equal(e->gaps[0]->code, "limit");
	arena_done(&report.arena);
}

/* A limit drops what is for the host's own addresses, perhaps: at 127.0.0.1 the port is
 * open for certain, which "every address" does not say. */
static void what_is_more_certain_is_told(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "limits", true, HOOK_PREROUTING, -110, CHAIN_NAT);
	struct op ops[] = {made_match(arena, made_daddr(), CMP_NEQ, 0x7f000001, 0, 4),
		{.kind = OP_MAYBE, .code = "limit"}, made_verdict(VERDICT_DROP, NULL)};
	struct report report;
	size_t any = 0, loopback = 0;

	host_publish(h);
	made_rule(&h->rules, chain, ops, 3);
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++) {
		const struct exposure *e = &report.exposures[i];
		bool certain = !ivset_is_empty(e->reach[ZONE_ADJACENT].must);

		if (e->endpoint.port != 8080 || e->endpoint.proto != IPPROTO_TCP)
			continue;
		any += e->endpoint.any && !certain;
		loopback += e->endpoint.addr.value == 0x7f000001 && certain;
	}
	assert_int_equal(any, 1);
	assert_int_equal(loopback, 1);
	arena_done(&report.arena);
}

/* Ports by which a translation could be asked: each way of naming them. */
static void survey_ports(
	struct host_made *h, const struct op *match, uint16_t port, bool chain_first)
{
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
	struct chain *further =
		made_chain(&h->rules, "further", false, HOOK_INGRESS, 0, CHAIN_FILTER);
	struct chain *last =
		made_chain(&h->rules, "last", false, HOOK_INGRESS, 0, CHAIN_FILTER);
	struct op in = made_verdict(VERDICT_JUMP, further);
	struct op dnat = made_dnat(&h->rules.arena, HOST_WEB, 80);
	struct op ops[] = {*match, dnat};
	struct op jump[] = {*match, made_verdict(VERDICT_JUMP, last)};
	struct report report;

	if (chain_first) {
		made_rule(&h->rules, chain, &in, 1);
		made_rule(&h->rules, further, jump, 2);
		made_rule(&h->rules, last, &dnat, 1);
	} else {
		made_rule(&h->rules, chain, ops, 2);
	}
	host_survey(h, &report);
	assert_non_null(host_exposure(&report, port));
	arena_done(&report.arena);
}

static void ports_above_are_asked(void **state)
{
	struct host_made *h = *state;
	struct op op = made_match(&h->rules.arena, made_dport(), CMP_GT, 65000, 0, 2);

	survey_ports(h, &op, 65001, false);
}

static void ports_but_one_are_asked(void **state)
{
	struct host_made *h = *state;
	struct op op = made_match(&h->rules.arena, made_dport(), CMP_NEQ, 22, 0, 2);

	survey_ports(h, &op, 80, false);
}

static void ports_that_lead_to_a_translation_are_asked(void **state)
{
	struct host_made *h = *state;
	struct op op = made_match(&h->rules.arena, made_dport(), CMP_EQ, 8443, 0, 2);

	survey_ports(h, &op, 8443, true);
}

/* An ipset that holds 8443 alone: whether ports in it or out of it are translated. */
static void survey_ports_of_an_ipset(struct host_made *h, bool invert, uint16_t port)
{
	struct ipset_element element = {.part = {{.lo = 8443, .hi = 8443}}};
	struct ipset set = {.name = "ports",
		.kind = IPSET_TUPLE,
		.ndims = 1,
		.dim = {IPSET_DIM_PORT},
		.elements = &element,
		.nelements = 1};
	const struct ipset_match match = {.ipset = &set, .ndims = 1};
	const struct op op = {.kind = OP_IPSET, .invert = invert, .ipset = &match};

	survey_ports(h, &op, port, false);
}

static void ports_of_an_ipset_are_asked(void **state)
{
	survey_ports_of_an_ipset(*state, false, 8443);
}

/* ! --match-set: the ports that are not in it are translated. */
static void ports_out_of_an_ipset_are_asked(void **state)
{
	survey_ports_of_an_ipset(*state, true, 1);
}

/* dnat to 172.17.0.2:80 and a socket of UDP-Lite: spans are of the other protocols. */
static void sockets_of_other_protocols_stay_beside_spans(void **state)
{
	struct host_made *h = *state;
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
	struct op ops[] = {
		made_match(&h->rules.arena, made_dport(), CMP_RANGE, 8000, 9000, 2),
		made_dnat(&h->rules.arena, HOST_WEB, 80)};
	struct report report;
	const struct exposure *e;

	host_listen(h->host, IPPROTO_UDPLITE, 7777);
	made_rule(&h->rules, chain, ops, 2);
	host_survey(h, &report);
	e = host_exposure(&report, 7777);
	assert_non_null(e);
	assert_int_equal(e->endpoint.proto, IPPROTO_UDPLITE);
	arena_done(&report.arena);
}

/* -p PROTO --dport 8080 -j DNAT: whatever has ports is asked. Where answers are dropped
 * a datagram has done its work. */
static void ports_of_every_protocol_are_asked(void **state)
{
	static const struct operand l4proto = {
		.field = FIELD_L4PROTO, .load_len = 1, .len = 1};
	static const struct {
		uint8_t proto;
		bool datagram;
	} rows[] = {{IPPROTO_TCP, false}, {IPPROTO_UDP, true}, {IPPROTO_SCTP, false},
		{IPPROTO_DCCP, false}, {IPPROTO_UDPLITE, true}};
	(void)state;

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		uint8_t proto = rows[i / 2].proto;
		const struct exposure *e;
		struct report report;
		struct host_made h;

		host_open(&h);
		struct chain *nat = made_chain(
			&h.rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
		struct chain *raw = made_chain(
			&h.rules, "raw", true, HOOK_PREROUTING, -300, CHAIN_FILTER);
		struct op ops[] = {
			made_match(&h.rules.arena, &l4proto, CMP_EQ, proto, 0, 1),
			made_match(&h.rules.arena, made_dport(), CMP_EQ, 8080, 0, 2),
			made_dnat(&h.rules.arena, HOST_WEB, 80)};
		struct op answer[] = {made_match(&h.rules.arena, made_saddr(), CMP_EQ,
					      HOST_WEB, 0, 4),
			made_verdict(VERDICT_DROP, NULL)};

		made_rule(&h.rules, nat, ops, 3);
		if (i % 2)
			made_rule(&h.rules, raw, answer, 2);
		host_survey(&h, &report);
		e = host_exposure(&report, 8080);
		assert_int_equal(e != NULL, i % 2 == 0 || rows[i / 2].datagram);
		assert_true(!e || e->endpoint.proto == proto);
		arena_done(&report.arena);
		host_close(&h);
	}
}

/* dnat to tcp dport & 0x00ff map { 80 : 172.17.0.2 } : 80 - 336 is translated, too. */
static void ports_that_a_masked_map_takes_are_asked(void **state)
{
	static const uint8_t mask[] = {0, 0xff}, none[2], eighty[] = {0, 80};
	static const uint8_t web[] = {172, 17, 0, 2};
	static const struct step low = {
		.kind = STEP_AND_XOR, .count = 2, .and = mask, .xor = none};
	struct set_element element = {.key = eighty, .key_end = eighty, .data = web};
	const struct set set = {.key_len = 2,
		.data_len = 4,
		.map = true,
		.elements = &element,
		.nelements = 1};
	struct operand key = *made_dport();
	const struct operand *const keys[] = {&key};
	const struct operand map = {.field = FIELD_MAP,
		.len = 4,
		.load_len = 4,
		.nest = 1,
		.set = &set,
		.key = keys,
		.nkey = 1};
	struct host_made *h = *state;
	struct op dnat = made_dnat(&h->rules.arena, HOST_WEB, 80);
	struct nat nat = *dnat.nat;
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
	struct report report;

	key.steps = &low;
	key.nsteps = 1;
	nat.addr_min = nat.addr_max = &map;
	dnat.nat = &nat;
	made_rule(&h->rules, chain, &dnat, 1);
	host_survey(h, &report);
	assert_non_null(host_exposure(&report, 336));
	arena_done(&report.arena);
}

/* A public network that is routed here and mapped: its addresses are asked. */
static void networks_of_foreign_addresses_are_asked(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
	struct op ops[] = {
		made_match(arena, made_masked(arena, made_daddr(), 0xfffffff0, 0),
			CMP_EQ, 0xc0000210, 0, 4),
		made_match(arena, made_dport(), CMP_EQ, 8443, 0, 2),
		made_dnat(arena, HOST_WEB, 80)};
	struct report report;
	size_t n = 0;

	made_rule(&h->rules, chain, ops, 3);
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++)
		n += report.exposures[i].endpoint.port == 8443 &&
		     report.exposures[i].endpoint.proto == IPPROTO_TCP;
	assert_int_equal(n, 16);
	arena_done(&report.arena);
}

/* fib saddr or daddr type @type tcp dport 8080 dnat to 203.0.113.1:22: how many
 * exposures of the container's own address at 8080 there are. */
static size_t survey_by_type(struct host_made *h, uint32_t from, uint32_t type)
{
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
	struct op ops[] = {made_fib(arena, FIELD_FIB_TYPE, from, type),
		made_match(arena, made_dport(), CMP_EQ, 8080, 0, 2),
		made_dnat(arena, 0xcb007101, 22)};
	struct report report;
	size_t n = 0;

	host_listen(h->host, IPPROTO_TCP, 22);
	made_rule(&h->rules, chain, ops, 3);
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++) {
		const struct endpoint *end = &report.exposures[i].endpoint;

		n += end->port == 8080 && end->addr.value == HOST_WEB;
	}
	arena_done(&report.arena);
	return n;
}

/* A rule about the type of the source translates what is for containers, too. */
static void the_type_of_a_source_names_no_destination(void **state)
{
	assert_int_equal(survey_by_type(*state, NFTA_FIB_F_SADDR, RTN_UNICAST), 1);
}

/* Where a proxy's route makes all addresses local, containers' are translated, too. */
static void what_is_local_may_be_a_container(void **state)
{
	struct host_made *h = *state;

	host_route(h->host, RT_TABLE_LOCAL, "172.17.0.0/30", RTN_LOCAL, 1, NULL);
	assert_int_equal(survey_by_type(h, NFTA_FIB_F_DADDR, RTN_LOCAL), 1);
}

/* sport 53 makes classes; the answer to one of them is not the answer to all. */
static void answers_are_not_told_apart_by_a_class(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *in =
		made_chain(&h->rules, "in", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct chain *out =
		made_chain(&h->rules, "out", true, HOOK_OUTPUT, 0, CHAIN_FILTER);
	struct op dns[] = {made_match(arena, made_sport(), CMP_EQ, 53, 0, 2),
		made_verdict(VERDICT_ACCEPT, NULL)};
	struct op high[] = {made_match(arena, made_dport(), CMP_RANGE, 30000, 65535, 2),
		made_verdict(VERDICT_ACCEPT, NULL)};
	struct report report;

	host_listen(h->host, IPPROTO_TCP, 22);
	made_rule(&h->rules, in, dns, 2);
	made_rule(&h->rules, out, high, 2);
	out->policy = VERDICT_DROP;
	host_survey(h, &report);
	assert_non_null(host_exposure(&report, 22));
	arena_done(&report.arena);
}

/* The way back for 1000-2000 is a hole, and 53 is dropped: the other classes get in. */
static void policy_routes_tell_client_ports_apart(void **state)
{
	struct host_made *h = *state;
	struct chain *in =
		made_chain(&h->rules, "in", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct op dns[] = {made_match(&h->rules.arena, made_sport(), CMP_EQ, 53, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};
	struct route_rule *rule = host_rule(h->host, 100, 100);
	struct report report;

	rule->dport_lo = 1000;
	rule->dport_hi = 2000;
	host_route(h->host, 100, "0.0.0.0/0", RTN_BLACKHOLE, 0, NULL);
	host_rule(h->host, 0, RT_TABLE_LOCAL);
	host_rule(h->host, 32766, RT_TABLE_MAIN);
	host_sysctl(h->host, "net/ipv4/conf/eth0/rp_filter", 1);
	host_listen(h->host, IPPROTO_TCP, 22);
	made_rule(&h->rules, in, dns, 2);
	host_survey(h, &report);
	assert_non_null(host_exposure(&report, 22));
	arena_done(&report.arena);
}

/* The parent of a macvlan network needs no address for its children to have neighbours.
 */
static void macvlan_children_of_a_bare_link(void **state)
{
	struct prefix subnet = {0xac110000, FAMILY_IP4, 16};
	struct host_made *h = *state;
	struct report report;

	host_link(h->host, 6, "eth9", NULL);
	h->host->links[HOST_DOCKER0 - 1].up = false;
	h->network->driver = "macvlan";
	h->network->bridge = NULL;
	h->network->parent = "eth9";
	h->network->subnets = &subnet;
	h->network->nsubnets = 1;
	host_survey(h, &report);
	const struct exposure *e = host_exposure(&report, 80);
	assert_non_null(e);
	assert_int_equal(e->path, PATH_MACVLAN);
	assert_true(ivset_contains(e->reach[ZONE_ADJACENT].must, 0xac110009));
	assert_true(ivset_contains(e->reach[ZONE_PRIVATE].must, 0x0a000001));
	assert_true(ivset_is_empty(e->reach[ZONE_INTERNET].may));
	arena_done(&report.arena);
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(reach_is_the_exact_union),
		T(a_maybe_gives_may_and_a_gap),
		T(what_is_more_certain_is_told),
		T(ports_above_are_asked),
		T(ports_but_one_are_asked),
		T(ports_that_lead_to_a_translation_are_asked),
		T(ports_of_an_ipset_are_asked),
		T(ports_out_of_an_ipset_are_asked),
		T(ports_that_a_masked_map_takes_are_asked),
		T(sockets_of_other_protocols_stay_beside_spans),
		T(ports_of_every_protocol_are_asked),
		T(networks_of_foreign_addresses_are_asked),
		T(macvlan_children_of_a_bare_link),
		T(answers_are_not_told_apart_by_a_class),
		T(policy_routes_tell_client_ports_apart),
		T(the_type_of_a_source_names_no_destination),
		T(what_is_local_may_be_a_container),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
