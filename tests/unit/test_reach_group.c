/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that a host has together with others: datagrams to them are heard, and a
 * survey tells of them where the host's own addresses do not. */
#include <linux/if_packet.h>
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
#define PORT	  5000
#define DIRECTED  0xcb0071ffu /* 203.0.113.255 */
#define LIMITED	  0xffffffffu
#define OF_ETH1	  0xc63364ffu /* 198.51.100.255 */
#define ALL_HOSTS 0xe0000001u

static struct sock *serve(struct host_made *h, uint8_t proto)
{
	return host_listen(h->host, proto, PORT);
}

static int open_host(void **state)
{
	static struct host_made h;

	host_open(&h);
	host_route(h.host, RT_TABLE_LOCAL, "203.0.113.255", RTN_BROADCAST, HOST_ETH0,
		NULL);
	*state = &h;
	return 0;
}

static struct chain *input_chain(struct host_made *h)
{
	return made_chain(&h->rules, "in", true, HOOK_INPUT, 0, CHAIN_FILTER);
}

/* fib daddr type local drop */
static void drop_what_is_local(struct host_made *h)
{
	struct op ops[] = {
		made_fib(&h->rules.arena, FIELD_FIB_TYPE, NFTA_FIB_F_DADDR, RTN_LOCAL),
		made_verdict(VERDICT_DROP, NULL)};
	struct chain *chain = input_chain(h);

	chain->family = TABLE_INET;
	made_rule(&h->rules, chain, ops, 2);
}

/* The exposure of a port at one address; at none that is asked: NULL. */
static const struct exposure *find(const struct report *report, u128 addr)
{
	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *e = &report->exposures[i];

		if (!e->endpoint.any && e->endpoint.port == PORT &&
			e->endpoint.addr.value == addr)
			return e;
	}
	return NULL;
}

static bool at_a_group(const struct report *report)
{
	return find(report, DIRECTED) || find(report, LIMITED) ||
	       find(report, ALL_HOSTS);
}

/* Whether silence at an address is no claim; every question there says the same. */
static bool is_told(const struct report *report, u128 addr)
{
	size_t n = 0, told = 0;

	for (size_t i = 0; i < report->nasked; i++) {
		if (report->asked[i].endpoint.addr.value != addr)
			continue;
		n++;
		told += report->asked[i].told;
	}
	assert_true(n > 0);
	assert_true(told == 0 || told == n);
	return told > 0;
}

/* Neighbours alone, and nobody hears an answer from there. */
static void is_for_neighbours(const struct exposure *e)
{
	assert_non_null(e);
	assert_true(ivset_is_empty(e->reach[ZONE_INTERNET].may));
	assert_true(ivset_is_empty(e->reach[ZONE_PRIVATE].may));
	assert_true(ivset_contains(e->reach[ZONE_ADJACENT].may, 0xcb00714d));
	assert_true(ivset_is_empty(e->reach[ZONE_ADJACENT].must));
}

static void a_broadcast_is_not_local(void **state)
{
	struct host_made *h = *state;
	struct report report;

	serve(h, IPPROTO_UDP);
	drop_what_is_local(h);
	host_survey(h, &report);
	is_for_neighbours(find(&report, DIRECTED));
	is_for_neighbours(find(&report, LIMITED));
	assert_true(is_told(&report, DIRECTED));
	assert_true(is_told(&report, ALL_HOSTS));
	assert_false(is_told(&report, 0xcb007101));
	arena_done(&report.arena);
}

/* fib daddr . iif type != { local, broadcast } drop: one link's broadcast says nothing
 * of another's. */
static void each_links_broadcast_is_asked(void **state)
{
	struct host_made *h = *state;
	struct op ops[] = {made_fib(&h->rules.arena, FIELD_FIB_TYPE,
				   NFTA_FIB_F_DADDR | NFTA_FIB_F_IIF, RTN_UNICAST),
		made_verdict(VERDICT_DROP, NULL)};
	struct report report;

	host_link(h->host, 4, "eth1", NULL);
	host_addr(h->host, 4, "198.51.100.0/24", "198.51.100.1");
	host_route(h->host, RT_TABLE_LOCAL, "198.51.100.255", RTN_BROADCAST, 4, NULL);
	serve(h, IPPROTO_UDP);
	drop_what_is_local(h);
	made_rule(&h->rules, input_chain(h), ops, 2);
	host_survey(h, &report);
	is_for_neighbours(find(&report, DIRECTED));
	const struct exposure *e = find(&report, OF_ETH1);
	assert_non_null(e);
	assert_true(ivset_contains(e->reach[ZONE_ADJACENT].may, 0xc633644d));
	assert_false(ivset_contains(e->reach[ZONE_ADJACENT].may, 0xcb00714d));
	arena_done(&report.arena);
}

