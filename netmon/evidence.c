/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --observe and --probe: what packets show of a report's exposures. */
#include "netmon/evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/confirm/expect.h"
#include "netmon/confirm/observe.h"
#include "netmon/confirm/probe.h"
#include "netmon/progress.h"

/* ---------------------------------------------------------------- read again */

static void report_done(struct report *report)
{
	arena_done(&report->arena);
}

/* The kernel counts what was committed to nf_tables. Legacy tables and ipsets have no
 * such count: with those it is not known. */
static bool same_rules(const struct inputs *a, const struct inputs *b)
{
	const struct netns *before = a->facts->host, *now = b->facts->host;
	uint32_t generation = reach_ruleset(a->reach)->generation;

	return generation && generation == reach_ruleset(b->reach)->generation &&
	       before->nlegacy + now->nlegacy + before->nipsets + now->nipsets == 0;
}

/* Do the rules as they are now say what the packets said? */
static enum tri says_so_now(const struct expect *now, const struct contradiction *c)
{
	struct addr source;

	if (!c->source || addr_parse(c->source, &source, NULL) < 0)
		return TRI_UNKNOWN;
	bool allows = expect_allows(now, &c->endpoint, &source) == TRI_YES;
	return allows == c->answered ? TRI_YES : TRI_NO;
}

static int read_again(const struct cli *cli, const struct inputs *inputs,
	struct report *report, struct err *err)
{
	_cleanup_(inputs_done) struct inputs again = {0};
	_cleanup_(report_done) struct report now = {0};
	struct expect expect;

	progress_phase("reading the rules again");
	arena_init(&now.arena, 0);
	int rc = inputs_open(cli, &again, err);
	if (rc < 0)
		return rc;
	now.facts = again.facts;
	now.ruleset = reach_ruleset(again.reach);
	rc = reach_exposures(again.reach, &now, err);
	if (rc < 0)
		return rc;
	expect_init(&expect, &now, &now.arena);
	if (arena_failed(&now.arena))
		return err_set(err, -ENOMEM, "out of memory");
	bool same = same_rules(inputs, &again);
	for (size_t i = 0; i < report->ncontradictions; i++) {
		struct contradiction *c = &report->contradictions[i];

		c->rules_changed = says_so_now(&expect, c);
		if (c->rules_changed == TRI_NO && !same)
			c->rules_changed = TRI_UNKNOWN;
	}
	return 0;
}

/* ---------------------------------------------------------------- the two */

static int probe(const struct cli *cli, struct report *report, struct err *err)
{
	const struct probe_options options = {
		.any_source = cli->any_source,
		.dry_run = cli->dry_run ? stdout : NULL,
	};

	progress_phase("probing");
	if (cli->dry_run)
		progress_stop();
	return probe_report(report, &options, err);
}

static int seconds_of(const char *text, unsigned int *ret_seconds, struct err *err)
{
	char *end;

	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || n == 0 || n > 86400)
		return err_set(err, -EINVAL,
			"--observe %s: give a number of seconds from 1 to 86400", text);
	*ret_seconds = (unsigned int)n;
	return 0;
}

static int observe(const struct cli *cli, struct report *report, struct err *err)
{
	_cleanup_(observer_cleanup) struct observer *observer = NULL;
	unsigned int seconds;
	int rc = seconds_of(cli->observe, &seconds, err);

	if (rc < 0)
		return rc;
	if (cli->dry_run) {
		progress_stop();
		return observer_print(report, stdout, err);
	}
	progress_phase("watching the perimeter");
	rc = observer_open(report, &observer, err);
	if (rc == 0)
		rc = observer_run(observer, seconds, err);
	if (rc == 0)
		observer_note(observer, report);
	return rc;
}

int evidence_collect(const struct cli *cli, const struct inputs *inputs,
	struct report *report, struct err *err)
{
	int rc = 0;

	/* First, and closed again, so that nobody takes our probes for strangers. */
	if (cli->observe)
		rc = observe(cli, report, err);
	if (rc == 0 && cli->probe)
		rc = probe(cli, report, err);
	if (rc == 0 && report->ncontradictions > 0)
		rc = read_again(cli, inputs, report, err);
	return rc;
}
