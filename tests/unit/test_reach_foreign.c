/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Destinations that are not the host's own, and that its rules translate: what explain
 * says of one of them is in the survey's report. */
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

#define NEIGHBOUR "203.0.113.77"
#define PORT	  9999 /* that nobody publishes, and nobody listens on */

static struct chain *nat_chain(struct host_made *h)
{
	return made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
}

/* ip daddr ADDR/MASK ... @last */
static void by_network(struct host_made *h, struct chain *chain, uint32_t addr,
	uint32_t mask, struct op last)
{
	struct arena *arena = &h->rules.arena;
	struct op ops[] = {made_match(arena, made_masked(arena, made_daddr(), mask, 0),
				   CMP_EQ, addr, 0, 4),
		made_match(arena, made_dport(), CMP_EQ, PORT, 0, 2), last};

	made_rule(&h->rules, chain, ops, 3);
}

static void by_port(struct host_made *h, struct chain *chain)
{
	struct arena *arena = &h->rules.arena;
	struct op ops[] = {made_match(arena, made_dport(), CMP_EQ, PORT, 0, 2),
		made_dnat(arena, HOST_WEB, 80)};

	made_rule(&h->rules, chain, ops, 2);
}

static struct op to_web(struct host_made *h)
{
	return made_dnat(&h->rules.arena, HOST_WEB, 80);
}

/* How many exposures of the container's the report has at that port, of addresses in a
 * range. */
static size_t listed(const struct report *report, uint32_t lo, uint32_t hi)
{
	size_t n = 0;

	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *e = &report->exposures[i];

		n += e->endpoint.port == PORT && e->container && !e->endpoint.any &&
		     e->endpoint.addr.value >= lo && e->endpoint.addr.value <= hi &&
		     !ivset_is_empty(e->reach[ZONE_ADJACENT].must);
	}
	return n;
}

static bool hides(const struct report *report)
{
	for (size_t i = 0; i < report->ngaps; i++)
		if (strcmp(report->gaps[i].code, "addresses-not-asked") == 0)
			return report->gaps[i].hides;
	return false;
}

/* An address of a neighbour's choice is open, and told by one of the range. */
static void is_told(struct host_made *h, const char *to, uint32_t lo, uint32_t hi)
{
	struct report report;

	assert_int_equal(host_ask(h, "eth0", NEIGHBOUR, to, PORT), RESULT_OPEN);
	host_survey(h, &report);
	if (listed(&report, lo, hi) == 0)
		fail_msg("%s is open, and nothing says so", to);
	assert_false(hides(&report));
	arena_done(&report.arena);
}

static void a_network_of_containers_is_translated(void **state)
{
	struct host_made *h = *state;

	by_network(h, nat_chain(h), 0xac110000, 0xffff0000, to_web(h));
	is_told(h, "172.17.0.2", HOST_WEB, HOST_WEB);
}

/* An element of a set, and not all of it. */
static void a_container_in_a_set_is_translated(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct set_element elements[2] = {0};
	struct set set = {
		.name = "s", .key_len = 4, .elements = elements, .nelements = 2};
	struct op ops[] = {{.kind = OP_LOOKUP, .operand = made_daddr(), .set = &set},
		made_match(arena, made_dport(), CMP_EQ, PORT, 0, 2), to_web(h)};

	elements[0].key = elements[0].key_end = made_be(arena, 0x0a000001, 4);
	elements[1].key = elements[1].key_end = made_be(arena, HOST_WEB, 4);
	made_rule(&h->rules, nat_chain(h), ops, 3);
	is_told(h, "172.17.0.2", HOST_WEB, HOST_WEB);
}

/* What is translated elsewhere is not asked at a container. */
static void another_network_is_not_asked_at_a_container(void **state)
{
	struct host_made *h = *state;
	struct report report;

	by_network(h, nat_chain(h), 0x0a000000, 0xff000000, to_web(h));
	host_survey(h, &report);
	for (size_t i = 0; i < report.nasked; i++)
		assert_false(report.asked[i].endpoint.addr.value == HOST_WEB &&
			     report.asked[i].endpoint.port == PORT);
	arena_done(&report.arena);
}

static void a_private_network_is_translated(void **state)
{
	struct host_made *h = *state;

	by_network(h, nat_chain(h), 0x0a050000, 0xffff0000, to_web(h));
	is_told(h, "10.5.1.2", 0x0a050000, 0x0a05ffff);
}

