/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole ways in: routing, translation, delivery; one test for each mistake once made.
 */
#include <linux/fib_rules.h>
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

#define STRANGER "198.51.100.9"
#define HOST	 "203.0.113.1"

static void drop_port(
	struct host_made *h, enum hook hook, int32_t priority, uint16_t port)
{
	struct chain *chain =
		made_chain(&h->rules, "f", true, hook, priority, CHAIN_FILTER);
	struct op ops[] = {
		made_match(&h->rules.arena, made_dport(), CMP_EQ, port, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};

	made_rule(&h->rules, chain, ops, 2);
}

/* ---------------------------------------------------------------- plain ways */

static void listeners_and_filters(void **state)
{
	struct host_made *h = *state;

	host_listen(h->host, IPPROTO_TCP, 22);
	host_listen(h->host, IPPROTO_TCP, 25);
	host_publish(h);
	drop_port(h, HOOK_INPUT, 0, 25);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 23), RESULT_CLOSED);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 25), RESULT_FILTERED);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_OPEN);
	assert_int_equal(host_ask(h, "eth0", STRANGER, "172.17.0.2", 80), RESULT_OPEN);
	assert_int_equal(
		host_ask(h, "eth0", STRANGER, "172.17.0.9", 80), RESULT_FILTERED);
}

static void forward_sees_what_dnat_made(void **state)
{
	struct host_made *h = *state;

	host_publish(h);
	drop_port(h, HOOK_FORWARD, 0, 80);
	/* The answer to a client's own port 80 is dropped too: not certain for all. */
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_FILTERED);
}

static void martians(void **state)
{
	struct host_made *h = *state;

	host_listen(h->host, IPPROTO_TCP, 22);
	assert_int_equal(host_ask(h, "eth0", HOST, HOST, 22), RESULT_FILTERED);
	assert_int_equal(host_ask(h, "eth0", "127.0.0.2", HOST, 22), RESULT_FILTERED);
	assert_int_equal(host_ask(h, "eth0", "224.0.0.1", HOST, 22), RESULT_FILTERED);
	assert_int_equal(
		host_ask(h, "eth0", STRANGER, "127.0.0.1", 22), RESULT_FILTERED);
}

static void route_localnet_opens_loopback(void **state)
{
	struct host_made *h = *state;

	host_listen(h->host, IPPROTO_TCP, 22);
	host_sysctl(h->host, "net/ipv4/conf/eth0/route_localnet", 1);
	assert_int_equal(
		host_ask(h, "eth0", "203.0.113.9", "127.0.0.1", 22), RESULT_OPEN);
}

static void without_forwarding_nothing_is_forwarded(void **state)
{
	struct host_made *h = *state;

	host_publish(h);
	host_sysctl(h->host, "net/ipv4/conf/eth0/forwarding", 0);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_FILTERED);
}

