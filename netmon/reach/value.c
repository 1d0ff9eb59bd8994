/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/value.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/routing.h"
#include "netmon/reach/value_make.h"

/*
 * Theory of operation. Each field has a loader that fills a struct value; then the
 * operand's steps (masks, shifts, byte order, slices) are applied to it. Headers are
 * laid out for the packet as far as it is known and then sliced, so that any offset and
 * length a rule may load gives the right bits.
 */

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
		value_put_name(value, space_ifname(view->space, ifindex));
	else
		value_put_u32(value, (uint32_t)ifindex);
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
		value_put_u16(value, link ? link->type : 0);
	} else if (field == FIELD_IIFGROUP || field == FIELD_OIFGROUP) {
		value_put_u32(value, link ? link->group : 0);
	} else {
		value_put_name(value, link && link->kind ? link->kind : "");
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
		value_put_u32(value, 0);
	else
		value_put_name(value, "");
}

bool value_sees_pieces(
	enum table_family family, enum hook hook, int32_t priority, bool tracks)
{
	enum { DEFRAG = -400 }; /* NF_IP_PRI_CONNTRACK_DEFRAG */

	if (family == TABLE_BRIDGE || hook == HOOK_INGRESS || hook == HOOK_EGRESS)
		return true;
	if (hook == HOOK_PREROUTING && priority <= DEFRAG)
		return true;
	return !tracks && (hook == HOOK_PREROUTING || hook == HOOK_FORWARD ||
				  hook == HOOK_POSTROUTING);
}

bool value_in_pieces(const struct view *view)
{
	const struct packet *packet = view->packet;

	return packet->strange && packet->family == FAMILY_IP4 &&
	       packet->kind == PACKET_FIRST &&
	       value_sees_pieces(
		       view->family, view->hook, view->priority, view->space->tracks);
}

bool value_hides_ip(const struct view *view)
{
	return view->packet->tagged &&
	       (view->family == TABLE_NETDEV || view->family == TABLE_BRIDGE);
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
		value_put(value, &family, 1);
		break;
	}
	case FIELD_L4PROTO:
		value_put(value, &packet->proto, 1);
		break;
	case FIELD_PROTOCOL:
		value_put_u16(value, htons(value_hides_ip(view) ? ETH_P_8021Q
					     : ip4		? ETH_P_IP
								: ETH_P_IPV6));
		break;
	case FIELD_MARK:
		value_put_bits(value, packet->mark, "mark-unknown");
		break;
	case FIELD_PKTTYPE:
		if (packet->pkttype_unknown)
			value_unknown(value, 1, "pkttype-unknown");
		else
			value_put(value, &packet->pkttype, 1);
		break;
	case FIELD_SECPATH: {
		uint8_t none = 0; /* came in the clear */
		value_put(value, &none, 1);
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
	bool peer, port_unknown;
};

