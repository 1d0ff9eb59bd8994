/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/chain.h"

#include <string.h>

#include "netmon/reach/effect.h"
#include "netmon/reach/index.h"
#include "netmon/reach/match.h"
#include "netmon/reach/quick.h"

/*
 * Theory of operation. A packet set enters a chain at its first rule. Each rule splits
 * it: some peers reach a verdict, the others are at the next rule, perhaps with another
 * mark. Packet sets at the same rule that differ only in their peers are joined again,
 * so a chain costs about as many steps as the kernel takes, whatever the peers are.
 */

struct pending {
	size_t at; /* index of the rule to evaluate next */
	struct state state;
	struct index_cursor cursor;
};

struct frame {
	struct run *run;
	const struct chain *chain;
	struct states *accepted;
	struct states *returned; /* end of the chain, or return */
	struct pending *pending; /* room, or a larger one in the arena */
	size_t npending;
	struct pending *room;
	unsigned int depth;
	unsigned int events; /* verdicts and changes: what a doubt could matter to */
};

static void run_chain(struct run *run, const struct chain *chain,
	const struct state *state, unsigned int depth, struct states *accepted,
	struct states *returned);
static void run_ops(struct frame *frame, const struct rule *rule, size_t first,
	struct state *state);

/* ---------------------------------------------------------------- states */

#define DOUBTS_JOINED_MAX 16

static const struct doubt *join_doubts(
	struct arena *arena, const struct doubt *a, const struct doubt *b)
{
	unsigned int n = 0;

	if (a == b || !b)
		return a;
	if (!a)
		return b;
	for (; b && n < DOUBTS_JOINED_MAX; b = b->before, n++) {
		const struct doubt *same = a;

		if (same == b)
			return a; /* the rest is shared */
		while (same && !(same->rule == b->rule && same->code == b->code))
			same = same->before;
		if (same)
			continue;
		struct doubt *node = arena_memdup(arena, b, sizeof(*b));
		if (!node)
			return a;
		node->before = a;
		a = node;
	}
	return a;
}

static bool join_states(
	struct arena *arena, struct state *into, const struct state *from)
{
	if (memcmp(&into->packet, &from->packet, sizeof(into->packet)) != 0)
		return false;
	into->peers = ivset_union(arena, into->peers, from->peers);
	into->doubt = join_doubts(arena, into->doubt, from->doubt);
	return true;
}

void states_push(struct arena *arena, struct states *states, const struct state *state)
{
	if (ivset_is_empty(state->peers))
		return;
	for (size_t i = 0; i < states->n; i++)
		if (join_states(arena, &states->v[i], state))
			return;
	struct state *slot = arena_push(arena, &states->v, &states->n, sizeof(*slot));
	if (slot)
		memcpy(slot, state, sizeof(*slot));
}

void run_end(struct run *run, const struct state *state, enum ending ending,
	enum reject_kind reject)
{
	struct ended *slot;

	if (ivset_is_empty(state->peers))
		return;
	slot = arena_push(run->arena, &run->endings.v, &run->endings.n, sizeof(*slot));
	if (slot)
		*slot = (struct ended){*state, ending, reject};
}

void run_trace_arg(struct run *run, struct state *state, const struct chain *chain,
	const struct rule *rule, const char *stage, enum effect effect,
	const char *text, const struct trace_arg *arg)
{
	struct trace_node *node;

	if (!run->tracing)
		return;
	node = arena_alloc_raw(run->arena, sizeof(*node));
	if (!node)
		return;
	node->before = state->trace;
	node->step = (struct trace_step){.hook = run->hook,
		.chain = chain,
		.rule = rule,
		.stage = stage,
		.effect = effect,
		.text = text};
	node->arg = arg ? *arg : (struct trace_arg){.kind = ARG_NONE};
	state->trace = node;
}

void run_trace(struct run *run, struct state *state, const struct chain *chain,
	const struct rule *rule, const char *stage, enum effect effect,
	const char *text)
{
	run_trace_arg(run, state, chain, rule, stage, effect, text, NULL);
}

