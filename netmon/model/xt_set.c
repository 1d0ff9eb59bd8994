/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matches on ipsets, and the target that changes them. */
#include <errno.h>
#include <string.h>

#include <linux/netfilter/xt_set.h>

#include "netmon/model/xt.h"

/*
 * Theory of operation. A rule further down, or of another table, may add the sender of
 * an earlier packet to a set, or take him out (port knocking, bans). So the matches
 * are kept until all rules are decoded, and each is then told what may have become of
 * its set. A list of sets changes where its members do, and they where it does: to add
 * to a list is to add to one of its members (list_set_kadd()).
 */
#define LIST_DEPTH_MAX 8

/* What packets do to a set, by SET targets. */
enum set_change { SET_GROWS = 1, SET_SHRINKS = 2 };

struct xt_sets {
	struct ipset_match **matches;
	size_t nmatches;
	uint8_t *changes; /* of each ipset of the namespace */
};

static struct xt_sets *xt_sets(struct decode_ctx *ctx)
{
	if (!ctx->xt_sets)
		ctx->xt_sets = arena_alloc(ctx->arena, sizeof(*ctx->xt_sets));
	if (ctx->xt_sets && !ctx->xt_sets->changes)
		ctx->xt_sets->changes = arena_array(
			ctx->arena, ctx->netns->nipsets + 1, sizeof(uint8_t));
	return ctx->xt_sets && ctx->xt_sets->changes ? ctx->xt_sets : NULL;
}

static bool note_match(struct decode_ctx *ctx, struct ipset_match *match)
{
	struct xt_sets *sets = xt_sets(ctx);
	struct ipset_match **slot = sets ? arena_push(ctx->arena, &sets->matches,
						   &sets->nmatches, sizeof(*slot))
					 : NULL;

	if (slot)
		*slot = match;
	return slot;
}

static const struct ipset *find_member(const struct netns *netns, const char *name)
{
	for (size_t i = 0; name && i < netns->nipsets; i++)
		if (strcmp(netns->ipsets[i].name, name) == 0)
			return &netns->ipsets[i];
	return NULL;
}

/* Both the set and, of a list, its members. */
static void change(struct decode_ctx *ctx, const struct ipset *set,
	enum set_change change_of, unsigned int depth)
{
	uint8_t *changes =
		set ? &ctx->xt_sets->changes[set - ctx->netns->ipsets] : NULL;

	if (!set || depth > LIST_DEPTH_MAX)
		return;
	*changes = (uint8_t)(*changes | change_of);
	for (size_t i = 0; set->kind == IPSET_LIST && i < set->nelements; i++)
		change(ctx, find_member(ctx->netns, set->elements[i].member), change_of,
			depth + 1);
}

static uint8_t changes_of(
	const struct decode_ctx *ctx, const struct ipset *set, unsigned int depth)
{
	uint8_t changes;

	if (!set || depth > LIST_DEPTH_MAX)
		return 0;
	changes = ctx->xt_sets->changes[set - ctx->netns->ipsets];
	for (size_t i = 0; set->kind == IPSET_LIST && i < set->nelements; i++)
		changes |= changes_of(ctx,
			find_member(ctx->netns, set->elements[i].member), depth + 1);
	return changes;
}

void xt_sets_finish(struct decode_ctx *ctx)
{
	for (size_t i = 0; ctx->xt_sets && i < ctx->xt_sets->nmatches; i++) {
		struct ipset_match *match = ctx->xt_sets->matches[i];
		uint8_t changes = changes_of(ctx, match->ipset, 0);

		match->grows = changes & SET_GROWS;
		match->shrinks = changes & SET_SHRINKS;
	}
}

/* ---------------------------------------------------------------- matches */

static const struct ipset *find_ipset(const struct netns *netns, uint16_t index)
{
	for (size_t i = 0; i < netns->nipsets; i++)
		if (netns->ipsets[i].index == index)
			return &netns->ipsets[i];
	return NULL;
}

/* ip_set_test() never finds anything in a set of another family or with more parts. */
static bool ipset_fits(
	const struct decode_ctx *ctx, const struct ipset *ipset, uint8_t ndims)
{
	const enum family family = ctx->family == TABLE_IP6 ? FAMILY_IP6 : FAMILY_IP4;

	if (!ipset || ipset->kind == IPSET_OTHER || ipset->kind == IPSET_LIST)
		return true;
	return ndims >= ipset->ndims &&
	       (ctx->family == TABLE_INET || ipset->family == FAMILY_NONE ||
		       ipset->family == family);
}

/*
 * @counters: the elements' counters are compared too. @cmdflags: revision 3's and 4's.
 *
 * To return the exceptions turns the meaning of every element round, which is not
 * modelled. Counters only narrow a match; but older kernels compared them after the
 * inversion, newer ones before.
 */