/* UDP-Lite's are datagrams as well: __udp4_lib_mcast_deliver() is for both. */
static void a_broadcast_of_udplite(void **state)
{
	struct host_made *h = *state;
	struct report report;

	serve(h, IPPROTO_UDPLITE);
	drop_what_is_local(h);
	host_survey(h, &report);
	is_for_neighbours(find(&report, DIRECTED));
	arena_done(&report.arena);
}

/* The directed one is dropped: the group of all hosts and the limited one are left. */
static void a_group_is_of_another_kind(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct report report;

	serve(h, IPPROTO_UDP);
	drop_what_is_local(h);
	for (int i = 0; i < 2; i++) {
		struct op ops[] = {made_match(arena, made_daddr(), CMP_EQ,
					   i ? LIMITED : DIRECTED, 0, 4),
			made_verdict(VERDICT_DROP, NULL)};

		made_rule(&h->rules, input_chain(h), ops, 2);
	}
	host_survey(h, &report);
	assert_null(find(&report, DIRECTED));
	assert_null(find(&report, LIMITED));
	is_for_neighbours(find(&report, ALL_HOSTS));
	arena_done(&report.arena);
}

static void no_connection_is_made_by_broadcast(void **state)
{
	struct host_made *h = *state;
	struct report report;

	serve(h, IPPROTO_TCP);
	drop_what_is_local(h);
	host_survey(h, &report);
	assert_false(at_a_group(&report));
	arena_done(&report.arena);
}

static void what_the_hosts_addresses_tell_is_enough(void **state)
{
	struct host_made *h = *state;
	struct report report;

	serve(h, IPPROTO_UDP);
	host_survey(h, &report);
	assert_false(at_a_group(&report));
	assert_non_null(host_exposure(&report, PORT));
	arena_done(&report.arena);
}

/* DNAT of what is local, and a proxy beside it: what forward drops the proxy gets. */
static void a_proxy_hears_broadcasts(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct port_binding binding = {.proto = IPPROTO_UDP,
		.host_addr = {0, FAMILY_IP4},
		.host_port = PORT,
		.container_port = 53};
	struct report report;

	serve(h, IPPROTO_UDP)->comm = "docker-proxy";
	host_listen(h->inside, IPPROTO_UDP, 53);
	h->web->ports = &binding;
	h->web->nports = 1;
	drop_what_is_local(h);
	struct op drop[] = {made_match(arena, made_daddr(), CMP_EQ, HOST_WEB, 0, 4),
		made_verdict(VERDICT_DROP, NULL)};
	made_rule(&h->rules,
		made_chain(&h->rules, "fwd", true, HOOK_FORWARD, 0, CHAIN_FILTER), drop,
		2);
	host_survey(h, &report);
	const struct exposure *e = find(&report, DIRECTED);
	is_for_neighbours(e);
	assert_int_equal(e->path, PATH_DOCKER_PROXY);
	assert_ptr_equal(e->container, h->web);
	arena_done(&report.arena);
}

/* meta pkttype broadcast accept; drop: a frame may be for all or for the host alone. */
static void a_broadcast_comes_in_either_frame(void **state)
{
	static const uint8_t types[] = {PACKET_BROADCAST, PACKET_HOST};
	static const struct operand type = {
		.field = FIELD_PKTTYPE, .load_len = 1, .len = 1};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct host_made *h = *state;
		struct arena *arena = &h->rules.arena;
		struct chain *chain = input_chain(h);
		struct op ops[] = {made_match(arena, &type, CMP_EQ, types[i], 0, 1),
			made_verdict(VERDICT_ACCEPT, NULL)};
		struct op drop = made_verdict(VERDICT_DROP, NULL);
		struct report report;

		serve(h, IPPROTO_UDP);
		drop_what_is_local(h);
		made_rule(&h->rules, chain, ops, 2);
		made_rule(&h->rules, chain, &drop, 1);
		host_survey(h, &report);
		is_for_neighbours(find(&report, DIRECTED));
		arena_done(&report.arena);
		host_teardown(state);
		open_host(state);
	}
}

