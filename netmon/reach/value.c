/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/value.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/routing.h"

/*
 * Theory of operation. Each field has a loader that fills a struct value; then the
 * operand's steps (masks, shifts, byte order, slices) are applied to it. Headers are
 * laid out for the packet as far as it is known and then sliced, so that any offset and
 * length a rule may load gives the right bits.
 */

#define HEADER_MAX 60

void value_unknown(struct value *value, size_t len, const char *code)
{
	memset(value, 0, sizeof(*value));
	value->len = (uint8_t)(len > VALUE_MAX ? VALUE_MAX : len);
	value->code = code ? code : "unknown";
}

bool value_is_known(const struct value *value)
{
	for (size_t i = 0; i < value->len; i++)
		if (value->known[i] != 0xff)
			return false;
	return true;
}

struct bits32 value_u32(const struct value *value)
{
	struct bits32 out = {.unknown = 0};
	uint8_t bits[4] = {0}, known[4] = {0};
	size_t n = value->len < 4 ? value->len : 4;
	uint32_t known_word;

	memcpy(bits, value->bits, n);
	memcpy(known, value->known, n);
	memset(known + n, 0xff, 4 - n); /* a shorter register is padded with zeroes */
	memcpy(&out.value, bits, 4);
	memcpy(&known_word, known, 4);
	out.unknown = ~known_word;
	out.value &= known_word;
	return out;
}

static void put(struct value *value, const void *bytes, size_t len)
{
	value->len = (uint8_t)len;
	memcpy(value->bits, bytes, len);
	memset(value->known, 0xff, len);
}

static void put_u32(struct value *value, uint32_t number)
{
	put(value, &number, sizeof(number));
}

static void put_u16(struct value *value, uint16_t number)
{
	put(value, &number, sizeof(number));
}

static void put_bits(struct value *value, struct bits32 bits, const char *code)
{
	uint32_t known = ~bits.unknown;

	put_u32(value, bits.value & known);
	memcpy(value->known, &known, sizeof(known));
	if (bits.unknown)
		value->code = code;
}

/* An interface name as the kernel loads it: padded with zeroes to IFNAMSIZ. */
static void put_name(struct value *value, const char *name)
{
	char padded[16] = {0};

	strncpy(padded, name, sizeof(padded) - 1);
	put(value, padded, sizeof(padded));
}

static void put_addr(
	struct value *value, size_t at, enum family family, u128 addr, bool peer)
{
	size_t len = addr_bits(family) / 8;

	if (peer) {
		memset(value->bits + at, 0, len);
		memset(value->known + at, 0, len);
		memset(value->peer + at, 0xff, len);
		value->has_peer = true;
		value->peer_at = (int16_t)at;
		return;
	}
	addr_store(value->bits + at, len, addr);
	memset(value->known + at, 0xff, len);
}

static void put_port(struct value *value, size_t at, uint16_t port, bool unknown)
{
	if (unknown) {
		value->code = "source-port";
		return;
	}
	uint16_t port_be = htons(port);

	memcpy(value->bits + at, &port_be, sizeof(port_be));
	memset(value->known + at, 0xff, sizeof(port_be));
}

/* ---------------------------------------------------------------- headers */

static void known_byte(struct value *value, size_t at, uint8_t byte)
{
	value->bits[at] = byte;
	value->known[at] = 0xff;
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
	put_addr(value, 12, FAMILY_IP4, packet->saddr, packet->saddr_peer);
	/* Only one of both addresses is ever the peer's. */
	put_addr(value, 16, FAMILY_IP4, packet->daddr, packet->daddr_peer);
}

/* RFC 8200, no extension headers in a first packet. */
static void lay_ip6(const struct packet *packet, struct value *value)
{
	value->len = 40;
	value->code = "ip6-header";
	value->bits[0] = 0x60;
	value->known[0] = 0xf0;
	known_byte(value, 6, packet->proto);
	put_addr(value, 8, FAMILY_IP6, packet->saddr, packet->saddr_peer);
	put_addr(value, 24, FAMILY_IP6, packet->daddr, packet->daddr_peer);
}

