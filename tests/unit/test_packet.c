/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded and hand-made frames, whole and cut at every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>
#include <pcap.h>

#include "common/cleanup.h"
#include "netmon/confirm/frame.h"

#define SRC4 "198.51.100.7"
#define DST4 "203.0.113.10"
#define SRC6 "2001:db8:5::7"
#define DST6 "2001:db8:1::10"

struct expected {
	enum packet_status status;
	enum packet_kind kind;
	const char *src, *dst;
	uint16_t sport, dport;
	uint16_t vlan;
	bool extensions;
	uint16_t quoted_dport;
	enum packet_way way;
	int ifindex;
};

#define ROW(status_, kind_, src_, dst_, ...)                                     \
	{                                                                        \
		.status = PACKET_##status_, .kind = PACKET_##kind_, .src = src_, \
		.dst = dst_, __VA_ARGS__                                         \
	}
#define PORTS(sport_, dport_) .sport = sport_, .dport = dport_

/* One row a frame of tests/unit/data/make-pcaps. */
static const struct expected ethernet[] = {
	ROW(OK, SYN, SRC4, DST4, PORTS(40000, 8080)),
	ROW(OK, SYN_ACK, DST4, SRC4, PORTS(8080, 40000)),
	ROW(OK, SYN, SRC4, DST4, PORTS(40000, 8080), .vlan = 100),
	ROW(OK, SYN, SRC4, DST4, PORTS(40000, 8080), .vlan = 200),
	ROW(OK, SYN, SRC4, DST4, PORTS(40000, 8080)),
	ROW(OK, SYN, SRC6, DST6, PORTS(40000, 8080)),
	ROW(OK, SYN, SRC6, DST6, PORTS(40000, 8080), .extensions = true),
	ROW(OK, SYN, SRC6, DST6, PORTS(40000, 8080), .extensions = true),
	ROW(OK, UDP, SRC6, DST6, PORTS(40000, 53), .extensions = true),
	ROW(FRAGMENT, KIND_NONE, SRC6, DST6, .extensions = true),
	ROW(OK, UDP, SRC4, DST4, PORTS(40000, 53)),
	ROW(FRAGMENT, KIND_NONE, SRC4, DST4, .sport = 0),
	ROW(OK, INIT, SRC4, DST4, PORTS(40000, 3868)),
	ROW(OK, INIT_ACK, SRC6, DST6, PORTS(40000, 3868)),
	ROW(OK, ICMP_ERROR, DST4, SRC4, .quoted_dport = 53),
	ROW(OK, ICMP_ERROR, DST6, SRC6, .quoted_dport = 53),
	ROW(OK, ICMP_ERROR, DST4, SRC4, .sport = 0), /* quotes too little */
	ROW(OK, ICMP, SRC4, DST4, .sport = 0),
	ROW(NOT_IP, KIND_NONE, NULL, NULL, .sport = 0),
	ROW(OTHER, KIND_NONE, SRC4, DST4, .sport = 0),
};

static const struct expected raw[] = {
	ROW(OK, SYN, SRC4, DST4, PORTS(40000, 8080)),
	ROW(OK, UDP, SRC6, DST6, PORTS(40000, 53)),
};

static const struct expected cooked[] = {
	ROW(OK, SYN, SRC4, DST4, PORTS(40000, 8080), .way = PACKET_IN),
	ROW(OK, SYN_ACK, SRC4, DST4, PORTS(40000, 8080), .way = PACKET_OUT),
};

static const struct expected cooked2[] = {
	ROW(OK, SYN, SRC4, DST4, PORTS(40000, 8080), .way = PACKET_IN, .ifindex = 7),
	ROW(OK, RST, SRC4, DST4, PORTS(40000, 8080), .way = PACKET_OUT, .ifindex = 9),
};

static void assert_address(const char *want, enum family family, u128 value)
{
	const struct addr addr = {.family = family, .value = value};
	char text[ADDR_TEXT_MAX];

	if (!want)
		assert_int_equal(family, FAMILY_NONE);
	else
		assert_string_equal(addr_format(&addr, text), want);
}

static void assert_packet(const struct expected *want, const struct packet *p)
{
	assert_int_equal(p->status, want->status);
	assert_int_equal(p->kind, want->kind);
	assert_address(want->src, p->key.family, p->key.src);
	assert_address(want->dst, p->key.family, p->key.dst);
	assert_int_equal(p->key.sport, want->sport);
	assert_int_equal(p->key.dport, want->dport);
	assert_int_equal(p->vlan, want->vlan);
	assert_int_equal(p->extensions, want->extensions);
	assert_int_equal(p->way, want->way);
	assert_int_equal(p->ifindex, want->ifindex);
	assert_int_equal(p->quoted.family != FAMILY_NONE, want->quoted_dport != 0);
	if (want->quoted_dport)
		assert_int_equal(p->quoted.dport, want->quoted_dport);
}

static pcap_t *open_file(const char *name)
{
	char path[512], error[PCAP_ERRBUF_SIZE];

	(void)snprintf(path, sizeof(path),
		SOURCE_ROOT "/tests/unit/data/packets-%s.pcap", name);
	pcap_t *pcap = pcap_open_offline(path, error);
	if (!pcap)
		fail_msg("%s", error);
	return pcap;
}

