/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the replies to probes prove, held against what the rules say. */
#include "netmon/confirm/verdict.h"

#include <netinet/in.h>

static const char *reply_word(const struct probe *probe)
{
	bool sctp = probe->endpoint.proto == IPPROTO_SCTP;

	switch (probe->reply) {
	case REPLY_OPEN:
		return probe->endpoint.proto == IPPROTO_UDP ? "data"
		       : sctp				    ? "init-ack"
							    : "syn-ack";
	case REPLY_RST:
		return sctp ? "abort" : "rst";
	case REPLY_ICMP:
		return "icmp";
	case REPLY_NONE:
	default:
		return "none";
	}
}

static void judge(struct probe *p)
{
	p->agrees = TRI_UNKNOWN;
	if (!p->sent) {
		if (!p->reason)
			p->reason = "it was not sent";
	} else if (p->reply == REPLY_OPEN && !p->heard) {
		p->reason = "answered, by an interface that leads to no stranger";
	} else if (p->reply == REPLY_OPEN) {
		p->agrees = p->expected == TRI_NO    ? TRI_NO
			    : p->expected == TRI_YES ? TRI_YES
						     : TRI_UNKNOWN;
	} else if (p->unresolved) {
		p->reason = "the answer, if there was one, found no neighbour to go to";
	} else if (p->expected == TRI_NO) {
		p->agrees = TRI_YES;
	} else if (p->reply == REPLY_NONE && p->endpoint.proto == IPPROTO_UDP) {
		p->reason = "a UDP service need not answer";
	} else if (p->expected == TRI_YES) {
		p->agrees = TRI_NO;
	}
}

static bool other_way(const struct probe *a, const struct probe *b)
{
	return a->way != b->way && a->exposure == b->exposure && a->zone == b->zone &&
	       a->source.value == b->source.value;
}

/* Reach joins all ways in: of those that a source can take, one is enough. */
static void excuse_other_ways(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct probe *p = &plan->probes[i];
		size_t others = 0, open = 0;

		if (p->agrees != TRI_NO || !p->shared)
			continue;
		for (size_t k = 0; k < plan->n; k++) {
			if (!other_way(p, &plan->probes[k]))
				continue;
			others++;
			open += plan->probes[k].reply == REPLY_OPEN &&
				plan->probes[k].heard;
		}
		if (others > 0 && open == 0)
			continue;
		p->agrees = TRI_UNKNOWN;
		p->reason = "such a source may get in by another interface only";
	}
}

static void add_contradiction(struct report *report, const struct probe *p)
{
	struct contradiction *c = arena_push(&report->arena, &report->contradictions,
		&report->ncontradictions, sizeof(*c));
	char text[ADDR_TEXT_MAX];

	if (!c)
		return;
	*c = (struct contradiction){.probed = true,
		.answered = p->reply == REPLY_OPEN,
		.endpoint = p->endpoint,
		.exposure = p->exposure ? p->exposure->id : NULL,
		.zone = p->zone,
		.source = arena_strdup(&report->arena, addr_format(&p->source, text)),
		.reply = reply_word(p),
		.count = 1};
}

static void note_exposure(
	struct report *report, struct exposure *e, size_t nth, const struct probe *p)
{
	struct probed *slot = &e->probed[nth];
	char text[ADDR_TEXT_MAX];

	*slot = (struct probed){.open = p->reply == REPLY_OPEN && p->heard,
		.zone = p->zone,
		.source = arena_strdup(&report->arena, addr_format(&p->source, text)),
		.via = p->way->name,
		.reply = p->sent ? reply_word(p) : NULL,
		.expected = p->expected,
		.agrees = p->agrees,
		.reason = p->reason};
	if (p->agrees == TRI_NO)
		e->disagrees = true;
}

/* One word: YES when an inside probe was answered, NO when each proves it was not. */
static enum tri answered(const struct exposure *e)
{
	bool refused = false, unsure = false;

	for (size_t i = 0; i < e->nprobed; i++) {
		const struct probed *p = &e->probed[i];

		if (p->expected == TRI_NO)
			continue;
		if (p->open)
			return TRI_YES;
		if (p->reason)
			unsure = true;
		else
			refused = true;
	}
	return refused && !unsure ? TRI_NO : TRI_UNKNOWN;
}

static void count(struct probing *probing, const struct probe *p)
{
	probing->sent += p->sent;
	if (p->sent && p->reply == REPLY_OPEN && p->heard)
		probing->answered++;
	else if (!p->sent || p->reason)
		probing->unknown++;
	else
		probing->silent++;
}

void verdict_note(struct report *report, struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		judge(&plan->probes[i]);
	excuse_other_ways(plan);
	for (size_t i = 0; i < plan->n; i++)
		if (plan->probes[i].exposure)
			plan->probes[i].exposure->nprobed++;
	for (size_t i = 0; i < report->nexposures; i++) {
		struct exposure *e = &report->exposures[i];

		e->probed =
			arena_array(&report->arena, e->nprobed + 1, sizeof(*e->probed));
		e->nprobed = 0;
	}
	for (size_t i = 0; i < plan->n; i++) {
		const struct probe *p = &plan->probes[i];

		if (p->exposure && p->exposure->probed)
			note_exposure(report, p->exposure, p->exposure->nprobed++, p);
		if (p->agrees == TRI_NO)
			add_contradiction(report, p);
		count(report->probing, p);
	}
	for (size_t i = 0; i < report->nexposures; i++)
		report->exposures[i].answered = answered(&report->exposures[i]);
}
