/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 of RFC 4648 section 4, strictly. */
#ifndef SEAWALL_COMMON_BASE64_H
#define SEAWALL_COMMON_BASE64_H

#include <stddef.h>
#include <stdint.h>

/** BASE64_TEXT() - characters for @len bytes, without a terminator. */
#define BASE64_TEXT(len) (((len) + 2) / 3 * 4)

/** base64_encode() - BASE64_TEXT(@len) characters to @text, which gets no terminator.
 */
void base64_encode(const uint8_t *data, size_t len, char *text);

/**
 * base64_decode() - bytes of @len characters
 * @data:    room for @len / 4 * 3 bytes
 * @ret_len: bytes stored
 *
 * Refuses white space, missing padding, characters behind it, and bits that are set in
 * the last character without belonging to a byte: one text for one value.
 * Return: 0, -EINVAL (then @data holds nothing of use).
 */
int base64_decode(const char *text, size_t len, uint8_t *data, size_t *ret_len);

#endif
