/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a survey says beside its exposures. */
#include <string.h>

#include "netmon/reach/survey.h"

void survey_report_gap(struct report *report, const struct gap *gap)
{
	struct gap *slot;

	for (size_t i = 0; i < report->ngaps; i++) {
		const struct gap *g = &report->gaps[i];

		if (strcmp(g->code, gap->code) == 0 && g->handle == gap->handle &&
			g->chain == gap->chain && g->table == gap->table &&
			g->where == gap->where)
			return;
	}
	slot = arena_push(&report->arena, &report->gaps, &report->ngaps, sizeof(*slot));
	if (slot)
		*slot = *gap;
}

static void note_gap(struct report *report, const struct note *note)
{
	survey_report_gap(report, &(struct gap){.code = note->code,
					  .where = note->where,
					  .text = note->text,
					  .hides = note->hides});
}

/*
 * What a rule does to others than the packet it looks at. A copy is sent on its own,
 * past the rules that come after; whoever gets it may take it for his. A helper reads
 * what is said on a connection and expects those that are announced there (FTP's data,
 * SIP's voice): to whatever port, translated like the first one, and let in as related.
 */
static const char *said_of(const struct op *op, const char **ret_code)
{
	if (op->kind == OP_DUP) {
		*ret_code = "packet-copied";
		return "sends copies of packets, which are not followed";
	}
	if (op->kind == OP_NOP && op->code && strcmp(op->code, CODE_ANNOUNCES) == 0) {
		*ret_code = op->code;
		return "has connections let in that others announce (FTP's data, say): "
		       "they may be to any port, and are not followed";
	}
	return NULL;
}

static void note_others(
	struct report *report, const struct rule *rule, const char *inside)
{
	const struct chain *chain = rule->chain;

	for (size_t i = 0; i < rule->nops && !chain->dormant; i++) {
		struct gap gap = {.table = chain->table,
			.chain = chain->name,
			.handle = rule->handle,
			.hides = true};
		const char *text = said_of(&rule->ops[i], &gap.code);

		if (!text)
			continue;
		gap.text = inside ? arena_printf(&report->arena,
					    "within container %s: %s", inside, text)
				  : text;
		survey_report_gap(report, &gap);
	}
}

/* What a namespace's rules do that is not followed. @inside: the container; NULL: the
 * host. */
static void note_rules(
	struct report *report, const struct ruleset *rules, const char *inside)
{
	for (size_t i = 0; i < rules->nnotes; i++) {
		struct note note = rules->notes[i];

		if (inside)
			note.where = arena_printf(
				&report->arena, "%s: %s", inside, note.where);
		note_gap(report, &note);
	}
	for (size_t i = 0; i < rules->nchains; i++)
		for (size_t k = 0; k < rules->chains[i].nrules; k++)
			note_others(report, &rules->chains[i].rules[k], inside);
}

static void note_rules_inside(struct survey *survey)
{
	const struct facts *facts = survey->reach->facts;

	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];
		const struct space *space =
			survey_is_first_inside(facts, c)
				? host_container_space(survey->reach, c)
				: NULL;

		if (space)
			note_rules(survey->report, space->rules,
				c->name ? c->name : c->id);
	}
}

void survey_gaps(struct survey *survey)
{
	struct report *report = survey->report;
	struct reach *reach = survey->reach;

	for (size_t i = 0; i < reach->facts->nnotes; i++)
		note_gap(report, &reach->facts->notes[i]);
	note_rules(report, reach->host->rules, NULL);
	note_rules_inside(survey);
	survey_inside(survey);
	survey_tunnels(survey);
	survey_settings(survey);
	for (size_t i = 0; i < report->nexposures; i++)
		for (size_t k = 0; k < report->exposures[i].ngaps; k++)
			survey_report_gap(report, report->exposures[i].gaps[k]);
	if (survey->cut)
		survey_report_gap(report,
			&(struct gap){.code = "addresses-not-asked",
				.where = "analysis",
				.text = "rules tell more addresses apart than are "
					"asked: exposures at the others are missing",
				.hides = true});
	if (survey->ports_cut)
		survey_report_gap(report,
			&(struct gap){.code = "ports-not-asked",
				.where = "analysis",
				.text = "rules tell more ports apart than are asked: "
					"exposures at the others are missing",
				.hides = true});
	if (survey->too_large)
		survey_report_gap(report,
			&(struct gap){.code = "walk-too-large",
				.where = "analysis",
				.text = "an endpoint's rules need more memory than is "
					"allowed: its exposures may be missing",
				.hides = true});
}

static void assume(struct report *report, const char *sentence)
{
	const char **slot = arena_push(&report->arena, &report->assumptions,
		&report->nassumptions, sizeof(*slot));

	if (slot)
		*slot = sentence;
}

static void describe_perimeter(struct survey *survey)
{
	struct report *report = survey->report;
	const struct netns *ns = survey->reach->facts->host;
	const struct ivset *private = zone_private(&report->arena, FAMILY_IP4);

	for (size_t i = 0; i < survey->reach->nperimeter; i++) {
		int ifindex = survey->reach->perimeter[i];
		const char *name = space_ifname(survey->reach->host, ifindex);
		const char **slot = arena_push(&report->arena, &report->perimeter,
			&report->nperimeter, sizeof(*slot));

		if (slot)
			*slot = arena_strdup(&report->arena, name);
		for (size_t k = 0; k < ns->naddrs; k++) {
			const struct ifaddr *a = &ns->addrs[k];
			char text[ADDR_TEXT_MAX];

			if (a->ifindex != ifindex || a->local.family != FAMILY_IP4 ||
				!ivset_contains(private, a->local.value))
				continue;
			assume(report,
				arena_printf(&report->arena,
					"%s has the private address %s: assumed to be "
					"reachable from the Internet through a "
					"translation upstream",
					name, addr_format(&a->local, text)));
			break;
		}
	}
	if (survey->reach->nperimeter == 0)
		assume(report, "no interface has a default route: nothing is a "
			       "perimeter, so no "
			       "exposure to the Internet can be found; name one with "
			       "--perimeter");
}
static void describe_ways(struct survey *survey)
{
	struct report *report = survey->report;
	struct way *ways =
		arena_array(&report->arena, survey->nsources + 1, sizeof(*ways));

	if (!ways)
		return;
	for (size_t i = 0; i < survey->nsources; i++) {
		const struct source *s = &survey->sources[i];

		ways[i] = (struct way){.ifindex = s->ifindex,
			.name = arena_strdup(&report->arena,
				space_ifname(survey->reach->host, s->ifindex)),
			.perimeter = s->perimeter,
			.family = s->family};
		memcpy(ways[i].zone, s->zone, sizeof(ways[i].zone));
	}
	report->ways = ways;
	report->nways = survey->nsources;
}

void survey_describe_samples(struct survey *survey)
{
	if (survey->sampled)
		assume(survey->report,
			"rules translate networks of addresses that are not the "
			"host's: one address of each kind is listed, and stands for "
			"the others");
}

void survey_describe(struct survey *survey)
{
	describe_perimeter(survey);
	describe_ways(survey);
}
