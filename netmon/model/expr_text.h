/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for expressions that the walk has no use for, from their attributes. */
#ifndef SEAWALL_NETMON_MODEL_EXPR_TEXT_H
#define SEAWALL_NETMON_MODEL_EXPR_TEXT_H

#include <stdbool.h>

#include "netmon/model/text.h"

struct nlattr;

/**
 * expr_text() - append "limit rate 5/second", "log prefix \"...\"" and the like
 * @expr: the expression's attribute (name and data), as op.expr has it
 *
 * Return: false, and nothing was appended, where there are no words for it.
 */
bool expr_text(struct text *text, const struct nlattr *expr);

#endif