static uint8_t tcp_flags(const struct packet *packet)
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
	put_port(value, 0, packet->sport, packet->sport_unknown);
	put_port(value, 2, packet->dport, packet->dport_unknown);
	if (packet->proto == IPPROTO_TCP) {
		value->known[12] =
			0x0f; /* reserved bits are zero, data offset varies */
		known_byte(value, 13, tcp_flags(packet));
		known_byte(value, 18, 0); /* urgent pointer */
		known_byte(value, 19, 0);
	} else if (packet->proto == IPPROTO_SCTP && packet->kind == PACKET_FIRST) {
		for (size_t i = 4; i < 8; i++)
			known_byte(value, i, 0); /* an INIT's verification tag */
		known_byte(value, 12, 1);	 /* chunk INIT */
	}
}

static void lay_link(const struct packet *packet, struct value *value)
{
	value->len = 14;
	value->code = "link-header";
	uint16_t type = htons(packet->family == FAMILY_IP4 ? ETH_P_IP : ETH_P_IPV6);
	memcpy(value->bits + 12, &type, 2);
	memset(value->known + 12, 0xff, 2);
}

/* Bytes [@at, @at + @len) of @from; past its end they are unknown. */
static void slice(const struct value *from, size_t at, size_t len, struct value *to)
{
	const char *code = from->code ? from->code : "payload";

	value_unknown(to, len, code);
	for (size_t i = 0; i < to->len && at + i < from->len; i++) {
		to->bits[i] = from->bits[at + i];
		to->known[i] = from->known[at + i];
		to->peer[i] = from->peer[at + i];
		if (to->peer[i])
			to->has_peer = true;
	}
	to->peer_at = (int16_t)(from->peer_at - (int)at);
}

static void load_payload(
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
		lay_link(packet, &header);
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
	slice(&header, operand->offset, operand->load_len, value);
}

/* ---------------------------------------------------------------- meta */

static const struct link *link_of(const struct view *view, bool in)
{
	int ifindex = in ? view->packet->iif : view->packet->oif;

	return netns_link(view->space->netns, ifindex);
}

/* In the bridge family iif and oif are the bridge's ports. */
static int interface_of(const struct view *view, bool in)
{
	const struct packet *packet = view->packet;

	if (view->family == TABLE_BRIDGE)
		return in ? packet->port_in : packet->port_out;
	return in ? packet->iif : packet->oif;
}

static void load_interface(
	const struct view *view, const struct operand *operand, struct value *value)
{
	bool in = operand->field == FIELD_IIF || operand->field == FIELD_IIFNAME ||
		  operand->field == FIELD_BRI_IIFNAME;
	bool name = operand->field != FIELD_IIF && operand->field != FIELD_OIF;
	int ifindex = interface_of(view, in);

	if (operand->field == FIELD_BRI_IIFNAME || operand->field == FIELD_BRI_OIFNAME)
		ifindex = in ? view->packet->iif : view->packet->oif;
	if (ifindex < 0) {
		value_unknown(value, name ? 16 : 4, "bridge-port");
		return;
	}
	if (name)
		put_name(value, space_ifname(view->space, ifindex));
	else
		put_u32(value, (uint32_t)ifindex);
}

static void load_interface_fact(
	const struct view *view, const struct operand *operand, struct value *value)
{
	enum field field = operand->field;
	bool in = field == FIELD_IIFTYPE || field == FIELD_IIFGROUP ||
		  field == FIELD_IIFKIND;
	const struct link *link = link_of(view, in);

	if (view->family == TABLE_BRIDGE) {
		value_unknown(value, operand->load_len, "bridge-port");
	} else if (field == FIELD_IIFTYPE || field == FIELD_OIFTYPE) {
		put_u16(value, link ? link->type : 0);
	} else if (field == FIELD_IIFGROUP || field == FIELD_OIFGROUP) {
		put_u32(value, link ? link->group : 0);
	} else {
		put_name(value, link && link->kind ? link->kind : "");
	}
}

