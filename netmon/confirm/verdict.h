/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the replies to probes prove, held against what the rules say. */
#ifndef SEAWALL_NETMON_CONFIRM_VERDICT_H
#define SEAWALL_NETMON_CONFIRM_VERDICT_H

#include "netmon/confirm/plan.h"

/**
 * verdict_note() - judge each probe of @plan and note it in @report
 *
 * Pure. An answer where none may come contradicts the rules, and so does silence of TCP
 * or SCTP where somebody listens and must be reached. Silence of UDP proves nothing,
 * nor does silence where the answer found no neighbour. Of several ways in, one that
 * answers is enough.
 */
void verdict_note(struct report *report, struct plan *plan);

#endif
