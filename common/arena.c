/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is released all at once, with one place to learn that it ran out. */
#include "common/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pages.h"

/* A sanitizer sees what is used after a reset only if it was released. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum {
	CHUNK_MIN_BYTES = 16 * 1024,
	CHUNK_MAX_BYTES = 1024 * 1024,
	KEEP_BYTES = SANITIZED ? CHUNK_MAX_BYTES : 8 * CHUNK_MAX_BYTES,
	UNIT_BYTES = _Alignof(max_align_t),
};

struct arena_chunk {
	struct arena_chunk *next; /* older */
	size_t size, used;	  /* bytes of data[] */
	_Alignas(max_align_t) unsigned char data[];
};

/* Memory that was made elsewhere. The entry itself is a piece of the arena. */
struct arena_adopted {
	struct arena_adopted *next;
	void *memory;
};

/* The size that an allocation of @size takes up; SIZE_MAX when it cannot be had. */
static size_t round_size(size_t size)
{
	if (size > SIZE_MAX / 4)
		return SIZE_MAX;
	return size ? (size + UNIT_BYTES - 1) & ~(size_t)(UNIT_BYTES - 1) : UNIT_BYTES;
}

static size_t next_chunk_size(const struct arena_chunk *newest)
{
	if (!newest || newest->size < CHUNK_MIN_BYTES)
		return CHUNK_MIN_BYTES;
	return newest->size >= CHUNK_MAX_BYTES / 2 ? CHUNK_MAX_BYTES : newest->size * 2;
}

void arena_init(struct arena *arena, size_t limit_bytes)
{
	*arena = (struct arena){.limit_bytes = limit_bytes};
}

static void release_adopted(struct arena *arena)
{
	for (struct arena_adopted *one = arena->adopted; one; one = one->next)
		free(one->memory);
	arena->adopted = NULL;
}

static void release_chunks(struct arena_chunk *chunk)
{
	for (struct arena_chunk *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
}

void arena_done(struct arena *arena)
{
	if (!arena)
		return;
	release_adopted(arena);
	release_chunks(arena->chunk);
	release_chunks(arena->spare);
	*arena = (struct arena){.limit_bytes = arena->limit_bytes};
}

void arena_reset(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunk, *spare = arena->spare, *next;
	struct arena_chunk **end = &arena->spare;
	size_t kept = 0;

	release_adopted(arena);
	for (const struct arena_chunk *one = spare; one; one = one->next)
		kept += one->size;
	for (; chunk; chunk = next) {
		next = chunk->next;
		if (chunk->size > CHUNK_MAX_BYTES || kept > KEEP_BYTES - chunk->size) {
			free(chunk);
			continue;
		}
		kept += chunk->size;
		chunk->used = 0;
		*end = chunk;
		end = &chunk->next;
	}
	*end = spare;
	arena->chunk = NULL;
	arena->used_bytes = 0;
	arena->failed = false;
}

bool arena_failed(const struct arena *arena)
{
	return arena->failed;
}

static void *fail(struct arena *arena)
{
	arena->failed = true;
	return NULL;
}

/* One that was kept, if it has room; the newest first. */
static struct arena_chunk *take_spare(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->spare;

	if (!chunk || chunk->size < size)
		return NULL;
	arena->spare = chunk->next;
	chunk->next = arena->chunk;
	arena->chunk = chunk;
	return chunk;
}

/*
 * A chunk with room for @size bytes. One made for a single large piece goes behind the
 * newest, whose room is not lost by it.
 */
static struct arena_chunk *add_chunk(struct arena *arena, size_t size)
{
	size_t room = next_chunk_size(arena->chunk);
	bool single = size > room;

	if (single)
		room = size;
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + room);
	if (!chunk)
		return NULL;
	/* Who has filled smaller ones fills the largest, too. */
	if (room == CHUNK_MAX_BYTES && !single)
		pages_prepare(chunk, room);
	chunk->size = room;
	chunk->used = 0;
	if (single && arena->chunk) {
		chunk->next = arena->chunk->next;
		arena->chunk->next = chunk;
	} else {
		chunk->next = arena->chunk;
		arena->chunk = chunk;
	}
	return chunk;
}

void *arena_alloc_raw(struct arena *arena, size_t size)
{
	size_t need = round_size(size);
	struct arena_chunk *chunk = arena->chunk;

	if (arena->failed || need == SIZE_MAX)
		return fail(arena);
	if (arena->limit_bytes &&
		(arena->used_bytes > arena->limit_bytes ||
			need > arena->limit_bytes - arena->used_bytes))
		return fail(arena);
	if (!chunk || need > chunk->size - chunk->used)
		chunk = take_spare(arena, need) ?: add_chunk(arena, need);
	if (!chunk)
		return fail(arena);
	void *piece = chunk->data + chunk->used;
	chunk->used += need;
	arena->used_bytes += need;
	return piece;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *piece = arena_alloc_raw(arena, size);

	return piece ? memset(piece, 0, size) : NULL;
}

void arena_trim(struct arena *arena, void *piece, size_t old_size, size_t new_size)
{
	struct arena_chunk *chunk = arena->chunk;

	if (!piece || !chunk)
		return;
	size_t had = round_size(old_size);
	size_t keep = new_size ? round_size(new_size) : 0;

	if ((uintptr_t)piece + had != (uintptr_t)(chunk->data + chunk->used) ||
		keep >= had)
		return;
	chunk->used -= had - keep;
	arena->used_bytes -= had - keep;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return fail(arena);
	return arena_alloc(arena, total);
}

void *arena_memdup(struct arena *arena, const void *data, size_t size)
{
	void *copy = arena_alloc_raw(arena, size);

	if (copy && size)
		memcpy(copy, data, size);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_memdup(arena, text, strlen(text) + 1) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	size_t used = strnlen(text, len);
	char *copy = arena_alloc_raw(arena, used + 1);

	if (copy) {
		memcpy(copy, text, used);
		copy[used] = '\0';
	}
	return copy;
}

char *arena_join(struct arena *arena, const char *first, const char *second)
{
	size_t n = strlen(first), m = strlen(second);
	char *text = arena_alloc_raw(arena, n + m + 1);

	if (!text)
		return NULL;
	memcpy(text, first, n);
	memcpy(text + n, second, m + 1);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return fail(arena);
	char *text = arena_alloc_raw(arena, (size_t)len + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	(void)vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

void *arena_adopt(struct arena *arena, void *memory)
{
	struct arena_adopted *one =
		memory ? arena_alloc_raw(arena, sizeof(*one)) : NULL;

	if (!one) {
		free(memory);
		return NULL;
	}
	*one = (struct arena_adopted){arena->adopted, memory};
	arena->adopted = one;
	return memory;
}

void *arena_push(struct arena *arena, void *items, size_t *count, size_t size)
{
	void *array;
	size_t n = *count;

	memcpy(&array, items, sizeof(array));
	if ((n & (n - 1)) == 0) { /* 0 and every power of two: the array is full */
		size_t total;
		void *grown;

		if (__builtin_mul_overflow(n ? n * 2 : 1, size, &total))
			return fail(arena);
		/* What is not used yet is not touched: it may never be. */
		grown = arena_alloc_raw(arena, total);
		if (!grown)
			return NULL;
		if (n)
			memcpy(grown, array, n * size);
		array = grown;
		memcpy(items, &array, sizeof(array));
	} else if (arena->failed) {
		return NULL;
	}
	*count = n + 1;
	return memset((unsigned char *)array + n * size, 0, size);
}
