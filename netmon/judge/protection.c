/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about rules that their owner trusts, and that no packet meets. */
#include <netinet/in.h>
#include <string.h>

#include "common/zone.h"
#include "netmon/judge/findings.h"
#include "netmon/judge/remedy.h"
#include "netmon/judge/rules.h"
#include "netmon/judge/words.h"
#include "netmon/model/span.h"

#define RULES_SHOWN 12

static const char *safe(const char *text)
{
	return text ? text : "";
}

static bool stops_or_leads_on(const struct rule *rule)
{
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_REJECT || op->kind == OP_VMAP ||
			op->kind == OP_VERDICT_QUEUE || op->kind == OP_UNKNOWN)
			return true;
		if (op->kind == OP_VERDICT && op->verdict.kind != VERDICT_RETURN &&
			op->verdict.kind != VERDICT_ACCEPT &&
			op->verdict.kind != VERDICT_CONTINUE)
			return true;
	}
	return false;
}

/* "  ip filter DOCKER-USER handle 7: ip saddr 192.0.2.0/24 drop", or the policy. */
static const char *rule_line(
	struct judge_work *work, const struct chain *chain, const struct rule *rule)
{
	const char *number = "";

	if (!rule)
		return safe(arena_printf(work->arena, "  %s %s: policy drop",
			chain->table, chain->name));
	number =
		safe(rule->handle ? arena_printf(work->arena, "handle %llu",
					    (unsigned long long)rule->handle)
				  : arena_printf(work->arena, "rule %u", rule->number));
	return safe(arena_printf(work->arena, "  %s %s %s: %s", chain->table,
		chain->name, number, words_rule(work->arena, rule)));
}

static const char *chain_lines(struct judge_work *work, const struct chain *chain)
{
	const char *text = "";
	size_t n = 0;

	for (size_t i = 0; i < chain->nrules; i++) {
		if (!stops_or_leads_on(&chain->rules[i]))
			continue;
		if (n++ == RULES_SHOWN)
			return safe(arena_printf(work->arena, "%s\n  ...", text));
		text = safe(arena_printf(work->arena, "%s%s%s", text,
			text[0] ? "\n" : "", rule_line(work, chain, &chain->rules[i])));
	}
	return text;
}

/* Docker's own nftables rules: by what the engine says, or by their table. */
static bool has_nftables_backend(const struct judge_work *work)
{
	const struct facts *facts = work->report->facts;
	const struct ruleset *ruleset = work->report->ruleset;

	for (size_t i = 0; i < facts->nengines; i++) {
		const char *backend = facts->engines[i].firewall_backend;

		if (backend && strncmp(backend, "nftables", 8) == 0)
			return true;
	}
	return rules_find_chain(ruleset, "ip docker-bridges", "filter-FORWARD") != NULL;
}

static void find_docker_user(struct judge_work *work, const struct chain *chain)
{
	const char *lines = chain_lines(work, chain);
	bool ignored = has_nftables_backend(work);
	const char *tool = chain->family == TABLE_IP6 ? "ip6tables" : "iptables";

	if (lines[0] == '\0')
		return;
	struct finding_text text = {
		.subject = arena_printf(work->arena, "%s%s", chain->table,
			chain->legacy ? " legacy" : ""),
		.title = arena_printf(work->arena,
			ignored ? "Docker's nftables backend does not call DOCKER-USER "
				  "of %s: "
				  "its rules stop nothing"
				: "Nothing calls DOCKER-USER of %s: its rules stop "
				  "nothing",
			chain->table),
		.detail = arena_printf(
			work->arena, "Rules that no packet meets:\n%s", lines),
		.remedy = arena_printf(work->arena,
			"Have it called before every other rule of forward: %s%s -I "
			"FORWARD "
			"-j DOCKER-USER",
			tool, chain->legacy ? "-legacy" : ""),
	};
	finding_add(work,
		ignored ? KIND_DOCKER_USER_IGNORED : KIND_DOCKER_USER_NOT_CALLED, NULL,
		ZONE_COUNT, &text);
}

