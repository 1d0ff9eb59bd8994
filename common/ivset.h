/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Immutable sets of numbers (addresses, ports) as sorted closed intervals. */
#ifndef SEAWALL_COMMON_IVSET_H
#define SEAWALL_COMMON_IVSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/arena.h"

struct iv {
	u128 lo, hi;
};

/**
 * struct ivset - sorted, disjoint, non-touching closed intervals
 *
 * Sets are never changed after they were made, so they can be shared freely. All sets
 * made by a function below live as long as the arena that was given; the result may be
 * one of the arguments itself. When the arena has failed the result is ivset_none:
 * check arena_failed() before believing a result.
 */
struct ivset {
	size_t n;
	struct iv v[];
};

extern const struct ivset ivset_none;

const struct ivset *ivset_range(struct arena *arena, u128 lo, u128 hi);
/** ivset_all() - every address of the family. */
const struct ivset *ivset_all(struct arena *arena, enum family family);
const struct ivset *ivset_prefix(struct arena *arena, const struct prefix *prefix);
/** ivset_from() - the union of @n intervals in any order; @v is sorted in place. */
const struct ivset *ivset_from(struct arena *arena, struct iv *v, size_t n);
/** ivset_copy() - the same set in another arena. */
const struct ivset *ivset_copy(struct arena *arena, const struct ivset *set);

/* Cost of each: O(n + m). */
const struct ivset *ivset_union(
	struct arena *arena, const struct ivset *a, const struct ivset *b);
const struct ivset *ivset_intersect(
	struct arena *arena, const struct ivset *a, const struct ivset *b);
const struct ivset *ivset_subtract(
	struct arena *arena, const struct ivset *a, const struct ivset *b);

static inline bool ivset_is_empty(const struct ivset *set)
{
	return set->n == 0;
}
bool ivset_contains(const struct ivset *set, u128 value); /* O(log n) */
bool ivset_equal(const struct ivset *a, const struct ivset *b);
bool ivset_is_subset(const struct ivset *a, const struct ivset *b);
bool ivset_intersects(const struct ivset *a, const struct ivset *b);

/**
 * ivset_to_prefixes() - the least list of prefixes whose union is the set
 * @ret_prefixes: in @arena, sorted
 *
 * Return: how many (0 also when the arena failed).
 */
size_t ivset_to_prefixes(struct arena *arena, const struct ivset *set,
	enum family family, struct prefix **ret_prefixes);

#endif