/* Nobody routes its addresses across the Internet. */
static void a_private_network_is_not_of_the_internet(void **state)
{
	struct host_made *h = *state;
	struct report report;

	by_network(h, nat_chain(h), 0x0a050000, 0xffff0000, to_web(h));
	host_survey(h, &report);
	const struct exposure *e = host_exposure(&report, PORT);
	assert_non_null(e);
	assert_true(ivset_is_empty(e->reach[ZONE_INTERNET].may));
	assert_false(ivset_is_empty(e->reach[ZONE_PRIVATE].must));
	arena_done(&report.arena);
}

/* 8.0.0.0/6 begins with public addresses, and 10.0.0.0/8 is in it. */
static void a_network_private_at_its_end(void **state)
{
	struct host_made *h = *state;
	struct chain *chain = nat_chain(h);

	by_network(
		h, chain, 0x08000000, 0xfe000000, made_verdict(VERDICT_ACCEPT, NULL));
	by_network(
		h, chain, 0x0b000000, 0xff000000, made_verdict(VERDICT_ACCEPT, NULL));
	by_network(h, chain, 0x08000000, 0xfc000000, to_web(h));
	is_told(h, "10.7.7.7", 0x0a000000, 0x0affffff);
}

/* ip daddr HOST return; dnat: the host's own addresses are the only ones that are not
 * translated. */
static void all_but_the_hosts_are_translated(void **state)
{
	struct host_made *h = *state;
	struct chain *chain = nat_chain(h);

	by_network(
		h, chain, 0xcb007101, 0xffffffff, made_verdict(VERDICT_RETURN, NULL));
	by_network(
		h, chain, 0xac110001, 0xffffffff, made_verdict(VERDICT_RETURN, NULL));
	by_network(h, chain, HOST_WEB, 0xffffffff, made_verdict(VERDICT_RETURN, NULL));
	by_port(h, chain);
	is_told(h, "8.8.8.8", 0xc0000200, 0xc00002ff); /* documentation */
}

/* A mark by destination; by the mark a translation: no rule of a nat chain names it. */
static void a_mark_by_destination_is_translated(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *mangle = made_chain(
		&h->rules, "mangle", true, HOOK_PREROUTING, -150, CHAIN_FILTER);
	struct operand one = {.field = FIELD_CONST,
		.bytes = made_be(arena, 0x01000000, 4),
		.load_len = 4,
		.len = 4};
	struct op ops[] = {made_match(arena, made_mark(), CMP_EQ, 0x01000000, 0, 4),
		made_match(arena, made_dport(), CMP_EQ, PORT, 0, 2), to_web(h)};

	by_network(h, mangle, 0x0a050000, 0xffff0000,
		(struct op){.kind = OP_SET, .field = FIELD_MARK, .operand = &one});
	made_rule(&h->rules, nat_chain(h), ops, 3);
	is_told(h, "10.5.1.2", 0x0a050000, 0x0a05ffff);
}

static void a_loopback_address_is_translated(void **state)
{
	struct host_made *h = *state;

	by_network(h, nat_chain(h), 0x7f000005, 0xffffffff, to_web(h));
	is_told(h, "127.0.0.5", 0x7f000005, 0x7f000005);
}

/* What the host's own addresses tell, a sample does not tell again; a router's traffic
 * is no exposure. */
static void what_is_told_once(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_link(h->host, 4, "lan0", NULL);
	host_addr(h->host, 4, "10.20.0.0/24", "10.20.0.1");
	host_sysctl(h->host, "net/ipv4/conf/lan0/forwarding", 1);
	by_port(h, nat_chain(h));
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++) {
		const struct exposure *e = &report.exposures[i];

		assert_true(e->endpoint.any || e->endpoint.addr.value == HOST_WEB ||
			    e->endpoint.addr.value == INADDR_LOOPBACK);
	}
	assert_int_equal(report.ngaps, 0);
	arena_done(&report.arena);
}

/* dnat prefix to ...: each address goes elsewhere; one does not speak for others. */
static void arithmetic_on_a_network_is_a_gap(void **state)
{
	struct host_made *h = *state;
	struct op last = to_web(h);
	struct nat nat = *last.nat;
	struct report report;

	nat.kind = NAT_DNAT_PREFIX;
	last.nat = &nat;
	by_network(h, nat_chain(h), 0x0a050000, 0xffff0000, last);
	host_survey(h, &report);
	assert_true(hides(&report));
	arena_done(&report.arena);
}

static void translate_where(struct host_made *h, struct op where)
{
	struct op ops[] = {where,
		made_match(&h->rules.arena, made_dport(), CMP_EQ, PORT, 0, 2),
		to_web(h)};

	made_rule(&h->rules, nat_chain(h), ops, 3);
}

