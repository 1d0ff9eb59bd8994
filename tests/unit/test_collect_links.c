/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links, addresses, routes and sysctls: what was configured with the usual tools is
 * what is collected. */
#include <inttypes.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include <cmocka.h>

#include "collect_made.h"
#include "common/cleanup.h"

static void test_links(void **state)
{
	(void)state;
	made_need_netns();
	made_run("ip link add br0 type bridge nf_call_iptables 1; ip link add v0 type "
		 "veth "
		 "peer v1;"
		 "ip link set v0 master br0 up; ip link set br0 up; ip link set v1 "
		 "group 7;"
		 "ip link set v0 type bridge_slave hairpin on isolated on;"
		 "ip addr add 192.0.2.1/24 dev br0; ip addr add 192.0.2.9 peer "
		 "192.0.2.8 "
		 "dev v1;"
		 "ip addr add 2001:db8::1/64 dev br0 nodad");
	struct facts *facts = made_facts_of_host();
	const struct netns *host = facts->host;
	const struct link *br0 = netns_link_named(host, "br0");
	const struct link *v0 = netns_link_named(host, "v0");
	const struct link *v1 = netns_link_named(host, "v1");

	assert_int_equal(host->nlinks, 4);
	assert_true(br0 && v0 && v1);
	assert_string_equal(br0->kind, "bridge");
	assert_true(br0->up && br0->nf_call_ip == 1 && br0->nf_call_ip6 == 0);
	assert_int_equal(v0->master, br0->index);
	assert_true(v0->hairpin == 1 && v0->isolated == 1 && v1->hairpin == 0);
	assert_int_equal(v0->link, v1->index);
	assert_int_equal(v0->link_netnsid, -1);
	assert_int_equal(v1->group, 7);
	assert_false(v1->up || v1->xdp || v1->tc_ingress || v1->loopback);
	assert_int_equal(v0->mac_len, 6);
	assert_ptr_equal(netns_link(host, v1->index), v1);
	assert_true(netns_link_named(host, "lo")->loopback);

	size_t found = 0;
	for (size_t i = 0; i < host->naddrs; i++) {
		const struct ifaddr *a = &host->addrs[i];

		if (made_addr_is(&a->local, "192.0.2.1"))
			found += a->ifindex == br0->index && a->prefix_len == 24;
		if (made_addr_is(&a->local, "192.0.2.9"))
			found += made_addr_is(&a->peer, "192.0.2.8");
		if (made_addr_is(&a->local, "2001:db8::1"))
			found += a->prefix_len == 64;
	}
	assert_int_equal(found, 3);
	facts_free(facts);
}

#define EVERYTHING " protocol ip u32 match u32 0 0 "
#define REDIRECT   "action mirred egress redirect dev v1"

static void test_tc_ingress(void **state)
{
	(void)state;
	made_need_netns();
	made_run("ip link add v0 type veth peer v1");
	if (!made_works("tc qdisc add dev v0 clsact")) {
		print_message("SKIP: this kernel has no clsact\n");
		skip();
	}
	struct facts *facts = made_facts_of_host(); /* the qdisc alone does nothing */
	assert_false(netns_link_named(facts->host, "v0")->tc_ingress);
	assert_null(made_note(facts, "tc-ingress"));
	facts_free(facts);
	if (!made_works("tc filter add dev v0 ingress" EVERYTHING REDIRECT)) {
		print_message("SKIP: this kernel has no filter that could be added\n");
		skip();
	}
	facts = made_facts_of_host();
	assert_true(netns_link_named(facts->host, "v0")->tc_ingress);
	assert_false(netns_link_named(facts->host, "v1")->tc_ingress);
	assert_true(made_note(facts, "tc-ingress")->hides);
	assert_false(netns_link_named(facts->host, "v0")->tc_egress);
	facts_free(facts);
	made_run("tc filter add dev v0 egress" EVERYTHING REDIRECT);
	facts = made_facts_of_host();
	assert_true(made_note(facts, "tc-egress")->hides);
	facts_free(facts);
}