static void an_unread_forwarding_is_unknown(void **state)
{
	struct host_made *h = *state;

	host_publish(h);
	h->host->nsysctls = 0;
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

/* ---------------------------------------------------------------- sources */

/* Table 100 of a transparent proxy takes every address as the host's, for one mark. */
static void tproxy_routes_make_no_martians(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule = host_rule(h->host, 100, 100);

	rule->mark = 1;
	rule->mark_mask = UINT32_MAX;
	host_route(h->host, 100, "0.0.0.0/0", RTN_LOCAL, 1, NULL);
	host_listen(h->host, IPPROTO_TCP, 22);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
}

/* A second uplink, and strict validation. */
static void add_eth1(struct host_made *h, int64_t rp_filter)
{
	host_link(h->host, 4, "eth1", NULL);
	host_addr(h->host, 4, "192.0.2.0/24", "192.0.2.1");
	host_sysctl(h->host, "net/ipv4/conf/eth1/forwarding", 1);
	host_sysctl(h->host, "net/ipv4/conf/eth1/rp_filter", rp_filter);
	host_listen(h->host, IPPROTO_TCP, 22);
}

static void strict_validation(void **state)
{
	struct host_made *h = *state;

	add_eth1(h, 1);
	assert_int_equal(
		host_ask(h, "eth1", STRANGER, "192.0.2.1", 22), RESULT_FILTERED);
	assert_int_equal(
		host_ask(h, "eth1", "192.0.2.7", "192.0.2.1", 22), RESULT_OPEN);
}

/* ip rule add from 192.0.2.1 lookup 5: the way back is by eth1, and validation agrees.
 */
static void strict_validation_follows_policy_rules(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule;

	add_eth1(h, 1);
	rule = host_rule(h->host, 50, 5);
	rule->src = (struct prefix){0xc0000201, FAMILY_IP4, 32};
	host_route(h->host, 5, "0.0.0.0/0", RTN_UNICAST, 4, "192.0.2.254");
	assert_int_equal(host_ask(h, "eth1", STRANGER, "192.0.2.1", 22), RESULT_OPEN);
}

/* ---------------------------------------------------------------- ip rules */

/* Only table 7 knows 10.9.0.0/16, which is behind docker0: reached or not? */
static enum result ask_container_by_table(struct host_made *h)
{
	/* Everything but table 7 says that the container's address is nowhere. */
	host_route(h->host, RT_TABLE_MAIN, "172.17.0.2/32", RTN_BLACKHOLE, 0, NULL);
	host_route(h->host, 7, "172.17.0.2/32", RTN_UNICAST, HOST_DOCKER0, NULL);
	return host_ask(h, "eth0", STRANGER, "172.17.0.2", 80);
}

static void goto_leads_on_for_those_it_takes(void **state)
{
	struct host_made *h = *state;
	struct route_rule *jump = host_rule(h->host, 10, 0), *stop;

	jump->action = FR_ACT_GOTO;
	jump->goto_target = 30;
	jump->src = (struct prefix){0xc6336400, FAMILY_IP4, 24};
	stop = host_rule(h->host, 20, 0);
	stop->action = FR_ACT_BLACKHOLE;
	stop->src = (struct prefix){0xc6336400, FAMILY_IP4, 24};
	host_rule(h->host, 30, 7);
	assert_int_equal(ask_container_by_table(h), RESULT_OPEN);
}

static void goto_nowhere_goes_on(void **state)
{
	struct host_made *h = *state;
	struct route_rule *jump = host_rule(h->host, 10, 0);

	jump->action = FR_ACT_GOTO;
	jump->goto_target = 15;
	host_rule(h->host, 20, 7);
	assert_int_equal(ask_container_by_table(h), RESULT_OPEN);
}

static void an_inverted_rule_that_is_unknown_may_select(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule = host_rule(h->host, 10, 7);

	rule->unknown = rule->invert = true;
	assert_int_equal(ask_container_by_table(h), RESULT_MAYBE);
}

static void a_rule_by_an_unknown_source_port_may_select(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule = host_rule(h->host, 10, 7);

	rule->sport_lo = 1000;
	rule->sport_hi = 2000;
	assert_int_equal(ask_container_by_table(h), RESULT_MAYBE);
}

/* Of packets from here alone: as which the rule's lookup counts, not the packet's. */
static struct route_rule *fib_rule6(struct host_made *h)
{
	struct op ops[] = {made_fib(&h->rules.arena, FIELD_FIB_TYPE, NFTA_FIB_F_DADDR,
				   RTN_BLACKHOLE),
		made_verdict(VERDICT_DROP, NULL)};
	struct chain *chain =
		made_chain(&h->rules, "in", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct route_rule *rule = host_rule(h->host, 10, 7);

	chain->family = TABLE_IP6;
	made_rule(&h->rules, chain, ops, 2);
	rule->family = FAMILY_IP6;
	rule->iif = "lo";
	host_rule(h->host, 20, RT_TABLE_LOCAL)->family = FAMILY_IP6;
	host_rule(h->host, 30, RT_TABLE_MAIN)->family = FAMILY_IP6;
	host_addr(h->host, HOST_ETH0, "2001:db8:1::/64", "2001:db8:1::9");
	host_route(h->host, 7, "2001:db8:1::9/128", RTN_BLACKHOLE, 0, NULL);
	host_listen(h->host, IPPROTO_TCP, 22)->local.family = FAMILY_IP6;
	return rule;
}

static enum result ask_ip6(struct host_made *h, const char *from)
{
	return host_ask(h, "eth0", from, "2001:db8:1::9", 22);
}

static void a_type_by_an_undecidable_rule_is_unknown(void **state)
{
	struct host_made *h = *state;

	fib_rule6(h)->unknown = true;
	assert_int_equal(ask_ip6(h, "2001:db8:1::77"), RESULT_MAYBE);
}

/* __nft_fib6_eval_type() asks with the packet's source, nft_fib6_flowi_init(). */
static void a_type_may_be_for_some_sources(void **state)
{
	struct host_made *h = *state;

	fib_rule6(h)->src = (struct prefix){
		(u128)0x20010db800010000u << 64 | 0x70, FAMILY_IP6, 124};
	assert_int_equal(ask_ip6(h, "2001:db8:1::77"), RESULT_FILTERED);
	assert_int_equal(ask_ip6(h, "2001:db8:1::87"), RESULT_OPEN);
}

static void a_type_may_be_for_a_protocol(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule = fib_rule6(h);

	rule->proto = IPPROTO_TCP;
	assert_int_equal(ask_ip6(h, "2001:db8:1::77"), RESULT_FILTERED);
	rule->proto = IPPROTO_UDP;
	assert_int_equal(ask_ip6(h, "2001:db8:1::77"), RESULT_OPEN);
}

static void a_stranger_may_ask_for_a_tos(void **state)
{
	struct host_made *h = *state;

	host_rule(h->host, 10, 7)->tos = 0x10;
	assert_int_equal(ask_container_by_table(h), RESULT_MAYBE);
}

static void suppression_spares_errors(void **state)
{
	struct host_made *h = *state;

	host_rule(h->host, 10, 6)->suppress_prefix_len = 0;
	host_route(h->host, 6, "0.0.0.0/0", RTN_BLACKHOLE, 0, NULL);
	host_rule(h->host, 20, 7);
	assert_int_equal(ask_container_by_table(h), RESULT_FILTERED);
}

static void suppression_passes_defaults_over(void **state)
{
	struct host_made *h = *state;

	host_rule(h->host, 10, 6)->suppress_prefix_len = 0;
	host_route(h->host, 6, "0.0.0.0/0", RTN_UNICAST, HOST_ETH0, NULL);
	host_rule(h->host, 20, 7);
	assert_int_equal(ask_container_by_table(h), RESULT_OPEN);
}

static void a_throw_goes_on_with_the_next_table(void **state)
{
	struct host_made *h = *state;

	host_rule(h->host, 10, 6);
	host_route(h->host, 6, "172.17.0.0/16", RTN_THROW, 0, NULL);
	host_rule(h->host, 20, 7);
	assert_int_equal(ask_container_by_table(h), RESULT_OPEN);
}

static void a_dead_route_is_passed_over(void **state)
{
	struct host_made *h = *state;
	struct route *dead;

	host_link(h->host, 4, "eth1", NULL)->up = false;
	dead = host_route(
		h->host, RT_TABLE_MAIN, "172.17.0.2/32", RTN_UNICAST, 4, NULL);
	dead->hops[0].flags = RTNH_F_DEAD;
	assert_int_equal(host_ask(h, "eth0", STRANGER, "172.17.0.2", 80), RESULT_OPEN);
}

/* ---------------------------------------------------------------- rules */

static enum result with_prerouting(
	struct host_made *h, enum chain_type type, const struct op *ops, size_t nops)
{
	struct chain *chain =
		made_chain(&h->rules, "p", true, HOOK_PREROUTING, -150, type);

	made_rule(&h->rules, chain, ops, nops);
	return host_ask(h, "eth0", STRANGER, HOST, 8080);
}

static void a_local_proxy_is_not_closed(void **state)
{
	static const struct nat nowhere;
	struct host_made *h = *state;
	const struct op ops[] = {
		made_match(&h->rules.arena, made_dport(), CMP_EQ, 8080, 0, 2),
		{.kind = OP_TPROXY, .nat = &nowhere}};
	struct report report;

	assert_int_equal(with_prerouting(h, CHAIN_FILTER, ops, 2), RESULT_MAYBE);
	host_survey(h, &report);
	const struct exposure *e = host_exposure(&report, 8080);
	assert_non_null(e);
	assert_true(ivset_contains(e->reach[ZONE_INTERNET].may, 0xc6336409));
	assert_false(ivset_contains(e->reach[ZONE_INTERNET].must, 0xc6336409));
	assert_true(e->ngaps > 0);
	arena_done(&report.arena);
}

static void an_unknown_statement_may_redirect(void **state)
{
	const struct op op = {.kind = OP_UNKNOWN, .code = "expr-unknown", .text = "x"};

	assert_int_equal(with_prerouting(*state, CHAIN_FILTER, &op, 1), RESULT_MAYBE);
}

/* Stateless translation: ip daddr set 172.17.0.2. Its answer is not followed. */
static void a_rewritten_destination_is_not_safe(void **state)
{
	struct host_made *h = *state;
	struct op dnat = made_dnat(&h->rules.arena, HOST_WEB, 0);
	const struct op op = {.kind = OP_SET,
		.field = FIELD_PAYLOAD,
		.base = BASE_NETWORK,
		.offset = 16,
		.value_len = 4,
		.operand = dnat.nat->addr_min};
	struct chain *chain =
		made_chain(&h->rules, "p", true, HOOK_PREROUTING, -300, CHAIN_FILTER);

	made_rule(&h->rules, chain, &op, 1);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 80), RESULT_MAYBE);
}

