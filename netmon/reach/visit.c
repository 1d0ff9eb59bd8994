/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/visit.h"

#include <linux/if_packet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <string.h>

#include "common/proto.h"
#include "netmon/reach/hooks.h"
#include "netmon/reach/listen.h"

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

static void deliver_to(struct visit *visit, struct state *state,
	const struct listener *l, struct outcome what)
{
	what.result = RESULT_OPEN;
	what.sock = l->sock;
	if (!visit->container)
		what.container = l->container;
	if (!visit->has_path) {
		what.has_path = true;
		what.path = l->path;
	}
	if (l->path == PATH_DOCKER_PROXY)
		proxy_outcome(visit, l, &what);
	run_trace(&visit->run, state, NULL, NULL, "socket", EFFECT_ACCEPT, l->text);
	visit_end_answered(visit, state, PACKET_ACCEPT, &what);
}

/* To each that may get it: what is for many is copied, else one of them gets it. */
static void deliver_to_all(struct visit *visit, const struct state *state,
	const struct listener *first, const struct outcome *what)
{
	bool many = visit->kind == ROUTE_BROADCAST || visit->kind == ROUTE_MULTICAST;
	struct listener *all;
	size_t n = listen_sharers(visit->walk->reach, visit->run.space, &state->packet,
		many, first, visit->run.arena, &all);

	for (size_t i = 0; i < n; i++) {
		struct state mine = *state;

		if (n > 1 && !many)
			run_doubt(&visit->run, &mine, NULL, "port-shared",
				"several programs share the port: who of them gets it "
				"is the kernel's choice");
		deliver_to(visit, &mine, &all[i], *what);
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
		visit_end_unknown(visit, *state, "port-unknown",
			"which port it is translated to is not known");
		return;
	}
	switch (l.listens) {
	case TRI_YES:
		deliver_to_all(visit, state, &l, &what);
		return;
	case TRI_NO:
		what.result = RESULT_CLOSED;
		run_trace(&visit->run, state, NULL, NULL, "socket", EFFECT_OTHER,
			"nobody listens");
		visit_end_answered(visit, state,
			datagram ? PACKET_ICMP_ERROR : PACKET_REFUSE, &what);
		return;
	case TRI_UNKNOWN:
		what.result = RESULT_MAYBE;
		run_doubt(&visit->run, state, NULL, "listener-unknown",
			"which sockets listen there could not be read");
		visit_end_answered(visit, state, PACKET_ACCEPT, &what);
		return;
	}
}

/* ---------------------------------------------------------------- onwards */

static void forget_source_port(struct packet *packet)
{
	packet->sport_unknown = packet->orig_sport_unknown = true;
	packet->reply_dport_unknown = true;
}

/* The interface of a namespace that what is sent to an address of its own comes by; 0:
 * nobody knows. */
static int interface_with(const struct space *space, const struct addr *addr)
{
	const struct netns *ns = space->netns;
	int only = 0;

	for (size_t i = 0; i < ns->naddrs; i++)
		if (addr_equal(&ns->addrs[i].local, addr))
			return ns->addrs[i].ifindex;
	/* Its own by a route alone: that which leads out, if it is one. */
	for (size_t i = 0; i < ns->nlinks; i++) {
		if (!ns->links[i].up || ns->links[i].loopback)
			continue;
		if (only)
			return 0;
		only = ns->links[i].index;
	}
	return only;
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
	visit_add_outcome(visit, state, &what);
	what.reaches = false;
	visit_add_outcome(visit, state, &what);
}

