/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which controls of a benchmark a finding breaks. */
#ifndef SEAWALL_NETMON_JUDGE_COMPLIANCE_H
#define SEAWALL_NETMON_JUDGE_COMPLIANCE_H

#include "netmon/model/report.h"

/**
 * compliance_of() - controls by the finding's kind and its exposure's facts
 * @exposure: NULL, or judged, amplifiers included
 * @ret_controls: in @arena, in the benchmark's order. Ids shift between versions of a
 *                benchmark, so each goes with its version. Ids and titles only.
 *
 * Return: how many.
 */
size_t compliance_of(struct arena *arena, const char *kind,
	const struct exposure *exposure, const struct control **ret_controls);

#endif
