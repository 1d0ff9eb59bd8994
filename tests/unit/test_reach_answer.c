/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers on their way back: where they come from, which entry and route they have. */
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host_made.h"

#define STRANGER   "198.51.100.9"
#define HOST	   "203.0.113.1"
#define WEB	   "172.17.0.2"
#define HOST_WORD  0xcb007101u
#define WEB_WORD   0xac110002u
#define DOCKER0_IP 0xac110001u

static struct chain *filter(struct host_made *h, enum hook hook, int32_t priority)
{
	return made_chain(&h->rules, "f", true, hook, priority, CHAIN_FILTER);
}

static void add(struct host_made *h, struct chain *chain, struct op a, struct op b)
{
	struct op ops[] = {a, b};

	made_rule(&h->rules, chain, ops, 2);
}

static struct op is_addr(
	struct host_made *h, const struct operand *which, uint32_t address)
{
	return made_match(&h->rules.arena, which, CMP_EQ, address, 0, 4);
}

static struct op drop(void)
{
	return made_verdict(VERDICT_DROP, NULL);
}

static struct op reject(void)
{
	return (struct op){.kind = OP_REJECT, .reject = REJECT_ICMP};
}

static struct op zone(struct host_made *h, uint16_t number, bool retracks)
{
	struct operand *operand = arena_alloc(&h->rules.arena, sizeof(*operand));
	uint8_t *bytes = arena_memdup(&h->rules.arena, &number, sizeof(number));

	operand->field = FIELD_CONST;
	operand->len = operand->load_len = sizeof(number);
	operand->bytes = bytes;
	return (struct op){.kind = OP_ZONE, .operand = operand, .retracks = retracks};
}

static struct nat *masquerade_to_web(struct host_made *h)
{
	struct chain *chain =
		made_chain(&h->rules, "nat", true, HOOK_POSTROUTING, 100, CHAIN_NAT);
	struct nat *nat = arena_alloc(&h->rules.arena, sizeof(*nat));
	struct op op = {.kind = OP_NAT, .nat = nat};

	nat->kind = NAT_MASQUERADE;
	nat->family = FAMILY_IP4;
	add(h, chain, is_addr(h, made_daddr(), WEB_WORD), op);
	return nat;
}

/* ---------------------------------------------------------------- ICMP errors */

static void an_error_comes_from_the_router(void **state)
{
	struct host_made *h = *state;
	struct chain *out = filter(h, HOOK_OUTPUT, 0);

	add(h, filter(h, HOOK_FORWARD, 0), is_addr(h, made_daddr(), WEB_WORD),
		reject());
	add(h, out, is_addr(h, made_saddr(), WEB_WORD), drop());
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_REJECTED);
	add(h, out, is_addr(h, made_saddr(), HOST_WORD), drop());
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_FILTERED);
}

/* The route may say which address that is. */
static void an_error_comes_from_its_routes_source(void **state)
{
	struct host_made *h = *state;

	add(h, filter(h, HOOK_FORWARD, 0), is_addr(h, made_daddr(), WEB_WORD),
		reject());
	add(h, filter(h, HOOK_OUTPUT, 0), is_addr(h, made_saddr(), DOCKER0_IP), drop());
	for (size_t i = 0; i < h->host->nroutes; i++)
		if (h->host->routes[i].dst.len == 0)
			h->host->routes[i].prefsrc =
				(struct addr){DOCKER0_IP, FAMILY_IP4};
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_FILTERED);
	assert_int_equal(host_ask(h, "eth0", "203.0.113.7", WEB, 80), RESULT_REJECTED);
}

/* A rule by source does not see the address that was asked: the error has none yet. */
static void an_error_is_routed_before_it_has_a_source(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule = host_rule(h->host, 100, 100);

	rule->src = (struct prefix){0xac110000, FAMILY_IP4, 16};
	host_route(h->host, 100, "0.0.0.0/0", RTN_BLACKHOLE, 0, NULL);
	host_rule(h->host, 0, RT_TABLE_LOCAL);
	host_rule(h->host, 32766, RT_TABLE_MAIN);
	add(h, filter(h, HOOK_FORWARD, 0), is_addr(h, made_daddr(), WEB_WORD),
		reject());
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_REJECTED);
}

/* ---------------------------------------------------------------- sources */