/* dnat of any destination: what came in a frame for all is not carried on, and whether
 * it did is the sender's choice. */
static void a_broadcast_is_carried_on_perhaps(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_publish(h);
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "203.0.113.255", 8080), RESULT_MAYBE);
	assert_int_equal(
		host_ask(h, "eth0", NEIGHBOUR, "203.0.113.1", 8080), RESULT_OPEN);
	host_survey(h, &report);
	assert_non_null(host_exposure(&report, 8080));
	assert_int_equal(report.ngaps, 0);
	arena_done(&report.arena);
}

/* Sent to all, and translated to the host itself: an error is told to a frame of its
 * own alone. */
static void a_rejected_broadcast_is_silent_perhaps(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
	struct op to_host[] = {made_match(arena, made_dport(), CMP_EQ, PORT, 0, 2),
		made_dnat(arena, 0xcb007101, 0)};

	made_rule(&h->rules, chain, to_host, 2);
	assert_int_equal(
		host_datagram(h, NEIGHBOUR, LIMITED, PORT).result, RESULT_MAYBE);
	assert_int_equal(
		host_datagram(h, NEIGHBOUR, 0xcb007101, PORT).result, RESULT_CLOSED);
}

static void ip6_rules(struct host_made *h)
{
	for (uint32_t table = RT_TABLE_MAIN; table <= RT_TABLE_LOCAL; table++)
		host_rule(h->host, table == RT_TABLE_LOCAL ? 0 : 32766, table)->family =
			FAMILY_IP6;
}

/* A network's first address is routed as others are: strangers reach it, too. */
static void an_anycast_address_is_routed(void **state)
{
	struct host_made *h = *state;
	struct sock *sock = serve(h, IPPROTO_UDP);
	const u128 first = (u128)0x20010db800020000u << 64;
	struct report report;

	ip6_rules(h);
	host_addr(h->host, HOST_DOCKER0, "2001:db8:2::/64", "2001:db8:2::1");
	host_route(h->host, RT_TABLE_LOCAL, "2001:db8:2::", RTN_ANYCAST, HOST_DOCKER0,
		NULL);
	host_route(h->host, RT_TABLE_MAIN, "::/0", RTN_UNICAST, HOST_ETH0,
		"2001:db8:1::1");
	sock->local.family = FAMILY_IP6;
	drop_what_is_local(h);
	host_survey(h, &report);
	const struct exposure *e = find(&report, first);
	assert_non_null(e);
	assert_false(ivset_is_empty(e->reach[ZONE_INTERNET].may));
	assert_true(ivset_is_empty(e->reach[ZONE_INTERNET].must));
	assert_false(is_told(&report, first));
	arena_done(&report.arena);
}

