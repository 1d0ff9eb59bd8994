/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was configured in a namespace with the usual tools is what is collected there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "netmon/collect/collect.h"

enum { MPTCP = 262 };

/* Every test begins in a new network namespace with lo up; without root none can run.
 */
static int setup(void **state)
{
	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return 0;
	return system("ip link set lo up") == 0 ? 0 : -1;
}

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message("SKIP: needs root for a network namespace of its own\n");
		skip();
	}
}

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* Whether a command works here: kernels lack one thing or another. */
static bool works(const char *command)
{
	char text[1024];

	snprintf(text, sizeof(text), "(%s) >/dev/null 2>&1", command);
	return system(text) == 0;
}

static struct facts *collect(void)
{
	const struct collect_options options = {.no_engine = true};
	struct facts *facts = NULL;
	struct err err = {0};

	if (collect_host(&options, &facts, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(facts->host->routes_known && facts->host->socks_known);
	assert_false(facts->docker_sockets_known);
	return facts;
}

static const struct note *find_note(const struct facts *facts, const char *code)
{
	for (size_t i = 0; i < facts->nnotes; i++) {
		if (strcmp(facts->notes[i].code, code) == 0)
			return &facts->notes[i];
	}
	return NULL;
}

static struct addr address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

static bool same(const struct addr *a, const char *text)
{
	struct addr b = address(text);

	return a->family == b.family && a->value == b.value;
}

static void test_links(void **state)
{
	(void)state;
	need_root();
	run("ip link add br0 type bridge nf_call_iptables 1; ip link add v0 type veth "
	    "peer v1;"
	    "ip link set v0 master br0 up; ip link set br0 up; ip link set v1 group 7;"
	    "ip link set v0 type bridge_slave hairpin on isolated on;"
	    "ip addr add 192.0.2.1/24 dev br0; ip addr add 192.0.2.9 peer 192.0.2.8 "
	    "dev v1;"
	    "ip addr add 2001:db8::1/64 dev br0 nodad");
	struct facts *facts = collect();
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

		if (same(&a->local, "192.0.2.1"))
			found += a->ifindex == br0->index && a->prefix_len == 24;
		if (same(&a->local, "192.0.2.9"))
			found += same(&a->peer, "192.0.2.8");
		if (same(&a->local, "2001:db8::1"))
			found += a->prefix_len == 64;
	}
	assert_int_equal(found, 3);
	facts_free(facts);
}

static void test_tc_ingress(void **state)
{
	(void)state;
	need_root();
	run("ip link add v0 type veth peer v1");
	if (!works("tc qdisc add dev v0 clsact")) {
		print_message("SKIP: this kernel has no clsact\n");
		skip();
	}
	struct facts *facts = collect(); /* the qdisc alone does nothing */
	assert_false(netns_link_named(facts->host, "v0")->tc_ingress);
	assert_null(find_note(facts, "tc-ingress"));
	facts_free(facts);
	if (!works("tc filter add dev v0 ingress matchall action drop") &&
		!works("tc filter add dev v0 ingress protocol ip u32 match u32 0 0 "
		       "drop")) {
		print_message("SKIP: this kernel has no filter that could be added\n");
		skip();
	}
	facts = collect();
	assert_true(netns_link_named(facts->host, "v0")->tc_ingress);
	assert_false(netns_link_named(facts->host, "v1")->tc_ingress);
	assert_true(find_note(facts, "tc-ingress")->hides);
	facts_free(facts);
}

/* The kernel has an address of IPv6 before it answers there. */
static void test_address_without_its_route(void **state)
{
	(void)state;
	need_root();
	run("ip link add v0 type veth peer v1; ip link set v0 up; ip link set v1 up;"
	    "ip addr add 2001:db8::1/64 dev v0 nodad; "
	    "ip addr add 2001:db8::2/64 dev v0 nodad");
	struct facts *facts = collect();
	assert_null(find_note(facts, "address-not-ready"));
	facts_free(facts);
	run("ip -6 route del local 2001:db8::2 dev v0 table local");
	facts = collect();
	const struct note *note = find_note(facts, "address-not-ready");
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
	need_root();
	run("ip link add v0 type veth peer v1; ip link set v1 up; ip link set v0 up; "
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
		struct facts *facts = collect();
		const struct note *note = find_note(facts, "links-changing");
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
		struct addr addr = address(dst);

		if (r->table == table && r->family == addr.family &&
			r->dst.len == len && r->dst.value == addr.value)
			return r;
	}
	return NULL;
}

static void test_routes(void **state)
{
	(void)state;
	need_root();
	run("ip link add v0 type veth peer v1; ip link set v0 up; ip link set v1 up;"
	    "ip addr add 192.0.2.1/24 dev v0; ip addr add 2001:db8::1/64 dev v0 nodad;"
	    "ip route add default nexthop via 192.0.2.2 nexthop via 192.0.2.3;"
	    "ip route add blackhole 10.0.0.0/8 metric 5 table 1000;"
	    "ip -6 route add default via 2001:db8::2 metric 77;"
	    "ip rule add fwmark 0x10/0xf0 iif v0 table 1000 priority 50;"
	    "ip rule add uidrange 1-2 table 1000 priority 51;"
	    "ip -6 rule add to 2001:db8:9::/48 ipproto tcp dport 80-90 table 1000");
	struct facts *facts = collect();
	const struct netns *host = facts->host;
	const struct route *r = find_route(host, RT_TABLE_MAIN, "0.0.0.0", 0);

	assert_non_null(r);
	assert_int_equal(r->nhops, 2);
	assert_true(same(&r->hops[1].gateway, "192.0.2.3"));
	assert_int_equal(r->hops[1].ifindex, netns_link_named(host, "v0")->index);
	r = find_route(host, 1000, "10.0.0.0", 8);
	assert_true(r && r->type == RTN_BLACKHOLE && r->metric == 5 && r->nhops == 0);
	r = find_route(host, RT_TABLE_LOCAL, "192.0.2.1", 32);
	assert_true(r && r->type == RTN_LOCAL);
	r = find_route(host, RT_TABLE_MAIN, "::", 0);
	assert_true(r && r->metric == 77 && same(&r->hops[0].gateway, "2001:db8::2"));

	bool marked = false, by_uid = false, by_port = false;
	for (size_t i = 0; i < host->nrules; i++) {
		const struct route_rule *rule = &host->rules[i];

		marked |= rule->priority == 50 && rule->mark == 0x10 &&
			  rule->mark_mask == 0xf0 && strcmp(rule->iif, "v0") == 0 &&
			  rule->table == 1000 && !rule->unknown;
		by_uid |= rule->priority == 51 && rule->unknown;
		by_port |= rule->family == FAMILY_IP6 && rule->proto == IPPROTO_TCP &&
			   rule->dport_lo == 80 && rule->dport_hi == 90 &&
			   rule->dst.len == 48 && !rule->unknown;
	}
	assert_true(marked && by_uid && by_port);
	facts_free(facts);
}

/* The values come in arrays from the kernel: each must be the file's of its name. */
static void test_sysctls(void **state)
{
	size_t forced = 0;

	(void)state;
	need_root();
	run("ip link add v0 type veth peer v.1; echo 2 "
	    ">/proc/sys/net/ipv4/conf/v0/rp_filter;"
	    "echo 1 >/proc/sys/net/ipv4/conf/v.1/route_localnet;"
	    "echo 1 >/proc/sys/net/ipv4/conf/v0/src_valid_mark;"
	    "echo 1 >/proc/sys/net/ipv6/conf/v0/proxy_ndp;"
	    "echo 1 >/proc/sys/net/ipv6/conf/v.1/forwarding;"
	    "echo 1 >/proc/sys/net/ipv4/ip_forward");
	works("echo 1 >/proc/sys/net/ipv6/conf/v0/force_forwarding");
	struct facts *facts = collect();
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
	if (works("test -e /proc/sys/net/ipv6/conf/all/force_forwarding"))
		assert_int_equal(forced, 4); /* all, lo, v0, v.1 */
	assert_int_equal(netns_sysctl(host, -1, "net/ipv4/conf/%s/rp_filter", "v0"), 2);
	assert_int_equal(
		netns_sysctl(host, -1, "net/ipv4/conf/%s/route_localnet", "v.1"), 1);
	assert_int_equal(netns_sysctl(host, -1, "net/ipv4/ip_forward"), 1);
	assert_int_equal(netns_sysctl(host, -1, "net/ipv4/no_such"), -1);
	facts_free(facts);
}

/* Counts the messages of one type; the blob must be whole messages. */
static size_t count_messages(const struct blob *nft, uint16_t type)
{
	size_t count = 0, off = 0;

	while (off < nft->len) {
		const struct nlmsghdr *message = (const void *)(nft->data + off);

		assert_true(nft->len - off >= sizeof(*message));
		assert_true(message->nlmsg_len >= sizeof(*message) &&
			    message->nlmsg_len <= nft->len - off);
		assert_int_equal(message->nlmsg_type >> 8, NFNL_SUBSYS_NFTABLES);
		count += (message->nlmsg_type & 0xff) == type;
		off += NLMSG_ALIGN(message->nlmsg_len);
	}
	return count;
}

static void test_nft(void **state)
{
	(void)state;
	need_root();
	run("nft 'table ip a { set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 "
	    "} };"
	    "map m { type inet_service : verdict; elements = { 1 : accept }; };"
	    "counter c { };"
	    "chain x { type filter hook input priority 0; ip saddr @s drop;"
	    "tcp dport { 1, 2 } accept; tcp dport vmap @m; counter name c; }; };"
	    "table inet b { chain y { tcp dport 80 accept; }; };"
	    "table bridge c { chain z { }; }'");
	struct facts *facts = collect();
	const struct blob *nft = &facts->host->nft;

	assert_true(facts->host->rules_known);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWGEN), 1);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWTABLE), 3);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWCHAIN), 3);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWRULE), 5);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWSET), 3);
	/* At least one a set; some kernels send an empty one more. */
	assert_true(count_messages(nft, NFT_MSG_NEWSETELEM) >= 3);
	assert_int_equal(count_messages(nft, NFT_MSG_NEWOBJ), 1);
	facts_free(facts);
}

