/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shapes of rules that leave one way open: what explain answers of it, a survey lists.
 */
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
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
#include "netmon/reach/classing.h"
#include "netmon/reach/hooks.h"

#define NEIGHBOUR "203.0.113.77"
#define PORT	  9999 /* that nobody publishes, and nobody listens on */

static struct chain *prerouting(
	struct ruleset *rules, int32_t priority, enum chain_type type)
{
	return made_chain(rules, "c", true, HOOK_PREROUTING, priority, type);
}

/* An exposure of TCP at that port, at one address of a range. */
static bool is_listed(const struct report *report, uint32_t lo, uint32_t hi)
{
	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *e = &report->exposures[i];

		if (e->endpoint.proto == IPPROTO_TCP && e->endpoint.port == PORT &&
			!e->endpoint.any && e->endpoint.addr.value >= lo &&
			e->endpoint.addr.value <= hi &&
			!ivset_is_empty(e->reach[ZONE_ADJACENT].may))
			return true;
	}
	return false;
}

/* It is open, or may be, and the survey says so. */
static void is_told(struct host_made *h, const char *to, uint32_t lo, uint32_t hi)
{
	enum result result = host_ask(h, "eth0", NEIGHBOUR, to, PORT);
	struct report report;

	assert_true(result == RESULT_OPEN || result == RESULT_MAYBE);
	host_survey(h, &report);
	if (!is_listed(&report, lo, hi))
		fail_msg("%s is %s, and nothing says so", to,
			result == RESULT_OPEN ? "open" : "open, perhaps");
	arena_done(&report.arena);
}

/* fib daddr type or oif NUMBER */
static struct op fib_daddr(struct host_made *h, enum field field, uint32_t number)
{
	return made_fib(&h->rules.arena, field, NFTA_FIB_F_DADDR, number);
}

/* @where tcp dport 9999 dnat to 172.17.0.2:80 */
static void translate(struct host_made *h, struct op where)
{
	struct op ops[] = {where,
		made_match(&h->rules.arena, made_dport(), CMP_EQ, PORT, 0, 2),
		made_dnat(&h->rules.arena, HOST_WEB, 80)};

	made_rule(&h->rules, prerouting(&h->rules, -100, CHAIN_NAT), ops, 3);
}

