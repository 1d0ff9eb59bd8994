/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captured frames, decoded as far as telling a question from its answer needs. */
#ifndef SEAWALL_NETMON_CONFIRM_PACKET_H
#define SEAWALL_NETMON_CONFIRM_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

/*
 * Theory of operation. Pure: bytes in, one struct packet out. Nothing in a frame is
 * trusted; each step checks that what it reads was captured. A frame that was cut by
 * the capture's length is PACKET_TRUNCATED with all that could be read before, one
 * whose own lengths contradict each other is PACKET_MALFORMED.
 */

/* What the frame begins with; numbers of its own, so that pcap stays out of here. */
enum packet_link {
	PACKET_LINK_NONE = 0,
	PACKET_LINK_ETHERNET,
	PACKET_LINK_COOKED,  /* Linux "any" captures, version 1 */
	PACKET_LINK_COOKED2, /* version 2 */
	PACKET_LINK_RAW,     /* an IP header at once */
};

enum packet_status {
	PACKET_NOT_IP = 0,
	PACKET_OK,
	PACKET_TRUNCATED, /* the capture kept too little of it */
	PACKET_MALFORMED,
	PACKET_FRAGMENT, /* not the first: it has no ports */
	PACKET_OTHER,	 /* IP, but no protocol of interest */
};

enum packet_kind {
	PACKET_KIND_NONE = 0,
	PACKET_SYN,
	PACKET_SYN_ACK,
	PACKET_RST,
	PACKET_TCP, /* any other segment */
	PACKET_UDP,
	PACKET_INIT,
	PACKET_INIT_ACK,
	PACKET_ABORT,
	PACKET_SCTP,
	PACKET_ICMP_ERROR, /* quotes another packet */
	PACKET_ICMP,
};

enum packet_way {
	PACKET_WAY_UNKNOWN = 0, /* only cooked captures tell */
	PACKET_IN,
	PACKET_OUT,
	PACKET_ELSEWHERE, /* to another host: promiscuous */
};

/* Addresses and ports of one direction of a flow. */
struct flow_key {
	enum family family;
	uint8_t proto; /* IPPROTO_TCP, UDP, SCTP, ICMP, ICMPV6 */
	uint16_t sport, dport;
	u128 src, dst;
};

struct packet {
	enum packet_status status;
	enum packet_kind kind;
	enum packet_way way;
	int ifindex;	 /* 0: the link header does not tell */
	uint16_t vlan;	 /* outermost VLAN id; 0: none, or a priority tag */
	bool extensions; /* IPv6 extension headers came before the protocol */
	struct flow_key key;
	uint32_t seq, ack; /* TCP; SCTP INIT: initiate tag in seq; always the
			      verification tag in ack */
	uint16_t payload;  /* bytes of UDP payload, as its header says */
	uint8_t icmp_type, icmp_code;
	struct flow_key
		quoted; /* PACKET_ICMP_ERROR; family NONE: it could not be read */
};

/**
 * packet_decode() - read one frame
 * @bytes:  @caplen captured ones of a frame that had @len
 * @packet: filled as far as it went, whatever is returned
 *
 * Follows VLAN tags (802.1Q and 802.1ad, four at most) and IPv6 hop-by-hop, routing,
 * destination, fragment and authentication headers (eight at most). Ports are read from
 * first fragments.
 * Return: packet->status.
 */
enum packet_status packet_decode(enum packet_link link, const uint8_t *bytes,
	size_t caplen, size_t len, struct packet *packet);

/** flow_key_turn() - the other direction. */
struct flow_key flow_key_turn(const struct flow_key *key);
bool flow_key_equal(const struct flow_key *a, const struct flow_key *b);

#endif
