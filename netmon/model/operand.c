/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands: made, simplified, and shared so that equal ones are one object. */
#include "netmon/model/operand.h"

#include <stdlib.h>
#include <string.h>

#include "netmon/model/decode.h"

/*
 * Theory of operation. A constructor fills a struct operand on the stack that borrows
 * everything it points to; operand_intern() looks for an equal one and copies it deeply
 * where there is none. What can be simplified is simplified first (steps on constants,
 * slices of concatenations), so that equal meanings mostly have equal forms.
 */
enum {
	SLOTS_MIN = 256,
	STEPS_MAX = 16, /* nft writes three at most; a hostile rule thousands */
	KEYS_MAX = 16,
};

struct operand_table {
	const struct operand **slots; /* open addressing; nslots is a power of two */
	size_t nslots, used;
};

struct operand_table *operand_table_new(void)
{
	struct operand_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->slots = calloc(SLOTS_MIN, sizeof(*table->slots));
	if (!table->slots) {
		free(table);
		return NULL;
	}
	table->nslots = SLOTS_MIN;
	return table;
}

void operand_table_free(struct operand_table *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 29);
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t take = len < 8 ? len : 8;
		uint64_t word = 0;

		memcpy(&word, bytes, take);
		hash = mix(hash, word);
		bytes += take;
		len -= take;
	}
	return hash;
}

/* The bytes that the value has at step @n, before it is applied. */
static size_t len_at_step(const struct operand *operand, size_t n)
{
	size_t len = operand->load_len;

	for (size_t i = 0; i < n; i++)
		if (operand->steps[i].kind == STEP_SLICE)
			len = operand->steps[i].count;
	return len;
}

static uint64_t hash_operand(const struct operand *operand)
{
	uint64_t hash =
		mix(operand->field, operand->len | (uint64_t)operand->base << 8 |
					    (uint64_t)operand->offset << 16 |
					    (uint64_t)operand->exthdr_op << 24 |
					    (uint64_t)operand->exthdr_type << 32 |
					    (uint64_t)operand->exthdr_present << 40 |
					    (uint64_t)operand->load_len << 48);

	hash = mix(hash, operand->fib_flags | (uint64_t)operand->nsteps << 32);
	if (operand->bytes)
		hash = mix_bytes(hash, operand->bytes, operand->load_len);
	for (size_t i = 0; i < operand->nsteps; i++) {
		const struct step *step = &operand->steps[i];

		hash = mix(hash, step->kind | (uint64_t)step->count << 8 |
					 (uint64_t)step->offset << 16);
		if (step->kind == STEP_AND_XOR) {
			hash = mix_bytes(hash, step->and, len_at_step(operand, i));
			hash = mix_bytes(hash, step->xor, len_at_step(operand, i));
		}
	}
	hash = mix(hash, (uintptr_t)operand->set);
	for (size_t i = 0; i < operand->nkey; i++)
		hash = mix(hash, (uintptr_t)operand->key[i]);
	return hash;
}

static bool steps_equal(const struct operand *a, const struct operand *b)
{
	for (size_t i = 0; i < a->nsteps; i++) {
		const struct step *x = &a->steps[i], *y = &b->steps[i];
		size_t len = len_at_step(a, i);

		if (x->kind != y->kind || x->count != y->count ||
			x->offset != y->offset)
			return false;
		if (x->kind == STEP_AND_XOR &&
			(memcmp(x->and, y->and, len) != 0 ||
				memcmp(x->xor, y->xor, len) != 0))
			return false;
	}
	return true;
}

static bool operands_equal(const struct operand *a, const struct operand *b)
{
	if (a->field != b->field || a->len != b->len || a->base != b->base ||
		a->offset != b->offset || a->exthdr_op != b->exthdr_op ||
		a->exthdr_type != b->exthdr_type ||
		a->exthdr_present != b->exthdr_present ||
		a->fib_flags != b->fib_flags || a->load_len != b->load_len ||
		a->nsteps != b->nsteps || a->set != b->set || a->nkey != b->nkey ||
		!a->bytes != !b->bytes || !a->code != !b->code)
		return false;
	if (a->code && strcmp(a->code, b->code) != 0)
		return false;
	if (a->bytes && memcmp(a->bytes, b->bytes, a->load_len) != 0)
		return false;
	for (size_t i = 0; i < a->nkey; i++)
		if (a->key[i] != b->key[i])
			return false;
	return steps_equal(a, b);
}

