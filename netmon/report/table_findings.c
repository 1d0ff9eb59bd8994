/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The findings of a report, for people. Part of table_writer. */
#include "netmon/report/table_findings.h"

#include <string.h>

#include "netmon/judge/words.h"

#define TITLES_SHOWN   6
#define REMEDIES_SHOWN 8

static const char *safe(const char *text)
{
	return text ? text : "";
}

static enum tone severity_tone(enum severity severity)
{
	static const enum tone tones[] = {
		[SEVERITY_INFO] = TONE_DIM,
		[SEVERITY_LOW] = TONE_PLAIN,
		[SEVERITY_MEDIUM] = TONE_WARN,
		[SEVERITY_HIGH] = TONE_BAD,
		[SEVERITY_CRITICAL] = TONE_WORST,
	};
	return tones[severity];
}

static void write_counts(struct table *out)
{
	const struct report *report = out->report;
	size_t counts[SEVERITY_CRITICAL + 1] = {0}, acts = 0;
	const char *list = "";

	for (size_t i = 0; i < report->nfindings; i++)
		counts[report->findings[i].severity]++;
	for (int s = SEVERITY_CRITICAL; s > SEVERITY_INFO; s--) {
		if (counts[s] == 0)
			continue;
		acts += counts[s];
		list = safe(arena_printf(&out->arena, "%s%s%zu %s", list,
			list[0] ? ", " : "", counts[s],
			words_severity((enum severity)s)));
	}
	if (acts == 0)
		(void)fputs("\nNo findings.\n", out->stream);
	else
		(void)fprintf(out->stream, "\n%zu finding%s: %s\n", acts,
			acts == 1 ? "" : "s", list);
}

static const char *controls_of(struct table *out, const struct finding *finding)
{
	const char *text = "";

	for (size_t i = 0; i < finding->ncompliance; i++) {
		const struct control *control = &finding->compliance[i];
		bool same = i > 0 && strcmp(control->benchmark,
					     finding->compliance[i - 1].benchmark) == 0;

		text = safe(arena_printf(&out->arena, "%s%s%s%s%s", text, i ? ", " : "",
			same ? "" : control->benchmark, same ? "" : " ",
			control->control));
	}
	return text;
}

/* Lines escaped one by one: the line breaks are ours. */
void table_lines(struct table *out, const char *text, size_t indent, bool wrapped)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *line = text_safe(
			&out->arena, safe(arena_strndup(&out->arena, text, len)));
		size_t deep = strspn(line, " ");

		text_wrap(out->stream, line + deep, indent + deep,
			wrapped ? out->width : 0);
		text += len;
		if (*text == '\n')
			text++;
	}
}

static void write_label(struct table *out, const struct finding *finding)
{
	char label[16];

	(void)snprintf(label, sizeof(label), "%s", words_severity(finding->severity));
	for (char *c = label; *c; c++)
		*c = (char)(*c - 'a' + 'A');
	(void)fputc('\n', out->stream);
	text_tone(out->stream, out->color, severity_tone(finding->severity), label);
	(void)fprintf(out->stream, " %s", finding->kind);
	if (finding->ncompliance > 0)
		text_tone(out->stream, out->color, TONE_DIM,
			safe(arena_printf(
				&out->arena, " (%s)", controls_of(out, finding))));
	(void)fputc('\n', out->stream);
}

static bool is_told(const char *const *told, size_t n, const char *line, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(told[i], line, len) == 0 &&
			(told[i][len] == '\0' || told[i][len] == '\n'))
			return true;
	return false;
}

/* The lines of all remedies, each once. Commands are not broken: a terminal folds them,
 * and they can still be pasted. */
static void write_remedies(struct table *out, const struct finding *findings, size_t n)
{
	const char *told[REMEDIES_SHOWN];
	size_t ntold = 0, more = 0;

	for (size_t i = 0; i < n; i++) {
		const char *line = safe(findings[i].remedy);

		while (*line) {
			size_t len = strcspn(line, "\n");

			if (ntold == REMEDIES_SHOWN)
				more++;
			else if (!is_told(told, ntold, line, len))
				told[ntold++] = line;
			line += len + (line[len] == '\n');
		}
	}
	if (ntold > 0)
		text_tone(out->stream, out->color, TONE_BOLD, "  What to do\n");
	for (size_t i = 0; i < ntold; i++)
		table_lines(out,
			safe(arena_strndup(
				&out->arena, told[i], strcspn(told[i], "\n"))),
			4, false);
	if (more > 0)
		(void)fputs("    ... (--format json has all of them)\n", out->stream);
}

static void write_group(struct table *out, const struct finding *findings, size_t n)
{
	write_label(out, findings);
	for (size_t i = 0; i < n && i < TITLES_SHOWN; i++)
		table_lines(out, findings[i].title, 2, true);
	if (n > TITLES_SHOWN)
		(void)fprintf(out->stream, "  ... and %zu more\n", n - TITLES_SHOWN);
	if (findings->detail)
		table_lines(out, findings->detail, 4, true);
	write_remedies(out, findings, n);
}

static bool belong_together(const struct finding *one, const struct finding *two)
{
	return strcmp(one->kind, two->kind) == 0 && one->severity == two->severity &&
	       one->exposure && two->exposure && one->exposure->container &&
	       one->exposure->container == two->exposure->container;
}

void table_findings(struct table *out)
{
	const struct finding *findings = out->report->findings;
	size_t n = out->report->nfindings, group;

	write_counts(out);
	for (size_t i = 0; i < n; i += group) {
		group = 1;
		while (i + group < n &&
			belong_together(&findings[i], &findings[i + group]))
			group++;
		if (strcmp(findings[i].kind, "gap-could-hide") != 0)
			write_group(out, &findings[i], group);
	}
}
