/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/visit.h"

#include <string.h>

#include "common/proto.h"

void visit_cross(const struct packet *from, int iif, struct packet *to)
{
	memset(to, 0, sizeof(*to));
	to->family = from->family;
	to->proto = from->proto;
	to->saddr = to->orig_saddr = to->reply_daddr = from->saddr;
	to->saddr_peer = to->orig_saddr_peer = to->reply_daddr_peer = from->saddr_peer;
	to->daddr = to->orig_daddr = to->reply_saddr = from->daddr;
	to->sport = to->orig_sport = to->reply_dport = from->sport;
	to->dport = to->orig_dport = to->reply_sport = from->dport;
	to->sport_unknown = to->orig_sport_unknown = to->reply_dport_unknown =
		from->sport_unknown;
	to->dport_unknown = from->dport_unknown;
	to->dport_origin = from->dport_origin;
	to->mangled = from->mangled;
	to->lost = from->lost;
	to->sport_class = from->sport_class;
	to->repeated = from->repeated;
	to->strange = from->strange;
	to->iif = iif;
	to->port_in = to->port_out = -1;
	to->entry = CT_NEW;
}

/* ---------------------------------------------------------------- endings */

void visit_add_outcome(
	struct visit *visit, const struct state *state, const struct outcome *what)
{
	struct walk *walk = visit->walk;
	struct outcome *o;

	/* What stops only the sender of many packets does not stop a first one. What
	 * lets him in does count: a stranger can send as many as he likes. */
	if (ivset_is_empty(state->peers) || (state->packet.repeated && !what->reaches))
		return;
	o = arena_push(walk->run.arena, &walk->outcomes, &walk->n, sizeof(*o));
	if (!o)
		return;
	*o = *what;
	o->peers = state->peers;
	o->trace = state->trace;
	o->doubt = state->doubt;
	o->translated = visit->translated;
	if (!what->has_path) {
		o->has_path = visit->has_path;
		o->path = visit->path;
	}
	if (!what->container)
		o->container = visit->container;
}

void visit_end_silent(
	struct visit *visit, const struct state *state, enum delivery delivery)
{
	visit_add_outcome(visit, state,
		&(struct outcome){.result = RESULT_FILTERED, .delivery = delivery});
}

void visit_end_unknown(
	struct visit *visit, struct state state, const char *code, const char *text)
{
	run_doubt(&visit->run, &state, NULL, code, text);
	visit_add_outcome(visit, &state, &(struct outcome){.reaches = true});
	visit_end_silent(visit, &state, DELIVERY_DROPPED);
}

/* icmp_send() and icmpv6_send() are silent about broadcasts and groups, and nothing
 * answers from such an address, or to who has none. */
static bool is_unanswered(const struct visit *visit, const struct state *state)
{
	const struct ivset *peers = state->peers;

	return visit->kind == ROUTE_BROADCAST || visit->kind == ROUTE_MULTICAST ||
	       (peers->n && peers->v[peers->n - 1].hi == 0);
}

static void answer_by(struct visit *visit, const struct state *state,
	enum packet_kind kind, const struct outcome *what,
	const struct ivset **ret_heard, const struct ivset **ret_unheard,
	const struct doubt **ret_doubt)
{
	visit->stations[visit->nstations] = (struct station){.space = visit->run.space,
		.state = *state,
		.by_rule = what->delivery == DELIVERY_REJECTED,
		.attached = what->delivery != DELIVERY_DELIVERED,
		.sock = what->sock};
	answer_peers(visit->walk, visit->stations, visit->nstations + 1, kind,
		ret_heard, ret_unheard, ret_doubt);
}

void visit_end_answered(struct visit *visit, const struct state *state,
	enum packet_kind kind, const struct outcome *what)
{
	const struct ivset *heard, *unheard;
	struct state mine = *state;
	struct outcome silent = *what;

	if (is_unanswered(visit, state)) {
		heard = &ivset_none;
		unheard = state->peers;
	} else {
		answer_by(visit, state, kind, what, &heard, &unheard, &mine.doubt);
	}
	if (visit->kind == ROUTE_ANYCAST && kind == PACKET_ACCEPT) {
		/* ip6_datagram_send_ctl() lets it, ip6_route_get_saddr() does not. */
		run_doubt(&visit->run, &mine, NULL, "answer-source",
			"only a program that asks for it answers from an anycast "
			"address");
		unheard = state->peers;
	}
	/* icmp_send(), icmp6_send(): silent about what came in a frame for many. */
	if (kind == PACKET_ICMP_ERROR && state->packet.pkttype_unknown) {
		run_doubt(&visit->run, &mine, NULL, "frame-for-many",
			"no error is told unless its frame is for this host alone");
		unheard = state->peers;
	}
	mine.peers = heard;
	visit_add_outcome(visit, &mine, what);
	mine.peers = unheard;
	run_trace(&visit->run, &mine, NULL, NULL, "answer", EFFECT_DROP,
		"the answer does not get back");
	silent.result = RESULT_FILTERED;
	/* A datagram has done its work without an answer. */
	silent.reaches = what->reaches && proto_is_datagram(visit->walk->proto);
	silent.one_way = silent.reaches;
	if (silent.one_way)
		run_doubt(&visit->run, &mine, NULL, "answer-lost",
			"datagrams get there, but no answer comes back");
	visit_add_outcome(visit, &mine, &silent);
}

void visit_note_endings(struct visit *visit)
{
	struct endings endings = visit->run.endings;

	visit->run.endings = (struct endings){0};
	for (size_t i = 0; i < endings.n; i++) {
		struct ended *e = &endings.v[i];
		struct outcome what = {
			.result = RESULT_REJECTED, .delivery = DELIVERY_REJECTED};

		switch (e->ending) {
		case ENDING_DROP:
			visit_end_silent(visit, &e->state, DELIVERY_DROPPED);
			break;
		case ENDING_REJECT:
			visit_end_answered(visit, &e->state,
				e->reject == REJECT_TCP_RESET ? PACKET_REFUSE
							      : PACKET_ICMP_ERROR,
				&what);
			break;
		case ENDING_TAKEN:
			visit_end_unknown(visit, e->state, "packet-taken",
				"a rule takes the packet elsewhere");
			break;
		}
	}
}