void run_doubt(struct run *run, struct state *state, const struct rule *rule,
	const char *code, const char *text)
{
	struct doubt *node;

	if (state->doubt && state->doubt->rule == rule && state->doubt->code == code)
		return;
	node = arena_alloc(run->arena, sizeof(*node));
	if (!node)
		return;
	*node = (struct doubt){state->doubt, rule, code, text};
	state->doubt = node;
}

/* ---------------------------------------------------------------- pending */

#define PENDING_ROOM 4 /* slots that need no allocation */

static struct pending *pending_slot(struct frame *frame)
{
	if (frame->npending < PENDING_ROOM && frame->pending == frame->room)
		return &frame->room[frame->npending++];
	if (frame->pending == frame->room) { /* move out of the room */
		struct pending *more =
			arena_array(frame->run->arena, 2 * PENDING_ROOM, sizeof(*more));

		if (!more)
			return NULL;
		memcpy(more, frame->room, PENDING_ROOM * sizeof(*more));
		frame->pending = more;
	}
	return arena_push(frame->run->arena, &frame->pending, &frame->npending,
		sizeof(*frame->pending));
}

static void frame_push(struct frame *frame, size_t at, const struct state *state)
{
	struct index_cursor cursor;
	struct pending *slot;

	if (ivset_is_empty(state->peers))
		return;
	index_open(frame->run->space, frame->chain, &state->packet, &cursor);
	at = index_next(&cursor, at);
	if (at >= frame->chain->nrules) {
		states_push(frame->run->arena, frame->returned, state);
		return;
	}
	for (size_t i = 0; i < frame->npending; i++)
		if (frame->pending[i].at == at &&
			join_states(frame->run->arena, &frame->pending[i].state, state))
			return;
	slot = pending_slot(frame);
	if (!slot)
		return;
	slot->at = at;
	slot->cursor = cursor;
	memcpy(&slot->state, state, sizeof(*state));
}

/* The packet set at the earliest rule: only then can others still join it. */
static struct pending frame_pop(struct frame *frame)
{
	size_t best = 0;
	struct pending item;

	for (size_t i = 1; i < frame->npending; i++)
		if (frame->pending[i].at < frame->pending[best].at)
			best = i;
	item = frame->pending[best];
	if (best != --frame->npending)
		frame->pending[best] = frame->pending[frame->npending];
	return item;
}

/* ---------------------------------------------------------------- verdicts */

static size_t rule_index(const struct frame *frame, const struct rule *rule)
{
	return (size_t)(rule - frame->chain->rules);
}

static void go_on(
	struct frame *frame, const struct rule *rule, const struct state *state)
{
	frame_push(frame, rule_index(frame, rule) + 1, state);
}

/* Whether an unknown statement here could send the packet to another address. */
static bool could_redirect(const struct frame *frame)
{
	switch (frame->run->hook) {
	case HOOK_INGRESS:
	case HOOK_PREROUTING:
	case HOOK_OUTPUT:
		return true;
	case HOOK_INPUT:
	case HOOK_FORWARD:
	case HOOK_POSTROUTING:
	case HOOK_EGRESS:
	case HOOK_COUNT:
		break;
	}
	return false;
}

/* Nobody can say what becomes of it: accepted, dropped, taken elsewhere, or at the next
 * rule. */
static void anything(struct frame *frame, const struct rule *rule, struct state *state,
	const char *code, const char *text, bool goes_on)
{
	frame->events++;
	run_doubt(frame->run, state, rule, code, text);
	run_trace(frame->run, state, frame->chain, rule, NULL, EFFECT_MAYBE, text);
	run_end(frame->run, state, could_redirect(frame) ? ENDING_TAKEN : ENDING_DROP,
		REJECT_ICMP);
	state->packet.mark.unknown = UINT32_MAX;
	states_push(frame->run->arena, frame->accepted, state);
	if (goes_on)
		go_on(frame, rule, state);
}

