/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One character of UTF-8 at a time. */
#ifndef SEAWALL_COMMON_UTF8_H
#define SEAWALL_COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * utf8_decode() - the character at the start of @len bytes
 *
 * Return: the bytes that it takes, 1 to 4; 0 when they are no valid UTF-8 (RFC 3629:
 * overlong forms, surrogates and values over U+10FFFF are not), or @len is 0.
 */
static inline size_t utf8_decode(const char *text, size_t len, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	size_t size;
	uint32_t code;

	if (len == 0)
		return 0;
	if (p[0] < 0x80) {
		*ret_code = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	size = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (size > len)
		return 0;
	code = p[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return size;
}

#endif
