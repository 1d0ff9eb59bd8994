/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/answer.h"

#include <linux/if_packet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "common/zone.h"
#include "netmon/reach/hooks.h"
#include "netmon/reach/origin.h"
#include "netmon/reach/routing.h"

/*
 * Theory of operation. The answer is a packet set of its own, whose destination is the
 * peer. It starts at the socket (or at the rule that rejects) in the innermost
 * station's output hook, and is forwarded by each station further out. Its conntrack
 * entry is the first packet's, so an address that was translated on the way in is put
 * back where the kernel does it. At the end its source must be what the peer dialled.
 */

static void set_kind(struct packet *packet, enum packet_kind kind, enum family family)
{
	packet->kind = (uint8_t)kind;
	if (kind != PACKET_ICMP_ERROR)
		return;
	packet->proto = family == FAMILY_IP4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	packet->icmp_type =
		family == FAMILY_IP4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH;
	packet->icmp_code =
		family == FAMILY_IP4 ? ICMP_PORT_UNREACH : ICMP6_DST_UNREACH_NOPORT;
}

/* The answer as it is made from the packet that was delivered. */
static void reverse(
	const struct packet *first, enum packet_kind kind, struct packet *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = first->family;
	ret->proto = first->proto;
	ret->saddr = first->daddr;
	ret->daddr = first->saddr;
	ret->daddr_peer = first->saddr_peer;
	ret->sport = first->dport;
	ret->dport = first->sport;
	ret->dport_unknown = first->sport_unknown || first->sport_class;
	ret->sport_unknown = first->dport_unknown;
	ret->sport_class = first->sport_class;
	ret->mangled = first->mangled;
	ret->lost = first->lost;
	ret->strange = first->strange; /* it takes some of that over: value_header.c */
	set_kind(ret, kind, (enum family)first->family);
}

/* What its entry holds in a station: the first packet's tuples and marks. */
static void adopt_entry(
	const struct packet *first, enum packet_kind kind, struct packet *p)
{
	p->ct = CT_NONE;
	p->templated = p->rerouted = false;
	p->ctzone = (struct bits32){0};
	p->zone_side = ZONE_BOTH;
	p->entry = kind == PACKET_ICMP_ERROR ? CT_RELATED : CT_ESTABLISHED;
	p->entry_zone = first->ctzone;
	p->entry_zone_side = first->zone_side;
	p->orig_saddr = first->orig_saddr;
	p->orig_saddr_peer = first->orig_saddr_peer;
	p->orig_daddr = first->orig_daddr;
	p->orig_sport = first->orig_sport;
	p->orig_sport_unknown = first->orig_sport_unknown;
	p->orig_dport = first->orig_dport;
	p->reply_saddr = first->reply_saddr;
	p->reply_daddr = first->reply_daddr;
	p->reply_daddr_peer = first->reply_daddr_peer;
	p->reply_sport = first->reply_sport;
	p->reply_dport = first->reply_dport;
	p->reply_dport_unknown = first->reply_dport_unknown;
	p->ctmark = first->ctmark;
	p->ct_status =
		first->ct_status | IPS_CONFIRMED | IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
	if (kind != PACKET_ICMP_ERROR) /* nf_conntrack_in(): an error is no reply */
		p->ct_status |= IPS_SEEN_REPLY;
	p->dnat_done = p->snat_done = true;
	p->mark = (struct bits32){0};
	if (first->ct != CT_NEW)
		hooks_without_entry(p);
}

struct way_back {
	struct walk *walk;
	struct run run;
	const struct station *station;
	const struct space *inner; /* the station it comes from; NULL: made here */
	enum packet_kind kind;
};

/* Which route an answer may take at a step. */
enum step_route {
	STEP_MADE, /* at its socket: also to this host itself, until it is untranslated
		    */
	STEP_REROUTED,	/* after output */
	STEP_FORWARDED, /* through a station further out */
};

/* By what goes to this host itself: loopback, or the VRF of @oif
 * (ip_route_output_key_hash_rcu(), ip6_rt_get_dev_rcu()). */
