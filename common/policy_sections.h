/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections of the policy that have a file of their own. */
#ifndef SEAWALL_COMMON_POLICY_SECTIONS_H
#define SEAWALL_COMMON_POLICY_SECTIONS_H

#include "common/policy.h"

/** policy_parse_approvals() - the section `approvals`, once the sources are known. */
void policy_parse_approvals(struct policy *policy, const struct json_node *array);
/** policy_parse_gate() - the section `gate`. */
void policy_parse_gate(struct policy *policy, const struct json_node *node);

#endif