/* What a policy route delivers here no plain socket answers, but a transparent one. */
static void a_foreign_address_is_not_answered_from(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule = host_rule(h->host, 100, 100);
	struct sock *ssh = host_listen(h->host, IPPROTO_TCP, 22);

	rule->dst = (struct prefix){0xc0000200, FAMILY_IP4, 24};
	host_route(h->host, 100, "0.0.0.0/0", RTN_LOCAL, 1, NULL);
	host_rule(h->host, 0, RT_TABLE_LOCAL);
	host_rule(h->host, 32766, RT_TABLE_MAIN);
	assert_int_equal(
		host_ask(h, "eth0", STRANGER, "192.0.2.9", 23), RESULT_FILTERED);
	assert_int_equal(host_ask(h, "eth0", STRANGER, "192.0.2.9", 22), RESULT_MAYBE);
	ssh->opaque = true;
	assert_int_equal(
		host_ask(h, "eth0", STRANGER, "192.0.2.9", 22), RESULT_FILTERED);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
}

/* ---------------------------------------------------------------- devices */

/* Sources of the container network come in by eth0: answers go to docker0, unless the
 * socket's device keeps them at eth0. */
static void a_bound_socket_answers_by_its_device(void **state)
{
	struct host_made *h = *state;
	struct sock *ssh = host_listen(h->host, IPPROTO_TCP, 22);

	assert_int_equal(host_ask(h, "eth0", "172.17.0.99", HOST, 22), RESULT_FILTERED);
	ssh->ifindex = HOST_ETH0;
	assert_int_equal(host_ask(h, "eth0", "172.17.0.99", HOST, 22), RESULT_OPEN);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
}

static void a_rule_by_device_is_for_bound_sockets(void **state)
{
	struct host_made *h = *state;
	struct sock *ssh = host_listen(h->host, IPPROTO_TCP, 22);
	struct route_rule *rule = host_rule(h->host, 100, 100);

	rule->oif = "eth0";
	host_route(h->host, 100, "198.51.100.0/24", RTN_UNICAST, HOST_DOCKER0, NULL);
	host_route(h->host, 100, "192.0.2.0/24", RTN_UNICAST, HOST_ETH0, NULL);
	host_rule(h->host, 0, RT_TABLE_LOCAL);
	host_rule(h->host, 32766, RT_TABLE_MAIN);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
	ssh->ifindex = HOST_ETH0;
	/* The route by docker0 is passed over. */
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
	assert_int_equal(host_ask(h, "eth0", "192.0.2.9", HOST, 22), RESULT_OPEN);
}

/* Without a route the peer is taken for a neighbour, which it may be. */
static void a_bound_socket_needs_no_route(void **state)
{
	struct host_made *h = *state;
	struct sock *ssh = host_listen(h->host, IPPROTO_TCP, 22);

	h->host->nroutes--; /* the default route is the last */
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_FILTERED);
	ssh->ifindex = HOST_ETH0;
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_MAYBE);
}

/* ---------------------------------------------------------------- zones */

static void an_answer_is_looked_up_in_its_zone(void **state)
{
	struct host_made *h = *state;
	struct chain *raw = filter(h, HOOK_PREROUTING, -300);

	masquerade_to_web(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_OPEN);
	add(h, raw, is_addr(h, made_saddr(), WEB_WORD), zone(h, 5, true));
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_FILTERED);
	add(h, raw, is_addr(h, made_daddr(), WEB_WORD), zone(h, 5, true));
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_OPEN);
}

/* One that is for first packets alone: their answers are looked up in none. */
static void a_zone_of_one_direction(void **state)
{
	struct host_made *h = *state;
	struct chain *raw = filter(h, HOOK_PREROUTING, -300);
	struct op original = zone(h, 5, true), reply = zone(h, 5, true);

	original.side = ZONE_ORIGINAL;
	reply.side = ZONE_REPLY;
	masquerade_to_web(h);
	add(h, raw, is_addr(h, made_daddr(), WEB_WORD), original);
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_OPEN);
	add(h, raw, is_addr(h, made_saddr(), WEB_WORD), reply);
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_FILTERED);
}

/* Who is in another zone gets an answer that is translated back by nothing. */
static void a_zone_that_nobody_can_tell(void **state)
{
	struct host_made *h = *state;
	struct chain *raw = filter(h, HOOK_PREROUTING, -300);

	host_publish(h);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_OPEN);
	add(h, raw, (struct op){.kind = OP_MAYBE, .code = "mac"}, zone(h, 5, true));
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 8080), RESULT_MAYBE);
}

