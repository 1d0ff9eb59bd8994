/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exposures held against the policy: verdicts and findings. */
#ifndef SEAWALL_NETMON_JUDGE_JUDGE_H
#define SEAWALL_NETMON_JUDGE_JUDGE_H

#include "common/err.h"
#include "common/policy.h"
#include "netmon/model/report.h"

/*
 * Theory of operation. Pure: no clock, no I/O; same arguments, same findings in the
 * same order. For each exposure of a container:
 *
 *   approval  the first entry of the policy, in the file's order, that selects the
 *             container and the endpoint's port and has not expired. What all such
 *             entries approve together is the covered set: "internet" covers everybody
 *             (who is open to strangers is open to neighbours), "private" the private
 *             space, prefixes themselves. "adjacent" covers neighbours, who may claim
 *             any address, and so no address of the other zones.
 *   excess    with an approval: Internet sources that get in for certain and are not
 *             covered; private ones, too, when an entry names some private sources. An
 *             entry that names none leaves the owner's own networks alone: they are in
 *             the exposure's reach, and no leak
 *   verdict   not-public   no Internet source gets in, and none may
 *             violation    one that is not covered does, or there is an excess
 *             unknown      one that is not covered may, because of a gap
 *             approved     all that may get in are covered
 *
 * An exposure of a span of ports is split first where an approval of its container
 * begins or ends, so that every part is approved as a whole or not at all.
 *
 * Services of the host without a container cannot be approved and are not judged: they
 * are not-public or unknown, and only an engine's API makes a finding.
 */

/**
 * judge_report() - fill the judge's part of every exposure, and the findings
 * @report: exposures and gaps are filled; all memory is taken from its arena
 * @policy: must outlive @report
 * @today:  20261129, for approvals that expire
 *
 * Return: 0, -ENOMEM.
 */
int judge_report(struct report *report, const struct policy *policy, uint32_t today,
	struct err *err) _must_check_;

/**
 * judge_status() - netmon's exit status for a report that was judged
 *
 * Return: 1 when a finding asks to be acted on (informational ones do not), else 3 when
 * a gap could hide an exposure or an exposure is unknown, else 0.
 */
int judge_status(const struct report *report);

#endif
