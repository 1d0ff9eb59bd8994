/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/space.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "common/zone.h"
#include "netmon/reach/hooks.h"
#include "netmon/reach/port_signs.h"
#include "netmon/reach/value.h"

/* ---------------------------------------------------------------- routes */

static int by_choice(const void *a, const void *b)
{
	const struct route *const *x = a, *const *y = b;

	if ((*x)->table != (*y)->table)
		return (*x)->table < (*y)->table ? -1 : 1;
	if ((*x)->dst.len != (*y)->dst.len)
		return (*x)->dst.len > (*y)->dst.len ? -1 : 1;
	if ((*x)->dst.value != (*y)->dst.value)
		return (*x)->dst.value < (*y)->dst.value ? -1 : 1;
	if ((*x)->src.len != (*y)->src.len) /* IPv6: the longer source first */
		return (*x)->src.len > (*y)->src.len ? -1 : 1;
	if ((*x)->metric != (*y)->metric)
		return (*x)->metric < (*y)->metric ? -1 : 1;
	return *x < *y ? -1 : *x > *y; /* as the kernel listed them */
}

static int by_priority(const void *a, const void *b)
{
	const struct route_rule *const *x = a, *const *y = b;

	if ((*x)->priority != (*y)->priority)
		return (*x)->priority < (*y)->priority ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static bool is_selective(const struct route_rule *rule)
{
	return rule->src.len || rule->iif || rule->proto || rule->sport_hi ||
	       rule->dport_hi || rule->tos || rule->l3mdev;
}

static int sort_routes(struct space *space)
{
	const struct netns *ns = space->netns;

	space->routes4 = arena_array(&space->arena, ns->nroutes + 1, sizeof(void *));
	space->routes6 = arena_array(&space->arena, ns->nroutes + 1, sizeof(void *));
	space->rules4 = arena_array(&space->arena, ns->nrules + 1, sizeof(void *));
	space->rules6 = arena_array(&space->arena, ns->nrules + 1, sizeof(void *));
	if (arena_failed(&space->arena))
		return -ENOMEM;
	for (size_t i = 0; i < ns->nroutes; i++) {
		const struct route *route = &ns->routes[i];

		if (route->family == FAMILY_IP4)
			space->routes4[space->nroutes4++] = route;
		else if (route->family == FAMILY_IP6)
			space->routes6[space->nroutes6++] = route;
		space->selects_source6 |= route->family == FAMILY_IP6 && route->src.len;
	}
	for (size_t i = 0; i < ns->nrules; i++) {
		const struct route_rule *rule = &ns->rules[i];

		if (rule->family == FAMILY_IP4 && is_selective(rule))
			space->selective_rules = true;
		if (rule->family == FAMILY_IP4)
			space->rules4[space->nrules4++] = rule;
		else if (rule->family == FAMILY_IP6)
			space->rules6[space->nrules6++] = rule;
		space->selects_source6 |= rule->family == FAMILY_IP6 && rule->src.len;
	}
	qsort(space->routes4, space->nroutes4, sizeof(void *), by_choice);
	qsort(space->routes6, space->nroutes6, sizeof(void *), by_choice);
	qsort(space->rules4, space->nrules4, sizeof(void *), by_priority);
	qsort(space->rules6, space->nrules6, sizeof(void *), by_priority);
	return 0;
}

static int hash_socks(struct space *space)
{
	const struct netns *ns = space->netns;
	struct sock_slot *slots =
		arena_array(&space->arena, ns->nsocks + 1, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < ns->nsocks; i++) {
		const struct sock_slot **head =
			&space->socks[ns->socks[i].port % SOCK_BUCKETS];

		slots[i] = (struct sock_slot){&ns->socks[i], *head};
		*head = &slots[i];
	}
	return 0;
}

#define PADDED_MAX 65536

/* Index 0, "no interface", has the empty name. */
static int pad_names(struct space *space)
{
	const struct netns *ns = space->netns;
	size_t n = 1;

	for (size_t i = 0; i < ns->nlinks; i++)
		if (ns->links[i].index >= (int)n && ns->links[i].index < PADDED_MAX)
			n = (size_t)ns->links[i].index + 1;
	space->padded = arena_array(&space->arena, n, sizeof(*space->padded));
	if (!space->padded)
		return -ENOMEM;
	space->npadded = n;
	for (size_t i = 0; i < ns->nlinks; i++) {
		const struct link *link = &ns->links[i];

		if (link->index > 0 && (size_t)link->index < n && link->name)
			strncpy(space->padded[link->index], link->name, 15);
	}
	return 0;
}

/* ---------------------------------------------------------------- source ports */

#define SOURCE_PORTS_MAX 64 /* classes; beyond, the source port stays unknown */

static bool rules_tell(const struct ruleset *rules)
{
	for (size_t i = 0; i < rules->nchains; i++)
		for (size_t k = 0; k < rules->chains[i].nrules; k++)
			for (size_t m = 0; m < rules->chains[i].rules[k].nops; m++)
				if (port_signs_touches(
					    &rules->chains[i].rules[k].ops[m]))
					return true;
	return false;
}

static bool op_tells_strange(const struct op *op, bool pieces)
{
	if (op->kind == OP_ANY || op->kind == OP_NONE) {
		for (size_t i = 0; i < op->nalternatives; i++)
			for (size_t k = 0; k < op->alternatives[i].nops; k++)
				if (op_tells_strange(
					    &op->alternatives[i].ops[k], pieces))
					return true;
		return false;
	}
	return op->operand && (value_is_senders(op->operand) ||
				      (pieces && value_is_of_later_piece(op->operand)));
}

static bool see_pieces(const struct ruleset *rules)
{
	for (size_t i = 0; i < rules->nchains; i++) {
		const struct chain *c = &rules->chains[i];

		if (c->base && value_sees_pieces(c->family, c->hook, c->priority,
				       rules->uses_conntrack))
			return true;
	}
	return false;
}

bool space_rules_tell_strange(const struct ruleset *rules)
{
	const bool pieces = see_pieces(rules);

	for (size_t i = 0; i < rules->nchains; i++)
		for (size_t k = 0; k < rules->chains[i].nrules; k++)
			for (size_t m = 0; m < rules->chains[i].rules[k].nops; m++)
				if (op_tells_strange(
					    &rules->chains[i].rules[k].ops[m], pieces))
					return true;
	return false;
}

static bool routes_tell(const struct netns *ns)
{
	for (size_t i = 0; i < ns->nrules; i++)
		if (ns->rules[i].sport_hi || ns->rules[i].dport_hi)
			return true;
	return false;
}

static void add_sign(struct space *space, const u128 *signs, uint32_t port)
{
	if (space->nsource_ports > SOURCE_PORTS_MAX)
		return;
	for (size_t i = 0; i < space->nsource_ports; i++)
		if (signs[space->source_ports[i]] == signs[port])
			return;
	space->source_ports[space->nsource_ports++] = (uint16_t)port;
}

static void add_signs(
	struct space *space, const u128 *signs, uint32_t first, uint32_t end)
{
	for (uint32_t p = first; p < end; p++)
		if (p == first || signs[p] != signs[p - 1])
			add_sign(space, signs, p);
}

/* One port of each sign, clients' ports before others. */
int space_class_source_ports(struct space *space)
{
	struct port_signs signs;
	struct arena arena;
	int r = 0;

	space->nsource_ports = 0;
	space->tells_source_ports =
		routes_tell(space->netns) || rules_tell(space->rules);
	if (!space->tells_source_ports || !space->is_host)
		return 0;
	space->source_ports = arena_array(
		&space->arena, SOURCE_PORTS_MAX + 1, sizeof(*space->source_ports));
	arena_init(&arena, 0);
	if (!space->source_ports || !port_signs_init(&signs, &arena, true)) {
		r = -ENOMEM;
		goto out;
	}
	port_signs_rules(&signs, space);
	port_signs_finish(&signs);
	add_signs(space, signs.at, ORDINARY_PORT, PORT_COUNT);
	add_signs(space, signs.at, CLIENT_PORTS, ORDINARY_PORT);
	add_signs(space, signs.at, 0, CLIENT_PORTS);
	if (space->nsource_ports > SOURCE_PORTS_MAX)
		space->nsource_ports = 0;
	if (arena_failed(&arena))
		r = -ENOMEM;
out:
	arena_done(&arena);
	return r;
}

/* ---------------------------------------------------------------- the space */

static int prepare(struct space *space, struct err *err)
{
	int r = ruleset_decode(space->netns, &space->rules, err);

	if (r < 0)
		return r;
	space->index =
		arena_array(&space->arena, space->rules->nchains + 1, sizeof(void *));
	space->sets =
		arena_array(&space->arena, space->rules->nsets + 1, sizeof(void *));
	if (!space->index || !space->sets || hooks_collect(space) < 0 ||
		sort_routes(space) < 0 || hash_socks(space) < 0 ||
		space_class_source_ports(space) < 0 || pad_names(space) < 0)
		return err_errno(err, -ENOMEM, "prepare %s", space->netns->id);
	space->tracks = space->rules->uses_conntrack;
	space->tells_strange = space_rules_tell_strange(space->rules);
	return 0;
}

int space_new(const struct netns *netns, bool is_host, struct space **ret_space,
	struct err *err)
{
	struct space *space = calloc(1, sizeof(*space));
	int r;

	if (!space)
		return err_errno(err, -ENOMEM, "prepare %s", netns->id);
	arena_init(&space->arena, 0);
	space->netns = netns;
	space->is_host = is_host;
	r = prepare(space, err);
	if (r < 0) {
		space_free(space);
		return r;
	}
	*ret_space = space;
	return 0;
}

void space_free(struct space *space)
{
	if (!space)
		return;
	ruleset_free(space->rules);
	arena_done(&space->arena);
	free(space);
}

/* ---------------------------------------------------------------- questions */

const char *space_ifname(const struct space *space, int ifindex)
{
	const struct link *link =
		ifindex > 0 ? netns_link(space->netns, ifindex) : NULL;

	return link && link->name ? link->name : "";
}

static int64_t read_setting(const struct space *space, enum family family, int ifindex,
	const char *name, enum combine combine, int64_t absent)
{
	const char *ip = family == FAMILY_IP4 ? "ipv4" : "ipv6";
	int64_t own = netns_sysctl(space->netns, absent, "net/%s/conf/%s/%s", ip,
		space_ifname(space, ifindex), name);
	int64_t all;

	if (combine == COMBINE_ONLY)
		return own;
	all = netns_sysctl(space->netns, absent, "net/%s/conf/all/%s", ip, name);
	if (combine == COMBINE_ALL)
		return all;
	if (combine == COMBINE_OR)
		return own || all;
	return own > all ? own : all;
}

int64_t space_sysctl_if(struct space *space, enum family family, int ifindex,
	const char *name, enum combine combine, int64_t absent)
{
	struct cached_setting row = {
		name, ifindex, (uint8_t)family, (uint8_t)combine, 0};

	for (size_t i = 0; i < space->nsettings; i++) {
		const struct cached_setting *c = &space->settings[i];

		if (c->ifindex == ifindex && c->name == name &&
			c->family == row.family && c->combine == row.combine)
			return c->value;
	}
	row.value = read_setting(space, family, ifindex, name, combine, absent);
	if (space->nsettings < CACHED_SETTINGS)
		space->settings[space->nsettings++] = row;
	return row.value;
}

bool space_has_addr(
	const struct space *space, enum family family, u128 addr, int ifindex)
{
	const struct netns *ns = space->netns;

	for (size_t i = 0; i < ns->naddrs; i++) {
		const struct ifaddr *a = &ns->addrs[i];

		if (a->local.family == family && a->local.value == addr &&
			(ifindex == 0 || a->ifindex == ifindex))
			return true;
	}
	return false;
}

enum tri space_in_group(
	const struct space *space, const struct addr *group, int ifindex)
{
	const struct netns *ns = space->netns;
	const struct link *link = netns_link(ns, ifindex);

	for (size_t i = 0; i < ns->ngroups; i++) {
		const struct membership *m = &ns->groups[i];

		if (addr_equal(&m->group, group) &&
			(m->ifindex == ifindex || (link && m->ifindex == link->master)))
			return TRI_YES;
	}
	return ns->groups_known ? TRI_NO : TRI_UNKNOWN;
}

static unsigned int scope6(u128 addr)
{
	const struct addr a = {addr, FAMILY_IP6};

	return zone_is_loopback(&a)	? RT_SCOPE_HOST
	       : zone_is_link_local(&a) ? RT_SCOPE_LINK
					: RT_SCOPE_UNIVERSE;
}

struct addr space_first_addr(
	const struct space *space, enum family family, int ifindex, u128 for_scope_of)
{
	const struct netns *ns = space->netns;

	for (size_t i = 0; i < ns->naddrs; i++) {
		const struct ifaddr *a = &ns->addrs[i];

		if (a->local.family != family || a->ifindex != ifindex)
			continue;
		/* nf_nat_redirect_ipv6_usable(): scope counts for link-local ones;
		 * the kernel lists those last. */
		if (family == FAMILY_IP6 &&
			(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) ||
				(scope6(for_scope_of) != RT_SCOPE_UNIVERSE &&
					scope6(a->local.value) !=
						scope6(for_scope_of))))
			continue;
		return a->local;
	}
	return (struct addr){0};
}

struct addr space_any_addr(const struct space *space, enum family family)
{
	const struct netns *ns = space->netns;

	for (size_t i = 0; i < ns->naddrs; i++) {
		const struct ifaddr *a = &ns->addrs[i];

		if (a->local.family == family && a->scope < RT_SCOPE_LINK &&
			!(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
			return a->local;
	}
	return (struct addr){0};
}

size_t space_source_ports(const struct space *space, const uint16_t **ret_ports)
{
	*ret_ports = space->source_ports;
	return space->nsource_ports;
}

const struct ivset *space_cache_find(const struct space *space, enum address_set what,
	enum family family, uint32_t number, int ifindex)
{
	for (size_t i = 0; i < space->ncached; i++) {
		const struct cached_set *c = &space->cached[i];

		if (c->what == what && c->family == family && c->number == number &&
			c->ifindex == ifindex)
			return c->set;
	}
	return NULL;
}

const struct ivset *space_cache_keep(
	struct space *space, struct cached_set row, const struct ivset *set)
{
	if (space->ncached < CACHED_SETS && !arena_failed(&space->arena)) {
		row.set = ivset_copy(&space->arena, set);
		space->cached[space->ncached++] = row;
	}
	return set;
}