/* To what it was masqueraded as, which is this host, and so it stays here. */
static void an_answer_may_be_for_the_host_itself(void **state)
{
	struct host_made *h = *state;
	struct chain *raw = filter(h, HOOK_PREROUTING, -300);

	masquerade_to_web(h);
	add(h, raw, (struct op){.kind = OP_MAYBE, .code = "mac"}, zone(h, 5, true));
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_MAYBE);
}

/* The first zone stays; nft's takes a notrack back, xt's does not. */
static void a_zone_after_another_statement(void **state)
{
	struct host_made *h = *state;
	struct chain *raw = filter(h, HOOK_PREROUTING, -300);
	struct op notrack = {.kind = OP_NOTRACK};

	masquerade_to_web(h);
	add(h, raw, is_addr(h, made_daddr(), WEB_WORD), zone(h, 0, true));
	add(h, raw, is_addr(h, made_daddr(), WEB_WORD), zone(h, 5, true));
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_OPEN);
	add(h, raw, is_addr(h, made_saddr(), WEB_WORD), notrack);
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_FILTERED);
	add(h, raw, is_addr(h, made_saddr(), WEB_WORD), zone(h, 0, false));
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_FILTERED);
	add(h, raw, is_addr(h, made_saddr(), WEB_WORD), zone(h, 0, true));
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_OPEN);
}

/* What rejects has the packet's own entry, in whatever zone, and is related to it. */
static void a_rejection_is_related(void **state)
{
	static const struct operand ct_state = {.field = FIELD_CT_STATE, .len = 4};
	static const struct operand ct_status = {.field = FIELD_CT_STATUS, .len = 4};
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	const uint32_t related = 1u << (IP_CT_RELATED + 1);
	struct chain *raw = filter(h, HOOK_PREROUTING, -300);
	struct op match = made_match(arena, &ct_state, CMP_EQ, 0, 0, 4);
	struct op reset = {.kind = OP_REJECT, .reject = REJECT_TCP_RESET};
	struct chain *out = filter(h, HOOK_OUTPUT, -400);
	struct chain *post = filter(h, HOOK_POSTROUTING, 0);

	match.lo = arena_memdup(arena, &related, sizeof(related));
	add(h, raw, is_addr(h, made_daddr(), WEB_WORD), zone(h, 5, true));
	add(h, filter(h, HOOK_FORWARD, 0), is_addr(h, made_daddr(), WEB_WORD), reset);
	out->policy = VERDICT_DROP;
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_FILTERED);
	add(h, out, match, made_verdict(VERDICT_ACCEPT, NULL));
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_REJECTED);
	/* The entry of a packet that never got through is not confirmed. */
	match = made_match(arena,
		made_masked(arena, &ct_status, htonl(IPS_CONFIRMED), 0), CMP_NEQ, 0, 0,
		4);
	add(h, post, match, drop());
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_REJECTED);
	/* A socket's answer is not. */
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 23), RESULT_FILTERED);
}

static enum result ask_from_500(struct host_made *h)
{
	struct question question = {.from = {0xc6336409, FAMILY_IP4},
		.to = {WEB_WORD, FAMILY_IP4},
		.proto = IPPROTO_TCP,
		.port = 80,
		.sport = 500,
		.in = "eth0"};
	struct answer answer;

	assert_int_equal(
		reach_explain(h->reach, &question, &h->arena, &answer, NULL), 0);
	return answer.result;
}

/* An answer goes to a port of the range, whatever the client's was. */
static void an_answer_to_a_translated_port(void **state)
{
	struct host_made *h = *state;
	struct arena *arena = &h->rules.arena;
	struct nat *nat = masquerade_to_web(h);
	struct op ops[] = {is_addr(h, made_saddr(), WEB_WORD),
		made_match(arena, made_dport(), CMP_LTE, 1023, 0, 2), drop()};

	made_rule(&h->rules, filter(h, HOOK_PREROUTING, -300), ops, 3);
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_OPEN);
	assert_int_equal(ask_from_500(h), RESULT_FILTERED);
	nat->port_min = made_dnat(arena, 0, 20000).nat->port_min;
	nat->port_max = made_dnat(arena, 0, 30000).nat->port_min;
	assert_int_equal(ask_from_500(h), RESULT_MAYBE);
}

