/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every endpoint worth asking, walked from every way in: exposures in the making. */
#ifndef SEAWALL_NETMON_REACH_SURVEY_H
#define SEAWALL_NETMON_REACH_SURVEY_H

#include "netmon/model/span.h"
#include "netmon/reach/candidates.h"
#include "netmon/reach/sources.h"

/*
 * Theory of operation. Every candidate endpoint is walked once for each way in, with
 * all sources of that way at once. The outcomes that got somewhere are grouped by where
 * (path, container, target); each group's peers, cut by zone, are an exposure's reach:
 * may is the group's union, must is what no other outcome shares. At the end, endpoints
 * that behave alike at every address of the host become one, "0.0.0.0/0".
 *
 * Of ports with one sign (port_signs.h) the first is walked and speaks for all. Spans
 * with the same sign have the same exposures, at other ports. Neighbouring spans whose
 * exposures are the same thing are one in the report.
 */

/* An exposure in the making. */
struct draft {
	const struct address_class *class; /* NULL: a container's own address */
	struct exposure e;
	bool dropped; /* told by another one */
};

struct survey {
	struct reach *reach;
	struct report *report;
	struct arena scratch; /* one walk */
	struct arena making;  /* drafts of one service */
	struct source *sources;
	size_t nsources;
	struct draft *drafts;
	size_t ndrafts;
	size_t first;			 /* drafts of the endpoint at hand begin here */
	const struct ivset *internet[2]; /* IPv4, IPv6 */
	bool untranslated; /* an outcome of this service was reached without DNAT */
	const struct container *owner; /* of the address at hand; NULL: the host */
	bool too_large, cut;
	size_t nspans;	     /* walked, beside ports that somebody speaks of */
	struct spans *spans; /* what was found at others */
	bool ports_cut;	     /* more of them are told apart than are asked */
	bool sampled;	     /* one address stands for many in the report */
	bool moved;	     /* a translation moved a port by a distance */
};

/** survey_spans_begin() - the services that follow are of another address
 * @nservices: those with signs; 0: none is to be repeated */
void survey_spans_begin(struct survey *survey, struct arena *arena, size_t nservices);

/**
 * survey_spans_repeat() - take over what was found at a span of the same sign
 *
 * Return: true: its exposures are there; false: it must be walked, unless it is one too
 * many: see survey_spans_skip().
 */
bool survey_spans_repeat(struct survey *survey, const struct service *service);

/** survey_spans_skip() - whether more spans are told apart than are asked: a gap. */
bool survey_spans_skip(struct survey *survey, const struct service *service);

/** survey_spans_add() - an exposure of the service at hand goes to the report: alone,
 * or with the neighbour that it goes on. */
void survey_spans_add(struct survey *survey, const struct exposure *exposure);

/** survey_spans_end() - the service is done. */
void survey_spans_end(struct survey *survey);

/** survey_spans_done() - all services of the address are. */
void survey_spans_done(struct survey *survey);

/** survey_endpoint() - walk to one endpoint by every way in that can have it; drafts
 * are added to survey->drafts. @class: NULL: a container's own address. */
void survey_endpoint(struct survey *survey, const struct address_class *class,
	const struct addr *addr, const struct service *service);

/** survey_class_applies() - whether a perimeter's zone can have this destination on the
 *  wire. */
bool survey_class_applies(const struct survey *survey,
	const struct address_class *class, const struct addr *to, enum zone zone);

/**
 * survey_join() - drafts of one protocol and port that are alike at every address of
 * the host become one, "0.0.0.0/0"
 */
void survey_join(struct survey *survey, const struct candidates *all);

/** survey_join_others() - what a sample of foreign addresses tells, or one that many
 *  have, is told once: where an address of the host's does not tell of the same port.
 */
void survey_join_others(struct survey *survey);

/** survey_emit() - the drafts become exposures, and make room for the next ones. */
void survey_emit(struct survey *survey);

/** survey_published() - note whether the engine lists the exposure's port. */
void survey_published(struct exposure *exposure);

/**
 * survey_rows() - short spans become one exposure for each port; a long row of ports
 * that somebody published one by one, all to one container and each by rules of its own
 * that do the same, becomes one exposure
 */
void survey_rows(struct survey *survey);

/** survey_gaps() - gaps of facts, rules and exposures, each once. */
void survey_gaps(struct survey *survey);

/** survey_report_gap() - one more, unless it is there. */
void survey_report_gap(struct report *report, const struct gap *gap);

/** survey_inside() - gaps for ways into containers that no walk takes. */
void survey_inside(struct survey *survey);

/** survey_is_first_inside() - a running container with a network namespace of its own,
 *  and the first of those (of a pod) that share it. @c is one of @facts. */
bool survey_is_first_inside(const struct facts *facts, const struct container *c);

/** survey_settings() - gaps for settings by which packets go ways of their own. */
void survey_settings(struct survey *survey);

/** survey_tunnels() - gaps for tunnels that unpack what strangers send. */
void survey_tunnels(struct survey *survey);

/** survey_describe_samples() - that some exposures stand for many addresses. */
void survey_describe_samples(struct survey *survey);

/** survey_describe() - perimeter, ways in, and what is taken for granted. */
void survey_describe(struct survey *survey);

#endif
