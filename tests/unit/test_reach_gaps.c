/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a survey cannot follow, or asks of unusual senders: gaps, and "perhaps". */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_made.h"

static int open_host(void **state)
{
	static struct host_made h;

	host_open(&h);
	host_addr(h.host, HOST_ETH0, "203.0.113.0/24", "203.0.113.2");
	host_listen(h.host, IPPROTO_TCP, 22);
	*state = &h;
	return 0;
}

/* What becomes of the copies that a rule sends is a gap of the whole host. */
static void copies_are_a_gap(void **state)
{
	struct host_made *h = *state;
	struct chain *chain =
		made_chain(&h->rules, "c", true, HOOK_PREROUTING, 0, CHAIN_FILTER);
	const struct op copy = {.kind = OP_DUP, .text = "TEE"};
	struct report report;

	made_rule(&h->rules, chain, &copy, 1);
	host_survey(h, &report);
	assert_int_equal(report.ngaps, 1);
	assert_string_equal(report.gaps[0].code, "packet-copied");
	assert_string_equal(report.gaps[0].chain, "c");
	assert_true(report.gaps[0].hides);
	arena_done(&report.arena);
}

/* So are the connections that a helper lets in; a counter does nothing to others. */
static void helpers_are_a_gap(void **state)
{
	struct host_made *h = *state;
	struct chain *chain =
		made_chain(&h->rules, "c", true, HOOK_PREROUTING, 0, CHAIN_FILTER);
	const struct op ops[] = {{.kind = OP_NOP, .text = "counter"},
		{.kind = OP_NOP, .text = "CT helper ftp", .code = CODE_ANNOUNCES}};
	struct report report;

	made_rule(&h->rules, chain, ops, ARRAY_LEN(ops));
	host_survey(h, &report);
	assert_int_equal(report.ngaps, 1);
	assert_string_equal(report.gaps[0].code, CODE_ANNOUNCES);
	assert_true(report.gaps[0].hides);
	arena_done(&report.arena);
}

static size_t count_gaps(struct host_made *h, const char *code)
{
	struct report report;
	size_t n = 0;

	host_survey(h, &report);
	for (size_t i = 0; i < report.ngaps; i++)
		n += strcmp(report.gaps[i].code, code) == 0 && report.gaps[i].hides;
	arena_done(&report.arena);
	return n;
}

/* Two VLAN tags hide a neighbour's packet from a rule about IP at the device, and not
 * from one that is about all. */
static void a_neighbour_may_hide_behind_tags(void **state)
{
	struct host_made *h = *state;
	struct chain *chain =
		made_chain(&h->rules, "in", true, HOOK_INGRESS, 0, CHAIN_FILTER);
	const struct op ops[] = {
		made_match(&h->rules.arena, made_dport(), CMP_EQ, 22, 0, 2),
		made_verdict(VERDICT_DROP, NULL)};
	static const char *devices[] = {"eth0"};
	struct report report;
	const struct exposure *ssh;

	chain->family = TABLE_NETDEV;
	chain->devices = devices;
	chain->ndevices = 1;
	made_rule(&h->rules, chain, ops, ARRAY_LEN(ops));
	host_listen(h->host, IPPROTO_TCP, 22);
	host_survey(h, &report);
	ssh = host_exposure(&report, 22);
	assert_non_null(ssh);
	assert_true(ivset_is_empty(ssh->reach[ZONE_INTERNET].may));
	assert_false(ivset_is_empty(ssh->reach[ZONE_ADJACENT].may));
	assert_true(ivset_is_empty(ssh->reach[ZONE_ADJACENT].must));
	assert_string_equal(report.gaps[0].code, "frame-tagged");
	arena_done(&report.arena);
	made_rule(&h->rules, chain, &ops[1], 1);
	host_survey(h, &report);
	assert_null(host_exposure(&report, 22));
	arena_done(&report.arena);
}

/* A first fragment need not have TCP's flags: a rule about them at the device is no
 * match for a packet in pieces, which are put together behind it. */
