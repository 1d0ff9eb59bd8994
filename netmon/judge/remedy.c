/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to do about a finding, as commands that can be pasted. */
#include "netmon/judge/remedy.h"

#include <string.h>

#include "common/zone.h"
#include "netmon/judge/approve.h"
#include "netmon/judge/rules.h"
#include "netmon/judge/words.h"
#include "netmon/model/span.h"

#define PRIORITY_RAW	-300 /* before DNAT */
#define PRIORITY_FILTER -5   /* before the engines' own chains */

static const char *safe(const char *text)
{
	return text ? text : "";
}

static const char *join(struct judge_work *work, const char *a, const char *b)
{
	return safe(
		arena_printf(work->arena, "%s%s%s", a, a[0] && b[0] ? "\n" : "", b));
}

static bool is_ip4(const struct exposure *exposure)
{
	return exposure->endpoint.family == FAMILY_IP4;
}

/* iifname "eth0", or iifname { "eth0", "eth1" } */
static const char *match_perimeter(struct judge_work *work)
{
	const struct report *report = work->report;
	const char *list = "";

	for (size_t i = 0; i < report->nperimeter; i++)
		list = safe(arena_printf(work->arena, "%s%s\"%s\"", list, i ? ", " : "",
			report->perimeter[i]));
	if (report->nperimeter == 0)
		return "iifname != \"lo\"";
	return safe(arena_printf(work->arena,
		report->nperimeter > 1 ? "iifname { %s }" : "iifname %s", list));
}

/* Whatever is neither the host itself nor one of its containers on a bridge. */
static const char *match_outside(struct judge_work *work)
{
	const struct facts *facts = work->report->facts;
	const char *list = "\"lo\"";

	for (size_t i = 0; i < facts->nnetworks; i++) {
		const char *bridge = facts->networks[i].bridge;

		if (bridge && netns_link_named(facts->host, bridge))
			list = safe(
				arena_printf(work->arena, "%s, \"%s\"", list, bridge));
	}
	return safe(arena_printf(work->arena, "iifname != { %s }", list));
}

/* One nft command line that makes a base chain, unless it is there, and adds a rule. */
static const char *nft_rule(struct judge_work *work, const char *hook, int priority,
	const char *iface, const char *match)
{
	const char *raw = priority == PRIORITY_RAW ? "-raw" : "";
	const char *script = safe(arena_printf(work->arena,
		"add table inet seawall; add chain inet seawall %s%s { type filter "
		"hook %s priority %d; }; add rule inet seawall %s%s %s %s drop",
		hook, raw, hook, priority, hook, raw, iface, match));

	return safe(
		arena_printf(work->arena, "nft %s", words_shell(work->arena, script)));
}

/* The same iptables command for each perimeter interface. */
static const char *iptables_rule(struct judge_work *work,
	const struct exposure *exposure, const char *chain, const char *match)
{
	const struct report *report = work->report;
	const char *tool = is_ip4(exposure) ? "iptables" : "ip6tables";
	const char *text = "";

	for (size_t i = 0; i < report->nperimeter; i++)
		text = safe(arena_printf(work->arena, "%s%s%s -I %s -i %s %s -j DROP",
			text, i ? " && " : "", tool, chain,
			words_shell(work->arena, report->perimeter[i]), match));
	return text;
}

static bool docker_user_called(struct judge_work *work, const struct exposure *exposure)
{
	const struct chain *chain = rules_find_chain(work->report->ruleset,
		is_ip4(exposure) ? "ip filter" : "ip6 filter", "DOCKER-USER");

	return chain && !chain->legacy && work->called && work->called[chain->id] &&
	       work->report->nperimeter > 0;
}

static const char *proto_of(struct judge_work *work, const struct exposure *exposure)
{
	return words_proto(work->arena, exposure->endpoint.proto);
}

