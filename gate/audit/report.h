/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `gate audit` prints. */
#ifndef SEAWALL_GATE_AUDIT_REPORT_H
#define SEAWALL_GATE_AUDIT_REPORT_H

#include <stdio.h>

#include "common/err.h"
#include "gate/audit/result.h"

/** report_table() - for people; hostile text is escaped. */
void report_table(FILE *stream, const struct audit_result *result);
/**
 * report_json() - {"schema": "seawall.audit/1", ...}
 * @host:      its name
 * @generated: RFC 3339
 *
 * Return: 0; the negative errno of a failed write.
 */
int report_json(FILE *stream, const struct audit_result *result, const char *host,
	const char *generated, struct err *err) _must_check_;

#endif