static void drop_to(struct host_made *h, struct chain *chain, uint32_t addr)
{
	struct op ops[] = {
		made_match(&h->rules.arena, made_daddr(), CMP_EQ, addr, 0, 4),
		made_match(&h->rules.arena, made_dport(), CMP_EQ, PORT, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};

	made_rule(&h->rules, chain, ops, 3);
}

/* fib daddr type local dnat, and drops for each address that one thinks of: those of
 * 127.0.0.0/8 are local, all of them. */
static void another_loopback_address(void **state)
{
	struct host_made *h = *state;
	struct chain *raw = prerouting(&h->rules, -300, CHAIN_FILTER);

	translate(h, fib_daddr(h, FIELD_FIB_TYPE, RTN_LOCAL));
	drop_to(h, raw, 0xcb007101);
	drop_to(h, raw, 0xac110001);
	drop_to(h, raw, INADDR_LOOPBACK);
	is_told(h, "127.0.0.2", 0x7f000002, 0x7ffffffe);
}

/* fib daddr type broadcast dnat: a frame for the host alone, to 203.0.113.255. */
static void a_connection_to_a_broadcast_address(void **state)
{
	struct host_made *h = *state;

	host_route(h->host, RT_TABLE_LOCAL, "203.0.113.255", RTN_BROADCAST, HOST_ETH0,
		NULL);
	translate(h, fib_daddr(h, FIELD_FIB_TYPE, RTN_BROADCAST));
	is_told(h, "203.0.113.255", 0xcb0071ff, 0xcb0071ff);
}

/* fib daddr oif docker0 dnat: an address of the network that no container has. */
static void an_address_by_its_route(void **state)
{
	struct host_made *h = *state;

	host_route(h->host, RT_TABLE_LOCAL, "172.17.0.0", RTN_BROADCAST, HOST_DOCKER0,
		NULL);
	translate(h, fib_daddr(h, FIELD_FIB_OIF, HOST_DOCKER0));
	is_told(h, "172.17.5.5", 0xac110003, 0xac11ffff);
}

/* The container's namespace has these rules, not those decoded from no messages. */
static struct ruleset *put_inside(struct host_made *h, struct ruleset *inside)
{
	struct space *space;
	struct ruleset *decoded;

	(void)host_ask(h, "eth0", NEIGHBOUR, "172.17.0.2", PORT);
	space = host_container_space(h->reach, h->web);
	assert_non_null(space);
	decoded = space->rules;
	space->rules = inside;
	space->tracks = true;
	space->index = arena_array(&space->arena, MADE_CHAINS, sizeof(void *));
	space->sets = arena_array(&space->arena, MADE_CHAINS, sizeof(void *));
	assert_int_equal(hooks_collect(space), 0);
	return decoded;
}

/* tcp dport 9999, or 9000-9999 but the first, redirect to :80 within the container's
 * namespace. */
static void a_port_that_a_container_redirects(void **state)
{
	for (uint16_t first = PORT; first >= PORT - 999; first -= 999) {
		struct host_made *h = *state;
		struct arena *arena = &h->rules.arena;
		struct ruleset inside = {.uses_conntrack = true};
		struct op ops[] = {
			made_match(arena, made_daddr(), CMP_EQ, HOST_WEB, 0, 4),
			made_match(arena, made_dport(), CMP_RANGE, first, PORT, 2),
			made_dnat(arena, HOST_WEB, 80)};
		struct op drop[] = {
			made_match(arena, made_dport(), CMP_EQ, PORT - 999, 0, 2),
			made_verdict(VERDICT_DROP, NULL)};
		struct ruleset *decoded;
		struct chain *chain;
		struct report report;
		bool told = false;

		arena_init(&inside.arena, 0);
		chain = prerouting(&inside, -100, CHAIN_NAT);
		made_rule(&inside, chain, drop, 2);
		made_rule(&inside, chain, ops, 3);
		decoded = put_inside(h, &inside);
		host_survey(h, &report);
		for (size_t i = 0; i < report.nexposures; i++)
			told |= report.exposures[i].endpoint.addr.value == HOST_WEB &&
				report.exposures[i].endpoint.proto == IPPROTO_TCP &&
				span_has_port(&report.exposures[i].endpoint, PORT);
		host_container_space(h->reach, h->web)->rules = decoded;
		arena_done(&inside.arena);
		arena_done(&report.arena);
		assert_true(told);
		host_teardown(state);
		host_setup(state);
	}
}

/* tee within the container's namespace */
static void copies_that_a_container_sends(void **state)
{
	const struct op copy = {.kind = OP_DUP, .text = "TEE"};
	struct host_made *h = *state;
	struct ruleset inside = {0};
	struct ruleset *decoded;
	struct report report;
	bool told = false;

	arena_init(&inside.arena, 0);
	made_rule(&inside, prerouting(&inside, 0, CHAIN_FILTER), &copy, 1);
	decoded = put_inside(h, &inside);
	host_survey(h, &report);
	for (size_t i = 0; i < report.ngaps; i++)
		told |= strcmp(report.gaps[i].code, "packet-copied") == 0 &&
			report.gaps[i].hides && strstr(report.gaps[i].text, "web");
	host_container_space(h->reach, h->web)->rules = decoded;
	arena_done(&inside.arena);
	arena_done(&report.arena);
	assert_true(told);
}

/* docker run --network none, and somebody gave it a veth and an address. */
static void an_address_of_a_container_without_networks(void **state)
{
	struct host_made *h = *state;

	h->web->nnets = 0;
	host_listen(h->inside, IPPROTO_TCP, PORT);
	is_told(h, "172.17.0.2", HOST_WEB, HOST_WEB);
}

/* ip addr add 172.17.0.9/16 dev eth0 scope link, in a container: routed like others. */
static void an_added_address_of_another_scope(void **state)
{
	struct host_made *h = *state;

	host_addr(h->inside, 5, "172.17.0.0/16", "172.17.0.9");
	h->inside->addrs[h->inside->naddrs - 1].scope = RT_SCOPE_LINK;
	host_listen(h->inside, IPPROTO_TCP, PORT);
	is_told(h, "172.17.0.9", 0xac110009, 0xac110009);
}

/* A socket that is bound to a group hears it: SSDP's, of a host-network container. */
static void a_group_that_a_socket_is_bound_to(void **state)
{
	const uint32_t group = 0xeffffffa; /* 239.255.255.250 */
	struct host_made *h = *state;
	struct report report;
	size_t n = 0;

	host_listen(h->host, IPPROTO_UDP, PORT)->local.value = group;
	/* Nobody hears an answer. */
	assert_int_equal(host_datagram(h, NEIGHBOUR, group, PORT).result, RESULT_MAYBE);
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++)
		n += report.exposures[i].endpoint.port == PORT &&
		     report.exposures[i].endpoint.addr.value == group &&
		     !ivset_is_empty(report.exposures[i].reach[ZONE_ADJACENT].may);
	assert_int_equal(n, 1);
	arena_done(&report.arena);
}

