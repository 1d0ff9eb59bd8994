/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports and answers as JSON: conf/report.schema.json describes them. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/jsonw.h"
#include "common/policy.h"
#include "netmon/judge/words.h"
#include "netmon/model/span.h"
#include "netmon/report/json_evidence.h"
#include "netmon/report/memo.h"
#include "netmon/report/writer.h"

#define REPORT_SCHEMA  "seawall.report/1"
#define EXPLAIN_SCHEMA "seawall.explain/1"

#define RECENT_SETS 16

/* The text of a set that was written before: most exposures share a few sets. */
struct recent {
	const struct ivset *set;
	const char *text; /* the memo's */
	size_t len;
};

struct out {
	struct jsonw *w;
	struct recent recent[RECENT_SETS];
	struct arena arena;		  /* for texts that are made on the way */
	struct memo prefixes4, prefixes6; /* by a set's content */
};

/* A list of prefixes as JSON text on one line: a whole zone has a hundred of them. */
static const char *prefixes_text(
	struct out *out, const struct ivset *set, enum family family)
{
	struct prefix *prefixes;
	size_t n = ivset_to_prefixes(&out->arena, set, family, &prefixes), len = 0;
	char *text = arena_array(&out->arena, n + 1, ADDR_TEXT_MAX + 4), *at = text;
	char one[ADDR_TEXT_MAX];

	if (!text)
		return "[]";
	*at++ = '[';
	for (size_t i = 0; i < n; i++) {
		prefix_format(&prefixes[i], one);
		len = strlen(one);
		if (i)
			*at++ = ',', *at++ = ' ';
		*at++ = '"';
		memcpy(at, one, len);
		at += len;
		*at++ = '"';
	}
	*at++ = ']';
	*at = '\0';
	return text;
}

static void write_prefixes(
	struct out *out, const char *key, const struct ivset *set, enum family family)
{
	size_t len = set->n * sizeof(set->v[0]);
	struct memo *memo = family == FAMILY_IP4 ? &out->prefixes4 : &out->prefixes6;
	struct recent *recent = &out->recent[((uintptr_t)set >> 4) % RECENT_SETS];
	const char *text;

	jsonw_key(out->w, key);
	if (recent->set == set) {
		jsonw_raw(out->w, recent->text, recent->len);
		return;
	}
	text = memo_find(memo, set->v, len);
	if (text) {
		*recent = (struct recent){set, text, strlen(text)};
	} else {
		text = prefixes_text(out, set, family);
		memo_keep(memo, set->v, len, text);
	}
	jsonw_raw(out->w, text, strlen(text));
}

static void write_container(struct out *out, const struct container *container)
{
	jsonw_key(out->w, "container");
	if (!container) {
		jsonw_null(out->w);
		return;
	}
	jsonw_object_begin(out->w);
	jsonw_member_string(out->w, "id", container->id);
	jsonw_member_string(out->w, "name", container->name);
	jsonw_member_string(out->w, "image", container->image);
	jsonw_object_end(out->w);
}

static void write_target(
	struct out *out, const struct addr *addr, uint16_t port, uint16_t last)
{
	char text[ADDR_TEXT_MAX];

	jsonw_key(out->w, "target");
	if (addr->family == FAMILY_NONE) {
		jsonw_null(out->w);
		return;
	}
	jsonw_object_begin(out->w);
	jsonw_member_string(out->w, "address", addr_format(addr, text));
	jsonw_member_uint(out->w, "port", port);
	if (last != port)
		jsonw_member_uint(out->w, "port_last", last);
	jsonw_object_end(out->w);
}

static void out_init(struct out *out, struct jsonw *writer)
{
	*out = (struct out){.w = writer};
	arena_init(&out->arena, 0);
	memo_init(&out->prefixes4);
	memo_init(&out->prefixes6);
}

