/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that were looked into and found to be fine. */
#ifndef SEAWALL_GATE_SERVE_SEEN_H
#define SEAWALL_GATE_SERVE_SEEN_H

#include <stdbool.h>

#include "common/err.h"

/*
 * Theory of operation. An image's id is a digest of all that is in it, in the engine's
 * own store, and in containerd's a manifest's is: look_into() names them so. What was
 * found in it once stays so. The last findings are in memory that all workers share, as
 * texts (gate_engine.seen); the oldest gives way. A worker may write anything there:
 * one that was taken over has the engine already.
 */

/** seen_prepare() - before the first fork; without it nothing is remembered. */
int seen_prepare(struct err *err) _must_check_;

/** seen_has() - gate_engine.seen; @context is not used */
bool seen_has(void *context, const char *text);
/** seen_add() - gate_engine.remember; a text too long for a slot is not remembered */
void seen_add(void *context, const char *text);

#endif