/* ip daddr & 255.255.255.253 172.17.0.0-172.17.0.6: 172.17.0.7 is 172.17.0.5 there. */
static void an_address_past_the_end_of_a_masked_range(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;

	host_addr(h->inside, 5, "172.17.0.0/16", "172.17.0.7");
	translate(h, made_match(arena, made_masked(arena, made_daddr(), 0xfffffffd, 0),
			     CMP_RANGE, 0xac110000, 0xac110006, 4));
	is_told(h, "172.17.0.7", 0xac110007, 0xac110007);
}

static size_t count_asked(const struct report *report, uint32_t addr)
{
	size_t n = 0;

	for (size_t i = 0; i < report->nasked; i++)
		n += report->asked[i].endpoint.addr.value == addr;
	return n;
}

/* docker run --network container:web: the namespace has its addresses once. */
static void containers_of_one_namespace_are_asked_once(void **state)
{
	size_t asked[2];

	for (size_t others = 0; others < 2; others++) {
		struct host_made *h = *state;
		struct container both[2] = {*h->web, *h->web};
		struct report report;

		both[1].id = "c2";
		both[1].name = "beside";
		both[1].nnets = 0;
		h->facts->containers = both;
		h->facts->ncontainers = 1 + others;
		h->web = &both[0];
		host_addr(h->inside, 5, "172.17.0.0/16", "172.17.0.9");
		host_listen(h->inside, IPPROTO_TCP, PORT);
		host_survey(h, &report);
		assert_true(is_listed(&report, 0xac110009, 0xac110009));
		asked[others] = count_asked(&report, 0xac110009);
		arena_done(&report.arena);
		host_teardown(state);
		host_setup(state);
	}
	assert_true(asked[0] > 0);
	assert_int_equal(asked[0], asked[1]);
}

/* A list of many loopback addresses is asked after those that are listened on. */
static void a_long_list_hides_no_socket(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct iv list[400];
	struct op ops[] = {{.kind = OP_IN, .operand = made_daddr()},
		made_verdict(VERDICT_DROP, NULL)};
	struct report report;

	for (uint32_t i = 0; i < ARRAY_LEN(list); i++)
		list[i] = (struct iv){0x7f010000 + 4 * i, 0x7f010000 + 4 * i};
	ops[0].numbers = ivset_from(arena, list, ARRAY_LEN(list));
	made_rule(&h->rules, prerouting(&h->rules, -300, CHAIN_FILTER), ops, 2);
	host_listen(h->host, IPPROTO_TCP, PORT)->local.value = 0x7fc80001;
	host_survey(h, &report);
	assert_true(count_asked(&report, 0x7fc80001) > 0);
	arena_done(&report.arena);
}

