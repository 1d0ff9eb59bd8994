/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spans of ports cut where approvals begin and end. */
#ifndef SEAWALL_NETMON_JUDGE_SPLIT_H
#define SEAWALL_NETMON_JUDGE_SPLIT_H

#include "common/policy.h"
#include "netmon/model/report.h"

/**
 * split_exposures() - no exposure is approved in part: each approval that selects its
 * container is about all of its ports or about none
 *
 * The parts take their own ids. Doing it again changes nothing. It belongs before
 * evidence is collected, so that what packets show is noted where it was seen. Failure
 * shows in report->arena.
 */
void split_exposures(struct report *report, const struct policy *policy);

#endif
