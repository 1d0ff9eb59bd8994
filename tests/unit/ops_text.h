/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ops as one line of text, every detail of them: what tests compare. */
#ifndef SEAWALL_TESTS_UNIT_OPS_TEXT_H
#define SEAWALL_TESTS_UNIT_OPS_TEXT_H

#include <stddef.h>

#include "common/arena.h"
#include "netmon/model/ruleset.h"

/**
 * ops_text() - "saddr&ffffff00 == c0000200; accept"
 *
 * Values are hex, bytes as they lie in memory; {a | b} is OP_ANY, !{a | b} OP_NONE.
 */
const char *ops_text(struct arena *arena, const struct op *ops, size_t nops);

#endif
