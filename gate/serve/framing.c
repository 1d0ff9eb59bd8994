/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the body of a message ends. */
#include "gate/serve/framing.h"

#include <errno.h>
#include <string.h>

enum { MAX_SIZE_DIGITS = 15 };

void framing_init(struct framing *framing, enum framing_kind kind, uint64_t length)
{
	*framing = (struct framing){
		.kind = kind, .left = kind == FRAMING_LENGTH ? length : 0};
	framing->done = kind == FRAMING_NONE || (kind == FRAMING_LENGTH && length == 0);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int size_byte(struct framing *framing, char c)
{
	int value = hex_value(c);

	if (value >= 0) {
		if (++framing->digits > MAX_SIZE_DIGITS)
			return -EBADMSG;
		framing->left = framing->left * 16 + (uint64_t)value;
		return 0;
	}
	if (c != '\r' || framing->digits == 0)
		return -EBADMSG;
	framing->state = CHUNK_SIZE_LF;
	return 0;
}

/* One byte that is not of the body. */
static int chunk_byte(struct framing *framing, char c)
{
	switch (framing->state) {
	case CHUNK_SIZE:
		return size_byte(framing, c);
	case CHUNK_SIZE_LF:
		framing->state = framing->left ? CHUNK_DATA : CHUNK_END_CR;
		framing->digits = 0;
		return c == '\n' ? 0 : -EBADMSG;
	case CHUNK_DATA_CR:
		framing->state = CHUNK_DATA_LF;
		return c == '\r' ? 0 : -EBADMSG;
	case CHUNK_DATA_LF:
		framing->state = CHUNK_SIZE;
		return c == '\n' ? 0 : -EBADMSG;
	case CHUNK_END_CR:
		framing->state = CHUNK_END_LF;
		return c == '\r' ? 0 : -EBADMSG;
	case CHUNK_END_LF:
		framing->done = true;
		return c == '\n' ? 0 : -EBADMSG;
	case CHUNK_DATA:
		break;
	}
	return -EBADMSG;
}

static ssize_t decode_chunks(
	struct framing *framing, char *data, size_t len, size_t *ret_used)
{
	size_t in = 0, out = 0;

	while (in < len && !framing->done) {
		if (framing->state != CHUNK_DATA) {
			if (chunk_byte(framing, data[in++]) < 0)
				return -EBADMSG;
			continue;
		}
		size_t n = len - in < framing->left ? len - in : (size_t)framing->left;
		memmove(data + out, data + in, n);
		in += n;
		out += n;
		framing->left -= n;
		if (framing->left == 0)
			framing->state = CHUNK_DATA_CR;
	}
	*ret_used = in;
	return (ssize_t)out;
}

ssize_t framing_decode(
	struct framing *framing, char *data, size_t len, size_t *ret_used)
{
	if (framing->done)
		len = 0;
	if (framing->kind == FRAMING_CHUNKED)
		return decode_chunks(framing, data, len, ret_used);
	if (framing->kind == FRAMING_LENGTH) {
		if (len > framing->left)
			len = (size_t)framing->left;
		framing->left -= len;
		framing->done = framing->left == 0;
	}
	*ret_used = len;
	return (ssize_t)len;
}