static void run_jump(struct frame *frame, const struct rule *rule, struct state *state,
	const struct verdict_to *to)
{
	struct run *run = frame->run;
	struct states back = {0};
	const struct trace_node *before = state->trace;

	if (!to->chain || frame->depth >= RUN_DEPTH_MAX) {
		anything(frame, rule, state, "chain-missing",
			"jumps to a chain that is not there", true);
		return;
	}
	run_trace(run, state, frame->chain, rule, NULL, EFFECT_JUMP, to->chain->name);
	const struct trace_node *jumped = state->trace;
	size_t accepted = frame->accepted->n, ended = run->endings.n;
	run_chain(run, to->chain, state, frame->depth + 1, frame->accepted,
		to->kind == VERDICT_GOTO ? frame->returned : &back);
	if (frame->accepted->n != accepted || run->endings.n != ended ||
		to->kind == VERDICT_GOTO || back.n != 1 ||
		!ivset_equal(back.v[0].peers, state->peers) ||
		memcmp(&back.v[0].packet, &state->packet, sizeof(state->packet)) != 0)
		frame->events++;
	for (size_t i = 0; i < back.n; i++) {
		/* A chain that decided nothing is no part of the way in. */
		if (back.v[i].trace == jumped)
			back.v[i].trace = before;
		go_on(frame, rule, &back.v[i]);
	}
}

static void run_verdict(struct frame *frame, const struct rule *rule, size_t next,
	struct state *state, const struct verdict_to *to)
{
	struct run *run = frame->run;

	if (ivset_is_empty(state->peers))
		return;
	switch (to->kind) {
	case VERDICT_ACCEPT:
		frame->events++;
		run_trace(run, state, frame->chain, rule, NULL, EFFECT_ACCEPT, NULL);
		states_push(run->arena, frame->accepted, state);
		return;
	case VERDICT_DROP:
		frame->events++;
		run_trace(run, state, frame->chain, rule, NULL, EFFECT_DROP, NULL);
		run_end(run, state, ENDING_DROP, REJECT_ICMP);
		return;
	case VERDICT_STOLEN:
		frame->events++;
		run_doubt(run, state, rule, "packet-taken", "takes the packet away");
		run_trace(run, state, frame->chain, rule, NULL, EFFECT_OTHER, NULL);
		run_end(run, state, ENDING_TAKEN, REJECT_ICMP);
		return;
	case VERDICT_QUEUE:
		anything(frame, rule, state, "queue", "a program decides (queue)",
			false);
		return;
	case VERDICT_CONTINUE:
		run_ops(frame, rule, next, state);
		return;
	case VERDICT_RETURN:
		frame->events++;
		states_push(run->arena, frame->returned, state);
		return;
	case VERDICT_JUMP:
	case VERDICT_GOTO:
		run_jump(frame, rule, state, to);
		return;
	}
}

static void run_vmap(
	struct frame *frame, const struct rule *rule, size_t at, struct state *state)
{
	static const struct op nothing = {.kind = OP_MAYBE, .code = "vmap-unreadable"};
	const struct op *op = &rule->ops[at];
	struct run *run = frame->run;
	struct view view = effect_view(run, frame->chain, state);
	const struct set_element *element;
	struct value_case *cases;
	struct found *found;
	size_t ncases;

	switch (quick_lookup(&view, op, &element)) {
	case QUICK_YES:
		run_verdict(frame, rule, at + 1, state, &element->verdict);
		return;
	case QUICK_NO:
		go_on(frame, rule, state);
		return;
	case QUICK_UNSURE:
		break;
	}
	if (match_breaks(&view, op->operand)) {
		go_on(frame, rule, state);
		return;
	}
	ncases = match_operand(&view, op->operand, state->peers, &cases);

