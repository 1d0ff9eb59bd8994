/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `gate audit` prints. */
#include "gate/audit/report.h"

#include <string.h>

#include "common/escape.h"
#include "common/jsonw.h"

static void put(FILE *stream, const char *before, const char *text, const char *after)
{
	char safe[1024];

	(void)fprintf(stream, "%s%s%s", before,
		escape_text(
			text ? text : "-", text ? strlen(text) : 1, safe, sizeof(safe)),
		after);
}

static void put_entry(FILE *stream, const struct audit_entry *entry)
{
	(void)fprintf(stream, "%-9s %-16s ",
		entry->approved ? "approved"
				: audit_severity_name(entry->kind->severity),
		entry->kind->name);
	put(stream, "", entry->who, "");
	put(stream, "  (", entry->place, ")\n");
	put(stream, "          ", entry->text, "\n");
	if (!entry->approved)
		put(stream, "          remedy: ", entry->remedy, "\n");
	if (entry->approved || !entry->kind->controls[0].benchmark)
		return;
	(void)fputs("          controls:", stream);
	for (size_t i = 0; i < AUDIT_MAX_CONTROLS; i++) {
		const struct audit_control *control = &entry->kind->controls[i];

		if (control->benchmark)
			(void)fprintf(stream, "%s %s %s", i > 0 ? "," : "",
				control->benchmark, control->control);
	}
	(void)fputc('\n', stream);
}

void report_table(FILE *stream, const struct audit_result *result)
{
	for (size_t i = 0; i < result->n; i++)
		put_entry(stream, &result->entries[i]);
	if (result->n > 0)
		(void)fputc('\n', stream);
	(void)fprintf(stream, "%zu to act on, %zu approved by policy\n",
		result->nfindings, result->n - result->nfindings);
}

static void write_entry(struct jsonw *writer, const struct audit_entry *entry)
{
	jsonw_object_begin(writer);
	jsonw_member_string(writer, "id", entry->id);
	jsonw_member_string(writer, "kind", entry->kind->name);
	jsonw_member_string(
		writer, "severity", audit_severity_name(entry->kind->severity));
	jsonw_member_string(writer, "who", entry->who);
	jsonw_member_string(writer, "where", entry->place);
	jsonw_member_string(writer, "title", entry->text);
	jsonw_member_bool(writer, "approved", entry->approved);
	jsonw_member_string(writer, "remedy", entry->remedy);
	jsonw_member_array(writer, "compliance");
	for (size_t i = 0; i < AUDIT_MAX_CONTROLS; i++) {
		const struct audit_control *control = &entry->kind->controls[i];

		if (!control->benchmark)
			continue;
		jsonw_object_begin(writer);
		jsonw_member_string(writer, "benchmark", control->benchmark);
		jsonw_member_string(writer, "control", control->control);
		jsonw_object_end(writer);
	}
	jsonw_array_end(writer);
	jsonw_object_end(writer);
}

static void write_entries(struct jsonw *writer, const char *key,
	const struct audit_result *result, bool approved)
{
	jsonw_member_array(writer, key);
	for (size_t i = 0; i < result->n; i++) {
		if (result->entries[i].approved == approved)
			write_entry(writer, &result->entries[i]);
	}
	jsonw_array_end(writer);
}

int report_json(FILE *stream, const struct audit_result *result, const char *host,
	const char *generated, struct err *err)
{
	struct jsonw writer;

	jsonw_init(&writer, stream, 2);
	jsonw_object_begin(&writer);
	jsonw_member_string(&writer, "schema", "seawall.audit/1");
	jsonw_member_object(&writer, "host");
	jsonw_member_string(&writer, "name", host);
	jsonw_object_end(&writer);
	jsonw_member_string(&writer, "generated", generated);
	write_entries(&writer, "findings", result, false);
	write_entries(&writer, "approved", result, true);
	jsonw_object_end(&writer);
	int rc = jsonw_finish(&writer, err);
	jsonw_done(&writer);
	return rc;
}
