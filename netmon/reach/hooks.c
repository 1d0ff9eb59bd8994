/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/reach/hooks.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>

#include "common/proto.h"
#include "netmon/reach/chain_order.h"

#define PRIORITY_CONNTRACK (-200) /* NF_IP_PRI_CONNTRACK */

/* ---------------------------------------------------------------- lists */

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
	return chain_order_find(&space->arena, rules, list);
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
		/* nf_nat_icmp_reply_translation(): a router's own address, too, but
		 * only where something was translated. */
		if (packet->kind == PACKET_ICMP_ERROR &&
			!(packet->ct_status & IPS_DST_NAT))
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
		const struct packet *packet = &in->v[i].packet;

		/* nft_do_chain_inet_ingress(): only IP. */
		if ((chain->type == CHAIN_NAT && nat_decided(packet, run->hook)) ||
			(chain->family == TABLE_INET && run->hook == HOOK_INGRESS &&
				packet->tagged))
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

static bool on_device(const struct chain *chain, const char *ifname)
{
	for (size_t i = 0; i < chain->ndevices; i++)
		if (fnmatch(chain->devices[i], ifname, 0) == 0)
			return true;
	return false;
}

/* One level of a hook, and which of its chains are called: those on a device, or NULL:
 * all. */
struct station_level {
	const struct hook_level *level;
	const char *ifname;
};

static void run_in_order(struct run *run, const struct station_level *of,
	const struct chain *const *chains, const struct states *in, struct states *ret)
{
	struct states now = *in, next;

	for (size_t i = 0; i < of->level->n; i++) {
		if (of->ifname && !on_device(chains[i], of->ifname))
			continue;
		next = (struct states){0};
		run_one(run, chains[i], &now, &next);
		now = next;
	}
	*ret = now;
}

static bool same_state(const struct state *a, const struct state *b)
{
	return memcmp(&a->packet, &b->packet, sizeof(a->packet)) == 0 &&
	       ivset_equal(a->peers, b->peers);
}

static bool same_states(const struct states *a, const struct states *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (!same_state(&a->v[i], &b->v[i]))
			return false;
	return a->n == b->n;
}

struct endings_part {
	size_t from, to;
};

/* The peers of the endings in @part that ended so. */
static const struct ivset *ended_so(
	const struct run *run, struct endings_part part, const struct ended *so)
{
	const struct ivset *peers = &ivset_none;

	for (size_t i = part.from; i < part.to; i++) {
		const struct ended *e = &run->endings.v[i];

		if (e->ending == so->ending && e->reject == so->reject)
			peers = ivset_union(run->arena, peers, e->state.peers);
	}
	return peers;
}

/* Whether for each way to end of @of, the same peers ended so in both. */
static bool same_ways(const struct run *run, struct endings_part of,
	struct endings_part a, struct endings_part b)
{
	for (size_t i = of.from; i < of.to; i++) {
		const struct ended *e = &run->endings.v[i];

		if (!ivset_equal(ended_so(run, a, e), ended_so(run, b, e)))
			return false;
	}
	return true;
}

static bool same_endings(
	const struct run *run, struct endings_part a, struct endings_part b)
{
	return same_ways(run, a, a, b) && same_ways(run, b, a, b);
}

static void doubt_order(
	struct run *run, const struct hook_level *level, struct state *s)
{
	bool nat = false;

	for (size_t i = 0; i < level->n; i++)
		nat |= level->chains[i]->type == CHAIN_NAT;
	run_doubt(run, s, NULL, nat ? "nat-order-unknown" : "chain-order-unknown",
		nat ? "of equal priority are chains, some of which translate, in an "
		      "order that cannot be read"
		    : "chains of several tables are of equal priority, in an order "
		      "that cannot be read");
}

/* Those of @from that are not there yet: orders that come to the same count once. */
static void push_new(
	struct arena *arena, const struct states *from, struct states *states)
{
	for (size_t i = 0; i < from->n; i++) {
		size_t k = 0;

		while (k < states->n && !same_state(&from->v[i], &states->v[k]))
			k++;
		if (k == states->n)
			states_push(arena, states, &from->v[i]);
	}
}

/* The endings from @from on that are not among those from @first on. */
static void keep_new(struct run *run, size_t first, size_t from)
{
	struct ended *v = run->endings.v;
	size_t kept = from;

	for (size_t i = from; i < run->endings.n; i++) {
		size_t k = first;

		while (k < kept &&
			(v[k].ending != v[i].ending || v[k].reject != v[i].reject ||
				!same_state(&v[k].state, &v[i].state)))
			k++;
		if (k == kept)
			v[kept++] = v[i];
	}
	run->endings.n = kept;
}