/* The rules found so far for one container, and the ports that they were meant for. */
struct lines {
	const void *seen[RULES_SHOWN];
	size_t n;
	bool more;
	const char *text, *ports;
	const struct exposure *exposure,
		*last;	/* the most open, and the last, of those */
	enum zone zone; /* of @exposure */
};

static enum zone widest(const struct exposure *exposure)
{
	for (int zone = 0; zone < ZONE_COUNT; zone++)
		if (!ivset_is_empty(exposure->reach[zone].may))
			return (enum zone)zone;
	return ZONE_COUNT;
}

static void add_port(
	struct judge_work *work, struct lines *lines, const struct exposure *exposure)
{
	if (lines->last == exposure)
		return;
	lines->last = exposure;
	lines->ports = safe(arena_printf(work->arena, "%s%s%s", lines->ports,
		lines->ports[0] ? ", " : "",
		words_endpoint(work->arena, &exposure->endpoint)));
	if (!lines->exposure || widest(exposure) < lines->zone) {
		lines->exposure = exposure;
		lines->zone = widest(exposure);
	}
}

static void add_hit(struct judge_work *work, struct lines *lines,
	const struct rules_hit *hit, const struct exposure *exposure)
{
	const void *key =
		hit->rule ? (const void *)hit->rule : (const void *)hit->chain;

	add_port(work, lines, exposure);
	for (size_t i = 0; i < lines->n; i++)
		if (lines->seen[i] == key)
			return;
	if (lines->n == RULES_SHOWN) {
		if (!lines->more)
			lines->text = safe(
				arena_printf(work->arena, "%s\n  ...", lines->text));
		lines->more = true;
		return;
	}
	lines->seen[lines->n++] = key;
	lines->text = safe(arena_printf(work->arena, "%s%s%s", lines->text,
		lines->text[0] ? "\n" : "", rule_line(work, hit->chain, hit->rule)));
}

/* How the rules of one hook are searched. @port: the exposure's, or one of its span. */
struct hook_search {
	/* Whether a rule of the hook may well be about that port; NULL: never. */
	bool (*skips)(const struct judge_work *work, const struct exposure *exposure,
		uint16_t port);
	void (*search)(struct judge_work *work, const struct exposure *exposure,
		uint16_t port, const char *iface, struct lines *lines);
};

/*
 * What input says about the port that strangers dial. Of a port that is approved only
 * rules that name it: a general "drop the rest" was not meant for it.
 */
static void search_input(struct judge_work *work, const struct exposure *exposure,
	uint16_t port, const char *iface, struct lines *lines)
{
	const struct rules_flow flow = {
		.family = exposure->endpoint.family,
		.proto = exposure->endpoint.proto,
		.port = port,
		.orig_port = port,
		.to_host = true,
		.iface = iface,
		.netns = work->report->facts->host,
	};
	struct rules_hit *hits;
	size_t n = rules_stopping(work->arena, work->report->ruleset, work->ports,
		HOOK_INPUT, NULL, &flow, &hits);

	for (size_t i = 0; i < n; i++)
		if (hits[i].names_port || exposure->verdict != EXPOSURE_APPROVED)
			add_hit(work, lines, &hits[i], exposure);
}

/* Which ports some container's packets have, by protocol: TCP, UDP, SCTP. */
enum { PORT_PROTOS = 3 };
struct targets {
	bool is[PORT_PROTOS][65536];
};

static size_t proto_index(uint8_t proto)
{
	return proto == IPPROTO_TCP ? 0 : proto == IPPROTO_UDP ? 1 : 2;
}

