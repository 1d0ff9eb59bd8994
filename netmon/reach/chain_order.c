/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/chain_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/reach/match.h"

/*
 * Theory of operation. Chains of equal priority are called in the order in which they
 * were registered, the last one first (nf_hook_entries_grow()). Chains are dumped table
 * by table; but a chain may be younger than those of a younger table, a table that
 * slept is registered anew when it wakes, and when iptables-legacy's were made nobody
 * can read. So where chains of several tables meet, all ways to merge them are possible
 * that keep each table's own in their order. The NAT core is registered with the first
 * nat chain, and is one more among the filter chains of its priority; within it the nat
 * chains meet by priorities of their own.
 *
 * A hook's chains are written as groups of items that meet: filter chains and the core,
 * and behind them the core's. Each item has the label of its table, and the orders of a
 * group are those of its labels. Only groups in which it could matter have several. A
 * level is a group with the core's: what comes of its orders goes on to the next level,
 * so that orders are not multiplied over levels.
 */

#define ORDERS_MAX 24 /* four tables with a chain each */
#define LABEL_CORE UINT32_MAX

struct item {
	const struct chain *chain; /* NULL: the NAT core */
	uint32_t label;		   /* equal for chains of one table */
};

struct group {
	size_t first, n;
	bool of_core;
	bool moves; /* its order matters, and is not known */
};

struct orders {
	struct item *items; /* as the dump tells their order */
	uint32_t *labels;   /* as they are called in the order at hand */
	struct group *groups;
	size_t nitems, ngroups;
};

/* ---------------------------------------------------------------- the dump's */

/* NF_IP_PRI_NAT_DST and _SRC: where the kernel's NAT core calls the nat chains. */
int32_t chain_order_called_at(const struct chain *chain)
{
	if (chain->type != CHAIN_NAT)
		return chain->priority;
	return chain->hook == HOOK_PREROUTING || chain->hook == HOOK_OUTPUT ? -100
									    : 100;
}

static int by_call(const void *a, const void *b)
{
	const struct chain *const *x = a, *const *y = b;
	int32_t px = chain_order_called_at(*x), py = chain_order_called_at(*y);
	bool nat_x = (*x)->type == CHAIN_NAT, nat_y = (*y)->type == CHAIN_NAT;

	if (px != py)
		return px < py ? -1 : 1;
	/* The NAT core registers with the first nat chain: filter chains of that
	 * priority are usually later, so they run before it. */
	if (nat_x != nat_y)
		return nat_x ? 1 : -1;
	if ((*x)->priority != (*y)->priority)
		return (*x)->priority < (*y)->priority ? -1 : 1;
	return (*x)->order > (*y)->order ? -1 : (*x)->order < (*y)->order;
}

/* ---------------------------------------------------------------- what matters */

static bool same_table(const struct chain *a, const struct chain *b)
{
	return a->legacy == b->legacy && a->family == b->family &&
	       strcmp(a->table, b->table) == 0;
}

/* A rule that does more than match and decide, where a chain of that type may call it.
 * REJECT and DROP both end it. */
static bool acts(const struct rule *rule, enum chain_type type)
{
	for (size_t i = 0; i < rule->nops; i++) {
		enum op_kind kind = rule->ops[i].kind;

		if (!match_is_pure(&rule->ops[i]) && kind != OP_VERDICT &&
			kind != OP_VMAP && kind != OP_REJECT &&
			(kind != OP_NAT || type == CHAIN_NAT))
			return true;
	}
	return false;
}

static bool table_acts(const struct ruleset *rules, const struct chain *of)
{
	for (size_t i = 0; i < rules->nchains; i++) {
		const struct chain *chain = &rules->chains[i];

		for (size_t k = 0; same_table(chain, of) && k < chain->nrules; k++)
			if (acts(&chain->rules[k], of->type))
				return true;
	}
	return false;
}

