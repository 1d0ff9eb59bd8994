/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One interface to all output formats. */
#ifndef SEAWALL_NETMON_REPORT_WRITER_H
#define SEAWALL_NETMON_REPORT_WRITER_H

#include <stdbool.h>
#include <stdio.h>

#include "common/err.h"
#include "netmon/model/report.h"

/**
 * struct writer_options - how people want to see it; formats for programs ignore them
 * @width: columns of the terminal; 0: as wide as it comes
 * @color: SGR escapes
 * @all:   show host services without a container one by one
 */
struct writer_options {
	unsigned int width;
	bool color;
	bool all;
};

/**
 * struct writer - a format
 * @report: the whole report. Same report and options, same bytes.
 * @answer: one answer to one question
 * @batch_line: answer (or, when @answer is NULL, the error @error) as one line of many.
 *           NULL: the format has no lines
 *
 * All return 0, or a negative errno of a failed write. They write to @stream only and
 * do not close it.
 */
struct writer {
	const char *name;
	int (*report)(const struct report *report, const struct writer_options *options,
		FILE *stream, struct err *err);
	int (*answer)(const struct question *question, const struct answer *answer,
		const struct writer_options *options, FILE *stream, struct err *err);
	int (*batch_line)(const struct question *question, const struct answer *answer,
		const char *error, const struct writer_options *options, FILE *stream,
		struct err *err);
};

/** writer_find() - by name ("table", "json"), or NULL. */
const struct writer *writer_find(const char *name);
/** writer_names() - "table, json": for a message. */
const char *writer_names(void);

extern const struct writer json_writer, table_writer;

#endif
