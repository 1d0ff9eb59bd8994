/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From one namespace's netlink messages and legacy tables to a struct ruleset. */
#include "netmon/model/ruleset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "netmon/model/nft_expr.h"
#include "netmon/model/nft_table.h"
#include "netmon/model/operand.h"
#include "netmon/model/xt.h"

/*
 * Theory of operation. The messages are walked several times, because what one refers
 * to may come later (a jump to a chain further down, a verdict map's chains), and so
 * that arrays are made at their exact size:
 *
 *	check, count	every header; how many chains and sets to reserve
 *	tables		tables, objects, flowtables, generation
 *	chains, sets
 *	counts		rules of each chain, elements of each set
 *	elements
 *	rules
 *
 * Of rules there can be very many. The kernel gives them in one stretch, and walks that
 * have no use for them leave it out.
 */

typedef int message_handler(struct decode_ctx *ctx, const struct nft_message *message);

/* One row a message type; absent handlers: nothing to do in that walk. */
enum walk {
	WALK_TABLES = 0,
	WALK_CHAINS,
	WALK_COUNT,
	WALK_ELEMENTS,
	WALK_RULES,
	WALKS
};
static const struct message_row {
	const char *name;
	message_handler *handler[WALKS];
	size_t counted_by; /* the last attribute that counting needs; 0: any */
} message_rows[NFT_MSG_MAX] = {
	[NFT_MSG_NEWTABLE] = {"NEWTABLE", {[WALK_TABLES] = nft_table_decode}, 0},
	[NFT_MSG_NEWCHAIN] = {"NEWCHAIN", {[WALK_CHAINS] = nft_chain_decode}, 0},
	[NFT_MSG_NEWRULE] = {"NEWRULE",
		{[WALK_COUNT] = nft_rule_count, [WALK_RULES] = nft_rule_decode},
		NFTA_RULE_CHAIN},
	[NFT_MSG_NEWSET] = {"NEWSET", {[WALK_CHAINS] = nft_set_decode}, 0},
	[NFT_MSG_NEWSETELEM] = {"NEWSETELEM",
		{[WALK_COUNT] = nft_elements_count,
			[WALK_ELEMENTS] = nft_elements_decode},
		0},
	[NFT_MSG_NEWOBJ] = {"NEWOBJ", {[WALK_TABLES] = nft_object_decode}, 0},
	[NFT_MSG_NEWFLOWTABLE] = {"NEWFLOWTABLE",
		{[WALK_TABLES] = nft_flowtable_decode}, 0},
	[NFT_MSG_NEWGEN] = {"NEWGEN", {[WALK_TABLES] = nft_generation_decode}, 0},
};

static const struct message_row *message_row(const struct nlmsghdr *header)
{
	unsigned int type = NFNL_MSG_TYPE(header->nlmsg_type);

	if (NFNL_SUBSYS_ID(header->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
		type >= NFT_MSG_MAX || !message_rows[type].name)
		return NULL;
	return &message_rows[type];
}

static unsigned int message_family(const struct nlmsghdr *header)
{
	const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);

	return message->nfgen_family;
}

/* The message at @offset, with its bounds checked. */
static int check_message(
	struct decode_ctx *ctx, size_t offset, const struct nlmsghdr **ret_header)
{
	const struct nlmsghdr *header = (const void *)(ctx->nft.data + offset);
	size_t left = ctx->nft.len - offset;

	ctx->message_type = "header";
	if (left < sizeof(*header))
		return nft_malformed(
			ctx, header, "%zu stray bytes after a message", left);
	if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > left)
		return nft_malformed(ctx, header,
			"a message of %u bytes where %zu remain", header->nlmsg_len,
			left);
	if (message_row(header) &&
		header->nlmsg_len < sizeof(*header) + sizeof(struct nfgenmsg))
		return nft_malformed(
			ctx, header, "a message of %u bytes", header->nlmsg_len);
	*ret_header = header;
	return 0;
}

static size_t message_size(
	const struct decode_ctx *ctx, size_t offset, const struct nlmsghdr *header)
{
	size_t size = nft_align(header->nlmsg_len);

	/* The last message may lack its padding. */
	return size > ctx->nft.len - offset ? ctx->nft.len - offset : size;
}

/* What each message type and family was seen of already, to note it once. */
struct strangers {
	bool family[256];
	bool message;
};

static void note_stranger(struct decode_ctx *ctx, const struct nlmsghdr *header,
	struct strangers *strangers)
{
	if (header->nlmsg_type == NLMSG_NOOP || header->nlmsg_type == NLMSG_DONE)
		return;
	if (!message_row(header)) {
		if (!strangers->message)
			decode_note(ctx, "nft-message-unknown", "nf_tables", true,
				"netlink message %zu is of the unknown type 0x%x",
				ctx->message, header->nlmsg_type);
		strangers->message = true;
		return;
	}
	unsigned int family = message_family(header);
	if (family == 0 || nft_family_name(family) || strangers->family[family])
		return;
	strangers->family[family] = true;
	decode_note(ctx, "nft-family-unknown", "nf_tables", true,
		"netlink message %zu is of the unknown family %u", ctx->message,
		family);
}

/* Where the first rules are that follow each other. */
static void note_rule(struct stretch *rules, size_t offset, size_t size)
{
	if (rules->nmessages == 0)
		rules->begin = rules->end = offset;
	if (rules->end == offset) {
		rules->end += size;
		rules->nmessages++;
	}
}

