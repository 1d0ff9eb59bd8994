/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena_made.h"
#include "common/arena.h"
#include "common/pages.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	struct arena *arena = *state;
	unsigned char *pieces[3000];
	size_t sizes[3000];

	for (size_t i = 0; i < 3000; i++) {
		sizes[i] = i * 7919 % 701;
		pieces[i] = arena_alloc(arena, sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(pieces[i], (int)(i & 0xff), sizes[i]);
	}
	for (size_t i = 0; i < 3000; i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(pieces[i][k], i & 0xff);
	}
	assert_false(arena_failed(arena));
}

static void reused_memory_is_zeroed_again(void **state)
{
	struct arena *arena = *state;
	unsigned char *piece = arena_alloc(arena, 4000);

	memset(piece, 0xff, 4000);
	arena_reset(arena);
	assert_int_equal(arena->used_bytes, 0);
	piece = arena_alloc(arena, 4000);
	for (size_t k = 0; k < 4000; k++)
		assert_int_equal(piece[k], 0);
}

static void large_piece_keeps_the_open_chunk(void **state)
{
	struct arena *arena = *state;
	char *first = arena_alloc(arena, 16);

	assert_non_null(arena_alloc(arena, 5 << 20));
	char *second = arena_alloc(arena, 16);
	assert_ptr_equal(second, first + 16);
}

/* What is kept is handed out again, as empty as any, and later rounds need no more. */
static void rounds_are_alike(void **state)
{
	enum { PIECES = 500, BYTES = 5000 };
	struct arena *arena = *state;

	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < PIECES; i++) {
			unsigned char *piece = arena_alloc(arena, BYTES);

			assert_non_null(piece);
			assert_int_equal(piece[0] | piece[BYTES - 1], 0);
			memset(piece, 0xa5, BYTES);
		}
		assert_non_null(arena_alloc(arena, 3 << 20));
		arena_reset(arena);
		assert_int_equal(arena->used_bytes, 0);
	}
}

static void bound_is_sticky_until_reset(void **state)
{
	struct arena *arena = *state;

	arena_init(arena, 1000);
	assert_non_null(arena_alloc(arena, 900));
	assert_null(arena_alloc(arena, 200));
	assert_true(arena_failed(arena));
	assert_null(arena_alloc(arena, 1));
	assert_null(arena_strdup(arena, "x"));
	assert_null(arena_printf(arena, "x"));
	arena_reset(arena);
	assert_false(arena_failed(arena));
	assert_non_null(arena_alloc(arena, 900));
}

static void impossible_sizes_fail(void **state)
{
	struct arena *arena = *state;

	assert_null(arena_array(arena, SIZE_MAX / 2, 3));
	assert_true(arena_failed(arena));
	arena_reset(arena);
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_true(arena_failed(arena));
}

static void texts_are_copied(void **state)
{
	struct arena *arena = *state;

	assert_null(arena_strdup(arena, NULL));
	assert_string_equal(arena_strdup(arena, "abc"), "abc");
	assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(arena, "ab\0cd", 5), "ab");
	assert_string_equal(arena_printf(arena, "%d-%s", 42, "x"), "42-x");
	assert_memory_equal(arena_memdup(arena, "a\0b", 3), "a\0b", 3);
	assert_false(arena_failed(arena));
}

static void push_keeps_every_element(void **state)
{
	struct arena *arena = *state;
	size_t count = 0;
	int *items = NULL;

	for (int i = 0; i < 1000; i++) {
		int *item = arena_push(arena, &items, &count, sizeof(*items));

		assert_non_null(item);
		assert_int_equal(*item, 0);
		*item = i;
	}
	assert_int_equal(count, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	count = 5; /* an element that was dropped comes back zeroed */
	assert_int_equal(*(int *)arena_push(arena, &items, &count, sizeof(*items)), 0);
}

static void push_that_fails_changes_nothing(void **state)
{
	struct arena *arena = *state;
	size_t count = 0;
	uint64_t *items = NULL;

	arena_init(arena, 100);
	while (arena_push(arena, &items, &count, sizeof(*items)))
		items[count - 1] = count;
	assert_true(arena_failed(arena));
	assert_int_equal(count, 4); /* 16 + 16 + 32 bytes; 64 more are too many */
	assert_int_equal(items[3], 4);
}

static void trim_gives_back_only_the_last(void **state)
{
	struct arena *arena = *state;
	char *first = arena_alloc(arena, 64), *last = arena_alloc(arena, 64);
	size_t used = arena->used_bytes;

	arena_trim(arena, first, 64, 0);
	assert_int_equal(arena->used_bytes, used);
	arena_trim(arena, last, 64, 20);
	assert_int_equal(arena->used_bytes, used - 32);
	assert_ptr_equal(arena_alloc(arena, 1), last + 32);
	arena_trim(arena, last + 32, 1, 0);
	assert_ptr_equal(arena_alloc(arena, 1), last + 32);
	arena_trim(arena, NULL, 64, 0);
}

/* That it is released, once, is what the sanitizer's leak check sees. */
static void adopted_memory_goes_with_the_arena(void **state)
{
	struct arena *arena = *state;
	char *mine = malloc(100);

	assert_null(arena_adopt(arena, NULL));
	assert_false(arena_failed(arena));
	assert_ptr_equal(arena_adopt(arena, mine), mine);
	memset(mine, 1, 100);
	arena_reset(arena);
	assert_ptr_equal(arena->adopted, NULL);
	assert_non_null(arena_adopt(arena, malloc(100)));
	arena_done(arena);
	arena_init(arena, 8);
	assert_null(arena_adopt(arena, malloc(100)));
	assert_true(arena_failed(arena));
}

/* All whole pages, and no other: what lies before belongs to somebody else. */
static void prepared_pages_are_there_with_what_they_held(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char there[8];
	char *map = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	map[2 * page] = 'x';
	pages_prepare(map + 1, page);	  /* no whole page */
	pages_prepare(map + 1, 6 * page); /* those from 1 to 5 */
	assert_int_equal(mincore(map, 8 * page, there), 0);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(there[i] & 1, i >= 1 && i <= 5);
	assert_int_equal(map[2 * page], 'x');
	assert_int_equal(munmap(map, 8 * page), 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, arena_made_setup, arena_made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pieces_are_zeroed_aligned_and_apart),
		TEST(reused_memory_is_zeroed_again),
		TEST(large_piece_keeps_the_open_chunk),
		TEST(rounds_are_alike),
		TEST(bound_is_sticky_until_reset),
		TEST(impossible_sizes_fail),
		TEST(texts_are_copied),
		TEST(push_keeps_every_element),
		TEST(push_that_fails_changes_nothing),
		TEST(trim_gives_back_only_the_last),
		TEST(adopted_memory_goes_with_the_arena),
		cmocka_unit_test(prepared_pages_are_there_with_what_they_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