static int push_set(struct decode_ctx *ctx, const struct xt_set_info *info,
	uint32_t cmdflags, bool counters)
{
	struct ipset_match *match = arena_alloc(ctx->arena, sizeof(*match));
	struct op op = {.kind = OP_IPSET,
		.invert = info->flags & IPSET_INV_MATCH,
		.ipset = match};

	if (!match)
		return -ENOMEM;
	match->ipset = find_ipset(ctx->netns, info->index);
	match->ndims = info->dim;
	match->maybe = counters;
	if (!note_match(ctx, match))
		return -ENOMEM;
	if ((info->flags & IPSET_RETURN_NOMATCH) ||
		(cmdflags & IPSET_FLAG_RETURN_NOMATCH) || (counters && op.invert))
		return xt_push_maybe(ctx, "ipset", "%sset %s with %s",
			op.invert ? "! " : "", match->ipset ? match->ipset->name : "?",
			counters ? "counters" : "return-nomatch");
	if (!ipset_fits(ctx, match->ipset, info->dim))
		return op.invert ? 0 : xt_push_never(ctx);
	if (info->dim == 0 || info->dim > ARRAY_LEN(match->src))
		return decode_push_maybe(ctx, "ipset", "set of more than three parts");
	for (size_t i = 0; i < info->dim; i++)
		match->src[i] = info->flags & (1u << (IPSET_DIM_ONE + i));
	return decode_push_op(ctx, &op);
}

static int set_v0(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_set_info_v0 *v0 =
		&((const struct xt_set_info_match_v0 *)info)->match_set;
	struct xt_set_info set = {.index = v0->index};

	(void)row;
	if (v0->u.flags[0] & IPSET_MATCH_INV)
		set.flags |= IPSET_INV_MATCH;
	for (size_t i = 0; i < IPSET_DIM_MAX - 1 && v0->u.flags[i]; i++) {
		set.dim++;
		if (v0->u.flags[i] & IPSET_SRC)
			set.flags |= (uint8_t)(1u << set.dim);
	}
	return push_set(ctx, &set, 0, false);
}

static int set_v1(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)row;
	return push_set(
		ctx, &((const struct xt_set_info_match_v1 *)info)->match_set, 0, false);
}

static int set_v3(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_set_info_match_v3 *set = info;

	(void)row;
	return push_set(ctx, &set->match_set, set->flags,
		set->packets.op != IPSET_COUNTER_NONE ||
			set->bytes.op != IPSET_COUNTER_NONE);
}

static int set_v4(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_set_info_match_v4 *set = info;

	(void)row;
	return push_set(ctx, &set->match_set, set->flags,
		set->packets.op != IPSET_COUNTER_NONE ||
			set->bytes.op != IPSET_COUNTER_NONE);
}

/* ---------------------------------------------------------------- the target */

static int target(struct decode_ctx *ctx, const struct xt_row *row, uint16_t added,
	uint16_t deleted)
{
	if (!xt_sets(ctx))
		return -ENOMEM;
	if (added != IPSET_INVALID_ID)
		change(ctx, find_ipset(ctx->netns, added), SET_GROWS, 0);
	if (deleted != IPSET_INVALID_ID)
		change(ctx, find_ipset(ctx->netns, deleted), SET_SHRINKS, 0);
	return decode_push_nop(ctx, row->name);
}

static int target_v0(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_set_info_target_v0 *set = info;

	return target(ctx, row, set->add_set.index, set->del_set.index);
}

static int target_v1(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_set_info_target_v1 *set = info;

	return target(ctx, row, set->add_set.index, set->del_set.index);
}

static int target_v2(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_set_info_target_v2 *set = info;

	return target(ctx, row, set->add_set.index, set->del_set.index);
}

static int push_field(
	struct decode_ctx *ctx, enum field field, const struct operand *operand)
{
	const struct op op = {.kind = OP_SET, .field = field, .operand = operand};

	return decode_push_op(ctx, &op);
}

static int target_v3(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_set_info_target_v3 *set = info;
	int r = target(ctx, row, set->add_set.index, set->del_set.index);

	if (r < 0 || set->map_set.index == IPSET_INVALID_ID)
		return r;
	if (set->flags & IPSET_FLAG_MAP_SKBMARK)
		r = push_field(ctx, FIELD_MARK, operand_unknown(ctx, row->code, 4));
	if (r == 0 && (set->flags & IPSET_FLAG_MAP_SKBPRIO))
		r = push_field(ctx, FIELD_PRIORITY, operand_unknown(ctx, row->code, 4));
	return r;
}

static const struct xt_row match_rows[] = {
	{"set", 0, XT_IP4, XT_SIZE(struct xt_set_info_match_v0), set_v0, NULL},
	{"set", 1, XT_ANY, XT_SIZE(struct xt_set_info_match_v1), set_v1, NULL},
	{"set", 2, XT_ANY, XT_SIZE(struct xt_set_info_match_v1), set_v1, NULL},
	{"set", 3, XT_ANY, XT_SIZE(struct xt_set_info_match_v3), set_v3, NULL},
	{"set", 4, XT_ANY, XT_SIZE(struct xt_set_info_match_v4), set_v4, NULL},
};

const struct xt_table_rows xt_set_matches = {
	.rows = match_rows, .nrows = ARRAY_LEN(match_rows)};

static const struct xt_row target_rows[] = {
	{"SET", 0, XT_IP4, XT_SIZE(struct xt_set_info_target_v0), target_v0, NULL},
	{"SET", 1, XT_ANY, XT_SIZE(struct xt_set_info_target_v1), target_v1, NULL},
	{"SET", 2, XT_ANY, XT_SIZE(struct xt_set_info_target_v2), target_v2, NULL},
	{"SET", 3, XT_ANY, XT_SIZE(struct xt_set_info_target_v3), target_v3,
		"ipset-map"},
};

const struct xt_table_rows xt_set_targets = {
	.rows = target_rows, .nrows = ARRAY_LEN(target_rows)};