/* A step that is not a rule's has its stage where others have hook, table and chain. */
static void write_step(struct out *out, const struct trace_step *step)
{
	jsonw_object_begin(out->w);
	if (step->chain) {
		jsonw_member_string(out->w, "hook", words_hook(step->hook));
		jsonw_member_string(out->w, "table", step->chain->table);
		jsonw_member_string(out->w, "chain", step->chain->name);
	} else {
		jsonw_member_string(out->w, "stage", step->stage);
	}
	if (step->rule) {
		if (step->rule->handle)
			jsonw_member_uint(out->w, "handle", step->rule->handle);
		else
			jsonw_member_uint(out->w, "number", step->rule->number);
		jsonw_member_string(out->w, "rule", rule_text(&out->arena, step->rule));
	}
	jsonw_member_string(out->w, "effect", words_step(&out->arena, step));
	jsonw_object_end(out->w);
}

static void write_steps(struct out *out, const char *key, const struct trace *trace)
{
	jsonw_member_array(out->w, key);
	for (size_t i = 0; i < trace->nsteps; i++)
		write_step(out, &trace->steps[i]);
	jsonw_array_end(out->w);
}

/* The rules that decided: how a packet came to them is what explain tells. */
static void write_rules(struct out *out, const struct trace *trace)
{
	jsonw_member_array(out->w, "rules");
	for (size_t i = 0; i < trace->nsteps; i++)
		if (trace->steps[i].effect != EFFECT_JUMP)
			write_step(out, &trace->steps[i]);
	jsonw_array_end(out->w);
}

static void write_gap(struct out *out, const struct gap *gap)
{
	jsonw_object_begin(out->w);
	jsonw_member_string(out->w, "code", gap->code);
	jsonw_key(out->w, "where");
	if (gap->table) {
		jsonw_object_begin(out->w);
		jsonw_member_string(out->w, "table", gap->table);
		jsonw_member_string(out->w, "chain", gap->chain);
		if (gap->handle)
			jsonw_member_uint(out->w, "handle", gap->handle);
		jsonw_object_end(out->w);
	} else {
		jsonw_string(out->w, gap->where);
	}
	jsonw_member_string(out->w, "text", gap->text);
	jsonw_member_bool(out->w, "hides", gap->hides);
	jsonw_object_end(out->w);
}

static void write_gaps(struct out *out, const struct gap *const *gaps, size_t n)
{
	jsonw_member_array(out->w, "gaps");
	for (size_t i = 0; i < n; i++)
		write_gap(out, gaps[i]);
	jsonw_array_end(out->w);
}

static void write_coverage(struct out *out, const struct report *report)
{
	jsonw_member_object(out->w, "coverage");
	jsonw_member_uint(
		out->w, "rules", report->ruleset ? report->ruleset->nrules : 0);
	jsonw_member_array(out->w, "gaps");
	for (size_t i = 0; i < report->ngaps; i++)
		write_gap(out, &report->gaps[i]);
	jsonw_array_end(out->w);
	jsonw_member_array(out->w, "assumptions");
	for (size_t i = 0; i < report->nassumptions; i++)
		jsonw_string(out->w, report->assumptions[i]);
	jsonw_array_end(out->w);
	jsonw_object_end(out->w);
}

static void write_endpoint(struct out *out, const struct endpoint *endpoint)
{
	char text[ADDR_TEXT_MAX];
	bool ip4 = endpoint->family == FAMILY_IP4;

	jsonw_member_object(out->w, "endpoint");
	jsonw_member_string(out->w, "family", ip4 ? "ip" : "ip6");
	jsonw_member_string(out->w, "address",
		!endpoint->any ? addr_format(&endpoint->addr, text)
		: ip4	       ? "0.0.0.0/0"
			       : "::/0");
	jsonw_member_string(out->w, "proto", words_proto(&out->arena, endpoint->proto));
	jsonw_member_uint(out->w, "port", endpoint->port);
	if (endpoint->port_last)
		jsonw_member_uint(out->w, "port_last", endpoint->port_last);
	jsonw_object_end(out->w);
}