/* What nft and the engine call its ports; iptables joins them with a colon. */
static const char *ports_of(
	struct judge_work *work, const struct exposure *exposure, const char *joint)
{
	return words_ports(work->arena, exposure->endpoint.port,
		span_last(&exposure->endpoint), joint);
}

/* "ip saddr != { ... } ", or nothing. */
static const char *match_others(struct judge_work *work,
	const struct exposure *exposure, const struct ivset *but)
{
	struct prefix *prefixes;
	const char *list = "";

	if (!but || ivset_is_empty(but))
		return "";
	size_t n = ivset_to_prefixes(
		work->arena, but, exposure->endpoint.family, &prefixes);
	for (size_t i = 0; i < n; i++) {
		char text[ADDR_TEXT_MAX];

		prefix_format(&prefixes[i], text);
		list = safe(
			arena_printf(work->arena, "%s%s%s", list, i ? ", " : "", text));
	}
	return safe(arena_printf(work->arena, "%s saddr != { %s } ",
		is_ip4(exposure) ? "ip" : "ip6", list));
}

/* After DNAT the packet's port is the container's: only conntrack knows the other. */
static const char *close_dnat(struct judge_work *work, const struct exposure *exposure,
	const struct ivset *but)
{
	const char *iface = but ? match_outside(work) : match_perimeter(work);
	const char *proto = proto_of(work, exposure);
	const char *port = ports_of(work, exposure, "-");

	if (!but && docker_user_called(work, exposure))
		return iptables_rule(work, exposure, "DOCKER-USER",
			safe(arena_printf(work->arena,
				"-p %s -m conntrack --ctdir ORIGINAL --ctorigdstport "
				"%s",
				proto, ports_of(work, exposure, ":"))));
	return nft_rule(work, "forward", PRIORITY_FILTER, iface,
		safe(arena_printf(work->arena,
			"meta nfproto %s meta l4proto %s ct direction original ct "
			"original "
			"proto-dst %s",
			is_ip4(exposure) ? "ipv4" : "ipv6", proto, port)));
}

static const char *close_input(struct judge_work *work, const struct exposure *exposure,
	const struct ivset *but)
{
	const char *iface = but ? match_outside(work) : match_perimeter(work);
	const struct endpoint *endpoint = &exposure->endpoint;
	char addr[ADDR_TEXT_MAX];
	const char *dst = "";

	if (!endpoint->any)
		dst = safe(arena_printf(work->arena, "%s daddr %s ",
			is_ip4(exposure) ? "ip" : "ip6",
			addr_format(&endpoint->addr, addr)));
	else
		dst = safe(arena_printf(work->arena, "meta nfproto %s ",
			is_ip4(exposure) ? "ipv4" : "ipv6"));
	return nft_rule(work, "input", PRIORITY_FILTER, iface,
		safe(arena_printf(work->arena, "%s%s%s dport %s", dst,
			match_others(work, exposure, but), proto_of(work, exposure),
			ports_of(work, exposure, "-"))));
}

static const char *close_routed(struct judge_work *work,
	const struct exposure *exposure, const struct ivset *but)
{
	const char *iface = but ? match_outside(work) : match_perimeter(work);
	char addr[ADDR_TEXT_MAX];
	const char *proto = proto_of(work, exposure);
	const char *port = ports_of(work, exposure, "-");

	addr_format(&exposure->endpoint.addr, addr);
	if (!but && docker_user_called(work, exposure))
		return iptables_rule(work, exposure, "DOCKER-USER",
			safe(arena_printf(work->arena, "-d %s -p %s --dport %s", addr,
				proto, ports_of(work, exposure, ":"))));
	return nft_rule(work, "forward", PRIORITY_FILTER, iface,
		safe(arena_printf(work->arena, "%s daddr %s %s%s dport %s",
			is_ip4(exposure) ? "ip" : "ip6", addr,
			match_others(work, exposure, but), proto, port)));
}