/* meta iifkind != "bridge" drop: eth0 is of no kind, so the rule does not apply. */
static void a_device_of_no_kind_ends_the_rule(void **state)
{
	static const struct operand kind = {
		.field = FIELD_IIFKIND, .load_len = 16, .len = 16};
	static const uint8_t bridge[16] = "bridge";
	struct host_made *h = *state;
	const struct op ops[] = {{.kind = OP_MATCH,
					 .cmp = CMP_NEQ,
					 .operand = &kind,
					 .value_len = 16,
					 .lo = bridge,
					 .hi = bridge},
		made_verdict(VERDICT_DROP, NULL)};

	host_publish(h);
	assert_int_equal(with_prerouting(h, CHAIN_FILTER, ops, 2), RESULT_OPEN);
}

/* ct mark vmap { 0 : drop } where conntrack has not looked yet. */
static void a_verdict_map_of_nothing_ends_the_rule(void **state)
{
	static const struct operand ctmark = {
		.field = FIELD_CT_MARK, .load_len = 4, .len = 4};
	static const uint8_t zero[4];
	struct set_element element = {.key = zero, .key_end = zero};
	struct set set = {
		.key_len = 4, .vmap = true, .elements = &element, .nelements = 1};
	struct host_made *h = *state;
	const struct op op = {.kind = OP_VMAP, .operand = &ctmark, .set = &set};
	struct chain *chain =
		made_chain(&h->rules, "p", true, HOOK_PREROUTING, -300, CHAIN_FILTER);

	host_publish(h);
	made_rule(&h->rules, chain, &op, 1);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_OPEN);
}