/* Whether what leaves by v0 is noted. */
static bool leaving_is_noted(void)
{
	struct facts *facts = made_facts_of_host();
	bool link = netns_link_named(facts->host, "v0")->tc_egress;
	const struct note *note = made_note(facts, "tc-egress");

	assert_false(netns_link_named(facts->host, "v0")->tc_ingress);
	assert_false(netns_link_named(facts->host, "v1")->tc_egress);
	assert_true(link ? note && note->hides : !note);
	facts_free(facts);
	return link;
}

/* Filters of a qdisc with classes choose one, and are none of ours, unless they act: at
 * its root, at a class, or at a qdisc within a class. */
static void test_tc_of_classes(void **state)
{
	static const char *const parents[] = {"1:", "1:1", "2:", "2:7"};

	(void)state;
	made_need_netns();
	made_run("ip link add v0 type veth peer v1");
	if (!made_works("tc qdisc add dev v0 root handle 1: htb")) {
		print_message("SKIP: this kernel has no htb\n");
		skip();
	}
	made_run("tc class add dev v0 parent 1: classid 1:1 htb rate 1mbit;"
		 "tc class add dev v0 parent 1:1 classid 1:2 htb rate 1mbit;"
		 "tc qdisc add dev v0 parent 1:2 handle 2: htb;"
		 "tc class add dev v0 parent 2: classid 2:7 htb rate 1mbit");
	if (!made_works("tc filter add dev v0 parent 1:" EVERYTHING "flowid 1:2") ||
		!made_works("tc filter add dev v0 parent 1:1" EVERYTHING REDIRECT)) {
		print_message("SKIP: this kernel has no filter that could be added\n");
		skip();
	}
	made_run("tc filter del dev v0 parent 1:1");
	assert_false(leaving_is_noted());
	for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
		char command[128];

		(void)snprintf(command, sizeof(command),
			"tc filter add dev v0 parent %s pref 9" EVERYTHING REDIRECT,
			parents[i]);
		made_run(command);
		if (!leaving_is_noted())
			fail_msg("a filter at %s acts, and is not noted", parents[i]);
		(void)snprintf(command, sizeof(command),
			"tc filter del dev v0 parent %s pref 9", parents[i]);
		made_run(command);
	}
	assert_false(leaving_is_noted());
}

/* The kernel has an address of IPv6 before it answers there. */
static void test_address_without_its_route(void **state)
{
	(void)state;
	made_need_netns();
	made_run("ip link add v0 type veth peer v1; ip link set v0 up; ip link set v1 "
		 "up;"
		 "ip addr add 2001:db8::1/64 dev v0 nodad; "
		 "ip addr add 2001:db8::2/64 dev v0 nodad");
	struct facts *facts = made_facts_of_host();
	assert_null(made_note(facts, "address-not-ready"));
	facts_free(facts);
	made_run("ip -6 route del local 2001:db8::2 dev v0 table local");
	facts = made_facts_of_host();
	const struct note *note = made_note(facts, "address-not-ready");
	assert_non_null(note);
	assert_true(note->hides);
	assert_non_null(strstr(note->text, "2001:db8::2 "));
	facts_free(facts);
}

/* How many of the addresses 198.18.0.1 to 198.18.0.100 there are, and their routes. */
static void count_addrs(const struct netns *ns, size_t *ret_addrs, size_t *ret_routes)
{
	*ret_addrs = *ret_routes = 0;
	for (size_t i = 0; i < ns->naddrs; i++)
		*ret_addrs += ns->addrs[i].local.family == FAMILY_IP4 &&
			      ns->addrs[i].local.value >> 8 == 0xc61200;
	for (size_t i = 0; i < ns->nroutes; i++)
		*ret_routes += ns->routes[i].family == FAMILY_IP4 &&
			       ns->routes[i].type == RTN_LOCAL &&
			       ns->routes[i].dst.value >> 8 == 0xc61200;
}

/* Addresses come and go with their routes; a reading has both or neither, or says that
 * it mixes. */
