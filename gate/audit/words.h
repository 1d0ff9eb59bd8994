/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of unit files and command lines: quotes, escapes and specifiers. */
#ifndef SEAWALL_GATE_AUDIT_WORDS_H
#define SEAWALL_GATE_AUDIT_WORDS_H

#include <stdbool.h>

#include "common/arena.h"
#include "gate/audit/lines.h"

/**
 * words_split() - a command line as /proc/PID/cmdline has it, each word ended by NUL
 *
 * @deep: a quoted word with blanks in it, as behind "sh -c", is split once more
 *
 * Quotes and backslashes as in systemd.syntax(7) and shells. No memory: an empty one.
 */
struct span words_split(struct arena *arena, struct span text, bool deep);

/**
 * words_unquote() - a name of sudoers(5): no quotes around it, "\x20" and "\ " a blank
 *
 * In @arena when there are backslashes. No memory: an empty one.
 */
struct span words_unquote(struct arena *arena, struct span word);

/**
 * words_expand() - systemd.unit(5), SPECIFIERS, as far as they tell paths and names
 * @unit: "job@x.service": %n, %N, %p, %P, %i, %I, %j and %J come from it
 *
 * What is not known stays as it is. No memory: an empty one.
 */
struct span words_expand(struct arena *arena, struct span text, const char *unit);

#endif
