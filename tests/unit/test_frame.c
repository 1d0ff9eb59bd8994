/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is built is what the decoder reads, with checksums that a receiver accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "netmon/confirm/frame.h"

static struct frame make(enum packet_kind kind, enum family family)
{
	bool tcp = kind == PACKET_SYN || kind == PACKET_RST;
	struct frame f = {.kind = kind,
		.key = {.family = family,
			.proto = tcp		      ? IPPROTO_TCP
				 : kind == PACKET_UDP ? IPPROTO_UDP
						      : IPPROTO_SCTP,
			.sport = 40000,
			.dport = 443},
		.dst_mac = {2, 0, 0, 0, 0, 1},
		.seq = 0x12345678};
	struct addr a, b;

	assert_int_equal(
		addr_parse(family == FAMILY_IP4 ? "198.51.100.7" : "2001:db8:5::7", &a,
			NULL),
		0);
	assert_int_equal(
		addr_parse(family == FAMILY_IP4 ? "203.0.113.10" : "2001:db8:1::10", &b,
			NULL),
		0);
	f.key.src = a.value;
	f.key.dst = b.value;
	return f;
}

/* The Internet checksum over all, pseudo header included, is then 0xffff (RFC 1071). */
static uint32_t total(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void assert_checksums(const struct frame *f, const uint8_t *buffer, size_t n)
{
	bool four = f->key.family == FAMILY_IP4;
	size_t ip = 14, header = four ? 20 : 40, len = n - ip - header;
	const uint8_t *segment = buffer + ip + header;
	uint8_t pseudo[40 + FRAME_MAX] = {0};

	if (four)
		assert_int_equal(total(buffer + ip, header), 0xffff);
	memcpy(pseudo, buffer + ip + (four ? 12 : 8), four ? 8 : 32);
	pseudo[35] = (uint8_t)len;
	pseudo[34] = (uint8_t)(len >> 8);
	pseudo[39] = f->key.proto;
	memcpy(pseudo + 40, segment, len);
	assert_int_equal(total(pseudo, 40 + len), 0xffff);
}

static void round_trip(void **state)
{
	static const enum packet_kind kinds[] = {
		PACKET_SYN, PACKET_RST, PACKET_UDP, PACKET_INIT, PACKET_ABORT};
	static const enum family families[] = {FAMILY_IP4, FAMILY_IP6};
	uint8_t buffer[FRAME_MAX];
	struct packet p;
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		for (size_t k = 0; k < ARRAY_LEN(families); k++) {
			struct frame f = make(kinds[i], families[k]);
			if (kinds[i] == PACKET_UDP)
				f.payload = payload_of(53, &f.payload_len);
			size_t n = frame_build(&f, buffer);

			assert_int_not_equal(n, 0);
			assert_int_equal(
				packet_decode(PACKET_LINK_ETHERNET, buffer, n, n, &p),
				PACKET_OK);
			assert_int_equal(p.kind, kinds[i]);
			assert_true(flow_key_equal(&p.key, &f.key));
			if (f.key.proto == IPPROTO_TCP)
				assert_int_equal(p.seq, f.seq);
			if (f.key.proto != IPPROTO_SCTP)
				assert_checksums(&f, buffer, n);
		}
	}
}

/* RFC 9260 appendix A, computed in another manner than frame.c does. */
static void sctp_checksum(void **state)
{
	struct frame f = make(PACKET_ABORT, FAMILY_IP4);
	uint8_t buffer[FRAME_MAX];
	uint32_t crc = 0xffffffff;
	(void)state;

	size_t n = frame_build(&f, buffer);
	assert_int_equal(n, 14 + 20 + 16);
	uint8_t *segment = buffer + 34;
	uint8_t stored[4];
	memcpy(stored, segment + 8, 4);
	memset(segment + 8, 0, 4);
	/* The other way round: bit by bit over the unreflected polynomial 0x1edc6f41.
	 */
	for (size_t i = 0; i < 16; i++) {
		for (int bit = 0; bit < 8; bit++) {
			uint32_t in = segment[i] >> bit & 1;
			uint32_t top = crc >> 31;

			crc = crc << 1 ^ (in ^ top ? 0x1edc6f41 : 0);
		}
	}
	crc = ~crc;
	for (int i = 0; i < 4; i++) {
		uint8_t byte = 0;

		for (int bit = 0; bit < 8; bit++)
			byte |= (uint8_t)((crc >> (31 - 8 * i - bit) & 1) << bit);
		assert_int_equal(stored[i], byte);
	}
}

static void refuses(void **state)
{
	struct frame f = make(PACKET_SYN_ACK, FAMILY_IP4);
	static const uint8_t large[FRAME_MAX];
	uint8_t buffer[FRAME_MAX];
	(void)state;

	assert_int_equal(frame_build(&f, buffer), 0);
	f = make(PACKET_UDP, FAMILY_IP4);
	f.payload = large;
	f.payload_len = sizeof(large);
	assert_int_equal(frame_build(&f, buffer), 0);
	f = make(PACKET_SYN, FAMILY_IP4);
	f.key.family = FAMILY_NONE;
	assert_int_equal(frame_build(&f, buffer), 0);
}

static void payloads(void **state)
{
	size_t len;
	(void)state;

	for (unsigned int port = 0; port < 65536; port++) {
		const uint8_t *bytes = payload_of((uint16_t)port, &len);
		struct frame f = make(PACKET_UDP, FAMILY_IP6);
		uint8_t buffer[FRAME_MAX];

		assert_non_null(bytes);
		f.payload = bytes;
		f.payload_len = len;
		assert_int_not_equal(frame_build(&f, buffer), 0);
	}
	/* An NTP request is 48 bytes, mode 3. */
	assert_int_equal(payload_of(123, &len)[0] & 7, 3);
	assert_int_equal(len, 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(sctp_checksum),
		cmocka_unit_test(refuses),
		cmocka_unit_test(payloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
