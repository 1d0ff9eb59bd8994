/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways into a container that are not by this host, or past its engine's knowledge. */
#include <linux/if_arp.h>
#include <string.h>

#include "common/zone.h"
#include "netmon/reach/survey.h"

/*
 * Theory of operation. Walks begin at the host's interfaces, and end at the addresses
 * that engines tell. A network card that was moved into a container, the other end of a
 * pair that nobody knows, a private network's default route, a tunnel or any other kind
 * of link that is not known here, and addresses that a macvlan child took by itself
 * (router advertisements, DHCP) are neither: whoever comes by them is not followed, and
 * that is a gap. Behind a private network without such a route are those that somebody
 * let in: that is told, and hides no exposure to strangers.
 *
 * Who is on a link with a container reaches all of its addresses there, those of its
 * other networks among them (ip_route_input_slow() asks for none of an interface's
 * own). What listens at each is told at those of the link; what is bound to another
 * one is a gap.
 */

/* What it takes for a link of a container to lead to others than this host. */
enum leads {
	ALWAYS = 0, /* as far as is known here */
	NEVER,	    /* it ends here, or where its ports or its parent lead */
	BY_CHILD,   /* of another namespace's link: followed from there to the addresses
		       that are told, if that is the host's, and always if not */
	BY_PARENT,  /* if that is in another namespace */
	BY_END,	    /* if the other end of the pair is nobody's here */
	BY_ROUTE,   /* a virtual private network: if everybody is behind it */
};

static const struct kind {
	const char *name;
	enum leads leads;
} kinds[] = {
	{"bond", NEVER},
	{"bridge", NEVER},
	{"dummy", NEVER},
	{"ifb", NEVER},
	{"ipvlan", BY_CHILD},
	{"ipvtap", BY_CHILD},
	{"macsec", BY_PARENT},
	{"macvlan", BY_CHILD},
	{"macvtap", BY_CHILD},
	{"netkit", BY_END},
	{"nlmon", NEVER},
	{"ppp", BY_ROUTE},
	{"team", NEVER},
	{"tun", BY_ROUTE},
	{"veth", BY_END},
	{"vlan", BY_PARENT},
	{"vrf", NEVER},
	{"vti", BY_ROUTE},
	{"vti6", BY_ROUTE},
	{"wireguard", BY_ROUTE},
	{"xfrm", BY_ROUTE},
};

static enum leads leads_of(const struct link *link)
{
	for (size_t i = 0; link->kind && i < ARRAY_LEN(kinds); i++)
		if (strcmp(link->kind, kinds[i].name) == 0)
			return kinds[i].leads;
	return ALWAYS;
}

/* An address that an engine gave to a container of that namespace. */
static bool is_told(
	const struct reach *reach, const struct netns *ns, const struct addr *addr)
{
	const struct facts *facts = reach->facts;

	for (size_t i = 0; i < facts->ncontainers; i++)
		for (size_t k = 0; facts->containers[i].netns == ns &&
				   k < facts->containers[i].nnets;
			k++)
			if (addr_equal(&facts->containers[i].nets[k].addr4, addr) ||
				addr_equal(&facts->containers[i].nets[k].addr6, addr))
				return true;
	return false;
}

static const struct ifaddr *find_address(const struct reach *reach,
	const struct netns *ns, const struct link *link, bool told)
{
	for (size_t i = 0; i < ns->naddrs; i++)
		if (ns->addrs[i].ifindex == link->index &&
			is_told(reach, ns, &ns->addrs[i].local) == told)
			return &ns->addrs[i];
	return NULL;
}

static bool other_end_is_known(const struct facts *facts, const struct link *link)
{
	for (size_t i = 0; i < facts->nnetns; i++)
		if (netns_other_end(facts->netns[i], link))
			return true;
	return netns_other_end(facts->host, link);
}

static bool holds_default_route(const struct netns *ns, const struct link *link)
{
	for (size_t i = 0; i < ns->nroutes; i++)
		for (size_t k = 0; k < ns->routes[i].nhops; k++)
			if (ns->routes[i].hops[k].ifindex == link->index &&
				host_leads_everywhere(&ns->routes[i]))
				return true;
	return false;
}

/* Walks begin at the host's links, those with children among them. */
static bool parent_is_elsewhere(const struct facts *facts, const struct link *link)
{
	if (link->link_netnsid < 0)
		return false;
	if (link->link_netns)
		return strcmp(link->link_netns, facts->host->id) != 0;
	return !netns_link(facts->host, link->link);
}

/* A tap by which everything goes is rootless networking's, whose packets come by
 * sockets of this host; not where the engine says that it is root's. */
static bool is_rootless_tap(
	const struct reach *reach, const struct container *c, const struct link *link)
{
	const struct facts *facts = reach->facts;

	if (link->type != ARPHRD_ETHER || !holds_default_route(c->netns, link))
		return false;
	for (size_t i = 0; c->engine && i < facts->nengines; i++)
		if (strcmp(facts->engines[i].socket, c->engine) == 0)
			return !facts->engines[i].reachable ||
			       facts->engines[i].rootless;
	return true;
}

static bool is_private_network(const struct link *link)
{
	return link->up && leads_of(link) == BY_ROUTE;
}

