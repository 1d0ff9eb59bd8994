/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every endpoint worth asking, walked from every way in: exposures in the making. */
#ifndef SEAWALL_NETMON_REACH_SURVEY_H
#define SEAWALL_NETMON_REACH_SURVEY_H

#include "netmon/reach/candidates.h"
#include "netmon/reach/sources.h"

/*
 * Theory of operation. Every candidate endpoint is walked once for each way in, with
 * all sources of that way at once. The outcomes that got somewhere are grouped by where
 * (path, container, target); each group's peers, cut by zone, are an exposure's reach:
 * may is the group's union, must is what no other outcome shares. At the end, endpoints
 * that behave alike at every address of the host become one, "0.0.0.0/0".
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
};

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

/** survey_emit() - the drafts become exposures, and make room for the next ones. */
void survey_emit(struct survey *survey);

/** survey_gaps() - gaps of facts, rules and exposures, each once. */
void survey_gaps(struct survey *survey);

/** survey_describe() - perimeter, ways in, and what is taken for granted. */
void survey_describe(struct survey *survey);

#endif
