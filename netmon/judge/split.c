/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/judge/split.h"

#include "netmon/judge/approve.h"
#include "netmon/model/span.h"

/* The first port after @port, up to @last, at which a part of @ports begins or where
 * what follows it begins; 0: none. */
static uint32_t next_border(
	const struct policy_port *ports, uint32_t port, uint32_t last)
{
	if (ports->lo > port && ports->lo <= last)
		return ports->lo;
	return ports->hi >= port && ports->hi < last ? ports->hi + 1u : 0;
}

/* The last port before the nearest border of an approval. */
static uint16_t part_end(const struct policy *policy, const struct exposure *exposure)
{
	const struct endpoint *endpoint = &exposure->endpoint;
	uint16_t last = span_last(endpoint);

	for (size_t i = 0; i < policy->napprovals; i++) {
		const struct approval *approval = &policy->approvals[i];

		if (!approve_container(approval, exposure))
			continue;
		for (size_t k = 0; k < approval->nports; k++) {
			uint32_t border =
				next_border(&approval->ports[k], endpoint->port, last);

			if (border && approval->ports[k].proto == endpoint->proto)
				last = (uint16_t)(border - 1);
		}
	}
	return last;
}

/* The exposure at @index keeps its first part; the others are appended. */
static void split(struct report *report, const struct policy *policy, size_t index)
{
	struct exposure rest = report->exposures[index];
	uint16_t end = part_end(policy, &rest), last = span_last(&rest.endpoint);

	span_narrow(&report->exposures[index], rest.endpoint.port, end);
	while (end < last) {
		struct exposure *part = arena_push(&report->arena, &report->exposures,
			&report->nexposures, sizeof(*part));

		if (!part)
			return;
		span_narrow(&rest, (uint16_t)(end + 1), last);
		end = part_end(policy, &rest);
		*part = rest;
		span_narrow(part, rest.endpoint.port, end);
		part->id = span_id(&report->arena, part);
	}
}

void split_exposures(struct report *report, const struct policy *policy)
{
	size_t n = report->nexposures;

	for (size_t i = 0; i < n; i++)
		if (report->exposures[i].endpoint.port_last)
			split(report, policy, i);
}
