/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asked which endpoint, and whether it answered: counted in bounded memory. */
#ifndef SEAWALL_NETMON_CONFIRM_FLOWS_H
#define SEAWALL_NETMON_CONFIRM_FLOWS_H

#include "netmon/confirm/packet.h"
#include "netmon/model/report.h"

/*
 * Theory of operation. Fed with the packets that cross the perimeter. All tables are
 * made once and never grow, so a flood costs what silence costs.
 *
 *   endpoints  a fixed table of what strangers dial, with counters and two estimates of
 *              how many sources there were. A question finds a place only while there
 * is a free one; an answer takes the place of an endpoint that never gave one. What
 * finds no place is counted. pairs      a cache of (endpoint, stranger) of those that
 * matter later: who of a UDP pair spoke first, and which answer was counted already.
 * The oldest of a set leaves first.
 *
 * TCP and SCTP need no memory of questions: a SYN-ACK or INIT-ACK that leaves by the
 * perimeter proves both the question and the answer (only somebody on this host who
 * forges packets can fake one, and it makes its own host look worse). A flood of SYNs
 * to closed ports therefore hides no handshake.
 */
#define FLOWS_ENDPOINTS 4096
#define FLOWS_REGISTERS 512 /* of one estimate: about 4.6 % off */

/* One endpoint that strangers dialled. */
struct flow_stat {
	struct endpoint endpoint;
	uint64_t attempts, handshakes, refused;
	uint64_t unexpected; /* handshakes with sources that the rules keep out */
	u128 sample,
		stranger; /* a source of a handshake (or attempt); an unexpected one */
	int64_t first_us, last_us; /* of handshakes, or attempts */
	int64_t stranger_us;
};

/** struct flows_options - @key: random; keeps strangers from choosing collisions */
struct flows_options {
	uint64_t key;
	/* Do the rules let @source ask there, from that port? NULL: nobody is
	 * unexpected. */
	enum tri (*allows)(void *context, const struct endpoint *endpoint,
		const struct addr *source, uint16_t sport);
	/* Of a UDP packet whose direction the capture did not tell. NULL: by the ports.
	 */
	bool (*is_local)(void *context, enum family family, u128 addr);
	void *context;
};

struct flows;

/** flows_new() - NULL when there is no memory. */
struct flows *flows_new(const struct flows_options *options);
void flows_free(struct flows *flows);

/** flows_packet() - one packet that crossed the perimeter. Cost: constant. */
void flows_packet(struct flows *flows, const struct packet *packet, int64_t time_us);

/** flows_next() - what was seen, endpoint by endpoint; @at begins at 0. NULL: no more.
 */
const struct flow_stat *flows_next(const struct flows *flows, size_t *at);
/** flows_sources() - about how many sources had a handshake (or only tried to). */
uint64_t flows_sources(
	const struct flows *flows, const struct flow_stat *stat, bool handshakes);
/** flows_untracked() - packets of endpoints that found no place. */
uint64_t flows_untracked(const struct flows *flows);
/** flows_bytes() - all the memory there is; it never changes. */
size_t flows_bytes(void);

#endif
