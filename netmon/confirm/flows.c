/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asked which endpoint, and whether it answered: counted in bounded memory. */
#include "netmon/confirm/flows.h"

#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	WAYS = 8, /* places of one bucket */
	BUCKETS = FLOWS_ENDPOINTS / WAYS,
	PAIR_WAYS = 4,
	PAIR_SETS = 32768,
};

/* What is known of a pair; in the low bits of its fingerprint. */
enum { PAIR_NONE = 0, PAIR_ASKED, PAIR_CLIENT, PAIR_ANSWERED, PAIR_BITS = 3 };

struct estimate {
	uint8_t reg[FLOWS_REGISTERS];
};

struct place {
	struct flow_stat stat;
	struct estimate tried, answered;
};

struct flows {
	struct flows_options options;
	uint32_t tag[BUCKETS][WAYS]; /* 0: free. Apart: a bucket's fit a cache line */
	uint64_t pair[PAIR_SETS][PAIR_WAYS];
	struct place place[FLOWS_ENDPOINTS];
	struct place *last; /* of the last attempt; NULL before the first */
	uint64_t untracked;
};

/* A question as the stranger asks it: from @stranger:@sport to the endpoint. */
struct pair {
	struct endpoint endpoint;
	u128 stranger;
	uint16_t sport;
};

struct flows *flows_new(const struct flows_options *options)
{
	struct flows *flows = calloc(1, sizeof(*flows));

	if (flows)
		flows->options = *options;
	return flows;
}

void flows_free(struct flows *flows)
{
	free(flows);
}

size_t flows_bytes(void)
{
	return sizeof(struct flows);
}

uint64_t flows_untracked(const struct flows *flows)
{
	return flows->untracked;
}

/* ---------------------------------------------------------------- hashing */

/* Both halves of a product: every bit of each factor reaches every bit of the result.
 */