/* meta mark set ip daddr map { 10.9.8.7 : 1 }: marks tell destinations apart. */
static void a_mark_from_a_map_of_destinations_is_a_gap(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *mangle = made_chain(
		&h->rules, "mangle", true, HOOK_PREROUTING, -150, CHAIN_FILTER);
	const uint8_t *at = made_be(arena, 0x0a090807, 4);
	struct set_element element = {
		.key = at, .key_end = at, .data = made_be(arena, 0x01000000, 4)};
	struct set set = {.name = "m",
		.key_len = 4,
		.map = true,
		.data_len = 4,
		.elements = &element,
		.nelements = 1};
	const struct operand *key = made_daddr();
	const struct operand map = {.field = FIELD_MAP,
		.load_len = 4,
		.len = 4,
		.nest = 1,
		.set = &set,
		.key = &key,
		.nkey = 1};
	struct op marks[] = {{.kind = OP_SET, .field = FIELD_MARK, .operand = &map}};
	struct report report;

	made_rule(&h->rules, mangle, marks, 1);
	translate_where(h, made_match(arena, made_mark(), CMP_EQ, 0x01000000, 0, 4));
	assert_int_equal(host_ask(h, "eth0", NEIGHBOUR, "10.9.8.7", PORT), RESULT_OPEN);
	host_survey(h, &report);
	assert_true(hides(&report));
	arena_done(&report.arena);
}

/* Packets add to the set of destinations. */
static void a_set_that_grows_is_a_gap(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct set set = {.name = "s", .key_len = 4, .dynamic = true};
	struct op ops[] = {{.kind = OP_LOOKUP, .operand = made_daddr(), .set = &set},
		made_match(arena, made_dport(), CMP_EQ, PORT, 0, 2), to_web(h)};
	struct report report;

	made_rule(&h->rules, nat_chain(h), ops, 3);
	host_survey(h, &report);
	assert_true(hides(&report));
	arena_done(&report.arena);
}

/* The first bytes of an address, which is what nft loads to compare a prefix of them.
 */
static const struct operand *first_bytes(
	struct host_made *h, const struct operand *addr, uint8_t len)
{
	struct operand *o = arena_memdup(&h->rules.arena, addr, sizeof(*o));

	o->load_len = o->len = len;
	return o;
}

/* ip daddr 10.0.0.0/8 */
static struct op in_ten(struct host_made *h)
{
	return made_match(
		&h->rules.arena, first_bytes(h, made_daddr(), 1), CMP_EQ, 0x0a, 0, 1);
}

static void a_network_of_whole_bytes_is_translated(void **state)
{
	struct host_made *h = *state;

	translate_where(h, in_ten(h));
	is_told(h, "10.5.1.2", 0x0a000000, 0x0affffff);
}

static void whole_bytes_tell_own_addresses_apart(void **state)
{
	struct host_made *h = *state;

	host_addr(h->host, HOST_ETH0, "10.9.0.0/16", "10.9.9.9");
	translate_where(h, in_ten(h));
	is_told(h, "10.9.9.9", 0x0a090909, 0x0a090909);
}

/* ip saddr 203.0.0.0/8 drop in output: answers of one of two addresses. */
static void whole_bytes_tell_answers_apart(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *output =
		made_chain(&h->rules, "output", true, HOOK_OUTPUT, 0, CHAIN_FILTER);
	struct op ops[] = {
		made_match(arena, first_bytes(h, made_saddr(), 1), CMP_EQ, 0xcb, 0, 1),
		made_verdict(VERDICT_DROP, NULL)};
	struct report report;

	host_addr(h->host, HOST_ETH0, "198.51.100.0/24", "198.51.100.9");
	host_listen(h->host, IPPROTO_TCP, PORT);
	made_rule(&h->rules, output, ops, 2);
	assert_int_equal(
		host_ask(h, "eth0", "8.8.8.8", "198.51.100.9", PORT), RESULT_OPEN);
	host_survey(h, &report);
	assert_non_null(host_exposure(&report, PORT));
	arena_done(&report.arena);
}

/* ip daddr & 255.255.255.0 { 10.5.1.0 }: no list holds those addresses. */
static void a_masked_address_in_a_set_is_a_gap(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct set_element element = {.key = made_be(arena, 0x0a050100, 4)};
	struct set set = {
		.name = "s", .key_len = 4, .elements = &element, .nelements = 1};
	struct report report;

	element.key_end = element.key;
	translate_where(
		h, (struct op){.kind = OP_LOOKUP,
			   .operand = made_masked(arena, made_daddr(), 0xffffff00, 0),
			   .set = &set});
	assert_int_equal(host_ask(h, "eth0", NEIGHBOUR, "10.5.1.7", PORT), RESULT_OPEN);
	host_survey(h, &report);
	assert_true(hides(&report));
	arena_done(&report.arena);
}

