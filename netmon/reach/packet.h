/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet of which everything is one value, but for the stranger's address. */
#ifndef SEAWALL_NETMON_REACH_PACKET_H
#define SEAWALL_NETMON_REACH_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/ivset.h"
#include "netmon/model/report.h"
#include "netmon/model/ruleset.h"

/*
 * Theory of operation. A question is about one endpoint, so a packet's interface,
 * destination, protocol, ports, marks and conntrack state are single values at each
 * point of the walk; what is a *set* is the address of the stranger ("the peer"), which
 * is the source of the first packet and the destination of its answer. So a packet set
 * is one struct packet and one set of peers.
 *
 * Where a match cannot be decided, the packet set goes both ways. The walk's end then
 * finds some peers under several outcomes: those are the "may"; the peers under only
 * one are the "must". Nothing else is needed to be sound: every peer is always
 * somewhere.
 */

/* What conntrack knows when a rule looks. */
enum tracking {
	CT_NONE = 0,  /* before conntrack has seen it, or nothing tracks here */
	CT_UNTRACKED, /* notrack */
	CT_NEW,
	CT_ESTABLISHED, /* an answer */
	CT_RELATED,	/* an ICMP error about it */
	CT_INVALID,	/* an answer to something never tracked */
};

/* A number of which some bits may be unknown. */
struct bits32 {
	uint32_t value, unknown;
};

/* What the packet is, beside its addresses and ports. */
enum packet_kind {
	PACKET_FIRST = 0,  /* TCP SYN, first UDP datagram, SCTP INIT */
	PACKET_ACCEPT,	   /* SYN-ACK, a datagram, INIT-ACK */
	PACKET_REFUSE,	   /* RST, SCTP ABORT */
	PACKET_ICMP_ERROR, /* about the first packet */
};

/* What the destination port has to do with the one that was dialled. */
enum port_origin {
	PORT_DIALLED = 0, /* it is that one */
	PORT_MOVED,	  /* a translation keeps the distance: the next is the next */
	PORT_FIXED,	  /* a rule says which, whatever was dialled */
};

struct packet {
	u128 saddr, daddr;
	u128 orig_saddr, orig_daddr; /* ct original direction */
	u128 reply_saddr, reply_daddr;
	int iif, oif; /* 0: none */
	int scope_if; /* made here: the interface that link-local addresses mean */
	int bound_if; /* made here: the device that its socket is bound to; 0: none */
	int port_in, port_out; /* bridge ports, in the bridge family; -1: unknown one */
	struct bits32 mark, ctmark, ctzone;
	struct bits32 entry_zone; /* an answer: where its entry would be found */
	uint8_t zone_side, entry_zone_side; /* enum zone_side, of both */
	uint32_t ct_status;		    /* IPS_* */
	uint16_t sport, dport, orig_sport, orig_dport, reply_sport, reply_dport;
	uint8_t family;	 /* enum family */
	uint8_t proto;	 /* of the packet itself: ICMP for an ICMP error */
	uint8_t ct;	 /* enum tracking: what rules see now */
	uint8_t entry;	 /* enum tracking: what conntrack will say once it has looked */
	uint8_t kind;	 /* enum packet_kind */
	uint8_t pkttype; /* PACKET_HOST ... */
	uint8_t icmp_type, icmp_code;
	uint8_t dport_origin; /* enum port_origin */
	/* Which addresses are the peer's rather than the value beside it. */
	bool saddr_peer, daddr_peer, orig_saddr_peer, reply_daddr_peer;
	bool sport_unknown, dport_unknown;	      /* nobody can say */
	bool orig_sport_unknown, reply_dport_unknown; /* of the entry's tuples */
	bool rerouted;	  /* made here, and changed in output in a way that asks for a
			     route */
	bool sport_class; /* the source port stands for others: the answer must not tell
			     them apart */
	bool templated;	  /* a zone was set: conntrack's template is attached */
	bool dnat_done, snat_done; /* the manipulation is decided */
	bool pkttype_unknown;
	bool mangled; /* a rule rewrote header bytes in a way that is not followed */
	bool via_gateway; /* its next hop is a router */
	bool lost;	  /* ... and nobody can say to which values */
	bool local;	  /* made on this host: nothing came in */
	bool to_host;	  /* routed to the host's own sockets */
	bool sourceless;  /* made here, and its route decides where it comes from */
	bool repeated;	  /* its sender has sent several lately: not a first packet */
	bool strange; /* of an unusual sender, or an answer to him: flags, options and
			 extension headers that ordinary first packets do not have */
	bool tagged_once; /* in a frame with one VLAN tag of id 0: IP to all but link
			  headers and br_netfilter */
	bool tagged; /* in a frame with two VLAN tags of id 0, as long as they are there
		      */
};

/* What stands behind a step's text: formatted only when somebody reads the trace. */
struct trace_arg {
	enum { ARG_NONE = 0, ARG_NAME, ARG_ADDR, ARG_PORT, ARG_HEX } kind;
	bool has_port;
	uint16_t port;
	uint32_t number;  /* HEX */
	const char *name; /* NAME: borrowed from rules or facts */
	struct addr addr;
};

/* How a packet set came to where it is; newest first. Texts outlive the walk. */
struct trace_node {
	const struct trace_node *before;
	struct trace_step step;
	struct trace_arg arg;
};

/* Undecided matches on the way; newest first. */
struct doubt {
	const struct doubt *before;
	const struct rule *rule; /* NULL: not a rule's */
	const char *code, *text;
};

struct state {
	struct packet packet;
	const struct ivset *peers;
	const struct trace_node *trace;
	const struct doubt *doubt;
};

#endif
