/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exposures held against the policy: verdicts and findings. */
#include "netmon/judge/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/judge/amplify.h"
#include "netmon/judge/approve.h"
#include "netmon/judge/findings.h"
#include "netmon/judge/rules.h"
#include "netmon/judge/split.h"

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_number(u128 a, u128 b)
{
	return a < b ? -1 : a > b;
}

static const char *name_of(const struct exposure *exposure)
{
	return exposure->container ? exposure->container->name : NULL;
}

/* Containers by name, then services of the host; each by what is dialled. */
static int by_place(const void *a, const void *b)
{
	const struct exposure *one = a, *two = b;
	const struct endpoint *from = &one->endpoint, *to = &two->endpoint;
	int order = (one->container == NULL) - (two->container == NULL);

	if (order == 0)
		order = compare_text(name_of(one), name_of(two));
	if (order == 0)
		order = compare_number(from->proto, to->proto);
	if (order == 0)
		order = compare_number(from->port, to->port);
	if (order == 0)
		order = compare_number(from->family, to->family);
	if (order == 0)
		order = to->any - from->any;
	if (order == 0)
		order = compare_number(from->addr.value, to->addr.value);
	if (order == 0)
		order = compare_number(one->path, two->path);
	return order != 0 ? order : compare_text(one->id, two->id);
}

/* The worst first, those of one kind together, by the exposure and then by their text.
 */
static int by_weight(const void *a, const void *b)
{
	const struct finding *one = a, *two = b;
	int order = (int)two->severity - (int)one->severity;

	if (order == 0)
		order = compare_text(one->kind, two->kind);
	if (order == 0 && one->exposure && two->exposure &&
		one->exposure != two->exposure)
		order = one->exposure < two->exposure ? -1
						      : 1; /* of one sorted array */
	if (order == 0)
		order = compare_text(one->title, two->title);
	return order != 0 ? order : compare_text(one->id, two->id);
}

static void judge_exposures(struct judge_work *work)
{
	struct report *report = work->report;

	for (size_t i = 0; i < report->nexposures; i++) {
		struct exposure *exposure = &report->exposures[i];
		struct amplifiers found = amplify(
			work->arena, report->facts, exposure->container, work->policy);

		exposure->amplifiers = found.words;
		exposure->namplifiers = found.n;
		work->serious[i] = found.serious;
		approve_exposure(work, exposure);
	}
}

int judge_report(struct report *report, const struct policy *policy, uint32_t today,
	struct err *err)
{
	struct arena *arena = &report->arena;

	split_exposures(report, policy);
	struct judge_work work = {
		.report = report,
		.arena = arena,
		.policy = policy,
		.today = today,
		.called = rules_called(arena, report->ruleset),
		.ports = rules_ports(arena, report->ruleset),
		.approval_used =
			arena_array(arena, policy->napprovals + 1, sizeof(bool)),
		.serious = arena_array(arena, report->nexposures + 1, sizeof(bool)),
	};

	if (!arena_failed(arena)) {
		if (report->nexposures > 1)
			qsort(report->exposures, report->nexposures,
				sizeof(*report->exposures), by_place);
		judge_exposures(&work);
		find_exposures(&work);
		find_approvals(&work);
		find_rules(&work);
		find_host(&work);
		find_evidence(&work);
	}
	if (arena_failed(arena))
		return err_set(err, -ENOMEM, "judge: out of memory at %zu exposures",
			report->nexposures);
	if (report->nfindings > 1)
		qsort(report->findings, report->nfindings, sizeof(*report->findings),
			by_weight);
	return 0;
}

int judge_status(const struct report *report)
{
	for (size_t i = 0; i < report->nfindings; i++)
		if (!finding_is_notice(&report->findings[i]))
			return 1;
	for (size_t i = 0; i < report->ngaps; i++)
		if (report->gaps[i].hides)
			return 3;
	for (size_t i = 0; i < report->nexposures; i++)
		if (report->exposures[i].container &&
			report->exposures[i].verdict == EXPOSURE_UNKNOWN)
			return 3;
	return 0;
}
