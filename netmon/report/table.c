/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports for people: findings first, then who can reach what. */
#include <errno.h>
#include <string.h>

#include "common/policy.h"
#include "netmon/judge/words.h"
#include "netmon/report/grid.h"
#include "netmon/report/table_answer.h"
#include "netmon/report/table_evidence.h"
#include "netmon/report/table_findings.h"
#include "netmon/report/writer.h"

#define PREFIXES_SHOWN 2
#define WIDTH_LEAST    60 /* narrower terminals get this all the same */
#define WIDTH_WIDE     110

static const char *safe(const char *text)
{
	return text ? text : "";
}

static enum tone verdict_tone(enum exposure_verdict verdict)
{
	static const enum tone tones[] = {
		[EXPOSURE_UNKNOWN] = TONE_WARN,
		[EXPOSURE_VIOLATION] = TONE_BAD,
		[EXPOSURE_APPROVED] = TONE_GOOD,
		[EXPOSURE_NOT_PUBLIC] = TONE_PLAIN,
	};
	return tones[verdict];
}

static void write_head(struct table *out)
{
	const struct report *report = out->report;
	const char *perimeter = "";

	for (size_t i = 0; i < report->nperimeter; i++)
		perimeter = safe(arena_printf(&out->arena, "%s%s%s", perimeter,
			i ? ", " : "", text_safe(&out->arena, report->perimeter[i])));
	text_tone(out->stream, out->color, TONE_BOLD,
		report->facts->hostname
			? text_safe(&out->arena, report->facts->hostname)
			: "host without a name");
	(void)fprintf(out->stream, ", %s%s; strangers arrive by %s\n",
		safe(report->generated), report->live ? "" : " (from a snapshot)",
		perimeter[0] ? perimeter : "no interface: there is no default route");
}

/* "Internet" is all of it, "Internet: 192.0.2.0/24" a part. */
static const char *zone_text(
	struct table *out, const struct exposure *exposure, enum zone zone)
{
	static const char *const names[] = {
		[ZONE_INTERNET] = "Internet",
		[ZONE_PRIVATE] = "private networks",
		[ZONE_ADJACENT] = "neighbours",
	};
	const struct reach_set *reach = &exposure->reach[zone];
	enum family family = exposure->endpoint.family;
	bool certain = !ivset_is_empty(reach->must);
	const struct ivset *set = certain ? reach->must : reach->may;
	const char *perhaps = certain ? "" : "perhaps ", *list = "";
	struct prefix *prefixes;

	if (words_everyone(out->report, set, family, zone))
		return safe(arena_printf(&out->arena, "%s%s", perhaps, names[zone]));
	size_t n = ivset_to_prefixes(&out->arena, set, family, &prefixes);
	for (size_t i = 0; i < n && i < PREFIXES_SHOWN; i++) {
		char text[ADDR_TEXT_MAX];

		list = safe(arena_printf(&out->arena, "%s%s%s", list, i ? ", " : "",
			prefix_format(&prefixes[i], text)));
	}
	if (n > PREFIXES_SHOWN)
		list = safe(
			arena_printf(&out->arena, "%zu prefixes (%s, ...)", n, list));
	return safe(arena_printf(&out->arena, "%s%s: %s", perhaps, names[zone], list));
}

/* The farthest strangers; nearer ones only where not everybody gets in anyway. */
static const char *open_to(struct table *out, const struct exposure *exposure)
{
	const char *text = "";

	for (int zone = 0; zone < ZONE_COUNT; zone++) {
		const struct reach_set *reach = &exposure->reach[zone];

		if (ivset_is_empty(reach->may))
			continue;
		text = safe(
			arena_printf(&out->arena, "%s%s%s", text, text[0] ? "; " : "",
				zone_text(out, exposure, (enum zone)zone)));
		if (words_everyone(out->report, reach->must, exposure->endpoint.family,
			    (enum zone)zone))
			break;
	}
	return text[0] ? text : "nobody outside";
}

/* The rule that decided: the translation where there is one, else the last accept. */
static const struct trace_step *decider(const struct exposure *exposure)
{
	const struct trace_step *best = NULL;

	for (size_t i = 0; i < exposure->trace.nsteps; i++) {
		const struct trace_step *step = &exposure->trace.steps[i];

		if (words_arrived(step) || (best && best->effect == EFFECT_DNAT))
			break;
		if (step->chain && step->hook != HOOK_POSTROUTING &&
			step->effect != EFFECT_JUMP)
			best = step;
	}
	return best;
}

