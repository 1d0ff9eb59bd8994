/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/explain.h"

#include <errno.h>
#include <string.h>

#include "netmon/reach/walk.h"

/*
 * Theory of operation. A question is a walk with one peer. If all its outcomes agree
 * the answer is definite; if not, it is "maybe", and the doubts of the outcomes are its
 * gaps.
 */

#define EXPLAIN_MEMORY_MAX ((size_t)512 << 20)

/* ---------------------------------------------------------------- gaps */

static const struct gap *gap_of(struct arena *arena, const struct doubt *doubt)
{
	struct gap *gap = arena_alloc(arena, sizeof(*gap));

	if (!gap)
		return NULL;
	gap->code = doubt->code;
	if (doubt->rule) {
		gap->table = doubt->rule->chain->table;
		gap->chain = doubt->rule->chain->name;
		gap->handle = doubt->rule->handle;
	}
	gap->text = doubt->text	  ? doubt->text
		    : doubt->rule ? arena_printf(arena,
					    "cannot be decided for this packet: %s",
					    rule_text(arena, doubt->rule))
				  : doubt->code;
	gap->hides = true;
	return gap;
}

static bool has_gap(const struct gap *const *gaps, size_t n, const struct doubt *doubt)
{
	for (size_t i = 0; i < n; i++) {
		const struct gap *g = gaps[i];
		bool same_rule =
			doubt->rule ? g->chain == doubt->rule->chain->name &&
					      g->table == doubt->rule->chain->table &&
					      g->handle == doubt->rule->handle
				    : g->chain == NULL;

		if (same_rule && strcmp(g->code, doubt->code) == 0)
			return true;
	}
	return false;
}

size_t explain_gaps(struct arena *arena, const struct doubt *doubt,
	const struct gap ***gaps, size_t *ngaps)
{
	for (; doubt; doubt = doubt->before) {
		if (has_gap(*gaps, *ngaps, doubt))
			continue;
		const struct gap **slot = arena_push(arena, gaps, ngaps, sizeof(*slot));
		if (slot)
			*slot = gap_of(arena, doubt);
	}
	return *ngaps;
}

/* ---------------------------------------------------------------- traces */

/* The step's text with what stands behind it; no printf: scans make many. */
static const char *step_text(struct arena *arena, const struct trace_node *node)
{
	const struct trace_arg *arg = &node->arg;
	char text[ADDR_TEXT_MAX + 16] = "";
	size_t len = 0;

	switch (arg->kind) {
	case ARG_NONE:
		return node->step.text;
	case ARG_NAME:
		return arena_join(arena, node->step.text, arg->name);
	case ARG_HEX:
		return arena_printf(arena, "%s0x%x", node->step.text, arg->number);
	case ARG_PORT:
		break;
	case ARG_ADDR:
		if (arg->has_port && arg->addr.family == FAMILY_IP6)
			text[len++] = '[';
		addr_format(&arg->addr, text + len);
		len = strlen(text);
		if (arg->has_port && arg->addr.family == FAMILY_IP6)
			text[len++] = ']';
		break;
	}
	if (arg->has_port) {
		text[len++] = ':';
		len += addr_format_number(arg->port, text + len);
	}
	text[len] = '\0';
	return arena_join(arena, node->step.text, text);
}

struct trace explain_trace(struct arena *arena, const struct trace_node *node)
{
	struct trace trace = {0};
	struct trace_step *steps;
	size_t n = 0;

	for (const struct trace_node *t = node; t; t = t->before)
		n++;
	steps = arena_array(arena, n, sizeof(*steps));
	if (!steps)
		return trace;
	trace.nsteps = n;
	for (const struct trace_node *t = node; t; t = t->before) {
		steps[--n] = t->step;
		steps[n].text = step_text(arena, t);
	}
	trace.steps = steps;
	return trace;
}

/* ---------------------------------------------------------------- the answer */

static bool agree(const struct outcome *a, const struct outcome *b)
{
	return a->result == b->result && a->delivery == b->delivery &&
	       a->container == b->container && a->result != RESULT_MAYBE;
}

/* Which of several outcomes to show: what an attacker would wish for. */
static unsigned int rank(const struct outcome *o)
{
	switch (o->result) {
	case RESULT_OPEN:
		return 4;
	case RESULT_MAYBE:
		return 3;
	case RESULT_REJECTED:
		return 2;
	case RESULT_CLOSED:
		return 1;
	case RESULT_FILTERED:
		break;
	}
	return 0;
}

/* Each walk was certain, and they differ: by the source port alone. */
static const struct gap source_port_gap = {.code = "source-port",
	.where = "question",
	.text = "it depends on the source port: ask for one",
	.hides = true};

