/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands, values, sets and verdicts in the words of nft. */
#ifndef SEAWALL_NETMON_MODEL_OPERAND_TEXT_H
#define SEAWALL_NETMON_MODEL_OPERAND_TEXT_H

#include "netmon/model/rule_words.h"

/**
 * operand_text() - append what an operand reads, with its masks and shifts
 * @operand: may be NULL
 * @type:    how a constant, or the answers of a map, are to be read
 */
void operand_text(struct text *text, const struct operand *operand,
	enum value_type type, const struct words_context *context);

/* One op each: "tcp dport 80", "ip saddr != @blocked", "iifname vmap { ... }". */
void match_text(
	struct text *text, const struct op *op, const struct words_context *context);
void lookup_text(struct text *text, const struct operand *key, const struct set *set,
	bool invert, const struct words_context *context);
void vmap_text(struct text *text, const struct operand *key, const struct set *set,
	const struct words_context *context);

void verdict_text(struct text *text, const struct verdict_to *verdict);

/** numbers_text() - ports (@len 2) or addresses (4, 16): one, or "{ a, b-c }". */
void numbers_text(struct text *text, const struct ivset *numbers, size_t len);

#endif
