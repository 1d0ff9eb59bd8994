/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints, sources and enums as words, the same ones in every output. */
#include "netmon/judge/words.h"

#include <string.h>

#include "common/proto.h"
#include "netmon/model/span.h"

static const char *or_empty(const char *text)
{
	return text ? text : ""; /* the arena failed, and its user will notice */
}

static const char *pick(const char *const *names, size_t n, size_t index)
{
	return index < n && names[index] ? names[index] : "?";
}

#define PICK(names, value) pick((names), ARRAY_LEN(names), (size_t)(value))

const char *words_path(enum path path)
{
	static const char *const names[] = {
		[PATH_DNAT] = "dnat",
		[PATH_DOCKER_PROXY] = "docker-proxy",
		[PATH_HOST_NETWORK] = "host-network",
		[PATH_ROUTED] = "routed",
		[PATH_MACVLAN] = "macvlan",
		[PATH_IPVLAN] = "ipvlan",
		[PATH_HOST_SERVICE] = "host-service",
	};
	return PICK(names, path);
}

const char *words_hook(enum hook hook)
{
	static const char *const names[] = {
		[HOOK_INGRESS] = "ingress",
		[HOOK_PREROUTING] = "prerouting",
		[HOOK_INPUT] = "input",
		[HOOK_FORWARD] = "forward",
		[HOOK_OUTPUT] = "output",
		[HOOK_POSTROUTING] = "postrouting",
		[HOOK_EGRESS] = "egress",
	};
	return PICK(names, hook);
}

const char *words_effect(enum effect effect)
{
	static const char *const names[] = {
		[EFFECT_ACCEPT] = "accept",
		[EFFECT_DROP] = "drop",
		[EFFECT_REJECT] = "reject",
		[EFFECT_JUMP] = "jump",
		[EFFECT_DNAT] = "dnat",
		[EFFECT_SNAT] = "snat",
		[EFFECT_MARK] = "mark",
		[EFFECT_MAYBE] = "maybe",
		[EFFECT_POLICY] = "policy",
		[EFFECT_QUEUE] = "queue",
		[EFFECT_OTHER] = "other",
	};
	return PICK(names, effect);
}

bool words_arrived(const struct trace_step *step)
{
	return !step->chain && step->stage &&
	       (strcmp(step->stage, "socket") == 0 ||
		       strcmp(step->stage, "proxy") == 0);
}

const char *words_step(struct arena *arena, const struct trace_step *step)
{
	if (!step->text)
		return words_effect(step->effect);
	if (step->effect != EFFECT_JUMP)
		return step->text;
	return or_empty(arena_printf(arena, "jump %s", step->text));
}

const char *words_result(enum result result)
{
	static const char *const names[] = {
		[RESULT_MAYBE] = "maybe",
		[RESULT_OPEN] = "open",
		[RESULT_CLOSED] = "closed",
		[RESULT_FILTERED] = "filtered",
		[RESULT_REJECTED] = "rejected",
	};
	return PICK(names, result);
}

const char *words_delivery(enum delivery verdict)
{
	static const char *const names[] = {
		[DELIVERY_MAYBE] = "maybe",
		[DELIVERY_DELIVERED] = "delivered",
		[DELIVERY_DROPPED] = "dropped",
		[DELIVERY_REJECTED] = "rejected",
		[DELIVERY_NO_ROUTE] = "no-route",
	};
	return PICK(names, verdict);
}

const char *words_tri(enum tri tri)
{
	static const char *const names[] = {
		[TRI_UNKNOWN] = "unknown",
		[TRI_NO] = "no",
		[TRI_YES] = "yes",
	};
	return PICK(names, tri);
}

const char *words_severity(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_INFO] = "info",
		[SEVERITY_LOW] = "low",
		[SEVERITY_MEDIUM] = "medium",
		[SEVERITY_HIGH] = "high",
		[SEVERITY_CRITICAL] = "critical",
	};
	return PICK(names, severity);
}

const char *words_verdict(enum exposure_verdict verdict)
{
	static const char *const names[] = {
		[EXPOSURE_UNKNOWN] = "unknown",
		[EXPOSURE_VIOLATION] = "violation",
		[EXPOSURE_APPROVED] = "approved",
		[EXPOSURE_NOT_PUBLIC] = "not-public",
	};
	return PICK(names, verdict);
}

const char *words_proto(struct arena *arena, uint8_t proto)
{
	const char *name = proto_name(proto);

	return name ? name : or_empty(arena_printf(arena, "%u", proto));
}