static const struct step *copy_steps(struct arena *arena, const struct operand *operand)
{
	struct step *steps = arena_array(arena, operand->nsteps, sizeof(*steps));

	if (!steps)
		return NULL;
	for (size_t i = 0; i < operand->nsteps; i++) {
		size_t len = len_at_step(operand, i);

		steps[i] = operand->steps[i];
		if (steps[i].kind != STEP_AND_XOR)
			continue;
		uint8_t *masks = arena_alloc(arena, 2 * len);
		if (!masks)
			return NULL;
		memcpy(masks, operand->steps[i].and, len);
		memcpy(masks + len, operand->steps[i].xor, len);
		steps[i].and = masks;
		steps[i].xor = masks + len;
	}
	return steps;
}

static const struct operand *copy_operand(
	struct arena *arena, const struct operand *operand)
{
	/* A constant's bytes lie right behind it: there are many of them. */
	size_t len = operand->bytes ? operand->load_len : 0;
	struct operand *copy = arena_alloc(arena, sizeof(*copy) + len);

	if (!copy)
		return NULL;
	*copy = *operand;
	if (operand->bytes)
		copy->bytes = memcpy(copy + 1, operand->bytes, len);
	if (operand->nsteps) {
		copy->steps = copy_steps(arena, operand);
		if (!copy->steps)
			return NULL;
	}
	if (operand->nkey) {
		copy->key = arena_memdup(
			arena, operand->key, operand->nkey * sizeof(*(operand->key)));
		if (!copy->key)
			return NULL;
	}
	return copy;
}

static const struct operand **find_slot(const struct operand **slots, size_t nslots,
	const struct operand *operand, uint64_t hash)
{
	size_t i = hash & (nslots - 1);

	while (slots[i] && !operands_equal(slots[i], operand))
		i = (i + 1) & (nslots - 1);
	return &slots[i];
}

static bool grow_table(struct operand_table *table)
{
	size_t nslots = table->nslots * 2;
	const struct operand **slots = calloc(nslots, sizeof(const struct operand *));

	if (!slots)
		return false;
	for (size_t i = 0; i < table->nslots; i++)
		if (table->slots[i])
			*find_slot(slots, nslots, table->slots[i],
				hash_operand(table->slots[i])) = table->slots[i];
	free(table->slots);
	table->slots = slots;
	table->nslots = nslots;
	return true;
}

const struct operand *operand_intern(
	struct decode_ctx *ctx, const struct operand *operand)
{
	struct operand_table *table = ctx->operands;
	uint64_t hash = hash_operand(operand);
	const struct operand **slot =
		find_slot(table->slots, table->nslots, operand, hash);
	const struct operand *found = *slot;

	if (found)
		return found;
	if (table->used >= table->nslots / 2) {
		if (!grow_table(table)) {
			ctx->arena->failed = true;
			return NULL;
		}
		slot = find_slot(table->slots, table->nslots, operand, hash);
	}
	*slot = copy_operand(ctx->arena, operand);
	if (*slot)
		table->used++;
	return *slot;
}

const struct operand *operand_field(
	struct decode_ctx *ctx, enum field field, size_t len)
{
	return operand_intern(ctx,
		&(struct operand){
			.field = field, .len = (uint8_t)len, .load_len = (uint8_t)len});
}

const struct operand *operand_payload(
	struct decode_ctx *ctx, enum payload_base base, size_t offset, size_t len)
{
	return operand_intern(ctx, &(struct operand){.field = FIELD_PAYLOAD,
					   .base = (uint8_t)base,
					   .offset = (uint8_t)offset,
					   .len = (uint8_t)len,
					   .load_len = (uint8_t)len});
}

const struct operand *operand_const(
	struct decode_ctx *ctx, const void *bytes, size_t len)
{
	return operand_intern(ctx, &(struct operand){.field = FIELD_CONST,
					   .bytes = bytes,
					   .len = (uint8_t)len,
					   .load_len = (uint8_t)len});
}

const struct operand *operand_unknown(
	struct decode_ctx *ctx, const char *code, size_t len)
{
	return operand_intern(ctx, &(struct operand){.field = FIELD_UNKNOWN,
					   .code = code,
					   .len = (uint8_t)len,
					   .load_len = (uint8_t)len});
}