static void a_sender_may_cut_his_packet(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct chain *chain =
		made_chain(&h->rules, "in", true, HOOK_INGRESS, 0, CHAIN_FILTER);
	const struct operand flags = {.field = FIELD_PAYLOAD,
		.base = BASE_TRANSPORT,
		.offset = 12,
		.load_len = 4,
		.len = 4};
	const struct op ops[] = {
		made_match(arena, made_masked(arena, &flags, 0x00120000, 0), CMP_EQ,
			0x00020000, 0, 4),
		made_verdict(VERDICT_DROP, NULL)};
	static const char *devices[] = {"eth0"};
	struct report report;

	chain->family = TABLE_NETDEV;
	chain->devices = devices;
	chain->ndevices = 1;
	made_rule(&h->rules, chain, ops, ARRAY_LEN(ops));
	host_listen(h->host, IPPROTO_TCP, 22);
	host_survey(h, &report);
	assert_non_null(host_exposure(&report, 22));
	assert_false(
		ivset_is_empty(host_exposure(&report, 22)->reach[ZONE_INTERNET].may));
	arena_done(&report.arena);
}

/* The same where fragments are not put together yet, or are apart again: a chain before
 * conntrack's, and one at the device by which they leave. */
static void pieces_before_and_after(void **state)
{
	static const char *devices[] = {"docker0"};
	static const struct {
		enum hook hook;
		int32_t priority;
		bool open;
	} rows[] = {
		{HOOK_PREROUTING, -450, true},
		{HOOK_PREROUTING, -400, true},
		{HOOK_PREROUTING, -399, false},
		{HOOK_FORWARD, -450, false},
		{HOOK_EGRESS, 0, true},
	};
	const struct operand flags = {.field = FIELD_PAYLOAD,
		.base = BASE_TRANSPORT,
		.offset = 12,
		.load_len = 4,
		.len = 4};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct host_made *h = *state;
		struct arena *arena = &h->rules.arena;
		const struct op ops[] = {
			made_match(arena, made_masked(arena, &flags, 0x00120000, 0),
				CMP_EQ, 0x00020000, 0, 4),
			made_verdict(VERDICT_DROP, NULL)};
		struct chain *chain = made_chain(&h->rules, "c", true, rows[i].hook,
			rows[i].priority, CHAIN_FILTER);

		if (rows[i].hook == HOOK_EGRESS) {
			chain->family = TABLE_NETDEV;
			chain->devices = devices;
			chain->ndevices = 1;
		}
		made_rule(&h->rules, chain, ops, ARRAY_LEN(ops));
		assert_int_equal(host_ask(h, "eth0", "203.0.113.77", "172.17.0.2", 80),
			RESULT_FILTERED);
		struct report report;
		host_survey(h, &report);
		assert_int_equal(host_exposure(&report, 80) != NULL, rows[i].open);
		arena_done(&report.arena);
		host_teardown(state);
		open_host(state);
	}
}

/* In a machine that is a container itself cards are pairs, like its containers' ports:
 * those that end where the uplink does lead outside. */
static void a_pair_may_be_a_card(void **state)
{
	struct host_made *h = *state;
	struct link *uplink = &h->host->links[1];
	struct link *port;
	struct report report;

	host_link(h->host, 77, "br-lan", "bridge");
	host_addr(h->host, 77, "10.20.0.0/24", "10.20.0.10");
	host_listen(h->host, IPPROTO_TCP, 22);
	port = host_link(h->host, 78, "eth1", "veth");
	port->master = 77;
	port->link_netnsid = 1;
	uplink->kind = "veth";
	uplink->link_netnsid = 0;
	host_survey(h, &report);
	assert_false(ivset_contains(
		host_exposure(&report, 22)->reach[ZONE_PRIVATE].may, 0x0a140001));
	arena_done(&report.arena);
	port->link_netnsid = 0;
	host_survey(h, &report);
	assert_true(ivset_contains(
		host_exposure(&report, 22)->reach[ZONE_PRIVATE].must, 0x0a140001));
	arena_done(&report.arena);
}

/* A macvlan of the host's own has another address on the uplink's link: strangers get
 * there, past the rules about the uplink, and hear the answer. */