/* A group is heard where its interface takes packets: a bridge's port takes none. */
static void a_port_hears_no_group_of_its_own(void **state)
{
	static const struct addr ssdp = {0xeffffffa, FAMILY_IP4};
	struct host_made *h = *state;
	struct membership joined = {7, ssdp};

	host_link(h->host, 7, "veth7", "veth");
	host_link(h->host, 8, "blue", "vrf");
	h->host->groups = &joined;
	h->host->ngroups = 1;
	h->host->groups_known = true;
	(void)host_ask(h, "eth0", NEIGHBOUR, "203.0.113.1", PORT);
	h->host->links[h->host->nlinks - 2].master = HOST_DOCKER0;
	assert_true(address_group_key(h->reach, &ssdp) == 0);
	h->host->links[h->host->nlinks - 2].master = 8;
	assert_true(address_group_key(h->reach, &ssdp) != 0);
}

/* ip saddr @banned drop, and some rule has it that packets delete their senders. */
static void who_is_banned_may_undo_it(void **state)
{
	static const uint8_t neighbour[] = {203, 0, 113, 77};
	struct host_made *h = *state;
	struct set_element element = {.key = neighbour, .key_end = neighbour};
	struct set set = {.name = "banned",
		.key_len = sizeof(neighbour),
		.elements = &element,
		.nelements = 1,
		.dynamic = true};
	const struct op ops[] = {
		{.kind = OP_LOOKUP, .operand = made_saddr(), .set = &set},
		made_verdict(VERDICT_DROP, NULL)};

	made_rule(&h->rules, prerouting(&h->rules, -300, CHAIN_FILTER), ops, 2);
	host_listen(h->host, IPPROTO_TCP, PORT);
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "203.0.113.1", PORT), RESULT_FILTERED);
	set.shrinks = true;
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "203.0.113.1", PORT), RESULT_MAYBE);
}

/* dnat to ip daddr map @forwarded, of which packets delete: while it has an element,
 * that leads to the container. */
static void a_map_that_shrinks_still_leads(void **state)
{
	static const uint8_t host[] = {203, 0, 113, 1}, web[] = {172, 17, 0, 2};
	struct host_made *h = *state;
	struct set_element element = {.key = host, .key_end = host, .data = web};
	const struct set set = {.name = "forwarded",
		.key_len = sizeof(host),
		.data_len = sizeof(web),
		.map = true,
		.elements = &element,
		.nelements = 1,
		.dynamic = true,
		.shrinks = true};
	const struct operand *const keys[] = {made_daddr()};
	const struct operand map = {.field = FIELD_MAP,
		.len = 4,
		.load_len = 4,
		.nest = 1,
		.set = &set,
		.key = keys,
		.nkey = 1};
	struct arena *arena = &h->rules.arena;
	struct op ops[] = {made_match(arena, made_dport(), CMP_EQ, 8080, 0, 2),
		made_dnat(arena, HOST_WEB, 80)};
	struct nat nat = *ops[1].nat;
	const struct exposure *e;
	struct report report;

	nat.addr_min = nat.addr_max = &map;
	ops[1].nat = &nat;
	made_rule(&h->rules, prerouting(&h->rules, -100, CHAIN_NAT), ops, 2);
	host_survey(h, &report);
	e = host_exposure(&report, 8080);
	assert_non_null(e);
	assert_ptr_equal(e->container, h->web);
	assert_true(ivset_is_empty(e->reach[ZONE_INTERNET].must));
	assert_false(ivset_is_empty(e->reach[ZONE_INTERNET].may));
	arena_done(&report.arena);
}

/* How many containers have the port at that address, for all that a survey tells. */
static size_t count_owners(struct host_made *h, uint8_t proto, uint32_t addr)
{
	const struct container *seen[32] = {NULL};
	struct report report;
	size_t n = 0;

	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++) {
		const struct exposure *e = &report.exposures[i];
		bool new = e->endpoint.proto == proto && e->endpoint.port == PORT &&
			   (e->endpoint.any || e->endpoint.addr.value == addr) &&
			   !ivset_is_empty(e->reach[ZONE_ADJACENT].may);

		for (size_t k = 0; k < n; k++)
			new &= seen[k] != e->container;
		if (new &&n < ARRAY_LEN(seen))
			seen[n++] = e->container;
	}
	arena_done(&report.arena);
	return n;
}

