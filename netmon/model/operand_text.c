/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands, values, sets and verdicts in the words of nft. */
#include "netmon/model/operand_text.h"

#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

enum { ELEMENTS_MAX = 16 };

static const uint8_t zeros[VALUE_MAX];

static size_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* How the values of an operand are to be read. */
struct reading {
	enum value_type type;
	size_t whole; /* bytes of a complete value */
	bool swapped;
};

static struct reading reading_of(
	const struct operand *operand, const struct words_context *context)
{
	struct reading reading = {.type = VALUE_BYTES, .whole = operand->len};
	struct words words;

	if (operand->field == FIELD_MAP || operand->field == FIELD_CONST ||
		operand->field == FIELD_CONCAT)
		return reading;
	words = words_of(operand, context);
	reading.type = words.type;
	reading.whole = words.len;
	for (size_t i = 0; i < operand->nsteps; i++) {
		const struct step *step = &operand->steps[i];

		if (step->kind == STEP_SWAP)
			reading.swapped = !reading.swapped;
		if (step->kind == STEP_SLICE && step->offset != 0)
			reading.type = VALUE_BYTES;
		if (step->kind == STEP_SHIFT_LEFT || step->kind == STEP_SHIFT_RIGHT)
			reading.type = VALUE_MARK;
	}
	return reading;
}

static void add_value(struct text *text, const struct reading *reading,
	const uint8_t *bytes, size_t len)
{
	value_add(text, reading->type, bytes, len, reading->whole, reading->swapped);
}

static void add_mask(struct text *text, const struct reading *reading,
	const char *operator, const uint8_t * bytes, size_t len)
{
	struct reading plain = *reading;

	if (value_is_flags(plain.type) || plain.type == VALUE_ADDR ||
		plain.type == VALUE_NAME)
		plain.type = VALUE_BYTES;
	if (plain.type != VALUE_BYTES)
		plain.type = plain.type == VALUE_NUMBER ? VALUE_BYTES : VALUE_MARK;
	text_add(text, " %s ", operator);
	add_value(text, &plain, bytes, len);
}

/* (v & and) ^ xor as nft has it: bits cleared, set, or turned over. */
static void add_and_xor(struct text *text, const struct reading *reading,
	const struct step *step, size_t len)
{
	uint8_t keep[VALUE_MAX];
	bool turns = false, clears = false, sets = false;

	for (size_t i = 0; i < len; i++) {
		turns |= step->and[i] & step -> xor [i];
		sets |= step->xor [i] != 0;
		keep[i] = step->and[i] | step->xor [i];
		clears |= keep[i] != 0xff;
	}
	if (turns) {
		add_mask(text, reading, "&", step->and, len);
		add_mask(text, reading, "^", step->xor, len);
		return;
	}
	if (clears)
		add_mask(text, reading, "&", keep, len);
	if (sets)
		add_mask(text, reading, "|", step->xor, len);
}

static void add_steps(struct text *text, const struct operand *operand,
	const struct words_context *context)
{
	struct reading reading;
	size_t len = operand->load_len;

	if (operand->nsteps == 0)
		return;
	reading = reading_of(operand, context);
	for (size_t i = 0; i < operand->nsteps; i++) {
		const struct step *step = &operand->steps[i];

		switch (step->kind) {
		case STEP_AND_XOR:
			add_and_xor(text, &reading, step, len);
			break;
		case STEP_SHIFT_LEFT:
			text_add(text, " << %u", step->count);
			break;
		case STEP_SHIFT_RIGHT:
			text_add(text, " >> %u", step->count);
			break;
		case STEP_SWAP: /* nft does it without being told */
			break;
		case STEP_SLICE:
			if (step->offset)
				text_add(text, " [%u,%u]", step->offset, step->count);
			len = step->count;
			break;
		}
	}
}

static void add_map(struct text *text, const struct operand *operand,
	enum value_type type, const struct words_context *context);

/* The field, without its steps. */
static void add_field(struct text *text, const struct operand *operand,
	enum value_type type, const struct words_context *context)
{
	struct reading reading = {.type = type, .whole = operand->load_len};

