/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/candidates.h"

#include <string.h>

void candidates_collect(
	struct reach *reach, struct arena *arena, struct candidates *ret_candidates)
{
	const struct facts *facts = reach->facts;
	struct scan scan = {.arena = arena, .services = &ret_candidates->host};

	memset(ret_candidates, 0, sizeof(*ret_candidates));
	services_add_socks(arena, scan.services, facts->host);
	scan_rules(&scan, reach->host->rules);
	for (size_t i = 0; i < facts->ncontainers; i++) {
		const struct container *c = &facts->containers[i];

		for (size_t k = 0; k < c->nports; k++)
			services_add(arena, scan.services, c->ports[k].proto,
				FAMILY_BITS, c->ports[k].host_port, 1);
		if (scan.wide && c->netns && c->netns != facts->host)
			services_add_socks(arena, scan.services, c->netns);
	}
	services_sort(scan.services);
	struct scan any = {.arena = arena, .services = &ret_candidates->anywhere};
	scan_anywhere(&any, reach->host->rules);
	if (any.wide) /* all ports: those that the host itself is asked at */
		ret_candidates->anywhere = ret_candidates->host;
	services_sort(&ret_candidates->anywhere);
	address_class_all(reach, &scan, &ret_candidates->addresses);
}

void candidates_container(struct arena *arena, const struct container *container,
	const struct services *anywhere, struct services *ret_services)
{
	*ret_services = (struct services){0};
	if (container->netns)
		services_add_socks(arena, ret_services, container->netns);
	for (size_t k = 0; k < container->nports; k++)
		services_add(arena, ret_services, container->ports[k].proto,
			FAMILY_BITS, container->ports[k].container_port, 1);
	for (size_t i = 0; i < anywhere->n; i++)
		services_add(arena, ret_services, anywhere->v[i].proto, FAMILY_BITS,
			anywhere->v[i].port, anywhere->v[i].span);
	services_sort(ret_services);
}
