/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/hooks.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <stdlib.h>
#include <string.h>

#include "common/proto.h"
#include "netmon/reach/match.h"

#define PRIORITY_CONNTRACK (-200) /* NF_IP_PRI_CONNTRACK */

/* ---------------------------------------------------------------- order */

/* NF_IP_PRI_NAT_DST and _SRC: where the kernel's NAT core calls the nat chains. */
static int32_t called_at(const struct chain *chain)
{
	if (chain->type != CHAIN_NAT)
		return chain->priority;
	return chain->hook == HOOK_PREROUTING || chain->hook == HOOK_OUTPUT ? -100
									    : 100;
}

static int by_call(const void *a, const void *b)
{
	const struct chain *const *x = a, *const *y = b;
	int32_t px = called_at(*x), py = called_at(*y);
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

/* Their order is that of the dump. */
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
	for (size_t i = 0; i < rules->nchains; i++)
		for (size_t k = 0; k < rules->chains[i].nrules; k++)
			if (same_table(&rules->chains[i], of) &&
				acts(&rules->chains[i].rules[k], of->type))
				return true;
	return false;
}

/*
 * Whether chains of two tables, or a filter chain and the NAT core, meet at one hook
 * and priority, and what one does the other may see. Chains are dumped table by table;
 * but a chain may be younger than those of a younger table, a table that slept is
 * registered anew when it wakes, and when iptables-legacy's were made nobody can read.
 */
static bool order_unknown(const struct ruleset *rules, const struct hook_list *list)
{
	for (size_t i = 1; i < list->n; i++) {
		const struct chain *a = list->chains[i - 1], *b = list->chains[i];

		if (a->priority == b->priority && !same_table(a, b) &&
			(a->legacy != b->legacy || table_acts(rules, a) ||
				table_acts(rules, b)))
			return true;
		if ((a->type == CHAIN_NAT) != (b->type == CHAIN_NAT) &&
			called_at(a) == called_at(b))
			return true;
	}
	return false;
}

struct ranked {
	const struct chain *chain;
	uint32_t rank; /* of its table */
};

/* As if the tables that meet at one priority were made in the other order, and the NAT
 * core after all filter chains of its own. */
static int by_other_call(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	bool meet = called_at(x->chain) == called_at(y->chain);

	if (meet && x->chain->type != y->chain->type &&
		(x->chain->type == CHAIN_NAT || y->chain->type == CHAIN_NAT))
		return x->chain->type == CHAIN_NAT ? -1 : 1;
	if (meet && x->chain->priority == y->chain->priority && x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return by_call(&x->chain, &y->chain);
}

static int collect_other_order(struct space *space, struct hook_list *list)
{
	struct ranked *ranked = arena_array(&space->arena, list->n, sizeof(*ranked));

	list->other_order =
		arena_array(&space->arena, list->n, sizeof(*list->other_order));
	if (!ranked || !list->other_order)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		ranked[i] = (struct ranked){list->chains[i], UINT32_MAX};
		for (size_t k = 0; k < list->n; k++)
			if (same_table(list->chains[i], list->chains[k]) &&
				list->chains[k]->order < ranked[i].rank)
				ranked[i].rank = list->chains[k]->order;
	}
	qsort(ranked, list->n, sizeof(*ranked), by_other_call);
	for (size_t i = 0; i < list->n; i++)
		list->other_order[i] = ranked[i].chain;
	return 0;
}

static bool sees(const struct chain *chain, enum table_family family)
{
	if (chain->family == family)
		return true;
	return chain->family == TABLE_INET &&
	       (family == TABLE_IP || family == TABLE_IP6 ||
		       (family == TABLE_NETDEV && chain->hook == HOOK_INGRESS));
}

static int collect(struct space *space, enum table_family family, enum hook hook,
	struct hook_list *list)
{
	const struct ruleset *rules = space->rules;

	list->chains =
		arena_array(&space->arena, rules->nchains + 1, sizeof(*list->chains));
	if (!list->chains)
		return -ENOMEM;
	for (size_t i = 0; i < rules->nchains; i++) {
		const struct chain *chain = &rules->chains[i];

		if (chain->base && !chain->dormant && chain->hook == hook &&
			sees(chain, family))
			list->chains[list->n++] = chain;
	}
	qsort(list->chains, list->n, sizeof(*list->chains), by_call);
	return order_unknown(rules, list) ? collect_other_order(space, list) : 0;
}