/* ip daddr ^ 1.1.1.1 == 11.4.0.3: that is 10.5.1.2. */
static void an_address_behind_a_xor_is_translated(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct report report;

	translate_where(
		h, made_match(arena,
			   made_masked(arena, made_daddr(), 0xffffffff, 0x01010101),
			   CMP_EQ, 0x0b040003, 0, 4));
	assert_int_equal(host_ask(h, "eth0", NEIGHBOUR, "10.5.1.2", PORT), RESULT_OPEN);
	host_survey(h, &report);
	assert_true(listed(&report, 0x0a050102, 0x0a050102) > 0);
	arena_done(&report.arena);
}

/* ip daddr & 255.255.0.0 10.5.0.0-10.7.0.0: whole networks pass. */
static void a_range_of_masked_addresses_is_translated(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;

	translate_where(
		h, made_match(arena, made_masked(arena, made_daddr(), 0xffff0000, 0),
			   CMP_RANGE, 0x0a050000, 0x0a070000, 4));
	host_addr(h->host, HOST_ETH0, "10.7.0.0/16", "10.7.9.9");
	is_told(h, "10.7.9.9", 0x0a070909, 0x0a070909);
}

/* A connection to a network's broadcast address, in a frame for the host alone: it is
 * carried on to where a rule sends it. */
static void a_broadcast_address_is_translated(void **state)
{
	struct host_made *h = *state;
	struct report report;
	size_t n = 0;

	host_route(h->host, RT_TABLE_LOCAL, "203.0.113.255", RTN_BROADCAST, HOST_ETH0,
		NULL);
	by_network(h, nat_chain(h), 0xcb0071ff, 0xffffffff, to_web(h));
	/* Few clients take an answer from there. */
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "203.0.113.255", PORT), RESULT_MAYBE);
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++)
		n += report.exposures[i].endpoint.port == PORT &&
		     report.exposures[i].endpoint.proto == IPPROTO_TCP &&
		     !ivset_is_empty(report.exposures[i].reach[ZONE_ADJACENT].may);
	assert_int_equal(n, 1);
	arena_done(&report.arena);
}

/* ip6 fib daddr type blackhole dnat: who sends to a network that a route throws away.
 */
static void a_type_of_a_route_is_translated(void **state)
{
	const u128 network = (u128)0x20010db8000b0000u << 64;
	struct host_made *h = *state;
	struct op ops[] = {made_fib(&h->rules.arena, FIELD_FIB_TYPE, NFTA_FIB_F_DADDR,
				   RTN_BLACKHOLE),
		made_match(&h->rules.arena, made_dport(), CMP_EQ, PORT, 0, 2),
		to_web(h)};
	struct chain *chain = nat_chain(h);
	struct report report;
	bool asked = false;

	host_rule(h->host, 32766, RT_TABLE_MAIN)->family = FAMILY_IP6;
	host_addr(h->host, HOST_ETH0, "2001:db8:1::/64", "2001:db8:1::9");
	host_route(h->host, RT_TABLE_MAIN, "::/0", RTN_UNICAST, HOST_ETH0,
		"2001:db8:1::1");
	host_route(h->host, RT_TABLE_MAIN, "2001:db8:b::/64", RTN_BLACKHOLE, 0, NULL);
	chain->family = TABLE_INET;
	made_rule(&h->rules, chain, ops, 3);
	host_survey(h, &report);
	for (size_t i = 0; i < report.nasked; i++)
		asked |= report.asked[i].endpoint.addr.value >> 64 == network >> 64;
	assert_true(asked);
	arena_done(&report.arena);
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_network_of_containers_is_translated),
		T(an_address_behind_a_xor_is_translated),
		T(a_range_of_masked_addresses_is_translated),
		T(a_container_in_a_set_is_translated),
		T(another_network_is_not_asked_at_a_container),
		T(a_private_network_is_translated),
		T(a_private_network_is_not_of_the_internet),
		T(a_network_private_at_its_end),
		T(all_but_the_hosts_are_translated),
		T(a_mark_by_destination_is_translated),
		T(a_loopback_address_is_translated),
		T(what_is_told_once),
		T(arithmetic_on_a_network_is_a_gap),
		T(a_mark_from_a_map_of_destinations_is_a_gap),
		T(a_set_that_grows_is_a_gap),
		T(a_network_of_whole_bytes_is_translated),
		T(whole_bytes_tell_own_addresses_apart),
		T(whole_bytes_tell_answers_apart),
		T(a_masked_address_in_a_set_is_a_gap),
		T(a_broadcast_address_is_translated),
		T(a_type_of_a_route_is_translated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