static void fill(struct arena *arena, const struct walk *walk, struct answer *answer)
{
	const struct outcome *best = NULL;
	const struct gap **gaps = NULL;
	bool same_result = true, same_delivery = true, same_listener = true;

	for (size_t i = 0; i < walk->n; i++) {
		const struct outcome *o = &walk->outcomes[i];

		if (best) {
			same_result &= agree(best, o);
			same_delivery &= best->delivery == o->delivery;
			same_listener &= best->listener == o->listener;
		}
		if (!best || rank(o) > rank(best))
			best = o;
	}
	memset(answer, 0, sizeof(*answer));
	if (!best)
		return;
	answer->result = same_result ? best->result : RESULT_MAYBE;
	answer->verdict = same_delivery ? best->delivery : DELIVERY_MAYBE;
	answer->listener = same_listener ? best->listener : TRI_UNKNOWN;
	answer->has_path = best->has_path;
	answer->path = best->path;
	answer->container = best->container;
	answer->target = best->target;
	answer->target_port = best->target_port;
	answer->trace = explain_trace(arena, best->trace);
	if (answer->result == RESULT_MAYBE)
		for (size_t i = 0; i < walk->n; i++)
			explain_gaps(
				arena, walk->outcomes[i].doubt, &gaps, &answer->ngaps);
	if (answer->result == RESULT_MAYBE && walk->sport_class && !answer->ngaps) {
		const struct gap **slot =
			arena_push(arena, &gaps, &answer->ngaps, sizeof(*slot));

		if (slot)
			*slot = &source_port_gap;
	}
	answer->gaps = gaps;
}

/* ---------------------------------------------------------------- questions */

static int interface_of(const struct reach *reach, const struct question *q,
	int *ret_iif, struct err *err)
{
	const struct link *link;

	if (q->in) {
		link = netns_link_named(reach->facts->host, q->in);
		if (!link)
			return err_set(
				err, -EINVAL, "no interface '%s' on this host", q->in);
		*ret_iif = link->index;
		return 0;
	}
	if (reach->nperimeter == 0)
		return err_set(err, -EINVAL,
			"no interface has a default route: say which one with --in or "
			"--perimeter");
	*ret_iif = reach->perimeter[0];
	return 0;
}

/* With rules about source ports: one walk for each class that a client's port, which is
 * above 1023, can be in; or, @ordinary, for one client's port of each. */
static void walk_ports(
	struct walk *walk, const struct question *q, int iif, bool ordinary)
{
	const struct ivset *peers =
		ivset_range(walk->run.arena, q->from.value, q->from.value);
	const uint16_t *ports;
	size_t n = space_source_ports(walk->reach->host, &ports);

	if (q->sport >= 0 || n == 0) {
		walk_from_outside(walk, iif, &q->to, q->proto, q->port,
			ordinary ? ORDINARY_PORT : q->sport, peers);
		return;
	}
	walk->sport_class = !ordinary;
	for (size_t i = 0; i < n; i++)
		if (ports[i] >= CLIENT_PORTS)
			walk_from_outside(
				walk, iif, &q->to, q->proto, q->port, ports[i], peers);
}

static bool may_reach(const struct walk *walk)
{
	for (size_t i = 0; i < walk->n; i++)
		if (walk->outcomes[i].result == RESULT_OPEN ||
			walk->outcomes[i].result == RESULT_MAYBE ||
			walk->outcomes[i].one_way)
			return true;
	return false;
}

/*
 * Rules about destination ports may tell clients' ports apart on the way back. Then it
 * is open if it is for an ordinary client, and where it is open to nobody he tells how.
 */
static void ask_ordinary(const struct walk *walk, const struct question *q, int iif,
	struct arena *arena, struct answer *answer)
{
	struct walk certain = {.reach = walk->reach, .run = walk->run};
	struct answer ordinary;

	certain.run.steps = 0;
	walk_ports(&certain, q, iif, true);
	fill(arena, &certain, &ordinary);
	if (ordinary.result == RESULT_OPEN ||
		(ordinary.result != RESULT_MAYBE && !may_reach(walk)))
		*answer = ordinary;
}

int reach_explain(struct reach *reach, const struct question *question,
	struct arena *arena, struct answer *ret_answer, struct err *err)
{
	struct walk walk = {.reach = reach};
	struct answer answer;
	struct arena scratch;
	int iif, r;

	if (question->from.family != question->to.family)
		return err_set(err, -EINVAL,
			"'from' and 'to' are addresses of different families");
	r = interface_of(reach, question, &iif, err);
	if (r < 0)
		return r;
	arena_init(&scratch, EXPLAIN_MEMORY_MAX);
	walk.run.arena = &scratch;
	walk.run.tracing = true;
	walk_ports(&walk, question, iif, false);
	fill(arena, &walk, &answer);
	if (question->sport < 0 && walk_wants_port(&walk))
		ask_ordinary(&walk, question, iif, arena, &answer);
	if (arena_failed(&scratch))
		r = err_errno(err, -ENOMEM, "follow the packet");
	arena_done(&scratch);
	if (r == 0 && arena_failed(arena))
		r = err_errno(err, -ENOMEM, "keep the answer");
	if (r == 0)
		*ret_answer = answer;
	return r;
}
