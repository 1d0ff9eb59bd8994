/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/value_make.h"

#include <arpa/inet.h>
#include <string.h>

void value_unknown(struct value *value, size_t len, const char *code)
{
	memset(value, 0, sizeof(*value));
	value->len = (uint8_t)(len > VALUE_MAX ? VALUE_MAX : len);
	value->code = code ? code : "unknown";
}

bool value_is_known(const struct value *value)
{
	for (size_t i = 0; i < value->len; i++)
		if (value->known[i] != 0xff)
			return false;
	return true;
}

struct bits32 value_u32(const struct value *value)
{
	struct bits32 out = {.unknown = 0};
	uint8_t bits[4] = {0}, known[4] = {0};
	size_t n = value->len < 4 ? value->len : 4;
	uint32_t known_word;

	memcpy(bits, value->bits, n);
	memcpy(known, value->known, n);
	memset(known + n, 0xff, 4 - n); /* a shorter register is padded with zeroes */
	memcpy(&out.value, bits, 4);
	memcpy(&known_word, known, 4);
	out.unknown = ~known_word;
	out.value &= known_word;
	return out;
}

void value_put(struct value *value, const void *bytes, size_t len)
{
	value->len = (uint8_t)len;
	memcpy(value->bits, bytes, len);
	memset(value->known, 0xff, len);
}

void value_put_u32(struct value *value, uint32_t number)
{
	value_put(value, &number, sizeof(number));
}

void value_put_u16(struct value *value, uint16_t number)
{
	value_put(value, &number, sizeof(number));
}

void value_put_bits(struct value *value, struct bits32 bits, const char *code)
{
	uint32_t known = ~bits.unknown;

	value_put_u32(value, bits.value & known);
	memcpy(value->known, &known, sizeof(known));
	if (bits.unknown)
		value->code = code;
}

void value_put_name(struct value *value, const char *name)
{
	char padded[16] = {0};

	strncpy(padded, name, sizeof(padded) - 1);
	value_put(value, padded, sizeof(padded));
}

void value_put_addr(
	struct value *value, size_t at, enum family family, u128 addr, bool peer)
{
	size_t len = addr_bits(family) / 8;

	if (peer) {
		memset(value->bits + at, 0, len);
		memset(value->known + at, 0, len);
		memset(value->peer + at, 0xff, len);
		value->has_peer = true;
		value->peer_at = (int16_t)at;
		return;
	}
	addr_store(value->bits + at, len, addr);
	memset(value->known + at, 0xff, len);
}

void value_put_port(struct value *value, size_t at, uint16_t port, bool unknown)
{
	if (unknown) {
		value->code = "source-port";
		return;
	}
	uint16_t port_be = htons(port);

	memcpy(value->bits + at, &port_be, sizeof(port_be));
	memset(value->known + at, 0xff, sizeof(port_be));
}

void value_slice(const struct value *from, size_t at, size_t len, struct value *to)
{
	const char *code = from->code ? from->code : "payload";

	value_unknown(to, len, code);
	for (size_t i = 0; i < to->len && at + i < from->len; i++) {
		to->bits[i] = from->bits[at + i];
		to->known[i] = from->known[at + i];
		to->peer[i] = from->peer[at + i];
		if (to->peer[i])
			to->has_peer = true;
	}
	to->peer_at = (int16_t)(from->peer_at - (int)at);
}
