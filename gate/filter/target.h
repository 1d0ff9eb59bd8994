/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request line's target, taken apart strictly. */
#ifndef SEAWALL_GATE_FILTER_TARGET_H
#define SEAWALL_GATE_FILTER_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"

/*
 * There is one way to write each path and no other is taken: origin form, an optional
 * version "/v1.NN", then segments of letters, digits and "-._:@", none empty, "." or
 * "..", no '/' at the end. Percent-encoding is decoded once and only stands for ':' or
 * '@', which some clients encode.
 */

enum {
	TARGET_MAX_SEGMENTS = 32,
	TARGET_MAX_QUERY = 64,
};

struct query_pair {
	const char *key, *value; /* decoded: UTF-8 without control characters */
};

/** struct target - path segments behind the version, and the query in its order. */
struct target {
	unsigned int version; /* 41 of "/v1.41"; 0: none is given */
	const char *segments[TARGET_MAX_SEGMENTS];
	size_t nsegments;
	struct query_pair query[TARGET_MAX_QUERY];
	size_t nquery;
};

/**
 * target_parse() - take @text apart
 * @ret_why: on failure what is wrong with it, static text
 *
 * Return: 0; -EINVAL (@ret_why is set); -ENOMEM.
 */
int target_parse(const char *text, size_t len, struct arena *arena,
	struct target *ret_target, const char **ret_why) _must_check_;

/** target_encode() - @text with all but unreserved characters as %XX, in @arena. */
const char *target_encode(struct arena *arena, const char *text);

#endif
