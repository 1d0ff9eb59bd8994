/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The findings of a report, for people. Part of table_writer. */
#ifndef SEAWALL_NETMON_REPORT_TABLE_FINDINGS_H
#define SEAWALL_NETMON_REPORT_TABLE_FINDINGS_H

#include "netmon/report/text.h"
#include "netmon/report/writer.h"

/** struct table - one report on its way out; @arena holds texts made meanwhile */
struct table {
	const struct report *report;
	struct arena arena;
	FILE *stream;
	size_t width;
	bool color, all;
};

/**
 * table_findings() - how many, then each
 *
 * Findings of one kind about one container are told together. Gaps are left out: the
 * table lists them at its end.
 */
void table_findings(struct table *out);

/** table_lines() - text of several lines, escaped one by one; @wrapped: at the width.
 */
void table_lines(struct table *out, const char *text, size_t indent, bool wrapped);

#endif