/* Whether several meet, and what one of them does another may see. */
static bool matters(const struct ruleset *rules, const struct item *items, size_t n)
{
	bool several = false, mixed = false;

	for (size_t i = 1; i < n; i++) {
		several |= items[i].label != items[0].label;
		mixed |= !items[i].chain ||
			 items[i].chain->legacy != items[0].chain->legacy;
	}
	for (size_t i = 0; several && !mixed && i < n; i++)
		mixed = table_acts(rules, items[i].chain);
	return several && mixed;
}

/* ---------------------------------------------------------------- groups */

static void add_item(struct orders *orders, struct group *group,
	const struct chain *chain, uint32_t label)
{
	struct item *item = &orders->items[orders->nitems++];

	*item = (struct item){chain, label};
	for (size_t i = 0; chain && i < group->n; i++) {
		const struct item *before = &orders->items[group->first + i];

		if (before->chain && same_table(before->chain, chain))
			item->label = before->label;
	}
	group->n++;
}

static struct group *add_group(struct orders *orders, bool of_core)
{
	struct group *group = &orders->groups[orders->ngroups++];

	*group = (struct group){.first = orders->nitems, .of_core = of_core};
	return group;
}

/* The nat chains from @from on that one core calls. Return: the end of them. */
static size_t add_core(
	struct orders *orders, const struct hook_list *list, size_t from, int32_t at)
{
	const struct chain *const *chains = list->chains;
	struct group *group = NULL;
	size_t i = from;

	for (; i < list->n && chain_order_called_at(chains[i]) == at; i++) {
		if (!group || chains[i]->priority != chains[i - 1]->priority)
			group = add_group(orders, true);
		add_item(orders, group, chains[i], (uint32_t)i);
	}
	return i;
}

static void find_groups(struct orders *orders, const struct hook_list *list)
{
	const struct chain *const *chains = list->chains;

	for (size_t i = 0; i < list->n;) {
		int32_t at = chain_order_called_at(chains[i]);
		struct group *group = add_group(orders, false);

		for (; i < list->n && chains[i]->type != CHAIN_NAT &&
			chain_order_called_at(chains[i]) == at;
			i++)
			add_item(orders, group, chains[i], (uint32_t)i);
		if (i == list->n || chain_order_called_at(chains[i]) != at)
			continue;
		add_item(orders, group, NULL, LABEL_CORE);
		i = add_core(orders, list, i, at);
	}
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void find_moves(struct orders *orders, const struct ruleset *rules)
{
	for (size_t g = 0; g < orders->ngroups; g++) {
		struct group *group = &orders->groups[g];
		const struct item *items = orders->items + group->first;

		group->moves = matters(rules, items, group->n);
		for (size_t i = 0; i < group->n; i++)
			orders->labels[group->first + i] = items[i].label;
		if (group->moves)
			qsort(orders->labels + group->first, group->n,
				sizeof(*orders->labels), by_number);
	}
}

/* ---------------------------------------------------------------- the others */

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;

	*a = *b;
	*b = kept;
}

static void reverse(uint32_t *labels, size_t n)
{
	for (size_t i = 0; i < n / 2; i++)
		swap(&labels[i], &labels[n - 1 - i]);
}

/* The next order of labels as numbers are sorted; false: that was the last, and the
 * first is there again. */
static bool next_labels(uint32_t *labels, size_t n)
{
	size_t i = n, k = n;

	while (i > 1 && labels[i - 2] >= labels[i - 1])
		i--;
	if (i <= 1) {
		reverse(labels, n);
		return false;
	}
	while (labels[k - 1] <= labels[i - 2])
		k--;
	swap(&labels[i - 2], &labels[k - 1]);
	reverse(labels + i - 1, n - (i - 1));
	return true;
}

/* Groups @from to @to are a level: the next of its orders. */
static bool next_order(struct orders *orders, size_t from, size_t to)
{
	for (size_t g = from; g < to; g++) {
		const struct group *group = &orders->groups[g];

		if (group->moves &&
			next_labels(orders->labels + group->first, group->n))
			return true;
	}
	return false;
}

