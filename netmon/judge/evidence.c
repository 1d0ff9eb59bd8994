/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about packets that say something else than the rules. */
#include <string.h>

#include "netmon/judge/findings.h"
#include "netmon/judge/words.h"

static const char *safe(const char *text)
{
	return text ? text : "";
}

/* Of a listener that is gone the finding would be told a step less severe. */
static const struct exposure *exposure_of(
	const struct judge_work *work, const struct contradiction *c)
{
	const struct report *report = work->report;

	for (size_t i = 0; c->exposure && i < report->nexposures; i++)
		if (strcmp(report->exposures[i].id, c->exposure) == 0)
			return report->exposures[i].listening == TRI_NO
				       ? NULL
				       : &report->exposures[i];
	return NULL;
}

static const char *changed_text(const struct contradiction *c)
{
	switch (c->rules_changed) {
	case TRI_YES:
		return "Read once more, the rules say what the packets showed: they "
		       "changed in between.";
	case TRI_NO:
		return "Read once more, the rules still say otherwise: what netmon "
		       "makes of them is wrong here, or something that it does not see "
		       "passes packets on.";
	case TRI_UNKNOWN:
	default:
		return "Whether the rules changed in between is not known.";
	}
}

static const char *subject_of(
	struct judge_work *work, const struct contradiction *c, const char *by)
{
	return arena_printf(
		work->arena, "%s/%s", by, words_endpoint(work->arena, &c->endpoint));
}

static const char *address_of(struct judge_work *work, const struct endpoint *endpoint)
{
	char text[ADDR_TEXT_MAX];

	return safe(arena_strdup(work->arena, addr_format(&endpoint->addr, text)));
}

static void find_answered(struct judge_work *work, const struct contradiction *c)
{
	const char *endpoint = words_endpoint(work->arena, &c->endpoint);
	struct finding_text text = {
		.subject = subject_of(work, c, c->probed ? "probe" : "observed"),
		.title = c->probed ? arena_printf(work->arena,
					     "A probe from %s (%s) was answered by %s "
					     "(%s), "
					     "which by the rules it cannot reach",
					     safe(c->source), zone_name(c->zone),
					     endpoint, safe(c->reply))
				   : arena_printf(work->arena,
					     "%s was answered by %s (%s), which by the "
					     "rules it cannot reach: %llu such "
					     "handshake%s, the first at %s",
					     safe(c->source), endpoint, safe(c->reply),
					     (unsigned long long)c->count,
					     c->count == 1 ? "" : "s", safe(c->first)),
		.detail = changed_text(c),
		.remedy = arena_printf(work->arena,
			"See how this packet gets in: netmon explain --from %s --to %s "
			"--port %u --proto %s",
			safe(c->source), address_of(work, &c->endpoint),
			c->endpoint.port, words_proto(work->arena, c->endpoint.proto)),
	};

	finding_add(work, c->probed ? KIND_PROBED_AGAINST : KIND_OBSERVED_AGAINST,
		exposure_of(work, c), ZONE_COUNT, &text);
}

static void find_silent(struct judge_work *work, const struct contradiction *c)
{
	const char *endpoint = words_endpoint(work->arena, &c->endpoint);
	struct finding_text text = {
		.subject = subject_of(work, c, "silent"),
		.title = arena_printf(work->arena,
			"A probe from %s (%s) to %s, which by the rules it reaches, "
			"was "
			"not answered (%s)",
			safe(c->source), zone_name(c->zone), endpoint, safe(c->reply)),
		.detail = changed_text(c),
	};

	finding_add(work, KIND_PROBE_SILENT, exposure_of(work, c), ZONE_COUNT, &text);
}

static void find_coverage(struct judge_work *work)
{
	const struct observing *observing = work->report->observing;
	const struct probing *probing = work->report->probing;
	struct finding_text text = {.subject = "host"};

	if (observing && observing->dropped + observing->untracked > 0) {
		text.title = arena_printf(work->arena,
			"The capture lost %llu packets, and %llu were of endpoints "
			"past "
			"its bound: that nobody was seen proves nothing",
			(unsigned long long)observing->dropped,
			(unsigned long long)observing->untracked);
		finding_add(work, KIND_CAPTURE_LOSS, NULL, ZONE_COUNT, &text);
	}
	if (probing && probing->unavailable) {
		text.title = arena_printf(
			work->arena, "Nothing was probed: %s", probing->unavailable);
		finding_add(work, KIND_PROBE_UNAVAILABLE, NULL, ZONE_COUNT, &text);
	}
}

void find_evidence(struct judge_work *work)
{
	const struct report *report = work->report;

	for (size_t i = 0; i < report->ncontradictions; i++) {
		if (report->contradictions[i].answered)
			find_answered(work, &report->contradictions[i]);
		else
			find_silent(work, &report->contradictions[i]);
	}
	find_coverage(work);
}
