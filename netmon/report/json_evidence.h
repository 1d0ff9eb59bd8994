/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a JSON report that says what packets showed. */
#ifndef SEAWALL_NETMON_REPORT_JSON_EVIDENCE_H
#define SEAWALL_NETMON_REPORT_JSON_EVIDENCE_H

#include "common/jsonw.h"
#include "netmon/model/report.h"

/** json_evidence() - the member "evidence" of an exposure. */
void json_evidence(struct jsonw *w, const struct exposure *exposure);
/** json_confirmation() - the member "confirmation": how much was looked at, and what
 * contradicts the rules; null where neither capture nor probe was asked for. */
void json_confirmation(struct jsonw *w, const struct report *report);

#endif
