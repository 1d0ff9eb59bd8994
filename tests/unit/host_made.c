/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_made.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/reach/hooks.h"

#define ROOM 40 /* items of each kind */

static struct netns *make_netns(struct arena *arena, struct netns *ns, const char *id)
{
	if (!ns)
		ns = arena_alloc(arena, sizeof(*ns));
	ns->id = id;
	ns->links = arena_array(arena, ROOM, sizeof(*ns->links));
	ns->addrs = arena_array(arena, ROOM, sizeof(*ns->addrs));
	ns->routes = arena_array(arena, ROOM, sizeof(*ns->routes));
	for (size_t i = 0; i < ROOM; i++)
		ns->routes[i].hops = arena_array(arena, 2, sizeof(struct nexthop));
	ns->rules = arena_array(arena, ROOM, sizeof(*ns->rules));
	ns->sysctls = arena_array(arena, ROOM, sizeof(*ns->sysctls));
	ns->socks = arena_array(arena, ROOM, sizeof(*ns->socks));
	ns->socks_known = ns->rules_known = ns->routes_known = true;
	host_rule(ns, 0, RT_TABLE_LOCAL);
	host_rule(ns, 32766, RT_TABLE_MAIN);
	return ns;
}

struct link *host_link(struct netns *ns, int index, const char *name, const char *kind)
{
	struct link *link = &ns->links[ns->nlinks++];

	*link = (struct link){.index = index,
		.name = name,
		.kind = kind,
		.link_netnsid = -1,
		.up = true};
	return link;
}

static struct prefix parse_prefix(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, NULL), 0);
	return prefix;
}

