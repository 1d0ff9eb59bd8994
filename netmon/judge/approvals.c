/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about the policy's approvals themselves. */
#include "netmon/judge/approve.h"
#include "netmon/judge/findings.h"
#include "netmon/judge/words.h"

static const char *safe(const char *text)
{
	return text ? text : "";
}

/* The exposures that an entry selects, as lines, and the one most open to strangers. */
static const char *selected(struct judge_work *work, const struct approval *approval,
	const struct exposure **ret_widest, enum zone *ret_zone)
{
	const struct report *report = work->report;
	const char *text = "";

	*ret_widest = NULL;
	*ret_zone = ZONE_COUNT;
	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *exposure = &report->exposures[i];
		int zone = 0;

		if (!approve_selects(approval, exposure))
			continue;
		while (zone < ZONE_COUNT && ivset_is_empty(exposure->reach[zone].may))
			zone++;
		if (zone == ZONE_COUNT)
			continue;
		text = safe(arena_printf(work->arena, "%s%s%s (%s)", text,
			text[0] ? ", " : "",
			words_endpoint(work->arena, &exposure->endpoint),
			words_line(work->arena, exposure->container->name)));
		if ((enum zone)zone < *ret_zone) {
			*ret_zone = (enum zone)zone;
			*ret_widest = exposure;
		}
	}
	return text;
}

static void find_expired(struct judge_work *work, const struct approval *approval)
{
	const struct exposure *widest;
	enum zone zone;
	const char *list = selected(work, approval, &widest, &zone);
	struct finding_text text = {
		.subject = approval->id,
		.title = arena_printf(work->arena,
			"Approval %s expired on %u-%02u-%02u, and what it approved is "
			"still "
			"open",
			approval->id, approval->expires / 10000,
			approval->expires / 100 % 100, approval->expires % 100),
		.detail = arena_printf(work->arena, "Line %u of the policy. Open: %s.",
			approval->line, list),
		.remedy = arena_printf(work->arena,
			"Close the port, or have %s approve it again and set a later "
			"\"expires\" in entry \"%s\".",
			approval->approved_by ? approval->approved_by : "its owner",
			approval->id),
	};

	if (widest)
		finding_add(work, KIND_APPROVAL_EXPIRED, widest, zone, &text);
}

static void find_unowned(struct judge_work *work, const struct approval *approval)
{
	const char *lacks = approval_lacks(approval);
	const struct exposure *widest;
	enum zone zone;
	const char *list = selected(work, approval, &widest, &zone);
	struct finding_text text = {
		.subject = approval->id,
		.title = arena_printf(work->arena,
			"Approval %s does not say \"%s\": nobody answers for it",
			approval->id, safe(lacks)),
		.detail = arena_printf(work->arena,
			"Line %u of the policy. It opens: %s.", approval->line, list),
		.remedy = arena_printf(work->arena,
			"Add \"%s\" to entry \"%s\" of the policy.", safe(lacks),
			approval->id),
	};

	if (lacks && widest)
		finding_add(work, KIND_APPROVAL_UNOWNED, widest, zone, &text);
}

static void find_unused(struct judge_work *work, const struct approval *approval)
{
	struct finding_text text = {
		.subject = approval->id,
		.title = arena_printf(work->arena,
			"Approval %s selects nothing on this host", approval->id),
		.detail = arena_printf(work->arena,
			"Line %u of the policy. A container that takes this name and "
			"port "
			"later is approved already.",
			approval->line),
		.remedy = arena_printf(work->arena,
			"Remove entry \"%s\" if it is no longer needed.", approval->id),
	};

	finding_add(work, KIND_APPROVAL_UNUSED, NULL, ZONE_COUNT, &text);
}

void find_approvals(struct judge_work *work)
{
	for (size_t i = 0; i < work->policy->napprovals; i++) {
		const struct approval *approval = &work->policy->approvals[i];

		if (!work->approval_used[i])
			find_unused(work, approval);
		else if (approval_expired(approval, work->today))
			find_expired(work, approval);
		else
			find_unowned(work, approval);
	}
}
