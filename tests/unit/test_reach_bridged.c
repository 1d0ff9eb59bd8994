/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bridge with a port to the outside: frames get to containers past this host's stack.
 */
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_made.h"
#include "netmon/model/span.h"

#define CARD   20 /* the outer port */
#define PORT   21 /* of container web, whose end is 5 */
#define SECRET 9999

/* The container's bridge has a card of the machine's, and nothing is forwarded. */
static void open_bridge(struct host_made *h)
{
	const struct op drop = made_verdict(VERDICT_DROP, NULL);
	struct link *port;

	host_link(h->host, CARD, "eth1", NULL)->master = HOST_DOCKER0;
	port = host_link(h->host, PORT, "veth1", "veth");
	port->master = HOST_DOCKER0;
	port->link = 5;
	port->link_netnsid = 0;
	h->inside->links[1].link = PORT;
	h->inside->links[1].link_netnsid = 0;
	made_rule(&h->rules,
		made_chain(&h->rules, "f", true, HOOK_FORWARD, 0, CHAIN_FILTER), &drop,
		1);
	host_listen(h->inside, IPPROTO_TCP, SECRET);
}

static void is_reached(
	struct host_made *h, const char *address, enum zone zone, bool reached)
{
	struct report report;
	struct addr addr;
	bool found = false;

	assert_int_equal(addr_parse(address, &addr, NULL), 0);
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++) {
		const struct exposure *e = &report.exposures[i];

		found |= e->endpoint.port == SECRET && e->container == h->web &&
			 addr_equal(&e->endpoint.addr, &addr) &&
			 !ivset_is_empty(e->reach[zone].may);
	}
	arena_done(&report.arena);
	assert_int_equal(found, reached);
}

/* The engine's own address, as ever. */
static void the_engines_address(void **state)
{
	struct host_made *h = *state;

	open_bridge(h);
	is_reached(h, "172.17.0.2", ZONE_PRIVATE, true);
	is_reached(h, "172.17.0.2", ZONE_INTERNET, false);
}

/* ip addr add, DHCP, or a router's advertisement: no rule of forward sees it. */
static void an_address_that_the_engine_does_not_tell(void **state)
{
	struct host_made *h = *state;

	open_bridge(h);
	host_addr(h->inside, 5, "172.17.0.0/16", "172.17.0.9");
	is_reached(h, "172.17.0.9", ZONE_PRIVATE, true);
}

/* On a bridge of containers alone it is routed, and forward drops it. */
static void without_an_outer_port_it_is_routed(void **state)
{
	struct host_made *h = *state;

	open_bridge(h);
	h->host->links[h->host->nlinks - 2].up = false;
	host_addr(h->inside, 5, "172.17.0.0/16", "172.17.0.9");
	is_reached(h, "172.17.0.9", ZONE_PRIVATE, false);
}

/* The host's own address there is the host's. */
static void an_address_of_both(void **state)
{
	struct host_made *h = *state;

	open_bridge(h);
	host_addr(h->inside, 5, "172.17.0.0/16", "172.17.0.1");
	is_reached(h, "172.17.0.1", ZONE_PRIVATE, false);
}

static void remove_address(struct host_made *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->host->naddrs; i++)
		if (h->host->addrs[i].ifindex != HOST_DOCKER0)
			h->host->addrs[kept++] = h->host->addrs[i];
	h->host->naddrs = kept;
	kept = 0;
	for (size_t i = 0; i < h->host->nroutes; i++)
		if (h->host->routes[i].hops[0].ifindex != HOST_DOCKER0)
			h->host->routes[kept++] = h->host->routes[i];
	h->host->nroutes = kept;
}

/* Podman's unmanaged bridge, Docker's isolated one: the host has no address there. */
static void a_bridge_without_an_address(void **state)
{
	struct host_made *h = *state;

	open_bridge(h);
	remove_address(h);
	host_addr(h->inside, 5, "198.51.100.0/24", "198.51.100.2");
	is_reached(h, "172.17.0.2", ZONE_ADJACENT, true);
	is_reached(h, "172.17.0.2", ZONE_INTERNET, false);
	is_reached(h, "198.51.100.2", ZONE_INTERNET, true);
}