static const struct targets *find_targets(struct judge_work *work)
{
	const struct report *report = work->report;
	struct targets *targets = arena_alloc(work->arena, sizeof(*targets));

	for (size_t i = 0; targets && i < report->nexposures; i++) {
		const struct exposure *exposure = &report->exposures[i];
		bool *is = targets->is[proto_index(exposure->endpoint.proto)];

		if (!exposure->container)
			continue;
		for (uint32_t port = exposure->target_port;
			port <= span_target_last(exposure); port++)
			is[port] = true;
	}
	return targets;
}

/* Packets in forward do have such a port. */
static bool skips_targets(
	const struct judge_work *work, const struct exposure *exposure, uint16_t port)
{
	bool stays = exposure->target_port == exposure->endpoint.port &&
		     span_target_last(exposure) == span_last(&exposure->endpoint);

	return stays || port == exposure->target_port ||
	       (work->targets &&
		       work->targets->is[proto_index(exposure->endpoint.proto)][port]);
}

/* What forward says about the dialled port, which no packet there has any more. */
static void search_forward(struct judge_work *work, const struct exposure *exposure,
	uint16_t port, const char *iface, struct lines *lines)
{
	const struct rules_flow flow = {
		.family = exposure->endpoint.family,
		.proto = exposure->endpoint.proto,
		.port = port,
		.iface = iface,
		.netns = work->report->facts->host,
	};
	struct rules_hit *hits;
	size_t n = rules_stopping(work->arena, work->report->ruleset, work->ports,
		HOOK_FORWARD, NULL, &flow, &hits);
	for (size_t i = 0; i < n; i++)
		if (hits[i].names_port)
			add_hit(work, lines, &hits[i], exposure);
}

/* No rule was meant for it but the engine's own: it has findings of its own, too. */
static bool is_loopback(const struct exposure *exposure)
{
	const struct endpoint *endpoint = &exposure->endpoint;

	return exposure->loopback_bound ||
	       (!endpoint->any && zone_is_loopback(&endpoint->addr));
}

static void search_port(struct judge_work *work, const struct exposure *exposure,
	uint16_t port, const struct hook_search *how, struct lines *lines)
{
	const struct report *report = work->report;

	if (report->nperimeter == 0)
		how->search(work, exposure, port, NULL, lines);
	for (size_t j = 0; j < report->nperimeter; j++)
		how->search(work, exposure, port, report->perimeter[j], lines);
}

/* One port of those that nothing tells apart speaks for them. */
static void search_ports(struct judge_work *work, const struct exposure *exposure,
	const struct hook_search *how, struct lines *lines)
{
	const u128 *signs = work->report->port_signs;
	uint32_t first = exposure->endpoint.port;
	uint32_t last = span_last(&exposure->endpoint);
	bool asked = false;

	for (uint32_t port = first; port <= last; port++) {
		if (port > first && !(signs && signs[port] == signs[port - 1]))
			asked = false;
		if (asked || (how->skips && how->skips(work, exposure, (uint16_t)port)))
			continue;
		search_port(work, exposure, (uint16_t)port, how, lines);
		asked = true;
	}
}

/* Over all translated ports of one container that strangers reach. */
static struct lines search_container(struct judge_work *work,
	const struct container *container, const struct hook_search *how)
{
	const struct report *report = work->report;
	struct lines lines = {.text = "", .ports = "", .zone = ZONE_COUNT};
	size_t at = (size_t)(container - report->facts->containers);

	for (size_t i = work->begins[at]; i < work->begins[at + 1]; i++) {
		const struct exposure *exposure = work->of_containers[i];

		if (exposure->path != PATH_DNAT || is_loopback(exposure) ||
			widest(exposure) == ZONE_COUNT)
			continue;
		search_ports(work, exposure, how, &lines);
	}
	return lines;
}

