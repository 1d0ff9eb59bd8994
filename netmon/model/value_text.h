/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values in nft's words: addresses, numbers, names of codes and flags. */
#ifndef SEAWALL_NETMON_MODEL_VALUE_TEXT_H
#define SEAWALL_NETMON_MODEL_VALUE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmon/model/text.h"

/* How the bytes of a value are to be read. */
enum value_type {
	VALUE_BYTES = 0, /* hexadecimal */
	VALUE_NUMBER,	 /* network order */
	VALUE_HOST,	 /* host order */
	VALUE_MARK,	 /* host order, hexadecimal */
	VALUE_ADDR,
	VALUE_MAC,
	VALUE_NAME,
	VALUE_PRESENT, /* exists, missing */
	VALUE_PROTO,
	VALUE_NFPROTO,
	VALUE_ETHERTYPE,
	VALUE_PKTTYPE,
	VALUE_FIB_TYPE,
	VALUE_DIRECTION,
	VALUE_ICMP_TYPE,
	VALUE_ICMP6_TYPE,
	VALUE_CT_STATE, /* the rest are sets of flags */
	VALUE_CT_STATUS,
	VALUE_TCP_FLAGS,
	VALUE_TYPE_COUNT,
};

static inline bool value_is_flags(enum value_type type)
{
	return type >= VALUE_CT_STATE;
}

/** value_name() - the word for a code of @type; NULL: there is none. */
const char *value_name(enum value_type type, uint64_t code);

/**
 * value_add() - append a value
 * @len:     bytes there are; fewer than @whole: the front of a value (a prefix, a name
 *           with a wildcard)
 * @swapped: numbers were brought to network order
 */
void value_add(struct text *text, enum value_type type, const uint8_t *bytes,
	size_t len, size_t whole, bool swapped);

/** value_add_flags() - names of the bits that are set, with @separator between them. */
void value_add_flags(struct text *text, enum value_type type, const uint8_t *bytes,
	size_t len, bool swapped, const char *separator);

#endif
