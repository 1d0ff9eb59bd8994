/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of one packet, hop by hop, for people. Parts of table_writer. */
#include "netmon/report/table_answer.h"

#include <errno.h>
#include <string.h>

#include "netmon/judge/words.h"
#include "netmon/report/text.h"

struct out {
	struct arena arena;
	FILE *stream;
	size_t width;
	bool color;
};

static const char *safe(const char *text)
{
	return text ? text : "";
}

static const char *address_port(
	struct out *out, const struct addr *addr, const char *port)
{
	char text[ADDR_TEXT_MAX];

	addr_format(addr, text);
	return safe(arena_printf(&out->arena,
		addr->family == FAMILY_IP6 ? "[%s]:%s" : "%s:%s", text, port));
}

static const char *number(struct out *out, int value)
{
	return value < 0 ? "any" : safe(arena_printf(&out->arena, "%d", value));
}

/* "198.51.100.7:any -> 203.0.113.10:8080/tcp" */
static const char *packet_of(struct out *out, const struct question *question)
{
	return safe(arena_printf(&out->arena, "%s -> %s/%s",
		address_port(out, &question->from, number(out, question->sport)),
		address_port(out, &question->to, number(out, question->port)),
		words_proto(&out->arena, question->proto)));
}

static const char *container_of(struct out *out, const struct answer *answer)
{
	if (!answer->container)
		return "this host";
	return safe(arena_printf(&out->arena, "container %s",
		text_safe(&out->arena, answer->container->name
					       ? answer->container->name
					       : answer->container->id)));
}

static enum tone effect_tone(enum effect effect)
{
	if (effect == EFFECT_DROP || effect == EFFECT_REJECT)
		return TONE_BAD;
	if (effect == EFFECT_MAYBE)
		return TONE_WARN;
	return effect == EFFECT_ACCEPT || effect == EFFECT_DNAT ? TONE_GOOD
								: TONE_PLAIN;
}

static const char *place_of(struct out *out, const struct trace_step *step)
{
	const struct chain *chain = step->chain;

	if (!chain)
		return text_safe(&out->arena, step->stage);
	if (!step->rule)
		return text_safe(
			&out->arena, safe(arena_printf(&out->arena, "%s %s policy",
					     chain->table, chain->name)));
	return text_safe(&out->arena,
		safe(step->rule->handle
				? arena_printf(&out->arena, "%s %s handle %llu",
					  chain->table, chain->name,
					  (unsigned long long)step->rule->handle)
				: arena_printf(&out->arena, "%s %s rule %u (legacy)",
					  chain->table, chain->name,
					  step->rule->number)));
}

static void write_step(struct out *out, const struct trace_step *step, size_t nth)
{
	const char *effect = text_safe(&out->arena, words_step(&out->arena, step));

	(void)fprintf(out->stream, "%3zu  %-11s %s: ", nth,
		step->chain ? words_hook(step->hook) : "", place_of(out, step));
	text_tone(out->stream, out->color, effect_tone(step->effect), effect);
	(void)fputc('\n', out->stream);
	if (step->rule)
		text_wrap(out->stream,
			text_safe(&out->arena, rule_text(&out->arena, step->rule)), 17,
			out->width);
}

/* What stopped it: the last step. */
static const char *stopper(struct out *out, const struct answer *answer)
{
	if (answer->trace.nsteps == 0)
		return "the host";
	return place_of(out, &answer->trace.steps[answer->trace.nsteps - 1]);
}

static const char *in_words(struct out *out, const struct answer *answer)
{
	const char *where = container_of(out, answer);
	const char *target =
		answer->target.family == FAMILY_NONE
			? ""
			: safe(arena_printf(&out->arena, " at %s",
				  address_port(out, &answer->target,
					  number(out, answer->target_port))));

	switch (answer->result) {
	case RESULT_OPEN:
		return safe(arena_printf(&out->arena,
			"Open: it gets to %s%s, and something listens there.", where,
			target));
	case RESULT_CLOSED:
		return safe(arena_printf(&out->arena,
			"Closed: it gets to %s%s, where nothing listens; the sender is "
			"told so.",
			where, target));
	case RESULT_REJECTED:
		return safe(arena_printf(&out->arena,
			"Rejected: %s turns it away, and the sender is told so.",
			stopper(out, answer)));
	case RESULT_FILTERED:
		if (answer->verdict == DELIVERY_NO_ROUTE)
			return "Filtered: there is no way there from this host, and no "
			       "answer.";
		return safe(arena_printf(&out->arena,
			"Filtered: %s stops it, and the sender hears nothing.",
			stopper(out, answer)));
	case RESULT_MAYBE:
	default:
		return safe(arena_printf(&out->arena,
			"Maybe: it depends on what is not known here%s",
			answer->ngaps > 0 ? ":" : "."));
	}
}

static enum tone result_tone(enum result result)
{
	return result == RESULT_OPEN	? TONE_BAD
	       : result == RESULT_MAYBE ? TONE_WARN
					: TONE_GOOD;
}

static int finish(struct out *out, struct err *err)
{
	bool failed = arena_failed(&out->arena);

	arena_done(&out->arena);
	if (failed)
		return err_set(err, -ENOMEM, "out of memory");
	if (ferror(out->stream))
		return err_set(err, -EIO, "the answer could not be written");
	return 0;
}

int table_answer(const struct question *question, const struct answer *answer,
	const struct writer_options *options, FILE *stream, struct err *err)
{
	struct out out = {
		.stream = stream, .width = options->width, .color = options->color};

	arena_init(&out.arena, 0);
	text_tone(stream, out.color, TONE_BOLD, packet_of(&out, question));
	if (question->in)
		(void)fprintf(
			stream, ", in by %s", text_safe(&out.arena, question->in));
	else
		(void)fprintf(stream, ", from the zone %s", zone_name(question->zone));
	(void)fputs("\n\n", stream);
	for (size_t i = 0; i < answer->trace.nsteps; i++)
		write_step(&out, &answer->trace.steps[i], i + 1);
	if (answer->trace.nsteps > 0)
		(void)fputc('\n', stream);
	text_tone(
		stream, out.color, result_tone(answer->result), in_words(&out, answer));
	(void)fputc('\n', stream);
	for (size_t i = 0; i < answer->ngaps; i++)
		text_wrap(stream, text_safe(&out.arena, answer->gaps[i]->text), 2,
			out.width);
	return finish(&out, err);
}

int table_batch_line(const struct question *question, const struct answer *answer,
	const char *error, const struct writer_options *options, FILE *stream,
	struct err *err)
{
	struct out out = {.stream = stream, .color = options->color};

	arena_init(&out.arena, 0);
	if (answer) {
		text_tone(stream, out.color, result_tone(answer->result),
			safe(arena_printf(
				&out.arena, "%-8s", words_result(answer->result))));
		(void)fprintf(stream, "  %s  %s\n", packet_of(&out, question),
			answer->result == RESULT_OPEN ? container_of(&out, answer)
						      : stopper(&out, answer));
	} else {
		(void)fprintf(stream, "error     %s\n", text_safe(&out.arena, error));
	}
	return finish(&out, err);
}
