/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena_made.h"
#include "common/ivset.h"

/*
 * The oracle: a set over a domain of 8 values is a byte. All 256 x 256 pairs are tried,
 * at the bottom of the number space and at its very top, where "hi + 1" overflows.
 */
static const u128 bases[] = {0, ~(u128)0 - 7, (u128)UINT32_MAX - 3};

static const struct ivset *from_bits(struct arena *arena, u128 base, unsigned int bits)
{
	struct iv v[8];
	size_t n = 0;

	/* Backwards and with singles, so that sorting and joining have work to do. */
	for (unsigned int i = 8; i-- > 0;) {
		if (bits >> i & 1)
			v[n++] = (struct iv){base + i, base + i};
	}
	return ivset_from(arena, v, n);
}

static void assert_is(const struct ivset *set, u128 base, unsigned int bits)
{
	for (size_t i = 0; i < set->n; i++) {
		assert_true(set->v[i].lo <= set->v[i].hi);
		assert_true(set->v[i].lo >= base && set->v[i].hi - base < 8);
		if (i > 0)
			assert_true(set->v[i].lo - 1 > set->v[i - 1].hi);
	}
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(ivset_contains(set, base + i), bits >> i & 1);
}

static void operations_match_the_oracle(void **state)
{
	struct arena *arena = *state;

	for (size_t k = 0; k < ARRAY_LEN(bases); k++) {
		u128 base = bases[k];

		for (unsigned int x = 0; x < 256; x++) {
			for (unsigned int y = 0; y < 256; y++) {
				arena_reset(arena);
				const struct ivset *a = from_bits(arena, base, x);
				const struct ivset *b = from_bits(arena, base, y);

				assert_is(a, base, x);
				assert_is(ivset_union(arena, a, b), base, x | y);
				assert_is(ivset_intersect(arena, a, b), base, x & y);
				assert_is(ivset_subtract(arena, a, b), base, x & ~y);
				assert_int_equal(ivset_equal(a, b), x == y);
				assert_int_equal(ivset_is_subset(a, b), (x & ~y) == 0);
				assert_int_equal(ivset_intersects(a, b), (x & y) != 0);
				assert_is(a, base, x);
				assert_is(b, base, y);
			}
		}
	}
	assert_false(arena_failed(arena));
}

static void equal_results_are_the_argument(void **state)
{
	struct arena *arena = *state;

	for (unsigned int x = 1; x < 256; x++) {
		for (unsigned int y = 1; y < 256; y++) {
			arena_reset(arena);
			const struct ivset *a = from_bits(arena, 0, x);
			const struct ivset *b = from_bits(arena, 0, y);
			size_t used = arena->used_bytes;

			if ((x | y) == x)
				assert_ptr_equal(ivset_union(arena, a, b), a);
			else if ((x | y) == y)
				assert_ptr_equal(ivset_union(arena, a, b), b);
			if ((x & y) == x)
				assert_ptr_equal(ivset_intersect(arena, a, b), a);
			else if ((x & y) == y)
				assert_ptr_equal(ivset_intersect(arena, a, b), b);
			if ((x & y) == 0) {
				assert_ptr_equal(ivset_subtract(arena, a, b), a);
				assert_ptr_equal(
					ivset_intersect(arena, a, b), &ivset_none);
				assert_int_equal(arena->used_bytes, used);
			}
		}
	}
}

static void from_takes_any_order_and_overlap(void **state)
{
	struct arena *arena = *state;
	struct iv v[] = {{20, 30}, {5, 9}, {0, 4}, {25, 40}, {26, 27}, {100, 90}};
	const struct ivset *set = ivset_from(arena, v, ARRAY_LEN(v));

	assert_int_equal(set->n, 2);
	assert_true(set->v[0].lo == 0 && set->v[0].hi == 9);
	assert_true(set->v[1].lo == 20 && set->v[1].hi == 40);
}