static int looped_by(const struct space *space, int oif)
{
	const struct link *vrf = routing_vrf(space, oif);
	const struct netns *ns = space->netns;

	if (vrf)
		return vrf->index;
	for (size_t i = 0; i < ns->nlinks; i++)
		if (ns->links[i].loopback)
			return ns->links[i].index;
	return oif;
}

/* The peers for whom there is a way on, each with its interface. */
static void route_states(struct way_back *way, const struct states *in,
	enum step_route step, struct states *ret)
{
	struct arena *arena = way->run.arena;
	struct route_choices *choices = arena_alloc_raw(arena, sizeof(*choices));

	*ret = (struct states){0};
	for (size_t i = 0; choices && i < in->n; i++) {
		const struct state *s = &in->v[i];

		if (step == STEP_FORWARDED)
			routing_input(
				way->run.space, arena, &s->packet, s->peers, choices);
		else
			routing_output(
				way->run.space, arena, &s->packet, s->peers, choices);
		for (size_t k = 0; k < choices->n; k++) {
			const struct route_choice *c = &choices->choice[k];
			struct state next = *s;

			next.peers = c->peers;
			if (c->kind != ROUTE_UNICAST &&
				!(step == STEP_MADE && c->kind == ROUTE_LOCAL)) {
				/* Perhaps there is no way back, or perhaps this one is
				 * the answer: see note_astray(). */
				if (c->doubtful || next.doubt)
					run_end(&way->run, &next, ENDING_DROP,
						REJECT_ICMP);
				continue;
			}
			next.packet.oif = c->kind == ROUTE_LOCAL
						  ? looped_by(way->run.space, c->oif)
						  : c->oif;
			next.packet.via_gateway = c->gateway.family != FAMILY_NONE;
			if (next.packet.sourceless)
				origin_by_route(way->run.space, c, &next.packet);
			if (c->doubtful)
				run_doubt(&way->run, &next, NULL, "route-undecidable",
					"the way back depends on a routing rule");
			states_push(arena, ret, &next);
		}
		if (choices->overflow) {
			struct state next = *s;

			run_doubt(&way->run, &next, NULL, "routes-too-many", NULL);
			states_push(arena, ret, &next);
		}
	}
}

static void leave(struct way_back *way, const struct states *in, struct states *ret)
{
	struct states out;

	hooks_run(&way->run, HOOK_POSTROUTING, in, &out);
	*ret = (struct states){0};
	for (size_t i = 0; i < out.n; i++) {
		struct states one = {&out.v[i], 1}, left;

		hooks_run_device(
			&way->run, HOOK_EGRESS, out.v[i].packet.oif, &one, &left);
		for (size_t k = 0; k < left.n; k++)
			states_push(way->run.arena, ret, &left.v[k]);
	}
}

/* Whether a route is looked for at all; where nobody knows, some may be lost. */
static bool may_be_sent(struct way_back *way, struct state *state)
{
	switch (origin_is_allowed(way->station, way->kind, &state->packet)) {
	case TRI_NO:
		return false;
	case TRI_UNKNOWN:
		run_end(&way->run, state, ENDING_DROP, REJECT_ICMP);
		run_doubt(&way->run, state, NULL, "transparent-socket",
			"only a transparent socket answers from an address that is not "
			"this host's");
		break;
	case TRI_YES:
		break;
	}
	return true;
}

/* nf_ct_attach(): no look-up by zone, not even by raw chains; related, be it a reset.
 */
static void attach(const struct station *station, struct packet *packet)
{
	if (!station->attached || station->state.packet.ct != CT_NEW)
		return;
	packet->ct = packet->entry = CT_RELATED;
	packet->ctzone = packet->entry_zone;
	packet->zone_side = packet->entry_zone_side;
	/* Not confirmed yet, and this is no reply to it. */
	packet->ct_status = station->state.packet.ct_status;
}