/* How deep the keys nest; more than OPERAND_NEST_MAX when one of them is NULL. */
static uint8_t keys_nest(const struct operand *const *keys, size_t nkeys)
{
	uint8_t nest = 0;

	for (size_t i = 0; i < nkeys; i++)
		if (keys[i]->nest > nest)
			nest = keys[i]->nest;
	return nest;
}

const struct operand *operand_concat(struct decode_ctx *ctx,
	const struct operand *const *keys, size_t nkeys, size_t len)
{
	for (size_t i = 0; i < nkeys; i++)
		if (!keys[i])
			return NULL;
	if (nkeys == 1 && keys[0]->len == len)
		return keys[0];
	uint8_t nest = keys_nest(keys, nkeys);
	if (nest >= OPERAND_NEST_MAX)
		return operand_unknown(ctx, "map-nested", len);
	return operand_intern(ctx, &(struct operand){.field = FIELD_CONCAT,
					   .len = (uint8_t)len,
					   .load_len = (uint8_t)len,
					   .nest = (uint8_t)(nest + 1),
					   .key = keys,
					   .nkey = nkeys});
}

const struct operand *operand_map(
	struct decode_ctx *ctx, const struct set *set, const struct operand *key)
{
	if (!key)
		return NULL;
	if (key->nest >= OPERAND_NEST_MAX)
		return operand_unknown(ctx, "map-nested", set->data_len);
	return operand_intern(ctx, &(struct operand){.field = FIELD_MAP,
					   .len = set->data_len,
					   .load_len = set->data_len,
					   .nest = (uint8_t)(key->nest + 1),
					   .set = set,
					   .key = &key,
					   .nkey = 1});
}

/* nft_bitwise: words of 32 bits in host order, the first the most significant. */
static void shift_bytes(uint8_t *bytes, size_t len, const struct step *step)
{
	uint32_t words[VALUE_MAX / 4] = {0};
	size_t n = (len + 3) / 4;
	uint32_t carry = 0;
	unsigned int count = step->count;

	if (count == 0 || count >= 32)
		return;
	memcpy(words, bytes, len);
	for (size_t i = 0; i < n; i++) {
		size_t at = step->kind == STEP_SHIFT_LEFT ? n - 1 - i : i;
		uint32_t word = words[at];

		if (step->kind == STEP_SHIFT_LEFT) {
			words[at] = (word << count) | carry;
			carry = word >> (32 - count);
		} else {
			words[at] = carry | (word >> count);
			carry = word << (32 - count);
		}
	}
	memcpy(bytes, words, len);
}

void step_apply(uint8_t *bytes, size_t *len, const struct step *step)
{
	switch (step->kind) {
	case STEP_AND_XOR:
		for (size_t i = 0; i < *len; i++)
			bytes[i] = (uint8_t)((bytes[i] & step->and[i]) ^ step->xor [i]);
		break;
	case STEP_SHIFT_LEFT:
	case STEP_SHIFT_RIGHT:
		shift_bytes(bytes, *len, step);
		break;
	case STEP_SWAP:
		for (size_t i = 0; i + step->count <= *len; i += step->count)
			for (size_t a = i, b = i + step->count - 1u; a < b; a++, b--) {
				uint8_t byte = bytes[a];

				bytes[a] = bytes[b];
				bytes[b] = byte;
			}
		break;
	case STEP_SLICE:
		memmove(bytes, bytes + step->offset, step->count);
		*len = step->count;
		break;
	}
}

static bool is_identity(const struct operand *operand, const struct step *step)
{
	switch (step->kind) {
	case STEP_AND_XOR:
		for (size_t i = 0; i < operand->len; i++)
			if (step->and[i] != 0xff || step->xor [i] != 0)
				return false;
		return true;
	case STEP_SHIFT_LEFT:
	case STEP_SHIFT_RIGHT:
		return step->count == 0;
	case STEP_SWAP:
		return step->count <= 1;
	case STEP_SLICE:
		return step->count == operand->len;
	}
	return false;
}