	switch ((int)operand->field) {
	case FIELD_CONST:
		add_value(text, &reading, operand->bytes, operand->load_len);
		break;
	case FIELD_MAP:
		add_map(text, operand, type, context);
		break;
	case FIELD_CONCAT:
		for (size_t i = 0; i < operand->nkey; i++) {
			text_add(text, "%s", i ? " . " : "");
			operand_text(text, operand->key[i], VALUE_BYTES, context);
		}
		break;
	default:
		text_add(text, "%s", words_of(operand, context).text);
	}
}

void operand_text(struct text *text, const struct operand *operand,
	enum value_type type, const struct words_context *context)
{
	if (!operand) {
		text_add(text, "?");
		return;
	}
	add_field(text, operand, type, context);
	/* Which part of a map's answer it is, is clear from where it is used. */
	if (operand->field != FIELD_MAP)
		add_steps(text, operand, context);
}

static const char *cmp_word(enum cmp cmp)
{
	static const char *const words[] = {
		[CMP_EQ] = "",
		[CMP_NEQ] = "!= ",
		[CMP_LT] = "< ",
		[CMP_LTE] = "<= ",
		[CMP_GT] = "> ",
		[CMP_GTE] = ">= ",
		[CMP_RANGE] = "",
		[CMP_NOT_RANGE] = "!= ",
	};

	return words[cmp];
}

/* The length of a mask without holes; -1 for one with. */
static int mask_length(const uint8_t *mask, size_t len)
{
	int bits = 0;
	bool ended = false;

	for (size_t i = 0; i < len * 8; i++) {
		bool set = mask[i / 8] & (0x80 >> i % 8);

		if (set && ended)
			return -1;
		ended |= !set;
		bits += set;
	}
	return bits;
}

/* The only step, where that is a mask. */
static const struct step *only_mask(const struct operand *operand)
{
	const struct step *step = operand->nsteps == 1 ? operand->steps : NULL;

	if (!step || step->kind != STEP_AND_XOR ||
		memcmp(step->xor, zeros, operand->load_len) != 0)
		return NULL;
	return step;
}

/* "ct state established,related": which of some flags are set. */
static bool add_flags_match(
	struct text *text, const struct op *op, const struct words_context *context)
{
	const struct operand *operand = op->operand;
	const struct step *mask = only_mask(operand);
	struct words words;

	if (!mask || op->value_len != operand->load_len ||
		(op->cmp != CMP_EQ && op->cmp != CMP_NEQ))
		return false;
	words = words_of(operand, context);
	if (!value_is_flags(words.type))
		return false;
	text_add(text, "%s ", words.text);
	if (memcmp(op->lo, zeros, op->value_len) == 0) {
		text_add(text, "%s", op->cmp == CMP_EQ ? "! " : "");
		value_add_flags(text, words.type, mask->and, op->value_len, false, ",");
		return true;
	}
	text_add(text, "& (");
	value_add_flags(text, words.type, mask->and, op->value_len, false, " | ");
	text_add(text, ") %s ", op->cmp == CMP_EQ ? "==" : "!=");
	value_add_flags(text, words.type, op->lo, op->value_len, false, " | ");
	return true;
}

/* "ip saddr 192.0.2.0/24" */
static bool add_prefix_match(
	struct text *text, const struct op *op, const struct words_context *context)
{
	const struct operand *operand = op->operand;
	const struct step *mask = only_mask(operand);
	struct words words;
	struct reading reading;
	int bits;

	if (!mask || op->value_len != operand->load_len ||
		(op->cmp != CMP_EQ && op->cmp != CMP_NEQ))
		return false;
	words = words_of(operand, context);
	reading = (struct reading){.type = words.type, .whole = words.len};
	if (words.type != VALUE_ADDR || words.len != operand->load_len)
		return false;
	bits = mask_length(mask->and, operand->load_len);
	if (bits < 0)
		return false;
	text_add(text, "%s %s", words.text, cmp_word(op->cmp));
	add_value(text, &reading, op->lo, op->value_len);
	text_add(text, "/%d", bits);
	return true;
}

static void add_concat_values(struct text *text, const struct operand *operand,
	const uint8_t *bytes, const struct words_context *context)
{
	size_t offset = 0;

	for (size_t i = 0; i < operand->nkey; i++) {
		const struct operand *key = operand->key[i];
		struct reading reading = reading_of(key, context);

		text_add(text, "%s", i ? " . " : "");
		add_value(text, &reading, bytes + offset, key->len);
		offset += padded(key->len);
	}
}