static bool leads_elsewhere(
	const struct reach *reach, const struct container *c, const struct link *link)
{
	const struct netns *ns = c->netns;

	if (link->loopback || !link->up)
		return false;
	switch (leads_of(link)) {
	case NEVER:
		return false;
	case BY_CHILD:
		return parent_is_elsewhere(reach->facts, link);
	case BY_PARENT:
		return link->link_netnsid >= 0;
	case BY_END:
		return !other_end_is_known(reach->facts, link) &&
		       !find_address(reach, ns, link, true);
	case BY_ROUTE:
		return holds_default_route(ns, link) &&
		       !is_rootless_tap(reach, c, link);
	case ALWAYS:
		break;
	}
	return true;
}

/* Whether others than this host's containers are on the link. */
static bool is_beside_others(const struct reach *reach, const struct link *link)
{
	const struct link *bridge;

	if (!link->up)
		return false;
	if (leads_of(link) == BY_CHILD)
		return link->link_netnsid >= 0 &&
		       !parent_is_elsewhere(reach->facts, link);
	bridge = leads_of(link) == BY_END ? host_bridge_of(reach, link) : NULL;
	return bridge && host_has_outer_port(reach, bridge);
}

static bool has_address(const struct netns *ns, const struct addr *addr, int ifindex)
{
	for (size_t i = 0; i < ns->naddrs; i++)
		if (addr_equal(&ns->addrs[i].local, addr) &&
			(!ifindex || ns->addrs[i].ifindex == ifindex))
			return true;
	return false;
}

/* route_localnet: 127.0.0.0/8 is an address like others there. */
static bool takes_loopback(const struct netns *ns, const struct link *link)
{
	return netns_sysctl(ns, 0, "net/ipv4/conf/all/route_localnet") ||
	       netns_sysctl(ns, 0, "net/ipv4/conf/%s/route_localnet", link->name);
}

static bool is_of_another_link(
	const struct netns *ns, const struct link *link, const struct addr *addr)
{
	if (zone_is_loopback(addr))
		return addr->family == FAMILY_IP4 && takes_loopback(ns, link);
	return !zone_is_link_local(addr) && has_address(ns, addr, 0) &&
	       !has_address(ns, addr, link->index);
}

/* A socket at an address of another link, which packets by this one get to. */
static const struct sock *bound_elsewhere(
	const struct netns *ns, const struct link *link)
{
	for (size_t i = 0; i < ns->nsocks; i++) {
		const struct sock *s = &ns->socks[i];

		if (!s->connected && (!s->ifindex || s->ifindex == link->index) &&
			is_of_another_link(ns, link, &s->local))
			return s;
	}
	return NULL;
}

static void note_socket(
	struct survey *survey, const struct container *c, const struct link *link)
{
	struct arena *arena = &survey->report->arena;
	const char *name = c->name ? c->name : c->id;
	const struct sock *s = is_beside_others(survey->reach, link)
				       ? bound_elsewhere(c->netns, link)
				       : NULL;
	char text[ADDR_TEXT_MAX];

	if (!s)
		return;
	survey_report_gap(survey->report,
		&(struct gap){.code = "container-socket",
			.where = arena_printf(arena, "%s: %s", name, link->name),
			.text = arena_printf(arena,
				"container %s listens at %s port %u, which who is on "
				"the link of its %s reaches, too: that is not followed",
				name, addr_format(&s->local, text), s->port,
				link->name),
			.hides = true});
}

static void note_link(
	struct survey *survey, const struct container *c, const struct link *link)
{
	const struct netns *ns = c->netns;
	struct arena *arena = &survey->report->arena;
	struct gap gap = {.hides = true};
	const struct ifaddr *a;
	char text[ADDR_TEXT_MAX];

	if (leads_elsewhere(survey->reach, c, link)) {
		gap.code = "container-link";
		gap.text = arena_printf(arena,
			"%s of container %s leads past this host: what comes by it is "
			"not followed",
			link->name, c->name ? c->name : c->id);
	} else if (link->up && leads_of(link) == BY_CHILD && link->link_netnsid >= 0 &&
		   (a = find_address(survey->reach, ns, link, false))) {
		gap.code = "container-address";
		gap.text = arena_printf(arena,
			"container %s has the address %s, which its engine does not "
			"tell: what is sent there is not followed",
			c->name ? c->name : c->id, addr_format(&a->local, text));
	} else if (is_private_network(link) &&
		   !is_rootless_tap(survey->reach, c, link)) {
		gap.code = "private-network";
		gap.hides = false;
		gap.text = arena_printf(arena,
			"container %s is in a private network by %s: who is in it "
			"comes past this host, and is not followed",
			c->name ? c->name : c->id, link->name);
	} else {
		return;
	}
	gap.where =
		arena_printf(arena, "%s: %s", c->name ? c->name : c->id, link->name);
	survey_report_gap(survey->report, &gap);
}

bool survey_is_first_inside(const struct facts *facts, const struct container *c)
{
	if (!c->netns || c->netns == facts->host || !host_runs(c))
		return false;
	for (const struct container *other = facts->containers; other < c; other++)
		if (other->netns == c->netns && host_runs(other))
			return false;
	return true;
}

void survey_inside(struct survey *survey)
{
	const struct facts *facts = survey->reach->facts;

	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];

		if (!survey_is_first_inside(facts, c))
			continue;
		for (size_t k = 0; k < c->netns->nlinks; k++) {
			note_link(survey, c, &c->netns->links[k]);
			note_socket(survey, c, &c->netns->links[k]);
		}
	}
}
