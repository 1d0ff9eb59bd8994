/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the host's addresses a survey asks for themselves: what explain says of an
 * address is in the survey's report. */
#include <arpa/inet.h>
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

#define NEIGHBOUR      "203.0.113.77"
#define NEIGHBOUR_ADDR 0xcb00714du
#define FIRST	       0xcb007101u

static int open_host(void **state)
{
	static struct host_made h;

	host_open(&h);
	host_addr(h.host, HOST_ETH0, "203.0.113.0/24", "203.0.113.2");
	host_listen(h.host, IPPROTO_TCP, 22);
	*state = &h;
	return 0;
}

/* Whether the report has the neighbour at that port of the address. */
static bool is_listed(const struct report *report, uint32_t addr, uint16_t port)
{
	bool own = addr != HOST_WEB;

	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *e = &report->exposures[i];

		if (e->endpoint.family == FAMILY_IP4 && e->endpoint.port == port &&
			((own && e->endpoint.any) || e->endpoint.addr.value == addr) &&
			ivset_contains(e->reach[ZONE_ADJACENT].may, NEIGHBOUR_ADDR))
			return true;
	}
	return false;
}

static void host_sock_at(struct host_made *h, const char *addr, uint16_t port)
{
	struct sock *sock = host_listen(h->host, IPPROTO_TCP, port);

	sock->local.value = ntohl(inet_addr(addr));
}

static void survey_agrees(struct host_made *h, const char *what)
{
	static const char *const own[] = {"203.0.113.1", "203.0.113.2", "172.17.0.1"};
	struct report report;
	size_t opened = 0;

	host_survey(h, &report);
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		enum result result = host_ask(h, "eth0", NEIGHBOUR, own[i], 22);
		uint32_t addr = ntohl(inet_addr(own[i]));

		opened += result == RESULT_OPEN;
		if ((result == RESULT_OPEN) != is_listed(&report, addr, 22))
			fail_msg("%s: %s is otherwise", what, own[i]);
	}
	/* The rule told some apart. */
	if (opened == 0 || opened == ARRAY_LEN(own))
		fail_msg("%s: %zu are open", what, opened);
	arena_done(&report.arena);
}

static const struct operand reply_source = {
	.field = FIELD_CT_REPLY_SADDR, .load_len = 4, .len = 4};
static const struct operand asked_address = {
	.field = FIELD_CT_ORIG_DADDR, .load_len = 4, .len = 4};

/* A rule by one of the addresses, wherever its packets or the answers pass. */
static void rules_by_an_own_address(void **state)
{
	const struct {
		const char *what;
		const struct operand *operand;
		enum hook hook;
		enum cmp cmp;
	} rows[] = {
		{"destination on the way in", made_daddr(), HOOK_INPUT, CMP_EQ},
		{"source of the answer", made_saddr(), HOOK_OUTPUT, CMP_EQ},
		{"another source of it", made_saddr(), HOOK_OUTPUT, CMP_NEQ},
		{"source, last", made_saddr(), HOOK_POSTROUTING, CMP_EQ},
		{"what was asked", &asked_address, HOOK_OUTPUT, CMP_EQ},
		{"who will answer", &reply_source, HOOK_INPUT, CMP_EQ},
		{"who answers", &reply_source, HOOK_OUTPUT, CMP_NEQ},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct host_made *h = *state;
		struct chain *chain =
			made_chain(&h->rules, "c", true, rows[i].hook, 0, CHAIN_FILTER);
		struct op ops[] = {made_match(&h->rules.arena, rows[i].operand,
					   rows[i].cmp, FIRST, 0, 4),
			made_verdict(VERDICT_DROP, NULL)};

		made_rule(&h->rules, chain, ops, 2);
		survey_agrees(h, rows[i].what);
		host_teardown(state);
		open_host(state);
	}
}