/* ip route add 10.8.0.0/24 via 172.17.0.2: a container of a VPN, say. */
static void a_container_may_be_a_router(void **state)
{
	struct host_made *h = *state;

	host_route(h->host, RT_TABLE_MAIN, "10.8.0.0/24", RTN_UNICAST, HOST_DOCKER0,
		"172.17.0.2");
	assert_int_equal(host_ask(h, "eth0", STRANGER, "10.8.0.7", 80), RESULT_MAYBE);
}

/* An address of the network that no container has: whoever answers for it gets it. */
static void somebody_answers_for_an_address(void **state)
{
	struct host_made *h = *state;
	struct link *port = host_link(h->host, 30, "veth30", "veth");
	struct neigh inside = {.ifindex = 5, .addr = {0xac110063, FAMILY_IP4}};
	struct neigh here = inside;

	port->master = HOST_DOCKER0;
	port->link = 5;
	h->inside->links[1].link = 30;
	here.ifindex = HOST_DOCKER0;
	assert_int_equal(
		host_ask(h, "eth0", STRANGER, "172.17.0.99", 80), RESULT_FILTERED);
	inside.proxy = true; /* ip neigh add proxy 172.17.0.99 dev eth0 */
	h->inside->neighs = &inside;
	h->inside->nneighs = 1;
	assert_int_equal(
		host_ask(h, "eth0", STRANGER, "172.17.0.99", 80), RESULT_MAYBE);
	assert_int_equal(
		host_ask(h, "eth0", STRANGER, "172.17.0.98", 80), RESULT_FILTERED);
	h->inside->nneighs = 0; /* ip neigh add 172.17.0.99 lladdr ... dev docker0 */
	h->host->neighs = &here;
	h->host->nneighs = 1;
	assert_int_equal(
		host_ask(h, "eth0", STRANGER, "172.17.0.99", 80), RESULT_MAYBE);
}