static bool tuple_side(
	const struct packet *packet, enum field field, struct tuple_side *side)
{
	switch ((int)field) {
	case FIELD_CT_ORIG_SADDR:
	case FIELD_CT_ORIG_SPORT:
		*side = (struct tuple_side){packet->orig_saddr, packet->orig_sport,
			packet->orig_saddr_peer, packet->orig_sport_unknown};
		return true;
	case FIELD_CT_ORIG_DADDR:
	case FIELD_CT_ORIG_DPORT:
		*side = (struct tuple_side){
			packet->orig_daddr, packet->orig_dport, false, false};
		return true;
	case FIELD_CT_REPLY_SADDR:
	case FIELD_CT_REPLY_SPORT:
		*side = (struct tuple_side){
			packet->reply_saddr, packet->reply_sport, false, false};
		return true;
	case FIELD_CT_REPLY_DADDR:
	case FIELD_CT_REPLY_DPORT:
		*side = (struct tuple_side){packet->reply_daddr, packet->reply_dport,
			packet->reply_daddr_peer, packet->reply_dport_unknown};
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
		value_put_u32(value, ct_state_bits(packet));
		return;
	case FIELD_CT_STATUS:
		value_put_u32(value, packet->ct_status);
		return;
	case FIELD_CT_DIRECTION: {
		uint8_t direction = packet->kind == PACKET_FIRST ? 0 : 1;
		value_put(value, &direction, 1);
		return;
	}
	case FIELD_CT_MARK:
		value_put_bits(value, packet->ctmark, "ct-mark-unknown");
		return;
	case FIELD_CT_ZONE:
		/* 'ct original zone' and 'ct reply zone' are not told apart. */
		if (packet->zone_side != ZONE_BOTH)
			value_unknown(value, 2, "ct-zone-unknown");
		else
			value_put_bits(value, packet->ctzone, "ct-zone-unknown");
		value->len = 2;
		return;
	case FIELD_CT_L3PROTO: {
		uint8_t family =
			packet->family == FAMILY_IP4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
		value_put(value, &family, 1);
		return;
	}
	case FIELD_CT_PROTOCOL:
		if (packet->kind == PACKET_ICMP_ERROR)
			value_unknown(value, 1, "ct-protocol");
		else
			value_put(value, &packet->proto, 1);
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
		value_put_port(value, 0, side.port, side.port_unknown);
	} else {
		value->len = operand->load_len;
		value_put_addr(
			value, 0, (enum family)packet->family, side.addr, side.peer);
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
	value_put_addr(value, 0, (enum family)packet->family,
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
		value_put_port(value, 0, packet->sport, packet->sport_unknown);
	else
		value_put_port(value, 0, packet->dport, packet->dport_unknown);
}

static void load_tcp_flags(
	const struct view *view, const struct operand *operand, struct value *value)
{
	uint8_t flags = value_tcp_flags(view->packet);

	if (view->packet->proto != IPPROTO_TCP) {
		value_unknown(value, operand->load_len, "tcp-flags");
		return;
	}
	if (value_in_pieces(view)) {
		value_unknown(value, operand->load_len, "fragments");
		return;
	}
	value_put(value, &flags, 1);
	if (value_free_tcp_flags(view->packet)) {
		value->known[0] = (uint8_t)~value_free_tcp_flags(view->packet);
		value->code = "tcp-flags";
	}
}

/* An ordinary first packet carries no IPv6 extension header and no IPv4 option, nor
 * does the answer to it. TCP options are the sender's. */
static void load_exthdr(
	const struct view *view, const struct operand *operand, struct value *value)
{
	enum { OP_IPV6 = 0, OP_TCPOPT = 1, OP_IPV4 = 2 }; /* NFT_EXTHDR_OP_* */
	uint8_t no = 0;

	if (!view->packet->strange && operand->exthdr_present &&
		(operand->exthdr_op == OP_IPV6 || operand->exthdr_op == OP_IPV4))
		value_put(value, &no, 1);
	else
		value_unknown(value, operand->load_len, "exthdr");
}

static void load_const(
	const struct view *view, const struct operand *operand, struct value *value)
{
	(void)view;
	value_put(value, operand->bytes, operand->load_len);
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
		value_put_u32(value, type);
	else
		value_unknown(value, operand->load_len, "fib");
}

typedef void load_function(const struct view *, const struct operand *, struct value *);

static load_function *const loaders[FIELD_COUNT] = {
	[FIELD_UNKNOWN] = load_nothing,
	[FIELD_CONST] = load_const,
	[FIELD_MAP] = load_nothing,
	[FIELD_CONCAT] = load_concat,
	[FIELD_PAYLOAD] = value_load_header,
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

void value_load(
	const struct view *view, const struct operand *operand, struct value *ret_value)
{
	memset(ret_value, 0, sizeof(*ret_value));
	loaders[operand->field](view, operand, ret_value);
	value_steps(operand, ret_value);
}
