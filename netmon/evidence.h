/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --observe and --probe: what packets show of a report's exposures. */
#ifndef SEAWALL_NETMON_EVIDENCE_H
#define SEAWALL_NETMON_EVIDENCE_H

#include "netmon/cli.h"
#include "netmon/inputs.h"

/**
 * evidence_collect() - watch and probe, as asked for, before @report is judged
 *
 * What contradicts the rules makes it read them once more, to learn whether they have
 * changed meanwhile. With --dry-run it only prints what would be done.
 * Return: 0 or a negative errno.
 */
int evidence_collect(const struct cli *cli, const struct inputs *inputs,
	struct report *report, struct err *err) _must_check_;

#endif