static void masquerade_borrows_an_address(void **state)
{
	static const struct nat masquerade = {.kind = NAT_MASQUERADE};
	struct host_made *h = *state;
	const struct op op = {.kind = OP_NAT, .nat = &masquerade};
	struct chain *chain =
		made_chain(&h->rules, "s", true, HOOK_POSTROUTING, 100, CHAIN_NAT);

	made_rule(&h->rules, chain, &op, 1);
	host_publish(h);
	h->host->naddrs = 1; /* docker0 is unnumbered */
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_OPEN);
}

/* ---------------------------------------------------------------- containers */

static void an_unread_container_is_unknown(void **state)
{
	struct host_made *h = *state;

	host_publish(h);
	h->web->netns = NULL;
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

static void unread_rules_are_unknown(void **state)
{
	struct host_made *h = *state;

	host_publish(h);
	h->inside->rules_known = false;
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

/* Two engines may give the same address, each on its own bridge. */
static void an_address_of_two_networks(void **state)
{
	struct host_made *h = *state;
	struct container twice[2] = {*h->web, *h->web};
	struct container_net other = *h->web->nets;
	struct network networks[2] = {*h->network, *h->network};

	networks[1].id = "n2";
	networks[1].name = "other";
	networks[1].bridge = "podman0";
	other.network_id = "n2";
	other.network = "other";
	twice[0].name = "else";
	twice[0].nets = &other;
	h->facts->networks = networks;
	h->facts->nnetworks = 2;
	h->facts->containers = twice;
	h->facts->ncontainers = 2;
	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_OPEN);
	h->reach->host->rules = h->decoded;
	reach_free(h->reach);
	h->reach = NULL;
}

/* lxcbr0 is no engine's: who is behind it cannot be seen, and is not nobody. */
static void a_bridge_of_others_is_not_empty(void **state)
{
	struct host_made *h = *state;

	h->network->bridge = "podman0";
	h->facts->ncontainers = 0;
	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

/* The uplink is a port of the containers' bridge: frames are not routed. */
static void bridged_frames_need_no_forwarding(void **state)
{
	struct host_made *h = *state;

	host_link(h->host, 6, "eth9", NULL)->master = HOST_DOCKER0;
	host_sysctl(h->host, "net/ipv4/conf/docker0/forwarding", 0);
	drop_port(h, HOOK_FORWARD, 0, 80);
	assert_int_equal(
		host_ask(h, "docker0", "172.17.0.77", "172.17.0.2", 80), RESULT_OPEN);
}

static void bridged_frames_meet_ip_rules_where_told_to(void **state)
{
	struct host_made *h = *state;

	host_link(h->host, 6, "eth9", NULL)->master = HOST_DOCKER0;
	host_sysctl(h->host, "net/bridge/bridge-nf-call-iptables", 1);
	drop_port(h, HOOK_FORWARD, 0, 80);
	assert_int_equal(host_ask(h, "docker0", "172.17.0.77", "172.17.0.2", 80),
		RESULT_FILTERED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(listeners_and_filters),
		T(forward_sees_what_dnat_made),
		T(martians),
		T(route_localnet_opens_loopback),
		T(without_forwarding_nothing_is_forwarded),
		T(an_unread_forwarding_is_unknown),
		T(tproxy_routes_make_no_martians),
		T(strict_validation),
		T(strict_validation_follows_policy_rules),
		T(goto_leads_on_for_those_it_takes),
		T(goto_nowhere_goes_on),
		T(an_inverted_rule_that_is_unknown_may_select),
		T(a_rule_by_an_unknown_source_port_may_select),
		T(a_type_by_an_undecidable_rule_is_unknown),
		T(a_type_may_be_for_some_sources),
		T(a_type_may_be_for_a_protocol),
		T(a_stranger_may_ask_for_a_tos),
		T(suppression_spares_errors),
		T(suppression_passes_defaults_over),
		T(a_throw_goes_on_with_the_next_table),
		T(a_dead_route_is_passed_over),
		T(a_local_proxy_is_not_closed),
		T(an_unknown_statement_may_redirect),
		T(a_rewritten_destination_is_not_safe),
		T(a_device_of_no_kind_ends_the_rule),
		T(a_verdict_map_of_nothing_ends_the_rule),
		T(a_container_may_be_a_router),
		T(somebody_answers_for_an_address),
		T(masquerade_borrows_an_address),
		T(an_unread_container_is_unknown),
		T(unread_rules_are_unknown),
		T(an_address_of_two_networks),
		T(a_bridge_of_others_is_not_empty),
		T(bridged_frames_need_no_forwarding),
		T(bridged_frames_meet_ip_rules_where_told_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
