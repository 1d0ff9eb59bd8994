/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rules of a long chain can concern a packet, by its destination and port. */
#ifndef SEAWALL_NETMON_REACH_INDEX_H
#define SEAWALL_NETMON_REACH_INDEX_H

#include "netmon/reach/packet.h"
#include "netmon/reach/space.h"

struct chain_index;

/* Cursor over the rules that a packet must be shown. */
struct index_cursor {
	const struct chain_index *index; /* NULL: all rules */
	const uint32_t *runs[4];
	size_t n[4];
	size_t nrules;
};

/**
 * index_open() - the rules of @chain that @packet must be shown
 *
 * A rule is left out only when it begins with comparisons that change nothing (and
 * cannot end the walk), one of which demands another destination port or address than
 * the packet's. Everything unknown stays in.
 */
void index_open(struct space *space, const struct chain *chain,
	const struct packet *packet, struct index_cursor *ret_cursor);

/** index_next() - the first such rule at or after @from; nrules when there is none. */
size_t index_next(const struct index_cursor *cursor, size_t from);

#endif
