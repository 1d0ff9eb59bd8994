/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By which interfaces strangers come, and which sources of what zone by each. */
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_made.h"

static const struct way *find_way(const struct report *report, int ifindex)
{
	for (size_t i = 0; i < report->nways; i++)
		if (report->ways[i].ifindex == ifindex &&
			report->ways[i].family == FAMILY_IP4)
			return &report->ways[i];
	return NULL;
}

/* 0.0.0.0/1 and 128.0.0.0/1 beside the default route: strangers come by both. */
static void halves_of_a_default_route_are_a_perimeter(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_link(h->host, 4, "tun0", "tun");
	host_route(h->host, RT_TABLE_MAIN, "0.0.0.0/1", RTN_UNICAST, 4, "10.8.0.1");
	host_route(h->host, RT_TABLE_MAIN, "128.0.0.0/1", RTN_UNICAST, 4, "10.8.0.1");
	host_survey(h, &report);
	assert_int_equal(report.nperimeter, 2);
	assert_non_null(find_way(&report, 4));
	assert_true(find_way(&report, 4)->perimeter);
	arena_done(&report.arena);
}

/* AllowedIPs without 10.0.0.0/8: 0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8 and so on. Those for
 * many, and networks that somebody has, lead to nobody else. */
static void large_parts_of_a_default_route_are_a_perimeter(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_link(h->host, 4, "wg0", "wireguard");
	host_route(h->host, RT_TABLE_MAIN, "8.0.0.0/7", RTN_UNICAST, 4, NULL);
	host_link(h->host, 5, "lan0", NULL);
	host_route(h->host, RT_TABLE_MAIN, "224.0.0.0/4", RTN_UNICAST, 5, NULL);
	host_route(h->host, RT_TABLE_MAIN, "11.0.0.0/8", RTN_UNICAST, 5, NULL);
	host_survey(h, &report);
	assert_int_equal(report.nperimeter, 2);
	assert_true(find_way(&report, 4)->perimeter);
	arena_done(&report.arena);
}

/* All that is given to hosts of IPv6 is in 2000::/3: whatever holds it, or a large part
 * of it, is a way to everywhere; fc00::/7 is not. */
static void large_parts_of_ip6_are_a_perimeter(void **state)
{
	static const struct {
		const char *prefix;
		size_t perimeters;
	} rows[] = {{"::/1", 2}, {"::/2", 2}, {"2000::/3", 2}, {"2000::/4", 2},
		{"3000::/4", 2}, {"4000::/2", 1}, {"fc00::/7", 1}, {"ff00::/8", 1}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct host_made *h = *state;
		struct report report;

		host_link(h->host, 4, "wg0", "wireguard");
		host_rule(h->host, 32766, RT_TABLE_MAIN)->family = FAMILY_IP6;
		host_route(
			h->host, RT_TABLE_MAIN, rows[i].prefix, RTN_UNICAST, 4, NULL);
		host_survey(h, &report);
		if (report.nperimeter != rows[i].perimeters)
			fail_msg("%s", rows[i].prefix);
		arena_done(&report.arena);
		host_teardown(state);
		host_setup(state);
	}
}

/* 198.51.100.0/24 is routed by an inner interface: so its packets come by that. */
static void a_public_network_comes_by_its_route(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_link(h->host, 4, "lan0", NULL);
	host_addr(h->host, 4, "192.0.2.0/24", "192.0.2.1");
	host_route(
		h->host, RT_TABLE_MAIN, "198.51.100.0/24", RTN_UNICAST, 4, "192.0.2.9");
	host_survey(h, &report);
	const struct way *way = find_way(&report, 4);
	assert_non_null(way);
	assert_false(way->perimeter);
	assert_true(ivset_contains(way->zone[ZONE_PRIVATE], 0xc6336407));
	assert_true(ivset_contains(way->zone[ZONE_ADJACENT], 0xc0000207));
	assert_false(ivset_contains(way->zone[ZONE_PRIVATE], 0xc0000207));
	assert_true(ivset_is_empty(way->zone[ZONE_INTERNET]));
	arena_done(&report.arena);
}

