/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captured frames, decoded as far as telling a question from its answer needs. */
#include "netmon/confirm/packet.h"

#include <netinet/in.h>
#include <string.h>

#define TAGS_MAX       4
#define EXTENSIONS_MAX 8

enum {
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_IP6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

/* What is left of a frame. */
struct cursor {
	const uint8_t *at;
	size_t left; /* captured */
	bool cut;    /* more was on the wire: running out is no lie of the packet */
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static u128 get_ip6(const uint8_t *p)
{
	u128 hi = (u128)get32(p) << 32 | get32(p + 4);

	return hi << 64 | (u128)get32(p + 8) << 32 | get32(p + 12);
}

/* Running out of captured bytes. */
static enum packet_status ran_out(const struct cursor *c)
{
	return c->cut ? PACKET_TRUNCATED : PACKET_MALFORMED;
}

static void skip(struct cursor *c, size_t n)
{
	c->at += n;
	c->left -= n;
}

/* The packet's own length: link padding behind it is not looked at. */
static bool clamp(struct cursor *c, size_t total)
{
	if (c->left > total) {
		c->left = total;
		c->cut = false;
		return true;
	}
	return c->left == total || c->cut;
}

struct flow_key flow_key_turn(const struct flow_key *key)
{
	return (struct flow_key){.family = key->family,
		.proto = key->proto,
		.sport = key->dport,
		.dport = key->sport,
		.src = key->dst,
		.dst = key->src};
}

bool flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return a->src == b->src && a->dst == b->dst && a->sport == b->sport &&
	       a->dport == b->dport && a->proto == b->proto && a->family == b->family;
}

/* ---------------------------------------------------------------- transport */

static enum packet_status decode_tcp(struct cursor *c, struct packet *p)
{
	unsigned int flags;

	if (c->left < 4)
		return ran_out(c);
	p->key.sport = get16(c->at);
	p->key.dport = get16(c->at + 2);
	if (c->left < 14)
		return ran_out(c);
	p->seq = get32(c->at + 4);
	p->ack = get32(c->at + 8);
	if (c->at[12] >> 4 < 5)
		return PACKET_MALFORMED;
	flags = c->at[13] & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);
	if (flags & TCP_RST)
		p->kind = PACKET_RST;
	else if (flags == TCP_SYN)
		p->kind = PACKET_SYN;
	else if (flags == (TCP_SYN | TCP_ACK))
		p->kind = PACKET_SYN_ACK;
	else
		p->kind = PACKET_TCP;
	return PACKET_OK;
}

static enum packet_status decode_udp(struct cursor *c, struct packet *p)
{
	if (c->left < 4)
		return ran_out(c);
	p->key.sport = get16(c->at);
	p->key.dport = get16(c->at + 2);
	if (c->left < 8)
		return ran_out(c);
	/* 0 is a jumbogram's (RFC 2675). */
	uint16_t len = get16(c->at + 4);
	if (len < 8 && len != 0)
		return PACKET_MALFORMED;
	p->payload = (uint16_t)(len ? len - 8 : 0);
	p->kind = PACKET_UDP;
	return PACKET_OK;
}

/* RFC 9260: common header, then chunks; INIT and INIT ACK stand alone and first. */
static enum packet_status decode_sctp(struct cursor *c, struct packet *p)
{
	if (c->left < 4)
		return ran_out(c);
	p->key.sport = get16(c->at);
	p->key.dport = get16(c->at + 2);
	if (c->left < 16)
		return ran_out(c);
	p->ack = get32(c->at + 4);
	p->kind = PACKET_SCTP;
	switch (c->at[12]) {
	case 1:
		p->kind = PACKET_INIT;
		break;
	case 2:
		p->kind = PACKET_INIT_ACK;
		break;
	case 6:
		p->kind = PACKET_ABORT;
		return PACKET_OK;
	default:
		return PACKET_OK;
	}
	if (c->left < 20)
		return ran_out(c);
	p->seq = get32(c->at + 16);
	return PACKET_OK;
}

/* ---------------------------------------------------------------- network */

static enum packet_status decode_ip(struct cursor *c, struct packet *p, bool quoted);

