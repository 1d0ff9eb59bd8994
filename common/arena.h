/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is released all at once, with one place to learn that it ran out. */
#ifndef SEAWALL_COMMON_ARENA_H
#define SEAWALL_COMMON_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

/*
 * Theory of operation. An arena hands out pieces of growing chunks. When the bound is
 * passed or the system has no memory, it turns `failed`, and from then on hands out
 * NULL. Pure code that builds many small things checks arena_failed() once, at its end,
 * and throws its whole result away; so every user of a piece must tolerate NULL.
 */
struct arena_chunk;
struct arena_adopted;
struct arena {
	struct arena_chunk *chunk, *spare;
	struct arena_adopted *adopted;
	size_t used_bytes;  /* all that was handed out since the last reset */
	size_t limit_bytes; /* 0: no bound */
	bool failed;
};

/** arena_init() - an empty arena that may hand out @limit_bytes (0: no bound). */
void arena_init(struct arena *arena, size_t limit_bytes);
/** arena_done() - release everything; @arena may be reused after arena_init(). */
void arena_done(struct arena *arena);
/** arena_reset() - forget everything handed out, keep some of its memory (8 MiB at
 * most) for what comes, clear `failed`. */
void arena_reset(struct arena *arena);
bool arena_failed(const struct arena *arena);

/** arena_alloc() - @size zeroed bytes aligned for any type, or NULL (then `failed`). */
void *arena_alloc(struct arena *arena, size_t size);
/** arena_alloc_raw() - arena_alloc() that leaves the bytes unset, for hot paths. */
void *arena_alloc_raw(struct arena *arena, size_t size);
/**
 * arena_trim() - give back the end of a piece
 * @piece:    may be NULL
 * @old_size: as it was asked for
 * @new_size: what is kept; 0: the whole piece is gone
 *
 * Only the piece handed out last can shrink; for any other nothing happens.
 */
void arena_trim(struct arena *arena, void *piece, size_t old_size, size_t new_size);
/** arena_array() - @count zeroed elements; refuses a product that overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/** arena_memdup() - a copy of @size bytes. */
void *arena_memdup(struct arena *arena, const void *data, size_t size);
/** arena_strdup() - a copy of the string; NULL stays NULL. */
char *arena_strdup(struct arena *arena, const char *text);
/** arena_strndup() - a terminated copy of at most @len bytes, ending at a NUL. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
/** arena_join() - one text behind the other, for paths where printf is too slow. */
char *arena_join(struct arena *arena, const char *first, const char *second);
char *arena_printf(struct arena *arena, const char *format, ...) _printf_(2, 3);
/**
 * arena_adopt() - have memory released with the arena instead of copying it
 * @memory: from malloc(); the arena's from now on, also on failure. NULL stays NULL.
 *
 * Return: @memory, or NULL (then `failed`). It does not count towards the bound.
 */
void *arena_adopt(struct arena *arena, void *memory);

/**
 * arena_push() - one more zeroed element at the end of a growing array
 * @items: address of the array pointer (struct x **)
 * @count: elements used; counted up
 * @size:  of one element
 *
 * Grows by doubling at powers of two (the old copy stays in the arena), so the array
 * must have been made by arena_push() alone.
 * Return: the new element, or NULL (then `failed`, and nothing changed).
 */
void *arena_push(struct arena *arena, void *items, size_t *count, size_t size);

#endif