/* The chain that the label at @at stands for: a table's own stay in their order. */
static const struct chain *chain_at(
	const struct orders *orders, const struct group *group, size_t at)
{
	const uint32_t *labels = orders->labels + group->first;
	const struct item *items = orders->items + group->first;
	size_t nth = 0;

	for (size_t i = 0; i < at; i++)
		nth += labels[i] == labels[at];
	for (size_t i = 0; i < group->n; i++)
		if (items[i].label == labels[at] && nth-- == 0)
			return items[i].chain;
	return NULL;
}

static void write_core(const struct orders *orders, size_t from, size_t to,
	const struct chain **chains, size_t *n)
{
	for (size_t g = from; g < to; g++)
		for (size_t i = 0; i < orders->groups[g].n; i++)
			chains[(*n)++] = chain_at(orders, &orders->groups[g], i);
}

/* The order at hand of a level, as a list of chains. */
static void write_order(const struct orders *orders, size_t from, size_t to,
	const struct chain **chains)
{
	const struct group *group = &orders->groups[from];
	size_t n = 0;

	for (size_t i = 0; i < group->n; i++) {
		const struct chain *chain = chain_at(orders, group, i);

		if (chain)
			chains[n++] = chain;
		else
			write_core(orders, from + 1, to, chains, &n);
	}
}

static int find_others(struct arena *arena, struct orders *orders, size_t from,
	size_t to, struct hook_level *level)
{
	size_t bytes = level->n * sizeof(*level->chains);

	do {
		const struct chain **chains =
			arena_array(arena, level->n, sizeof(*chains));
		const struct chain *const **slot;

		if (!chains)
			return -ENOMEM;
		write_order(orders, from, to, chains);
		if (memcmp(chains, level->chains, bytes) == 0)
			continue;
		if (level->nothers == ORDERS_MAX - 1) {
			level->too_many = true;
			return 0;
		}
		slot = arena_push(
			arena, &level->others, &level->nothers, sizeof(*slot));
		if (!slot)
			return -ENOMEM;
		*slot = chains;
	} while (next_order(orders, from, to));
	return 0;
}

static int find_level(struct arena *arena, struct orders *orders, size_t from,
	size_t to, struct hook_list *list)
{
	struct hook_level *level = &list->levels[list->nlevels++];
	bool moves = false;

	level->chains = list->chains;
	if (level > list->levels)
		level->chains = level[-1].chains + level[-1].n;
	for (size_t g = from; g < to; g++) {
		moves |= orders->groups[g].moves;
		for (size_t i = 0; i < orders->groups[g].n; i++)
			level->n += orders->items[orders->groups[g].first + i].chain !=
				    NULL;
	}
	return moves ? find_others(arena, orders, from, to, level) : 0;
}

int chain_order_find(
	struct arena *arena, const struct ruleset *rules, struct hook_list *list)
{
	/* Each chain may have a core, and a group of its own. */
	struct orders orders = {
		.items = arena_array(arena, 2 * list->n, sizeof(*orders.items)),
		.labels = arena_array(arena, 2 * list->n, sizeof(*orders.labels)),
		.groups = arena_array(arena, 2 * list->n, sizeof(*orders.groups))};
	int rc = 0;

	list->levels = arena_array(arena, list->n + 1, sizeof(*list->levels));
	if (!orders.items || !orders.labels || !orders.groups || !list->levels)
		return -ENOMEM;
	qsort(list->chains, list->n, sizeof(*list->chains), by_call);
	find_groups(&orders, list);
	find_moves(&orders, rules);
	for (size_t from = 0, to; rc == 0 && from < orders.ngroups; from = to) {
		to = from + 1;
		while (to < orders.ngroups && orders.groups[to].of_core)
			to++;
		rc = find_level(arena, &orders, from, to, list);
	}
	return rc;
}