/* SO_REUSEPORT: two containers in the host's network have one port, each a part of what
 * comes. */
static void a_port_that_containers_share(void **state)
{
	struct host_made *h = *state;
	struct container all[] = {*h->web, *h->web, *h->web};

	for (size_t i = 1; i < ARRAY_LEN(all); i++) {
		all[i].id = i == 1 ? "c2" : "c3";
		all[i].name = all[i].id;
		all[i].nnets = 0;
		all[i].netns = h->host;
		host_listen(h->host, IPPROTO_TCP, PORT)->container_id = all[i].id;
	}
	h->facts->containers = all;
	h->facts->ncontainers = ARRAY_LEN(all);
	assert_int_equal(count_owners(h, IPPROTO_TCP, 0xcb007101), 2);
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "203.0.113.1", PORT), RESULT_MAYBE);
	/* A bound one gets all that is for its address. */
	h->host->socks[1].local.value = 0xcb007101;
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "203.0.113.1", PORT), RESULT_OPEN);
}

/* However many they are. */
static void a_port_that_many_containers_share(void **state)
{
	struct host_made *h = *state;
	struct container all[20];
	char ids[ARRAY_LEN(all)][8];

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i] = *h->web;
		if (i == 0)
			continue;
		(void)snprintf(ids[i], sizeof(ids[i]), "c%zu", i);
		all[i].id = all[i].name = ids[i];
		all[i].nnets = 0;
		all[i].netns = h->host;
		host_listen(h->host, IPPROTO_TCP, PORT)->container_id = ids[i];
	}
	h->facts->containers = all;
	h->facts->ncontainers = ARRAY_LEN(all);
	assert_int_equal(count_owners(h, IPPROTO_TCP, 0xcb007101), ARRAY_LEN(all) - 1);
}

/* A datagram for a group is copied to each socket, not only the one that is bound. */
static void a_group_that_containers_share(void **state)
{
	const uint32_t group = 0xeffffffa;
	struct host_made *h = *state;
	const struct op others[] = {
		made_match(&h->rules.arena, made_daddr(), CMP_NEQ, group, 0, 4),
		made_verdict(VERDICT_DROP, NULL)};
	struct container all[] = {*h->web, *h->web, *h->web};

	for (size_t i = 1; i < ARRAY_LEN(all); i++) {
		struct sock *sock = host_listen(h->host, IPPROTO_UDP, PORT);

		all[i].id = i == 1 ? "c2" : "c3";
		all[i].name = all[i].id;
		all[i].nnets = 0;
		all[i].netns = h->host;
		sock->container_id = all[i].id;
		sock->local.value = i == 1 ? group : 0;
	}
	h->facts->containers = all;
	h->facts->ncontainers = ARRAY_LEN(all);
	made_rule(&h->rules, prerouting(&h->rules, -300, CHAIN_FILTER), others, 2);
	assert_int_equal(count_owners(h, IPPROTO_UDP, group), 2);
	/* Nobody chooses between them. */
	struct report report;
	host_survey(h, &report);
	for (size_t i = 0; i < report.ngaps; i++)
		assert_string_not_equal(report.gaps[i].code, "port-shared");
	arena_done(&report.arena);
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(another_loopback_address),
		T(a_connection_to_a_broadcast_address),
		T(an_address_by_its_route),
		T(a_port_that_a_container_redirects),
		T(copies_that_a_container_sends),
		T(an_address_of_a_container_without_networks),
		T(an_added_address_of_another_scope),
		T(a_group_that_a_socket_is_bound_to),
		T(an_address_past_the_end_of_a_masked_range),
		T(containers_of_one_namespace_are_asked_once),
		T(a_long_list_hides_no_socket),
		T(a_port_hears_no_group_of_its_own),
		T(who_is_banned_may_undo_it),
		T(a_map_that_shrinks_still_leads),
		T(a_port_that_containers_share),
		T(a_port_that_many_containers_share),
		T(a_group_that_containers_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