bool hooks_join(struct run *run, const struct passage *one, const struct states *more,
	size_t from, struct states *all)
{
	const struct endings_part ended = {one->first, one->end};

	if (same_states(&one->states, more) &&
		same_endings(run, ended, (struct endings_part){from, run->endings.n})) {
		run->endings.n = from;
		return false;
	}
	push_new(run->arena, more, all);
	keep_new(run, one->first, from);
	return true;
}

/* Add what comes of the other orders; where they differ, nobody can say which it is.
 * @first: where the endings of the dump's order begin. */
static void run_others(struct run *run, const struct station_level *of,
	const struct states *in, size_t first, struct states *ret)
{
	const struct hook_level *level = of->level;
	const struct passage dumped = {*ret, first, run->endings.n};
	struct states more, all = {0};
	bool differ = level->too_many;

	push_new(run->arena, ret, &all);
	for (size_t i = 0; i < level->nothers; i++) {
		size_t from = run->endings.n;

		run_in_order(run, of, level->others[i], in, &more);
		differ |= hooks_join(run, &dumped, &more, from, &all);
	}
	/* In one that was not followed, anything. */
	for (size_t i = 0; level->too_many && i < in->n; i++)
		run_end(run, &in->v[i], ENDING_TAKEN, REJECT_ICMP);
	for (size_t i = 0; differ && i < all.n; i++)
		doubt_order(run, level, &all.v[i]);
	for (size_t i = first; differ && i < run->endings.n; i++)
		doubt_order(run, level, &run->endings.v[i].state);
	if (differ)
		*ret = all;
}

static size_t count_called(const struct station_level *of)
{
	size_t n = 0;

	for (size_t i = 0; i < of->level->n; i++)
		n += !of->ifname || on_device(of->level->chains[i], of->ifname);
	return n;
}

static void run_hook(struct run *run, const struct hook_list *list, const char *ifname,
	struct own_work work, const struct states *in, struct states *ret)
{
	struct states now = *in, next;

	for (size_t i = 0; i < list->nlevels; i++) {
		const struct station_level of = {&list->levels[i], ifname};
		size_t first = run->endings.n;

		do_own_work(
			run, &work, chain_order_called_at(of.level->chains[0]), &now);
		run_in_order(run, &of, of.level->chains, &now, &next);
		if (of.level->nothers && count_called(&of) > 1)
			run_others(run, &of, &now, first, &next);
		now = next;
	}
	do_own_work(run, &work, INT32_MAX, &now);
	*ret = now;
}

void hooks_run(
	struct run *run, enum hook hook, const struct states *in, struct states *ret)
{
	bool entry = hook == HOOK_PREROUTING || hook == HOOK_OUTPUT;
	const struct own_work work = {.track = entry,
		.translate = hook != HOOK_FORWARD,
		.translate_at = entry ? -100 : 100};

	*ret = (struct states){0};
	if (in->n == 0)
		return;
	run->hook = hook;
	run_hook(run,
		in->v[0].packet.family == FAMILY_IP4 ? &run->space->ip4[hook]
						     : &run->space->ip6[hook],
		NULL, work, in, ret);
}

void hooks_run_bridge(
	struct run *run, enum hook hook, const struct states *in, struct states *ret)
{
	run->hook = hook;
	run_hook(run, &run->space->bridge[hook], NULL, (struct own_work){0}, in, ret);
}

bool hooks_are_on(const struct space *space, enum hook hook, int ifindex)
{
	const struct hook_list *list = &space->netdev[hook];

	for (size_t i = 0; i < list->n; i++)
		if (on_device(list->chains[i], space_ifname(space, ifindex)))
			return true;
	return false;
}

/* The interface that a chain of the netdev family takes a packet to be at. */
static int *device_of(struct packet *packet, enum hook hook)
{
	return hook == HOOK_INGRESS ? &packet->iif : &packet->oif;
}

void hooks_run_device(struct run *run, enum hook hook, int ifindex,
	const struct states *in, struct states *ret)
{
	const struct hook_list *list = &run->space->netdev[hook];
	struct states at = {0};
	int before;

	run->hook = hook;
	if (list->n == 0 || in->n == 0) {
		*ret = *in;
		return;
	}
	/* Of a bridge's or a bond's port: to the chain that is the interface. */
	before = *device_of(&in->v[0].packet, hook);
	for (size_t i = 0; i < in->n; i++)
		states_push(run->arena, &at, &in->v[i]);
	for (size_t i = 0; i < at.n; i++)
		*device_of(&at.v[i].packet, hook) = ifindex;
	run_hook(run, list, space_ifname(run->space, ifindex), (struct own_work){0},
		&at, ret);
	for (size_t i = 0; i < ret->n; i++)
		*device_of(&ret->v[i].packet, hook) = before;
}