/* Its packets never meet the host's rules: only the container's own namespace can. */
static const char *close_inside(struct judge_work *work,
	const struct exposure *exposure, const struct ivset *but)
{
	const struct container *container = exposure->container;
	const char *script = safe(arena_printf(work->arena,
		"add table inet seawall; add chain inet seawall input { type filter "
		"hook "
		"input priority 0; }; add rule inet seawall input %s%s dport %s drop",
		match_others(work, exposure, but), proto_of(work, exposure),
		ports_of(work, exposure, "-")));

	if (!container || container->pid <= 0)
		return "";
	return safe(arena_printf(work->arena, "nsenter --target %d --net nft %s",
		container->pid, words_shell(work->arena, script)));
}

const char *remedy_close(struct judge_work *work, const struct exposure *exposure,
	const struct ivset *but)
{
	switch (exposure->path) {
	case PATH_DNAT:
		return close_dnat(work, exposure, but);
	case PATH_ROUTED:
		return close_routed(work, exposure, but);
	case PATH_MACVLAN:
	case PATH_IPVLAN:
		return close_inside(work, exposure, but);
	case PATH_DOCKER_PROXY:
	case PATH_HOST_NETWORK:
	case PATH_HOST_SERVICE:
	case PATH_COUNT:
	default:
		return close_input(work, exposure, but);
	}
}

static bool has_ip4(const struct exposure *exposure)
{
	for (size_t i = 0; i < exposure->container->nnets; i++)
		if (exposure->container->nets[i].addr4.family == FAMILY_IP4)
			return true;
	return exposure->target.family == FAMILY_IP4;
}

/*
 * Republishing is the cure that lasts: the engine then makes no rule for strangers. On
 * 127.0.0.1 the port is on no IPv6 address either.
 */
static const char *rebind(struct judge_work *work, const struct exposure *exposure)
{
	const char *proto = proto_of(work, exposure);
	bool tcp = strcmp(proto, "tcp") == 0;

	if (!exposure->container || !exposure->published ||
		exposure->target_port == 0 ||
		(exposure->endpoint.port_last && !exposure->target_moves) ||
		(exposure->path != PATH_DNAT && exposure->path != PATH_DOCKER_PROXY))
		return "";
	return safe(arena_printf(work->arena,
		"Publish it on this host only, and recreate the container with: "
		"-p %s:%s:%s%s%s",
		has_ip4(exposure) ? "127.0.0.1" : "[::1]",
		ports_of(work, exposure, "-"),
		words_ports(work->arena, exposure->target_port,
			span_target_last(exposure), "-"),
		tcp ? "" : "/", tcp ? "" : proto));
}

/* A JSON string. The text is UTF-8 already, as the engine's API gives it. */
static const char *json_text(struct judge_work *work, const char *text)
{
	const char *quoted = "";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			quoted = safe(arena_printf(work->arena, "%s\\%c", quoted, c));
		else if (c < 0x20)
			quoted =
				safe(arena_printf(work->arena, "%s\\u%04x", quoted, c));
		else
			quoted = safe(arena_printf(work->arena, "%s%c", quoted, c));
	}
	return safe(arena_printf(work->arena, "\"%s\"", quoted));
}

