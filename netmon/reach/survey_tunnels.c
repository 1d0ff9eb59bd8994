/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels without a key, through which strangers send as if they were inside. */
#include <netinet/in.h>
#include <string.h>

#include "netmon/reach/survey.h"
#include "netmon/reach/walk.h"

/*
 * Theory of operation. ipip, sit, gre and the like unpack what has the outer addresses
 * that they were told, and a sender writes the outer source as he likes: nothing
 * answers there. What was inside then arrives by the tunnel's interface, from any
 * source. Unless it is named a perimeter, only its own networks are asked from there.
 * Whether the rules let the outer packet in is a walk like any other, to each address
 * of the host: a tunnel may have any of them for its own, or all. Where a tunnel sends
 * in datagrams (FOU, GUE), it unpacks them, too: at a port that is not read. A swarm's
 * overlay networks have their VXLAN interfaces in namespaces that nobody tells, and
 * their socket here: a datagram that gets to it is a frame for their containers
 * (CVE-2023-28840 and the like, where the network is said to be encrypted).
 *
 * Not handled: a tunnel's own addresses and mode, which would tell that fewer packets
 * are unpacked; ports that unpack for tunnels which do not send so; MPLS inside.
 */
struct tunnel {
	const char *kind;
	enum family family; /* of the outer header */
	uint8_t proto;	    /* UDP: at a port that is not read */
};

/* One row for each protocol that a link of the kind may unpack. */
static const struct tunnel tunnels[] = {
	{"ipip", FAMILY_IP4, IPPROTO_IPIP},
	{"sit", FAMILY_IP4, IPPROTO_IPV6},
	{"sit", FAMILY_IP4, IPPROTO_IPIP}, /* mode any, or ipip */
	{"gre", FAMILY_IP4, IPPROTO_GRE},
	{"gretap", FAMILY_IP4, IPPROTO_GRE},
	{"erspan", FAMILY_IP4, IPPROTO_GRE},
	{"ip6tnl", FAMILY_IP6, IPPROTO_IPV6},
	{"ip6tnl", FAMILY_IP6, IPPROTO_IPIP}, /* mode any, or ipip6 */
	{"ip6gre", FAMILY_IP6, IPPROTO_GRE},
	{"ip6gretap", FAMILY_IP6, IPPROTO_GRE},
	{"ip6erspan", FAMILY_IP6, IPPROTO_GRE},
	{"vxlan", FAMILY_NONE, IPPROTO_UDP},
	{"geneve", FAMILY_NONE, IPPROTO_UDP},
	{"amt", FAMILY_NONE, IPPROTO_UDP},
	{"bareudp", FAMILY_NONE, IPPROTO_UDP},
	{"gtp", FAMILY_NONE, IPPROTO_UDP},
	{"l2tpeth", FAMILY_NONE, IPPROTO_UDP},
};

/* Whether somebody's packet of that protocol gets to the host itself. */
static bool is_let_in(struct survey *survey, const struct source *source,
	const struct addr *to, uint8_t proto)
{
	struct walk walk = {.reach = survey->reach};
	bool in = false;

	arena_reset(&survey->scratch);
	walk.run.arena = &survey->scratch;
	walk_from_outside(
		&walk, source->ifindex, to, proto, 0, -1, source->joined[ALL_ZONES]);
	for (size_t i = 0; i < walk.n; i++)
		in |= !walk.outcomes[i].container &&
		      (walk.outcomes[i].delivery == DELIVERY_DELIVERED ||
			      walk.outcomes[i].delivery == DELIVERY_MAYBE);
	survey->too_large |= arena_failed(&survey->scratch);
	return in;
}

/* Whether a perimeter lets a tunnel's packets in, to whatever address of the host. */
static bool is_let_in_anywhere(struct survey *survey, const struct tunnel *tunnel)
{
	const struct netns *ns = survey->reach->facts->host;

	for (size_t i = 0; i < survey->nsources; i++) {
		const struct source *s = &survey->sources[i];

		for (size_t k = 0;
			s->perimeter && s->family == tunnel->family && k < ns->naddrs;
			k++)
			if (ns->addrs[k].local.family == tunnel->family &&
				is_let_in(
					survey, s, &ns->addrs[k].local, tunnel->proto))
				return true;
	}
	return false;
}

/* Whether the link unpacks, or perhaps unpacks, what strangers send. */
static bool is_open(struct survey *survey, const struct link *link)
{
	for (size_t i = 0; link->kind && i < ARRAY_LEN(tunnels); i++)
		if (strcmp(link->kind, tunnels[i].kind) == 0 &&
			(tunnels[i].proto == IPPROTO_UDP || link->udp_encap ||
				is_let_in_anywhere(survey, &tunnels[i])))
			return true;
	return false;
}

#define PORT_VXLAN 4789 /* unless the swarm was told another one */

/* A socket of the kernel's own, perhaps VXLAN's; WireGuard has such ones, too. */
static bool may_be_vxlan(const struct netns *ns, const struct sock *sock)
{
	if (sock->proto != IPPROTO_UDP || sock->comm)
		return false;
	for (size_t i = 0; sock->port != PORT_VXLAN && i < ns->nlinks; i++)
		if (ns->links[i].kind && strcmp(ns->links[i].kind, "wireguard") == 0)
			return false;
	return true;
}

/* Such a socket that strangers get to; NULL: none. */
static const struct sock *find_vxlan(const struct survey *survey)
{
	const struct netns *ns = survey->reach->facts->host;

	for (size_t i = 0; i < survey->report->nexposures; i++) {
		const struct exposure *e = &survey->report->exposures[i];

		if (e->path != PATH_HOST_SERVICE || e->container ||
			e->endpoint.proto != IPPROTO_UDP)
			continue;
		for (size_t k = 0; k < ns->nsocks; k++)
			if (may_be_vxlan(ns, &ns->socks[k]) &&
				span_has_port(&e->endpoint, ns->socks[k].port))
				return &ns->socks[k];
	}
	return NULL;
}

static void note_overlay(struct survey *survey)
{
	const struct facts *facts = survey->reach->facts;
	struct arena *arena = &survey->report->arena;
	const struct network *overlay = NULL;

	for (size_t i = 0; i < facts->nnetworks && !overlay; i++)
		if (facts->networks[i].driver &&
			strcmp(facts->networks[i].driver, "overlay") == 0)
			overlay = &facts->networks[i];
	const struct sock *sock = overlay ? find_vxlan(survey) : NULL;

	if (sock)
		survey_report_gap(survey->report,
			&(struct gap){.code = "tunnel",
				.where = overlay->name ? overlay->name : overlay->id,
				.text = arena_printf(arena,
					"overlay networks unpack what strangers send "
					"to UDP port %u: what they put inside is for "
					"the "
					"networks' containers, and is not followed",
					sock->port),
				.hides = true});
}

void survey_tunnels(struct survey *survey)
{
	struct report *report = survey->report;
	const struct netns *ns = survey->reach->facts->host;

	note_overlay(survey);

	for (size_t i = 0; i < ns->nlinks; i++) {
		const struct link *link = &ns->links[i];

		if (!link->up || host_is_perimeter(survey->reach, link->index) ||
			!is_open(survey, link))
			continue;
		survey_report_gap(report,
			&(struct gap){.code = "tunnel",
				.where = link->name,
				.text = arena_printf(&report->arena,
					"%s (%s) unpacks what strangers send: what "
					"they put inside is not followed, unless it "
					"is named a perimeter",
					link->name, link->kind),
				.hides = true});
	}
}