static uint64_t mix(uint64_t a, uint64_t b)
{
	u128 product = (u128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_address(uint64_t key, u128 value)
{
	return mix(mix((uint64_t)value ^ key,
			   (uint64_t)(value >> 64) ^ 0xa0761d6478bd642f) ^
			   key,
		0xe7037ed1a0b428db);
}

static uint64_t hash_source(const struct flows *flows, u128 source)
{
	return hash_address(flows->options.key, source);
}

static uint64_t hash_endpoint(const struct flows *flows, const struct endpoint *e)
{
	uint64_t service =
		(uint64_t)e->port << 16 | (uint64_t)e->proto << 8 | (uint64_t)e->family;

	return mix(hash_address(~flows->options.key, e->addr.value) + service,
		0x8ebc6af09c88c6e3);
}

/* ---------------------------------------------------------------- estimates */

/*
 * Flajolet and others, "HyperLogLog" (2007): the longest run of zeros that a register's
 * share of the hashes began with; with few sources the count of empty registers is
 * better.
 */
static void estimate_add(struct estimate *e, uint64_t hash)
{
	size_t i = hash % FLOWS_REGISTERS;
	uint64_t rest = hash / FLOWS_REGISTERS;
	uint8_t rank = (uint8_t)(rest ? __builtin_ctzll(rest) + 1 : 57);

	if (e->reg[i] < rank)
		e->reg[i] = rank;
}

static uint64_t estimate_count(const struct estimate *e)
{
	const double m = FLOWS_REGISTERS;
	double sum = 0;
	unsigned int empty = 0;

	for (size_t i = 0; i < FLOWS_REGISTERS; i++) {
		sum += 1.0 / (double)(1ULL << e->reg[i]);
		empty += e->reg[i] == 0;
	}
	double estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	if (estimate <= 2.5 * m && empty)
		estimate = m * log(m / empty);
	return (uint64_t)(estimate + 0.5);
}

/* ---------------------------------------------------------------- endpoints */

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	return a->addr.value == b->addr.value && a->port == b->port &&
	       a->proto == b->proto && a->family == b->family;
}

/* The least asked of a bucket that never answered; WAYS: all have. */
static size_t victim(const struct place *bucket)
{
	size_t found = WAYS;

	for (size_t i = 0; i < WAYS; i++)
		if (bucket[i].stat.handshakes == 0 &&
			(found == WAYS ||
				bucket[i].stat.attempts < bucket[found].stat.attempts))
			found = i;
	return found;
}

/* The endpoint's place, made if need be; NULL when there is none. */
static struct place *find_place(
	struct flows *flows, const struct endpoint *endpoint, bool answered)
{
	uint64_t hash = hash_endpoint(flows, endpoint);
	size_t at = hash % BUCKETS, free_way = WAYS;
	uint32_t tag = (uint32_t)(hash >> 32) | 1;
	struct place *bucket = &flows->place[at * WAYS];

	for (size_t i = 0; i < WAYS; i++) {
		uint32_t found = flows->tag[at][i];

		if (found == tag && same_endpoint(&bucket[i].stat.endpoint, endpoint))
			return &bucket[i];
		if (found == 0 && free_way == WAYS)
			free_way = i;
	}
	if (free_way == WAYS && answered) {
		free_way = victim(bucket);
		if (free_way != WAYS)
			flows->untracked += bucket[free_way].stat.attempts;
	}
	if (free_way == WAYS) {
		flows->untracked++;
		return NULL;
	}
	flows->tag[at][free_way] = tag;
	if (flows->last == &bucket[free_way])
		flows->last = NULL;
	bucket[free_way] = (struct place){.stat.endpoint = *endpoint};
	return &bucket[free_way];
}

/* ---------------------------------------------------------------- pairs */

static uint64_t *pair_set(
	struct flows *flows, const struct pair *p, uint64_t *ret_print)
{
	uint64_t hash = mix(hash_endpoint(flows, &p->endpoint) ^ p->sport,
		hash_source(flows, p->stranger));

	*ret_print = hash & ~(uint64_t)PAIR_BITS;
	return flows->pair[hash >> 20 & (PAIR_SETS - 1)];
}

static unsigned int pair_get(struct flows *flows, const struct pair *p)
{
	uint64_t print, *set = pair_set(flows, p, &print);

	for (size_t i = 0; i < PAIR_WAYS; i++)
		if ((set[i] & ~(uint64_t)PAIR_BITS) == print)
			return (unsigned int)(set[i] & PAIR_BITS);
	return PAIR_NONE;
}

/* To the front; the last one leaves. */
static void pair_put(struct flows *flows, const struct pair *p, unsigned int state)
{
	uint64_t print, *set = pair_set(flows, p, &print);
	size_t at = PAIR_WAYS - 1;

	for (size_t i = 0; i < PAIR_WAYS; i++)
		if ((set[i] & ~(uint64_t)PAIR_BITS) == print)
			at = i;
	for (; at > 0; at--)
		set[at] = set[at - 1];
	set[0] = print | state;
}

/* ---------------------------------------------------------------- events */

/* A flood is of one endpoint mostly: the last one's place is at hand. */
static void attempt(struct flows *flows, const struct flow_key *key, int64_t time_us)
{
	struct place *place = flows->last;
	struct flow_stat *stat;

	if (!place || place->stat.endpoint.addr.value != key->dst ||
		place->stat.endpoint.port != key->dport ||
		place->stat.endpoint.proto != key->proto ||
		place->stat.endpoint.family != key->family) {
		const struct endpoint endpoint = {.family = key->family,
			.addr = {.family = key->family, .value = key->dst},
			.proto = key->proto,
			.port = key->dport};

		place = find_place(flows, &endpoint, false);
		if (!place)
			return;
		flows->last = place;
	}
	stat = &place->stat;
	stat->attempts++;
	estimate_add(&place->tried, hash_source(flows, key->src));
	if (stat->handshakes > 0)
		return;
	if (stat->attempts == 1)
		stat->first_us = time_us;
	stat->last_us = time_us;
	stat->sample = key->src;
}

static void judge(struct flows *flows, struct flow_stat *stat, const struct pair *p,
	int64_t time_us)
{
	const struct addr source = {.family = p->endpoint.family, .value = p->stranger};

	if (!flows->options.allows ||
		flows->options.allows(flows->options.context, &p->endpoint, &source,
			p->sport) != TRI_NO)
		return;
	if (stat->unexpected++ == 0) {
		stat->stranger = p->stranger;
		stat->stranger_us = time_us;
	}
}

static void handshake(struct flows *flows, const struct pair *p, int64_t time_us)
{
	struct place *place;
	struct flow_stat *stat;

	if (pair_get(flows, p) == PAIR_ANSWERED)
		return; /* sent again */
	pair_put(flows, p, PAIR_ANSWERED);
	place = find_place(flows, &p->endpoint, true);
	if (!place)
		return;
	stat = &place->stat;
	if (stat->handshakes++ == 0) {
		stat->first_us = time_us;
		stat->sample = p->stranger;
	}
	stat->last_us = time_us;
	estimate_add(&place->answered, hash_source(flows, p->stranger));
	judge(flows, stat, p, time_us);
}

static struct pair make_pair(const struct flow_key *key, bool question)
{
	return (struct pair){.endpoint = {.family = key->family,
				     .addr = {.family = key->family,
					     .value = question ? key->dst : key->src},
				     .proto = key->proto,
				     .port = question ? key->dport : key->sport},
		.stranger = question ? key->src : key->dst,
		.sport = question ? key->sport : key->dport};
}

static void refuse(struct flows *flows, const struct flow_key *question)
{
	const struct pair p = make_pair(question, true);
	struct place *place = find_place(flows, &p.endpoint, false);

	if (place)
		place->stat.refused++;
}

static void answer(struct flows *flows, const struct flow_key *key, int64_t time_us)
{
	const struct pair p = make_pair(key, false);

	handshake(flows, &p, time_us);
}

/* ---------------------------------------------------------------- packets */

static bool comes_in(const struct flows *flows, const struct packet *packet)
{
	const struct flow_key *key = &packet->key;

	if (packet->way != PACKET_WAY_UNKNOWN)
		return packet->way == PACKET_IN;
	if (flows->options.is_local)
		return !flows->options.is_local(
			flows->options.context, key->family, key->src);
	return key->dport < key->sport;
}

/* Who spoke first is the client: only what a stranger began is of interest. */
static void take_udp(struct flows *flows, const struct packet *packet, int64_t time_us)
{
	bool in = comes_in(flows, packet);
	const struct pair p = make_pair(&packet->key, in);
	unsigned int state = pair_get(flows, &p);

	if (in && state == PAIR_NONE) {
		pair_put(flows, &p, PAIR_ASKED);
		attempt(flows, &packet->key, time_us);
	} else if (!in && state == PAIR_NONE) {
		pair_put(flows, &p, PAIR_CLIENT);
	} else if (!in && state == PAIR_ASKED) {
		handshake(flows, &p, time_us);
	}
}

void flows_packet(struct flows *flows, const struct packet *packet, int64_t time_us)
{
	if (packet->status != PACKET_OK)
		return;
	switch (packet->kind) {
	case PACKET_SYN:
	case PACKET_INIT:
		if (packet->way != PACKET_OUT)
			attempt(flows, &packet->key, time_us);
		break;
	case PACKET_SYN_ACK:
	case PACKET_INIT_ACK:
		if (packet->way != PACKET_IN)
			answer(flows, &packet->key, time_us);
		break;
	case PACKET_UDP:
		take_udp(flows, packet, time_us);
		break;
	case PACKET_ICMP_ERROR:
		if (packet->way != PACKET_IN && packet->quoted.family != FAMILY_NONE)
			refuse(flows, &packet->quoted);
		break;
	case PACKET_KIND_NONE:
	case PACKET_RST:
	case PACKET_TCP:
	case PACKET_ABORT:
	case PACKET_SCTP:
	case PACKET_ICMP:
	default:
		break;
	}
}

/* ---------------------------------------------------------------- results */

const struct flow_stat *flows_next(const struct flows *flows, size_t *at)
{
	while (*at < FLOWS_ENDPOINTS) {
		size_t i = (*at)++;

		if (flows->tag[i / WAYS][i % WAYS])
			return &flows->place[i].stat;
	}
	return NULL;
}

uint64_t flows_sources(
	const struct flows *flows, const struct flow_stat *stat, bool handshakes)
{
	const struct place *place =
		(const struct place *)((const char *)stat -
				       offsetof(struct place, stat));

	(void)flows;
	return estimate_count(handshakes ? &place->answered : &place->tried);
}