static void write_reach(struct out *out, const struct exposure *exposure)
{
	jsonw_member_object(out->w, "reach");
	for (int zone = 0; zone < ZONE_COUNT; zone++) {
		const struct reach_set *reach = &exposure->reach[zone];

		jsonw_member_object(out->w, zone_name((enum zone)zone));
		if (!ivset_is_empty(reach->must) || !ivset_is_empty(reach->may)) {
			write_prefixes(
				out, "must", reach->must, exposure->endpoint.family);
			write_prefixes(
				out, "may", reach->may, exposure->endpoint.family);
		}
		jsonw_object_end(out->w);
	}
	jsonw_object_end(out->w);
}

static void write_approval(struct out *out, const struct exposure *exposure)
{
	char text[ADDR_TEXT_MAX];

	jsonw_key(out->w, "approval");
	if (!exposure->approval) {
		jsonw_null(out->w);
		return;
	}
	jsonw_object_begin(out->w);
	jsonw_member_string(out->w, "id", exposure->approval->id);
	jsonw_member_array(out->w, "excess");
	for (size_t i = 0; i < exposure->nexcess; i++)
		jsonw_string(out->w, prefix_format(&exposure->excess[i], text));
	jsonw_array_end(out->w);
	jsonw_object_end(out->w);
}

static void write_exposure(struct out *out, const struct exposure *exposure)
{
	jsonw_object_begin(out->w);
	jsonw_member_string(out->w, "id", exposure->id);
	write_endpoint(out, &exposure->endpoint);
	jsonw_member_string(out->w, "path", words_path(exposure->path));
	write_container(out, exposure->container);
	if (exposure->path == PATH_HOST_SERVICE)
		jsonw_member_string(out->w, "owner", exposure->owner);
	write_target(out, &exposure->target, exposure->target_port,
		span_target_last(exposure));
	jsonw_member_bool(out->w, "published", exposure->published);
	write_reach(out, exposure);
	write_rules(out, &exposure->trace);
	if (exposure->rules_differ)
		jsonw_member_bool(out->w, "rules_differ", true);
	json_evidence(out->w, exposure);
	write_approval(out, exposure);
	jsonw_member_array(out->w, "amplifiers");
	for (size_t i = 0; i < exposure->namplifiers; i++)
		jsonw_string(out->w, exposure->amplifiers[i]);
	jsonw_array_end(out->w);
	write_gaps(out, exposure->gaps, exposure->ngaps);
	jsonw_member_string(out->w, "verdict", words_verdict(exposure->verdict));
	jsonw_object_end(out->w);
}

static void write_finding(struct out *out, const struct finding *finding)
{
	jsonw_object_begin(out->w);
	jsonw_member_string(out->w, "id", finding->id);
	jsonw_member_string(out->w, "kind", finding->kind);
	jsonw_member_string(out->w, "severity", words_severity(finding->severity));
	jsonw_member_string(out->w, "title", finding->title);
	jsonw_member_string(out->w, "detail", finding->detail);
	jsonw_member_string(
		out->w, "exposure", finding->exposure ? finding->exposure->id : NULL);
	jsonw_member_string(out->w, "remedy", finding->remedy);
	jsonw_member_array(out->w, "compliance");
	for (size_t i = 0; i < finding->ncompliance; i++) {
		const struct control *control = &finding->compliance[i];

		jsonw_object_begin(out->w);
		jsonw_member_string(out->w, "benchmark", control->benchmark);
		jsonw_member_string(out->w, "control", control->control);
		jsonw_member_string(out->w, "title", control->title);
		jsonw_object_end(out->w);
	}
	jsonw_array_end(out->w);
	jsonw_object_end(out->w);
}