void match_text(
	struct text *text, const struct op *op, const struct words_context *context)
{
	const struct operand *operand = op->operand;
	struct reading reading;

	if (!operand) {
		text_add(text, "?");
		return;
	}
	if (add_flags_match(text, op, context) || add_prefix_match(text, op, context))
		return;
	operand_text(text, operand, VALUE_BYTES, context);
	text_put(text, " ", 1);
	text_add(text, "%s", cmp_word(op->cmp));
	if (operand->nsteps && only_mask(operand) && op->cmp == CMP_EQ)
		text_add(text, "== ");
	if (operand->field == FIELD_CONCAT && operand->nsteps == 0 && !op->hi &&
		operand->len == op->value_len) {
		add_concat_values(text, operand, op->lo, context);
		return;
	}
	reading = reading_of(operand, context);
	add_value(text, &reading, op->lo, op->value_len);
	if (op->hi && (op->cmp == CMP_RANGE || op->cmp == CMP_NOT_RANGE)) {
		text_add(text, "-");
		add_value(text, &reading, op->hi, op->value_len);
	}
}

/* @lo to @hi where every bit behind the first @ret_bits is free; false: no prefix. */
static bool range_is_prefix(
	const uint8_t *lo, const uint8_t *hi, size_t len, size_t *ret_bits)
{
	uint8_t mask[VALUE_MAX];
	int bits;

	for (size_t i = 0; i < len; i++) {
		mask[i] = (uint8_t) ~(lo[i] ^ hi[i]);
		if (lo[i] & ~mask[i])
			return false;
	}
	bits = mask_length(mask, len);
	*ret_bits = (size_t)bits;
	return bits >= 0;
}

static void add_range(struct text *text, const struct reading *reading,
	const uint8_t *lo, const uint8_t *hi, size_t len)
{
	size_t bits;

	if (memcmp(lo, hi, len) == 0) {
		add_value(text, reading, lo, len);
	} else if (reading->type == VALUE_ADDR && range_is_prefix(lo, hi, len, &bits)) {
		add_value(text, reading, lo, len);
		text_add(text, "/%zu", bits);
	} else if (reading->type == VALUE_NAME && range_is_prefix(lo, hi, len, &bits) &&
		   bits % 8 == 0) {
		add_value(text, reading, lo, bits / 8);
	} else {
		add_value(text, reading, lo, len);
		text_add(text, "-");
		add_value(text, reading, hi, len);
	}
}

static void add_key(struct text *text, const struct set_element *element,
	const struct operand *key, const struct set *set,
	const struct words_context *context)
{
	struct reading reading = {.type = VALUE_BYTES, .whole = set->key_len};
	size_t offset = 0;

	if (element->catchall) {
		text_add(text, "*");
		return;
	}
	if (key && key->field == FIELD_CONCAT && key->nsteps == 0 &&
		key->len == set->key_len) {
		for (size_t i = 0; i < key->nkey; i++) {
			size_t len = key->key[i]->len;

			text_add(text, "%s", i ? " . " : "");
			reading = reading_of(key->key[i], context);
			add_range(text, &reading, element->key + offset,
				element->key_end + offset, len);
			offset += padded(len);
		}
		return;
	}
	if (key)
		reading = reading_of(key, context);
	add_range(text, &reading, element->key, element->key_end, set->key_len);
}

/* An address and a port, two addresses, or one value. */
static void add_data(struct text *text, const struct set *set, const uint8_t *data,
	enum value_type type)
{
	struct reading reading = {.type = type, .whole = set->data_len};
	size_t addr = set->data_len >= 16 ? 16 : 4;

	if (type != VALUE_ADDR || set->data_len <= addr) {
		add_value(text, &reading, data, set->data_len);
		return;
	}
	reading.whole = addr;
	if (set->data_len == 2 * addr &&
		memcmp(data + addr + 2, zeros, addr - 2) != 0) {
		add_range(text, &reading, data, data + addr, addr);
		return;
	}
	add_value(text, &reading, data, addr);
	reading = (struct reading){.type = VALUE_NUMBER, .whole = 2};
	text_add(text, " . ");
	if ((size_t)set->data_len >= addr + 2)
		add_value(text, &reading, data + addr, 2);
}

