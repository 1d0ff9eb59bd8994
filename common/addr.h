/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 addresses and prefixes as plain numbers. */
#ifndef SEAWALL_COMMON_ADDR_H
#define SEAWALL_COMMON_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Wide enough for an IPv6 address; an IPv4 address is in the low 32 bits. */
__extension__ typedef unsigned __int128 u128;

enum family {
	FAMILY_NONE = 0,
	FAMILY_IP4 = 4,
	FAMILY_IP6 = 6,
};

/** struct addr - one address; @value is the number it is (host order). */
struct addr {
	u128 value;
	enum family family;
};

/** struct prefix - @value has no bit set below @len. */
struct prefix {
	u128 value;
	enum family family;
	uint8_t len;
};

#define ADDR_TEXT_MAX 64 /* longest text of an address or prefix, NUL included */

/** addr_equal() - the same number of the same family. */
static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->value == b->value && a->family == b->family;
}

/** addr_bits() - 32 or 128. */
unsigned int addr_bits(enum family family);
/** addr_max() - the highest address of the family. */
u128 addr_max(enum family family);
/** addr_load() - the number in @len (4 or 16) bytes in network order. */
u128 addr_load(const void *bytes, size_t len);
/** addr_store() - the reverse of addr_load(). */
void addr_store(void *bytes, size_t len, u128 value);

/** addr_parse() - "192.0.2.1" or "2001:db8::1", no zone index, nothing after it. */
int addr_parse(const char *text, struct addr *ret_addr, struct err *err) _must_check_;
/** addr_format() - canonical text (RFC 5952 for IPv6) in @buffer; returns @buffer. */
char *addr_format(const struct addr *addr, char buffer[static ADDR_TEXT_MAX]);

/** addr_format_number() - decimal digits without a NUL (at most 5); how many. */
size_t addr_format_number(uint16_t number, char *buffer);

/**
 * prefix_parse() - "192.0.2.0/24", "2001:db8::/32", or an address (full length)
 *
 * Refuses host bits that are set, saying which prefix was meant.
 */
int prefix_parse(const char *text, struct prefix *ret_prefix, struct err *err)
	_must_check_;
/** prefix_format() - "addr/len"; a full-length prefix is written with its length too.
 */
char *prefix_format(const struct prefix *prefix, char buffer[static ADDR_TEXT_MAX]);
/** prefix_last() - the highest address in the prefix. */
u128 prefix_last(const struct prefix *prefix);
/** prefix_mask() - the network mask of @len bits as a number of that family. */
u128 prefix_mask(enum family family, unsigned int len);

#endif