static void find_input_only(struct judge_work *work, const struct container *container,
	const struct hook_search *how)
{
	struct lines lines = search_container(work, container, how);

	if (lines.n == 0)
		return;
	struct finding_text text = {
		.subject = words_line(work->arena, container->name),
		.title = arena_printf(work->arena,
			"Container %s: rules in input do not protect %s, its packets "
			"never "
			"pass there",
			words_line(work->arena, container->name), lines.ports),
		.detail = arena_printf(work->arena,
			"The engine translates the address before routing (to %s), so "
			"the "
			"packets are forwarded: they meet prerouting, forward and "
			"postrouting, but not input. Not consulted:\n%s",
			safe(words_target(work->arena, lines.exposure)), lines.text),
		.remedy = arena_printf(work->arena,
			"Say it where forwarded packets pass: %s",
			remedy_close(work, lines.exposure, &ivset_none)),
	};

	finding_add(work, KIND_INPUT_ONLY, lines.exposure, lines.zone, &text);
}

static void find_translated(struct judge_work *work, const struct container *container,
	const struct hook_search *how)
{
	struct lines lines = search_container(work, container, how);

	if (lines.n == 0)
		return;
	const struct endpoint *endpoint = &lines.exposure->endpoint;
	const char *ports =
		words_ports(work->arena, endpoint->port, span_last(endpoint), "-");
	struct finding_text text = {
		.subject = safe(container->name),
		.title = arena_printf(work->arena,
			"Container %s: rules in forward match port %s, which its "
			"packets no "
			"longer have there",
			words_line(work->arena, container->name), ports),
		.detail = arena_printf(work->arena,
			"The port was translated to %s before. These never match:\n%s",
			words_ports(work->arena, lines.exposure->target_port,
				span_target_last(lines.exposure), "-"),
			lines.text),
		.remedy =
			arena_printf(work->arena, "Match the port that was dialled: %s",
				remedy_close(work, lines.exposure, NULL)),
	};

	finding_add(work, KIND_TRANSLATED_PORT, lines.exposure, lines.zone, &text);
}

/* Which of the containers it is of; their number: of none. */
static size_t container_index(
	const struct facts *facts, const struct exposure *exposure)
{
	const struct container *first = facts->containers;

	return exposure->container >= first &&
			       exposure->container < first + facts->ncontainers
		       ? (size_t)(exposure->container - first)
		       : facts->ncontainers;
}

/* The exposures of each container, in their order; false: no memory. */
static bool group_by_container(struct judge_work *work)
{
	const struct report *report = work->report;
	const struct facts *facts = report->facts;
	size_t *next = arena_array(work->arena, facts->ncontainers + 2, sizeof(*next));

	work->begins =
		arena_array(work->arena, facts->ncontainers + 2, sizeof(*work->begins));
	work->of_containers = arena_array(
		work->arena, report->nexposures + 1, sizeof(*work->of_containers));
	if (!next || !work->begins || !work->of_containers)
		return false;
	for (size_t i = 0; i < report->nexposures; i++)
		work->begins[container_index(facts, &report->exposures[i]) + 1]++;
	for (size_t i = 0; i <= facts->ncontainers; i++) {
		work->begins[i + 1] += work->begins[i];
		next[i + 1] = work->begins[i + 1];
	}
	for (size_t i = 0; i < report->nexposures; i++) {
		size_t at = container_index(facts, &report->exposures[i]);

		work->of_containers[next[at]++] = &report->exposures[i];
	}
	return true;
}

void find_rules(struct judge_work *work)
{
	static const struct hook_search input = {NULL, search_input};
	static const struct hook_search forward = {skips_targets, search_forward};
	const struct ruleset *ruleset = work->report->ruleset;
	const struct facts *facts = work->report->facts;

	for (size_t i = 0; i < ruleset->nchains; i++)
		if (strcmp(ruleset->chains[i].name, "DOCKER-USER") == 0 &&
			!work->called[ruleset->chains[i].id])
			find_docker_user(work, &ruleset->chains[i]);
	work->targets = find_targets(work);
	if (!group_by_container(work))
		return;
	for (size_t i = 0; i < facts->ncontainers; i++) {
		find_input_only(work, &facts->containers[i], &input);
		find_translated(work, &facts->containers[i], &forward);
	}
}
