/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a line of sudoers(5) ends, and what of it is a comment. */
#ifndef SEAWALL_GATE_AUDIT_SUDOERS_LINES_H
#define SEAWALL_GATE_AUDIT_SUDOERS_LINES_H

#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/**
 * sudoers_next_line() - a line with its continuations, comments gone, blanks folded
 * @lines: its @first is the line that it begins with
 *
 * Return: in the facts' arena; NULL behind the last.
 */
char *sudoers_next_line(struct audit_facts *facts, struct lines *lines);

#endif
