/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, chains and objects of nf_tables, and the index of names. */
#include "netmon/model/nft_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>

/* Newer than the headers of some distributions that this is built on. */
enum {
	HOOK_DEVICE_PREFIX = 2, /* NFTA_DEVICE_PREFIX, Linux 6.16 */
	CHAIN_FLAG_BASE = 1,
	CHAIN_FLAG_OFFLOAD = 2,
	INET_INGRESS = 5, /* NF_INET_INGRESS */
	NETDEV_EGRESS = 1,
};

enum name_kind {
	NAME_NONE = 0,
	NAME_TABLE,
	NAME_CHAIN,
	NAME_SET,
	NAME_SET_ID,
};

struct name_key {
	enum name_kind kind;
	enum table_family family;
	const char *table, *name; /* NAME_TABLE has no name, NAME_SET_ID neither */
	uint32_t id;		  /* NAME_SET_ID */
};

struct name_entry {
	struct name_key key;
	uint32_t hash;
	void *value;
};

/* Open addressing at most half full; nslots is a power of two. */
struct name_index {
	size_t nslots, used;
	struct name_entry slots[];
};

struct table {
	const char *text; /* "ip NAME" */
	bool dormant;
};

struct name_index *name_index_new(size_t count)
{
	size_t nslots = 16;
	struct name_index *index;

	if (count > SIZE_MAX / sizeof(struct name_entry) / 8)
		return NULL;
	while (nslots / 2 <= count)
		nslots *= 2;
	index = calloc(1, sizeof(*index) + nslots * sizeof(index->slots[0]));
	if (index)
		index->nslots = nslots;
	return index;
}

void name_index_free(struct name_index *index)
{
	free(index);
}

static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return (hash ^ 0xff) * 16777619u;
}