static bool is_icmp_error(const struct packet *p)
{
	if (p->key.family == FAMILY_IP6)
		return p->icmp_type < 128; /* RFC 4443 section 2.1 */
	return p->icmp_type == 3 || p->icmp_type == 4 || p->icmp_type == 11 ||
	       p->icmp_type == 12;
}

static enum packet_status decode_icmp(struct cursor *c, struct packet *p, bool quoted)
{
	struct packet inner = {0};

	if (c->left < 2)
		return ran_out(c);
	p->icmp_type = c->at[0];
	p->icmp_code = c->at[1];
	p->kind = is_icmp_error(p) ? PACKET_ICMP_ERROR : PACKET_ICMP;
	if (p->kind != PACKET_ICMP_ERROR)
		return PACKET_OK;
	if (c->left < 8)
		return ran_out(c);
	if (quoted)
		return PACKET_OK; /* an error about an error: nobody sends one */
	skip(c, 8);
	/* A quotation ends where the sender chose: that is no malformation. */
	c->cut = true;
	enum packet_status status = decode_ip(c, &inner, true);
	if (inner.key.family == p->key.family &&
		(status == PACKET_OK || status == PACKET_TRUNCATED) &&
		(inner.key.sport || inner.key.dport))
		p->quoted = inner.key;
	return PACKET_OK;
}

static enum packet_status decode_transport(
	struct cursor *c, struct packet *p, uint8_t proto, bool quoted)
{
	p->key.proto = proto;
	switch (proto) {
	case IPPROTO_TCP:
		return decode_tcp(c, p);
	case IPPROTO_UDP:
		return decode_udp(c, p);
	case IPPROTO_SCTP:
		return decode_sctp(c, p);
	case IPPROTO_ICMP:
		return p->key.family == FAMILY_IP4 ? decode_icmp(c, p, quoted)
						   : PACKET_OTHER;
	case IPPROTO_ICMPV6:
		return p->key.family == FAMILY_IP6 ? decode_icmp(c, p, quoted)
						   : PACKET_OTHER;
	default:
		return PACKET_OTHER;
	}
}

static enum packet_status decode_ip4(struct cursor *c, struct packet *p, bool quoted)
{
	size_t header, total;
	uint16_t offset;
	uint8_t proto;

	if (c->left < 20)
		return ran_out(c);
	header = (size_t)(c->at[0] & 15) * 4;
	total = get16(c->at + 2);
	if (header < 20)
		return PACKET_MALFORMED;
	/* 0: a segment that the card has still to cut (TSO). */
	if (total != 0 && total < header)
		return PACKET_MALFORMED;
	p->key.family = FAMILY_IP4;
	p->key.src = get32(c->at + 12);
	p->key.dst = get32(c->at + 16);
	offset = get16(c->at + 6) & 0x1fff;
	proto = c->at[9];
	if (total != 0 && !clamp(c, total))
		return PACKET_MALFORMED;
	if (header > c->left)
		return ran_out(c);
	skip(c, header);
	if (offset != 0) {
		p->key.proto = proto;
		return PACKET_FRAGMENT;
	}
	return decode_transport(c, p, proto, quoted);
}

/* The length of the extension header at @c, 0 when it was not captured. */
static size_t extension_length(const struct cursor *c, uint8_t next)
{
	if (next == IPPROTO_FRAGMENT)
		return 8;
	if (c->left < 2)
		return 0;
	if (next == IPPROTO_AH)
		return ((size_t)c->at[1] + 2) * 4; /* RFC 4302 section 2.2 */
	return ((size_t)c->at[1] + 1) * 8;
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_AH;
}

static enum packet_status decode_ip6(struct cursor *c, struct packet *p, bool quoted)
{
	uint8_t next;
	size_t total;