static void test_addresses_and_routes_of_one_moment(void **state)
{
	size_t whole = 0;

	(void)state;
	made_need_netns();
	made_run("ip link add v0 type veth peer v1; ip link set v1 up; ip link set v0 "
		 "up; "
		 "seq -f 'route add 198.51.100.%g dev v0 table 7' 1 200 | ip -batch -");
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			(void)!system("(seq -f 'addr add 198.18.0.%g/32 dev v0' 1 100; "
				      "seq -f 'addr del 198.18.0.%g/32 dev v0' 1 100) "
				      "| ip -batch -");
			usleep(20000);
		}
	}
	for (int i = 0; i < 100; i++) {
		struct facts *facts = made_facts_of_host();
		const struct note *note = made_note(facts, "links-changing");
		size_t addrs, routes;

		count_addrs(facts->host, &addrs, &routes);
		whole += !note;
		if (note)
			assert_true(note->hides);
		else
			assert_int_equal(addrs, routes);
		facts_free(facts);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(whole > 0);
}

static const struct route *find_route(
	const struct netns *netns, uint32_t table, const char *dst, uint8_t len)
{
	for (size_t i = 0; i < netns->nroutes; i++) {
		const struct route *r = &netns->routes[i];
		struct addr addr = made_addr(dst);

		if (r->table == table && r->family == addr.family &&
			r->dst.len == len && r->dst.value == addr.value)
			return r;
	}
	return NULL;
}

static void test_routes(void **state)
{
	(void)state;
	made_need_netns();
	made_run(
		"ip link add v0 type veth peer v1; ip link set v0 up; ip link set v1 "
		"up;"
		"ip addr add 192.0.2.1/24 dev v0; ip addr add 2001:db8::1/64 dev v0 "
		"nodad;"
		"ip route add default nexthop via 192.0.2.2 nexthop via 192.0.2.3;"
		"ip route add blackhole 10.0.0.0/8 metric 5 table 1000;"
		"ip -6 route add default via 2001:db8::2 metric 77;"
		"ip rule add fwmark 0x10/0xf0 iif v0 table 1000 priority 50;"
		"ip rule add uidrange 1-2 table 1000 priority 51;"
		"ip rule add ipproto udp sport 53 table 1000 priority 52;"
		"ip -6 rule add to 2001:db8:9::/48 ipproto tcp dport 80-90 table 1000");
	struct facts *facts = made_facts_of_host();
	const struct netns *host = facts->host;
	const struct route *r = find_route(host, RT_TABLE_MAIN, "0.0.0.0", 0);

	assert_non_null(r);
	assert_int_equal(r->nhops, 2);
	assert_true(made_addr_is(&r->hops[1].gateway, "192.0.2.3"));
	assert_int_equal(r->hops[1].ifindex, netns_link_named(host, "v0")->index);
	r = find_route(host, 1000, "10.0.0.0", 8);
	assert_true(r && r->type == RTN_BLACKHOLE && r->metric == 5 && r->nhops == 0);
	r = find_route(host, RT_TABLE_LOCAL, "192.0.2.1", 32);
	assert_true(r && r->type == RTN_LOCAL);
	r = find_route(host, RT_TABLE_MAIN, "::", 0);
	assert_true(r && r->metric == 77 &&
		    made_addr_is(&r->hops[0].gateway, "2001:db8::2"));

	bool marked = false, by_uid = false, by_port = false, one_port = false;
	for (size_t i = 0; i < host->nrules; i++) {
		const struct route_rule *rule = &host->rules[i];

		marked |= rule->priority == 50 && rule->mark == 0x10 &&
			  rule->mark_mask == 0xf0 && strcmp(rule->iif, "v0") == 0 &&
			  rule->table == 1000 && !rule->unknown;
		by_uid |= rule->priority == 51 && rule->unknown;
		one_port |= rule->priority == 52 && rule->sport_lo == 53 &&
			    rule->sport_hi == 53 && !rule->unknown;
		by_port |= rule->family == FAMILY_IP6 && rule->proto == IPPROTO_TCP &&
			   rule->dport_lo == 80 && rule->dport_hi == 90 &&
			   rule->dst.len == 48 && !rule->unknown;
	}
	assert_true(marked && by_uid && by_port && one_port);
	facts_free(facts);
}

