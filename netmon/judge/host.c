/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about the host: an engine's API on TCP, two rule sets, what is not known. */
#include <netinet/in.h>
#include <string.h>

#include "netmon/judge/findings.h"
#include "netmon/judge/remedy.h"
#include "netmon/judge/words.h"
#include "netmon/model/span.h"

#define PORT_API	 2375
#define PORT_API_TLS	 2376
#define PORT_SWARM	 2377
#define PORT_SWARM_NODES 7946
#define PORT_METRICS	 9323

static const char *safe(const char *text)
{
	return text ? text : "";
}

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* The socket behind an exposure of the host, for its owner's arguments. */
static const struct sock *socket_of(
	const struct judge_work *work, const struct exposure *exposure)
{
	const struct netns *host = work->report->facts->host;

	for (size_t i = 0; i < host->nsocks; i++) {
		const struct sock *sock = &host->socks[i];

		if (sock->proto == exposure->endpoint.proto &&
			sock->port == exposure->target_port)
			return sock;
	}
	return NULL;
}

/* "--tlsverify" or "--tlsverify=true": clients must show a certificate of the daemon's
 * authority. What daemon.json says is not in the arguments. */
static bool asks_certificates(const struct sock *sock)
{
	const char *at =
		sock && sock->cmdline ? strstr(sock->cmdline, "--tlsverify") : NULL;

	if (!at)
		return false;
	at += strlen("--tlsverify");
	return *at == '\0' || *at == ' ' || strncmp(at, "=true", 5) == 0 ||
	       strncmp(at, "=1", 2) == 0;
}

static bool is_engine_api(const struct exposure *exposure)
{
	unsigned int port = exposure->endpoint.port;

	if (exposure->path != PATH_HOST_SERVICE ||
		exposure->endpoint.proto != IPPROTO_TCP)
		return false;
	if (is(exposure->owner, "dockerd"))
		return port != PORT_SWARM && port != PORT_SWARM_NODES &&
		       port != PORT_METRICS;
	if (is(exposure->owner, "podman"))
		return true;
	return !exposure->owner &&
	       (span_has_port(&exposure->endpoint, PORT_API) ||
		       span_has_port(&exposure->endpoint, PORT_API_TLS));
}

static void find_engine_api(struct judge_work *work, const struct exposure *exposure)
{
	const struct sock *sock = socket_of(work, exposure);
	int zone = 0;

	while (zone < ZONE_COUNT && ivset_is_empty(exposure->reach[zone].may))
		zone++;
	if (zone == ZONE_COUNT || asks_certificates(sock))
		return;
	const char *sources =
		words_sources(work->arena, work->report, exposure->reach[zone].may,
			exposure->endpoint.family, (enum zone)zone, 4);
	const char *owner = exposure->owner ? words_line(work->arena, exposure->owner)
					    : "a process not known";
	struct finding_text text = {
		.title = arena_printf(work->arena,
			"%s can reach the container engine's API at %s (%s): whoever "
			"may "
			"talk to it is root on this host",
			sources, words_endpoint(work->arena, &exposure->endpoint),
			owner),
		.detail = arena_printf(work->arena, "%s%s",
			sock && sock->cmdline ? "Started as: " : "",
			sock && sock->cmdline ? words_line(work->arena, sock->cmdline)
					      : ""),
		.remedy = arena_printf(work->arena,
			"Take tcp:// out of the daemon's -H arguments and of \"hosts\" "
			"in "
			"/etc/docker/daemon.json, and use the socket or ssh:// "
			"instead; if "
			"it must stay, ask for client certificates with --tlsverify.\n"
			"Until then: %s",
			remedy_close(work, exposure, NULL)),
	};

	finding_add(work, KIND_ENGINE_API, exposure, (enum zone)zone, &text);
}

static void find_legacy(struct judge_work *work)
{
	struct finding_text text = {
		.subject = "",
		.title = "iptables-legacy tables and nftables rules are both in force",
		.detail =
			"The kernel asks both; tools of one kind do not show the rules "
			"of the other. Both are modelled here.",
		.remedy = "See both with: iptables-legacy-save; nft list ruleset",
	};

	if (work->report->ruleset->has_legacy && work->report->ruleset->has_nft)
		finding_add(work, KIND_LEGACY_BESIDE_NFT, NULL, ZONE_COUNT, &text);
}

static const char *place_of(struct judge_work *work, const struct gap *gap)
{
	if (!gap->table)
		return safe(gap->where);
	return safe(arena_printf(work->arena, "%s %s", gap->table, safe(gap->chain)));
}

static const char *touched(struct judge_work *work, const struct gap *gap)
{
	const struct report *report = work->report;
	const char *text = "";

	for (size_t i = 0; i < report->nexposures; i++) {
		for (size_t j = 0; j < report->exposures[i].ngaps; j++) {
			if (report->exposures[i].gaps[j] != gap)
				continue;
			text = safe(arena_printf(work->arena, "%s%s%s", text,
				text[0] ? ", " : "",
				words_endpoint(
					work->arena, &report->exposures[i].endpoint)));
		}
	}
	return text[0] ? safe(arena_printf(
				 work->arena, "Answers that depend on it: %s.", text))
		       : NULL;
}

static void find_gap(struct judge_work *work, const struct gap *gap)
{
	const char *place = place_of(work, gap);
	struct finding_text text = {
		.subject = arena_printf(work->arena, "%s %s %s", safe(gap->code), place,
			safe(gap->text)),
		.title = arena_printf(work->arena, "%s: %s", place, safe(gap->text)),
		.detail = touched(work, gap),
		.remedy = gap->table ? arena_printf(work->arena,
					       "Look at it with: nft -a list chain %s",
					       place)
				     : NULL,
	};

	if (text.subject)
		finding_add(work, KIND_GAP, NULL, ZONE_COUNT, &text);
}

void find_host(struct judge_work *work)
{
	const struct report *report = work->report;

	for (size_t i = 0; i < report->nexposures; i++)
		if (is_engine_api(&report->exposures[i]))
			find_engine_api(work, &report->exposures[i]);
	find_legacy(work);
	for (size_t i = 0; i < report->ngaps; i++)
		if (report->gaps[i].hides)
			find_gap(work, &report->gaps[i]);
}
