/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What packets showed, beside what the rules say. Part of table_writer. */
#include "netmon/report/table_evidence.h"

#include "netmon/judge/words.h"
#include "netmon/report/grid.h"

static const char *safe(const char *text)
{
	return text ? text : "";
}

/* The zones that get in for certain, in a word each. */
static const char *rules_text(struct table *out, const struct exposure *e)
{
	const char *text = "";

	for (int z = 0; z < ZONE_COUNT; z++) {
		const struct reach_set *reach = &e->reach[z];
		bool all = ivset_equal(reach->must, reach->may);

		if (ivset_is_empty(reach->may))
			continue;
		text = safe(arena_printf(&out->arena, "%s%s%s%s", text,
			text[0] ? ", " : "", zone_name((enum zone)z), all ? "" : "?"));
	}
	return text;
}

static const char *seen_text(struct table *out, const struct exposure *e)
{
	const struct observed *o = e->observed;

	if (!out->report->observing)
		return "-";
	if (o && o->handshake)
		return safe(arena_printf(&out->arena, "%llu from %llu",
			(unsigned long long)o->handshakes,
			(unsigned long long)o->sources));
	if (o && o->attempts)
		return safe(arena_printf(&out->arena, "%llu unanswered",
			(unsigned long long)o->attempts));
	return e->seen == TRI_NO ? "nobody" : "not known";
}

static const char *probed_text(struct table *out, const struct exposure *e)
{
	size_t open = 0, silent = 0, inside = 0, outside = 0;

	if (!out->report->probing)
		return "-";
	for (size_t i = 0; i < e->nprobed; i++) {
		const struct probed *p = &e->probed[i];

		if (p->expected == TRI_NO) {
			outside++;
			silent += p->agrees == TRI_YES;
		} else {
			inside++;
			open += p->open;
		}
	}
	if (inside + outside == 0)
		return "not probed";
	if (outside == 0)
		return safe(
			arena_printf(&out->arena, "%zu of %zu answered", open, inside));
	return safe(arena_printf(&out->arena, "%zu of %zu answered, %zu of %zu silent",
		open, inside, silent, outside));
}

static void add_row(struct table *out, struct grid *grid, const struct exposure *e)
{
	static const char *const listening[] = {
		[TRI_UNKNOWN] = "?", [TRI_NO] = "no", [TRI_YES] = "yes"};
	struct grid_row *row = grid_row(grid);

	if (!row)
		return;
	row->cells[0].text = words_endpoint(&out->arena, &e->endpoint);
	row->cells[1].text = words_path(e->path);
	row->cells[2].text = rules_text(out, e);
	row->cells[3].text = listening[e->listening];
	row->cells[4].text = seen_text(out, e);
	row->cells[4].tone = e->seen == TRI_YES ? TONE_BOLD : TONE_PLAIN;
	row->cells[5].text = probed_text(out, e);
	row->cells[5].tone = e->answered == TRI_YES ? TONE_BOLD : TONE_PLAIN;
	row->cells[6].text = e->disagrees ? "DISAGREES" : "";
	row->cells[6].tone = TONE_WORST;
}

static void write_observing(struct table *out, const struct observing *o)
{
	(void)fprintf(out->stream,
		"\nWatched for %u second%s: %llu packets, %llu lost.\n", o->seconds,
		o->seconds == 1 ? "" : "s", (unsigned long long)o->packets,
		(unsigned long long)o->dropped + o->untracked);
}

static void write_probing(struct table *out, const struct probing *p)
{
	const char *line;

	if (p->unavailable) {
		line = safe(arena_printf(
			&out->arena, "Nothing was probed: %s.", p->unavailable));
	} else {
		line = safe(arena_printf(&out->arena,
			"Sent %zu probes: %zu answered, %zu not, %zu without a "
			"conclusion.",
			p->sent, p->answered, p->silent, p->unknown));
		if (p->withheld)
			line = safe(arena_printf(&out->arena,
				"%s %zu more need sources that belong to somebody: "
				"--probe=any-source.",
				line, p->withheld));
		if (p->cut)
			line = safe(arena_printf(&out->arena,
				"%s %zu more are past the bound for one endpoint.",
				line, p->cut));
	}
	(void)fputc('\n', out->stream);
	table_lines(out, line, 0, true);
	table_lines(out,
		"A probe begins at this host's interface: what is upstream, a cloud's "
		"security group or another firewall, it does not pass.",
		0, true);
}

void table_evidence(struct table *out)
{
	static const struct grid_column columns[] = {
		{"EVIDENCE", 0, false},
		{"PATH", 6, false},
		{"RULES", 8, true},
		{"LISTENS", 0, false},
		{"SEEN", 0, false},
		{"PROBED", 10, false},
		{"", 0, false},
	};
	const struct report *report = out->report;
	struct grid grid = {.arena = &out->arena,
		.columns = columns,
		.ncolumns = ARRAY_LEN(columns)};

	if (!report->observing && !report->probing)
		return;
	for (int disagreeing = 1; disagreeing >= 0; disagreeing--) {
		for (size_t i = 0; i < report->nexposures; i++) {
			const struct exposure *e = &report->exposures[i];

			if (e->disagrees == (disagreeing != 0) &&
				(e->container || out->all || e->disagrees))
				add_row(out, &grid, e);
		}
	}
	(void)fputc('\n', out->stream);
	if (grid.nrows > 0)
		grid_write(&grid, out->stream, out->width, out->color);
	if (report->observing)
		write_observing(out, report->observing);
	if (report->probing)
		write_probing(out, report->probing);
}
