/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making findings: one table says what kinds there are and how bad each is. */
#ifndef SEAWALL_NETMON_JUDGE_FINDINGS_H
#define SEAWALL_NETMON_JUDGE_FINDINGS_H

#include "netmon/judge/work.h"

enum kind {
	KIND_INTERNET_UNAPPROVED = 0,
	KIND_BEYOND_APPROVAL,
	KIND_APPROVAL_EXPIRED,
	KIND_APPROVAL_UNOWNED,
	KIND_APPROVAL_UNUSED,
	KIND_LOOPBACK_REACHABLE,
	KIND_UNPUBLISHED_REACHABLE,
	KIND_DOCKER_USER_NOT_CALLED,
	KIND_DOCKER_USER_IGNORED,
	KIND_INPUT_ONLY,
	KIND_TRANSLATED_PORT,
	KIND_ENGINE_API,
	KIND_LEGACY_BESIDE_NFT,
	KIND_GAP,
	KIND_OBSERVED_AGAINST,
	KIND_PROBED_AGAINST,
	KIND_PROBE_SILENT,
	KIND_CAPTURE_LOSS,
	KIND_PROBE_UNAVAILABLE,
	KIND_COUNT,
};

/** struct finding_text - @subject tells findings of one kind apart, stable over runs:
 * no handles, no ids that change. NULL: the exposure's id. */
struct finding_text {
	const char *subject;
	const char *title, *detail, *remedy;
};

/**
 * finding_add() - one more finding
 * @exposure: what it is about, or NULL
 * @zone:     the nearest stranger that it lets in; with the exposure's amplifiers it
 *            gives the severity. ZONE_COUNT: the kind alone does
 *
 * Nothing listens there now: a step less severe.
 */
void finding_add(struct judge_work *work, enum kind kind,
	const struct exposure *exposure, enum zone zone,
	const struct finding_text *text);

/** finding_is_notice() - does this one tell something that nobody need act on? */
bool finding_is_notice(const struct finding *finding);

/* Each looks for some of the kinds. */
void find_exposures(struct judge_work *work); /* exposures.c */
void find_approvals(struct judge_work *work); /* approvals.c */
void find_rules(struct judge_work *work);     /* protection.c */
void find_host(struct judge_work *work);      /* host.c */
void find_evidence(struct judge_work *work);  /* evidence.c */

#endif