/*
 * To this host itself, and without an entry: it comes in by loopback, where it is
 * looked up once more, perhaps in another zone (nf_conntrack_in() passes over what has
 * an entry). It is routed anew where its entry sends it to another
 * (nf_nat_ipv4_pre_routing(), nf_nat_ipv6_in()), else delivered here.
 */
static bool comes_round(const struct way_back *way, const struct packet *packet)
{
	const struct link *out = netns_link(way->run.space->netns, packet->oif);

	return out &&
	       (out->loopback || routing_vrf(way->run.space, out->index) == out) &&
	       packet->ct == CT_INVALID;
}

static void come_round(struct way_back *way, struct state *state, struct states *ret)
{
	const struct packet gone = state->packet;
	struct packet *packet = &state->packet;
	struct states start = {state, 1}, ingress, before, again = {0}, routed, passed;
	struct states left;

	packet->iif = packet->oif;
	packet->oif = packet->bound_if = 0;
	packet->local = false;
	packet->port_in = -1;
	adopt_entry(&way->station->state.packet, way->kind, packet);
	packet->mark = gone.mark;
	hooks_run_device(&way->run, HOOK_INGRESS, packet->iif, &start, &ingress);
	hooks_run(&way->run, HOOK_PREROUTING, &ingress, &before);
	for (size_t i = 0; i < before.n; i++) {
		struct state *s = &before.v[i];

		if (s->packet.daddr_peer != gone.daddr_peer ||
			s->packet.daddr != gone.daddr) {
			states_push(way->run.arena, &again, s);
			continue;
		}
		s->packet = gone;
		states_push(way->run.arena, ret, s);
	}
	route_states(way, &again, STEP_FORWARDED, &routed);
	hooks_run(&way->run, HOOK_FORWARD, &routed, &passed);
	leave(way, &passed, &left);
	for (size_t i = 0; i < left.n; i++)
		states_push(way->run.arena, ret, &left.v[i]);
}

/* Made here: output, then out. */
static void out_of_maker(struct way_back *way, struct state *state, struct states *ret)
{
	struct states start = {state, 1}, routed, passed, changed = {0}, again = {0};
	struct states left;

	adopt_entry(&way->station->state.packet, way->kind, &state->packet);
	attach(way->station, &state->packet);
	state->packet.mark = origin_mark(way->station, way->kind);
	state->packet.local = true;
	state->packet.scope_if = way->station->state.packet.iif;
	if (!may_be_sent(way, state)) {
		*ret = (struct states){0};
		return;
	}
	route_states(way, &start, STEP_MADE, &routed);
	hooks_run(&way->run, HOOK_OUTPUT, &routed, &passed);
	for (size_t i = 0; i < passed.n; i++)
		states_push(way->run.arena,
			passed.v[i].packet.rerouted ? &changed : &again, &passed.v[i]);
	route_states(way, &changed, STEP_REROUTED, &routed); /* ip_route_me_harder() */
	for (size_t i = 0; i < routed.n; i++)
		states_push(way->run.arena, &again, &routed.v[i]);
	leave(way, &again, &left);
	*ret = (struct states){0};
	for (size_t i = 0; i < left.n; i++)
		if (comes_round(way, &left.v[i].packet))
			come_round(way, &left.v[i], ret);
		else
			states_push(way->run.arena, ret, &left.v[i]);
}

/* Where an answer arrives: a container on two networks may answer by the other one.
 * NULL: not by a pair of which an end is here. */
static const struct link *arrives_by(
	const struct way_back *way, const struct packet *answer)
{
	const struct link *out = netns_link(way->inner->netns, answer->oif);

	return out ? netns_other_end(way->run.space->netns, out) : NULL;
}

/* Came in from further inside: prerouting, forward, then out. */
static void through_forwarder(
	struct way_back *way, struct state *state, struct states *ret)
{
	const struct packet *first = &way->station->state.packet;
	const struct link *end = arrives_by(way, &state->packet);
	struct states start = {state, 1}, port, ingress, before, routed, passed;