static void a_child_of_the_uplink_is_a_perimeter(void **state)
{
	struct host_made *h = *state;
	struct link *child = host_link(h->host, 77, "mv0", "macvlan");
	const struct operand iif = {.field = FIELD_IIF, .load_len = 4, .len = 4};
	const uint32_t uplink = HOST_ETH0;
	const struct op ops[] = {{.kind = OP_MATCH,
					 .operand = &iif,
					 .cmp = CMP_EQ,
					 .value_len = 4,
					 .lo = (const uint8_t *)&uplink},
		made_verdict(VERDICT_DROP, NULL)};
	struct chain *chain =
		made_chain(&h->rules, "in", true, HOOK_INPUT, 0, CHAIN_FILTER);
	struct report report;
	bool must = false;

	made_rule(&h->rules, chain, ops, ARRAY_LEN(ops));
	host_addr(h->host, 77, "203.0.113.20/32", "203.0.113.20");
	host_listen(h->host, IPPROTO_TCP, 22);
	child->link = HOST_ETH0;
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++)
		must |= report.exposures[i].endpoint.port == 22 &&
			!ivset_is_empty(report.exposures[i].reach[ZONE_INTERNET].must);
	assert_true(must);
	assert_int_equal(report.nperimeter, 2);
	arena_done(&report.arena);
}

/* The default route is a macvlan's: its parent's address is on the same link. */
static void the_parent_of_the_uplink_is_a_perimeter(void **state)
{
	struct host_made *h = *state;
	struct link *child = host_link(h->host, 77, "mv0", "macvlan");
	struct report report;

	child->link = HOST_ETH0;
	host_addr(h->host, 77, "203.0.113.0/24", "203.0.113.20");
	for (size_t i = 0; i < h->host->nroutes; i++)
		if (h->host->routes[i].dst.len == 0)
			h->host->routes[i].hops[0].ifindex = 77;
	host_survey(h, &report);
	assert_int_equal(report.nperimeter, 2);
	arena_done(&report.arena);
}

/* Without an address of its own, it has neighbours all the same: its children's. */
static void a_parent_without_an_address_has_neighbours(void **state)
{
	struct host_made *h = *state;
	struct network lan = {.id = "n1",
		.name = "bridge",
		.driver = "macvlan",
		.parent = "eth0",
		.subnets = arena_array(&h->facts->arena, 1, sizeof(struct prefix)),
		.nsubnets = 1};
	struct report report;
	size_t n = 0;

	assert_int_equal(prefix_parse("172.17.0.0/16", lan.subnets, NULL), 0);
	h->facts->networks = &lan;
	host_link(h->host, 77, "mv0", "macvlan")->link = HOST_ETH0;
	for (size_t i = 0; i < h->host->nroutes; i++)
		if (h->host->routes[i].hops[0].ifindex == HOST_ETH0)
			h->host->routes[i].hops[0].ifindex = 77;
	for (size_t i = 0; i < h->host->naddrs; i++)
		if (h->host->addrs[i].ifindex == HOST_ETH0)
			h->host->addrs[i].ifindex = 77;
	h->host->naddrs--; /* docker0's */
	host_survey(h, &report);
	for (size_t i = 0; i < report.nexposures; i++)
		n += report.exposures[i].path == PATH_MACVLAN &&
		     ivset_contains(
			     report.exposures[i].reach[ZONE_ADJACENT].must, 0xac110077);
	assert_int_equal(n, 1);
	arena_done(&report.arena);
}

/* Ways past the rules that somebody switched on. */
static void settings_are_gaps(void **state)
{
	struct host_made *h = *state;
	static const char *const alone[][2] = {
		{"net/ipv4/conf/eth0/mc_forwarding", "multicast-routing"},
		{"net/mpls/conf/eth0/input", "mpls"},
		{"net/netfilter/nf_conntrack_helper", CODE_ANNOUNCES},
		{"net/sctp/udp_port", "sctp-in-udp"},
	};

	for (size_t i = 0; i < ARRAY_LEN(alone); i++) {
		host_sysctl(h->host, alone[i][0], 0);
		assert_int_equal(count_gaps(h, alone[i][1]), 0);
		host_sysctl(h->host, alone[i][0], 1);
		assert_int_equal(count_gaps(h, alone[i][1]), 1);
	}
}

static void a_setting_of_both_is_a_gap(void **state)
{
	struct host_made *h = *state;
	static const char *const both[][3] = {
		{"net/ipv4/conf/all/accept_source_route",
			"net/ipv4/conf/eth0/accept_source_route", "source-routing"},
		{"net/ipv6/conf/all/seg6_enabled", "net/ipv6/conf/eth0/seg6_enabled",
			"segment-routing"},
	};

	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		host_sysctl(h->host, both[i][1], 1);
		assert_int_equal(count_gaps(h, both[i][2]), 0);
		host_sysctl(h->host, both[i][0], 1);
		assert_int_equal(count_gaps(h, both[i][2]), 1);
	}
}

