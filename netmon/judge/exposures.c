/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about single exposures: who gets in that nobody approved. */
#include <string.h>

#include "netmon/judge/approve.h"
#include "netmon/judge/findings.h"
#include "netmon/judge/remedy.h"
#include "netmon/judge/words.h"

#define PREFIXES_SHOWN 4

static const char *safe(const char *text)
{
	return text ? text : "";
}

static const char *add_line(struct judge_work *work, const char *text, const char *line)
{
	return safe(arena_printf(
		work->arena, "%s%s%s", text, text[0] && line[0] ? "\n" : "", line));
}

static const char *whose(struct judge_work *work, const struct exposure *exposure)
{
	return safe(arena_printf(work->arena, "Container %s",
		exposure->container && exposure->container->name
			? words_line(work->arena, exposure->container->name)
			: "without a name"));
}

static const char *how(struct judge_work *work, const struct exposure *exposure)
{
	const char *target = words_target(work->arena, exposure);
	const char *words = words_path(exposure->path);

	return safe(
		target ? arena_printf(work->arena, "%s to %s", words, target) : words);
}

/* The rules that let the packet in, those that decided only. */
static const char *let_in_by(struct judge_work *work, const struct exposure *exposure)
{
	const char *text = "";

	for (size_t i = 0; i < exposure->trace.nsteps; i++) {
		const struct trace_step *step = &exposure->trace.steps[i];

		if (words_arrived(step))
			break;
		if (!step->chain || step->effect == EFFECT_JUMP ||
			step->hook == HOOK_POSTROUTING)
			continue;
		const char *place = safe(arena_printf(
			work->arena, "%s %s", step->chain->table, step->chain->name));
		const char *line =
			!step->rule
				? safe(arena_printf(
					  work->arena, "  %s: policy accept", place))
				: safe(arena_printf(work->arena, "  %s handle %llu: %s",
					  place, (unsigned long long)step->rule->handle,
					  words_rule(work->arena, step->rule)));
		text = add_line(work, text, line);
	}
	return text[0] ? safe(arena_printf(work->arena, "Let in by:\n%s", text)) : "";
}

static const char *amplified(struct judge_work *work, const struct exposure *exposure)
{
	const char *text = "";

	for (size_t i = 0; i < exposure->namplifiers; i++)
		text = safe(arena_printf(work->arena, "%s%s%s", text, i ? ", " : "",
			exposure->amplifiers[i]));
	return text[0] ? safe(arena_printf(
				 work->arena, "What makes it worse: %s.", text))
		       : "";
}

static const char *expired(struct judge_work *work, const struct exposure *exposure)
{
	for (size_t i = 0; i < work->policy->napprovals; i++) {
		const struct approval *approval = &work->policy->approvals[i];

		if (approve_selects(approval, exposure) &&
			approval_expired(approval, work->today))
			return safe(arena_printf(work->arena,
				"Its approval %s expired on %u-%02u-%02u.",
				approval->id, approval->expires / 10000,
				approval->expires / 100 % 100,
				approval->expires % 100));
	}
	return "";
}

static const char *detail_of(struct judge_work *work, const struct exposure *exposure)
{
	const char *text = "";

	if (exposure->listening == TRI_NO)
		text = "Nothing listens there now: whatever does next is open at once.";
	if (!exposure->published && exposure->path == PATH_ROUTED)
		text = add_line(work, text, "The port was never published.");
	text = add_line(work, text, expired(work, exposure));
	text = add_line(work, text, let_in_by(work, exposure));
	return add_line(work, text, amplified(work, exposure));
}

static void find_unapproved(struct judge_work *work, const struct exposure *exposure)
{
	const char *sources = words_sources(work->arena, work->report,
		exposure->reach[ZONE_INTERNET].must, exposure->endpoint.family,
		ZONE_INTERNET, PREFIXES_SHOWN);
	struct finding_text text = {
		.title = arena_printf(work->arena,
			"%s: %s can reach %s (%s), and no "
			"approval says so",
			whose(work, exposure), sources,
			words_endpoint(work->arena, &exposure->endpoint),
			how(work, exposure)),
		.detail = detail_of(work, exposure),
		.remedy = remedy_restrict(work, exposure),
	};

	finding_add(work, KIND_INTERNET_UNAPPROVED, exposure, ZONE_INTERNET, &text);
}