const char *remedy_approval(struct judge_work *work, const struct exposure *exposure)
{
	const struct endpoint *endpoint = &exposure->endpoint;
	const struct container *container = exposure->container;
	const struct ivset *internet = exposure->reach[ZONE_INTERNET].must;
	struct prefix *prefixes;
	const char *from = "\"internet\"";

	if (!container || !container->name)
		return "";
	if (!words_everyone(work->report, internet, endpoint->family, ZONE_INTERNET)) {
		size_t n = ivset_to_prefixes(
			work->arena, internet, endpoint->family, &prefixes);

		from = "";
		for (size_t i = 0; i < n && i < 16; i++) {
			char text[ADDR_TEXT_MAX];

			prefix_format(&prefixes[i], text);
			from = safe(arena_printf(
				work->arena, "%s%s\"%s\"", from, i ? ", " : "", text));
		}
	}
	const char *name = json_text(work, container->name);
	const char *id = json_text(work, safe(arena_printf(work->arena, "%s-%u",
						 container->name, endpoint->port)));
	return safe(arena_printf(work->arena,
		"{\"id\": %s, \"container\": {\"name\": %s}, \"ports\": [\"%s/%s\"], "
		"\"from\": [%s], \"control\": \"WHAT PROTECTS IT\", \"approved_by\": "
		"\"WHO@EXAMPLE.ORG\"}",
		id, name, ports_of(work, exposure, "-"), proto_of(work, exposure),
		from));
}

static const char *labelled(
	struct judge_work *work, const char *label, const char *text)
{
	return text[0] ? safe(arena_printf(work->arena, "%s: %s", label, text)) : "";
}

const char *remedy_restrict(struct judge_work *work, const struct exposure *exposure)
{
	const char *close = labelled(work,
		safe(arena_printf(work->arena, "Keep strangers out of %s",
			words_endpoint(work->arena, &exposure->endpoint))),
		remedy_close(work, exposure, NULL));
	const char *approve = labelled(work, "Or approve it, in the policy's approvals",
		remedy_approval(work, exposure));

	return join(work, join(work, rebind(work, exposure), close), approve);
}

static const struct prefix *subnet_of(
	const struct judge_work *work, const struct addr *addr)
{
	const struct facts *facts = work->report->facts;

	for (size_t i = 0; i < facts->nnetworks; i++) {
		for (size_t j = 0; j < facts->networks[i].nsubnets; j++) {
			const struct prefix *subnet = &facts->networks[i].subnets[j];

			if (subnet->family == addr->family &&
				addr->value >= subnet->value &&
				addr->value <= prefix_last(subnet))
				return subnet;
		}
	}
	return NULL;
}

/*
 * Loopback destinations are dropped in raw, before DNAT takes them elsewhere. Container
 * addresses in forward, by new connections that were not translated: published ports,
 * which are dialled at the host, and answers to what containers asked stay as they are.
 */
const char *remedy_direct(struct judge_work *work, const struct exposure *exposure)
{
	const struct endpoint *endpoint = &exposure->endpoint;
	const char *ip = is_ip4(exposure) ? "ip" : "ip6";
	const struct prefix *subnet = subnet_of(work, &endpoint->addr);
	char text[ADDR_TEXT_MAX];

	if (exposure->path == PATH_MACVLAN || exposure->path == PATH_IPVLAN ||
		endpoint->any)
		return remedy_restrict(work, exposure);
	if (is_ip4(exposure) && zone_is_loopback(&endpoint->addr))
		return labelled(work,
			"Drop what comes from outside for loopback addresses",
			nft_rule(work, "prerouting", PRIORITY_RAW, "iifname != \"lo\"",
				"ip daddr 127.0.0.0/8"));
	if (subnet)
		prefix_format(subnet, text);
	else
		addr_format(&endpoint->addr, text);
	return labelled(work,
		"Drop what is sent to the containers' own addresses from outside",
		nft_rule(work, "forward", PRIORITY_FILTER, match_outside(work),
			safe(arena_printf(work->arena,
				"%s daddr %s ct state new ct status & dnat != dnat", ip,
				text))));
}

const char *remedy_beyond(struct judge_work *work, const struct exposure *exposure)
{
	const struct ivset *covered = approve_covered(work, exposure);
	const char *close = labelled(work,
		safe(arena_printf(work->arena, "Keep the others out of %s",
			words_endpoint(work->arena, &exposure->endpoint))),
		remedy_close(work, exposure, covered));

	return join(work, close,
		labelled(work,
			"Or approve all who reach it now, in the policy's approvals",
			remedy_approval(work, exposure)));
}