static void tunnels_in_datagrams_are_gaps(void **state)
{
	struct host_made *h = *state;
	static const char *const kinds[] = {
		"amt", "bareudp", "geneve", "gtp", "l2tpeth", "vxlan"};
	struct link *link = host_link(h->host, 77, "t0", NULL);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		assert_int_equal(count_gaps(h, "tunnel"), 0);
		link->kind = kinds[i];
		assert_int_equal(count_gaps(h, "tunnel"), 1);
		link->kind = NULL;
	}
}

/* The same of a container's namespace; helpers matter where it tracks connections. */
static void settings_inside_are_gaps(void **state)
{
	struct host_made *h = *state;
	static const char *const rows[][2] = {
		{"net/ipv4/conf/eth0/mc_forwarding", "multicast-routing"},
		{"net/mpls/conf/eth0/input", "mpls"},
		{"net/sctp/udp_port", "sctp-in-udp"},
		{"net/netfilter/nf_conntrack_helper", CODE_ANNOUNCES},
	};

	(void)count_gaps(h, "none");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool helper = strcmp(rows[i][1], CODE_ANNOUNCES) == 0;

		host_sysctl(h->inside, rows[i][0], 1);
		assert_int_equal(count_gaps(h, rows[i][1]), !helper);
		host_container_space(h->reach, h->web)->tracks = true;
		assert_int_equal(count_gaps(h, rows[i][1]), 1);
		host_container_space(h->reach, h->web)->tracks = false;
	}
}

/* FOU and GUE: the rules are not asked about the tunnel's own protocol. */
static void a_tunnel_in_datagrams_of_its_own(void **state)
{
	struct host_made *h = *state;
	struct link *link = host_link(h->host, 77, "t0", "ipip");
	const struct op drop = made_verdict(VERDICT_DROP, NULL);

	made_rule(&h->rules,
		made_chain(&h->rules, "in", true, HOOK_INPUT, 0, CHAIN_FILTER), &drop,
		1);
	assert_int_equal(count_gaps(h, "tunnel"), 0);
	link->udp_encap = true;
	assert_int_equal(count_gaps(h, "tunnel"), 1);
}

/* A swarm's: the interface is in a sandbox of its own, the kernel's socket is here. */
static void overlay_networks_unpack_datagrams(void **state)
{
	struct host_made *h = *state;
	struct network networks[] = {*h->network,
		{.id = "n2", .name = "ingress", .driver = "overlay", .ingress = true}};
	struct sock *vxlan = host_listen(h->host, IPPROTO_UDP, 4789);

	vxlan->pid = 0;
	vxlan->comm = NULL;
	assert_int_equal(count_gaps(h, "tunnel"), 0);
	h->facts->networks = networks;
	h->facts->nnetworks = ARRAY_LEN(networks);
	assert_int_equal(count_gaps(h, "tunnel"), 1);
	vxlan->local.value = 0x7f000001;
	assert_int_equal(count_gaps(h, "tunnel"), 0);
	vxlan->local.value = 0;
	host_link(h->host, 77, "wg0", "wireguard");
	assert_int_equal(count_gaps(h, "tunnel"), 1);
	vxlan->port = 51820;
	assert_int_equal(count_gaps(h, "tunnel"), 0);
	vxlan->port = 4789;
	vxlan->comm = "srv";
	assert_int_equal(count_gaps(h, "tunnel"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_host, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(copies_are_a_gap),
		T(helpers_are_a_gap),
		T(a_neighbour_may_hide_behind_tags),
		T(a_sender_may_cut_his_packet),
		T(pieces_before_and_after),
		T(a_pair_may_be_a_card),
		T(a_child_of_the_uplink_is_a_perimeter),
		T(the_parent_of_the_uplink_is_a_perimeter),
		T(a_parent_without_an_address_has_neighbours),
		T(settings_are_gaps),
		T(a_setting_of_both_is_a_gap),
		T(tunnels_in_datagrams_are_gaps),
		T(settings_inside_are_gaps),
		T(a_tunnel_in_datagrams_of_its_own),
		T(overlay_networks_unpack_datagrams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
