/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/walk.h"

#include <linux/if_packet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <string.h>

#include "common/proto.h"
#include "netmon/reach/answer.h"
#include "netmon/reach/hooks.h"
#include "netmon/reach/listen.h"
#include "netmon/reach/routing.h"

/*
 * Theory of operation. A visit is a packet set in one namespace, with the stations that
 * it passed before. It goes ingress, prerouting, routing, then input to a socket, or
 * forward and postrouting to the next namespace. Wherever it ends, an outcome is noted
 * for its peers, and the answer is sent back through the stations to learn whether the
 * asker hears it.
 */

#define STATIONS_MAX 4

struct visit {
	struct walk *walk;
	struct run run; /* of this namespace */
	struct station stations[STATIONS_MAX];
	size_t nstations;
	enum path path;
	bool has_path;
	bool translated;
	enum route_kind kind; /* as what a socket gets it */
	const struct container *container;
};

/* ---------------------------------------------------------------- outcomes */

/* @what as it ended for this packet set; path and container default to the visit's. */
static void add_outcome(
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

static void end_silent(
	struct visit *visit, const struct state *state, enum delivery delivery)
{
	add_outcome(visit, state,
		&(struct outcome){.result = RESULT_FILTERED, .delivery = delivery});
}

/* Where nobody can say how it goes on: the worst is assumed, and the best. */
static void end_unknown(
	struct visit *visit, struct state state, const char *code, const char *text)
{
	run_doubt(&visit->run, &state, NULL, code, text);
	add_outcome(visit, &state, &(struct outcome){.reaches = true});
	end_silent(visit, &state, DELIVERY_DROPPED);
}

/* icmp_send() and icmpv6_send() are silent about broadcasts and groups, and nothing
 * answers from such an address. */
static bool is_unanswered(const struct visit *visit)
{
	return visit->kind == ROUTE_BROADCAST || visit->kind == ROUTE_MULTICAST;
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

/* Send an answer back and note the outcome for those who hear it and those who do not.
 */
static void end_answered(struct visit *visit, const struct state *state,
	enum packet_kind kind, const struct outcome *what)
{
	const struct ivset *heard, *unheard;
	struct state mine = *state;
	struct outcome silent = *what;

	if (is_unanswered(visit)) {
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
	add_outcome(visit, &mine, what);
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
	add_outcome(visit, &mine, &silent);
}

static void note_endings(struct visit *visit)
{
	struct endings endings = visit->run.endings;

	visit->run.endings = (struct endings){0};
	for (size_t i = 0; i < endings.n; i++) {
		struct ended *e = &endings.v[i];
		struct outcome what = {
			.result = RESULT_REJECTED, .delivery = DELIVERY_REJECTED};

		switch (e->ending) {
		case ENDING_DROP:
			end_silent(visit, &e->state, DELIVERY_DROPPED);
			break;
		case ENDING_REJECT:
			end_answered(visit, &e->state,
				e->reject == REJECT_TCP_RESET ? PACKET_REFUSE
							      : PACKET_ICMP_ERROR,
				&what);
			break;
		case ENDING_TAKEN:
			end_unknown(visit, e->state, "packet-taken",
				"a rule takes the packet elsewhere");
			break;
		}
	}
}

/* ---------------------------------------------------------------- delivery */

static void proxy_outcome(
	struct visit *visit, const struct listener *l, struct outcome *what)
{
	const struct container *c = l->container;
	struct space *inside = host_container_space(visit->walk->reach, c);
	enum tri hears;

	what->path = PATH_DOCKER_PROXY;
	what->has_path = true;
	what->target = l->target;
	what->target_port = l->target_port;
	what->target_origin = PORT_FIXED;
	if (visit->walk->proto != IPPROTO_UDP || !inside)
		return;
	/* A datagram is only answered when the container's socket does. */
	hears = listen_any(inside, IPPROTO_UDP, l->target_port);
	if (hears == TRI_NO) {
		what->listener = TRI_NO;
		what->result = RESULT_FILTERED;
	}
}

static void deliver(struct visit *visit, struct state *state)
{
	const struct packet *packet = &state->packet;
	bool datagram = proto_is_datagram(packet->proto);
	struct listener l;
	struct outcome what = {.delivery = DELIVERY_DELIVERED,
		.reaches = true,
		.target = {packet->daddr, (enum family)packet->family},
		.target_port = packet->dport,
		.target_origin = packet->dport_origin};

	listen_find(visit->walk->reach, visit->run.space, packet, &l);
	what.listener = l.listens;
	what.sock = l.sock;
	if (!visit->container && l.container)
		what.container = l.container;
	if (packet->dport_unknown) {
		end_unknown(visit, *state, "port-unknown",
			"which port it is translated to is not known");
		return;
	}
	switch (l.listens) {
	case TRI_YES:
		what.result = RESULT_OPEN;
		if (!visit->has_path) {
			what.has_path = true;
			what.path = l.path;
		}
		if (l.path == PATH_DOCKER_PROXY)
			proxy_outcome(visit, &l, &what);
		run_trace(&visit->run, state, NULL, NULL, "socket", EFFECT_ACCEPT,
			l.text);
		end_answered(visit, state, PACKET_ACCEPT, &what);
		return;
	case TRI_NO:
		what.result = RESULT_CLOSED;
		run_trace(&visit->run, state, NULL, NULL, "socket", EFFECT_OTHER,
			"nobody listens");
		end_answered(visit, state, datagram ? PACKET_ICMP_ERROR : PACKET_REFUSE,
			&what);
		return;
	case TRI_UNKNOWN:
		what.result = RESULT_MAYBE;
		run_doubt(&visit->run, state, NULL, "listener-unknown",
			"which sockets listen there could not be read");
		end_answered(visit, state, PACKET_ACCEPT, &what);
		return;
	}
}

/* ---------------------------------------------------------------- onwards */

static void enter(struct visit *visit, struct states *states);

/* What a packet forgets when it crosses into another namespace (skb_scrub_packet()). */
static void cross(const struct packet *from, int iif, struct packet *to)
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
	to->iif = iif;
	to->port_in = to->port_out = -1;
	to->entry = CT_NEW;
}

static void forget_source_port(struct packet *packet)
{
	packet->sport_unknown = packet->orig_sport_unknown = true;
	packet->reply_dport_unknown = true;
}

/* The interface of a namespace that holds an address. */
static int interface_with(const struct space *space, const struct addr *addr)
{
	const struct netns *ns = space->netns;

	for (size_t i = 0; i < ns->naddrs; i++)
		if (ns->addrs[i].local.family == addr->family &&
			ns->addrs[i].local.value == addr->value)
			return ns->addrs[i].ifindex;
	return 0;
}

/* It is sent to somebody, and what becomes of it there is not known. */
static void end_out_of_sight(
	struct visit *visit, struct state *state, const char *code, const char *text)
{
	struct outcome what = {.delivery = DELIVERY_DELIVERED,
		.reaches = true,
		.target = {state->packet.daddr, (enum family)state->packet.family},
		.target_port = state->packet.dport,
		.target_origin = state->packet.dport_origin,
		.passes = !visit->container &&
			  state->packet.daddr == visit->walk->asked_addr};

	run_doubt(&visit->run, state, NULL, code, text);
	add_outcome(visit, state, &what);
	what.reaches = false;
	add_outcome(visit, state, &what);
}

/* Into a container's namespace, by its interface; @through_host: the host forwarded it.
 */
static void enter_container(struct visit *visit, struct state *state,
	const struct container *container, bool through_host)
{
	struct reach *reach = visit->walk->reach;
	struct space *inside = host_container_space(reach, container);
	struct visit next = *visit;
	struct states start = {0};
	struct state at = *state;
	struct addr to = {state->packet.daddr, (enum family)state->packet.family};

	next.container = container;
	if (!next.has_path) {
		next.has_path = true;
		next.path = PATH_ROUTED;
	}
	if (!inside || visit->nstations + 1 >= STATIONS_MAX) {
		end_out_of_sight(&next, &at, "netns-unreadable",
			"the container's network namespace could not be read");
		return;
	}
	if (through_host)
		next.stations[next.nstations++] = (struct station){
			.space = visit->run.space, .state = *state, .forwarded = true};
	next.run.space = inside;
	next.run.endings = (struct endings){0};
	cross(&state->packet, interface_with(inside, &to), &at.packet);
	if (inside->tells_source_ports && at.packet.sport_class)
		forget_source_port(&at.packet); /* it has classes of its own */
	states_push(next.run.arena, &start, &at);
	enter(&next, &start);
	visit->run.steps = next.run.steps;
}

/* Out by a bridge: its own hooks, then the port. */
static void through_bridge(
	struct visit *visit, const struct state *state, struct states *ret)
{
	const struct link *out = netns_link(visit->run.space->netns, state->packet.oif);
	struct states start = {0}, passed, left;

	*ret = (struct states){0};
	states_push(visit->run.arena, &start, state);
	if (!out || !out->kind || strcmp(out->kind, "bridge") != 0) {
		*ret = start;
		return;
	}
	start.v[0].packet.port_in = 0;
	start.v[0].packet.port_out = -1;
	hooks_run_bridge(&visit->run, HOOK_OUTPUT, &start, &passed);
	hooks_run_bridge(&visit->run, HOOK_POSTROUTING, &passed, &left);
	*ret = left;
}

static bool is_child(const struct network *net)
{
	return net && net->driver && net->parent &&
	       (strcmp(net->driver, "macvlan") == 0 ||
		       strcmp(net->driver, "ipvlan") == 0);
}

/* macvlan(4): a parent does not talk to its own children; their other siblings do. */
static bool cut_off(const struct address_owner *owner, const struct link *out)
{
	return out && is_child(owner->network) &&
	       strcmp(owner->network->parent, out->name) == 0;
}

/* The container that gets what leaves by that link; NULL: none that is known. */
static const struct container *receiver(struct visit *visit, const struct addr *to,
	const struct link *out, bool *ret_cut_off)
{
	struct reach *reach = visit->walk->reach;
	bool from_host = visit->run.space->is_host;
	const struct address_owner *owner =
		from_host ? host_owner_on(reach, to, out ? out->name : NULL)
			  : host_owner(reach, to);

	*ret_cut_off = owner && cut_off(owner, out);
	/* Another link leads to it by somebody else's router at best. */
	if (owner && from_host && !*ret_cut_off && is_child(owner->network) &&
		!(out && out->kind &&
			(strncmp(out->kind, "macv", 4) == 0 ||
				strncmp(out->kind, "ipvl", 4) == 0)))
		return NULL;
	if (owner)
		return owner->container;
	/* An address that somebody added inside the container. */
	return from_host && out && host_is_container_side(reach, out->index)
		       ? host_holder(reach, to)
		       : NULL;
}

/* It leaves the host (or a namespace) for somebody on that link. */
static void hand_over(struct visit *visit, struct state *state)
{
	struct addr to = {state->packet.daddr, (enum family)state->packet.family};
	const struct link *out = netns_link(visit->run.space->netns, state->packet.oif);
	bool unreachable;
	const struct container *container = receiver(visit, &to, out, &unreachable);

	if (unreachable) {
		end_silent(visit, state, DELIVERY_NO_ROUTE);
		return;
	}
	if (container) {
		enter_container(visit, state, container, true);
		return;
	}
	if (visit->run.space->is_host && out &&
		host_is_engine_bridge(visit->walk->reach, out->index)) {
		/* A container network, and no container has that address. */
		end_silent(visit, state, DELIVERY_NO_ROUTE);
		return;
	}
	if (state->packet.oif == state->packet.iif && !visit->translated &&
		visit->run.space->is_host) {
		/* Back to the link it came from, as it was: nothing of this host's. */
		run_trace(&visit->run, state, NULL, NULL, "routing", EFFECT_OTHER,
			"sent back to the link that it came by");
		end_silent(visit, state, DELIVERY_NO_ROUTE);
		return;
	}
	end_out_of_sight(visit, state, "target-elsewhere",
		"the packet goes on to a host or container that this analysis cannot "
		"see");
}

static void forward(struct visit *visit, struct state *state)
{
	struct arena *arena = visit->run.arena;
	struct states start = {0}, passed, out;

	if ((state->packet.ct_status & IPS_DST_NAT) && !visit->has_path) {
		visit->has_path = true;
		visit->path = PATH_DNAT;
	}
	states_push(arena, &start, state);
	hooks_run(&visit->run, HOOK_FORWARD, &start, &passed);
	hooks_run(&visit->run, HOOK_POSTROUTING, &passed, &out);
	for (size_t i = 0; i < out.n; i++) {
		struct states one = {&out.v[i], 1}, left, last;

		hooks_run_device(
			&visit->run, HOOK_EGRESS, out.v[i].packet.oif, &one, &left);
		for (size_t k = 0; k < left.n; k++) {
			through_bridge(visit, &left.v[k], &last);
			for (size_t m = 0; m < last.n; m++)
				hand_over(visit, &last.v[m]);
		}
	}
}

static void input(struct visit *visit, struct state *state)
{
	struct states start = {0}, passed;
	struct visit mine = *visit;

	state->packet.to_host = true;
	states_push(mine.run.arena, &start, state);
	hooks_run(&mine.run, HOOK_INPUT, &start, &passed);
	for (size_t i = 0; i < passed.n; i++)
		deliver(&mine, &passed.v[i]);
	note_endings(&mine);
	visit->run = mine.run;
}

static void unreachable(struct visit *visit, struct state *state)
{
	struct outcome what = {
		.result = RESULT_REJECTED, .delivery = DELIVERY_NO_ROUTE};

	run_trace(&visit->run, state, NULL, NULL, "routing", EFFECT_REJECT, "no route");
	end_answered(visit, state, PACKET_ICMP_ERROR, &what);
}

static void trace_route(
	struct visit *visit, struct state *state, const struct route_choice *choice)
{
	static const struct {
		enum effect effect;
		const char *text;
	} told[] = {
		[ROUTE_NONE] = {EFFECT_OTHER, "no route"},
		[ROUTE_LOCAL] = {EFFECT_OTHER, "to this host"},
		[ROUTE_UNICAST] = {EFFECT_OTHER, "forwarded to "},
		[ROUTE_BROADCAST] = {EFFECT_OTHER, "to this host"},
		[ROUTE_ANYCAST] = {EFFECT_OTHER, "to this host"},
		[ROUTE_MULTICAST] = {EFFECT_OTHER, "to this host"},
		[ROUTE_BLACKHOLE] = {EFFECT_DROP,
			"dropped: the host does not forward it"},
		[ROUTE_REJECT] = {EFFECT_OTHER, "no route"},
		[ROUTE_MARTIAN] = {EFFECT_DROP,
			"dropped: the source or destination cannot come this way"},
	};
	struct trace_arg arg = {.kind = ARG_NONE};

	if (choice->kind == ROUTE_UNICAST)
		arg = (struct trace_arg){.kind = ARG_NAME,
			.name = space_ifname(visit->run.space, choice->oif)};
	run_trace_arg(&visit->run, state, NULL, NULL, "routing",
		told[choice->kind].effect, told[choice->kind].text, &arg);
}

/*
 * What came in a frame for many is not carried on (ip_forward(), ip6_forward()), and is
 * no part of a connection (tcp_v4_rcv(), tcp_v6_rcv(), sctp_rcv()): nothing is left of
 * the set. Where the frame is the sender's choice, some of it may be lost.
 */
static bool is_for_many(
	struct visit *visit, struct state *state, const struct route_choice *choice)
{
	struct packet *packet = &state->packet;
	bool minds = choice->kind == ROUTE_UNICAST ||
		     (choice->kind == ROUTE_LOCAL && packet->proto != IPPROTO_UDP &&
			     packet->proto != IPPROTO_UDPLITE);

	if (!minds || (!packet->pkttype_unknown && packet->pkttype == PACKET_HOST))
		return false;
	if (packet->pkttype_unknown)
		run_doubt(&visit->run, state, NULL, "frame-for-many",
			"it is dropped unless its frame is for this host alone");
	end_silent(visit, state, DELIVERY_DROPPED);
	return !packet->pkttype_unknown;
}

static void follow_choice(struct visit *visit, const struct state *state,
	const struct route_choice *choice)
{
	struct visit mine = *visit;
	struct state s = *state;

	s.peers = choice->peers;
	if (mine.run.space->is_host)
		mine.translated = (s.packet.ct_status & IPS_DST_NAT) != 0;
	if (choice->doubtful)
		run_doubt(&mine.run, &s, NULL, "route-undecidable",
			"the route depends on a rule or hash that is not known here");
	mine.run.hook = HOOK_PREROUTING;
	mine.kind = choice->kind;
	trace_route(&mine, &s, choice);
	if (is_for_many(&mine, &s, choice)) {
		visit->run = mine.run;
		return;
	}
	switch (choice->kind) {
	case ROUTE_LOCAL:
		input(&mine, &s);
		break;
	case ROUTE_UNICAST:
		s.packet.oif = choice->oif;
		forward(&mine, &s);
		break;
	case ROUTE_ANYCAST: /* tcp_v6_conn_request(): it must be a unicast address */
	case ROUTE_BROADCAST:
	case ROUTE_MULTICAST:
		if (proto_is_datagram(s.packet.proto))
			input(&mine, &s);
		else
			end_silent(&mine, &s, DELIVERY_DROPPED);
		break;
	case ROUTE_NONE:
	case ROUTE_REJECT:
		unreachable(&mine, &s);
		break;
	case ROUTE_BLACKHOLE:
		end_silent(&mine, &s, DELIVERY_NO_ROUTE);
		break;
	case ROUTE_MARTIAN:
		end_silent(&mine, &s, DELIVERY_DROPPED);
		break;
	}
	note_endings(&mine);
	visit->run = mine.run;
}

/* Where rules or routes could not be read, anything may become of it. */
static void note_unread(struct visit *visit, struct states *states)
{
	const struct netns *ns = visit->run.space->netns;

	if (ns->rules_known && ns->routes_known)
		return;
	for (size_t i = 0; i < states->n; i++) {
		run_doubt(&visit->run, &states->v[i], NULL, "netns-unreadable",
			"rules or routes of a network namespace could not be read");
		end_unknown(visit, states->v[i], "netns-unreadable",
			"rules or routes of a network namespace could not be read");
	}
}

/* From an interface's prerouting on; takes the whole visit to its ends. */
static void enter(struct visit *visit, struct states *states)
{
	struct arena *arena = visit->run.arena;
	struct route_choices *choices = arena_alloc_raw(arena, sizeof(*choices));
	struct states routed;

	if (!choices)
		return;
	note_unread(visit, states);
	hooks_run(&visit->run, HOOK_PREROUTING, states, &routed);
	for (size_t i = 0; i < routed.n; i++) {
		routing_input(visit->run.space, arena, &routed.v[i].packet,
			routed.v[i].peers, choices);
		for (size_t k = 0; k < choices->n; k++)
			follow_choice(visit, &routed.v[i], &choices->choice[k]);
		if (choices->overflow)
			end_unknown(visit, routed.v[i], "routes-too-many",
				"more routes concern it than are followed");
	}
	note_endings(visit);
}

/* ---------------------------------------------------------------- arrival */

/* A macvlan or ipvlan child of the interface takes its frames before the host's stack.
 */
static const struct address_owner *child_of(
	const struct walk *walk, int iif, const struct addr *to, enum path *ret_path)
{
	const struct address_owner *owner = host_owner(walk->reach, to);
	const struct network *net = owner ? owner->network : NULL;
	const char *parent = space_ifname(walk->reach->host, iif);

	if (!net || !net->driver || !net->parent || strcmp(net->parent, parent) != 0)
		return NULL;
	if (strcmp(net->driver, "macvlan") == 0)
		*ret_path = PATH_MACVLAN;
	else if (strcmp(net->driver, "ipvlan") == 0)
		*ret_path = PATH_IPVLAN;
	else
		return NULL;
	return owner;
}

static bool is_bridge(const struct link *link)
{
	return link && link->kind && strcmp(link->kind, "bridge") == 0;
}

/* Below a bridge or bond the frame passes the hooks of the port it came by first. */
static void through_ports(
	struct visit *visit, int iif, const struct states *in, struct states *ret)
{
	const struct reach *reach = visit->walk->reach;
	const struct netns *ns = visit->run.space->netns;
	const struct link *port = NULL, *inner = NULL;
	size_t nports = 0, ninner = 0;

	for (size_t i = 0; i < ns->nlinks; i++) {
		const struct link *link = &ns->links[i];

		if (link->master != iif || !link->up)
			continue;
		/* Strangers do not come by a container's port. */
		if (host_is_container_port(reach, link)) {
			inner = link;
			ninner++;
		} else {
			port = link;
			nports++;
		}
	}
	if (nports == 0) {
		port = inner;
		nports = ninner;
	}
	*ret = *in;
	if (nports == 1)
		hooks_run_device(&visit->run, HOOK_INGRESS, port->index, in, ret);
	if (!is_bridge(netns_link(ns, iif)))
		return;
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i].packet.port_in = nports == 1 ? port->index : -1;
	struct states frames = *ret;
	hooks_run_bridge(&visit->run, HOOK_PREROUTING, &frames, ret);
}

/* A container on a port of the bridge that the frame came by: it is never routed. */
static const struct address_owner *bridged_to(
	const struct walk *walk, int iif, const struct addr *to)
{
	const struct link *in = netns_link(walk->reach->facts->host, iif);
	const struct address_owner *owner;

	if (walk->by_host || !is_bridge(in))
		return NULL;
	owner = host_owner_on(walk->reach, to, in->name);
	return owner && owner->network && owner->network->bridge ? owner : NULL;
}

/* br_netfilter hands bridged packets to the IP hooks where it is told to. */
static bool bridge_calls_ip(const struct space *space, int ifindex, bool ip4)
{
	const struct link *link = netns_link(space->netns, ifindex);

	return netns_sysctl(space->netns, 0, "net/bridge/bridge-nf-call-%s",
		       ip4 ? "iptables" : "ip6tables") ||
	       (link && (ip4 ? link->nf_call_ip : link->nf_call_ip6));
}

/* From port to port: br_handle_frame(), br_forward(), with br_netfilter's calls. */
static void over_bridge(
	struct visit *visit, struct states *states, const struct container *container)
{
	int iif = visit->walk->iif;
	struct states now = *states, next;
	bool ip = bridge_calls_ip(
		visit->run.space, iif, visit->walk->family == FAMILY_IP4);

	visit->walk->bypassed = true;
	if (ip) {
		hooks_run(&visit->run, HOOK_PREROUTING, &now, &next);
		now = next;
	}
	for (size_t i = 0; i < now.n; i++) {
		now.v[i].packet.port_out = -1;
		now.v[i].packet.oif = iif;
		if (now.v[i].packet.ct_status & IPS_DST_NAT)
			end_unknown(visit, now.v[i], "bridge-nat",
				"a bridged packet is translated");
	}
	hooks_run_bridge(&visit->run, HOOK_FORWARD, &now, &next);
	if (ip) {
		now = next;
		hooks_run(&visit->run, HOOK_FORWARD, &now, &next);
	}
	hooks_run_bridge(&visit->run, HOOK_POSTROUTING, &next, &now);
	if (ip) {
		next = now;
		hooks_run(&visit->run, HOOK_POSTROUTING, &next, &now);
	}
	for (size_t i = 0; i < now.n; i++)
		enter_container(visit, &now.v[i], container, false);
	note_endings(visit);
}

/* Up from the bridge to the host's own stack. */
static void to_host(struct visit *visit, int iif, struct states *states)
{
	struct states now = *states, ingress;

	if (is_bridge(netns_link(visit->run.space->netns, iif)))
		hooks_run_bridge(&visit->run, HOOK_INPUT, states, &now);
	hooks_run_device(&visit->run, HOOK_INGRESS, iif, &now, &ingress);
	visit->path = PATH_HOST_SERVICE;
	enter(visit, &ingress);
}

static bool never_received(const struct packet *packet)
{
	/* ip6_rcv_core(): loopback is no address of a wire. */
	return packet->family == FAMILY_IP6 && packet->daddr == 1;
}

void walk_from_outside(struct walk *walk, int iif, const struct addr *to, uint8_t proto,
	uint16_t port, int sport, const struct ivset *peers)
{
	struct visit visit = {.walk = walk, .run = walk->run};
	struct state state;
	struct states start = {0}, ports, ingress;
	const struct address_owner *child, *bridged;
	const struct link *in = netns_link(walk->reach->facts->host, iif);

	memset(&state, 0, sizeof(state));
	struct packet first = {.family = (uint8_t)to->family,
		.proto = proto,
		.saddr_peer = true,
		.daddr = to->value,
		.sport = sport < 0 ? 0 : (uint16_t)sport,
		.sport_unknown = sport < 0,
		.dport = port};
	cross(&first, iif, &state.packet);
	state.peers = peers;
	state.packet.sport_class = walk->sport_class;
	walk->bypassed = false;
	walk->family = to->family;
	walk->iif = iif;
	walk->asked_addr = to->value;
	walk->asked_port = port;
	walk->proto = proto;
	visit.run.space = walk->reach->host;
	if (never_received(&state.packet) && !(in && in->loopback)) {
		run_trace(&visit.run, &state, NULL, NULL, "arrival", EFFECT_DROP,
			"loopback addresses are not received from a wire");
		end_silent(&visit, &state, DELIVERY_DROPPED);
		return;
	}
	/* A neighbour can put it into a frame for the host alone, too. */
	state.packet.pkttype_unknown = routing_is_group(visit.run.space, to);
	if (routing_vrf(visit.run.space, iif))
		end_unknown(&visit, state, "vrf",
			"it arrives in a VRF, whose routes and sockets are not "
			"followed");
	states_push(visit.run.arena, &start, &state);
	through_ports(&visit, iif, &start, &ports);
	child = child_of(walk, iif, to, &visit.path);
	bridged = bridged_to(walk, iif, to);
	if (child) {
		visit.has_path = true;
		hooks_run_device(&visit.run, HOOK_INGRESS, iif, &ports, &ingress);
		for (size_t i = 0; i < ingress.n; i++)
			enter_container(&visit, &ingress.v[i], child->container, false);
		note_endings(&visit);
	} else if (bridged) {
		over_bridge(&visit, &ports, bridged->container);
	} else {
		to_host(&visit, iif, &ports);
	}
	walk->run.steps = visit.run.steps;
	walk->run.exhausted |= visit.run.exhausted;
}