/* Its router is not this host, so strangers come by that router. */
static void a_router_at_the_outer_port(void **state)
{
	struct host_made *h = *state;

	open_bridge(h);
	host_addr(h->inside, 5, "198.51.100.0/24", "198.51.100.2");
	is_reached(h, "198.51.100.2", ZONE_INTERNET, false);
	host_route(h->inside, RT_TABLE_MAIN, "0.0.0.0/1", RTN_UNICAST, 5,
		"198.51.100.254");
	is_reached(h, "198.51.100.2", ZONE_INTERNET, true);
}

/* Everybody on the link reaches it, IPv6 on this host or not. */
static void an_address_of_the_link(void **state)
{
	struct host_made *h = *state;
	struct sock *sock;

	open_bridge(h);
	sock = &h->inside->socks[h->inside->nsocks - 1];
	sock->local.family = FAMILY_IP6;
	host_addr(h->inside, 5, "fe80::/64", "fe80::42");
	host_route(h->inside, RT_TABLE_MAIN, "::/0", RTN_UNICAST, 5, "fe80::1");
	host_rule(h->inside, 0, RT_TABLE_LOCAL)->family = FAMILY_IP6;
	host_rule(h->inside, 32766, RT_TABLE_MAIN)->family = FAMILY_IP6;
	is_reached(h, "fe80::42", ZONE_ADJACENT, true);
	is_reached(h, "fe80::42", ZONE_PRIVATE, false);
}

static void an_address_of_a_link_of_containers(void **state)
{
	struct host_made *h = *state;

	open_bridge(h);
	h->host->links[h->host->nlinks - 2].up = false;
	h->inside->socks[h->inside->nsocks - 1].local.family = FAMILY_IP6;
	host_addr(h->inside, 5, "fe80::/64", "fe80::42");
	is_reached(h, "fe80::42", ZONE_ADJACENT, false);
}

/* A bridge's chain lets in what is IP, and iptables is asked of that: not where the
 * frame has a tag of id 0, which is IP to the bridge and not to br_netfilter. */
static void a_tag_of_id_0_hides_from_br_netfilter(void **state)
{
	for (int64_t filter_tagged = 0; filter_tagged <= 1; filter_tagged++) {
		struct host_made *h = *state;
		struct arena *arena = &h->rules.arena;
		const struct operand protocol = {
			.field = FIELD_PROTOCOL, .load_len = 2, .len = 2};
		const struct op ops[] = {
			made_match(arena, &protocol, CMP_NEQ, 0x0800, 0, 2),
			made_verdict(VERDICT_DROP, NULL)};
		struct chain *chain;

		open_bridge(h);
		chain = made_chain(&h->rules, "b", true, HOOK_FORWARD, 0, CHAIN_FILTER);
		chain->family = TABLE_BRIDGE;
		made_rule(&h->rules, chain, ops, 2);
		host_sysctl(h->host, "net/bridge/bridge-nf-call-iptables", 1);
		host_sysctl(h->host, "net/bridge/bridge-nf-filter-vlan-tagged",
			filter_tagged);
		is_reached(h, "172.17.0.2", ZONE_PRIVATE, !filter_tagged);
		host_teardown(state);
		host_setup(state);
	}
}

/* What others route to an address of the container's other network, this host gets. */
static void an_address_of_another_network_is_routed(void **state)
{
	struct host_made *h = *state;
	struct addr other = {0x0a090002, FAMILY_IP4}; /* 10.9.0.2 */

	open_bridge(h);
	host_link(h->inside, 6, "eth1", "veth");
	host_addr(h->inside, 6, "10.9.0.0/24", "10.9.0.2");
	(void)host_ask(h, "docker0", "172.17.0.9", "172.17.0.2", 80);
	assert_ptr_equal(host_holder_at(h->reach, &h->web->nets[0].addr4,
				 netns_link(h->host, HOST_DOCKER0)),
		h->web);
	assert_null(
		host_holder_at(h->reach, &other, netns_link(h->host, HOST_DOCKER0)));
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_engines_address),
		T(an_address_that_the_engine_does_not_tell),
		T(without_an_outer_port_it_is_routed),
		T(an_address_of_both),
		T(a_bridge_without_an_address),
		T(a_router_at_the_outer_port),
		T(an_address_of_the_link),
		T(an_address_of_a_link_of_containers),
		T(an_address_of_another_network_is_routed),
		T(a_tag_of_id_0_hides_from_br_netfilter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