/* docker network create -o com.docker.network.bridge.name=BRIDGE, with a card on it. */
static void a_card_on_an_engines_bridge_is_a_way_in(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_survey(h, &report);
	assert_null(find_way(&report, HOST_DOCKER0));
	arena_done(&report.arena);
	host_teardown(state);
	host_setup(state);
	host_link(h->host, 4, "eth1", NULL)->master = HOST_DOCKER0;
	host_survey(h, &report);
	assert_non_null(find_way(&report, HOST_DOCKER0));
	assert_true(ivset_contains(
		find_way(&report, HOST_DOCKER0)->zone[ZONE_PRIVATE], 0xac110077));
	arena_done(&report.arena);
}

/* A card that is down brings nobody to its bridge, an engine's or another. */
static void a_card_that_is_down_is_no_way_in(void **state)
{
	struct host_made *h = *state;
	struct report report;

	host_link(h->host, 4, "eth1", NULL)->master = HOST_DOCKER0;
	host_link(h->host, 5, "br0", "bridge");
	host_link(h->host, 6, "eth2", NULL)->master = 5;
	host_addr(h->host, 5, "192.0.2.0/24", "192.0.2.1");
	for (size_t i = 0; i < h->host->nlinks; i++)
		if (h->host->links[i].master)
			h->host->links[i].up = false;
	host_survey(h, &report);
	assert_null(find_way(&report, HOST_DOCKER0));
	assert_null(find_way(&report, 5));
	arena_done(&report.arena);
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

/* Whether a link of that kind, at a host that drops those packets, is told. */
static bool tunnel_is_told(const char *kind, struct op which, bool up)
{
	struct host_made h;
	struct report report;
	bool told = false;

	host_open(&h);
	host_link(h.host, 4, "tun0", kind)->up = up;
	struct op ops[] = {which, made_verdict(VERDICT_DROP, NULL)};
	made_rule(&h.rules,
		made_chain(&h.rules, "c", true, HOOK_INPUT, 0, CHAIN_FILTER), ops, 2);
	host_survey(&h, &report);
	for (size_t k = 0; k < report.ngaps; k++)
		told |= strcmp(report.gaps[k].code, "tunnel") == 0 &&
			report.gaps[k].hides;
	arena_done(&report.arena);
	host_close(&h);
	return told;
}

/* What comes out of a tunnel without a key is a stranger's, unless rules refuse its
 * packets or it is down. */
static void a_tunnel_that_unpacks_for_strangers(void **state)
{
	static const struct operand l4proto = {
		.field = FIELD_L4PROTO, .load_len = 1, .len = 1};
	const struct {
		const char *kind;
		uint8_t refused, last;
		bool up, told;
	} rows[] = {
		{"ipip", 0, 0, true, true},
		{"ipip", 0, 0, false, false},
		{"ipip", IPPROTO_GRE, IPPROTO_GRE, true, true},
		{"ipip", IPPROTO_IPIP, IPPROTO_IPIP, true, false},
		{"gre", IPPROTO_GRE, IPPROTO_GRE, true, false},
		/* It unpacks either, where its mode is any. */
		{"sit", IPPROTO_IPV6, IPPROTO_IPV6, true, true},
		{"sit", IPPROTO_IPIP, IPPROTO_IPV6, true, false},
		{"vxlan", 0, 0, true, true},
		{"geneve", 0, 0, false, false},
		{"wireguard", 0, 0, true, false},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (tunnel_is_told(rows[i].kind,
			    made_match(&arena, &l4proto, CMP_RANGE, rows[i].refused,
				    rows[i].last, 1),
			    rows[i].up) != rows[i].told)
			fail_msg("row %zu is %stold", i, rows[i].told ? "not " : "");
	arena_done(&arena);
}

/* Its own address is any of the host's, not only the card's that strangers come by. */
static void a_tunnel_at_another_cards_address(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	assert_true(tunnel_is_told("ipip",
		made_match(&arena, made_daddr(), CMP_EQ, 0xcb007101, 0, 4), true));
	assert_false(tunnel_is_told("ipip",
		made_match(&arena, made_daddr(), CMP_NEQ, 0x7f000001, 0, 4), true));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(halves_of_a_default_route_are_a_perimeter),
		T(large_parts_of_a_default_route_are_a_perimeter),
		T(large_parts_of_ip6_are_a_perimeter),
		T(a_public_network_comes_by_its_route),
		T(a_card_on_an_engines_bridge_is_a_way_in),
		T(a_card_that_is_down_is_no_way_in),
		cmocka_unit_test(a_tunnel_that_unpacks_for_strangers),
		cmocka_unit_test(a_tunnel_at_another_cards_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