	for (size_t c = 0; c < ncases; c++) {
		struct state mine = *state;
		size_t n = 0;

		mine.peers = cases[c].peers;
		if (cases[c].missing)
			go_on(frame, rule, &mine);
		else
			n = match_lookup(
				&view, op->set, &cases[c].value, mine.peers, &found);
		for (size_t i = 0; i < n; i++) {
			mine = *state;
			mine.peers = found[i].peers;
			if (!found[i].certain)
				run_doubt(run, &mine, rule,
					cases[c].value.code ? cases[c].value.code
							    : "set-element",
					NULL);
			if (found[i].unknown)
				anything(frame, rule, &mine, nothing.code,
					"a verdict map that could not be read", true);
			else if (!found[i].element)
				go_on(frame, rule, &mine);
			else
				run_verdict(frame, rule, at + 1, &mine,
					&found[i].element->verdict);
		}
	}
}

/* ---------------------------------------------------------------- ops */

/* A match: those who fail it are at the next rule; returns those who pass. */
static void run_match(struct frame *frame, const struct rule *rule, const struct op *op,
	struct state *state)
{
	struct view view = effect_view(frame->run, frame->chain, state);
	struct split split;

	match_op(&view, op, state->peers, &split);
	if (split.code)
		run_doubt(frame->run, state, rule, split.code, split.text);
	if (!ivset_is_empty(split.no)) {
		struct state failed = *state;

		failed.peers = split.no;
		go_on(frame, rule, &failed);
	}
	state->peers = split.yes;
	/* Only somebody who repeats himself goes this way: see visit_add_outcome(). */
	if (op->kind == OP_MAYBE && op->repeated)
		state->packet.repeated = true;
}

/* Ops that change the packet or end its way; false: the rule ends here. */
static bool run_effect(
	struct frame *frame, const struct rule *rule, size_t at, struct state *state)
{
	const struct op *op = &rule->ops[at];
	struct run *run = frame->run;
	struct states changed = {0}, missed = {0};

	switch ((int)op->kind) {
	case OP_VMAP:
		run_vmap(frame, rule, at, state);
		return false;
	case OP_VERDICT:
		run_verdict(frame, rule, at + 1, state, &op->verdict);
		return false;
	case OP_VERDICT_QUEUE:
		anything(frame, rule, state, "queue", "a program decides (queue)",
			false);
		return false;
	case OP_TPROXY:
		anything(frame, rule, state, "tproxy", "hands it to a local proxy",
			true);
		return false;
	case OP_REJECT:
		frame->events++;
		run_trace(run, state, frame->chain, rule, NULL, EFFECT_REJECT, NULL);
		run_end(run, state, ENDING_REJECT, op->reject);
		return false;
	case OP_FWD:
		run_verdict(frame, rule, at + 1, state,
			&(struct verdict_to){.kind = VERDICT_STOLEN});
		return false;
	case OP_NAT:
		/* nft_nat_inet_eval(): of the other family it does nothing. */
		if (op->nat->family != FAMILY_NONE &&
			op->nat->family != (enum family)state->packet.family)
			return true;
		frame->events++;
		effect_nat(
			run, frame->chain, rule, op, state, frame->accepted, &missed);
		for (size_t i = 0; i < missed.n; i++)
			go_on(frame, rule, &missed.v[i]);
		return false;
	case OP_SET:
		frame->events++;
		effect_set(run, frame->chain, rule, op, state, &changed, &missed);
		for (size_t i = 0; i < missed.n; i++)
			go_on(frame, rule, &missed.v[i]);
		for (size_t i = 0; i < changed.n; i++)
			run_ops(frame, rule, at + 1, &changed.v[i]);
		return false;
	case OP_NOTRACK:
	case OP_ZONE:
		frame->events++;
		effect_track(run, frame->chain, op, state);
		return true;
	case OP_DUP:
		return true;
	default:
		anything(frame, rule, state, op->code ? op->code : "expr-unknown",
			op->text, true);
		return false;
	}
}