/* nft_meta: the slave device of a VRF; nothing for others. */
static void load_sdif(
	const struct view *view, const struct operand *operand, struct value *value)
{
	const struct link *link = link_of(view, true);
	const struct link *master =
		link && link->master ? netns_link(view->space->netns, link->master)
				     : NULL;

	if (master && master->kind && strcmp(master->kind, "vrf") == 0)
		value_unknown(value, operand->load_len, "meta-sdif");
	else if (operand->field == FIELD_SDIF)
		put_u32(value, 0);
	else
		put_name(value, "");
}

static void load_meta(
	const struct view *view, const struct operand *operand, struct value *value)
{
	const struct packet *packet = view->packet;
	bool ip4 = packet->family == FAMILY_IP4;

	switch ((int)operand->field) {
	case FIELD_NFPROTO: {
		uint8_t family =
			view->family == TABLE_BRIDGE || view->family == TABLE_NETDEV
				? (uint8_t)view->family
			: ip4 ? NFPROTO_IPV4
			      : NFPROTO_IPV6;
		put(value, &family, 1);
		break;
	}
	case FIELD_L4PROTO:
		put(value, &packet->proto, 1);
		break;
	case FIELD_PROTOCOL:
		put_u16(value, htons(ip4 ? ETH_P_IP : ETH_P_IPV6));
		break;
	case FIELD_MARK:
		put_bits(value, packet->mark, "mark-unknown");
		break;
	case FIELD_PKTTYPE:
		if (packet->pkttype_unknown)
			value_unknown(value, 1, "pkttype-unknown");
		else
			put(value, &packet->pkttype, 1);
		break;
	case FIELD_SECPATH: {
		uint8_t none = 0; /* came in the clear */
		put(value, &none, 1);
		break;
	}
	default:
		value_unknown(value, operand->load_len,
			operand->field == FIELD_LENGTH ? "meta-length"
						       : "meta-priority");
	}
}

/* ---------------------------------------------------------------- ct */

/* nft_ct_get_eval(): without an entry only the state can be asked. */
static uint32_t ct_state_bits(const struct packet *packet)
{
	switch ((enum tracking)packet->ct) {
	case CT_NONE:
	case CT_INVALID:
		return NF_CT_STATE_INVALID_BIT;
	case CT_UNTRACKED:
		return NF_CT_STATE_UNTRACKED_BIT;
	case CT_NEW:
		return NF_CT_STATE_BIT(IP_CT_NEW);
	case CT_ESTABLISHED:
		return NF_CT_STATE_BIT(IP_CT_ESTABLISHED);
	case CT_RELATED:
		return NF_CT_STATE_BIT(IP_CT_RELATED);
	}
	return NF_CT_STATE_INVALID_BIT;
}

struct tuple_side {
	u128 addr;
	uint16_t port;
	bool peer, port_unknown, source;
};

static bool tuple_side(
	const struct packet *packet, enum field field, struct tuple_side *side)
{
	switch ((int)field) {
	case FIELD_CT_ORIG_SADDR:
	case FIELD_CT_ORIG_SPORT:
		*side = (struct tuple_side){packet->orig_saddr, packet->orig_sport,
			packet->orig_saddr_peer, packet->sport_unknown, true};
		return true;
	case FIELD_CT_ORIG_DADDR:
	case FIELD_CT_ORIG_DPORT:
		*side = (struct tuple_side){
			packet->orig_daddr, packet->orig_dport, false, false, false};
		return true;
	case FIELD_CT_REPLY_SADDR:
	case FIELD_CT_REPLY_SPORT:
		*side = (struct tuple_side){
			packet->reply_saddr, packet->reply_sport, false, false, false};
		return true;
	case FIELD_CT_REPLY_DADDR:
	case FIELD_CT_REPLY_DPORT:
		*side = (struct tuple_side){packet->reply_daddr, packet->reply_dport,
			packet->reply_daddr_peer, packet->sport_unknown, true};
		return true;
	}
	return false;
}