/* The excess is the Internet's as soon as it has a source of it. */
static void find_beyond(struct judge_work *work, const struct exposure *exposure)
{
	enum family family = exposure->endpoint.family;
	const struct ivset *excess = &ivset_none;

	for (size_t i = 0; i < exposure->nexcess; i++)
		excess = ivset_union(work->arena, excess,
			ivset_prefix(work->arena, &exposure->excess[i]));
	enum zone zone = ivset_intersects(excess, exposure->reach[ZONE_INTERNET].must)
				 ? ZONE_INTERNET
				 : ZONE_PRIVATE;
	excess = ivset_intersect(work->arena, excess, exposure->reach[zone].must);
	const char *sources = words_sources(
		work->arena, work->report, excess, family, zone, PREFIXES_SHOWN);
	struct finding_text text = {
		.title = arena_printf(work->arena,
			"%s: %s can reach %s (%s), more than approval %s allows",
			whose(work, exposure), sources,
			words_endpoint(work->arena, &exposure->endpoint),
			how(work, exposure), exposure->approval->id),
		.detail = detail_of(work, exposure),
		.remedy = remedy_beyond(work, exposure),
	};
	finding_add(work, KIND_BEYOND_APPROVAL, exposure, zone, &text);
}

/* The strangers nearest to the Internet who reach it for certain; ZONE_COUNT: none. */
static enum zone widest(const struct exposure *exposure)
{
	for (int zone = 0; zone < ZONE_COUNT; zone++)
		if (!ivset_is_empty(exposure->reach[zone].must))
			return (enum zone)zone;
	return ZONE_COUNT;
}

/* Why nobody would expect that. */
static const char *not_meant(const struct exposure *exposure)
{
	const struct container *container = exposure->container;

	if (exposure->loopback_bound)
		return "which is published on this host's loopback only";
	if (exposure->path == PATH_MACVLAN || exposure->path == PATH_IPVLAN)
		return "past this host's packet filter";
	/* gateway_mode=routed opens ports there, and the engine's API says no more. */
	for (size_t i = 0; i < container->nports; i++)
		if (container->ports[i].host_port == 0 &&
			container->ports[i].proto == exposure->endpoint.proto &&
			container->ports[i].container_port == exposure->endpoint.port)
			return "which is published on none of the host's addresses";
	return "which was not published";
}

/* Ports that were meant for this host, or for nobody. */
static void find_unmeant(struct judge_work *work, const struct exposure *exposure)
{
	enum zone zone = widest(exposure);
	bool host_port = exposure->path == PATH_HOST_NETWORK;
	enum kind kind = exposure->loopback_bound ? KIND_LOOPBACK_REACHABLE
						  : KIND_UNPUBLISHED_REACHABLE;

	if (zone == ZONE_COUNT)
		return;
	if (!exposure->loopback_bound && (exposure->published || host_port))
		return;
	if (zone == ZONE_ADJACENT && approve_neighbours(work, exposure))
		return;
	const char *sources =
		words_sources(work->arena, work->report, exposure->reach[zone].must,
			exposure->endpoint.family, zone, PREFIXES_SHOWN);
	struct finding_text text = {
		.title = arena_printf(work->arena, "%s: %s can reach %s (%s), %s",
			whose(work, exposure), sources,
			words_endpoint(work->arena, &exposure->endpoint),
			how(work, exposure), not_meant(exposure)),
		.detail = detail_of(work, exposure),
		.remedy = remedy_direct(work, exposure),
	};
	finding_add(work, kind, exposure, zone, &text);
}

void find_exposures(struct judge_work *work)
{
	const struct report *report = work->report;

	for (size_t i = 0; i < report->nexposures; i++) {
		const struct exposure *exposure = &report->exposures[i];

		if (!exposure->container || exposure->path == PATH_HOST_SERVICE)
			continue;
		if (exposure->nexcess > 0)
			find_beyond(work, exposure);
		else if (exposure->verdict == EXPOSURE_VIOLATION)
			find_unapproved(work, exposure);
		else if (exposure->verdict != EXPOSURE_APPROVED)
			find_unmeant(work, exposure);
	}
}
