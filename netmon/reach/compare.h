/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A value against bytes or a range: for which peers it holds, and how certainly. */
#ifndef SEAWALL_NETMON_REACH_COMPARE_H
#define SEAWALL_NETMON_REACH_COMPARE_H

#include "netmon/reach/value.h"

/* What a comparison says: the peers for which it holds, and whether that is certain. */
struct verdict_set {
	enum { IS_NO = 0, IS_YES, IS_SOME } is;
	const struct ivset *some; /* IS_SOME */
	bool certain;
};

static const struct verdict_set says_no = {.is = IS_NO, .certain = true};
static const struct verdict_set says_yes = {.is = IS_YES, .certain = true};
static const struct verdict_set says_perhaps = {.is = IS_YES, .certain = false};

/** compare_op() - a value with what an OP_MATCH compares it to; inverses are as theirs.
 */
struct verdict_set compare_op(
	const struct view *view, const struct op *op, const struct value *value);

/** compare_range() - @len bytes from @at: lo <= bytes <= hi. */
struct verdict_set compare_range(const struct view *view, const struct value *value,
	size_t at, size_t len, const uint8_t *lo, const uint8_t *hi);

/**
 * compare_is_peer() - whether those bytes are the peer's address and nothing else
 * @ret_mask: the prefix of it that they hold
 */
bool compare_is_peer(const struct view *view, const struct value *value, size_t at,
	size_t len, u128 *ret_mask);

#endif
