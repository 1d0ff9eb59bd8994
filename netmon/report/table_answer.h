/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of one packet, hop by hop, for people. Parts of table_writer. */
#ifndef SEAWALL_NETMON_REPORT_TABLE_ANSWER_H
#define SEAWALL_NETMON_REPORT_TABLE_ANSWER_H

#include "netmon/report/writer.h"

int table_answer(const struct question *question, const struct answer *answer,
	const struct writer_options *options, FILE *stream, struct err *err);
int table_batch_line(const struct question *question, const struct answer *answer,
	const char *error, const struct writer_options *options, FILE *stream,
	struct err *err);

#endif