/* mark set ip daddr & 3; mark 1 drop: no comparison names an address. */
static void a_mark_made_from_an_address(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "c", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct op set = {.kind = OP_SET,
		.field = FIELD_MARK,
		.operand = made_masked(arena, made_daddr(), 3, 0)};
	struct op ops[] = {made_match(arena, made_mark(), CMP_EQ, 2, 0, 4),
		made_verdict(VERDICT_DROP, NULL)};

	made_rule(&h->rules, chain, &set, 1);
	made_rule(&h->rules, chain, ops, 2);
	survey_agrees(h, "mark");
}

/* The bridge is in a VRF, with its routes: nobody asks its address by eth0. */
static void an_address_of_a_vrf(void **state)
{
	struct host_made *h = *state;

	host_link(h->host, 5, "vrf1", "vrf");
	h->host->links[HOST_DOCKER0 - 1].master = 5;
	for (size_t i = 0; i < h->host->nroutes; i++)
		if (h->host->routes[i].hops[0].ifindex == HOST_DOCKER0)
			h->host->routes[i].table = 10;
	survey_agrees(h, "vrf");
}

/* Chains of type nat see no answer: a masquerade of a bridge's network makes no class
 * of its own. */
static void a_masquerade_tells_nothing_apart(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct nat nat = {.kind = NAT_MASQUERADE};
	struct chain *chain =
		made_chain(&h->rules, "c", true, HOOK_POSTROUTING, 100, CHAIN_NAT);
	struct op ops[] = {
		made_match(arena, made_masked(arena, made_saddr(), 0xffff0000, 0),
			CMP_EQ, 0xac110000, 0, 4),
		{.kind = OP_NAT, .nat = &nat}};
	struct report report;

	made_rule(&h->rules, chain, ops, 2);
	host_survey(h, &report);
	assert_true(is_listed(&report, FIRST, 22));
	assert_true(is_listed(&report, 0xac110001, 22));
	for (size_t i = 0; i < report.nasked; i++)
		assert_true(report.asked[i].endpoint.addr.value != 0xac110001);
	arena_done(&report.arena);
}

/* ip rule to 172.17.0.0/16 lookup 100, which has: local default. Of IPv4 only a
 * transparent socket answers from such an address, and nobody knows which are. */
static void a_local_route_answers_for_a_container(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule = host_rule(h->host, 1000, 100);
	struct report report;

	rule->dst = (struct prefix){0xac110000, FAMILY_IP4, 16};
	host_route(h->host, 100, "0.0.0.0/0", RTN_LOCAL, 1, NULL);
	host_survey(h, &report);
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "172.17.0.2", 22), RESULT_MAYBE);
	assert_true(is_listed(&report, HOST_WEB, 22));
	arena_done(&report.arena);
}

/* ip route add local 198.18.0.0/24; half of it is dropped: the other half is open. */
static void a_local_network_is_asked_past_a_range(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "c", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct op ops[] = {
		made_match(arena, made_masked(arena, made_daddr(), 0xffffff80, 0),
			CMP_EQ, 0xc6120000, 0, 4),
		made_verdict(VERDICT_DROP, NULL)};
	struct report report;

	made_rule(&h->rules, chain, ops, 2);
	host_route(h->host, RT_TABLE_LOCAL, "198.18.0.0/24", RTN_LOCAL, 1, NULL);
	host_survey(h, &report);
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "198.18.0.7", 22), RESULT_FILTERED);
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "198.18.0.200", 22), RESULT_OPEN);
	assert_true(is_listed(&report, 0xc6120080, 22));
	arena_done(&report.arena);
}

/* local 0.0.0.0/0 in a table that no rule leads to: neither a container's address nor
 * any other is the host's by it. */
static void an_unused_table_makes_nothing_local(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_route(h->host, 100, "0.0.0.0/0", RTN_LOCAL, 1, NULL);
	host_survey(h, &report);
	assert_true(is_listed(&report, FIRST, 22));
	for (size_t i = 0; i < report.nexposures; i++) {
		const struct exposure *e = &report.exposures[i];

		if (e->endpoint.port == 22 && !e->endpoint.any)
			assert_int_equal(e->endpoint.addr.value, HOST_WEB);
		if (e->endpoint.port == 22 && e->endpoint.addr.value == HOST_WEB)
			assert_int_not_equal(e->listening, TRI_YES);
	}
	arena_done(&report.arena);
}

