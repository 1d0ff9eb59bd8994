/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of xt and legacy rules share: recorded tables, and tables made here. */
#ifndef SEAWALL_TESTS_UNIT_XT_MADE_H
#define SEAWALL_TESTS_UNIT_XT_MADE_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "netmon/model/ruleset.h"

#define DATA SOURCE_ROOT "/tests/unit/data/"

/* What make-xt recorded, decoded. */
struct recorded {
	struct netns nft, netns;
	struct legacy_table legacy[8]; /* raw, mangle, nat, filter; of IPv4 and IPv6 */
	struct ruleset *nft_rules, *legacy_rules;
};
/* Setup and teardown of a group of tests. */
int recorded_load(void **state);
int recorded_free(void **state);

enum part { MATCH, TARGET };

/* The bytes of the last table made; what a test changes there the table holds. */
extern uint8_t made[8192];

/*
 * made_table() - a filter table: one rule at byte 0 of FORWARD, policy ACCEPT
 *
 * A match comes with a verdict ACCEPT. @info may be NULL: zeros.
 */
struct legacy_table made_table(enum family family, enum part part, const char *name,
	uint8_t rev, const void *info, size_t len);
/* made_empty() - no rule at all; @policy as the kernel has it: -1 drop, -2 accept. */
struct legacy_table made_empty(int policy);
/* made_ops() - that rule's ops as text (ops_text.h), in @arena. */
const char *made_ops(struct arena *arena, enum family family, enum part part,
	const char *name, uint8_t rev, const void *info, size_t len);

/* made_decode() - a ruleset, or the test fails. */
struct ruleset *made_decode(const struct netns *netns);

#endif