static const char *why(struct table *out, const struct exposure *exposure)
{
	const struct trace_step *best = decider(exposure);

	if (!best)
		return words_path(exposure->path);
	const char *effect = words_step(&out->arena, best);
	const char *handle = best->rule
				     ? safe(arena_printf(&out->arena, " handle %llu",
					       (unsigned long long)best->rule->handle))
				     : "";
	return text_safe(
		&out->arena, safe(arena_printf(&out->arena, "%s: %s %s%s", effect,
				     best->chain->table, best->chain->name, handle)));
}

static const char *who(struct table *out, const struct exposure *exposure)
{
	if (exposure->container)
		return text_safe(&out->arena, exposure->container->name
						      ? exposure->container->name
						      : exposure->container->id);
	return text_safe(
		&out->arena, safe(arena_printf(&out->arena, "(%s)",
				     exposure->owner ? exposure->owner : "host")));
}

static const char *verdict_text(struct table *out, const struct exposure *exposure)
{
	if (!exposure->container)
		return "-";
	if (exposure->approval)
		return safe(arena_printf(&out->arena, "%s (%s)",
			words_verdict(exposure->verdict),
			text_safe(&out->arena, exposure->approval->id)));
	return words_verdict(exposure->verdict);
}

static void write_host_services(struct table *out)
{
	size_t n = out->report->nhost_services;

	if (!out->all && n > 0)
		(void)fprintf(out->stream,
			"\n%zu host service%s without a container; --all shows %s.\n",
			n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

/* On a narrow terminal the last column becomes a line below. */
static void write_exposures(struct table *out)
{
	static const struct grid_column columns[] = {
		{"ENDPOINT", 0, false},
		{"CONTAINER", 9, false},
		{"OPEN TO", 10, false},
		{"VERDICT", 10, false},
		{"WHY", 16, true},
	};
	const struct report *report = out->report;
	bool narrow = out->width > 0 && out->width < WIDTH_WIDE;
	struct grid grid = {.arena = &out->arena,
		.columns = columns,
		.ncolumns = ARRAY_LEN(columns) - narrow};

	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *exposure = &report->exposures[i];
		struct grid_row *row;

		if (!exposure->container && !out->all)
			continue;
		row = grid_row(&grid);
		if (!row)
			return;
		row->cells[0].text = words_endpoint(&out->arena, &exposure->endpoint);
		row->cells[1].text = who(out, exposure);
		row->cells[2].text = open_to(out, exposure);
		row->cells[3].text = verdict_text(out, exposure);
		row->cells[3].tone = verdict_tone(exposure->verdict);
		if (narrow)
			row->below = why(out, exposure);
		else
			row->cells[4].text = why(out, exposure);
	}
	(void)fputc('\n', out->stream);
	if (grid.nrows > 0)
		grid_write(&grid, out->stream, out->width, out->color);
	else
		(void)fputs("Nobody outside can reach a container.\n", out->stream);
	write_host_services(out);
}

static void write_gaps(struct table *out)
{
	const struct report *report = out->report;

	if (report->ngaps > 0) {
		(void)fputc('\n', out->stream);
		text_tone(out->stream, out->color, TONE_BOLD,
			"What could not be read or modelled\n");
	}
	for (size_t i = 0; i < report->ngaps; i++) {
		const struct gap *gap = &report->gaps[i];
		const char *place = safe(gap->where);

		if (gap->table)
			place = safe(arena_printf(&out->arena, "%s %s handle %llu",
				gap->table, safe(gap->chain),
				(unsigned long long)gap->handle));
		const char *line = safe(arena_printf(&out->arena, "%s%s%s%s", place,
			place[0] ? ": " : "", safe(gap->text),
			gap->hides ? " (could hide an exposure)" : ""));
		table_lines(out, line, 2, true);
	}
	if (report->nassumptions > 0) {
		(void)fputc('\n', out->stream);
		text_tone(out->stream, out->color, TONE_BOLD, "Taken for granted\n");
	}
	for (size_t i = 0; i < report->nassumptions; i++)
		table_lines(out, report->assumptions[i], 2, true);
}

static int table_report(const struct report *report,
	const struct writer_options *options, FILE *stream, struct err *err)
{
	struct table out = {.report = report,
		.stream = stream,
		.width = options->width,
		.color = options->color,
		.all = options->all};

	if (out.width > 0 && out.width < WIDTH_LEAST)
		out.width = WIDTH_LEAST;
	arena_init(&out.arena, 0);
	write_head(&out);
	table_findings(&out);
	write_exposures(&out);
	table_evidence(&out);
	write_gaps(&out);
	bool failed = arena_failed(&out.arena);
	arena_done(&out.arena);
	if (failed)
		return err_set(err, -ENOMEM, "out of memory");
	if (ferror(stream))
		return err_set(err, -EIO, "the report could not be written");
	return 0;
}

const struct writer table_writer = {
	.name = "table",
	.report = table_report,
	.answer = table_answer,
	.batch_line = table_batch_line,
};
