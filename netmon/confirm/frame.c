/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of first packets, and of what ends a connection that they began. */
#include "netmon/confirm/frame.h"

#include <netinet/in.h>
#include <string.h>

#define HOP_LIMIT 60 /* as of somebody a few routers away */

struct writer {
	uint8_t *at;
	size_t len, size;
	bool full;
};

static void put(struct writer *w, const void *bytes, size_t n)
{
	if (n > w->size - w->len) {
		w->full = true;
		return;
	}
	memcpy(w->at + w->len, bytes, n);
	w->len += n;
}

static void put8(struct writer *w, unsigned int value)
{
	put(w, &(uint8_t){(uint8_t)value}, 1);
}

static void put16(struct writer *w, unsigned int value)
{
	put8(w, value >> 8 & 0xff);
	put8(w, value & 0xff);
}

static void put32(struct writer *w, uint32_t value)
{
	put16(w, value >> 16);
	put16(w, value & 0xffff);
}

static void put_addr(struct writer *w, enum family family, u128 value)
{
	uint8_t bytes[16];
	size_t n = family == FAMILY_IP4 ? 4 : 16;

	addr_store(bytes, n, value);
	put(w, bytes, n);
}

/* RFC 1071, without the final complement. */
static uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (n % 2)
		sum += (uint32_t)bytes[n - 1] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void store16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t transport_sum(
	const struct flow_key *key, const uint8_t *segment, size_t n)
{
	uint8_t bytes[16];
	size_t len = key->family == FAMILY_IP4 ? 4 : 16;
	uint32_t sum = (uint32_t)n + key->proto;

	addr_store(bytes, len, key->src);
	sum = sum16(sum, bytes, len);
	addr_store(bytes, len, key->dst);
	sum = sum16(sum, bytes, len);
	return fold(sum16(sum, segment, n));
}

/* RFC 9260 appendix A: CRC32c, reflected, stored with its least byte first. */
static uint32_t crc32c(const uint8_t *bytes, size_t n)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void put_ethernet(struct writer *w, const struct frame *f)
{
	put(w, f->dst_mac, 6);
	put(w, f->src_mac, 6);
	put16(w, f->key.family == FAMILY_IP4 ? 0x0800 : 0x86dd);
}

static void put_ip(struct writer *w, const struct frame *f, size_t payload)
{
	const struct flow_key *key = &f->key;
	uint8_t *header = w->at + w->len;

	if (key->family == FAMILY_IP6) {
		put32(w, 6U << 28);
		put16(w, (unsigned int)payload);
		put8(w, key->proto);
		put8(w, HOP_LIMIT);
	} else {
		put16(w, 0x4500);
		put16(w, (unsigned int)(payload + 20));
		put16(w, f->seq & 0xffff);
		put16(w, 0x4000); /* do not fragment */
		put8(w, HOP_LIMIT);
		put8(w, key->proto);
		put16(w, 0);
	}
	put_addr(w, key->family, key->src);
	put_addr(w, key->family, key->dst);
	if (key->family == FAMILY_IP4 && !w->full)
		store16(header + 10, fold(sum16(0, header, 20)));
}

/* MSS 1460, SACK, timestamps, window scale 7: in the order that Linux sends them. */
static const uint8_t syn_options[] = {
	2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0x5e, 0xa1, 1, 0, 0, 0, 0, 1, 3, 3, 7};

static void put_tcp(struct writer *w, const struct frame *f)
{
	bool syn = f->kind == PACKET_SYN;
	size_t header = 20 + (syn ? sizeof(syn_options) : 0);

	put16(w, f->key.sport);
	put16(w, f->key.dport);
	put32(w, f->seq);
	put32(w, 0);
	put16(w, (unsigned int)(header / 4 << 12 | (syn ? 2 : 4)));
	put16(w, syn ? 64240 : 0);
	put32(w, 0);
	if (syn)
		put(w, syn_options, sizeof(syn_options));
}

static void put_udp(struct writer *w, const struct frame *f)
{
	put16(w, f->key.sport);
	put16(w, f->key.dport);
	put16(w, (unsigned int)(f->payload_len + 8));
	put16(w, 0);
	if (f->payload_len)
		put(w, f->payload, f->payload_len);
}

static void put_sctp(struct writer *w, const struct frame *f)
{
	bool init = f->kind == PACKET_INIT;

	put16(w, f->key.sport);
	put16(w, f->key.dport);
	put32(w, init ? 0 : f->seq);
	put32(w, 0);
	put16(w, init ? 0x0100 : 0x0600);
	put16(w, init ? 20 : 4);
	if (!init)
		return;
	put32(w, f->seq ? f->seq : 1);
	put32(w, 65536); /* window */
	put16(w, 10);	 /* streams out and in */
	put16(w, 10);
	put32(w, f->seq);
}

static size_t transport_length(const struct frame *f)
{
	switch (f->kind) {
	case PACKET_SYN:
		return 20 + sizeof(syn_options);
	case PACKET_RST:
		return 20;
	case PACKET_UDP:
		return 8 + f->payload_len;
	case PACKET_INIT:
		return 12 + 20;
	case PACKET_ABORT:
		return 12 + 4;
	case PACKET_KIND_NONE:
	case PACKET_SYN_ACK:
	case PACKET_TCP:
	case PACKET_INIT_ACK:
	case PACKET_SCTP:
	case PACKET_ICMP_ERROR:
	case PACKET_ICMP:
	default:
		return 0;
	}
}

static void put_checksum(const struct frame *f, uint8_t *segment, size_t n)
{
	uint32_t crc;
	uint16_t sum;

	if (f->key.proto == IPPROTO_SCTP) {
		crc = crc32c(segment, n);
		for (int i = 0; i < 4; i++)
			segment[8 + i] = (uint8_t)(crc >> 8 * i);
		return;
	}
	sum = transport_sum(&f->key, segment, n);
	if (f->key.proto == IPPROTO_UDP)
		store16(segment + 6, sum ? sum : 0xffff); /* 0 says: none */
	else
		store16(segment + 16, sum);
}

size_t frame_build(const struct frame *frame, uint8_t buffer[static FRAME_MAX])
{
	struct writer w = {.at = buffer, .size = FRAME_MAX};
	size_t n = transport_length(frame), start;

	if (n == 0 || n > FRAME_MAX || frame->key.family == FAMILY_NONE)
		return 0;
	put_ethernet(&w, frame);
	put_ip(&w, frame, n);
	start = w.len;
	if (frame->key.proto == IPPROTO_TCP)
		put_tcp(&w, frame);
	else if (frame->key.proto == IPPROTO_UDP)
		put_udp(&w, frame);
	else
		put_sctp(&w, frame);
	if (w.full || w.len - start != n)
		return 0;
	put_checksum(frame, buffer + start, n);
	return w.len;
}
