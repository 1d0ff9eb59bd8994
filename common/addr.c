/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 addresses and prefixes as plain numbers. */
#include "common/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

unsigned int addr_bits(enum family family)
{
	return family == FAMILY_IP6 ? 128 : 32;
}

u128 addr_max(enum family family)
{
	return family == FAMILY_IP6 ? ~(u128)0 : UINT32_MAX;
}

u128 addr_load(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	u128 value = 0;
	uint32_t be;

	if (len == sizeof(be)) { /* rules are full of IPv4 addresses */
		memcpy(&be, bytes, sizeof(be));
		return ntohl(be);
	}
	for (size_t i = 0; i < len; i++)
		value = value << 8 | p[i];
	return value;
}

void addr_store(void *bytes, size_t len, u128 value)
{
	unsigned char *p = bytes;

	while (len > 0) {
		p[--len] = (unsigned char)(value & 0xff);
		value >>= 8;
	}
}

int addr_parse(const char *text, struct addr *ret_addr, struct err *err)
{
	bool ip6 = strchr(text, ':') != NULL;
	unsigned char bytes[16];

	if (inet_pton(ip6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return err_set(
			err, -EINVAL, "'%.64s' is no IPv4 or IPv6 address", text);
	ret_addr->family = ip6 ? FAMILY_IP6 : FAMILY_IP4;
	ret_addr->value = addr_load(bytes, ip6 ? 16 : 4);
	return 0;
}

size_t addr_format_number(uint16_t number, char *buffer)
{
	char digits[5];
	size_t n = 0, len;

	do {
		digits[n++] = (char)('0' + number % 10);
		number = (uint16_t)(number / 10);
	} while (number);
	for (len = 0; n; len++)
		buffer[len] = digits[--n];
	return len;
}

/* inet_ntop() is printf underneath: too slow for ten thousand ports. */
static char *format_ip4(uint32_t value, char *buffer)
{
	size_t len = 0;

	for (int shift = 24; shift >= 0; shift -= 8) {
		len += addr_format_number((value >> shift) & 0xff, buffer + len);
		buffer[len++] = shift ? '.' : '\0';
	}
	return buffer;
}

char *addr_format(const struct addr *addr, char buffer[static ADDR_TEXT_MAX])
{
	bool ip6 = addr->family == FAMILY_IP6;
	unsigned char bytes[16];

	if (addr->family == FAMILY_NONE) {
		(void)snprintf(buffer, ADDR_TEXT_MAX, "none");
		return buffer;
	}
	if (!ip6)
		return format_ip4((uint32_t)addr->value, buffer);
	addr_store(bytes, sizeof(bytes), addr->value);
	if (!inet_ntop(AF_INET6, bytes, buffer, ADDR_TEXT_MAX))
		buffer[0] = '\0'; /* cannot be: the buffer is long enough */
	return buffer;
}

/* Decimal without sign or leading zero, at most @max. */
static int parse_length(const char *text, unsigned int max, unsigned int *ret_len)
{
	unsigned int value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(*text - '0');
		if (value > max)
			return -ERANGE;
	}
	*ret_len = value;
	return 0;
}

int prefix_parse(const char *text, struct prefix *ret_prefix, struct err *err)
{
	const char *slash = strchr(text, '/');
	size_t addr_len = slash ? (size_t)(slash - text) : strlen(text);
	char part[ADDR_TEXT_MAX], meant[ADDR_TEXT_MAX];
	struct addr addr;

	if (addr_len >= sizeof(part))
		return err_set(
			err, -EINVAL, "'%.64s...' is no address or prefix", text);
	memcpy(part, text, addr_len);
	part[addr_len] = '\0';
	if (addr_parse(part, &addr, NULL) < 0)
		return err_set(err, -EINVAL, "'%.64s' is no address or prefix", text);

	unsigned int len = addr_bits(addr.family);
	if (slash && parse_length(slash + 1, len, &len) < 0)
		return err_set(err, -EINVAL,
			"'%.64s': the prefix length must be a number from 0 to %u",
			text, len);
	struct prefix prefix = {
		.family = addr.family,
		.value = addr.value & prefix_mask(addr.family, len),
		.len = (uint8_t)len,
	};
	if (prefix.value != addr.value)
		return err_set(err, -EINVAL,
			"'%.64s' has host bits set: write %s for the network or %s/%u "
			"for the one address",
			text, prefix_format(&prefix, meant), part,
			addr_bits(addr.family));
	*ret_prefix = prefix;
	return 0;
}

char *prefix_format(const struct prefix *prefix, char buffer[static ADDR_TEXT_MAX])
{
	struct addr addr = {.value = prefix->value, .family = prefix->family};
	size_t len = strlen(addr_format(&addr, buffer));

	buffer[len++] = '/';
	len += addr_format_number(prefix->len, buffer + len);
	buffer[len] = '\0';
	return buffer;
}

u128 prefix_mask(enum family family, unsigned int len)
{
	unsigned int bits = addr_bits(family);

	if (len == 0)
		return 0;
	return addr_max(family) & ~(len >= bits ? 0 : addr_max(family) >> len);
}

u128 prefix_last(const struct prefix *prefix)
{
	return prefix->value |
	       (addr_max(prefix->family) & ~prefix_mask(prefix->family, prefix->len));
}
