/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values made of numbers, names and addresses: what loaders are made of. */
#ifndef SEAWALL_NETMON_REACH_VALUE_MAKE_H
#define SEAWALL_NETMON_REACH_VALUE_MAKE_H

#include "netmon/reach/value.h"

void value_put(struct value *value, const void *bytes, size_t len);
void value_put_u32(struct value *value, uint32_t number);
void value_put_u16(struct value *value, uint16_t number);
/** value_put_bits() - of which some may be unknown; @code says why. */
void value_put_bits(struct value *value, struct bits32 bits, const char *code);
/** value_put_name() - an interface's, padded with zeroes to IFNAMSIZ as in the kernel.
 */
void value_put_name(struct value *value, const char *name);
/** value_put_addr() - at byte @at; the length stays. */
void value_put_addr(
	struct value *value, size_t at, enum family family, u128 addr, bool peer);
/** value_put_port() - at byte @at, in network order; the length stays. */
void value_put_port(struct value *value, size_t at, uint16_t port, bool unknown);

/** value_slice() - bytes [@at, @at + @len) of @from; past its end they are unknown. */
void value_slice(const struct value *from, size_t at, size_t len, struct value *to);

/** value_load_header() - what a rule loads of a header, at any offset and length. */
void value_load_header(
	const struct view *view, const struct operand *operand, struct value *value);

#define STRANGE_TCP_FLAGS 0xe8 /* CWR, ECE, URG, PSH */

/** value_tcp_flags() - of a SYN, or of the answer to one. */
uint8_t value_tcp_flags(const struct packet *packet);
/** value_free_tcp_flags() - which of them depend on what an unusual sender likes. */
uint8_t value_free_tcp_flags(const struct packet *packet);

#endif
