/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk through one base chain: rules in order, jumps, verdicts. */
#ifndef SEAWALL_NETMON_REACH_CHAIN_H
#define SEAWALL_NETMON_REACH_CHAIN_H

#include "netmon/reach/packet.h"
#include "netmon/reach/space.h"

/* A growing list of packet sets. */
struct states {
	struct state *v;
	size_t n;
};

/* How a packet set ended before it was delivered. */
enum ending { ENDING_DROP = 0, ENDING_REJECT, ENDING_TAKEN };

struct ended {
	struct state state;
	enum ending ending;
	enum reject_kind reject;
};

struct endings {
	struct ended *v;
	size_t n;
};

/**
 * struct run - what a walk through chains shares
 * @arena:    everything of this walk; reset by its owner
 * @tracing:  keep the steps of the way in (costs memory)
 * @endings:  packet sets that were dropped or rejected
 * @steps:    rules evaluated so far; the walk gives up past the limit
 */
struct run {
	struct space *space;
	struct arena *arena;
	enum hook hook;
	int32_t priority; /* of the base chain that is called */
	bool tracing;
	struct endings endings;
	size_t steps;
	bool exhausted;
};

#define RUN_STEPS_MAX  20000000u
#define RUN_DEPTH_MAX  64 /* NFT_JUMP_STACK_SIZE is 16; legacy has no bound */
#define RUN_STATES_MAX 128

/**
 * chain_run_base() - one packet set through a base chain
 * @accepted: packet sets that go on to the next chain are appended
 *
 * Every peer of @state ends in @accepted or in run->endings, or in both when nobody can
 * tell. Source: nft_do_chain(), ipt_do_table().
 */
void chain_run_base(struct run *run, const struct chain *chain,
	const struct state *state, struct states *accepted);

/** states_push() - append a packet set, joined with an equal one where there is one. */
void states_push(struct arena *arena, struct states *states, const struct state *state);

/** run_end() - note a packet set's end. */
void run_end(struct run *run, const struct state *state, enum ending ending,
	enum reject_kind reject);

/** run_trace() - the state's trace with one more step; @text is static, or a rule's. */
void run_trace(struct run *run, struct state *state, const struct chain *chain,
	const struct rule *rule, const char *stage, enum effect effect,
	const char *text);

/** run_trace_arg() - run_trace() with something to put behind the text. */
void run_trace_arg(struct run *run, struct state *state, const struct chain *chain,
	const struct rule *rule, const char *stage, enum effect effect,
	const char *text, const struct trace_arg *arg);

/** run_doubt() - note why a packet set went both ways. */
void run_doubt(struct run *run, struct state *state, const struct rule *rule,
	const char *code, const char *text);

#endif