void visit_enter_container(struct visit *visit, struct state *state,
	const struct container *container, bool through_host)
{
	struct reach *reach = visit->walk->reach;
	struct space *inside = host_container_space(reach, container);
	struct visit next = *visit;
	struct states start = {0}, ingress;
	struct state at = *state;
	struct addr to = {state->packet.daddr, (enum family)state->packet.family};
	int iif;

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
	iif = interface_with(inside, &to);
	if (iif == 0) {
		end_out_of_sight(&next, &at, "container-interface",
			"by which of its interfaces the container gets the packet is "
			"not known");
		return;
	}
	next.run.space = inside;
	next.run.endings = (struct endings){0};
	visit_cross(&state->packet, iif, &at.packet);
	if (inside->tells_source_ports && at.packet.sport_class)
		forget_source_port(&at.packet); /* it has classes of its own */
	states_push(next.run.arena, &start, &at);
	hooks_run_device(&next.run, HOOK_INGRESS, at.packet.iif, &start, &ingress);
	visit_enter(&next, &ingress);
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

/* A container's own bridge, or a pair that does not end at the host: engines inside of
 * it give addresses that the host's engines give as well. */
static bool ends_inside(const struct reach *reach, const struct link *out)
{
	if (!out || !out->kind)
		return false;
	return strcmp(out->kind, "bridge") == 0 ||
	       (strcmp(out->kind, "veth") == 0 && out->link_netnsid >= 0 &&
		       !netns_other_end(reach->facts->host, out));
}

/* The container that gets what leaves by that link; NULL: none that is known. */
static const struct container *receiver(struct visit *visit, const struct addr *to,
	const struct link *out, bool *ret_cut_off)
{
	struct reach *reach = visit->walk->reach;
	bool from_host = visit->run.space->is_host;
	const struct address_owner *owner = NULL;

	if (from_host)
		owner = host_owner_on(reach, to, out ? out->name : NULL);
	else if (!ends_inside(reach, out))
		owner = host_owner(reach, to);
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
		visit_end_silent(visit, state, DELIVERY_NO_ROUTE);
		return;
	}
	if (container) {
		const struct link *port =
			out && visit->run.space->is_host
				? host_port_of(visit->walk->reach, out, container)
				: NULL;
		struct states one = {state, 1}, left = one;

		if (port)
			hooks_run_device(
				&visit->run, HOOK_EGRESS, port->index, &one, &left);
		for (size_t i = 0; i < left.n; i++)
			visit_enter_container(visit, &left.v[i], container, true);
		return;
	}
	if (visit->run.space->is_host && out &&
		host_is_engine_bridge(visit->walk->reach, out->index) &&
		!state->packet.via_gateway &&
		!host_is_spoken_for(visit->walk->reach, out, &to)) {
		/* A container network, and no container has that address, nor is one a
		 * router to it. */
		visit_end_silent(visit, state, DELIVERY_NO_ROUTE);
		return;
	}
	if (state->packet.oif == state->packet.iif && !visit->translated &&
		visit->run.space->is_host) {
		/* Back to the link it came from, as it was: nothing of this host's. */
		run_trace(&visit->run, state, NULL, NULL, "routing", EFFECT_OTHER,
			"sent back to the link that it came by");
		visit_end_silent(visit, state, DELIVERY_NO_ROUTE);
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
	visit_note_endings(&mine);
	visit->run = mine.run;
}

static void unreachable(struct visit *visit, struct state *state)
{
	struct outcome what = {
		.result = RESULT_REJECTED, .delivery = DELIVERY_NO_ROUTE};

	run_trace(&visit->run, state, NULL, NULL, "routing", EFFECT_REJECT, "no route");
	visit_end_answered(visit, state, PACKET_ICMP_ERROR, &what);
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
		     (choice->kind == ROUTE_LOCAL && !proto_is_datagram(packet->proto));

	if (!minds || (!packet->pkttype_unknown && packet->pkttype == PACKET_HOST))
		return false;
	if (packet->pkttype_unknown)
		run_doubt(&visit->run, state, NULL, "frame-for-many",
			"it is dropped unless its frame is for this host alone");
	visit_end_silent(visit, state, DELIVERY_DROPPED);
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
	if (choice->group_unknown)
		run_doubt(&mine.run, &s, NULL, "group-unknown",
			"which multicast groups were joined is not known here");
	else if (choice->doubtful)
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
		s.packet.via_gateway = choice->gateway.family != FAMILY_NONE;
		forward(&mine, &s);
		break;
	case ROUTE_ANYCAST: /* tcp_v6_conn_request(): it must be a unicast address */
	case ROUTE_BROADCAST:
	case ROUTE_MULTICAST:
		if (proto_is_datagram(s.packet.proto))
			input(&mine, &s);
		else
			visit_end_silent(&mine, &s, DELIVERY_DROPPED);
		break;
	case ROUTE_NONE:
	case ROUTE_REJECT:
		unreachable(&mine, &s);
		break;
	case ROUTE_BLACKHOLE:
		visit_end_silent(&mine, &s, DELIVERY_NO_ROUTE);
		break;
	case ROUTE_MARTIAN:
		visit_end_silent(&mine, &s, DELIVERY_DROPPED);
		break;
	}
	visit_note_endings(&mine);
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
		visit_end_unknown(visit, states->v[i], "netns-unreadable",
			"rules or routes of a network namespace could not be read");
	}
}

void visit_enter(struct visit *visit, struct states *states)
{
	struct arena *arena = visit->run.arena;
	struct route_choices *choices = arena_alloc_raw(arena, sizeof(*choices));
	struct states routed;

	if (!choices)
		return;
	visit->walk->tells_strange |= visit->run.space->tells_strange;
	for (size_t i = 0; i < states->n; i++)
		states->v[i].packet.tagged = states->v[i].packet.tagged_once = false;
	note_unread(visit, states);
	hooks_run(&visit->run, HOOK_PREROUTING, states, &routed);
	for (size_t i = 0; i < routed.n; i++) {
		routing_input(visit->run.space, arena, &routed.v[i].packet,
			routed.v[i].peers, choices);
		for (size_t k = 0; k < choices->n; k++)
			follow_choice(visit, &routed.v[i], &choices->choice[k]);
		if (choices->overflow)
			visit_end_unknown(visit, routed.v[i], "routes-too-many",
				"more routes concern it than are followed");
	}
	visit_note_endings(visit);
}
