/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which peers an op matches for one packet. */
#ifndef SEAWALL_NETMON_REACH_MATCH_H
#define SEAWALL_NETMON_REACH_MATCH_H

#include "netmon/reach/value.h"

/**
 * struct split - the outcome of a match for a set of peers
 * @yes: those that may match
 * @no:  those that may not; every peer is in one or both
 * @code, @text: why some are in both
 */
struct split {
	const struct ivset *yes, *no;
	const char *code, *text;
};

/**
 * match_op() - evaluate one op that only looks (MATCH, LOOKUP, IN, IPSET, ANY, NONE,
 * MAYBE, NOP)
 *
 * Sound for every input: what cannot be decided is in both sets.
 */
void match_op(const struct view *view, const struct op *op, const struct ivset *peers,
	struct split *ret_split);

/** match_is_pure() - whether match_op() can evaluate this kind: nothing changes by it.
 */
bool match_is_pure(const struct op *op);

/* One way a set lookup can go: these peers find this element (NULL: none). */
struct found {
	const struct ivset *peers;
	const struct set_element *element;
	bool certain; /* false: these peers may also go another way */
	bool refused; /* an element that refuses them: the rule ends, inverted or not */
	bool unknown; /* some element, nobody can say which */
};

/**
 * match_lookup() - every way in which a lookup with @key can go
 * @key:       a value, or one with peer or unknown bits
 * @ret_found: in view->arena; their peers cover @peers
 *
 * Return: how many; 0 when the arena failed.
 */
size_t match_lookup(const struct view *view, const struct set *set,
	const struct value *key, const struct ivset *peers, struct found **ret_found);

/** match_search() - the element of a set of single fields that holds the key, the
 *  catch-all element where none does; NULL: none. */
const struct set_element *match_search(const struct set *set, const uint8_t *key);

/* One value an operand can have, for these peers. */
struct value_case {
	const struct ivset *peers;
	struct value value;
	bool missing; /* a map without such an element: the rule ends here */
	bool certain;
};

/** match_breaks() - whether loading the operand ends the rule (NFT_BREAK). */
bool match_breaks(const struct view *view, const struct operand *operand);

/** match_operand() - every value an operand can have, maps included. Return: how many.
 */
size_t match_operand(const struct view *view, const struct operand *operand,
	const struct ivset *peers, struct value_case **ret_cases);

#endif
