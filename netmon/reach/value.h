/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operand's bytes are for one packet: known bits, the peer's bits, or unknown.
 */
#ifndef SEAWALL_NETMON_REACH_VALUE_H
#define SEAWALL_NETMON_REACH_VALUE_H

#include "netmon/model/ruleset.h"
#include "netmon/reach/packet.h"
#include "netmon/reach/space.h"

/**
 * struct value - bytes as a rule's register would hold them
 * @len:   bytes used
 * @bits:  the value of each known bit; for a peer's bit what it is xor-ed with
 * @known: a one for each bit that is known
 * @peer:  a one for each bit that is the peer address's (never also known)
 * @peer_at: value byte i is byte i - peer_at of the peer's address (network order)
 * @code:  why bits are unknown (neither known nor peer); NULL when none is
 */
struct value {
	uint8_t len;
	bool has_peer;
	int16_t peer_at;
	uint8_t bits[VALUE_MAX], known[VALUE_MAX], peer[VALUE_MAX];
	const char *code;
};

/* From where an operand looks at the packet. */
struct view {
	struct space *space; /* the namespace it is in */
	const struct packet *packet;
	enum table_family family;
	enum hook hook;
	int32_t priority; /* of the base chain */
	struct arena *arena;
	const struct ivset *peers; /* those of the state */
};

/**
 * value_hides_ip() - whether chains of that family do not find IP in the packet
 *
 * One VLAN tag is taken off before they are called; behind it stands another one, and
 * what is tagged is no IP to chains of devices and bridges (nft_do_chain_netdev(),
 * nft_do_chain_bridge(); CVE-2021-27853 and its like).
 */
bool value_hides_ip(const struct view *view);

/**
 * value_sees_pieces() - whether a base chain may see packets of IPv4 in fragments
 * @tracks: whether conntrack puts them together there (nf_ct_ipv4_defrag()); else
 *          ip_local_deliver() does, before input, and for others nobody
 *
 * Those of devices and bridges do, in which they also leave as they came
 * (ip_do_fragment()), and those that are called before conntrack's own work.
 */
bool value_sees_pieces(
	enum table_family family, enum hook hook, int32_t priority, bool tracks);

/** value_in_pieces() - whether the chain may see the packet in fragments, of which the
 *  first may end eight bytes behind IP's header. */
bool value_in_pieces(const struct view *view);

/**
 * value_load() - evaluate an operand that is no map
 *
 * Never fails: what cannot be told is unknown bits with a reason code.
 */
void value_load(const struct view *view, const struct operand *operand,
	struct value *ret_value);

/** value_steps() - apply an operand's steps to a value of its field. */
void value_steps(const struct operand *operand, struct value *value);

/** value_is_senders() - whether an operand has bits that only unusual senders set. */
bool value_is_senders(const struct operand *operand);

/** value_is_of_later_piece() - whether it reads what a sender may leave to a later
 * fragment than the first. */
bool value_is_of_later_piece(const struct operand *operand);

/** value_is_known() - every bit known, none the peer's. */
bool value_is_known(const struct value *value);

/** value_unknown() - @len unknown bytes. */
void value_unknown(struct value *value, size_t len, const char *code);

/** value_u32() - the first four bytes as a host-order number; unknown bits told. */
struct bits32 value_u32(const struct value *value);

#endif
