/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asked and who answered, quietly and under floods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "netmon/confirm/flows.h"

#define HOST  0xcb00710aU /* 203.0.113.10 */
#define GUEST 0xc6336400U /* 198.51.100.0 */

static struct packet packet_of(enum packet_kind kind, u128 stranger, uint16_t sport,
	uint16_t port, enum packet_way way)
{
	bool answer = kind == PACKET_SYN_ACK || kind == PACKET_INIT_ACK;
	struct packet p = {.status = PACKET_OK,
		.kind = kind,
		.way = way,
		.key = {.family = FAMILY_IP4,
			.proto = kind == PACKET_UDP ? IPPROTO_UDP : IPPROTO_TCP,
			.sport = sport,
			.dport = port,
			.src = stranger,
			.dst = HOST}};

	if (answer || (kind == PACKET_UDP && way == PACKET_OUT))
		p.key = flow_key_turn(&p.key);
	return p;
}

static void feed(struct flows *flows, enum packet_kind kind, u128 stranger,
	uint16_t sport, uint16_t port, enum packet_way way, int64_t time_us)
{
	const struct packet p = packet_of(kind, stranger, sport, port, way);

	flows_packet(flows, &p, time_us);
}

static const struct flow_stat *stat_of(const struct flows *flows, uint16_t port)
{
	const struct flow_stat *stat;
	size_t at = 0;

	while ((stat = flows_next(flows, &at)))
		if (stat->endpoint.port == port)
			return stat;
	return NULL;
}

static struct flows *make(void)
{
	struct flows *flows = flows_new(&(struct flows_options){.key = 42});

	assert_non_null(flows);
	return flows;
}

static void handshake(void **state)
{
	struct flows *flows = make();
	(void)state;

	feed(flows, PACKET_SYN, GUEST + 7, 40000, 80, PACKET_IN, 5);
	feed(flows, PACKET_SYN, GUEST + 8, 40000, 80, PACKET_IN, 6);
	const struct flow_stat *stat = stat_of(flows, 80);
	assert_non_null(stat);
	assert_int_equal(stat->attempts, 2);
	assert_int_equal(stat->handshakes, 0);
	assert_int_equal(flows_sources(flows, stat, false), 2);
	feed(flows, PACKET_SYN_ACK, GUEST + 8, 40000, 80, PACKET_OUT, 7);
	/* The same answer sent again is no second handshake; the next port's is. */
	feed(flows, PACKET_SYN_ACK, GUEST + 8, 40000, 80, PACKET_OUT, 8);
	feed(flows, PACKET_SYN_ACK, GUEST + 8, 40001, 80, PACKET_OUT, 9);
	assert_int_equal(stat->handshakes, 2);
	assert_int_equal(flows_sources(flows, stat, true), 1);
	assert_true(stat->sample == GUEST + 8);
	assert_int_equal(stat->first_us, 7);
	assert_int_equal(stat->last_us, 9);
	flows_free(flows);
}

/* Packets of our own connections to elsewhere: a SYN going out, its answer coming in.
 */
static void our_own_connections(void **state)
{
	struct flows *flows = make();
	size_t at = 0;
	(void)state;

	feed(flows, PACKET_SYN, GUEST, 40000, 80, PACKET_OUT, 1);
	feed(flows, PACKET_SYN_ACK, GUEST, 40000, 80, PACKET_IN, 2);
	assert_null(flows_next(flows, &at));
	flows_free(flows);
}

static void udp_who_spoke_first(void **state)
{
	struct flows *flows = make();
	(void)state;

	/* A stranger asks and is answered, twice in one flow. */
	feed(flows, PACKET_UDP, GUEST, 5000, 53, PACKET_IN, 1);
	feed(flows, PACKET_UDP, GUEST, 5000, 53, PACKET_OUT, 2);
	feed(flows, PACKET_UDP, GUEST, 5000, 53, PACKET_IN, 3);
	feed(flows, PACKET_UDP, GUEST, 5000, 53, PACKET_OUT, 4);
	const struct flow_stat *stat = stat_of(flows, 53);
	assert_int_equal(stat->attempts, 1);
	assert_int_equal(stat->handshakes, 1);
	/* We asked: the answer, and what we say next, are no stranger's handshake. */
	feed(flows, PACKET_UDP, GUEST, 123, 6000, PACKET_OUT, 5);
	feed(flows, PACKET_UDP, GUEST, 123, 6000, PACKET_IN, 6);
	feed(flows, PACKET_UDP, GUEST, 123, 6000, PACKET_OUT, 7);
	assert_null(stat_of(flows, 6000));
	flows_free(flows);
}

static bool host_is_local(void *context, enum family family, u128 addr)
{
	(void)context;
	(void)family;
	return addr == HOST;
}

/* Ethernet captures do not tell the direction: the addresses do. */
static void udp_direction_by_address(void **state)
{
	struct flows *flows =
		flows_new(&(struct flows_options){.key = 1, .is_local = host_is_local});
	struct packet p = packet_of(PACKET_UDP, GUEST, 53, 53, PACKET_IN);
	(void)state;

	p.way = PACKET_WAY_UNKNOWN;
	flows_packet(flows, &p, 1);
	p.key = flow_key_turn(&p.key);
	flows_packet(flows, &p, 2);
	assert_int_equal(stat_of(flows, 53)->handshakes, 1);
	assert_true(stat_of(flows, 53)->sample == GUEST);
	flows_free(flows);
}

