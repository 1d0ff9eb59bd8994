/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that a report needs again and again, made once. */
#ifndef SEAWALL_NETMON_REPORT_MEMO_H
#define SEAWALL_NETMON_REPORT_MEMO_H

#include <stddef.h>

#include "common/arena.h"

struct memo_row;
struct memo {
	struct arena arena;
	struct memo_row **buckets;
	size_t n;
};

void memo_init(struct memo *memo);
void memo_done(struct memo *memo);

/** memo_find() - the text kept for these bytes; NULL: none. */
const char *memo_find(const struct memo *memo, const void *key, size_t len);

/**
 * memo_keep() - keep a copy of @text for these bytes
 *
 * Past a few thousand rows nothing more is kept: a text is then made each time.
 */
void memo_keep(struct memo *memo, const void *key, size_t len, const char *text);

#endif
