/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 of RFC 4648 section 4, strictly. */
#include "common/base64.h"

#include <errno.h>

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *data, size_t len, char *text)
{
	for (; len >= 3; len -= 3, data += 3, text += 4) {
		text[0] = digits[data[0] >> 2];
		text[1] = digits[(data[0] & 3) << 4 | data[1] >> 4];
		text[2] = digits[(data[1] & 15) << 2 | data[2] >> 6];
		text[3] = digits[data[2] & 63];
	}
	if (!len)
		return;
	text[0] = digits[data[0] >> 2];
	text[1] = digits[(data[0] & 3) << 4 | (len == 2 ? data[1] >> 4 : 0)];
	text[2] = len == 2 ? digits[(data[1] & 15) << 2] : '=';
	text[3] = '=';
}

/* Value of each character plus one; 0: no digit. */
static const uint8_t values[256] = {
	['A'] = 1,
	['B'] = 2,
	['C'] = 3,
	['D'] = 4,
	['E'] = 5,
	['F'] = 6,
	['G'] = 7,
	['H'] = 8,
	['I'] = 9,
	['J'] = 10,
	['K'] = 11,
	['L'] = 12,
	['M'] = 13,
	['N'] = 14,
	['O'] = 15,
	['P'] = 16,
	['Q'] = 17,
	['R'] = 18,
	['S'] = 19,
	['T'] = 20,
	['U'] = 21,
	['V'] = 22,
	['W'] = 23,
	['X'] = 24,
	['Y'] = 25,
	['Z'] = 26,
	['a'] = 27,
	['b'] = 28,
	['c'] = 29,
	['d'] = 30,
	['e'] = 31,
	['f'] = 32,
	['g'] = 33,
	['h'] = 34,
	['i'] = 35,
	['j'] = 36,
	['k'] = 37,
	['l'] = 38,
	['m'] = 39,
	['n'] = 40,
	['o'] = 41,
	['p'] = 42,
	['q'] = 43,
	['r'] = 44,
	['s'] = 45,
	['t'] = 46,
	['u'] = 47,
	['v'] = 48,
	['w'] = 49,
	['x'] = 50,
	['y'] = 51,
	['z'] = 52,
	['0'] = 53,
	['1'] = 54,
	['2'] = 55,
	['3'] = 56,
	['4'] = 57,
	['5'] = 58,
	['6'] = 59,
	['7'] = 60,
	['8'] = 61,
	['9'] = 62,
	['+'] = 63,
	['/'] = 64,
};

/* Four characters as 24 bits; a negative number when one is no digit. */
static int32_t quad(const char *text)
{
	uint32_t bits = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t value = values[(unsigned char)text[i]];

		if (!value)
			return -1;
		bits = bits << 6 | (value - 1);
	}
	return (int32_t)bits;
}

int base64_decode(const char *text, size_t len, uint8_t *data, size_t *ret_len)
{
	uint8_t *out = data;
	char last[4];
	int32_t bits;
	int padding = 0;

	if (len % 4)
		return -EINVAL;
	*ret_len = 0;
	if (!len)
		return 0;
	for (; len > 4; len -= 4, text += 4, out += 3) {
		bits = quad(text);
		if (bits < 0)
			return -EINVAL;
		out[0] = (uint8_t)(bits >> 16);
		out[1] = (uint8_t)(bits >> 8);
		out[2] = (uint8_t)bits;
	}
	for (int i = 3; i >= 0; i--) {
		last[i] = text[i];
		if (text[i] == '=' && i >= 2 && padding == 3 - i) {
			last[i] = 'A';
			padding++;
		}
	}
	bits = quad(last);
	if (bits < 0 || (bits & ((1 << 8 * padding) - 1)))
		return -EINVAL;
	for (int i = 0; i < 3 - padding; i++)
		*out++ = (uint8_t)(bits >> (16 - 8 * i));
	*ret_len = (size_t)(out - data);
	return 0;
}
