/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/walk.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>

#include "netmon/reach/hooks.h"
#include "netmon/reach/visit.h"

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
			visit_end_unknown(visit, now.v[i], "bridge-nat",
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
		visit_enter_container(visit, &now.v[i], container, false);
	visit_note_endings(visit);
}

/* Up from the bridge to the host's own stack. */
static void to_host(struct visit *visit, int iif, struct states *states)
{
	struct states now = *states, ingress;

	if (is_bridge(netns_link(visit->run.space->netns, iif)))
		hooks_run_bridge(&visit->run, HOOK_INPUT, states, &now);
	hooks_run_device(&visit->run, HOOK_INGRESS, iif, &now, &ingress);
	visit->path = PATH_HOST_SERVICE;
	visit_enter(visit, &ingress);
}

static bool never_received(const struct packet *packet)
{
	/* ip6_rcv_core(): loopback is no address of a wire. */
	return packet->family == FAMILY_IP6 && packet->daddr == 1;
}

/* The packet as it arrives. */
static struct state arrival(
	const struct walk *walk, int sport, const struct ivset *peers)
{
	const struct packet first = {.family = (uint8_t)walk->family,
		.proto = walk->proto,
		.saddr_peer = true,
		.daddr = walk->asked_addr,
		.sport = sport < 0 ? 0 : (uint16_t)sport,
		.sport_unknown = sport < 0,
		.dport = walk->asked_port,
		.strange = walk->strange};
	struct state state;

	memset(&state, 0, sizeof(state));
	visit_cross(&first, walk->iif, &state.packet);
	state.packet.sport_class = walk->sport_class;
	state.peers = peers;
	return state;
}

void walk_from_outside(struct walk *walk, int iif, const struct addr *to, uint8_t proto,
	uint16_t port, int sport, const struct ivset *peers)
{
	struct visit visit = {.walk = walk, .run = walk->run};
	struct state state;
	struct states start = {0}, ports, ingress;
	const struct address_owner *child, *bridged;
	const struct link *in = netns_link(walk->reach->facts->host, iif);

	walk->bypassed = false;
	walk->family = to->family;
	walk->iif = iif;
	walk->asked_addr = to->value;
	walk->asked_port = port;
	walk->proto = proto;
	state = arrival(walk, sport, peers);
	visit.run.space = walk->reach->host;
	/* Its chains of the netdev family see what is for a child, too. */
	walk->tells_strange |= walk->reach->host->tells_strange;
	if (never_received(&state.packet) && !(in && in->loopback)) {
		run_trace(&visit.run, &state, NULL, NULL, "arrival", EFFECT_DROP,
			"loopback addresses are not received from a wire");
		visit_end_silent(&visit, &state, DELIVERY_DROPPED);
		return;
	}
	/* A neighbour can put it into a frame for the host alone, too. */
	state.packet.pkttype_unknown = routing_is_group(visit.run.space, to, 0);
	if (routing_vrf(visit.run.space, iif))
		visit_end_unknown(&visit, state, "vrf",
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
			visit_enter_container(
				&visit, &ingress.v[i], child->container, false);
		visit_note_endings(&visit);
	} else if (bridged) {
		over_bridge(&visit, &ports, bridged->container);
	} else {
		to_host(&visit, iif, &ports);
	}
	walk->run.steps = visit.run.steps;
	walk->run.exhausted |= visit.run.exhausted;
}

static bool is_about_ports(const struct doubt *doubt)
{
	/* What ports are compared by: rules, ipsets, routing rules. */
	static const char *const codes[] = {"source-port", "ipset-undecidable",
		"ipset-dynamic", "route-undecidable"};

	for (; doubt; doubt = doubt->before)
		for (size_t k = 0; k < ARRAY_LEN(codes); k++)
			if (strcmp(doubt->code, codes[k]) == 0)
				return true;
	return false;
}

bool walk_wants_port(const struct walk *walk)
{
	for (size_t i = 0; i < walk->n; i++) {
		const struct outcome *o = &walk->outcomes[i];

		if (is_about_ports(o->doubt))
			return true;
		/* A way back that is perhaps none leaves no doubt behind. */
		for (size_t k = 0; k < i && !o->doubt; k++)
			if (!walk->outcomes[k].doubt &&
				ivset_intersects(o->peers, walk->outcomes[k].peers))
				return true;
	}
	return false;
}
