/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users and groups from the text of their files. */
#ifndef SEAWALL_GATE_AUDIT_ACCOUNTS_H
#define SEAWALL_GATE_AUDIT_ACCOUNTS_H

#include "common/err.h"
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
/**
 * accounts_read_record() - a JSON record of a user or @group, as systemd-userdbd has it
 *
 * Groups first: members are added to the groups that are there. 0 or negative errno.
 */
int accounts_read_record(struct audit_facts *facts, const char *path, bool group,
	struct span text, struct err *err) _must_check_;
/** accounts_add_membership() - by the name of a file: "alice:docker.membership" */
void accounts_add_membership(struct audit_facts *facts, const char *file);
/** accounts_read_subgid() - subgid(5). */
void accounts_read_subgid(struct audit_facts *facts, struct span text);

#endif
