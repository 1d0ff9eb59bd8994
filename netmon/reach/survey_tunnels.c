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
 * Whether the rules let the outer packet in is a walk like any other.
 */
struct tunnel {
	const char *kind;
	enum family family; /* of the outer header */
	uint8_t proto;
};

static const struct tunnel tunnels[] = {
	{"ipip", FAMILY_IP4, IPPROTO_IPIP},
	{"sit", FAMILY_IP4, IPPROTO_IPV6},
	{"gre", FAMILY_IP4, IPPROTO_GRE},
	{"gretap", FAMILY_IP4, IPPROTO_GRE},
	{"erspan", FAMILY_IP4, IPPROTO_GRE},
	{"ip6tnl", FAMILY_IP6, IPPROTO_IPV6},
	{"ip6gre", FAMILY_IP6, IPPROTO_GRE},
	{"ip6gretap", FAMILY_IP6, IPPROTO_GRE},
	{"ip6erspan", FAMILY_IP6, IPPROTO_GRE},
};

#define ALL_ZONES ((1u << ZONE_COUNT) - 1)

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

static bool is_open(struct survey *survey, const struct tunnel *tunnel)
{
	const struct netns *ns = survey->reach->facts->host;

	for (size_t i = 0; i < survey->nsources; i++) {
		const struct source *s = &survey->sources[i];

		for (size_t k = 0;
			s->perimeter && s->family == tunnel->family && k < ns->naddrs;
			k++)
			if (ns->addrs[k].ifindex == s->ifindex &&
				ns->addrs[k].local.family == tunnel->family &&
				is_let_in(
					survey, s, &ns->addrs[k].local, tunnel->proto))
				return true;
	}
	return false;
}

void survey_tunnels(struct survey *survey)
{
	struct report *report = survey->report;
	const struct netns *ns = survey->reach->facts->host;

	for (size_t i = 0; i < ns->nlinks; i++) {
		const struct link *link = &ns->links[i];
		const struct tunnel *tunnel = NULL;

		for (size_t k = 0; link->kind && k < ARRAY_LEN(tunnels); k++)
			if (strcmp(link->kind, tunnels[k].kind) == 0)
				tunnel = &tunnels[k];
		if (!tunnel || !link->up ||
			host_is_perimeter(survey->reach, link->index) ||
			!is_open(survey, tunnel))
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
