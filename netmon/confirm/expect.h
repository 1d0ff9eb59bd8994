/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules say of an endpoint: the exposures that claim it, and their sources. */
#ifndef SEAWALL_NETMON_CONFIRM_EXPECT_H
#define SEAWALL_NETMON_CONFIRM_EXPECT_H

#include "netmon/model/report.h"

/*
 * Theory of operation. Pure. Exposures are indexed by protocol, family and ports; those
 * of "every address" are also found by each of the host's own. Everything is borrowed
 * from the report, whose exposures must not move meanwhile.
 */
struct expect {
	const struct report *report;
	struct arena *arena;
	size_t *order;	   /* exposures by protocol, family, first port */
	uint16_t *reaches; /* the last port of any of that kind so far in the order */
	size_t n;
};

/** expect_init() - index @report's exposures; what it takes is in @arena. */
void expect_init(
	struct expect *expect, const struct report *report, struct arena *arena);

/**
 * expect_next() - the exposures that may be dialled at @endpoint, one by one
 * @at: 0 for the first; counted on
 *
 * An exposure of every address of the host is one of them for any address that is the
 * host's own or loopback. Return: an exposure; NULL after the last.
 */
struct exposure *expect_next(
	const struct expect *expect, const struct endpoint *endpoint, size_t *at);

/** expect_is_own() - is it an address of the host's interfaces, or loopback? */
bool expect_is_own(const struct expect *expect, const struct addr *addr);

/** expect_may() - the sources of one zone that some exposure lets in at @endpoint. */
const struct ivset *expect_may(const struct expect *expect,
	const struct endpoint *endpoint, enum zone zone, struct arena *arena);

/**
 * expect_allows() - can the rules let an answer go from @endpoint to @source?
 *
 * Return: TRI_YES: some zone's `may` has it; TRI_NO: @source belongs to a zone that
 * was asked about and none has it; TRI_UNKNOWN: nothing is claimed about such a source.
 */
enum tri expect_allows(const struct expect *expect, const struct endpoint *endpoint,
	const struct addr *source);

#endif