static void refused(void **state)
{
	struct flows *flows = make();
	struct packet p = {.status = PACKET_OK,
		.kind = PACKET_ICMP_ERROR,
		.way = PACKET_OUT,
		.quoted = packet_of(PACKET_UDP, GUEST, 5000, 161, PACKET_IN).key};
	(void)state;

	feed(flows, PACKET_UDP, GUEST, 5000, 161, PACKET_IN, 1);
	flows_packet(flows, &p, 2);
	p.way = PACKET_IN; /* somebody refuses us */
	flows_packet(flows, &p, 3);
	assert_int_equal(stat_of(flows, 161)->refused, 1);
	assert_int_equal(stat_of(flows, 161)->handshakes, 0);
	flows_free(flows);
}

static enum tri only_the_first_half(void *context, const struct endpoint *endpoint,
	const struct addr *source, uint16_t sport)
{
	(void)context;
	(void)sport;
	(void)endpoint;
	return source->value < GUEST + 128 ? TRI_YES : TRI_NO;
}

static void unexpected(void **state)
{
	struct flows *flows = flows_new(
		&(struct flows_options){.key = 1, .allows = only_the_first_half});
	(void)state;

	for (uint32_t i = 126; i < 130; i++)
		feed(flows, PACKET_SYN_ACK, GUEST + i, 40000, 80, PACKET_OUT, i);
	const struct flow_stat *stat = stat_of(flows, 80);
	assert_int_equal(stat->handshakes, 4);
	assert_int_equal(stat->unexpected, 2);
	assert_true(stat->stranger == GUEST + 128);
	assert_int_equal(stat->stranger_us, 128);
	flows_free(flows);
}

/* A flood to every port fills the table; every endpoint that answers is still found. */
static void flood_of_ports(void **state)
{
	struct flows *flows = make();
	uint64_t attempts = 0;
	const struct flow_stat *stat;
	size_t at = 0, answered = 0;
	(void)state;

	for (uint32_t i = 0; i < 200000; i++) {
		feed(flows, PACKET_SYN, (u128)i * 2654435761U % 0xffffffff, 1000,
			(uint16_t)i, PACKET_IN, i);
		if (i % 1000 == 999)
			feed(flows, PACKET_SYN_ACK, GUEST + i / 1000, 2000,
				(uint16_t)(50000 + i / 1000), PACKET_OUT, i);
	}
	while ((stat = flows_next(flows, &at))) {
		attempts += stat->attempts;
		answered += stat->handshakes == 1;
	}
	assert_int_equal(answered, 200);
	/* What found no place is counted: nothing is lost silently. */
	assert_int_equal(attempts + flows_untracked(flows), 200000);
	flows_free(flows);
}

/* Of a flood from everywhere to one closed port, 1,000 handshakes to another. */
static void flood_of_sources(void **state)
{
	struct flows *flows = make();
	uint32_t random = 1;
	(void)state;

	for (uint32_t i = 0; i < 1000000; i++) {
		random = random * 1664525 + 1013904223;
		feed(flows, PACKET_SYN, random, (uint16_t)random, 9, PACKET_IN, i);
		if (i % 1000 == 0) {
			feed(flows, PACKET_SYN, GUEST + i / 4000, (uint16_t)(i / 1000),
				80, PACKET_IN, i);
			feed(flows, PACKET_SYN_ACK, GUEST + i / 4000,
				(uint16_t)(i / 1000), 80, PACKET_OUT, i);
		}
	}
	const struct flow_stat *stat = stat_of(flows, 80);
	assert_int_equal(stat->handshakes, 1000);
	assert_in_range(flows_sources(flows, stat, true), 225, 275); /* 250 */
	stat = stat_of(flows, 9);
	assert_int_equal(stat->attempts, 1000000);
	assert_in_range(flows_sources(flows, stat, false), 850000, 1150000);
	assert_int_equal(flows_untracked(flows), 0);
	flows_free(flows);
}

static void estimates(void **state)
{
	(void)state;

	for (uint32_t n = 1; n <= 100000; n *= 10) {
		struct flows *flows = make();

		for (uint32_t i = 0; i < n; i++)
			feed(flows, PACKET_SYN, i, 1, 80, PACKET_IN, 1);
		uint64_t found = flows_sources(flows, stat_of(flows, 80), false);
		assert_in_range(found, n - n / 5, n + n / 5);
		flows_free(flows);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake),
		cmocka_unit_test(our_own_connections),
		cmocka_unit_test(udp_who_spoke_first),
		cmocka_unit_test(udp_direction_by_address),
		cmocka_unit_test(refused),
		cmocka_unit_test(unexpected),
		cmocka_unit_test(flood_of_ports),
		cmocka_unit_test(flood_of_sources),
		cmocka_unit_test(estimates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