static void load_ct(
	const struct view *view, const struct operand *operand, struct value *value)
{
	const struct packet *packet = view->packet;
	struct tuple_side side;

	switch ((int)operand->field) {
	case FIELD_CT_STATE:
		put_u32(value, ct_state_bits(packet));
		return;
	case FIELD_CT_STATUS:
		put_u32(value, packet->ct_status);
		return;
	case FIELD_CT_DIRECTION: {
		uint8_t direction = packet->kind == PACKET_FIRST ? 0 : 1;
		put(value, &direction, 1);
		return;
	}
	case FIELD_CT_MARK:
		put_bits(value, packet->ctmark, "ct-mark-unknown");
		return;
	case FIELD_CT_ZONE:
		put_bits(value, packet->ctzone, "ct-zone-unknown");
		value->len = 2;
		return;
	case FIELD_CT_L3PROTO: {
		uint8_t family =
			packet->family == FAMILY_IP4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
		put(value, &family, 1);
		return;
	}
	case FIELD_CT_PROTOCOL:
		if (packet->kind == PACKET_ICMP_ERROR)
			value_unknown(value, 1, "ct-protocol");
		else
			put(value, &packet->proto, 1);
		return;
	default:
		break;
	}
	if (!tuple_side(packet, operand->field, &side)) {
		value_unknown(value, operand->load_len, "ct-field");
		return;
	}
	if (operand->load_len == 2) {
		value->len = 2;
		put_port(value, 0, side.port, side.port_unknown && side.source);
	} else {
		value->len = operand->load_len;
		put_addr(value, 0, (enum family)packet->family, side.addr, side.peer);
	}
}

/* ---------------------------------------------------------------- addresses and ports
 */

static void load_address(
	const struct view *view, const struct operand *operand, struct value *value)
{
	const struct packet *packet = view->packet;
	bool source = operand->field == FIELD_SADDR;

	value->len = (uint8_t)(addr_bits((enum family)packet->family) / 8);
	if (packet->lost) {
		value->code = "payload-rewritten";
		return;
	}
	put_addr(value, 0, (enum family)packet->family,
		source ? packet->saddr : packet->daddr,
		source ? packet->saddr_peer : packet->daddr_peer);
}

static void load_port(
	const struct view *view, const struct operand *operand, struct value *value)
{
	const struct packet *packet = view->packet;

	value->len = 2;
	if (packet->lost)
		value->code = "payload-rewritten";
	else if (packet->proto == IPPROTO_ICMP || packet->proto == IPPROTO_ICMPV6)
		value->code = "icmp-port";
	else if (operand->field == FIELD_SPORT)
		put_port(value, 0, packet->sport, packet->sport_unknown);
	else
		put_port(value, 0, packet->dport, packet->dport_unknown);
}

static void load_tcp_flags(
	const struct view *view, const struct operand *operand, struct value *value)
{
	uint8_t flags = tcp_flags(view->packet);

	if (view->packet->proto == IPPROTO_TCP)
		put(value, &flags, 1);
	else
		value_unknown(value, operand->load_len, "tcp-flags");
}

/* A first packet carries no IPv6 extension header and no IPv4 option. TCP options are
 * the sender's. */
static void load_exthdr(
	const struct view *view, const struct operand *operand, struct value *value)
{
	enum { OP_IPV6 = 0, OP_TCPOPT = 1, OP_IPV4 = 2 }; /* NFT_EXTHDR_OP_* */
	uint8_t no = 0;

	(void)view;
	if (operand->exthdr_present &&
		(operand->exthdr_op == OP_IPV6 || operand->exthdr_op == OP_IPV4))
		put(value, &no, 1);
	else
		value_unknown(value, operand->load_len, "exthdr");
}

static void load_const(
	const struct view *view, const struct operand *operand, struct value *value)
{
	(void)view;
	put(value, operand->bytes, operand->load_len);
}

