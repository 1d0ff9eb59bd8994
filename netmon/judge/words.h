/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints, sources and enums as words, the same ones in every output. */
#ifndef SEAWALL_NETMON_JUDGE_WORDS_H
#define SEAWALL_NETMON_JUDGE_WORDS_H

#include "common/arena.h"
#include "netmon/model/report.h"

/* All texts are in @arena, or constant; never NULL unless it says so. */

/** words_ports() - "8080", or "8000-9000" with what joins them. */
const char *words_ports(
	struct arena *arena, uint16_t port, uint16_t last, const char *joint);
/** words_endpoint() - "0.0.0.0:8080/tcp", "[2001:db8::1]:80/udp", "0.0.0.0:80-90/tcp"
 */
const char *words_endpoint(struct arena *arena, const struct endpoint *endpoint);
/** words_target() - "172.17.0.2:80", or NULL where there is no other target. */
const char *words_target(struct arena *arena, const struct exposure *exposure);
/**
 * words_sources() - whom a set of one zone is: "everyone on the Internet", "5 prefixes
 * of the Internet (192.0.2.0/24, 198.51.100.0/24, ...)"
 * @max: how many prefixes are spelled out
 */
const char *words_sources(struct arena *arena, const struct report *report,
	const struct ivset *set, enum family family, enum zone zone, size_t max);
/**
 * words_everyone() - does the set hold all sources that the zone has on the perimeter?
 *
 * They are those of the report's ways. A zone without any is never everyone.
 */
bool words_everyone(const struct report *report, const struct ivset *set,
	enum family family, enum zone zone);

/** words_proto() - "tcp", "udp" ..., or the number. */
const char *words_proto(struct arena *arena, uint8_t proto);
const char *words_path(enum path path); /* "dnat", "docker-proxy", ... */
const char *words_hook(enum hook hook); /* "prerouting", ... */
/** words_arrived() - does the first packet end at this step? What follows is the
 * answer, or a forwarder's own connection. */
bool words_arrived(const struct trace_step *step);
/** words_step() - what a step does: "jump DOCKER", "dnat to 172.17.0.2:80", "accept" */
const char *words_step(struct arena *arena, const struct trace_step *step);
const char *words_effect(enum effect effect);	   /* "accept", "drop", ... */
const char *words_result(enum result result);	   /* "open", ... */
const char *words_delivery(enum delivery verdict); /* "delivered", ... */
const char *words_tri(enum tri tri);		   /* "yes", "no", "unknown" */
const char *words_severity(enum severity severity);
const char *words_verdict(enum exposure_verdict verdict);

/**
 * words_line() - foreign text (names, comments) fit to stand inside a line of ours
 *
 * Control characters, line breaks above all, become '?'. NULL becomes "". Escaping for
 * a terminal is still the output's business.
 */
const char *words_line(struct arena *arena, const char *text);
/** words_rule() - rule_text() as one line. */
const char *words_rule(struct arena *arena, const struct rule *rule);

/** words_shell() - @text as one word of a POSIX shell, quoted where it must be. */
const char *words_shell(struct arena *arena, const char *text);

#endif
