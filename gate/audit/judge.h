/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts and a policy in, who holds the engine's power and how out. */
#ifndef SEAWALL_GATE_AUDIT_JUDGE_H
#define SEAWALL_GATE_AUDIT_JUDGE_H

#include "common/err.h"
#include "common/policy.h"
#include "gate/audit/facts.h"
#include "gate/audit/result.h"

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
