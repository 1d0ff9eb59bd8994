/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet's headers, laid out as far as they are known. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/value_make.h"

static void known_byte(struct value *value, size_t at, uint8_t byte)
{
	value->bits[at] = byte;
	value->known[at] = 0xff;
}

#define FIRST_PIECE \
	8 /* bytes of a first fragment, behind IP's header: value_in_pieces() */

/*
 * What a sender may set in a packet that opens a connection all the same, and ordinary
 * senders do not (but for ECN's flags, RFC 3168): the length of IPv4's options and the
 * reserved bit beside its fragment flags; the first of IPv6's extension headers
 * (hop-by-hop, routing, fragment or destination options: 0, 43, 44, 60); reserved bits,
 * CWR, ECE, URG and PSH, and the urgent pointer of TCP.
 *
 * Some of them an answer takes over: options of IPv4 come back (__ip_options_echo()),
 * and who offers ECN is told by a SYN-ACK whether he has it (tcp_ecn_make_synack()).
 */
struct senders_bits {
	uint8_t base, family, at, bits;
	uint8_t answered; /* those of them that an answer may have */
};

static const struct senders_bits senders[] = {
	{BASE_NETWORK, FAMILY_IP4, 0, 0x0f, 0x0f},
	{BASE_NETWORK, FAMILY_IP4, 6, 0x80, 0},
	{BASE_NETWORK, FAMILY_IP6, 6, 0x3f, 0},
	{BASE_TRANSPORT, FAMILY_NONE, 12, 0x0f, 0x01},
	{BASE_TRANSPORT, FAMILY_NONE, 13, STRANGE_TCP_FLAGS, 0xc0},
	{BASE_TRANSPORT, FAMILY_NONE, 18, 0xff, 0},
	{BASE_TRANSPORT, FAMILY_NONE, 19, 0xff, 0},
};

static uint8_t free_bits(const struct packet *packet, const struct senders_bits *s)
{
	if (!packet->strange ||
		(s->family != FAMILY_NONE && s->family != packet->family) ||
		(s->base == BASE_TRANSPORT && packet->proto != IPPROTO_TCP))
		return 0;
	if (packet->kind == PACKET_FIRST)
		return s->bits;
	return s->base == BASE_TRANSPORT && packet->kind != PACKET_ACCEPT ? 0
									  : s->answered;
}

uint8_t value_free_tcp_flags(const struct packet *packet)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		if (senders[i].base == BASE_TRANSPORT && senders[i].at == 13)
			bits |= free_bits(packet, &senders[i]);
	return bits;
}

static void free_senders_bits(
	const struct view *view, enum payload_base base, struct value *value)
{
	const struct packet *packet = view->packet;

	for (size_t i = FIRST_PIECE;
		base == BASE_TRANSPORT && value_in_pieces(view) && i < value->len;
		i++) {
		value->known[i] = 0;
		value->bits[i] = 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
		const struct senders_bits *s = &senders[i];
		uint8_t bits = s->base == base ? free_bits(packet, s) : 0;

		value->known[s->at] &= (uint8_t)~bits;
		value->bits[s->at] &= (uint8_t)~bits;
	}
}

/* Whether a mask right after loading leaves some of those bits. */
static bool looks_at(const struct operand *operand, size_t at, uint8_t bits)
{
	const struct step *first = operand->steps;

	return operand->nsteps == 0 || first->kind != STEP_AND_XOR ||
	       (first->and[at] & bits);
}

bool value_is_of_later_piece(const struct operand *operand)
{
	for (size_t i = 0; i < operand->nkey; i++)
		if (value_is_of_later_piece(operand->key[i]))
			return true;
	return operand->field == FIELD_TCP_FLAGS ||
	       (operand->field == FIELD_PAYLOAD && operand->base == BASE_TRANSPORT &&
		       operand->offset + operand->load_len > FIRST_PIECE);
}

bool value_is_senders(const struct operand *operand)
{
	enum { OP_TCPOPT = 1 }; /* NFT_EXTHDR_OP_* */

	for (size_t i = 0; i < operand->nkey; i++)
		if (value_is_senders(operand->key[i]))
			return true;
	if (operand->field == FIELD_EXTHDR)
		return operand->exthdr_op != OP_TCPOPT;
	if (operand->field == FIELD_TCP_FLAGS)
		return looks_at(operand, 0, STRANGE_TCP_FLAGS);
	for (size_t i = 0; operand->field == FIELD_PAYLOAD && i < ARRAY_LEN(senders);
		i++) {
		const struct senders_bits *s = &senders[i];

		if (s->base == operand->base && s->at >= operand->offset &&
			s->at < operand->offset + operand->load_len &&
			looks_at(operand, s->at - operand->offset, s->bits))
			return true;
	}
	return false;
}