const char *words_ports(
	struct arena *arena, uint16_t port, uint16_t last, const char *joint)
{
	return or_empty(last == port
				? arena_printf(arena, "%u", port)
				: arena_printf(arena, "%u%s%u", port, joint, last));
}

static const char *address_port(
	struct arena *arena, const struct addr *addr, uint16_t port, uint16_t last)
{
	const char *ports = words_ports(arena, port, last, "-");
	char text[ADDR_TEXT_MAX];

	addr_format(addr, text);
	return or_empty(addr->family == FAMILY_IP6
				? arena_printf(arena, "[%s]:%s", text, ports)
				: arena_printf(arena, "%s:%s", text, ports));
}

const char *words_endpoint(struct arena *arena, const struct endpoint *endpoint)
{
	struct addr addr = endpoint->addr;

	if (endpoint->any)
		addr = (struct addr){.family = endpoint->family};
	return or_empty(arena_printf(arena, "%s/%s",
		address_port(arena, &addr, endpoint->port, span_last(endpoint)),
		words_proto(arena, endpoint->proto)));
}

const char *words_target(struct arena *arena, const struct exposure *exposure)
{
	const struct endpoint *endpoint = &exposure->endpoint;

	if (exposure->target.family == FAMILY_NONE)
		return NULL;
	if (!endpoint->any && addr_equal(&endpoint->addr, &exposure->target) &&
		endpoint->port == exposure->target_port &&
		span_last(endpoint) == span_target_last(exposure))
		return NULL;
	return address_port(arena, &exposure->target, exposure->target_port,
		span_target_last(exposure));
}

/* All sources of a zone that perimeter interfaces have. */
static const struct ivset *whole_zone(struct arena *arena, const struct report *report,
	enum family family, enum zone zone)
{
	const struct ivset *whole = &ivset_none;

	for (size_t i = 0; i < report->nways; i++) {
		const struct way *way = &report->ways[i];

		if (way->perimeter && way->family == family)
			whole = ivset_union(arena, whole, way->zone[zone]);
	}
	return whole;
}

bool words_everyone(const struct report *report, const struct ivset *set,
	enum family family, enum zone zone)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	const struct ivset *whole = whole_zone(&scratch, report, family, zone);
	bool everyone = !arena_failed(&scratch) && !ivset_is_empty(whole) &&
			ivset_is_subset(whole, set);
	arena_done(&scratch);
	return everyone;
}

static const struct {
	const char *everyone, *some;
} zone_words[ZONE_COUNT] = {
	[ZONE_INTERNET] = {"everyone on the Internet", "of the Internet"},
	[ZONE_PRIVATE] = {"all private networks", "of private networks"},
	[ZONE_ADJACENT] = {"every neighbour on the link", "of neighbours on the link"},
};

const char *words_sources(struct arena *arena, const struct report *report,
	const struct ivset *set, enum family family, enum zone zone, size_t max)
{
	struct prefix *prefixes;

	if (ivset_is_empty(set))
		return "nobody";
	if (words_everyone(report, set, family, zone))
		return zone_words[zone].everyone;
	size_t n = ivset_to_prefixes(arena, set, family, &prefixes);
	const char *list = "";
	for (size_t i = 0; i < n && i < max; i++) {
		char text[ADDR_TEXT_MAX];

		list = or_empty(arena_printf(arena, "%s%s%s", list, i ? ", " : "",
			prefix_format(&prefixes[i], text)));
	}
	if (n > max)
		list = or_empty(arena_printf(arena, "%s%s...", list, max ? ", " : ""));
	return or_empty(arena_printf(arena, "%zu prefix%s %s (%s)", n,
		n == 1 ? "" : "es", zone_words[zone].some, list));
}

const char *words_line(struct arena *arena, const char *text)
{
	char *line = arena_strdup(arena, text);

	for (char *c = line; c && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return or_empty(line);
}

const char *words_rule(struct arena *arena, const struct rule *rule)
{
	return words_line(arena, rule_text(arena, rule));
}

const char *words_shell(struct arena *arena, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_./:@=,+-";
	const char *quoted = "";

	if (!text)
		return "''";
	if (text[0] && text[0] != '-' && text[strspn(text, plain)] == '\0')
		return text;
	while (*text) {
		size_t len = strcspn(text, "'");

		quoted =
			or_empty(arena_printf(arena, "%s%.*s", quoted, (int)len, text));
		text += len;
		if (*text == '\'') {
			quoted = or_empty(arena_printf(arena, "%s'\\''", quoted));
			text++;
		}
	}
	return or_empty(arena_printf(arena, "'%s'", quoted));
}
