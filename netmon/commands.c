/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan, snapshot and policy check. */
#include "netmon/commands.h"

#include <errno.h>
#include <time.h>

#include "netmon/evidence.h"
#include "netmon/inputs.h"
#include "netmon/judge/judge.h"
#include "netmon/judge/split.h"
#include "netmon/model/snapshot.h"
#include "netmon/output.h"
#include "netmon/progress.h"
#include "netmon/report/writer.h"

static void report_done(struct report *report)
{
	arena_done(&report->arena);
}

static const char *time_text(struct arena *arena, time_t now)
{
	char text[32];
	struct tm tm;

	if (!gmtime_r(&now, &tm) ||
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return NULL;
	return arena_strdup(arena, text);
}

static void assume(struct report *report, const char *sentence)
{
	const char **slot = arena_push(&report->arena, &report->assumptions,
		&report->nassumptions, sizeof(*slot));

	if (slot)
		*slot = sentence;
}

static int make_report(const struct cli *cli, const struct inputs *inputs,
	struct report *report, struct err *err)
{
	time_t now = time(NULL);

	arena_init(&report->arena, 0);
	report->facts = inputs->facts;
	report->ruleset = reach_ruleset(inputs->reach);
	report->live = !cli->snapshot;
	report->generated = time_text(&report->arena, now);
	progress_phase("working out who can reach what");
	int rc = reach_exposures(inputs->reach, report, err);
	if (rc < 0)
		return rc;
	if (inputs->policy->is_default)
		assume(report, "There is no policy at " POLICY_DEFAULT_PATH
			       ": nothing is approved.");
	split_exposures(report, inputs->policy);
	rc = evidence_collect(cli, inputs, report, err);
	if (rc < 0 || cli->dry_run)
		return rc;
	progress_phase("judging");
	return judge_report(report, inputs->policy, policy_date(now), err);
}

int command_scan(const struct cli *cli, struct err *err)
{
	_cleanup_(inputs_done) struct inputs inputs = {0};
	_cleanup_(report_done) struct report report = {0};
	_cleanup_(output_done) struct output output = {0};
	const struct writer *writer = writer_find(cli->format);

	if (!writer)
		return err_set(err, -EINVAL, "--format %s: give %s", cli->format,
			writer_names());
	progress_start("starting");
	int rc = inputs_open(cli, &inputs, err);
	if (rc == 0)
		rc = make_report(cli, &inputs, &report, err);
	progress_stop();
	if (rc == 0 && !cli->dry_run)
		rc = output_open(cli->output, &output, err);
	if (rc < 0 || cli->dry_run)
		return rc;
	const struct writer_options options = {
		.width = output_width(&output),
		.color = output_use_color(
			&output, cli->color == COLOR_ALWAYS, cli->color == COLOR_NEVER),
		.all = cli->all,
	};
	rc = writer->report(&report, &options, output.stream, err);
	if (rc == 0)
		rc = output_commit(&output, err);
	return rc < 0 ? rc : judge_status(&report);
}

int command_snapshot(const struct cli *cli, struct err *err)
{
	_cleanup_(facts_cleanup) struct facts *facts = NULL;
	_cleanup_(output_done) struct output output = {0};

	progress_start("starting");
	int rc = inputs_read_facts(cli, &facts, err);
	if (rc == 0)
		rc = output_open(cli->output, &output, err);
	progress_phase("saving");
	if (rc == 0)
		rc = snapshot_save(facts, output.stream, err);
	if (rc == 0)
		rc = output_commit(&output, err);
	progress_stop();
	return rc < 0 ? rc : STATUS_CLEAN;
}

int command_policy_check(const struct cli *cli, struct err *err)
{
	_cleanup_(cleanup_policy) struct policy *policy = NULL;
	int rc = inputs_load_policy(cli->file, &policy, err);

	if (rc == -ENOENT)
		return err_set(
			err, rc, "policy '%s': there is no such file", cli->file);
	return rc < 0 ? rc : STATUS_CLEAN;
}