/* RFC 791; lengths, TOS, TTL, id, DF and checksum are the sender's choice. */
static void lay_ip4(const struct packet *packet, struct value *value)
{
	value->len = 20;
	value->code = "ip-header";
	known_byte(value, 0, 0x45);
	value->known[6] = 0xbf; /* all but DF: not a fragment */
	known_byte(value, 7, 0);
	known_byte(value, 9, packet->proto);
	value_put_addr(value, 12, FAMILY_IP4, packet->saddr, packet->saddr_peer);
	/* Only one of both addresses is ever the peer's. */
	value_put_addr(value, 16, FAMILY_IP4, packet->daddr, packet->daddr_peer);
}

/* RFC 8200, no extension headers in an ordinary first packet. */
static void lay_ip6(const struct packet *packet, struct value *value)
{
	value->len = 40;
	value->code = "ip6-header";
	value->bits[0] = 0x60;
	value->known[0] = 0xf0;
	/* An unusual sender's is the first of the others: free_senders_bits(). */
	known_byte(value, 6,
		packet->strange && packet->kind == PACKET_FIRST ? 0 : packet->proto);
	value_put_addr(value, 8, FAMILY_IP6, packet->saddr, packet->saddr_peer);
	value_put_addr(value, 24, FAMILY_IP6, packet->daddr, packet->daddr_peer);
}

uint8_t value_tcp_flags(const struct packet *packet)
{
	switch ((enum packet_kind)packet->kind) {
	case PACKET_FIRST:
		return 0x02; /* SYN */
	case PACKET_ACCEPT:
		return 0x12; /* SYN, ACK */
	case PACKET_REFUSE:
	case PACKET_ICMP_ERROR:
		break;
	}
	return 0x14; /* RST, ACK */
}

static void lay_transport(const struct packet *packet, struct value *value)
{
	value->len = 20;
	value->code = "transport-header";
	if (packet->proto == IPPROTO_ICMP || packet->proto == IPPROTO_ICMPV6) {
		known_byte(value, 0, packet->icmp_type);
		known_byte(value, 1, packet->icmp_code);
		return;
	}
	value_put_port(value, 0, packet->sport, packet->sport_unknown);
	value_put_port(value, 2, packet->dport, packet->dport_unknown);
	if (packet->proto == IPPROTO_TCP) {
		value->known[12] =
			0x0f; /* reserved bits are zero, data offset varies */
		known_byte(value, 13, value_tcp_flags(packet));
		known_byte(value, 18, 0); /* urgent pointer */
		known_byte(value, 19, 0);
	} else if (packet->proto == IPPROTO_SCTP && packet->kind == PACKET_FIRST) {
		for (size_t i = 4; i < 8; i++)
			known_byte(value, i, 0); /* an INIT's verification tag */
		known_byte(value, 12, 1);	 /* chunk INIT */
	}
}

static void lay_link(const struct view *view, struct value *value)
{
	const struct packet *packet = view->packet;

	value->len = 14;
	value->code = "link-header";
	uint16_t type = htons(value_hides_ip(view) || packet->tagged_once ? ETH_P_8021Q
			      : packet->family == FAMILY_IP4		  ? ETH_P_IP
									  : ETH_P_IPV6);
	memcpy(value->bits + 12, &type, 2);
	memset(value->known + 12, 0xff, 2);
}

void value_load_header(
	const struct view *view, const struct operand *operand, struct value *value)
{
	const struct packet *packet = view->packet;
	struct value header;

	memset(&header, 0, sizeof(header));
	if (packet->mangled) {
		value_unknown(value, operand->load_len, "payload-rewritten");
		return;
	}
	switch ((enum payload_base)operand->base) {
	case BASE_LINK:
		lay_link(view, &header);
		break;
	case BASE_NETWORK:
		if (packet->family == FAMILY_IP4)
			lay_ip4(packet, &header);
		else
			lay_ip6(packet, &header);
		break;
	case BASE_TRANSPORT:
		lay_transport(packet, &header);
		break;
	case BASE_INNER:
		value_unknown(value, operand->load_len, "payload-inner");
		return;
	}
	free_senders_bits(view, (enum payload_base)operand->base, &header);
	value_slice(&header, operand->offset, operand->load_len, value);
}
