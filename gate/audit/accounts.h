/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users and groups from the text of their files. */
#ifndef SEAWALL_GATE_AUDIT_ACCOUNTS_H
#define SEAWALL_GATE_AUDIT_ACCOUNTS_H

#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/*
 * Each takes the whole text of its file, and adds to the facts. Lines that the C
 * library would not take either (fields missing, numbers that are none) are left out.
 */

/** accounts_read_passwd() - passwd(5). */
void accounts_read_passwd(struct audit_facts *facts, struct span text);
/** accounts_read_group() - group(5). */
void accounts_read_group(struct audit_facts *facts, struct span text);
/** accounts_read_gshadow() - gshadow(5); after the groups, which it adds to. */
void accounts_read_gshadow(struct audit_facts *facts, struct span text);
/** accounts_read_subgid() - subgid(5). */
void accounts_read_subgid(struct audit_facts *facts, struct span text);

#endif