/* What is for ff02::/16 is dropped; a router has joined ff05::2, too. */
static void routers_of_a_site_are_a_group(void **state)
{
	static const struct operand first_bytes = {.field = FIELD_PAYLOAD,
		.base = BASE_NETWORK,
		.offset = 24,
		.load_len = 2,
		.len = 2};
	struct host_made *h = *state;
	struct op ops[] = {
		made_match(&h->rules.arena, &first_bytes, CMP_EQ, 0xff02, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};
	struct chain *chain = input_chain(h);
	struct report report;

	ip6_rules(h);
	host_addr(h->host, HOST_ETH0, "2001:db8:1::/64", "2001:db8:1::9");
	host_route(h->host, RT_TABLE_LOCAL, "ff00::/8", RTN_MULTICAST, HOST_ETH0, NULL);
	serve(h, IPPROTO_UDP)->local.family = FAMILY_IP6;
	drop_what_is_local(h);
	chain->family = TABLE_IP6;
	made_rule(&h->rules, chain, ops, 2);
	host_survey(h, &report);
	assert_null(find(&report, (u128)0xff02 << 112 | 1));
	assert_non_null(find(&report, (u128)0xff05 << 112 | 2));
	arena_done(&report.arena);
}

#define MDNS 0xe00000fbu /* 224.0.0.251 */
#define SSDP 0xeffffffau /* 239.255.255.250 */

static void join(struct host_made *h, int ifindex, u128 group)
{
	static struct membership groups[8];
	struct netns *ns = h->host;

	if (!ns->groups)
		ns->groups = groups;
	groups[ns->ngroups++] = (struct membership){
		ifindex, {group, group >> 32 ? FAMILY_IP6 : FAMILY_IP4}};
	ns->groups_known = true;
}

/* As ufw: what is sent to those groups is accepted, all else is dropped. */
static void accept_at(struct host_made *h, const uint32_t *groups, size_t n)
{
	struct chain *chain = input_chain(h);
	struct op drop[] = {made_verdict(VERDICT_DROP, NULL)};

	for (size_t i = 0; i < n; i++) {
		struct op ops[] = {made_match(&h->rules.arena, made_daddr(), CMP_EQ,
					   groups[i], 0, 4),
			made_verdict(VERDICT_ACCEPT, NULL)};

		made_rule(&h->rules, chain, ops, 2);
	}
	made_rule(&h->rules, chain, drop, 1);
}

static enum delivery ask_group(struct host_made *h, uint32_t group)
{
	struct answer answer = host_datagram(h, NEIGHBOUR, group, PORT);

	assert_int_equal(answer.result, RESULT_FILTERED); /* nothing answers */
	return answer.verdict;
}

/* A socket of any address hears groups that its program joined, or another one. */
static void a_joined_group_is_asked(void **state)
{
	static const uint32_t groups[] = {MDNS, SSDP};
	struct host_made *h = *state;
	struct report report;

	serve(h, IPPROTO_UDP);
	join(h, HOST_ETH0, MDNS);
	join(h, HOST_DOCKER0, SSDP); /* not where the neighbours are */
	accept_at(h, groups, 2);
	host_survey(h, &report);
	is_for_neighbours(find(&report, MDNS));
	assert_null(find(&report, SSDP));
	assert_int_equal(ask_group(h, MDNS), DELIVERY_DELIVERED);
	assert_int_equal(ask_group(h, SSDP), DELIVERY_DROPPED);
	arena_done(&report.arena);
}

/* The same rules hold for both, but the first is heard where no neighbours are. */
static void groups_of_two_interfaces_are_apart(void **state)
{
	struct host_made *h = *state;
	struct op ops[] = {
		made_match(&h->rules.arena, made_daddr(), CMP_LT, 0xef000000, 0, 4),
		made_verdict(VERDICT_DROP, NULL)};
	struct op drop[] = {
		made_match(&h->rules.arena, made_daddr(), CMP_EQ, LIMITED, 0, 4),
		made_verdict(VERDICT_DROP, NULL)};
	struct report report;

	serve(h, IPPROTO_UDP);
	join(h, HOST_DOCKER0, SSDP - 1);
	join(h, HOST_ETH0, SSDP);
	made_rule(&h->rules, input_chain(h), ops, 2);
	made_rule(&h->rules, input_chain(h), drop, 2);
	host_survey(h, &report);
	assert_null(find(&report, SSDP - 1));
	is_for_neighbours(find(&report, SSDP));
	arena_done(&report.arena);
}

/* Facts that do not tell of groups: what rules let in at one is a may, and a gap. */
static void unknown_groups_are_a_gap(void **state)
{
	static const uint32_t groups[] = {MDNS};
	struct host_made *h = *state;
	struct report report;
	size_t n = 0;

	serve(h, IPPROTO_UDP);
	accept_at(h, groups, 1);
	host_survey(h, &report);
	is_for_neighbours(find(&report, MDNS));
	for (size_t i = 0; i < report.ngaps; i++)
		n += strcmp(report.gaps[i].code, "group-unknown") == 0;
	assert_int_equal(n, 1);
	arena_done(&report.arena);
}

/* Known, and nobody joined it. */
static void a_group_that_nobody_joined(void **state)
{
	static const uint32_t groups[] = {MDNS};
	struct host_made *h = *state;
	struct report report;

	serve(h, IPPROTO_UDP);
	join(h, HOST_ETH0, ALL_HOSTS);
	accept_at(h, groups, 1);
	host_survey(h, &report);
	assert_null(find(&report, MDNS));
	assert_int_equal(report.ngaps, 0);
	arena_done(&report.arena);
}

/* ff02::fb; all nodes hear only what the rules drop. */
static void a_joined_group_of_ip6(void **state)
{
	static const struct operand address = {.field = FIELD_PAYLOAD,
		.base = BASE_NETWORK,
		.offset = 24,
		.load_len = 16,
		.len = 16};
	static const uint8_t mdns[16] = {0xff, 2, [15] = 0xfb};
	const u128 link = (u128)0xff02 << 112;
	struct host_made *h = *state;
	struct op ops[] = {{.kind = OP_MATCH,
				   .operand = &address,
				   .value_len = 16,
				   .lo = mdns,
				   .hi = mdns},
		made_verdict(VERDICT_ACCEPT, NULL)};
	struct op drop[] = {made_verdict(VERDICT_DROP, NULL)};
	struct chain *chain = input_chain(h);
	struct report report;

	ip6_rules(h);
	host_addr(h->host, HOST_ETH0, "2001:db8:1::/64", "2001:db8:1::9");
	host_route(h->host, RT_TABLE_LOCAL, "ff00::/8", RTN_MULTICAST, HOST_ETH0, NULL);
	serve(h, IPPROTO_UDP)->local.family = FAMILY_IP6;
	chain->family = TABLE_IP6;
	made_rule(&h->rules, chain, ops, 2);
	made_rule(&h->rules, chain, drop, 1);
	join(h, HOST_ETH0, link | 0xfb);
	host_survey(h, &report);
	assert_non_null(find(&report, link | 0xfb));
	assert_null(find(&report, link | 1));
	arena_done(&report.arena);
}

/* ip saddr 0.0.0.0 accept, or ip6 saddr ::, and all others are dropped. */
static void a_neighbour_without_an_address(void **state)
{
	for (int six = 0; six <= 1; six++)
		for (int kind = 0; kind < 4; kind++) {
			struct host_made *h = *state;
			const struct operand saddr6 = {.field = FIELD_PAYLOAD,
				.base = BASE_NETWORK,
				.offset = 8,
				.load_len = 16,
				.len = 16};
			const struct op ops[] = {made_match(&h->rules.arena,
							 six ? &saddr6 : made_saddr(),
							 CMP_EQ, 0, 0, six ? 16 : 4),
				made_verdict(VERDICT_ACCEPT, NULL)};
			struct chain *chain = input_chain(h);
			struct report report;
			size_t n = 0;

			chain->policy = kind == 2 ? VERDICT_ACCEPT : VERDICT_DROP;
			if (six)
				chain->family = TABLE_IP6;
			made_rule(&h->rules, chain, ops, kind ? 2 : 0);
			serve(h, kind < 3 ? IPPROTO_UDP : IPPROTO_TCP)->local.family =
				six ? FAMILY_IP6 : FAMILY_IP4;
			if (six) {
				host_addr(h->host, HOST_ETH0, "2001:db8::/64",
					"2001:db8::1");
				host_rule(h->host, 0, RT_TABLE_LOCAL)->family =
					FAMILY_IP6;
			}
			host_survey(h, &report);
			for (size_t i = 0; i < report.ngaps; i++)
				n += strcmp(report.gaps[i].code, "nameless-source") ==
				     0;
			assert_int_equal(n > 0, kind == 1);
			arena_done(&report.arena);
			host_teardown(state);
			open_host(state);
		}
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_host, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_broadcast_is_not_local),
		T(each_links_broadcast_is_asked),
		T(a_broadcast_of_udplite),
		T(a_group_is_of_another_kind),
		T(no_connection_is_made_by_broadcast),
		T(what_the_hosts_addresses_tell_is_enough),
		T(a_proxy_hears_broadcasts),
		T(a_broadcast_comes_in_either_frame),
		T(a_broadcast_is_carried_on_perhaps),
		T(a_rejected_broadcast_is_silent_perhaps),
		T(an_anycast_address_is_routed),
		T(routers_of_a_site_are_a_group),
		T(a_neighbour_without_an_address),
		T(a_joined_group_is_asked),
		T(groups_of_two_interfaces_are_apart),
		T(unknown_groups_are_a_gap),
		T(a_group_that_nobody_joined),
		T(a_joined_group_of_ip6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
