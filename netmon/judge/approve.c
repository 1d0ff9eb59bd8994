/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One exposure against the approvals of the policy. */
#include "netmon/judge/approve.h"

#include "netmon/model/span.h"

bool approve_container(const struct approval *approval, const struct exposure *exposure)
{
	const struct container *container = exposure->container;

	if (!container)
		return false;
	struct container_facts facts = {
		.name = container->name,
		.image = container->image,
		.labels = container->labels,
		.nlabels = container->nlabels,
	};
	return approval_selects(approval, &facts);
}

/* All ports of the endpoint, in one item of the entry's list. */
static bool has_ports(const struct approval *approval, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < approval->nports; i++) {
		const struct policy_port *ports = &approval->ports[i];

		if (ports->proto == endpoint->proto && ports->lo <= endpoint->port &&
			ports->hi >= span_last(endpoint))
			return true;
	}
	return false;
}

bool approve_selects(const struct approval *approval, const struct exposure *exposure)
{
	return approve_container(approval, exposure) &&
	       has_ports(approval, &exposure->endpoint);
}

static const struct ivset *sources_of(
	struct judge_work *work, const struct approval *approval, enum family family)
{
	const struct ivset *const zones[ZONE_COUNT] = {
		[ZONE_INTERNET] = ivset_all(work->arena, family),
		[ZONE_PRIVATE] = zone_private(work->arena, family),
	};

	return approval_sources(work->arena, approval, family, zones);
}

/* All sources that entries in force approve. */
static const struct ivset *covered_by_policy(struct judge_work *work,
	const struct exposure *exposure, const struct approval **ret_first,
	bool *ret_adjacent)
{
	enum family family = exposure->endpoint.family;
	const struct ivset *covered = &ivset_none;

	*ret_first = NULL;
	*ret_adjacent = false;
	for (size_t i = 0; i < work->policy->napprovals; i++) {
		const struct approval *approval = &work->policy->approvals[i];

		if (!approve_selects(approval, exposure))
			continue;
		work->approval_used[i] = true;
		if (approval_expired(approval, work->today))
			continue;
		if (!*ret_first)
			*ret_first = approval;
		*ret_adjacent |= approval_has_zone(approval, ZONE_ADJACENT);
		covered = ivset_union(
			work->arena, covered, sources_of(work, approval, family));
	}
	return covered;
}

const struct ivset *approve_covered(
	struct judge_work *work, const struct exposure *exposure)
{
	const struct approval *first;
	bool adjacent;

	return covered_by_policy(work, exposure, &first, &adjacent);
}

bool approve_neighbours(struct judge_work *work, const struct exposure *exposure)
{
	const struct approval *first;
	bool adjacent;
	const struct ivset *covered =
		covered_by_policy(work, exposure, &first, &adjacent);

	return first &&
	       (adjacent ||
		       ivset_is_subset(exposure->reach[ZONE_ADJACENT].must, covered));
}

static enum exposure_verdict verdict_of(struct judge_work *work,
	const struct exposure *exposure, const struct ivset *covered)
{
	const struct reach_set *internet = &exposure->reach[ZONE_INTERNET];

	if (exposure->path == PATH_HOST_SERVICE || !exposure->container)
		return ivset_is_empty(internet->may) ? EXPOSURE_NOT_PUBLIC
						     : EXPOSURE_UNKNOWN;
	if (exposure->nexcess > 0)
		return EXPOSURE_VIOLATION;
	if (ivset_is_empty(internet->may))
		return EXPOSURE_NOT_PUBLIC;
	if (!ivset_is_empty(ivset_subtract(work->arena, internet->must, covered)))
		return EXPOSURE_VIOLATION;
	if (!ivset_is_empty(ivset_subtract(work->arena, internet->may, covered)))
		return EXPOSURE_UNKNOWN;
	return EXPOSURE_APPROVED;
}

static bool speaks_of_private(struct judge_work *work, const struct exposure *exposure,
	const struct ivset *covered)
{
	return ivset_intersects(
		covered, zone_private(work->arena, exposure->endpoint.family));
}

void approve_exposure(struct judge_work *work, struct exposure *exposure)
{
	bool adjacent;
	const struct ivset *covered =
		covered_by_policy(work, exposure, &exposure->approval, &adjacent);

	if (exposure->approval) {
		struct prefix *prefixes;
		const struct ivset *reached = exposure->reach[ZONE_INTERNET].must;

		if (speaks_of_private(work, exposure, covered))
			reached = ivset_union(work->arena, reached,
				exposure->reach[ZONE_PRIVATE].must);
		const struct ivset *excess =
			ivset_subtract(work->arena, reached, covered);

		exposure->nexcess = ivset_to_prefixes(
			work->arena, excess, exposure->endpoint.family, &prefixes);
		exposure->excess = prefixes;
	}
	exposure->verdict = verdict_of(work, exposure, covered);
}