static void add_elements(struct text *text, const struct set *set,
	const struct operand *key, enum value_type type,
	const struct words_context *context)
{
	text_add(text, "{ ");
	for (size_t i = 0; i < set->nelements && !text->cut; i++) {
		const struct set_element *element = &set->elements[i];

		text_add(text, "%s", i ? ", " : "");
		if (i == ELEMENTS_MAX) {
			text_add(text, "…");
			break;
		}
		add_key(text, element, key, set, context);
		if (set->vmap) {
			text_add(text, " : ");
			verdict_text(text, &element->verdict);
		} else if (set->map && element->data) {
			text_add(text, " : ");
			add_data(text, set, element->data, type);
		}
	}
	text_add(text, " }");
}

static void add_set(struct text *text, const struct set *set, const struct operand *key,
	enum value_type type, const struct words_context *context)
{
	if (set->flags & NFT_SET_ANONYMOUS) {
		add_elements(text, set, key, type, context);
		return;
	}
	text_add(text, "@");
	text_name(text, set->name);
}

static void add_map(struct text *text, const struct operand *operand,
	enum value_type type, const struct words_context *context)
{
	const struct operand *key = operand->nkey ? operand->key[0] : NULL;

	operand_text(text, key, VALUE_BYTES, context);
	text_add(text, " map ");
	add_set(text, operand->set, key, type, context);
}

void lookup_text(struct text *text, const struct operand *key, const struct set *set,
	bool invert, const struct words_context *context)
{
	operand_text(text, key, VALUE_BYTES, context);
	text_add(text, invert ? " != " : " ");
	add_set(text, set, key, VALUE_BYTES, context);
}

void vmap_text(struct text *text, const struct operand *key, const struct set *set,
	const struct words_context *context)
{
	operand_text(text, key, VALUE_BYTES, context);
	text_add(text, " vmap ");
	add_set(text, set, key, VALUE_BYTES, context);
}

void verdict_text(struct text *text, const struct verdict_to *verdict)
{
	static const char *const words[] = {
		[VERDICT_DROP] = "drop",
		[VERDICT_ACCEPT] = "accept",
		[VERDICT_CONTINUE] = "continue",
		[VERDICT_RETURN] = "return",
		[VERDICT_JUMP] = "jump ",
		[VERDICT_GOTO] = "goto ",
		[VERDICT_QUEUE] = "queue",
		[VERDICT_STOLEN] = "stolen",
	};

	text_add(text, "%s", words[verdict->kind]);
	if (verdict->kind == VERDICT_JUMP || verdict->kind == VERDICT_GOTO)
		text_name(text, verdict->chain ? verdict->chain->name : "?");
}

static void add_number(struct text *text, u128 value, size_t len)
{
	char buffer[ADDR_TEXT_MAX];

	if (len == 2) {
		text_add(text, "%u", (unsigned int)value);
		return;
	}
	text_add(text, "%s",
		addr_format(&(struct addr){.value = value,
				    .family = len == 16 ? FAMILY_IP6 : FAMILY_IP4},
			buffer));
}

static void add_interval(struct text *text, const struct iv *iv, size_t len)
{
	uint8_t lo[16], hi[16];
	size_t bits;

	add_number(text, iv->lo, len);
	if (iv->lo == iv->hi)
		return;
	addr_store(lo, len, iv->lo);
	addr_store(hi, len, iv->hi);
	if (len != 2 && range_is_prefix(lo, hi, len, &bits)) {
		text_add(text, "/%zu", bits);
		return;
	}
	text_add(text, "-");
	add_number(text, iv->hi, len);
}

void numbers_text(struct text *text, const struct ivset *numbers, size_t len)
{
	if (numbers->n == 1) {
		add_interval(text, &numbers->v[0], len);
		return;
	}
	text_add(text, "{ ");
	for (size_t i = 0; i < numbers->n && !text->cut; i++) {
		text_add(text, "%s", i ? ", " : "");
		if (i == ELEMENTS_MAX) {
			text_add(text, "…");
			break;
		}
		add_interval(text, &numbers->v[i], len);
	}
	text_add(text, " }");
}
