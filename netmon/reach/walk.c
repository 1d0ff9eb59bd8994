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

/* ---------------------------------------------------------------- below */

#define BELOW_DEPTH_MAX 4 /* a vlan on a bridge with a bond for its port, say */
#define ARRIVAL                                                                 \
	"which of several interfaces it came by first is not known, and their " \
	"rules differ"

/* The links that a frame may have come by before it came by another one. */
struct below {
	const struct link **links;
	size_t n;
};

/* What is made of one other link of this namespace, and takes frames from it. */
static const struct link *parent_of(const struct netns *ns, const struct link *link)
{
	static const char *const kinds[] = {
		"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"};

	if (!link || !link->kind || link->link == 0 || link->link_netnsid >= 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(link->kind, kinds[i]) == 0)
			return netns_link(ns, link->link);
	return NULL;
}

static bool has_ports(const struct link *link)
{
	return is_bridge(link) || (link && link->kind &&
					  (strcmp(link->kind, "bond") == 0 ||
						  strcmp(link->kind, "team") == 0));
}

/* Strangers do not come by a container's port, where there are others. */
static struct below find_below(struct visit *visit, const struct link *link)
{
	const struct netns *ns = visit->run.space->netns;
	const struct link *parent = parent_of(ns, link);
	struct below below = {NULL, 0};

	if (!parent && !has_ports(link))
		return below;
	below.links = arena_array(visit->run.arena, ns->nlinks + 1, sizeof(void *));
	if (parent && below.links)
		below.links[below.n++] = parent;
	for (int inner = 0; below.links && below.n == 0 && inner <= 1; inner++)
		for (size_t i = 0; i < ns->nlinks; i++)
			if (ns->links[i].master == link->index && ns->links[i].up &&
				host_is_container_port(visit->walk->reach,
					&ns->links[i]) == (inner != 0))
				below.links[below.n++] = &ns->links[i];
	return below;
}

static void arrive_by(struct visit *visit, const struct link *link, unsigned int depth,
	const struct states *in, struct states *ret);

/* Those with rules of their own, and one of the others, which are all alike. */
static struct below find_different(struct visit *visit, const struct below *below)
{
	struct space *space = visit->run.space;
	struct below found = {
		arena_array(visit->run.arena, below->n + 1, sizeof(void *)), 0};
	bool plain = false;

	for (size_t i = 0; found.links && i < below->n; i++) {
		const struct link *link = below->links[i];
		bool own = has_ports(link) || parent_of(space->netns, link) ||
			   hooks_are_on(space, HOOK_INGRESS, link->index);

		if (own || !plain)
			found.links[found.n++] = link;
		plain |= !own;
	}
	return found;
}

/*
 * By which of several links it came is the sender's place, and nobody here knows it:
 * where their chains do different things, each may have been done.
 */
static void arrive_below(struct visit *visit, const struct below *all_below,
	unsigned int depth, const struct states *in, struct states *ret)
{
	struct run *run = &visit->run;
	struct passage one = {*in, run->endings.n, run->endings.n};
	struct states all = {0};
	bool differ = false;

	*ret = *in;
	if (all_below->n == 0 || run->space->netdev[HOOK_INGRESS].n == 0 ||
		depth > BELOW_DEPTH_MAX)
		return;
	const struct below below = find_different(visit, all_below);
	if (below.n == 0)
		return;
	arrive_by(visit, below.links[0], depth, in, ret);
	one.states = *ret;
	one.end = run->endings.n;
	for (size_t i = 0; i < ret->n; i++)
		states_push(run->arena, &all, &ret->v[i]);
	for (size_t i = 1; i < below.n; i++) {
		size_t from = run->endings.n;
		struct states more;

		arrive_by(visit, below.links[i], depth, in, &more);
		differ |= hooks_join(run, &one, &more, from, &all);
	}
	if (!differ)
		return;
	*ret = all;
	for (size_t i = 0; i < ret->n; i++)
		run_doubt(run, &ret->v[i], NULL, "port-of-arrival", ARRIVAL);
	for (size_t i = one.first; i < run->endings.n; i++)
		run_doubt(run, &run->endings.v[i].state, NULL, "port-of-arrival",
			ARRIVAL);
}