	state->packet.bound_if = 0;
	state->packet.iif = !end ? first->oif : end->master ? end->master : end->index;
	adopt_entry(first, way->kind, &state->packet);
	state->packet.oif = 0;
	state->packet.local = false;
	state->packet.port_in = -1;
	port = start;
	if (end && end->master)
		hooks_run_device(&way->run, HOOK_INGRESS, end->index, &start, &port);
	hooks_run_device(&way->run, HOOK_INGRESS, state->packet.iif, &port, &ingress);
	hooks_run(&way->run, HOOK_PREROUTING, &ingress, &before);
	route_states(way, &before, STEP_FORWARDED, &routed);
	hooks_run(&way->run, HOOK_FORWARD, &routed, &passed);
	leave(way, &passed, ret);
}

/* Where many are, as everybody on the link knows: no ordinary client takes an answer
 * from there (RFC 1122, 3.2.1.3; RFC 4291, 2.7). Who makes his own packets does. */
static bool many_were_asked(const struct walk *walk)
{
	const struct addr asked = {walk->asked_addr, walk->family};

	return routing_is_group(walk->reach->host, &asked, walk->iif);
}

/* Does the peer see its answer come from where it asked? */
static bool comes_from_asked(const struct walk *walk, const struct packet *packet)
{
	if (packet->mangled)
		return true; /* perhaps: answer_peers() says that it is not certain */
	if (packet->kind == PACKET_ICMP_ERROR)
		return true; /* it quotes the packet; who sends it does not matter */
	return packet->saddr == walk->asked_addr && packet->sport == walk->asked_port;
}

/*
 * Does it leave towards whoever asked? By the interface that the question came by, yes,
 * by whatever router of that link: the first packet was heard and answered, and a
 * router carries what has an address of its own link; neither rp_filter nor anything
 * else of this host looks at which router it was. By another perimeter's router,
 * perhaps: it depends on networks that are not this host's, whose routers may refuse a
 * source that is not theirs (RFC 2827). The owner of an address on another link is not
 * the stranger who borrowed it.
 */
static enum tri leaves_to_peer(const struct walk *walk, const struct station *outermost,
	const struct packet *packet)
{
	const struct netns *ns = walk->reach->facts->host;
	const struct link *out = netns_link(ns, packet->oif);
	const struct link *in = netns_link(ns, walk->iif);

	/* No router is to carry what comes from a loopback address (RFC 1812, 5.3.7).
	 */
	if (zone_is_loopback(&(struct addr){walk->asked_addr, walk->family}) &&
		packet->via_gateway)
		return TRI_UNKNOWN;
	if (!outermost->space->is_host || packet->oif == walk->iif ||
		(out && out->master == walk->iif) ||
		(in && in->master == packet->oif) ||
		(in && out && host_wire(ns, in) == host_wire(ns, out)))
		return TRI_YES;
	return host_is_perimeter(walk->reach, packet->oif) && packet->via_gateway
		       ? TRI_UNKNOWN
		       : TRI_NO;
}

/*
 * Its destination is not the peer's but what the first packet's source became, or an
 * error quotes what nobody asked. An answer's source that is not put back may still
 * become what was asked, by a rule about new packets.
 */
static bool lost_translation(const struct packet *first, const struct packet *answer)
{
	uint32_t counts = answer->kind == PACKET_ICMP_ERROR ? IPS_SRC_NAT | IPS_DST_NAT
							    : IPS_SRC_NAT;

	return (first->ct_status & counts) && answer->ct != CT_ESTABLISHED &&
	       answer->ct != CT_RELATED;
}

/* Answers that ended on the way; where a rule took one away it may have gone on. */
static void note_lost(const struct way_back *way, const struct ivset **lost,
	const struct ivset **heard)
{
	struct arena *arena = way->walk->run.arena;

	for (size_t i = 0; i < way->run.endings.n; i++) {
		const struct ended *e = &way->run.endings.v[i];

		if (e->state.packet.repeated)
			continue; /* not the first answer */
		*lost = ivset_union(arena, *lost, e->state.peers);
		if (e->ending == ENDING_TAKEN)
			*heard = ivset_union(arena, *heard, e->state.peers);
	}
}

