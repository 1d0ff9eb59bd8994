/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways into a container that no walk takes are gaps of the whole host. */
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_made.h"

#define CARD 9 /* one more interface of the container */

/* What the report says of container web; NULL: nothing. */
static const char *gap_inside(struct host_made *h)
{
	const char *code = NULL;
	struct report report;

	host_survey(h, &report);
	for (size_t i = 0; i < report.ngaps; i++) {
		if (strcmp(report.gaps[i].code, "private-network") == 0) {
			assert_false(report.gaps[i].hides);
			code = "network";
		}
		if (strncmp(report.gaps[i].code, "container-", 10) == 0) {
			assert_true(report.gaps[i].hides);
			code = report.gaps[i].code + strlen("container-");
		}
	}
	arena_done(&report.arena);
	return code;
}

static void expect(struct host_made *h, const char *code)
{
	const char *found = gap_inside(h);

	if (!code)
		assert_null(found);
	else
		assert_string_equal(found ? found : "none", code);
}

static void the_engines_own_is_followed(void **state)
{
	expect(*state, NULL);
}

static void a_card_of_the_machine(void **state)
{
	struct host_made *h = *state;

	host_link(h->inside, CARD, "eth1", NULL);
	expect(h, "link");
}

static void a_card_that_is_down(void **state)
{
	struct host_made *h = *state;

	host_link(h->inside, CARD, "eth1", NULL)->up = false;
	expect(h, NULL);
}

static void a_pair_whose_other_end_is_unknown(void **state)
{
	struct host_made *h = *state;

	host_link(h->inside, CARD, "eth1", "veth")->link = 77;
	expect(h, "link");
}

static void a_pair_with_this_host(void **state)
{
	struct host_made *h = *state;

	host_link(h->host, 77, "veth1", "veth")->link = CARD;
	host_link(h->inside, CARD, "eth1", "veth")->link = 77;
	expect(h, NULL);
}

static void a_pair_with_another_of_that_number(void **state)
{
	struct host_made *h = *state;

	host_link(h->host, 77, "veth1", "veth")->link = CARD + 1;
	host_link(h->inside, CARD, "eth1", "veth")->link = 77;
	expect(h, "link");
}

static void a_bridge_leads_where_its_ports_do(void **state)
{
	struct host_made *h = *state;

	host_link(h->inside, CARD, "br0", "bridge");
	expect(h, NULL);
	host_link(h->inside, CARD + 1, "eth1", NULL)->master = CARD;
	expect(h, "link");
}

static void a_vlan_leads_where_its_parent_does(void **state)
{
	struct host_made *h = *state;
	struct link *vlan = host_link(h->inside, CARD, "eth1.5", "vlan");

	vlan->link = 4;
	expect(h, NULL);
	vlan->link_netnsid = 0; /* the card itself is this host's, or anybody's */
	expect(h, "link");
}

static void a_tunnel_without_a_key(void **state)
{
	struct host_made *h = *state;
	struct link *tunnel = host_link(h->inside, CARD, "tunl1", "ipip");

	tunnel->type = ARPHRD_TUNNEL;
	expect(h, "link");
	tunnel->up = false;
	expect(h, NULL);
}

static void a_link_of_a_kind_that_nobody_knows(void **state)
{
	struct host_made *h = *state;

	host_link(h->inside, CARD, "eth1", "warp");
	expect(h, "link");
}

static void a_tunnel_to_a_network(void **state)
{
	struct host_made *h = *state;

	host_link(h->inside, CARD, "tun0", "tun")->type = ARPHRD_NONE;
	expect(h, "network");
}

static void a_tunnel_to_everybody(void **state)
{
	struct host_made *h = *state;

	host_link(h->inside, CARD, "tun0", "tun")->type = ARPHRD_NONE;
	host_route(h->inside, RT_TABLE_MAIN, "0.0.0.0/1", RTN_UNICAST, CARD, NULL);
	expect(h, "link");
}

static void a_tap_of_rootless_networking(void **state)
{
	struct host_made *h = *state;

	host_link(h->inside, CARD, "tap0", "tun")->type = ARPHRD_ETHER;
	expect(h, "network"); /* an overlay's (ZeroTier) */
	host_route(h->inside, RT_TABLE_MAIN, "0.0.0.0/1", RTN_UNICAST, CARD, NULL);
	expect(h, NULL);
}

