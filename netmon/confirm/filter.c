/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The observer's filter, in pcap-filter(7)'s language. */
#include "netmon/confirm/filter.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "netmon/model/span.h"

/*
 * The kernel's BPF has no loops, so of IPv6 with extension headers (0, 43, 44, 51, 60)
 * everything passes and the decoder looks. 18 = SYN|ACK; 53 = 40 + 13, the flags.
 */
#define COMING                                                                \
	"inbound and (tcp[13] & 18 = 2 or (ip6[6] = 6 and ip6[53] & 18 = 2) " \
	"or (ip proto 132 and sctp[12] = 1) or (ip6[6] = 132 and ip6[52] = 1))"
#define GOING                                                                    \
	"outbound and (tcp[13] & 18 = 18 or (ip6[6] = 6 and ip6[53] & 18 = 18) " \
	"or (ip proto 132 and sctp[12] = 2) or (ip6[6] = 132 and ip6[52] = 2) "  \
	"or icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12 "                        \
	"or (ip6[6] = 58 and ip6[40] < 128))"
#define EXTENDED \
	"ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60"

static const struct ivset *udp_ports(struct arena *arena, const struct report *report)
{
	const struct netns *host = report->facts->host;
	size_t max = report->nexposures + report->nasked + host->nsocks, n = 0;
	struct iv *v = arena_array(arena, max + 1, sizeof(*v));

	if (!v)
		return &ivset_none;
	for (size_t i = 0; i < report->nexposures; i++) {
		const struct endpoint *e = &report->exposures[i].endpoint;

		if (e->proto == IPPROTO_UDP)
			v[n++] = (struct iv){e->port, span_last(e)};
	}
	for (size_t i = 0; i < report->nasked; i++) {
		const struct endpoint *e = &report->asked[i].endpoint;

		if (e->proto == IPPROTO_UDP)
			v[n++] = (struct iv){e->port, span_last(e)};
	}
	for (size_t i = 0; i < host->nsocks; i++) {
		const struct sock *s = &host->socks[i];

		if (s->proto == IPPROTO_UDP && !s->connected)
			v[n++] = (struct iv){s->port, s->port};
	}
	return ivset_from(arena, v, n);
}

static int by_size(const void *a, const void *b)
{
	const u128 *one = a, *two = b;

	return *one < *two ? -1 : *one > *two;
}

/* At most FILTER_PORTS_MAX ranges: the narrowest gaps between them are closed. */
static const struct ivset *join(struct arena *arena, const struct ivset *set)
{
	u128 *gaps = arena_array(arena, set->n + 1, sizeof(*gaps));
	struct iv *v = arena_array(arena, set->n + 1, sizeof(*v));
	size_t n = 0;

	if (set->n <= FILTER_PORTS_MAX || !gaps || !v)
		return set;
	for (size_t i = 0; i + 1 < set->n; i++)
		gaps[i] = set->v[i + 1].lo - set->v[i].hi;
	qsort(gaps, set->n - 1, sizeof(*gaps), by_size);
	u128 closed = gaps[set->n - 1 - FILTER_PORTS_MAX];
	for (size_t i = 0; i < set->n; i++) {
		if (n > 0 && set->v[i].lo - v[n - 1].hi <= closed)
			v[n - 1].hi = set->v[i].hi;
		else
			v[n++] = set->v[i];
	}
	return ivset_from(arena, v, n);
}

const char *filter_text(struct arena *arena, const struct report *report,
	const struct ivset **ret_ports)
{
	const struct ivset *ports = join(arena, udp_ports(arena, report));
	const char *in = NULL, *out = NULL;

	*ret_ports = ports;
	for (size_t i = 0; i < ports->n; i++) {
		unsigned int lo = (unsigned int)ports->v[i].lo;
		unsigned int hi = (unsigned int)ports->v[i].hi;

		in = arena_printf(arena, "%s%sdst portrange %u-%u", in ? in : "",
			in ? " or " : "", lo, hi);
		out = arena_printf(arena, "%s%ssrc portrange %u-%u", out ? out : "",
			out ? " or " : "", lo, hi);
	}
	if (!in || !out)
		return arena_printf(
			arena, "(%s) or (%s) or %s", COMING, GOING, EXTENDED);
	return arena_printf(arena,
		"(%s) or (%s) or (udp and ((inbound and (%s)) or (outbound and (%s)))) "
		"or %s",
		COMING, GOING, in, out, EXTENDED);
}