/*
 * An answer that gets out, and is none to whoever asked. It is one more way of those
 * that are heard unless a doubt of the way back tells them apart: then either may be
 * it.
 */
static void note_astray(struct arena *arena, const struct state *state,
	const struct ivset **lost, const struct doubt **why)
{
	if (!state->doubt)
		return;
	*lost = ivset_union(arena, *lost, state->peers);
	*why = state->doubt;
}

/* The doubts of the way back, and before them those of the way in. */
static const struct doubt *join_doubts(
	struct arena *arena, const struct doubt *back, const struct doubt *in)
{
	struct doubt *copy;

	if (!back)
		return in;
	copy = arena_alloc(arena, sizeof(*copy));
	if (!copy)
		return back;
	*copy = *back;
	copy->before = join_doubts(arena, back->before, in);
	return copy;
}

void answer_peers(struct walk *walk, const struct station *stations, size_t n,
	enum packet_kind kind, const struct ivset **ret_heard,
	const struct ivset **ret_unheard, const struct doubt **ret_doubt)
{
	struct arena *arena = walk->run.arena;
	const struct station *maker = &stations[n - 1];
	struct state first = {.peers = maker->state.peers};
	struct states now = {&first, 1}, next;
	const struct ivset *heard = &ivset_none, *lost = &ivset_none;
	const struct doubt *doubt = NULL, *why = NULL;
	bool to_many = kind != PACKET_ICMP_ERROR && many_were_asked(walk);

	reverse(&maker->state.packet, kind, &first.packet);
	if (kind == PACKET_ICMP_ERROR)
		origin_of_error(maker, &first.packet);
	if (kind == PACKET_ACCEPT && maker->sock)
		first.packet.bound_if = maker->sock->ifindex;
	for (size_t i = n; i > 0; i--) {
		struct way_back way = {walk, walk->run, &stations[i - 1],
			i == n ? NULL : stations[i].space, kind};
		struct states all = {0};

		way.run.space = stations[i - 1].space;
		way.run.tracing = false;
		way.run.endings = (struct endings){0};
		for (size_t k = 0; k < now.n; k++) {
			if (i == n)
				out_of_maker(&way, &now.v[k], &next);
			else
				through_forwarder(&way, &now.v[k], &next);
			for (size_t m = 0; m < next.n; m++) {
				if (lost_translation(&stations[i - 1].state.packet,
					    &next.v[m].packet))
					note_astray(arena, &next.v[m], &lost, &why);
				else
					states_push(arena, &all, &next.v[m]);
			}
		}
		note_lost(&way, &lost, &heard);
		walk->run.steps = way.run.steps;
		now = all;
	}
	for (size_t k = 0; k < now.n; k++) {
		enum tri leaves = leaves_to_peer(walk, &stations[0], &now.v[k].packet);

		if (!comes_from_asked(walk, &now.v[k].packet) || leaves == TRI_NO) {
			note_astray(arena, &now.v[k], &lost, &why);
			continue;
		}
		heard = ivset_union(arena, heard, now.v[k].peers);
		if (leaves == TRI_UNKNOWN) {
			lost = ivset_union(arena, lost, now.v[k].peers);
			run_doubt(&walk->run, &now.v[k], NULL, "answer-elsewhere",
				"the answer leaves by another interface's router");
		}
		if (now.v[k].packet.mangled)
			lost = ivset_union(arena, lost, now.v[k].peers);
		if (to_many) {
			lost = ivset_union(arena, lost, now.v[k].peers);
			run_doubt(&walk->run, &now.v[k], NULL, "answer-from-many",
				"the answer comes from where many are: few clients "
				"take "
				"it");
		}
		if (now.v[k].doubt)
			doubt = now.v[k].doubt;
	}
	*ret_heard = heard;
	*ret_unheard =
		ivset_union(arena, ivset_subtract(arena, maker->state.peers, heard),
			ivset_intersect(arena, lost, heard));
	*ret_doubt = join_doubts(arena, doubt ? doubt : why, maker->state.doubt);
}