static struct addr parse_addr(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

struct route *host_route(struct netns *ns, uint32_t table, const char *prefix,
	uint8_t type, int ifindex, const char *gateway)
{
	struct route *route = &ns->routes[ns->nroutes++];

	route->dst = parse_prefix(prefix);
	route->family = route->dst.family;
	route->table = table;
	route->type = type;
	route->nhops = ifindex != 0;
	route->hops[0].ifindex = ifindex;
	if (gateway)
		route->hops[0].gateway = parse_addr(gateway);
	return route;
}

void host_addr(struct netns *ns, int ifindex, const char *prefix, const char *addr)
{
	struct ifaddr *a = &ns->addrs[ns->naddrs++];

	a->ifindex = ifindex;
	a->local = a->peer = parse_addr(addr);
	a->prefix_len = parse_prefix(prefix).len;
	host_route(ns, RT_TABLE_LOCAL, addr, RTN_LOCAL, ifindex, NULL);
	host_route(ns, RT_TABLE_MAIN, prefix, RTN_UNICAST, ifindex, NULL);
}

struct route_rule *host_rule(struct netns *ns, uint32_t priority, uint32_t table)
{
	struct route_rule *rule = &ns->rules[ns->nrules++];

	*rule = (struct route_rule){.family = FAMILY_IP4,
		.priority = priority,
		.table = table,
		.action = FR_ACT_TO_TBL,
		.suppress_prefix_len = -1};
	return rule;
}

void host_sysctl(struct netns *ns, const char *name, int64_t value)
{
	size_t i = 0;

	while (i < ns->nsysctls && strcmp(ns->sysctls[i].name, name) < 0)
		i++;
	if (i == ns->nsysctls || strcmp(ns->sysctls[i].name, name) != 0) {
		memmove(ns->sysctls + i + 1, ns->sysctls + i,
			(ns->nsysctls++ - i) * sizeof(*ns->sysctls));
		ns->sysctls[i].name = name;
	}
	ns->sysctls[i].value = value;
}

struct sock *host_listen(struct netns *ns, uint8_t proto, uint16_t port)
{
	struct sock *sock = &ns->socks[ns->nsocks++];

	*sock = (struct sock){.proto = proto,
		.local = {0, FAMILY_IP4},
		.port = port,
		.pid = 1,
		.comm = "srv"};
	return sock;
}

static void make_web(struct host_made *h)
{
	struct arena *arena = &h->facts->arena;
	struct netns **all = arena_array(arena, 1, sizeof(*all));
	struct container_net *net = arena_alloc(arena, sizeof(*net));

	h->inside = make_netns(arena, NULL, "netns:2");
	host_link(h->inside, 1, "lo", NULL)->loopback = true;
	host_link(h->inside, 5, "eth0", "veth");
	host_addr(h->inside, 5, "172.17.0.0/16", "172.17.0.2");
	host_route(h->inside, RT_TABLE_MAIN, "0.0.0.0/0", RTN_UNICAST, 5, "172.17.0.1");
	host_sysctl(h->inside, "net/ipv4/conf/eth0/forwarding", 0);
	host_listen(h->inside, IPPROTO_TCP, 80);
	all[0] = h->inside;
	h->facts->netns = all;
	h->facts->nnetns = 1;
	h->network = arena_alloc(arena, sizeof(*h->network));
	*h->network = (struct network){
		.id = "n1", .name = "bridge", .driver = "bridge", .bridge = "docker0"};
	h->facts->networks = h->network;
	h->facts->nnetworks = 1;
	*net = (struct container_net){.network = "bridge",
		.network_id = "n1",
		.addr4 = parse_addr("172.17.0.2"),
		.prefix_len4 = 16};
	h->web = arena_alloc(arena, sizeof(*h->web));
	*h->web = (struct container){.id = "c1",
		.name = "web",
		.state = "running",
		.nets = net,
		.nnets = 1,
		.netns = h->inside};
	h->facts->containers = h->web;
	h->facts->ncontainers = 1;
	h->facts->docker_sockets_known = true;
}

void host_open(struct host_made *h)
{
	struct link *lo;

	memset(h, 0, sizeof(*h));
	arena_init(&h->rules.arena, 0);
	arena_init(&h->arena, 0);
	h->facts = facts_new();
	assert_non_null(h->facts);
	h->host = make_netns(&h->facts->arena, h->facts->host, "host");
	lo = host_link(h->host, 1, "lo", NULL);
	lo->loopback = true;
	host_link(h->host, HOST_ETH0, "eth0", NULL);
	host_link(h->host, HOST_DOCKER0, "docker0", "bridge");
	host_route(h->host, RT_TABLE_LOCAL, "127.0.0.0/8", RTN_LOCAL, 1, NULL);
	host_addr(h->host, HOST_ETH0, "203.0.113.0/24", "203.0.113.1");
	host_addr(h->host, HOST_DOCKER0, "172.17.0.0/16", "172.17.0.1");
	host_route(h->host, RT_TABLE_MAIN, "0.0.0.0/0", RTN_UNICAST, HOST_ETH0,
		"203.0.113.254");
	host_sysctl(h->host, "net/ipv4/conf/eth0/forwarding", 1);
	host_sysctl(h->host, "net/ipv4/conf/docker0/forwarding", 1);
	make_web(h);
}

/* The rules made by hand take the place of those decoded from no messages. */
static void make_ready(struct host_made *h)
{
	struct space *space;

	if (h->reach)
		return;
	assert_int_equal(reach_new(h->facts, NULL, 0, &h->reach, NULL), 0);
	space = h->reach->host;
	h->decoded = space->rules;
	h->rules.uses_conntrack = true;
	space->rules = &h->rules;
	space->tracks = true;
	space->index = arena_array(&space->arena, h->rules.nchains + 1, sizeof(void *));
	space->sets = arena_array(&space->arena, h->rules.nsets + 1, sizeof(void *));
	assert_int_equal(hooks_collect(space), 0);
	assert_int_equal(space_class_source_ports(space), 0);
	space->tells_strange = space_rules_tell_strange(&h->rules);
}

void host_close(struct host_made *h)
{
	if (h->reach)
		h->reach->host->rules = h->decoded;
	reach_free(h->reach);
	facts_free(h->facts);
	arena_done(&h->rules.arena);
	arena_done(&h->arena);
}

enum result host_ask(struct host_made *h, const char *in, const char *from,
	const char *to, uint16_t port)
{
	struct question question = {.from = parse_addr(from),
		.to = parse_addr(to),
		.proto = IPPROTO_TCP,
		.port = port,
		.sport = -1,
		.in = in};
	struct answer answer;

	make_ready(h);
	assert_int_equal(
		reach_explain(h->reach, &question, &h->arena, &answer, NULL), 0);
	/* What is not certain says why. */
	assert_true(answer.result != RESULT_MAYBE || answer.ngaps > 0);
	return answer.result;
}

struct answer host_datagram(
	struct host_made *h, const char *from, uint32_t to, uint16_t port)
{
	const struct question question = {.from = parse_addr(from),
		.to = {to, FAMILY_IP4},
		.proto = IPPROTO_UDP,
		.port = port,
		.sport = -1,
		.in = "eth0"};
	struct answer answer;

	make_ready(h);
	assert_int_equal(
		reach_explain(h->reach, &question, &h->arena, &answer, NULL), 0);
	return answer;
}

void host_survey(struct host_made *h, struct report *report)
{
	make_ready(h);
	memset(report, 0, sizeof(*report));
	arena_init(&report->arena, 0);
	report->facts = h->facts;
	report->ruleset = &h->rules;
	assert_int_equal(reach_exposures(h->reach, report, NULL), 0);
}

struct chain *host_publish(struct host_made *h)
{
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_PREROUTING, -100, CHAIN_NAT);
	struct op ops[] = {
		made_match(&h->rules.arena, made_dport(), CMP_EQ, 8080, 0, 2),
		made_dnat(&h->rules.arena, HOST_WEB, 80)};

	made_rule(&h->rules, chain, ops, 2);
	return chain;
}

const struct exposure *host_exposure(const struct report *report, uint16_t port)
{
	for (size_t i = 0; i < report->nexposures; i++)
		if (report->exposures[i].endpoint.port == port)
			return &report->exposures[i];
	return NULL;
}

int host_setup(void **state)
{
	static struct host_made h;

	host_open(&h);
	*state = &h;
	return 0;
}

int host_teardown(void **state)
{
	host_close(*state);
	return 0;
}