static void run_ops(
	struct frame *frame, const struct rule *rule, size_t first, struct state *state)
{
	for (size_t i = first; i < rule->nops; i++) {
		if (ivset_is_empty(state->peers))
			return;
		if (match_is_pure(&rule->ops[i]))
			run_match(frame, rule, &rule->ops[i], state);
		else if (!run_effect(frame, rule, i, state))
			return;
	}
	go_on(frame, rule, state);
}

static void run_rule(struct frame *frame, struct pending *item, size_t first)
{
	const struct rule *rule = &frame->chain->rules[item->at];
	const struct doubt *before = item->state.doubt;
	unsigned int events = frame->events;
	size_t waiting = frame->npending, returned = frame->returned->n;

	run_ops(frame, rule, first, &item->state);
	/* Whoever goes on unchanged from a rule that did nothing has no reason to
	 * doubt. */
	if (frame->events != events)
		return;
	if (frame->npending == waiting + 1)
		frame->pending[waiting].state.doubt = before;
	else if (frame->npending == waiting && frame->returned->n == returned + 1)
		frame->returned->v[returned].doubt = before;
}

/* The leading ops that everybody passes; *ret_fails: everybody fails the next. */
static size_t quick_ops(
	const struct view *view, const struct rule *rule, bool *ret_fails)
{
	size_t i = 0;

	*ret_fails = false;
	for (; i < rule->nops; i++) {
		enum quick quick = quick_match(view, &rule->ops[i]);

		if (quick == QUICK_UNSURE)
			break;
		if (quick == QUICK_NO) {
			*ret_fails = true;
			break;
		}
	}
	return i;
}

/* From the item's rule on, past those that everybody fails, to one that does more. */
static void run_from(struct frame *frame, struct pending *item)
{
	const struct chain *chain = frame->chain;
	struct view view = effect_view(frame->run, chain, &item->state);
	bool fails;

	for (;;) {
		size_t first = quick_ops(&view, &chain->rules[item->at], &fails);

		if (!fails) {
			run_rule(frame, item, first);
			return;
		}
		frame->run->steps++;
		item->at = index_next(&item->cursor, item->at + 1);
		if (item->at >= chain->nrules) {
			states_push(frame->run->arena, frame->returned, &item->state);
			return;
		}
		if (frame->npending) {
			frame_push(frame, item->at, &item->state);
			return;
		}
	}
}

static void give_up(struct frame *frame, struct pending *item)
{
	frame->run->exhausted = true;
	run_doubt(frame->run, &item->state, NULL, "walk-too-long",
		"the rules take more steps than this analysis allows");
	states_push(frame->run->arena, frame->accepted, &item->state);
	run_end(frame->run, &item->state,
		could_redirect(frame) ? ENDING_TAKEN : ENDING_DROP, REJECT_ICMP);
}

static void run_chain(struct run *run, const struct chain *chain,
	const struct state *state, unsigned int depth, struct states *accepted,
	struct states *returned)
{
	_uninit_ struct pending room[PENDING_ROOM];
	struct frame frame = {.run = run,
		.chain = chain,
		.accepted = accepted,
		.returned = returned,
		.pending = room,
		.room = room,
		.depth = depth};

	frame_push(&frame, 0, state);
	while (frame.npending && !arena_failed(run->arena)) {
		struct pending item = frame_pop(&frame);

		if (++run->steps > RUN_STEPS_MAX || frame.npending > RUN_STATES_MAX)
			give_up(&frame, &item);
		else
			run_from(&frame, &item);
	}
}

void chain_run_base(struct run *run, const struct chain *chain,
	const struct state *state, struct states *accepted)
{
	struct states returned = {0};

	run->priority = chain->priority;
	run_chain(run, chain, state, 0, accepted, &returned);
	for (size_t i = 0; i < returned.n; i++) {
		struct state *end = &returned.v[i];

		if (chain->policy == VERDICT_ACCEPT) {
			states_push(run->arena, accepted, end);
			continue;
		}
		run_trace(run, end, chain, NULL, NULL, EFFECT_POLICY, "policy drop");
		run_end(run, end, ENDING_DROP, REJECT_ICMP);
	}
}