static void load_concat(
	const struct view *view, const struct operand *operand, struct value *value)
{
	size_t at = 0;

	value->len = operand->load_len;
	for (size_t i = 0; i < operand->nkey && at < VALUE_MAX; i++) {
		struct value part;
		size_t padded = (operand->key[i]->len + 3u) & ~3u;

		value_load(view, operand->key[i], &part);
		if (at + padded > VALUE_MAX)
			break;
		memcpy(value->bits + at, part.bits, part.len);
		memcpy(value->known + at, part.known, part.len);
		memcpy(value->peer + at, part.peer, part.len);
		memset(value->known + at + part.len, 0xff, padded - part.len);
		if (part.has_peer) {
			value->has_peer = true;
			value->peer_at = (int16_t)(part.peer_at + (int)at);
		}
		if (part.code)
			value->code = part.code;
		at += padded;
	}
}

static void load_nothing(
	const struct view *view, const struct operand *operand, struct value *value)
{
	(void)view;
	value_unknown(value, operand->load_len,
		operand->code ? operand->code : "field-unknown");
}

/* fib results that do not depend on the peer; match.c splits the others. */
static void load_fib(
	const struct view *view, const struct operand *operand, struct value *value)
{
	uint32_t type;

	if (operand->field == FIELD_FIB_TYPE &&
		routing_fib_type(view, operand->fib_flags, &type))
		put_u32(value, type);
	else
		value_unknown(value, operand->load_len, "fib");
}

typedef void load_function(const struct view *, const struct operand *, struct value *);

static load_function *const loaders[FIELD_COUNT] = {
	[FIELD_UNKNOWN] = load_nothing,
	[FIELD_CONST] = load_const,
	[FIELD_MAP] = load_nothing,
	[FIELD_CONCAT] = load_concat,
	[FIELD_PAYLOAD] = load_payload,
	[FIELD_IIF] = load_interface,
	[FIELD_OIF] = load_interface,
	[FIELD_IIFNAME] = load_interface,
	[FIELD_OIFNAME] = load_interface,
	[FIELD_BRI_IIFNAME] = load_interface,
	[FIELD_BRI_OIFNAME] = load_interface,
	[FIELD_IIFTYPE] = load_interface_fact,
	[FIELD_OIFTYPE] = load_interface_fact,
	[FIELD_IIFGROUP] = load_interface_fact,
	[FIELD_OIFGROUP] = load_interface_fact,
	[FIELD_IIFKIND] = load_interface_fact,
	[FIELD_OIFKIND] = load_interface_fact,
	[FIELD_SDIF] = load_sdif,
	[FIELD_SDIFNAME] = load_sdif,
	[FIELD_NFPROTO] = load_meta,
	[FIELD_L4PROTO] = load_meta,
	[FIELD_PROTOCOL] = load_meta,
	[FIELD_MARK] = load_meta,
	[FIELD_PKTTYPE] = load_meta,
	[FIELD_PRIORITY] = load_meta,
	[FIELD_LENGTH] = load_meta,
	[FIELD_SECPATH] = load_meta,
	[FIELD_CT_STATE] = load_ct,
	[FIELD_CT_STATUS] = load_ct,
	[FIELD_CT_DIRECTION] = load_ct,
	[FIELD_CT_MARK] = load_ct,
	[FIELD_CT_ZONE] = load_ct,
	[FIELD_CT_L3PROTO] = load_ct,
	[FIELD_CT_PROTOCOL] = load_ct,
	[FIELD_CT_ORIG_SADDR] = load_ct,
	[FIELD_CT_ORIG_DADDR] = load_ct,
	[FIELD_CT_ORIG_SPORT] = load_ct,
	[FIELD_CT_ORIG_DPORT] = load_ct,
	[FIELD_CT_REPLY_SADDR] = load_ct,
	[FIELD_CT_REPLY_DADDR] = load_ct,
	[FIELD_CT_REPLY_SPORT] = load_ct,
	[FIELD_CT_REPLY_DPORT] = load_ct,
	[FIELD_CT_HELPER] = load_nothing,
	[FIELD_CT_LABEL] = load_nothing,
	[FIELD_FIB_TYPE] = load_fib,
	[FIELD_FIB_OIF] = load_fib,
	[FIELD_FIB_OIFNAME] = load_fib,
	[FIELD_TCP_FLAGS] = load_tcp_flags,
	[FIELD_EXTHDR] = load_exthdr,
	[FIELD_RT_OIF_TCLASSID] = load_nothing,
	[FIELD_SADDR] = load_address,
	[FIELD_DADDR] = load_address,
	[FIELD_SPORT] = load_port,
	[FIELD_DPORT] = load_port,
};