int hooks_collect(struct space *space)
{
	for (int h = 0; h < HOOK_COUNT; h++) {
		enum hook hook = (enum hook)h;
		bool device = hook == HOOK_INGRESS || hook == HOOK_EGRESS;

		if (device && collect(space, TABLE_NETDEV, hook, &space->netdev[h]) < 0)
			return -ENOMEM;
		if (device)
			continue;
		if (collect(space, TABLE_IP, hook, &space->ip4[h]) < 0 ||
			collect(space, TABLE_IP6, hook, &space->ip6[h]) < 0 ||
			collect(space, TABLE_BRIDGE, hook, &space->bridge[h]) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---------------------------------------------------------------- conntrack */

void hooks_without_entry(struct packet *packet)
{
	bool opens = packet->kind == PACKET_FIRST || proto_is_datagram(packet->proto);

	packet->entry = opens ? CT_NEW : CT_INVALID;
	packet->orig_saddr = packet->reply_daddr = packet->saddr;
	packet->orig_saddr_peer = packet->reply_daddr_peer = packet->saddr_peer;
	packet->orig_daddr = packet->reply_saddr = packet->daddr;
	packet->orig_sport = packet->reply_dport = packet->sport;
	packet->orig_dport = packet->reply_sport = packet->dport;
	packet->orig_sport_unknown = packet->reply_dport_unknown =
		packet->sport_unknown;
	packet->ctmark = (struct bits32){0};
	packet->ct_status = 0;
	packet->dnat_done = packet->snat_done = false;
}

/* nf_ct_zone_id(): one that is for the other direction is none. */
static struct bits32 zone_of_replies(struct bits32 zone, enum zone_side side)
{
	static const struct bits32 none;

	return side == ZONE_ORIGINAL ? none : zone;
}

/* Whether an answer is looked up where its entry is: the zone of a template, or 0. */
static enum tri finds_entry(const struct packet *packet)
{
	struct bits32 entry = zone_of_replies(
		packet->entry_zone, (enum zone_side)packet->entry_zone_side);
	struct bits32 zone = {0};
	uint32_t unknown;

	if (packet->templated)
		zone = zone_of_replies(
			packet->ctzone, (enum zone_side)packet->zone_side);
	unknown = zone.unknown | entry.unknown;
	if (packet->kind == PACKET_FIRST || packet->entry == CT_NEW)
		return TRI_YES;
	if ((zone.value ^ entry.value) & ~unknown)
		return TRI_NO;
	return unknown ? TRI_UNKNOWN : TRI_YES;
}

/* nf_conntrack_in(): the packet gets its entry, unless a rule said notrack before. */
static void track(struct packet *packet)
{
	if (packet->entry == CT_ESTABLISHED || packet->entry == CT_RELATED) {
		packet->ctzone = packet->entry_zone;
		packet->zone_side = packet->entry_zone_side;
	}
	packet->ct = packet->entry;
}

/*
 * nf_nat_packet(): an answer's translation is undone where it is told by its entry: the
 * destination in prerouting (and output), the source in postrouting (and input).
 */
static void untranslate(enum hook hook, struct packet *packet)
{
	if (packet->kind == PACKET_FIRST ||
		(packet->ct != CT_ESTABLISHED && packet->ct != CT_RELATED))
		return;
	if (hook == HOOK_PREROUTING || hook == HOOK_OUTPUT) {
		/* nf_nat_ipv4_local_fn(): to another than it was made for. */
		packet->rerouted |= packet->daddr_peer != packet->orig_saddr_peer ||
				    packet->daddr != packet->orig_saddr;
		packet->daddr = packet->orig_saddr;
		packet->daddr_peer = packet->orig_saddr_peer;
		if (packet->kind != PACKET_ICMP_ERROR) {
			packet->dport = packet->orig_sport;
			packet->dport_unknown =
				packet->orig_sport_unknown || packet->sport_class;
		}
	} else if (hook == HOOK_POSTROUTING || hook == HOOK_INPUT) {
		/* An ICMP error keeps an address of the router that sends it. */
		if (packet->kind == PACKET_ICMP_ERROR &&
			packet->saddr != packet->reply_saddr)
			return;
		packet->saddr = packet->orig_daddr;
		if (packet->kind != PACKET_ICMP_ERROR)
			packet->sport = packet->orig_dport;
	}
}

static void track_all(struct run *run, struct states *states)
{
	struct states lost = {0}, all = {0};
	size_t n = run->space->tracks ? states->n : 0;

	for (size_t i = 0; i < n; i++) {
		struct state *s = &states->v[i], without = *s;
		enum tri finds = finds_entry(&s->packet);

		if (s->packet.ct != CT_NONE)
			continue;
		hooks_without_entry(&without.packet);
		if (finds == TRI_NO)
			*s = without;
		if (finds == TRI_UNKNOWN) {
			run_doubt(run, s, NULL, "ct-zone-unknown",
				"the zone that an answer is looked up in is not known");
			without.doubt = s->doubt;
			track(&without.packet);
			states_push(run->arena, &lost, &without);
		}
		track(&s->packet);
	}
	if (lost.n == 0)
		return;
	for (size_t i = 0; i < states->n; i++)
		states_push(run->arena, &all, &states->v[i]);
	for (size_t i = 0; i < lost.n; i++)
		states_push(run->arena, &all, &lost.v[i]);
	*states = all;
}

static void untranslate_all(enum hook hook, struct states *states)
{
	for (size_t i = 0; i < states->n; i++)
		untranslate(hook, &states->v[i].packet);
}

/* ---------------------------------------------------------------- running */

static bool nat_decided(const struct packet *packet, enum hook hook)
{
	if (packet->ct != CT_NEW)
		return true; /* established, untracked: the nat chains are not asked */
	return hook == HOOK_PREROUTING || hook == HOOK_OUTPUT ? packet->dnat_done
							      : packet->snat_done;
}

/* nf_route_table_hook(), ipt_mangle_out(): a mark that the chain set asks for a route
 * anew; what a filter chain sets does not. */
static void run_route_chain(struct run *run, const struct chain *chain,
	const struct state *in, struct states *out)
{
	struct states mine = {0};

	chain_run_base(run, chain, in, &mine);
	for (size_t i = 0; i < mine.n; i++) {
		struct packet *p = &mine.v[i].packet;

		p->rerouted |= p->mark.value != in->packet.mark.value ||
			       p->mark.unknown != in->packet.mark.unknown;
		states_push(run->arena, out, &mine.v[i]);
	}
}

static void run_one(struct run *run, const struct chain *chain, const struct states *in,
	struct states *out)
{
	for (size_t i = 0; i < in->n; i++) {
		if (chain->type == CHAIN_NAT &&
			nat_decided(&in->v[i].packet, run->hook))
			states_push(run->arena, out, &in->v[i]);
		else if (chain->type == CHAIN_ROUTE)
			run_route_chain(run, chain, &in->v[i], out);
		else
			chain_run_base(run, chain, &in->v[i], out);
	}
}

/* Where the kernel's own work stands among the chains of a hook of IPv4 or IPv6. */
struct own_work {
	bool track, translate; /* still to be done */
	int32_t translate_at;
};

static void do_own_work(
	struct run *run, struct own_work *work, int32_t before, struct states *states)
{
	if (work->track && before > PRIORITY_CONNTRACK) {
		track_all(run, states);
		work->track = false;
	}
	if (work->translate && before > work->translate_at) {
		untranslate_all(run->hook, states);
		work->translate = false;
	}
}

static void run_list(struct run *run, const struct hook_list *list,
	const struct states *in, struct states *ret, struct own_work work)
{
	struct states now = *in, next;

	for (size_t i = 0; i < list->n; i++) {
		const struct chain *chain = list->chains[i];

		do_own_work(run, &work, called_at(chain), &now);
		next = (struct states){0};
		run_one(run, chain, &now, &next);
		now = next;
	}
	do_own_work(run, &work, INT32_MAX, &now);
	*ret = now;
}

static bool same_states(const struct states *a, const struct states *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (memcmp(&a->v[i].packet, &b->v[i].packet, sizeof(a->v[i].packet)) ||
			!ivset_equal(a->v[i].peers, b->v[i].peers))
			return false;
	return a->n == b->n;
}

/* The peers of the endings [@from, @to) that ended so. */
static const struct ivset *ended_so(
	const struct run *run, size_t from, size_t to, const struct ended *so)
{
	const struct ivset *peers = &ivset_none;

	for (size_t i = from; i < to; i++) {
		const struct ended *e = &run->endings.v[i];

		if (e->ending == so->ending && e->reject == so->reject)
			peers = ivset_union(run->arena, peers, e->state.peers);
	}
	return peers;
}

/* Whether the endings before @middle and those from there on are the same peers'. */
static bool same_endings(const struct run *run, size_t first, size_t middle)
{
	size_t n = run->endings.n;

	for (size_t i = first; i < n; i++) {
		const struct ended *e = &run->endings.v[i];

		if (!ivset_equal(ended_so(run, first, middle, e),
			    ended_so(run, middle, n, e)))
			return false;
	}
	return true;
}

static void doubt_order(struct run *run, const struct hook_list *list, struct state *s)
{
	bool nat = false;

	for (size_t i = 0; i < list->n; i++)
		nat |= list->chains[i]->type == CHAIN_NAT;
	run_doubt(run, s, NULL, nat ? "nat-order-unknown" : "chain-order-unknown",
		nat ? "of equal priority are chains, some of which translate, in an "
		      "order that cannot be read"
		    : "chains of several tables are of equal priority, in an order "
		      "that cannot be read");
}

/* Add what comes of the other order; where both differ, nobody can say which it is.
 * @first: where the endings of the one order begin. */
static void run_other_order(struct run *run, const struct hook_list *list,
	const struct states *in, size_t first, struct states *ret, struct own_work work)
{
	struct hook_list other = {list->other_order, list->n, NULL};
	struct states more, all = {0};
	size_t middle = run->endings.n;

	run_list(run, &other, in, &more, work);
	if (same_states(ret, &more) && same_endings(run, first, middle)) {
		run->endings.n = middle;
		return;
	}
	for (size_t i = 0; i < ret->n; i++)
		states_push(run->arena, &all, &ret->v[i]);
	for (size_t i = 0; i < more.n; i++)
		states_push(run->arena, &all, &more.v[i]);
	for (size_t i = 0; i < all.n; i++)
		doubt_order(run, list, &all.v[i]);
	for (size_t i = first; i < run->endings.n; i++)
		doubt_order(run, list, &run->endings.v[i].state);
	*ret = all;
}

void hooks_run(
	struct run *run, enum hook hook, const struct states *in, struct states *ret)
{
	bool entry = hook == HOOK_PREROUTING || hook == HOOK_OUTPUT;
	struct own_work work = {.track = entry,
		.translate = hook != HOOK_FORWARD,
		.translate_at = entry ? -100 : 100};
	const struct hook_list *list;
	size_t first = run->endings.n;

	*ret = (struct states){0};
	if (in->n == 0)
		return;
	run->hook = hook;
	list = in->v[0].packet.family == FAMILY_IP4 ? &run->space->ip4[hook]
						    : &run->space->ip6[hook];
	run_list(run, list, in, ret, work);
	if (list->other_order)
		run_other_order(run, list, in, first, ret, work);
}

void hooks_run_bridge(
	struct run *run, enum hook hook, const struct states *in, struct states *ret)
{
	run->hook = hook;
	run_list(run, &run->space->bridge[hook], in, ret, (struct own_work){0});
}

static bool on_device(const struct chain *chain, const char *ifname)
{
	for (size_t i = 0; i < chain->ndevices; i++)
		if (fnmatch(chain->devices[i], ifname, 0) == 0)
			return true;
	return false;
}

void hooks_run_device(struct run *run, enum hook hook, int ifindex,
	const struct states *in, struct states *ret)
{
	const struct hook_list *list = &run->space->netdev[hook];
	const char *ifname = space_ifname(run->space, ifindex);
	struct states now = *in, next;

	run->hook = hook;
	for (size_t i = 0; i < list->n; i++) {
		if (!on_device(list->chains[i], ifname))
			continue;
		next = (struct states){0};
		run_one(run, list->chains[i], &now, &next);
		now = next;
	}
	*ret = now;
}