	if (c->left < 40)
		return ran_out(c);
	total = get16(c->at + 4);
	next = c->at[6];
	p->key.family = FAMILY_IP6;
	p->key.src = get_ip6(c->at + 8);
	p->key.dst = get_ip6(c->at + 24);
	skip(c, 40);
	/* 0: a jumbogram, or a segment that the card has still to cut. */
	if (total != 0 && !clamp(c, total))
		return PACKET_MALFORMED;
	for (int n = 0; is_extension(next); n++) {
		size_t length = extension_length(c, next);

		if (n == EXTENSIONS_MAX)
			return PACKET_MALFORMED;
		p->extensions = true;
		if (length == 0 || length > c->left)
			return ran_out(c);
		if (next == IPPROTO_FRAGMENT && (get16(c->at + 2) & 0xfff8) != 0) {
			p->key.proto = c->at[0];
			return PACKET_FRAGMENT;
		}
		next = c->at[0];
		skip(c, length);
	}
	return decode_transport(c, p, next, quoted);
}

static enum packet_status decode_ip(struct cursor *c, struct packet *p, bool quoted)
{
	if (c->left < 1)
		return ran_out(c);
	switch (c->at[0] >> 4) {
	case 4:
		return decode_ip4(c, p, quoted);
	case 6:
		return decode_ip6(c, p, quoted);
	default:
		return PACKET_MALFORMED;
	}
}

/* ---------------------------------------------------------------- link */

static bool is_tag(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ ||
	       type == ETHERTYPE_QINQ_OLD;
}

/* Behind a link header whose type field said @type. */
static enum packet_status decode_type(struct cursor *c, struct packet *p, uint16_t type)
{
	for (int n = 0; is_tag(type); n++) {
		if (n == TAGS_MAX)
			return PACKET_MALFORMED;
		if (c->left < 4)
			return ran_out(c);
		if (p->vlan == 0)
			p->vlan = get16(c->at) & 0xfff;
		type = get16(c->at + 2);
		skip(c, 4);
	}
	if (type != ETHERTYPE_IP4 && type != ETHERTYPE_IP6)
		return PACKET_NOT_IP;
	if (c->left < 1)
		return ran_out(c);
	if (c->at[0] >> 4 != (type == ETHERTYPE_IP4 ? 4 : 6))
		return PACKET_MALFORMED;
	return decode_ip(c, p, false);
}

/* sll_pkttype: PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4. */
static enum packet_way cooked_way(unsigned int type)
{
	return type == 4 ? PACKET_OUT : type == 3 ? PACKET_ELSEWHERE : PACKET_IN;
}

static enum packet_status decode_link(
	enum packet_link link, struct cursor *c, struct packet *p)
{
	uint16_t type;

	switch (link) {
	case PACKET_LINK_ETHERNET:
		if (c->left < 14)
			return ran_out(c);
		type = get16(c->at + 12);
		skip(c, 14);
		return decode_type(c, p, type);
	case PACKET_LINK_COOKED:
		if (c->left < 16)
			return ran_out(c);
		p->way = cooked_way(get16(c->at));
		type = get16(c->at + 14);
		skip(c, 16);
		return decode_type(c, p, type);
	case PACKET_LINK_COOKED2:
		if (c->left < 20)
			return ran_out(c);
		type = get16(c->at);
		p->ifindex = (int)(get32(c->at + 4) & INT32_MAX);
		p->way = cooked_way(c->at[10]);
		skip(c, 20);
		return decode_type(c, p, type);
	case PACKET_LINK_RAW:
		return decode_ip(c, p, false);
	case PACKET_LINK_NONE:
	default:
		return PACKET_NOT_IP;
	}
}

/* Field by field: clearing the whole costs more than decoding a SYN. */
static void clear(struct packet *p)
{
	p->kind = PACKET_KIND_NONE;
	p->way = PACKET_WAY_UNKNOWN;
	p->ifindex = 0;
	p->vlan = p->payload = 0;
	p->extensions = false;
	p->key = (struct flow_key){0};
	p->seq = p->ack = 0;
	p->icmp_type = p->icmp_code = 0;
	p->quoted.family = FAMILY_NONE;
}

enum packet_status packet_decode(enum packet_link link, const uint8_t *bytes,
	size_t caplen, size_t len, struct packet *packet)
{
	struct cursor c = {.at = bytes, .left = caplen, .cut = caplen < len};

	clear(packet);
	packet->status = decode_link(link, &c, packet);
	return packet->status;
}