/* ---------------------------------------------------------------- steps */

static void step_and_xor(const struct step *step, struct value *value)
{
	for (size_t i = 0; i < value->len; i++) {
		uint8_t mask = step->and[i], kept = value->peer[i] & mask;

		/* A bit masked away is a known zero, whatever it was. */
		value->known[i] = (uint8_t)(value->known[i] | (uint8_t)~mask);
		value->known[i] &= (uint8_t)~kept;
		value->bits[i] = (uint8_t)((value->bits[i] & mask) ^ step->xor [i]);
		value->peer[i] = kept;
	}
}

static void step_swap(const struct step *step, struct value *value)
{
	size_t unit = step->count ? step->count : 1;

	if (value->has_peer) {
		value_unknown(value, value->len, "byteorder-of-address");
		return;
	}
	for (size_t at = 0; at + unit <= value->len; at += unit)
		for (size_t i = 0; i < unit / 2; i++) {
			uint8_t *bits = value->bits + at, *known = value->known + at;
			size_t j = unit - 1 - i;
			uint8_t b = bits[i], k = known[i];

			bits[i] = bits[j];
			bits[j] = b;
			known[i] = known[j];
			known[j] = k;
		}
}

/* nft_bitwise_eval_lshift(): 32-bit words in host order, carried from the next word. */
static void shift_words(uint8_t *bytes, size_t len, unsigned int count, bool left)
{
	uint32_t words[VALUE_MAX / 4] = {0};
	size_t n = (len + 3) / 4;
	uint32_t carry = 0;

	memcpy(words, bytes, len);
	for (size_t k = 0; k < n; k++) {
		size_t i = left ? n - 1 - k : k;
		uint32_t word = words[i];

		words[i] = left ? (word << count) | carry : carry | (word >> count);
		carry = count == 0 ? 0
			: left	   ? word >> (32 - count)
				   : word << (32 - count);
	}
	memcpy(bytes, words, len);
}

static void step_shift(const struct step *step, struct value *value)
{
	unsigned int count = step->count;
	bool left = step->kind == STEP_SHIFT_LEFT;

	if (value->has_peer || count > 31) {
		value_unknown(value, value->len, "shift");
		return;
	}
	/* Bits shifted in are zero and known: shift "unknown" instead of "known". */
	uint8_t unknown[VALUE_MAX];
	for (size_t i = 0; i < value->len; i++)
		unknown[i] = (uint8_t)~value->known[i];
	shift_words(value->bits, value->len, count, left);
	shift_words(unknown, value->len, count, left);
	for (size_t i = 0; i < value->len; i++)
		value->known[i] = (uint8_t)~unknown[i];
}

static void step_apply(const struct step *step, struct value *value)
{
	struct value whole;

	switch (step->kind) {
	case STEP_AND_XOR:
		step_and_xor(step, value);
		return;
	case STEP_SHIFT_LEFT:
	case STEP_SHIFT_RIGHT:
		step_shift(step, value);
		return;
	case STEP_SWAP:
		step_swap(step, value);
		return;
	case STEP_SLICE:
		whole = *value;
		slice(&whole, step->offset, step->count, value);
		return;
	}
	value_unknown(value, value->len, "step-unknown");
}

void value_steps(const struct operand *operand, struct value *value)
{
	for (size_t i = 0; i < operand->nsteps; i++)
		step_apply(&operand->steps[i], value);
	/* A register may be read longer than the field was: the rest is unknown. */
	if (operand->len > value->len && !value->code)
		value->code = "register-length";
	if (operand->len)
		value->len = operand->len;
}

void value_load(
	const struct view *view, const struct operand *operand, struct value *ret_value)
{
	memset(ret_value, 0, sizeof(*ret_value));
	loaders[operand->field](view, operand, ret_value);
	value_steps(operand, ret_value);
}