/* "field in lo-hi drop", or outside of it, for ports of an entry's tuples. */
static void drop_ports(struct host_made *h, struct chain *chain, enum field field,
	enum cmp cmp, uint16_t lo, uint16_t hi)
{
	struct operand *ports = arena_alloc(&h->rules.arena, sizeof(*ports));

	*ports = (struct operand){.field = field, .load_len = 2, .len = 2};
	add(h, chain, made_match(&h->rules.arena, ports, cmp, lo, hi, 2), drop());
}

/* Rules about where things go meet answers, too: what an ordinary client gets counts,
 * unless he alone gets nothing. */
static void a_client_has_some_port(void **state)
{
	struct host_made *h = *state;
	struct chain *out = filter(h, HOOK_OUTPUT, 0);

	host_listen(h->host, IPPROTO_TCP, 22);
	drop_ports(h, out, FIELD_DPORT, CMP_EQ, 25, 25);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 23), RESULT_CLOSED);
	drop_ports(h, out, FIELD_DPORT, CMP_RANGE, 32768, 60999);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_MAYBE);
	drop_ports(h, out, FIELD_DPORT, CMP_NEQ, 4444, 4444);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_MAYBE);
	drop_ports(h, out, FIELD_DPORT, CMP_RANGE, 0, 65535);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_FILTERED);
}

/* Where rules tell more client ports apart than are followed, none is known. */
static void an_entry_has_a_port_nobody_knows(void **state)
{
	struct host_made *h = *state;
	struct chain *out = filter(h, HOOK_OUTPUT, 0);

	for (uint16_t port = ORDINARY_PORT - 50; port < ORDINARY_PORT + 50; port++)
		drop_ports(h, out, FIELD_CT_ORIG_SPORT, CMP_EQ, port, port);
	host_listen(h->host, IPPROTO_TCP, 22);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_MAYBE);
	out->nrules = 0;
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
	drop_ports(h, out, FIELD_CT_ORIG_SPORT, CMP_RANGE, 32768, 65535);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_MAYBE);
	assert_int_equal(ask_from_500(h), RESULT_OPEN); /* of the container */
}

/* What masquerading makes of the client's port is in its entry, and not known. */
static void an_entry_has_a_translated_port(void **state)
{
	struct host_made *h = *state;
	struct nat *nat = masquerade_to_web(h);
	struct chain *forward = filter(h, HOOK_FORWARD, 0);

	nat->port_min = made_dnat(&h->rules.arena, 0, 20000).nat->port_min;
	nat->port_max = made_dnat(&h->rules.arena, 0, 30000).nat->port_min;
	assert_int_equal(host_ask(h, "eth0", STRANGER, WEB, 80), RESULT_OPEN);
	drop_ports(h, forward, FIELD_CT_REPLY_DPORT, CMP_NOT_RANGE, 400, 20500);
	assert_int_equal(ask_from_500(h), RESULT_MAYBE);
}

/* As a kernel does it: rp_filter is about the interface, never about the router. */
static void an_answer_by_another_router(void **state)
{
	static const struct {
		const char *router;
		int ifindex;
		int64_t rp_filter;
		enum result stranger, neighbour, borrower;
	} rows[] = {
		{"203.0.113.253", HOST_ETH0, 0, RESULT_OPEN, RESULT_OPEN,
			RESULT_FILTERED},
		{"203.0.113.253", HOST_ETH0, 1, RESULT_OPEN, RESULT_OPEN,
			RESULT_FILTERED},
		{"203.0.113.253", HOST_ETH0, 2, RESULT_OPEN, RESULT_OPEN,
			RESULT_FILTERED},
		{"192.0.2.254", 4, 0, RESULT_MAYBE, RESULT_OPEN, RESULT_FILTERED},
		{"192.0.2.254", 4, 1, RESULT_FILTERED, RESULT_OPEN, RESULT_FILTERED},
		{"192.0.2.254", 4, 2, RESULT_MAYBE, RESULT_OPEN, RESULT_FILTERED},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct host_made h;

		host_open(&h);
		host_link(h.host, 4, "eth1", NULL);
		host_addr(h.host, 4, "192.0.2.0/24", "192.0.2.1");
		host_sysctl(h.host, "net/ipv4/conf/eth0/rp_filter", rows[i].rp_filter);
		host_listen(h.host, IPPROTO_TCP, 22);
		for (size_t k = 0; k < h.host->nroutes; k++) {
			struct nexthop *hop = h.host->routes[k].hops;

			if (h.host->routes[k].dst.len)
				continue;
			hop->ifindex = rows[i].ifindex;
			assert_int_equal(
				addr_parse(rows[i].router, &hop->gateway, NULL), 0);
		}
		assert_int_equal(
			host_ask(&h, "eth0", STRANGER, HOST, 22), rows[i].stranger);
		assert_int_equal(host_ask(&h, "eth0", "203.0.113.7", HOST, 22),
			rows[i].neighbour);
		/* An address of eth1's network: its owner hears the answer. */
		assert_int_equal(
			host_ask(&h, "eth0", "192.0.2.7", HOST, 22), rows[i].borrower);
		host_close(&h);
	}
}

