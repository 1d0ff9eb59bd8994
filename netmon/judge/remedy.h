/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to do about a finding, as commands that can be pasted. */
#ifndef SEAWALL_NETMON_JUDGE_REMEDY_H
#define SEAWALL_NETMON_JUDGE_REMEDY_H

#include "netmon/judge/work.h"

/*
 * Theory of operation. A remedy is lines: each says what it achieves, a colon, and the
 * command with this host's own names, ports and addresses. Where the engine's chain for
 * the owner's rules (DOCKER-USER) is really called, rules go there; everywhere else
 * into a base chain of their own, because a drop is final whatever other chains accept:
 * that holds for every engine and backend. Names from the engine are quoted for the
 * shell.
 */

/**
 * remedy_close() - keep strangers out of this exposure
 * @but: NULL: keep out who comes in by the perimeter. Else all but these sources, by
 *       whatever interface they come, other containers on bridges excepted
 */
const char *remedy_close(struct judge_work *work, const struct exposure *exposure,
	const struct ivset *but);
/** remedy_beyond() - let in those that the policy approves, and no others. */
const char *remedy_beyond(struct judge_work *work, const struct exposure *exposure);
/** remedy_restrict() - close it, bind it elsewhere, or approve it as it is. */
const char *remedy_restrict(struct judge_work *work, const struct exposure *exposure);
/** remedy_direct() - stop neighbours from sending to container addresses directly. */
const char *remedy_direct(struct judge_work *work, const struct exposure *exposure);
/** remedy_approval() - the policy entry that would approve it, for a person to fill. */
const char *remedy_approval(struct judge_work *work, const struct exposure *exposure);

#endif