/* Ranges that begin and end at one address are one question each, and one answer. */
static void an_address_is_asked_once(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "c", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct op ops[] = {
		made_match(arena, made_masked(arena, made_daddr(), 0xffffff80, 0),
			CMP_EQ, 0xc6120000, 0, 4),
		made_match(arena, made_masked(arena, made_daddr(), 0xffffffc0, 0),
			CMP_EQ, 0xc6120040, 0, 4),
		made_match(arena, made_dport(), CMP_EQ, 4444, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};
	struct report report;
	size_t listed = 0;

	for (size_t i = 0; i < 100; i++) /* three ends each */
		made_rule(&h->rules, chain, ops, 4);
	host_route(h->host, 10, "198.18.0.0/24", RTN_LOCAL, 1, NULL);
	host_route(h->host, RT_TABLE_LOCAL, "198.18.0.0/24", RTN_LOCAL, 1, NULL);
	host_sock_at(h, "198.18.0.7", 2222);
	host_survey(h, &report);
	assert_int_equal(report.ngaps, 0);
	for (size_t i = 0; i < report.nexposures; i++)
		listed += report.exposures[i].endpoint.port == 2222 &&
			  report.exposures[i].endpoint.addr.value == 0xc6120007;
	assert_int_equal(listed, 1);
	arena_done(&report.arena);
}

/* A socket of an address inside, and the rest of a network that another route cuts. */
static void a_local_network_is_asked_where_something_is(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_route(h->host, RT_TABLE_LOCAL, "198.18.0.0/24", RTN_LOCAL, 1, NULL);
	host_sock_at(h, "198.18.0.7", 4444);
	host_route(h->host, RT_TABLE_LOCAL, "198.19.0.0/24", RTN_LOCAL, 1, NULL);
	host_route(h->host, RT_TABLE_LOCAL, "198.19.0.0/25", RTN_BLACKHOLE, 0, NULL);
	host_survey(h, &report);
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "198.18.0.7", 4444), RESULT_OPEN);
	assert_true(is_listed(&report, 0xc6120007, 4444));
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "198.19.0.200", 22), RESULT_OPEN);
	assert_true(is_listed(&report, 0xc6130080, 22));
	arena_done(&report.arena);
}

/* More of them than are asked: the report says so. */
static void a_local_network_of_many_ranges_is_a_gap(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "c", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct set set = {.name = "many", .key_len = 4, .nelements = 1000};
	struct set_element *elements =
		arena_array(arena, set.nelements, sizeof(*elements));
	struct op ops[] = {{.kind = OP_LOOKUP, .operand = made_daddr(), .set = &set},
		made_verdict(VERDICT_DROP, NULL)};
	struct report report;
	bool hides = false;

	for (uint32_t i = 0; i < set.nelements; i++)
		elements[i].key = elements[i].key_end =
			made_be(arena, 0xc6120000 + 4 * i, 4);
	set.elements = elements;
	made_rule(&h->rules, chain, ops, 2);
	host_route(h->host, RT_TABLE_LOCAL, "198.18.0.0/16", RTN_LOCAL, 1, NULL);
	host_survey(h, &report);
	for (size_t i = 0; i < report.ngaps; i++)
		hides |= strcmp(report.gaps[i].code, "addresses-not-asked") == 0 &&
			 report.gaps[i].hides;
	assert_true(hides);
	arena_done(&report.arena);
}

/* Without one the container answers there at its own ports alone. */
static void a_container_answers_for_itself(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_survey(h, &report);
	assert_true(is_listed(&report, HOST_WEB, 80));
	assert_false(is_listed(&report, HOST_WEB, 22));
	arena_done(&report.arena);
}

/* "tcp sport 1024-65535 drop", and of answers "tcp dport 25 drop": whichever of the
 * other ports a stranger takes but one gets in for certain. That class is asked after
 * another.
 */