static uint32_t hash_key(const struct name_key *key)
{
	uint32_t hash = 2166136261u ^ (uint32_t)key->kind ^ (uint32_t)key->family << 8 ^
			key->id << 16;

	hash = hash_text(hash_text(hash, key->table), key->name);
	return hash ^ hash >> 15;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct name_entry *find_entry(
	struct name_index *index, const struct name_key *key, uint32_t hash)
{
	size_t i = hash & (index->nslots - 1);

	for (;; i = (i + 1) & (index->nslots - 1)) {
		struct name_entry *entry = &index->slots[i];

		if (!entry->value)
			return entry;
		if (entry->hash == hash && entry->key.kind == key->kind &&
			entry->key.family == key->family && entry->key.id == key->id &&
			same_text(entry->key.name, key->name) &&
			same_text(entry->key.table, key->table))
			return entry;
	}
}

static void *find_name(const struct decode_ctx *ctx, const struct name_key *key)
{
	return find_entry(ctx->index, key, hash_key(key))->value;
}

static int add_name(struct decode_ctx *ctx, const struct name_key *key, void *value)
{
	uint32_t hash = hash_key(key);
	struct name_entry *entry = find_entry(ctx->index, key, hash);

	if (!value || ctx->index->used >= ctx->index->nslots / 2)
		return -ENOMEM;
	if (entry->value)
		return nft_malformed(ctx, key->name ? key->name : key->table,
			"the same name was sent before");
	*entry = (struct name_entry){.key = *key, .hash = hash, .value = value};
	ctx->index->used++;
	return 0;
}

struct chain *nft_find_chain(const struct decode_ctx *ctx, enum table_family family,
	const char *table, const char *name)
{
	return find_name(ctx, &(struct name_key){.kind = NAME_CHAIN,
				      .family = family,
				      .table = table,
				      .name = name});
}

struct set *nft_find_set(const struct decode_ctx *ctx, enum table_family family,
	const char *table, const char *name, uint32_t id)
{
	struct set *set = NULL;

	if (name)
		set = find_name(ctx, &(struct name_key){.kind = NAME_SET,
					     .family = family,
					     .table = table,
					     .name = name});
	if (!set && id)
		set = find_name(ctx, &(struct name_key){.kind = NAME_SET_ID,
					     .family = family,
					     .table = table,
					     .id = id});
	return set;
}

int nft_index_set(struct decode_ctx *ctx, enum table_family family, const char *table,
	struct set *set)
{
	int r = add_name(ctx,
		&(struct name_key){.kind = NAME_SET,
			.family = family,
			.table = table,
			.name = set->name},
		set);

	if (r < 0 || !set->id)
		return r;
	return add_name(ctx,
		&(struct name_key){.kind = NAME_SET_ID,
			.family = family,
			.table = table,
			.id = set->id},
		set);
}

const char *nft_table_name(const char *table)
{
	const char *space = strchr(table, ' ');

	return space ? space + 1 : table;
}

const char *nft_family_name(unsigned int family)
{
	static const char *const names[] = {
		[TABLE_INET] = "inet",
		[TABLE_IP] = "ip",
		[TABLE_ARP] = "arp",
		[TABLE_NETDEV] = "netdev",
		[TABLE_BRIDGE] = "bridge",
		[TABLE_IP6] = "ip6",
	};

	return family < ARRAY_LEN(names) ? names[family] : NULL;
}

int nft_table_decode(struct decode_ctx *ctx, const struct nft_message *message)
{
	const char *name = NULL;
	uint32_t flags = 0;
	int r;

	if (!message->attrs.tb[NFTA_TABLE_NAME])
		return nft_malformed(ctx, message->header, "a table without a name");
	r = nft_attr_string(ctx, message->attrs.tb[NFTA_TABLE_NAME], &name);
	if (r == 0)
		r = nft_attr_be32(ctx, message->attrs.tb[NFTA_TABLE_FLAGS], &flags);
	if (r < 0)
		return r;

	struct table *table = arena_alloc(ctx->arena, sizeof(*table));
	if (!table)
		return -ENOMEM;
	table->text = arena_printf(
		ctx->arena, "%s %s", nft_family_name(message->family), name);
	if (!table->text)
		return -ENOMEM;
	table->dormant = flags & NFT_TABLE_F_DORMANT;
	return add_name(ctx,
		&(struct name_key){
			.kind = NAME_TABLE, .family = message->family, .table = name},
		table);
}

/* Hook numbers mean different places in different families. */
static bool place_hook(enum table_family family, uint32_t number, enum hook *ret_hook)
{
	static const enum hook inet[] = {HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD,
		HOOK_OUTPUT, HOOK_POSTROUTING};

	switch (family) {
	case TABLE_NETDEV:
		if (number > NETDEV_EGRESS)
			return false;
		*ret_hook = number == NETDEV_EGRESS ? HOOK_EGRESS : HOOK_INGRESS;
		return true;
	case TABLE_INET:
		if (number == INET_INGRESS) {
			*ret_hook = HOOK_INGRESS;
			return true;
		}
		break;
	case TABLE_IP:
	case TABLE_IP6:
	case TABLE_BRIDGE: /* NF_BR_* count alike */
	case TABLE_ARP:
		break;
	}
	if (number >= ARRAY_LEN(inet))
		return false;
	*ret_hook = inet[number];
	return true;
}

static int add_device(struct decode_ctx *ctx, struct chain *chain,
	const struct nlattr *attr, bool wildcard)
{
	const char *name = NULL;
	const char **device;
	int r = nft_attr_string(ctx, attr, &name);

	if (r < 0)
		return r;
	device = arena_push(
		ctx->arena, &chain->devices, &chain->ndevices, sizeof(*device));
	if (!device)
		return -ENOMEM;
	*device = wildcard ? arena_printf(ctx->arena, "%s*", name) : name;
	return *device ? 0 : -ENOMEM;
}

static int decode_devices(
	struct decode_ctx *ctx, struct chain *chain, const struct nft_attrs *hook)
{
	const struct nlattr *attr = NULL;
	int r;

	if (hook->tb[NFTA_HOOK_DEVS]) {
		while ((r = nft_attr_next(ctx, hook->tb[NFTA_HOOK_DEVS], attr, &attr)) >
			0) {
			bool wildcard = mnl_attr_get_type(attr) == HOOK_DEVICE_PREFIX;

			r = add_device(ctx, chain, attr, wildcard);
			if (r < 0)
				return r;
		}
		return r;
	}
	if (hook->tb[NFTA_HOOK_DEV])
		return add_device(ctx, chain, hook->tb[NFTA_HOOK_DEV], false);
	return 0;
}

static int decode_type(
	struct decode_ctx *ctx, struct chain *chain, const struct nlattr *attr)
{
	static const char *const types[] = {[CHAIN_FILTER] = "filter",
		[CHAIN_NAT] = "nat",
		[CHAIN_ROUTE] = "route"};
	const char *text = types[CHAIN_FILTER];
	int r = nft_attr_string(ctx, attr, &text);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(text, types[i]) == 0) {
			chain->type = (enum chain_type)i;
			return 0;
		}
	return nft_malformed(ctx, attr, "a chain of an unknown type");
}