static void arrive_by(struct visit *visit, const struct link *link, unsigned int depth,
	const struct states *in, struct states *ret)
{
	const struct below below = find_below(visit, link);
	struct states up;

	arrive_below(visit, &below, depth + 1, in, &up);
	hooks_run_device(&visit->run, HOOK_INGRESS, link->index, &up, ret);
}

/* The frame passes the hooks of what is below the interface first, and a bridge's. */
static void through_ports(
	struct visit *visit, int iif, const struct states *in, struct states *ret)
{
	const struct link *link = netns_link(visit->run.space->netns, iif);
	const struct below below = find_below(visit, link);

	arrive_below(visit, &below, 0, in, ret);
	if (!is_bridge(link))
		return;
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i].packet.port_in = below.n == 1 ? below.links[0]->index : -1;
	struct states frames = *ret;
	hooks_run_bridge(&visit->run, HOOK_PREROUTING, &frames, ret);
}

/* A container on a port of the bridge that the frame came by: it is never routed. */
static const struct container *bridged_to(
	const struct walk *walk, int iif, const struct addr *to)
{
	const struct link *in = netns_link(walk->reach->facts->host, iif);
	const struct address_owner *owner;

	if (walk->by_host || !is_bridge(in))
		return NULL;
	owner = host_owner_on(walk->reach, to, in->name);
	if (owner && owner->network && owner->network->bridge)
		return owner->container;
	/* One that it took by itself: a router's advertisement, DHCP. */
	return space_has_addr(walk->reach->host, to->family, to->value, 0)
		       ? NULL
		       : host_holder_at(walk->reach, to, in);
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
	/* br_nf_pre_routing(): only what is IP, and has no tag that is not to be
	 * filtered. */
	bool ip = !visit->walk->tagged && !visit->walk->tagged_once &&
		  bridge_calls_ip(
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

#define TAGGED                                                                      \
	"a neighbour may put two VLAN tags of id 0 before it: then rules about IP " \
	"at a device or a bridge do not see it, unless one drops what is no IP"

/* Chains of devices and bridges do, and br_netfilter. */
static bool looks_into_frames(const struct space *space, const struct link *in)
{
	if (space->netdev[HOOK_INGRESS].n)
		return true;
	if (!is_bridge(in))
		return false;
	for (int hook = 0; hook < HOOK_COUNT; hook++)
		if (space->bridge[hook].n)
			return true;
	return bridge_calls_ip(space, in->index, true) ||
	       bridge_calls_ip(space, in->index, false);
}

#define TAGGED_ONCE                                                                 \
	"a neighbour may put a VLAN tag of id 0 before it: then br_netfilter does " \
	"not hand it to the rules about IP"

static bool hides_from_br_netfilter(const struct space *space, const struct link *in)
{
	return netns_sysctl(space->netns, 0,
		       "net/bridge/bridge-nf-filter-vlan-tagged") <= 0 &&
	       (bridge_calls_ip(space, in->index, true) ||
		       bridge_calls_ip(space, in->index, false));
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
	state.packet.tagged = walk->tagged;
	state.packet.tagged_once = walk->tagged_once;
	state.peers = peers;
	return state;
}

void walk_from_outside(struct walk *walk, int iif, const struct addr *to, uint8_t proto,
	uint16_t port, int sport, const struct ivset *peers)
{
	struct visit visit = {.walk = walk, .run = walk->run};
	struct state state;
	struct states start = {0}, ports, ingress;
	const struct address_owner *child;
	const struct container *bridged;
	const struct link *in = netns_link(walk->reach->facts->host, iif);

	walk->bypassed = false;
	walk->family = to->family;
	walk->iif = iif;
	walk->asked_addr = to->value;
	walk->asked_port = port;
	walk->proto = proto;
	state = arrival(walk, sport, peers);
	visit.run.space = walk->reach->host;
	walk->tells_tagged |= looks_into_frames(walk->reach->host, in);
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
	if (walk->tagged || walk->tagged_once) {
		run_doubt(&visit.run, &state, NULL, "frame-tagged",
			walk->tagged ? TAGGED : TAGGED_ONCE);
		visit_end_silent(&visit, &state, DELIVERY_DROPPED);
	}
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
		/* What is for the host meets the same rules with a tag. */
		walk->tells_tagged_once |=
			hides_from_br_netfilter(walk->reach->host, in);
		over_bridge(&visit, &ports, bridged);
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
