/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One exposure against the approvals of the policy. */
#ifndef SEAWALL_NETMON_JUDGE_APPROVE_H
#define SEAWALL_NETMON_JUDGE_APPROVE_H

#include "netmon/judge/work.h"

/** approve_exposure() - set approval, excess and verdict (see judge.h). */
void approve_exposure(struct judge_work *work, struct exposure *exposure);

/** approve_container() - is the entry about the exposure's container, at any port? */
bool approve_container(
	const struct approval *approval, const struct exposure *exposure);

/** approve_selects() - is the entry about this exposure, expired or not? */
bool approve_selects(const struct approval *approval, const struct exposure *exposure);

/** approve_covered() - all sources that entries in force approve for it. */
const struct ivset *approve_covered(
	struct judge_work *work, const struct exposure *exposure);

/** approve_neighbours() - are neighbours who reach the exposure covered by an approval?
 */
bool approve_neighbours(struct judge_work *work, const struct exposure *exposure);

#endif