static int decode_base(
	struct decode_ctx *ctx, struct chain *chain, const struct nft_message *message)
{
	const struct nft_attrs *attrs = &message->attrs;
	struct nft_attrs hook;
	uint32_t number = UINT32_MAX, priority = 0, policy = NF_ACCEPT;
	int r = nft_attrs_nested(ctx, attrs->tb[NFTA_CHAIN_HOOK], &hook);

	if (r == 0)
		r = nft_attr_be32(ctx, hook.tb[NFTA_HOOK_HOOKNUM], &number);
	if (r == 0)
		r = nft_attr_be32(ctx, hook.tb[NFTA_HOOK_PRIORITY], &priority);
	if (r == 0)
		r = nft_attr_be32(ctx, attrs->tb[NFTA_CHAIN_POLICY], &policy);
	if (r == 0)
		r = decode_type(ctx, chain, attrs->tb[NFTA_CHAIN_TYPE]);
	if (r == 0)
		r = decode_devices(ctx, chain, &hook);
	if (r < 0)
		return r;
	if (policy != NF_ACCEPT && policy != NF_DROP)
		return nft_malformed(ctx, attrs->tb[NFTA_CHAIN_POLICY],
			"policy %u is neither accept nor drop", policy);
	chain->priority = (int32_t)priority;
	chain->policy = policy == NF_ACCEPT ? VERDICT_ACCEPT : VERDICT_DROP;
	chain->base = place_hook(chain->family, number, &chain->hook);
	ctx->ruleset->has_nft = true;
	if (!chain->base)
		decode_note(ctx, "hook-unknown", chain->table, true,
			"chain %s hangs on hook %u, which is not modelled", chain->name,
			number);
	return 0;
}

int nft_chain_decode(struct decode_ctx *ctx, const struct nft_message *message)
{
	const struct nft_attrs *attrs = &message->attrs;
	const char *table_name = NULL, *name = NULL;
	struct table *table = NULL;
	struct chain *chain;
	uint32_t flags = 0;
	int r;

	if (!attrs->tb[NFTA_CHAIN_TABLE] || !attrs->tb[NFTA_CHAIN_NAME])
		return nft_malformed(ctx, message->header, "a chain without a name");
	r = nft_attr_string(ctx, attrs->tb[NFTA_CHAIN_TABLE], &table_name);
	if (r == 0)
		r = nft_attr_string(ctx, attrs->tb[NFTA_CHAIN_NAME], &name);
	if (r == 0)
		r = nft_attr_be32(ctx, attrs->tb[NFTA_CHAIN_FLAGS], &flags);
	if (r < 0)
		return r;
	table = find_name(ctx, &(struct name_key){.kind = NAME_TABLE,
				       .family = message->family,
				       .table = table_name});
	if (!table)
		return nft_malformed(ctx, attrs->tb[NFTA_CHAIN_TABLE],
			"a chain of a table that was not sent");
	chain = decode_chain_add(ctx);
	if (!chain)
		return -ENOMEM;
	chain->table = table->text;
	chain->name = name;
	chain->family = message->family;
	chain->dormant = table->dormant;
	chain->offload = flags & CHAIN_FLAG_OFFLOAD;
	r = nft_attr_be64(ctx, attrs->tb[NFTA_CHAIN_HANDLE], &chain->handle);
	if (r == 0 && attrs->tb[NFTA_CHAIN_HOOK])
		r = decode_base(ctx, chain, message);
	if (r < 0)
		return r;
	return add_name(ctx,
		&(struct name_key){.kind = NAME_CHAIN,
			.family = message->family,
			.table = table_name,
			.name = name},
		chain);
}