static void a_port_of_each_class_is_certain(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct op in[] = {made_match(arena, made_sport(), CMP_RANGE, 1024, 65535, 2),
		made_verdict(VERDICT_DROP, NULL)};
	struct op out[] = {made_match(arena, made_dport(), CMP_EQ, 25, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};
	const struct exposure *e;
	struct report report;

	made_rule(&h->rules,
		made_chain(&h->rules, "i", true, HOOK_INPUT, 0, CHAIN_FILTER), in, 2);
	made_rule(&h->rules,
		made_chain(&h->rules, "o", true, HOOK_OUTPUT, 0, CHAIN_FILTER), out, 2);
	host_listen(h->host, IPPROTO_TCP, 22);
	host_survey(h, &report);
	e = host_exposure(&report, 22);
	assert_non_null(e);
	assert_false(ivset_is_empty(e->reach[ZONE_INTERNET].must));
	assert_true(
		ivset_equal(e->reach[ZONE_INTERNET].must, e->reach[ZONE_INTERNET].may));
	arena_done(&report.arena);
}

/* "field cmp number drop" of first packets, or of answers. */
struct ordinary_row {
	enum hook hook;
	enum family family;
	struct operand operand;
	uint8_t mask; /* 0: none */
	enum cmp cmp;
	uint8_t number;
	bool passed; /* by a stranger, to an open port */
};

#define BYTE(where, at)                                                             \
	{                                                                           \
		.field = FIELD_PAYLOAD, .base = where, .offset = at, .load_len = 1, \
		.len = 1                                                            \
	}
static const struct ordinary_row ordinary_rows[] = {
	{HOOK_INPUT, FAMILY_IP4, BYTE(BASE_TRANSPORT, 13), 0, CMP_EQ, 2, true},
	{HOOK_INPUT, FAMILY_IP4, BYTE(BASE_TRANSPORT, 13), 0x17, CMP_EQ, 2, false},
	{HOOK_INPUT, FAMILY_IP4, BYTE(BASE_TRANSPORT, 12), 0x0f, CMP_EQ, 0, true},
	{HOOK_INPUT, FAMILY_IP4, BYTE(BASE_TRANSPORT, 18), 0, CMP_EQ, 0, true},
	{HOOK_INPUT, FAMILY_IP4, BYTE(BASE_TRANSPORT, 19), 0, CMP_EQ, 0, true},
	{HOOK_INPUT, FAMILY_IP4, BYTE(BASE_NETWORK, 0), 0, CMP_EQ, 0x45, true},
	{HOOK_INPUT, FAMILY_IP4, BYTE(BASE_NETWORK, 0), 0xf0, CMP_EQ, 0x40, false},
	{HOOK_INPUT, FAMILY_IP4, BYTE(BASE_NETWORK, 6), 0x80, CMP_EQ, 0, true},
	{HOOK_INPUT, FAMILY_IP4, {.field = FIELD_TCP_FLAGS, .load_len = 1, .len = 1}, 0,
		CMP_EQ, 2, true},
	{HOOK_INPUT, FAMILY_IP6, BYTE(BASE_NETWORK, 6), 0, CMP_EQ, IPPROTO_TCP, true},
	{HOOK_INPUT, FAMILY_IP6, BYTE(BASE_NETWORK, 6), 0, CMP_NEQ, IPPROTO_ROUTING,
		true},
	{HOOK_INPUT, FAMILY_IP6, BYTE(BASE_NETWORK, 6), 0, CMP_NEQ, 255, false},
	{HOOK_INPUT, FAMILY_IP6,
		{.field = FIELD_EXTHDR,
			.exthdr_present = true,
			.load_len = 1,
			.len = 1},
		0, CMP_EQ, 0, true},
	{HOOK_INPUT, FAMILY_IP6, {.field = FIELD_L4PROTO, .load_len = 1, .len = 1}, 0,
		CMP_EQ, IPPROTO_TCP, false},
	/* A SYN-ACK tells of ECN, and options come back. */
	{HOOK_OUTPUT, FAMILY_IP4, BYTE(BASE_TRANSPORT, 13), 0, CMP_EQ, 0x12, true},
	{HOOK_OUTPUT, FAMILY_IP4, BYTE(BASE_TRANSPORT, 13), 0x3f, CMP_EQ, 0x12, false},
	{HOOK_OUTPUT, FAMILY_IP4, {.field = FIELD_TCP_FLAGS, .load_len = 1, .len = 1},
		0, CMP_EQ, 0x12, true},
	{HOOK_OUTPUT, FAMILY_IP4, BYTE(BASE_NETWORK, 0), 0, CMP_EQ, 0x45, true},
	{HOOK_OUTPUT, FAMILY_IP4, BYTE(BASE_NETWORK, 6), 0x80, CMP_EQ, 0, false},
	{HOOK_OUTPUT, FAMILY_IP6, BYTE(BASE_NETWORK, 6), 0, CMP_EQ, IPPROTO_TCP, false},
};
#undef BYTE

static bool is_passed(const struct ordinary_row *row)
{
	static const uint8_t nothing[] = {0};
	const struct step masked = {
		.kind = STEP_AND_XOR, .and = &row->mask, .xor = nothing};
	struct operand operand = row->operand;
	struct host_made h;
	struct report report;
	bool listed = false;

	host_open(&h);
	host_addr(h.host, HOST_ETH0, "2001:db8:1::/64", "2001:db8:1::1");
	host_route(h.host, RT_TABLE_MAIN, "::/0", RTN_UNICAST, HOST_ETH0,
		"2001:db8:1::ff");
	host_rule(h.host, 0, RT_TABLE_LOCAL)->family = FAMILY_IP6;
	host_rule(h.host, 32766, RT_TABLE_MAIN)->family = FAMILY_IP6;
	host_listen(h.host, IPPROTO_TCP, 22);
	host_listen(h.host, IPPROTO_TCP, 22)->local.family = FAMILY_IP6;
	if (row->mask) {
		operand.steps = &masked;
		operand.nsteps = 1;
	}
	struct chain *chain =
		made_chain(&h.rules, "c", true, row->hook, 0, CHAIN_FILTER);
	struct op ops[] = {
		made_match(&h.rules.arena, &operand, row->cmp, row->number, 0, 1),
		made_verdict(VERDICT_DROP, NULL)};
	if (row->family == FAMILY_IP6)
		chain->family = TABLE_IP6;
	made_rule(&h.rules, chain, ops, 2);
	host_survey(&h, &report);
	for (size_t k = 0; k < report.nexposures; k++) {
		const struct exposure *e = &report.exposures[k];

		listed |= e->endpoint.port == 22 && e->endpoint.family == row->family &&
			  !ivset_is_empty(e->reach[ZONE_INTERNET].may);
	}
	arena_done(&report.arena);
	host_close(&h);
	return listed;
}

/* Flags that ECN sets (RFC 3168), and an extension header, are the sender's: a rule
 * that is for packets without them is none against strangers. */
static void a_rule_for_ordinary_packets_is_passed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ordinary_rows); i++)
		if (is_passed(&ordinary_rows[i]) != ordinary_rows[i].passed)
			fail_msg("row %zu is %slisted", i,
				ordinary_rows[i].passed ? "not " : "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_host, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rules_by_an_own_address),
		T(a_mark_made_from_an_address),
		T(an_address_of_a_vrf),
		T(a_masquerade_tells_nothing_apart),
		T(a_local_route_answers_for_a_container),
		T(a_container_answers_for_itself),
		T(a_local_network_is_asked_past_a_range),
		T(an_unused_table_makes_nothing_local),
		T(an_address_is_asked_once),
		T(a_local_network_is_asked_where_something_is),
		T(a_local_network_of_many_ranges_is_a_gap),
		T(a_port_of_each_class_is_certain),
		cmocka_unit_test(a_rule_for_ordinary_packets_is_passed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