static int count_messages(struct decode_ctx *ctx, size_t *ret_names)
{
	struct strangers strangers = {0};
	size_t offset = 0, names = 0;

	for (ctx->message = 0; offset < ctx->nft.len; ctx->message++) {
		const struct nlmsghdr *header = NULL;
		int r = check_message(ctx, offset, &header);

		if (r < 0)
			return r;
		note_stranger(ctx, header, &strangers);
		unsigned int type = NFNL_MSG_TYPE(header->nlmsg_type);
		if (message_row(header)) {
			ctx->max_chains += type == NFT_MSG_NEWCHAIN;
			ctx->max_sets += type == NFT_MSG_NEWSET;
			names += type == NFT_MSG_NEWTABLE;
			if (type == NFT_MSG_NEWRULE)
				note_rule(&ctx->rule_messages, offset,
					message_size(ctx, offset, header));
		}
		offset += message_size(ctx, offset, header);
	}
	/* A set can be found by its name and by its id. */
	*ret_names = names + ctx->max_chains + 2 * ctx->max_sets;
	return 0;
}

static int walk_messages(struct decode_ctx *ctx, enum walk walk)
{
	bool skips = !message_rows[NFT_MSG_NEWRULE].handler[walk];
	size_t offset = 0;

	for (ctx->message = 0; offset < ctx->nft.len; ctx->message++) {
		if (skips && ctx->rule_messages.nmessages &&
			offset == ctx->rule_messages.begin) {
			offset = ctx->rule_messages.end;
			ctx->message += ctx->rule_messages.nmessages - 1;
			continue;
		}
		const struct nlmsghdr *header = (const void *)(ctx->nft.data + offset);
		const struct message_row *row = message_row(header);
		struct nft_message message = {.header = header};
		int r;

		offset += message_size(ctx, offset, header);
		if (!row || !row->handler[walk])
			continue;
		unsigned int family = message_family(header);
		/* arp tables see no IP packet; the others are noted. */
		if (family != 0 && (!nft_family_name(family) || family == TABLE_ARP))
			continue;
		if (family == 0 && row->handler[walk] != nft_generation_decode)
			continue;
		message.family = (enum table_family)family;
		ctx->message_type = row->name;
		r = nft_attrs_parse(ctx,
			(const uint8_t *)header + sizeof(*header) +
				sizeof(struct nfgenmsg),
			header->nlmsg_len - sizeof(*header) - sizeof(struct nfgenmsg),
			walk == WALK_COUNT ? row->counted_by : 0, &message.attrs);
		if (r == 0)
			r = row->handler[walk](ctx, &message);
		if (r < 0)
			return r;
	}
	return 0;
}

static int decode_nft(struct decode_ctx *ctx)
{
	for (enum walk walk = WALK_TABLES; walk < WALKS; walk++) {
		int r = walk_messages(ctx, walk);

		if (r == 0 && walk == WALK_ELEMENTS)
			r = nft_sets_finish(ctx);
		if (r < 0)
			return r;
	}
	return 0;
}

static int reserve(struct decode_ctx *ctx, size_t names)
{
	const struct netns *netns = ctx->netns;

	for (size_t i = 0; i < netns->nlegacy; i++)
		ctx->max_chains += legacy_chain_count(&netns->legacy[i]);
	ctx->operands = operand_table_new();
	ctx->index = name_index_new(names);
	ctx->rules = calloc(ctx->max_chains + 1, sizeof(*ctx->rules));
	ctx->ruleset->chains =
		arena_array(ctx->arena, ctx->max_chains, sizeof(struct chain));
	ctx->ruleset->sets = arena_array(ctx->arena, ctx->max_sets, sizeof(struct set));
	if (!ctx->operands || !ctx->index || !ctx->rules || arena_failed(ctx->arena))
		return -ENOMEM;
	return 0;
}

static int decode_all(struct decode_ctx *ctx)
{
	const struct netns *netns = ctx->netns;
	size_t names = 0;
	int r;

	ctx->nft = netns->nft;
	if ((uintptr_t)ctx->nft.data % NLMSG_ALIGNTO != 0) {
		ctx->nft.data =
			arena_memdup(ctx->arena, netns->nft.data, netns->nft.len);
		if (!ctx->nft.data)
			return -ENOMEM;
	}
	r = count_messages(ctx, &names);
	if (r == 0)
		r = reserve(ctx, names);
	if (r == 0)
		r = decode_nft(ctx);
	for (size_t i = 0; r == 0 && i < netns->nlegacy; i++)
		r = legacy_decode(ctx, &netns->legacy[i]);
	xt_sets_finish(ctx);
	if (r == 0 && arena_failed(ctx->arena))
		r = -ENOMEM;
	return r;
}

static void ctx_done(struct decode_ctx *ctx)
{
	operand_table_free(ctx->operands);
	name_index_free(ctx->index);
	free(ctx->rules);
	free(ctx->ops);
}

int ruleset_decode(
	const struct netns *netns, struct ruleset **ret_ruleset, struct err *err)
{
	_cleanup_(ruleset_cleanup) struct ruleset *ruleset =
		calloc(1, sizeof(*ruleset));
	_cleanup_(ctx_done) struct decode_ctx ctx = {
		.netns = netns, .ruleset = ruleset, .err = err};
	int r;

	if (!ruleset)
		return err_set(err, -ENOMEM, "no memory for the rules");
	arena_init(&ruleset->arena, 0);
	ctx.arena = &ruleset->arena;
	r = decode_all(&ctx);
	if (r == -ENOMEM)
		return err_set(err, -ENOMEM, "no memory for the rules of %s",
			netns->id ? netns->id : "?");
	if (r < 0)
		return r;
	*ret_ruleset = TAKE_PTR(ruleset);
	return 0;
}

void ruleset_free(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	arena_done(&ruleset->arena);
	free(ruleset);
}

void ruleset_cleanup(struct ruleset **ruleset)
{
	ruleset_free(*ruleset);
}