/* An engine of root's has no such tap: it is a private network's, to everybody. */
static void a_tap_of_a_container_of_roots(void **state)
{
	struct host_made *h = *state;
	struct engine engine = {.socket = "s", .kind = "podman", .reachable = true};

	h->facts->engines = &engine;
	h->facts->nengines = 1;
	h->web->engine = engine.socket;
	host_link(h->inside, CARD, "tap0", "tun")->type = ARPHRD_ETHER;
	host_route(h->inside, RT_TABLE_MAIN, "0.0.0.0/1", RTN_UNICAST, CARD, NULL);
	expect(h, "link");
	engine.rootless = true;
	expect(h, NULL);
}

static void an_address_that_a_child_took(void **state)
{
	struct host_made *h = *state;
	struct link *link = host_link(h->inside, CARD, "eth1", "macvlan");

	link->link = HOST_ETH0;
	link->link_netnsid = 0;
	expect(h, NULL);
	host_addr(h->inside, CARD, "203.0.113.0/24", "203.0.113.40");
	expect(h, "address");
}

/* The parent is a third namespace's: no walk begins there. */
static void a_child_of_a_strangers_link(void **state)
{
	struct host_made *h = *state;
	struct link *link = host_link(h->inside, CARD, "eth1", "macvlan");

	link->link = HOST_ETH0;
	link->link_netnsid = 0;
	link->link_netns = NETNS_OTHER;
	expect(h, "link");
	link->link_netns = "host";
	expect(h, NULL);
	link->link_netns = NULL; /* of facts without it */
	link->link = 77;
	expect(h, "link");
}

/* Links of the same numbers, which the kernel says are no pair. */
static void a_pair_with_a_stranger_of_the_same_numbers(void **state)
{
	struct host_made *h = *state;
	struct link *end;

	host_link(h->host, 77, "veth1", "veth")->link = CARD;
	end = host_link(h->inside, CARD, "eth1", "veth");
	end->link = 77;
	end->link_netns = NETNS_OTHER;
	expect(h, "link");
}

/* Bound to an address of one network, and on a link with strangers by another one: a
 * macvlan, or a port of a bridge that a card is on, too. */
static void a_socket_that_another_link_reaches(void **state)
{
	struct host_made *h = *state;
	struct link *child = host_link(h->inside, CARD, "eth1", "macvlan");
	struct sock *sock = &h->inside->socks[0];
	struct container_net nets[] = {*h->web->nets, *h->web->nets};

	nets[1].addr4.value = 0xcb007128;
	h->web->nets = nets;
	h->web->nnets = 2;
	child->link = HOST_ETH0;
	child->link_netnsid = 0;
	host_addr(h->inside, CARD, "203.0.113.0/24", "203.0.113.40");
	expect(h, NULL);
	sock->local.value = HOST_WEB;
	expect(h, "socket");
	sock->ifindex = 5;
	expect(h, NULL);
	sock->ifindex = 0;
	sock->local.value = 0xcb007128;
	expect(h, NULL);
	sock->local.value = 0x7f000001;
	expect(h, NULL);
	host_sysctl(h->inside, "net/ipv4/conf/eth1/route_localnet", 1);
	expect(h, "socket");
	sock->local.value = HOST_WEB;
	child->kind = "veth";
	child->link = 77;
	host_link(h->host, 77, "v1", "veth")->link = CARD;
	h->host->links[h->host->nlinks - 1].master = 78;
	host_link(h->host, 78, "br1", "bridge");
	expect(h, NULL);
	host_link(h->host, 79, "eth2", NULL)->master = 78;
	expect(h, "socket");
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_engines_own_is_followed),
		T(a_card_of_the_machine),
		T(a_card_that_is_down),
		T(a_pair_whose_other_end_is_unknown),
		T(a_pair_with_this_host),
		T(a_pair_with_another_of_that_number),
		T(a_bridge_leads_where_its_ports_do),
		T(a_vlan_leads_where_its_parent_does),
		T(a_tunnel_without_a_key),
		T(a_link_of_a_kind_that_nobody_knows),
		T(a_tunnel_to_a_network),
		T(a_tunnel_to_everybody),
		T(a_tap_of_rootless_networking),
		T(a_tap_of_a_container_of_roots),
		T(a_socket_that_another_link_reaches),
		T(an_address_that_a_child_took),
		T(a_child_of_a_strangers_link),
		T(a_pair_with_a_stranger_of_the_same_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