/* A named object makes the kernel track connections as soon as it exists. */
int nft_object_decode(struct decode_ctx *ctx, const struct nft_message *message)
{
	enum { OBJECT_CT_EXPECT = 9, OBJECT_SYNPROXY = 10 };
	uint32_t type = NFT_OBJECT_UNSPEC;
	int r = nft_attr_be32(ctx, message->attrs.tb[NFTA_OBJ_TYPE], &type);

	if (r < 0)
		return r;
	if (type == NFT_OBJECT_CT_HELPER || type == NFT_OBJECT_CT_TIMEOUT ||
		type == NFT_OBJECT_CONNLIMIT || type == OBJECT_CT_EXPECT ||
		type == OBJECT_SYNPROXY)
		ctx->ruleset->uses_conntrack = true;
	return 0;
}

/* Only established flows take the short way, which a first packet never does. */
int nft_flowtable_decode(struct decode_ctx *ctx, const struct nft_message *message)
{
	const char *name = "?";
	int r = nft_attr_string(ctx, message->attrs.tb[NFTA_FLOWTABLE_NAME], &name);

	if (r < 0)
		return r;
	decode_note(ctx, "flowtable", name, false,
		"established flows that are added to flowtable %s pass the rules by",
		name);
	return 0;
}

int nft_generation_decode(struct decode_ctx *ctx, const struct nft_message *message)
{
	return nft_attr_be32(
		ctx, message->attrs.tb[NFTA_GEN_ID], &ctx->ruleset->generation);
}

int nft_verdict_decode(struct decode_ctx *ctx, enum table_family family,
	const char *table, const struct nlattr *attr, struct verdict_to *ret_verdict,
	int32_t *ret_code)
{
	const struct nlattr *data[2], *verdict[2];
	struct verdict_to to = {0};
	const char *name = NULL;
	uint32_t code = 0;
	int r = nft_attrs_pair(ctx, attr, data);

	if (r < 0)
		return r;
	if (!data[NFTA_DATA_VERDICT - 1])
		return nft_malformed(ctx, attr, "a verdict without content");
	r = nft_attrs_pair(ctx, data[NFTA_DATA_VERDICT - 1], verdict);
	if (r < 0)
		return r;
	if (!verdict[NFTA_VERDICT_CODE - 1])
		return nft_malformed(ctx, attr, "a verdict without a code");
	r = nft_attr_be32(ctx, verdict[NFTA_VERDICT_CODE - 1], &code);
	if (r == 0)
		r = nft_attr_string(ctx, verdict[NFTA_VERDICT_CHAIN - 1], &name);
	if (r < 0)
		return r;
	*ret_code = (int32_t)code;
	switch ((int32_t)code) {
	case NFT_CONTINUE:
	case NFT_BREAK:
		to.kind = VERDICT_CONTINUE;
		break;
	case NFT_RETURN:
		to.kind = VERDICT_RETURN;
		break;
	case NFT_JUMP:
	case NFT_GOTO:
		if (!name)
			return nft_malformed(ctx, attr, "a jump to no chain");
		to.kind = (int32_t)code == NFT_JUMP ? VERDICT_JUMP : VERDICT_GOTO;
		to.chain = nft_find_chain(ctx, family, table, name);
		break;
	default:
		if ((int32_t)code < 0)
			return 0;
		switch (code & NF_VERDICT_MASK) {
		case NF_ACCEPT:
			to.kind = VERDICT_ACCEPT;
			break;
		case NF_DROP:
			to.kind = VERDICT_DROP;
			break;
		case NF_QUEUE:
			to.kind = VERDICT_QUEUE;
			break;
		default:
			return 0;
		}
	}
	*ret_verdict = to;
	return 1;
}