/* Part of a concatenation: whole keys again where the cut falls between them. */
static const struct operand *slice_concat(struct decode_ctx *ctx,
	const struct operand *operand, size_t offset, size_t len)
{
	const struct operand *keys[KEYS_MAX];
	size_t nkeys = 0, start = 0;

	for (size_t i = 0; i < operand->nkey; i++) {
		size_t key_len = operand->key[i]->len;
		size_t padded = (key_len + 3) & ~(size_t)3;
		size_t lo = offset > start ? offset - start : 0;
		size_t hi = offset + len - start;

		if (offset + len <= start)
			break;
		if (lo < padded) {
			/* A key cut at its front would no longer start on a word. */
			if (lo % 4 != 0 || lo >= key_len || nkeys == KEYS_MAX)
				return NULL;
			if (hi > key_len)
				hi = key_len;
			keys[nkeys++] =
				operand_slice(ctx, operand->key[i], lo, hi - lo);
		}
		start += padded;
	}
	return nkeys ? operand_concat(ctx, keys, nkeys, len) : NULL;
}

/*
 * A shorter load instead of a slice of a longer one, where the longer one cannot have
 * failed on a packet that the shorter would have been read from.
 */
static bool slice_is_load(const struct operand *operand)
{
	static const uint8_t always_there[] = {
		[BASE_LINK] = 14, [BASE_NETWORK] = 20, [BASE_TRANSPORT] = 8};

	return operand->field == FIELD_PAYLOAD && operand->nsteps == 0 &&
	       operand->base < sizeof(always_there) &&
	       operand->offset + operand->load_len <= always_there[operand->base];
}

static size_t len_behind(const struct operand *operand, const struct step *step)
{
	return step->kind == STEP_SLICE ? step->count : operand->len;
}

static const struct operand *add_step(
	struct decode_ctx *ctx, const struct operand *operand, const struct step *step)
{
	struct step steps[STEPS_MAX];
	struct operand next = *operand;
	uint8_t and[VALUE_MAX], xor[VALUE_MAX];
	size_t n = operand->nsteps;

	if (n >= STEPS_MAX)
		return operand_unknown(ctx, "steps-many", len_behind(operand, step));
	if (n)
		memcpy(steps, operand->steps, n * sizeof(*steps));
	steps[n] = *step;
	if (n && step->kind == STEP_AND_XOR && steps[n - 1].kind == STEP_AND_XOR) {
		/* (v & a ^ x) & b ^ y = v & (a & b) ^ (x & b ^ y) */
		for (size_t i = 0; i < operand->len; i++) {
			and[i] = steps[n - 1].and[i] & step -> and[i];
			xor[i] = (uint8_t)((steps[n - 1].xor [i] & step -> and[i]) ^
					   step->xor [i]);
		}
		n--;
		steps[n].and = and;
		steps[n].xor = xor;
	} else if (n && step->kind == STEP_SLICE && steps[n - 1].kind == STEP_SLICE) {
		n--;
		steps[n].offset = (uint8_t)(steps[n].offset + step->offset);
		steps[n].count = step->count;
	}
	next.steps = steps;
	next.nsteps = n + 1;
	if (step->kind == STEP_SLICE)
		next.len = step->count;
	return operand_intern(ctx, &next);
}

const struct operand *operand_step(
	struct decode_ctx *ctx, const struct operand *operand, const struct step *step)
{
	uint8_t bytes[VALUE_MAX];
	size_t len;

	if (operand && operand->len > VALUE_MAX) /* registers hold no more */
		return operand_unknown(ctx, "value-long", len_behind(operand, step));
	if (!operand || is_identity(operand, step))
		return operand;
	if (operand->field == FIELD_CONST) {
		len = operand->len;
		memcpy(bytes, operand->bytes, len);
		step_apply(bytes, &len, step);
		return operand_const(ctx, bytes, len);
	}
	if (step->kind == STEP_SLICE) {
		if (slice_is_load(operand))
			return operand_payload(ctx, operand->base,
				(size_t)operand->offset + step->offset, step->count);
		if (operand->field == FIELD_CONCAT && operand->nsteps == 0) {
			const struct operand *part =
				slice_concat(ctx, operand, step->offset, step->count);

			if (part)
				return part;
		}
	}
	return add_step(ctx, operand, step);
}

const struct operand *operand_slice(struct decode_ctx *ctx,
	const struct operand *operand, size_t offset, size_t len)
{
	return operand_step(ctx, operand,
		&(struct step){.kind = STEP_SLICE,
			.offset = (uint8_t)offset,
			.count = (uint8_t)len});
}

const struct operand *operand_masked(struct decode_ctx *ctx,
	const struct operand *operand, const void *and, const void * xor)
{
	static const uint8_t zeros[VALUE_MAX];

	return operand_step(ctx, operand,
		&(struct step){
			.kind = STEP_AND_XOR, .and = and, .xor = xor? xor : zeros});
}