static void empty_and_reversed_ranges(void **state)
{
	struct arena *arena = *state;

	assert_true(ivset_is_empty(&ivset_none));
	assert_ptr_equal(ivset_range(arena, 5, 4), &ivset_none);
	assert_ptr_equal(ivset_from(arena, NULL, 0), &ivset_none);
	assert_false(ivset_contains(&ivset_none, 0));
}

static void copies_outlive_their_source(void **state)
{
	struct arena *arena = *state, other;

	arena_init(&other, 0);
	const struct ivset *copy = ivset_copy(arena, ivset_range(&other, 3, 9));
	arena_done(&other);
	assert_int_equal(copy->n, 1);
	assert_true(copy->v[0].lo == 3 && copy->v[0].hi == 9);
}

static void a_failed_arena_gives_none(void **state)
{
	struct arena *arena = *state;
	const struct ivset *a = ivset_range(arena, 0, 3),
			   *b = ivset_range(arena, 9, 12);

	arena->failed = true;
	assert_ptr_equal(ivset_union(arena, a, b), &ivset_none);
	assert_ptr_equal(ivset_union(arena, a, a), &ivset_none);
	assert_ptr_equal(ivset_intersect(arena, a, a), &ivset_none);
	assert_ptr_equal(ivset_subtract(arena, a, b), &ivset_none);
	assert_ptr_equal(ivset_range(arena, 0, 1), &ivset_none);
	assert_ptr_equal(ivset_copy(arena, a), &ivset_none);
}

/* Every set over 8 values: the prefixes are disjoint, aligned, few, and the same set.
 */
static void prefixes_round_trip(void **state)
{
	struct arena *arena = *state;
	/* the last base is the top of IPv4 */
	static const struct {
		u128 base;
		enum family family;
	} rows[] = {{0, FAMILY_IP4}, {UINT32_MAX - 7, FAMILY_IP4},
		{~(u128)0 - 7, FAMILY_IP6}, {0, FAMILY_IP6}};

	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		for (unsigned int bits = 0; bits < 256; bits++) {
			struct prefix *list = NULL;
			const struct ivset *sum = &ivset_none;

			arena_reset(arena);
			const struct ivset *set = from_bits(arena, rows[k].base, bits);
			size_t n = ivset_to_prefixes(arena, set, rows[k].family, &list);

			for (size_t i = 0; i < n; i++) {
				const struct ivset *one = ivset_prefix(arena, &list[i]);

				assert_int_equal(list[i].family, rows[k].family);
				assert_false(ivset_intersects(sum, one));
				sum = ivset_union(arena, sum, one);
				/* two siblings would be one shorter prefix */
				if (i > 0 && list[i].len == list[i - 1].len) {
					u128 parent = prefix_mask(
						rows[k].family, list[i].len - 1U);
					assert_true((list[i].value & parent) !=
						    (list[i - 1].value & parent));
				}
				if (i > 0)
					assert_true(list[i].value > list[i - 1].value);
			}
			assert_true(ivset_equal(sum, set));
		}
	}
}

static void whole_families_are_one_prefix(void **state)
{
	struct arena *arena = *state;
	struct prefix *list;

	assert_int_equal(ivset_to_prefixes(arena, ivset_all(arena, FAMILY_IP4),
				 FAMILY_IP4, &list),
		1);
	assert_int_equal(list[0].len, 0);
	assert_int_equal(ivset_to_prefixes(arena, ivset_all(arena, FAMILY_IP6),
				 FAMILY_IP6, &list),
		1);
	assert_int_equal(list[0].len, 0);
	/* the most that one interval can need: all but both ends */
	const struct ivset *inner = ivset_range(arena, 1, ~(u128)0 - 1);
	assert_int_equal(ivset_to_prefixes(arena, inner, FAMILY_IP6, &list), 254);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, arena_made_setup, arena_made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(operations_match_the_oracle),
		TEST(equal_results_are_the_argument),
		TEST(from_takes_any_order_and_overlap),
		TEST(empty_and_reversed_ranges),
		TEST(copies_outlive_their_source),
		TEST(a_failed_arena_gives_none),
		TEST(prefixes_round_trip),
		TEST(whole_families_are_one_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
