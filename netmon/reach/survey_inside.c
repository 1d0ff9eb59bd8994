/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways into a container that are not by this host, or past its engine's knowledge. */
#include <linux/if_arp.h>
#include <string.h>

#include "netmon/reach/survey.h"

/*
 * Theory of operation. Walks begin at the host's interfaces, and end at the addresses
 * that engines tell. A network card that was moved into a container, the other end of a
 * pair that nobody knows, a tunnel's default route, and addresses that a macvlan child
 * took by itself (router advertisements, DHCP) are neither: whoever comes by them is
 * not followed, and that is a gap.
 */

static bool is_kind(const struct link *link, const char *const *kinds, size_t n)
{
	for (size_t i = 0; link->kind && i < n; i++)
		if (strcmp(link->kind, kinds[i]) == 0)
			return true;
	return false;
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

/* The two ends of a pair name each other. */
static bool has_other_end(const struct netns *ns, const struct link *link)
{
	for (size_t i = 0; i < ns->nlinks; i++)
		if (ns->links[i].index == link->link &&
			ns->links[i].link == link->index)
			return true;
	return false;
}

static bool other_end_is_known(const struct facts *facts, const struct link *link)
{
	for (size_t i = 0; i < facts->nnetns; i++)
		if (has_other_end(facts->netns[i], link))
			return true;
	return has_other_end(facts->host, link);
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

static bool leads_elsewhere(
	const struct reach *reach, const struct netns *ns, const struct link *link)
{
	static const char *const tunnels[] = {"tun", "wireguard", "ipip", "gre", "sit",
		"ip6tnl", "ip6gre", "vti", "vti6", "xfrm", "ppp"};

	if (link->loopback || !link->up)
		return false;
	if (!link->kind)
		return true;
	if (strcmp(link->kind, "veth") == 0)
		return !other_end_is_known(reach->facts, link) &&
		       !find_address(reach, ns, link, true);
	/* A tap is rootless networking's: its packets come by sockets of this host. */
	return link->type != ARPHRD_ETHER &&
	       is_kind(link, tunnels, ARRAY_LEN(tunnels)) &&
	       holds_default_route(ns, link);
}

static void note_link(struct survey *survey, const struct container *c,
	const struct netns *ns, const struct link *link)
{
	static const char *const children[] = {
		"macvlan", "macvtap", "ipvlan", "ipvtap"};
	struct arena *arena = &survey->report->arena;
	struct gap gap = {.hides = true};
	const struct ifaddr *a;
	char text[ADDR_TEXT_MAX];

	if (leads_elsewhere(survey->reach, ns, link)) {
		gap.code = "container-link";
		gap.text = arena_printf(arena,
			"%s of container %s leads past this host: what comes by it is "
			"not followed",
			link->name, c->name ? c->name : c->id);
	} else if (link->up && is_kind(link, children, ARRAY_LEN(children)) &&
		   link->link_netnsid >= 0 &&
		   (a = find_address(survey->reach, ns, link, false))) {
		gap.code = "container-address";
		gap.text = arena_printf(arena,
			"container %s has the address %s, which its engine does not "
			"tell: what is sent there is not followed",
			c->name ? c->name : c->id, addr_format(&a->local, text));
	} else {
		return;
	}
	gap.where =
		arena_printf(arena, "%s: %s", c->name ? c->name : c->id, link->name);
	survey_report_gap(survey->report, &gap);
}

void survey_inside(struct survey *survey)
{
	const struct facts *facts = survey->reach->facts;

	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];
		bool first = c->netns && c->netns != facts->host && host_runs(c);

		/* Containers of a pod share one. */
		for (size_t k = 0; first && k < i; k++)
			first = facts->containers[k].netns != c->netns ||
				!host_runs(&facts->containers[k]);
		for (size_t k = 0; first && k < c->netns->nlinks; k++)
			note_link(survey, c, c->netns, &c->netns->links[k]);
	}
}
