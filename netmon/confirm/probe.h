/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes sent, answers watched, evidence noted. */
#ifndef SEAWALL_NETMON_CONFIRM_PROBE_H
#define SEAWALL_NETMON_CONFIRM_PROBE_H

#include <stdio.h>

#include "common/err.h"
#include "netmon/model/report.h"

#define PROBE_RATE 500 /* a second */

struct probe_options {
	bool any_source; /* sources that belong to somebody, too */
	FILE *dry_run;	 /* NULL, or where the list goes; then nothing is sent */
};

/**
 * probe_report() - confirm the exposures of @report, and what it claims to be closed
 * @report: of this host, live; exposures get `probed`, `answered` and `disagrees`;
 *          contradictions and `probing` are filled
 *
 * Theory of operation. Each first packet is injected (inject.h) on the interface it is
 * said to come by, at most PROBE_RATE a second, from a source and port that no other
 * probe has; so whatever leaves this host for that pair, by whichever interface, is its
 * answer. A connection that was begun is reset at once, and again at the end where no
 * answer was seen. Nothing is changed on the host, and nothing stays behind however
 * this ends; the host itself keeps what any first packet leaves: a conntrack entry and,
 * until the reset, a half-open connection.
 *
 * Where this kernel or a missing capability does not let it, nothing is sent,
 * report->probing->unavailable says why, and the evidence stays unknown.
 * Return: 0, -ENOMEM, or an error of the capture.
 */
int probe_report(struct report *report, const struct probe_options *options,
	struct err *err) _must_check_;

#endif
