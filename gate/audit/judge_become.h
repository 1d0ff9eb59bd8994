/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds the engine's power, and whether a rule lets others become one of them. */
#ifndef SEAWALL_GATE_AUDIT_JUDGE_BECOME_H
#define SEAWALL_GATE_AUDIT_JUDGE_BECOME_H

#include "gate/audit/judging.h"

/** judging_find_holders() - who holds a power, once all powers are known. */
void judging_find_holders(struct judging *judging);
/** judging_is_holder() - a user but root who holds a power. */
bool judging_is_holder(const struct judging *judging, const char *name);
/**
 * judging_target() - somebody with power whom a list of runas lets @who become
 * @list: as struct audit_rule has it
 *
 * Return: his name, or the entry that he may be behind; NULL: nobody.
 */
const char *judging_target(
	const struct judging *judging, const struct audit_names *list, const char *who);

#endif
