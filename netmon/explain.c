/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain: what happens to one packet, or to many. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/commands.h"
#include "netmon/inputs.h"
#include "netmon/output.h"
#include "netmon/progress.h"
#include "netmon/question.h"
#include "netmon/report/writer.h"

#define LINE_MAX_BYTES ((size_t)64 * 1024)

struct run {
	struct reach *reach;
	const struct writer *writer;
	struct writer_options options;
	FILE *stream;
	int status;
};

static void run_arena_done(struct arena *arena)
{
	arena_done(arena);
}

static int explain_one(const struct cli *cli, struct run *run, struct err *err)
{
	_cleanup_(run_arena_done) struct arena arena = {0};
	const struct question_words words = {
		.from = cli->from,
		.to = cli->to,
		.proto = cli->proto,
		.port = cli->port,
		.sport = cli->sport,
		.in = cli->in,
		.zone = cli->zone,
	};
	struct question question;
	struct answer answer = {0};

	arena_init(&arena, 0);
	int rc = question_parse(&words, &question, err);
	if (rc < 0)
		return err_wrap(err, "explain");
	rc = reach_explain(run->reach, &question, &arena, &answer, err);
	if (rc < 0)
		return err_wrap(err, "explain");
	if (answer.result == RESULT_MAYBE)
		run->status = STATUS_GAPS;
	return run->writer->answer(&question, &answer, &run->options, run->stream, err);
}

/* One line in, one line out, whatever the line holds. */
static int explain_line(struct run *run, const char *line, size_t len, size_t number,
	struct arena *arena, struct err *err)
{
	struct question question = {0};
	struct answer answer = {0};
	struct err why = {0};
	int rc;

	arena_reset(arena);
	if (len > LINE_MAX_BYTES)
		rc = err_set(&why, -E2BIG, "line %zu: longer than %zu bytes", number,
			LINE_MAX_BYTES);
	else
		rc = question_parse_line(line, len, number, arena, &question, &why);
	if (rc == 0) {
		rc = reach_explain(run->reach, &question, arena, &answer, &why);
		if (rc < 0)
			(void)err_wrap(&why, "line %zu", number);
	}
	if (rc == -ENOMEM)
		return err_set(err, rc, "%s", why.text);
	if (rc < 0)
		run->status = STATUS_ERROR;
	else if (answer.result == RESULT_MAYBE && run->status == STATUS_CLEAN)
		run->status = STATUS_GAPS;
	return run->writer->batch_line(&question, rc < 0 ? NULL : &answer, why.text,
		&run->options, run->stream, err);
}

static int explain_lines(
	FILE *input, const char *name, struct run *run, struct err *err)
{
	_cleanup_(run_arena_done) struct arena arena = {0};
	_cleanup_(cleanup_free) char *line = NULL;
	size_t size = 0, number = 0;
	ssize_t len;
	int rc = 0;

	arena_init(&arena, 0);
	while (rc == 0 && (len = getline(&line, &size, input)) >= 0) {
		size_t n = (size_t)len;

		number++;
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			n--;
		/* An empty last line is how some editors end a file: no question. */
		if (strspn(line, " \t\r\n") >= (size_t)len)
			continue;
		rc = explain_line(run, line, n, number, &arena, err);
	}
	if (rc == 0 && ferror(input))
		rc = err_errno(err, -errno, "read '%s'", name);
	return rc;
}

static int explain_batch(const struct cli *cli, struct run *run, struct err *err)
{
	_cleanup_(cleanup_fclose) FILE *file = NULL;

	if (strcmp(cli->batch, "-") == 0)
		return explain_lines(stdin, "standard input", run, err);
	file = fopen(cli->batch, "re");
	if (!file)
		return err_errno(err, -errno, "open '%s'", cli->batch);
	return explain_lines(file, cli->batch, run, err);
}

int command_explain(const struct cli *cli, struct err *err)
{
	_cleanup_(inputs_done) struct inputs inputs = {0};
	_cleanup_(output_done) struct output output = {0};
	struct run run = {.writer = writer_find(cli->format)};

	if (!run.writer || !(cli->batch ? run.writer->batch_line != NULL
					: run.writer->answer != NULL))
		return err_set(err, -EINVAL, "--format %s: give %s", cli->format,
			writer_names());
	progress_start("starting");
	int rc = inputs_open(cli, &inputs, err);
	progress_stop();
	if (rc == 0)
		rc = output_open(cli->output, &output, err);
	if (rc < 0)
		return rc;
	run.reach = inputs.reach;
	run.stream = output.stream;
	run.options.width = output_width(&output);
	run.options.color = output_use_color(
		&output, cli->color == COLOR_ALWAYS, cli->color == COLOR_NEVER);
	rc = cli->batch ? explain_batch(cli, &run, err) : explain_one(cli, &run, err);
	if (rc == 0)
		rc = output_commit(&output, err);
	return rc < 0 ? rc : run.status;
}