static void write_host(struct out *out, const struct report *report)
{
	jsonw_member_object(out->w, "host");
	jsonw_member_string(out->w, "name", report->facts->hostname);
	jsonw_member_array(out->w, "perimeter");
	for (size_t i = 0; i < report->nperimeter; i++)
		jsonw_string(out->w, report->perimeter[i]);
	jsonw_array_end(out->w);
	jsonw_object_end(out->w);
}

static int finish(struct out *out, struct err *err)
{
	int rc = jsonw_finish(out->w, err);

	if (rc == 0 && arena_failed(&out->arena))
		rc = err_set(err, -ENOMEM, "out of memory");
	arena_done(&out->arena);
	memo_done(&out->prefixes4);
	memo_done(&out->prefixes6);
	jsonw_done(out->w);
	return rc;
}

static int json_report(const struct report *report,
	const struct writer_options *options, FILE *stream, struct err *err)
{
	struct jsonw writer;
	struct out out;

	(void)options;
	jsonw_init(&writer, stream, 2);
	out_init(&out, &writer);
	jsonw_object_begin(out.w);
	jsonw_member_string(out.w, "schema", REPORT_SCHEMA);
	write_host(&out, report);
	jsonw_member_string(out.w, "generated", report->generated);
	jsonw_member_string(out.w, "source", report->live ? "live" : "snapshot");
	write_coverage(&out, report);
	jsonw_member_array(out.w, "exposures");
	for (size_t i = 0; i < report->nexposures; i++) {
		write_exposure(&out, &report->exposures[i]);
		if (!arena_failed(&out.arena))
			arena_reset(&out.arena);
	}
	jsonw_array_end(out.w);
	json_confirmation(out.w, report);
	jsonw_member_array(out.w, "findings");
	for (size_t i = 0; i < report->nfindings; i++)
		write_finding(&out, &report->findings[i]);
	jsonw_array_end(out.w);
	jsonw_object_end(out.w);
	return finish(&out, err);
}

static void write_answer(struct out *out, const struct answer *answer)
{
	jsonw_object_begin(out->w);
	jsonw_member_string(out->w, "schema", EXPLAIN_SCHEMA);
	jsonw_member_string(out->w, "verdict", words_delivery(answer->verdict));
	jsonw_member_string(out->w, "listener", words_tri(answer->listener));
	jsonw_member_string(out->w, "result", words_result(answer->result));
	jsonw_member_string(
		out->w, "path", answer->has_path ? words_path(answer->path) : NULL);
	write_container(out, answer->container);
	write_target(out, &answer->target, answer->target_port, answer->target_port);
	write_steps(out, "trace", &answer->trace);
	write_gaps(out, answer->gaps, answer->ngaps);
	jsonw_object_end(out->w);
}

static int json_answer(const struct question *question, const struct answer *answer,
	const struct writer_options *options, FILE *stream, struct err *err)
{
	struct jsonw writer;
	struct out out;

	(void)question;
	(void)options;
	jsonw_init(&writer, stream, 2);
	out_init(&out, &writer);
	write_answer(&out, answer);
	return finish(&out, err);
}

static int json_batch_line(const struct question *question, const struct answer *answer,
	const char *error, const struct writer_options *options, FILE *stream,
	struct err *err)
{
	struct jsonw writer;
	struct out out;

	(void)question;
	(void)options;
	jsonw_init(&writer, stream, 0);
	out_init(&out, &writer);
	if (answer) {
		write_answer(&out, answer);
	} else {
		jsonw_object_begin(out.w);
		jsonw_member_string(out.w, "error", error);
		jsonw_object_end(out.w);
	}
	int rc = finish(&out, err);
	if (rc == 0 && fputc('\n', stream) == EOF)
		rc = err_errno(err, -EIO, "write the answer");
	return rc;
}

const struct writer json_writer = {
	.name = "json",
	.report = json_report,
	.answer = json_answer,
	.batch_line = json_batch_line,
};