static void compare_file(const char *name, enum packet_link link,
	const struct expected *rows, size_t nrows)
{
	pcap_t *pcap = open_file(name);
	struct pcap_pkthdr *header;
	const u_char *bytes;
	struct packet p;
	size_t n = 0;

	for (; pcap_next_ex(pcap, &header, &bytes) == 1; n++) {
		assert_true(n < nrows);
		assert_int_equal(
			packet_decode(link, bytes, header->caplen, header->len, &p),
			rows[n].status);
		assert_packet(&rows[n], &p);
	}
	assert_int_equal(n, nrows);
	pcap_close(pcap);
}

static void files(void **state)
{
	(void)state;
	compare_file("ethernet", PACKET_LINK_ETHERNET, ethernet, ARRAY_LEN(ethernet));
	compare_file("raw", PACKET_LINK_RAW, raw, ARRAY_LEN(raw));
	compare_file("cooked", PACKET_LINK_COOKED, cooked, ARRAY_LEN(cooked));
	compare_file("cooked2", PACKET_LINK_COOKED2, cooked2, ARRAY_LEN(cooked2));
}

/* A capture's length cuts: that is TRUNCATED; nothing that was read is wrong. */
static void cut_by_capture(void **state)
{
	pcap_t *pcap = open_file("cut");
	struct pcap_pkthdr *header;
	const u_char *bytes;
	size_t truncated = 0;
	struct packet p;
	(void)state;

	while (pcap_next_ex(pcap, &header, &bytes) == 1) {
		(void)packet_decode(
			PACKET_LINK_ETHERNET, bytes, header->caplen, header->len, &p);
		assert_int_not_equal(p.status, PACKET_MALFORMED);
		truncated += p.status == PACKET_TRUNCATED;
	}
	assert_int_equal(truncated, 16);
	pcap_close(pcap);
}

/* Every prefix of every frame, in memory that ends where the prefix does. */
static void cut_everywhere(void **state)
{
	pcap_t *pcap = open_file("ethernet");
	struct pcap_pkthdr *header;
	const u_char *bytes;
	struct packet p;
	(void)state;

	while (pcap_next_ex(pcap, &header, &bytes) == 1) {
		for (size_t len = 0; len < header->caplen; len++) {
			_cleanup_(cleanup_free) uint8_t *copy = malloc(len ? len : 1);

			assert_non_null(copy);
			memcpy(copy, bytes, len);
			(void)packet_decode(
				PACKET_LINK_ETHERNET, copy, len, header->caplen, &p);
			assert_int_not_equal(p.status, PACKET_MALFORMED);
			/* Not cut by the capture: then its lengths are lies. */
			(void)packet_decode(PACKET_LINK_ETHERNET, copy, len, len, &p);
			assert_int_not_equal(p.status, PACKET_TRUNCATED);
		}
	}
	pcap_close(pcap);
}

static void malformed(void **state)
{
	static const struct {
		const char *why;
		size_t at;
		uint8_t value;
	} rows[] = {
		{"version 6 behind IPv4's type", 14, 0x65},
		{"header of 16 bytes", 14, 0x44},
		{"total shorter than the header", 17, 19},
		{"total longer than the frame", 17, 200},
		{"TCP header of 16 bytes", 14 + 20 + 12, 0x40},
	};
	const struct frame syn = {.kind = PACKET_SYN,
		.key = {.family = FAMILY_IP4,
			.proto = IPPROTO_TCP,
			.sport = 1,
			.dport = 2}};
	struct packet p;
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t buffer[FRAME_MAX];
		size_t n = frame_build(&syn, buffer);

		assert_int_equal(packet_decode(PACKET_LINK_ETHERNET, buffer, n, n, &p),
			PACKET_OK);
		buffer[rows[i].at] = rows[i].value;
		if (packet_decode(PACKET_LINK_ETHERNET, buffer, n, n, &p) !=
			PACKET_MALFORMED)
			fail_msg("%s passes", rows[i].why);
	}
}

/* Headers without an end cost a bounded time and are refused. */
static void endless(void **state)
{
	uint8_t frame[14 + 40 + 16 * 8] = {[12] = 0x86, [13] = 0xdd, [14] = 0x60};
	uint8_t tags[12 + 6 * 4 + 2] = {0};
	struct packet p;
	(void)state;

	frame[19] =
		16 * 8; /* payload length; next header 0: hop by hop, again and again */
	assert_int_equal(packet_decode(PACKET_LINK_ETHERNET, frame, sizeof(frame),
				 sizeof(frame), &p),
		PACKET_MALFORMED);
	for (size_t i = 12; i + 2 <= sizeof(tags); i += 4)
		tags[i] = 0x81;
	assert_int_equal(packet_decode(PACKET_LINK_ETHERNET, tags, sizeof(tags),
				 sizeof(tags), &p),
		PACKET_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(cut_by_capture),
		cmocka_unit_test(cut_everywhere),
		cmocka_unit_test(malformed),
		cmocka_unit_test(endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
