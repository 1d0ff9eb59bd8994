/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What packets showed, beside what the rules say. Part of table_writer. */
#ifndef SEAWALL_NETMON_REPORT_TABLE_EVIDENCE_H
#define SEAWALL_NETMON_REPORT_TABLE_EVIDENCE_H

#include "netmon/report/table_findings.h"

/** table_evidence() - nothing, unless there was --observe or --probe. Disagreements
 * come first. */
void table_evidence(struct table *out);

#endif
