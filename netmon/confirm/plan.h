/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which probes to send: inside each exposure's reach, and just outside of it. */
#ifndef SEAWALL_NETMON_CONFIRM_PLAN_H
#define SEAWALL_NETMON_CONFIRM_PLAN_H

#include <stdio.h>

#include "netmon/confirm/expect.h"

/*
 * Theory of operation. Pure. For every question that reach/ asked (report->asked), by
 * the way in and for each zone that can ask it:
 *
 *   inside   one source of each exposure's `must` (of `may` when must is empty: then
 *            the reply decides what the rules could not)
 *   outside  the neighbours on the other side of each edge of `may`, or any source of
 *            the zone where nothing of it gets in: these must stay silent
 *
 * Answers to a probe go to its source, so sources are taken from the documentation and
 * benchmark prefixes as long as one of them is in the cell. Others are real addresses
 * of somebody: they are used only with any_source, else counted as withheld.
 */
#define PLAN_PROBES_MAX 20000
#define PLAN_EDGES_MAX	6 /* of one endpoint and zone, by one way in */

enum reply {
	REPLY_NONE = 0,
	REPLY_ICMP,
	REPLY_RST, /* SCTP: ABORT */
	REPLY_OPEN,
};

struct probe {
	const struct way *way;
	enum zone zone;
	struct endpoint endpoint;	   /* never any */
	const struct container *container; /* whose own address is dialled */
	struct addr source;
	struct exposure *exposure; /* NULL: of none */
	enum tri expected;	   /* NO: must stay silent */
	bool shared; /* strangers have this source by other interfaces, too */
	/* the run's */
	uint16_t sport;
	uint32_t seq;
	bool sent, reset;
	enum reply reply;
	bool heard;	 /* an answer left by where the stranger is, or strangers are */
	bool unresolved; /* the answer had nowhere to go: no neighbour answered ARP */
	enum tri agrees;
	const char *reason;
};

/* An address that answers on a link: what a neighbour's probe is best sent from. */
struct neighbour {
	int ifindex;
	struct addr addr;
	uint8_t mac[6];
	bool resolved; /* its MAC is known */
	bool failed;   /* it was asked for and did not answer */
};

struct plan {
	struct probe *probes;
	size_t n;
	size_t withheld, cut;
};

/** plan_make() - the probes for @report; what the plan holds is in @arena. */
void plan_make(const struct expect *expect, const struct neighbour *neighbours,
	size_t nneighbours, bool any_source, struct arena *arena,
	struct plan *ret_plan);

/** plan_print() - a line a probe, for --dry-run. */
void plan_print(const struct plan *plan, FILE *stream);

#endif
