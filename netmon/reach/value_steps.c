/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done to a value after it was loaded: masks, shifts, byte order, slices. */
#include <endian.h>
#include <string.h>

#include "netmon/reach/value_make.h"

static void step_and_xor(const struct step *step, struct value *value)
{
	for (size_t i = 0; i < value->len; i++) {
		uint8_t mask = step->and[i], kept = value->peer[i] & mask;

		/* A bit masked away is a known zero, whatever it was. */
		value->known[i] = (uint8_t)(value->known[i] | (uint8_t)~mask);
		value->known[i] &= (uint8_t)~kept;
		value->bits[i] = (uint8_t)((value->bits[i] & mask) ^ step->xor [i]);
		value->peer[i] = kept;
	}
}

static void step_swap(const struct step *step, struct value *value)
{
	size_t unit = step->count ? step->count : 1;

	if (value->has_peer) {
		value_unknown(value, value->len, "byteorder-of-address");
		return;
	}
	for (size_t at = 0; at + unit <= value->len; at += unit)
		for (size_t i = 0; i < unit / 2; i++) {
			uint8_t *bits = value->bits + at, *known = value->known + at;
			size_t j = unit - 1 - i;
			uint8_t b = bits[i], k = known[i];

			bits[i] = bits[j];
			bits[j] = b;
			known[i] = known[j];
			known[j] = k;
		}
}

/* nft_bitwise_eval_lshift(): 32-bit words in host order, carried from the next word. */
static void shift_words(uint8_t *bytes, size_t len, unsigned int count, bool left)
{
	uint32_t words[VALUE_MAX / 4] = {0};
	size_t n = (len + 3) / 4;
	uint32_t carry = 0;

	memcpy(words, bytes, len);
	for (size_t k = 0; k < n; k++) {
		size_t i = left ? n - 1 - k : k;
		uint32_t word = words[i];

		words[i] = left ? (word << count) | carry : carry | (word >> count);
		carry = count == 0 ? 0
			: left	   ? word >> (32 - count)
				   : word << (32 - count);
	}
	memcpy(bytes, words, len);
}

static void step_shift(const struct step *step, struct value *value)
{
	unsigned int count = step->count;
	bool left = step->kind == STEP_SHIFT_LEFT;

	if (value->has_peer || count > 31) {
		value_unknown(value, value->len, "shift");
		return;
	}
	/* Bits shifted in are zero and known: shift "unknown" instead of "known". */
	uint8_t unknown[VALUE_MAX];
	for (size_t i = 0; i < value->len; i++)
		unknown[i] = (uint8_t)~value->known[i];
	shift_words(value->bits, value->len, count, left);
	shift_words(unknown, value->len, count, left);
	for (size_t i = 0; i < value->len; i++)
		value->known[i] = (uint8_t)~unknown[i];
}

static void step_apply(const struct step *step, struct value *value)
{
	struct value whole;

	switch (step->kind) {
	case STEP_AND_XOR:
		step_and_xor(step, value);
		return;
	case STEP_SHIFT_LEFT:
	case STEP_SHIFT_RIGHT:
		step_shift(step, value);
		return;
	case STEP_SWAP:
		step_swap(step, value);
		return;
	case STEP_SLICE:
		whole = *value;
		value_slice(&whole, step->offset, step->count, value);
		return;
	}
	value_unknown(value, value->len, "step-unknown");
}

void value_steps(const struct operand *operand, struct value *value)
{
	for (size_t i = 0; i < operand->nsteps; i++)
		step_apply(&operand->steps[i], value);
	/* A register may be read longer than the field was: the rest is unknown. */
	if (operand->len > value->len && !value->code)
		value->code = "register-length";
	if (operand->len)
		value->len = operand->len;
}
