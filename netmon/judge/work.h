/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of judge/ share while one report is judged. Not for others. */
#ifndef SEAWALL_NETMON_JUDGE_WORK_H
#define SEAWALL_NETMON_JUDGE_WORK_H

#include "common/policy.h"
#include "netmon/judge/rules.h"
#include "netmon/model/report.h"

struct judge_work {
	struct report *report;
	struct arena *arena; /* the report's */
	const struct policy *policy;
	uint32_t today;			       /* 20261129 */
	const bool *called;		       /* rules_called() */
	const struct rules_ports *ports;       /* rules_ports() */
	const struct targets *targets;	       /* find_rules()'s */
	const struct exposure **of_containers; /* those of one at its begins[] */
	size_t *begins;			       /* by index in facts->containers */
	bool *approval_used;		       /* by index in policy->approvals */
	bool *serious;			       /* by exposure: an amplifier is */
	bool *flagged; /* by exposure: a finding says that the Internet gets in */
};

#endif