/* The values come in arrays from the kernel: each must be the file's of its name. */
static void test_sysctls(void **state)
{
	size_t forced = 0;

	(void)state;
	made_need_netns();
	made_run("ip link add v0 type veth peer v.1; echo 2 "
		 ">/proc/sys/net/ipv4/conf/v0/rp_filter;"
		 "echo 1 >/proc/sys/net/ipv4/conf/v.1/route_localnet;"
		 "echo 1 >/proc/sys/net/ipv4/conf/v0/src_valid_mark;"
		 "echo 1 >/proc/sys/net/ipv6/conf/v0/proxy_ndp;"
		 "echo 1 >/proc/sys/net/ipv6/conf/v.1/forwarding;"
		 "echo 1 >/proc/sys/net/ipv4/ip_forward");
	made_works("echo 1 >/proc/sys/net/ipv6/conf/v0/force_forwarding");
	struct facts *facts = made_facts_of_host();
	const struct netns *host = facts->host;

	for (size_t i = 0; i < host->nsysctls; i++) {
		char path[256], text[32] = "";
		_cleanup_(cleanup_fclose) FILE *file = NULL;

		snprintf(path, sizeof(path), "/proc/sys/%s", host->sysctls[i].name);
		file = fopen(path, "re");
		if (!file || !fgets(text, sizeof(text), file))
			fail_msg("%s is no file", path);
		if (strtoll(text, NULL, 10) != host->sysctls[i].value)
			fail_msg("%s: %s, not %" PRId64, path, text,
				host->sysctls[i].value);
		forced += strstr(path, "force_forwarding") != NULL;
		assert_true(i == 0 || strcmp(host->sysctls[i - 1].name,
					      host->sysctls[i].name) < 0);
	}
	if (made_works("test -e /proc/sys/net/ipv6/conf/all/force_forwarding"))
		assert_int_equal(forced, 4); /* all, lo, v0, v.1 */
	assert_int_equal(netns_sysctl(host, -1, "net/ipv4/conf/%s/rp_filter", "v0"), 2);
	assert_int_equal(
		netns_sysctl(host, -1, "net/ipv4/conf/%s/route_localnet", "v.1"), 1);
	assert_int_equal(netns_sysctl(host, -1, "net/ipv4/ip_forward"), 1);
	assert_int_equal(netns_sysctl(host, -1, "net/ipv4/no_such"), -1);
	facts_free(facts);
}

/* Entries that somebody made; those that were learned are no facts. */
static void test_neighbours(void **state)
{
	size_t proxies = 0;

	(void)state;
	made_need_netns();
	made_run("ip link add v0 type veth peer v1; ip link set v0 up; ip link set v1 "
		 "up; ip neigh add proxy 192.0.2.9 dev v0;"
		 "ip neigh add proxy 2001:db8::9 dev v0;"
		 "ip neigh add 192.0.2.8 lladdr 02:00:00:00:00:08 dev v1 nud permanent;"
		 "ip neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev v1 nud stale");
	struct facts *facts = made_facts_of_host();
	const struct netns *host = facts->host;

	assert_int_equal(host->nneighs, 3);
	for (size_t i = 0; i < host->nneighs; i++) {
		const struct neigh *n = &host->neighs[i];

		proxies += n->proxy;
		assert_int_equal(n->ifindex,
			netns_link_named(host, n->proxy ? "v0" : "v1")->index);
		if (!n->proxy)
			assert_true(made_addr_is(&n->addr, "192.0.2.8"));
	}
	assert_int_equal(proxies, 2);
	facts_free(facts);
}

#define TEST(name) cmocka_unit_test_setup(name, made_netns)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_links),
		TEST(test_tc_ingress),
		TEST(test_tc_of_classes),
		TEST(test_address_without_its_route),
		TEST(test_addresses_and_routes_of_one_moment),
		TEST(test_routes),
		TEST(test_sysctls),
		TEST(test_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
