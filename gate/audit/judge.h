/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts and a policy in, who holds the engine's power and how out. */
#ifndef SEAWALL_GATE_AUDIT_JUDGE_H
#define SEAWALL_GATE_AUDIT_JUDGE_H

#include "common/err.h"
#include "common/policy.h"
#include "gate/audit/facts.h"

enum audit_severity {
	AUDIT_INFO = 0,
	AUDIT_LOW,
	AUDIT_MEDIUM,
	AUDIT_HIGH,
	AUDIT_CRITICAL,
};

/** struct audit_control - a rule of a benchmark. */
struct audit_control {
	const char *benchmark, *control;
};

enum { AUDIT_MAX_CONTROLS = 3 };

/**
 * struct audit_kind - a way to the engine's power
 * @name: stable: "group-member", ...
 */
struct audit_kind {
	const char *name;
	enum audit_severity severity;
	struct audit_control controls[AUDIT_MAX_CONTROLS];
};

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

const char *audit_severity_name(enum audit_severity severity);

/**
 * audit_judge() - every way to the engine's power, and whether policy approves it
 * @arena:      holds the result
 *
 * Pure. Return: 0; -ENOMEM.
 */
int audit_judge(const struct audit_facts *facts, const struct policy *policy,
	struct arena *arena, struct audit_result *ret_result, struct err *err)
	_must_check_;

#endif