/* Rules that are replaced all the time, 200 by 200, never come as another number. */
static void test_nft_consistent(void **state)
{
	char path[] = "/tmp/test-collect-XXXXXX";
	size_t whole = 0;

	(void)state;
	need_root();
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	dprintf(fd, "table ip a { chain x { } \n}\nflush chain ip a x\ntable ip a "
		    "{\nchain x {\n");
	for (int i = 0; i < 200; i++)
		dprintf(fd, "tcp dport %d accept\n", i + 1);
	dprintf(fd, "}\n}\n");
	close(fd);
	pid_t child = fork();
	if (child == 0) {
		char command[128];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(command, sizeof(command), "nft -f %s", path);
		for (;;)
			(void)!system(command);
	}
	while (!works("nft list chain ip a x"))
		usleep(1000);
	for (int i = 0; i < 100; i++) {
		struct facts *facts = collect();

		if (!find_note(facts, "nft-changing")) {
			assert_int_equal(
				count_messages(&facts->host->nft, NFT_MSG_NEWRULE),
				200);
			whole++;
		}
		facts_free(facts);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink(path);
	assert_true(whole > 0);
}

static const struct legacy_table *find_table(
	const struct netns *netns, enum family family, const char *name)
{
	for (size_t i = 0; i < netns->nlegacy; i++) {
		if (netns->legacy[i].family == family &&
			strcmp(netns->legacy[i].name, name) == 0)
			return &netns->legacy[i];
	}
	return NULL;
}

static void test_legacy(void **state)
{
	(void)state;
	need_root();
	if (!works("iptables-legacy -A INPUT -p tcp --dport 23 -j DROP")) {
		print_message("SKIP: no iptables-legacy in this kernel\n");
		skip();
	}
	struct facts *facts = collect();
	const struct legacy_table *filter =
		find_table(facts->host, FAMILY_IP4, "filter");

	assert_non_null(filter);
	assert_int_equal(filter->valid_hooks, 0x0e);
	assert_true(filter->entries.len > filter->underflow[1]);
	assert_true(filter->underflow[1] > filter->hook_entry[1]);
	/* Reading makes no table. */
	assert_int_equal(facts->host->nlegacy, 1);
	facts_free(facts);
	facts = collect();
	assert_int_equal(facts->host->nlegacy, 1);
	facts_free(facts);
}

static const struct ipset *find_ipset(const struct netns *netns, const char *name)
{
	for (size_t i = 0; i < netns->nipsets; i++) {
		if (strcmp(netns->ipsets[i].name, name) == 0)
			return &netns->ipsets[i];
	}
	fail_msg("no set %s", name);
	return NULL;
}

static bool part_is(const struct ipset_part *part, u128 lo, u128 hi)
{
	return part->lo == lo && part->hi == hi;
}

static void test_ipset_addr(void **state)
{
	(void)state;
	need_root();
	if (!works("ipset create a hash:net")) {
		print_message("SKIP: no ipset in this kernel\n");
		skip();
	}
	run("ipset add a 10.0.0.0/8; ipset add a 10.2.0.0/16 nomatch;"
	    "ipset create b hash:ip netmask 24; ipset add b 10.1.2.0;"
	    "ipset create c hash:net family inet6; ipset add c 2001:db8::/32;"
	    "ipset create d bitmap:ip range 10.0.0.0/16; ipset add d 10.0.3.1;"
	    "ipset create l list:set; ipset add l a; ipset add l b");
	struct facts *facts = collect();
	const struct ipset *a = find_ipset(facts->host, "a");
	const struct ipset *b = find_ipset(facts->host, "b");
	const struct ipset *c = find_ipset(facts->host, "c");
	const struct ipset *l = find_ipset(facts->host, "l");
	size_t exceptions = 0;

	assert_int_equal(a->kind, IPSET_ADDR);
	assert_int_equal(a->nelements, 2);
	for (size_t i = 0; i < 2; i++) {
		exceptions += a->elements[i].nomatch;
		assert_true(a->elements[i].nomatch ? part_is(&a->elements[i].part[0],
							     0x0a020000, 0x0a02ffff)
						   : part_is(&a->elements[i].part[0],
							     0x0a000000, 0x0affffff));
	}
	assert_int_equal(exceptions, 1);
	assert_true(part_is(&b->elements[0].part[0], 0x0a010200, 0x0a0102ff));
	assert_int_equal(c->family, FAMILY_IP6);
	assert_true(c->elements[0].part[0].lo == address("2001:db8::").value);
	assert_true(part_is(&find_ipset(facts->host, "d")->elements[0].part[0],
		0x0a000301, 0x0a000301));
	assert_int_equal(l->kind, IPSET_LIST);
	assert_int_equal(l->nelements, 2);
	assert_string_equal(l->elements[0].member, "a");
	assert_true(
		a->index != b->index && b->index != c->index && l->index != a->index);
	facts_free(facts);
}

static void test_ipset_tuple(void **state)
{
	(void)state;
	need_root();
	if (!works("ipset create t hash:ip,port,net")) {
		print_message("SKIP: no ipset in this kernel\n");
		skip();
	}
	run("ipset add t 1.2.3.4,udp:80,10.0.0.0/8;"
	    "ipset create i hash:net,iface; ipset add i 10.0.0.0/8,eth0;"
	    "ipset create p hash:net,iface; ipset add p 10.0.0.0/8,physdev:eth0");
	struct facts *facts = collect();
	const struct ipset *t = find_ipset(facts->host, "t");
	const struct ipset *i = find_ipset(facts->host, "i");

	assert_int_equal(t->kind, IPSET_TUPLE);
	assert_int_equal(t->ndims, 3);
	assert_true(t->dim[1] == IPSET_DIM_PORT && t->dim[2] == IPSET_DIM_ADDR);
	assert_true(part_is(&t->elements[0].part[0], 0x01020304, 0x01020304));
	assert_true(part_is(&t->elements[0].part[1], 80, 80));
	assert_int_equal(t->elements[0].part[1].proto, IPPROTO_UDP);
	assert_true(part_is(&t->elements[0].part[2], 0x0a000000, 0x0affffff));
	assert_int_equal(i->kind, IPSET_TUPLE);
	assert_string_equal(i->elements[0].part[1].iface, "eth0");
	/* Which of a bridge's ports is not compared: nobody can say whether it matches.
	 */
	assert_int_equal(find_ipset(facts->host, "p")->kind, IPSET_OTHER);
	facts_free(facts);
}

/* A socket bound to a port of its own, listening unless it is UDP. */
static int open_socket(
	int family, int type, int protocol, const char *addr, uint16_t port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -1;
	assert_int_equal(inet_pton(family, addr,
				 family == AF_INET ? (void *)&in.sin_addr
						   : (void *)&in6.sin6_addr),
		1);
	assert_int_equal(family == AF_INET
				 ? bind(fd, (struct sockaddr *)&in, sizeof(in))
				 : bind(fd, (struct sockaddr *)&in6, sizeof(in6)),
		0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static const struct sock *find_sock(const struct netns *netns, uint16_t port)
{
	for (size_t i = 0; i < netns->nsocks; i++) {
		if (netns->socks[i].port == port)
			return &netns->socks[i];
	}
	return NULL;
}

static void test_socks(void **state)
{
	const int one = 1;
	int fds[5];

	(void)state;
	need_root();
	fds[0] = open_socket(AF_INET6, SOCK_STREAM, 0, "::", 1001);
	fds[1] = open_socket(AF_INET, SOCK_STREAM, 0, "127.0.0.1", 1002);
	fds[2] = open_socket(AF_INET6, SOCK_DGRAM, 0, "::ffff:127.0.0.1", 1003);
	fds[3] = open_socket(AF_INET, SOCK_DGRAM, 0, "0.0.0.0", 1004);
	fds[4] = open_socket(AF_INET6, SOCK_STREAM, MPTCP, "::", 1005);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	int only = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(1006)};
	assert_int_equal(
		setsockopt(only, IPPROTO_IPV6, 26 /* IPV6_V6ONLY */, &one, 4), 0);
	assert_int_equal(bind(only, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(only, 1), 0);
	struct sockaddr_in peer = {.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(connect(fds[3], (struct sockaddr *)&peer, sizeof(peer)), 0);

	struct facts *facts = collect();
	const struct netns *host = facts->host;
	const struct sock *s = find_sock(host, 1001);
	assert_true(s && s->proto == IPPROTO_TCP && !s->v6only && s->local.value == 0);
	assert_int_equal(s->local.family, FAMILY_IP6);
	assert_int_equal(s->pid, getpid());
	assert_string_equal(s->comm, "test_collect");
	assert_null(s->container_id);
	s = find_sock(host, 1002);
	assert_true(s && same(&s->local, "127.0.0.1") && s->ifindex == 1);
	s = find_sock(host, 1003); /* bound to a mapped address: it hears IPv4 */
	assert_true(s && same(&s->local, "127.0.0.1") && s->proto == IPPROTO_UDP);
	assert_false(s->connected);
	assert_true(find_sock(host, 1004)->connected);
	assert_true(find_sock(host, 1006)->v6only);
	if (fds[4] >=
		0) { /* its TCP socket is nobody's: the owner is the MPTCP one's */
		s = find_sock(host, 1005);
		assert_true(s && s->proto == IPPROTO_TCP && s->pid == getpid());
	}
	facts_free(facts);
	close(only);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static bool is_member(const struct netns *netns, int ifindex, const char *group)
{
	for (size_t i = 0; i < netns->ngroups; i++)
		if (netns->groups[i].ifindex == ifindex &&
			same(&netns->groups[i].group, group))
			return true;
	return false;
}

/* Groups of sockets that are bound to any address, and what the kernel joins itself. */
static void test_groups(void **state)
{
	(void)state;
	need_root();
	run("ip link add v0 index 77 type veth peer name v1 && ip link set v0 up");
	const int v0 = 77;
	int four = open_socket(AF_INET, SOCK_DGRAM, 0, "0.0.0.0", 5353);
	int six = open_socket(AF_INET6, SOCK_DGRAM, 0, "::", 5354);
	struct ip_mreqn mreq = {.imr_ifindex = v0};
	struct ipv6_mreq mreq6 = {.ipv6mr_interface = 1};

	assert_int_equal(inet_pton(AF_INET, "224.0.0.251", &mreq.imr_multiaddr), 1);
	assert_int_equal(inet_pton(AF_INET6, "ff05::fb", &mreq6.ipv6mr_multiaddr), 1);
	assert_int_equal(
		setsockopt(four, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)),
		0);
	assert_int_equal(setsockopt(six, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &mreq6,
				 sizeof(mreq6)),
		0);
	struct facts *facts = collect();
	const struct netns *host = facts->host;
	assert_true(host->groups_known);
	assert_true(is_member(host, v0, "224.0.0.251"));
	assert_true(is_member(host, v0, "224.0.0.1"));
	assert_true(is_member(host, 1, "224.0.0.1"));
	assert_true(is_member(host, 1, "ff05::fb"));
	assert_true(is_member(host, v0, "ff02::1"));
	assert_false(is_member(host, 1, "224.0.0.251"));
	facts_free(facts);
	close(four);
	close(six);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_links),
		TEST(test_tc_ingress),
		TEST(test_address_without_its_route),
		TEST(test_addresses_and_routes_of_one_moment),
		TEST(test_routes),
		TEST(test_sysctls),
		TEST(test_nft),
		TEST(test_nft_consistent),
		TEST(test_legacy),
		TEST(test_ipset_addr),
		TEST(test_ipset_tuple),
		TEST(test_socks),
		TEST(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
