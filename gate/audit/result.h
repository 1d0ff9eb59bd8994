/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `gate audit` has found. */
#ifndef SEAWALL_GATE_AUDIT_RESULT_H
#define SEAWALL_GATE_AUDIT_RESULT_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/audit/kinds.h"

/**
 * struct audit_entry - somebody who holds power, or something that gives it
 * @id:       stable over runs: "group-member:alice:docker"
 * @who:      a user, "%group", "everyone"; NULL: nobody in particular
 * @place:    where it is said
 * @approved: policy lists @who under gate.docker_group.approved: then it is no finding
 */
struct audit_entry {
	const struct audit_kind *kind;
	const char *id, *who, *place, *text, *remedy;
	bool approved;
};

/** struct audit_result - worst first; @nfindings of the @n are not approved. */
struct audit_result {
	struct audit_entry *entries;
	size_t n, nfindings;
};

#endif