/* A neighbour may ask 127.0.0.1; its answer does not travel by a router. */
static void a_loopback_address_is_not_routed(void **state)
{
	struct host_made *h = *state;

	host_listen(h->host, IPPROTO_TCP, 22);
	host_sysctl(h->host, "net/ipv4/conf/eth0/route_localnet", 1);
	assert_int_equal(
		host_ask(h, "eth0", "203.0.113.7", "127.0.0.1", 22), RESULT_OPEN);
	assert_int_equal(host_ask(h, "eth0", STRANGER, "127.0.0.1", 22), RESULT_MAYBE);
}

/* A mark has an answer routed again where a chain of type route sets it. */
static void a_mark_of_a_filter_chain_routes_nothing(void **state)
{
	struct host_made *h = *state;
	struct route_rule *rule = host_rule(h->host, 100, 100);
	struct chain *out = filter(h, HOOK_OUTPUT, -150);
	const uint32_t number = 0x10;
	struct operand mark = {.field = FIELD_CONST,
		.len = 4,
		.load_len = 4,
		.bytes = (const uint8_t *)&number};
	struct op set = {.kind = OP_SET, .field = FIELD_MARK, .operand = &mark};

	rule->mark = number;
	rule->mark_mask = UINT32_MAX;
	host_route(h->host, 100, "0.0.0.0/0", RTN_BLACKHOLE, 0, NULL);
	host_rule(h->host, 0, RT_TABLE_LOCAL);
	host_rule(h->host, 32766, RT_TABLE_MAIN);
	host_listen(h->host, IPPROTO_TCP, 22);
	add(h, out, is_addr(h, made_saddr(), HOST_WORD), set);
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_OPEN);
	out->type = CHAIN_ROUTE;
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_FILTERED);
}

/* An ICMP error about a packet is no reply to it: ct status seen-reply is not set. */
static void an_error_is_no_reply(void **state)
{
	static const struct operand ct_status = {.field = FIELD_CT_STATUS, .len = 4};
	struct host_made *h = *state;
	struct op replied = made_match(&h->rules.arena,
		made_masked(&h->rules.arena, &ct_status, htonl(IPS_SEEN_REPLY), 0),
		CMP_NEQ, 0, 0, 4);

	host_listen(h->host, IPPROTO_TCP, 22);
	add(h, filter(h, HOOK_POSTROUTING, 0), replied, drop());
	assert_int_equal(host_ask(h, "eth0", STRANGER, HOST, 22), RESULT_FILTERED);
	assert_int_equal(
		host_datagram(h, STRANGER, HOST_WORD, 53).result, RESULT_CLOSED);
	assert_int_equal(
		host_datagram(h, STRANGER, WEB_WORD, 53).result, RESULT_CLOSED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_error_comes_from_the_router),
		T(an_error_comes_from_its_routes_source),
		T(an_error_is_routed_before_it_has_a_source),
		T(a_foreign_address_is_not_answered_from),
		T(a_bound_socket_answers_by_its_device),
		T(a_rule_by_device_is_for_bound_sockets),
		T(a_bound_socket_needs_no_route),
		T(an_answer_is_looked_up_in_its_zone),
		T(a_zone_of_one_direction),
		T(a_zone_that_nobody_can_tell),
		T(an_answer_may_be_for_the_host_itself),
		T(a_zone_after_another_statement),
		T(a_rejection_is_related),
		T(an_answer_to_a_translated_port),
		T(a_client_has_some_port),
		T(an_entry_has_a_port_nobody_knows),
		T(an_entry_has_a_translated_port),
		T(an_answer_by_another_router),
		T(a_loopback_address_is_not_routed),
		T(a_mark_of_a_filter_chain_routes_nothing),
		T(an_error_is_no_reply),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
