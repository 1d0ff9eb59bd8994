/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets and maps of nf_tables, and their elements as closed intervals. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "netmon/model/nft_expr.h"
#include "netmon/model/nft_table.h"

/*
 * Theory of operation. Elements arrive in any number of messages, in an order that
 * depends on the kernel's set type. They are counted, decoded as they are, and put in
 * order at the end. Interval sets (rbtree) have no ranges on the wire: an element
 * reaches up to the next one, be that the start of another interval or an end marker
 * (NFT_SET_ELEM_INTERVAL_END, exclusive), or to the highest key. While decoding, an end
 * marker is an element whose key_end is NULL. Sets of concatenated ranges (pipapo) do
 * have an end of their own (NFTA_SET_ELEM_KEY_END, inclusive).
 */

static int decode_concat(
	struct decode_ctx *ctx, struct set *set, const struct nlattr *concat)
{
	const struct nlattr *attr = NULL;
	size_t padded = 0;
	int r;

	while ((r = nft_attr_next(ctx, concat, attr, &attr)) > 0) {
		struct nft_attrs field;
		uint32_t len = 0;

		r = nft_attrs_nested(ctx, attr, &field);
		if (r == 0)
			r = nft_attr_be32(ctx, field.tb[NFTA_SET_FIELD_LEN], &len);
		if (r < 0)
			return r;
		if (len == 0 || len > VALUE_MAX ||
			set->nfields == ARRAY_LEN(set->field_len))
			return nft_malformed(ctx, attr,
				"a concatenation with a field of %u bytes", len);
		set->field_len[set->nfields++] = (uint8_t)len;
		padded += (len + 3) & ~3u;
	}
	if (r == 0 && padded != ((set->key_len + 3u) & ~3u))
		return nft_malformed(ctx, concat,
			"the fields of a set are %zu bytes, not %u", padded,
			set->key_len);
	return r;
}

static int decode_description(
	struct decode_ctx *ctx, struct set *set, const struct nlattr *description)
{
	struct nft_attrs attrs;
	int r;

	if (!description)
		return 0;
	r = nft_attrs_nested(ctx, description, &attrs);
	if (r == 0)
		r = nft_attr_be32(
			ctx, attrs.tb[NFTA_SET_DESC_SIZE], &set->max_elements);
	if (r == 0 && attrs.tb[NFTA_SET_DESC_CONCAT])
		r = decode_concat(ctx, set, attrs.tb[NFTA_SET_DESC_CONCAT]);
	return r;
}

/* Whether an expression on an element leaves the lookup as it is. */
static int expression_refuses(
	struct decode_ctx *ctx, const struct nlattr *expr, bool *refuses)
{
	struct nft_attrs attrs;
	const char *name = NULL;
	int r = nft_attrs_nested(ctx, expr, &attrs);

	if (r < 0)
		return r;
	if (!attrs.tb[NFTA_EXPR_NAME])
		return nft_malformed(ctx, expr, "an expression without a name");
	r = nft_attr_string(ctx, attrs.tb[NFTA_EXPR_NAME], &name);
	if (r == 0 && strcmp(name, "counter") != 0 && strcmp(name, "last") != 0)
		*refuses = true;
	return r;
}

/* @one nests one expression, @list a list of them; either may be absent. */
static int expressions_refuse(struct decode_ctx *ctx, const struct nlattr *one,
	const struct nlattr *list, bool *refuses)
{
	const struct nlattr *attr = NULL;
	int r = 0;

	if (one)
		r = expression_refuses(ctx, one, refuses);
	if (r < 0 || !list)
		return r;
	while ((r = nft_attr_next(ctx, list, attr, &attr)) > 0) {
		r = expression_refuses(ctx, attr, refuses);
		if (r < 0)
			return r;
	}
	return r;
}

int nft_dynset_refuses(
	struct decode_ctx *ctx, const struct nft_attrs *attrs, bool *refuses)
{
	return expressions_refuse(ctx, attrs->tb[NFTA_DYNSET_EXPR],
		attrs->tb[NFTA_DYNSET_EXPRESSIONS], refuses);
}

static int decode_lengths(
	struct decode_ctx *ctx, struct set *set, const struct nft_message *message)
{
	const struct nft_attrs *attrs = &message->attrs;
	uint32_t key_len = 0, data_len = 0, data_type = 0;
	int r = nft_attr_be32(ctx, attrs->tb[NFTA_SET_FLAGS], &set->flags);

	if (r == 0)
		r = nft_attr_be32(ctx, attrs->tb[NFTA_SET_KEY_LEN], &key_len);
	if (r == 0)
		r = nft_attr_be32(ctx, attrs->tb[NFTA_SET_DATA_LEN], &data_len);
	if (r == 0)
		r = nft_attr_be32(ctx, attrs->tb[NFTA_SET_DATA_TYPE], &data_type);
	if (r == 0)
		r = nft_attr_be32(ctx, attrs->tb[NFTA_SET_OBJ_TYPE], &set->object_type);
	if (r == 0)
		r = nft_attr_be32(ctx, attrs->tb[NFTA_SET_ID], &set->id);
	if (r < 0)
		return r;
	if (key_len == 0 || key_len > VALUE_MAX)
		return nft_malformed(
			ctx, message->header, "set with keys of %u bytes", key_len);
	set->key_len = (uint8_t)key_len;
	set->interval = set->flags & NFT_SET_INTERVAL;
	set->objects = set->flags & NFT_SET_OBJECT;
	set->vmap = set->flags & NFT_SET_MAP && data_type == NFT_DATA_VERDICT;
	set->map = set->flags & NFT_SET_MAP && !set->vmap && !set->objects;
	if (!set->map)
		return 0;
	if (data_len == 0 || data_len > VALUE_MAX)
		return nft_malformed(
			ctx, message->header, "map with data of %u bytes", data_len);
	set->data_len = (uint8_t)data_len;
	return 0;
}

int nft_set_decode(struct decode_ctx *ctx, const struct nft_message *message)
{
	const struct nft_attrs *attrs = &message->attrs;
	struct ruleset *ruleset = ctx->ruleset;
	struct set *set;
	int r;

	if (!attrs->tb[NFTA_SET_TABLE] || !attrs->tb[NFTA_SET_NAME])
		return nft_malformed(ctx, message->header, "a set without a name");
	if (ruleset->nsets >= ctx->max_sets)
		return -ENOMEM;
	set = &ruleset->sets[ruleset->nsets++];
	r = nft_attr_string(ctx, attrs->tb[NFTA_SET_TABLE], &set->table);
	if (r == 0)
		r = nft_attr_string(ctx, attrs->tb[NFTA_SET_NAME], &set->name);
	if (r == 0)
		r = decode_lengths(ctx, set, message);
	if (r == 0)
		r = decode_description(ctx, set, attrs->tb[NFTA_SET_DESC]);
	if (r == 0)
		r = expressions_refuse(ctx, attrs->tb[NFTA_SET_EXPR],
			attrs->tb[NFTA_SET_EXPRESSIONS], &set->refuses);
	if (r < 0)
		return r;
	if (set->nfields == 0) { /* before Linux 5.6, or no concatenation */
		set->nfields = 1;
		set->field_len[0] = set->key_len;
	}
	set->concat = set->nfields > 1 || set->flags & NFT_SET_CONCAT;
	return nft_index_set(ctx, message->family, set->table, set);
}

/* The set that a message of elements belongs to, and the list of them (may be absent).
 */
static int find_elements(struct decode_ctx *ctx, const struct nft_message *message,
	struct set **ret_set, const struct nlattr **ret_list)
{
	const struct nft_attrs *attrs = &message->attrs;
	const char *table = NULL, *name = NULL;
	uint32_t id = 0;
	int r;

	if (!attrs->tb[NFTA_SET_ELEM_LIST_TABLE] || !attrs->tb[NFTA_SET_ELEM_LIST_SET])
		return nft_malformed(ctx, message->header, "elements without a set");
	r = nft_attr_string(ctx, attrs->tb[NFTA_SET_ELEM_LIST_TABLE], &table);
	if (r == 0)
		r = nft_attr_string(ctx, attrs->tb[NFTA_SET_ELEM_LIST_SET], &name);
	if (r == 0)
		r = nft_attr_be32(ctx, attrs->tb[NFTA_SET_ELEM_LIST_SET_ID], &id);
	if (r < 0)
		return r;
	*ret_list = attrs->tb[NFTA_SET_ELEM_LIST_ELEMENTS];
	*ret_set = nft_find_set(ctx, message->family, table, name, id);
	if (!*ret_set)
		return nft_malformed(ctx, attrs->tb[NFTA_SET_ELEM_LIST_SET],
			"elements of a set that was not sent");
	return 0;
}

int nft_elements_count(struct decode_ctx *ctx, const struct nft_message *message)
{
	const struct nlattr *list = NULL, *attr = NULL;
	struct set *set = NULL;
	int r = find_elements(ctx, message, &set, &list);

	if (r < 0 || !list)
		return r;
	while ((r = nft_attr_next(ctx, list, attr, &attr)) > 0)
		set->nelements++;
	return r;
}

static int decode_key(struct decode_ctx *ctx, const struct set *set,
	const struct nlattr *attr, const uint8_t **ret_key)
{
	struct nft_value value = {0};
	int r;

	if (!attr)
		return 0;
	r = nft_attr_value(ctx, attr, &value);
	if (r < 0)
		return r;
	if (value.len != set->key_len)
		return nft_malformed(ctx, attr,
			"a key of %zu bytes in set %s, whose keys have %u", value.len,
			set->name, set->key_len);
	*ret_key = value.bytes;
	return 0;
}

static int decode_data(struct decode_ctx *ctx, enum table_family family,
	struct set *set, struct set_element *element, const struct nlattr *attr)
{
	struct nft_value value = {0};
	int32_t code = 0;
	int r;

	if (!attr)
		return nft_malformed(
			ctx, set->name, "an element of a map without data");
	if (set->vmap) {
		r = nft_verdict_decode(
			ctx, family, set->table, attr, &element->verdict, &code);
		if (r < 0)
			return r;
		/* NFT_BREAK differs from CONTINUE by what follows it in the rule. */
		if (r == 0 || code == NFT_BREAK)
			set->unreadable = true;
		return 0;
	}
	r = nft_attr_value(ctx, attr, &value);
	if (r < 0)
		return r;
	if (value.len != set->data_len)
		return nft_malformed(ctx, attr,
			"data of %zu bytes in map %s, whose data have %u", value.len,
			set->name, set->data_len);
	element->data = value.bytes;
	return 0;
}

static int decode_element(struct decode_ctx *ctx, enum table_family family,
	struct set *set, const struct nlattr *attr)
{
	struct set_element element = {0};
	struct nft_attrs attrs;
	uint32_t flags = 0;
	int r = nft_attrs_nested(ctx, attr, &attrs);

	if (r == 0)
		r = nft_attr_be32(ctx, attrs.tb[NFTA_SET_ELEM_FLAGS], &flags);
	if (r == 0)
		r = decode_key(ctx, set, attrs.tb[NFTA_SET_ELEM_KEY], &element.key);
	if (r == 0)
		r = decode_key(
			ctx, set, attrs.tb[NFTA_SET_ELEM_KEY_END], &element.key_end);
	if (r == 0)
		r = expressions_refuse(ctx, attrs.tb[NFTA_SET_ELEM_EXPR],
			attrs.tb[NFTA_SET_ELEM_EXPRESSIONS], &element.maybe);
	if (r < 0)
		return r;
	element.catchall = flags & NFT_SET_ELEM_CATCHALL;
	if (!element.key != element.catchall)
		return nft_malformed(ctx, attr, "an element with no key");
	element.expires = attrs.tb[NFTA_SET_ELEM_EXPIRATION];
	if (flags & NFT_SET_ELEM_INTERVAL_END) {
		if (!set->interval || set->concat || element.catchall)
			return nft_malformed(
				ctx, attr, "an end marker in a set without intervals");
		element.key_end = NULL;
	} else {
		if (!element.key_end || !element.key ||
			memcmp(element.key, element.key_end, set->key_len) == 0)
			element.key_end = element.key;
		if (set->map || set->vmap)
			r = decode_data(ctx, family, set, &element,
				attrs.tb[NFTA_SET_ELEM_DATA]);
	}
	set->elements[set->nelements++] = element;
	return r;
}

int nft_elements_decode(struct decode_ctx *ctx, const struct nft_message *message)
{
	const struct nlattr *list = NULL, *attr = NULL;
	struct set *set = NULL;
	int r = find_elements(ctx, message, &set, &list);

	if (r < 0 || !list)
		return r;
	if (!set->elements) {
		if (set->nelements == 0)
			return 0;
		set->elements =
			arena_array(ctx->arena, set->nelements, sizeof(*set->elements));
		if (!set->elements)
			return -ENOMEM;
		set->nelements = 0; /* filled again by the same number */
	}
	while ((r = nft_attr_next(ctx, list, attr, &attr)) > 0) {
		r = decode_element(ctx, message->family, set, attr);
		if (r < 0)
			return r;
	}
	return r;
}

/* By key; the catch-all last; an end marker after what starts at the same key. */
static int compare_elements(const void *a, const void *b, void *data)
{
	const struct set_element *x = a, *y = b;
	const struct set *set = data;
	int order;

	if (x->catchall || y->catchall)
		return (int)x->catchall - (int)y->catchall;
	order = memcmp(x->key, y->key, set->key_len);
	if (order != 0)
		return order;
	return (x->key_end == NULL) - (y->key_end == NULL);
}

static void decrement(uint8_t *key, size_t len)
{
	while (len > 0 && key[--len]-- == 0)
		;
}

static int join_intervals(struct decode_ctx *ctx, struct set *set)
{
	size_t n = 0, higher = 0, len = set->key_len;
	uint8_t *ends = arena_array(ctx->arena, set->nelements, len);

	if (!ends)
		return -ENOMEM;
	for (size_t i = 0; i < set->nelements; i++) {
		struct set_element *element = &set->elements[i];

		if (element->catchall || element->key_end != element->key) {
			if (element->key_end || element->catchall)
				set->elements[n++] = *element;
			continue; /* an end marker goes */
		}
		while (higher < set->nelements && !set->elements[higher].catchall &&
			memcmp(set->elements[higher].key, element->key, len) <= 0)
			higher++;
		if (higher < set->nelements && !set->elements[higher].catchall) {
			memcpy(ends, set->elements[higher].key, len);
			decrement(ends, len);
		} else {
			memset(ends, 0xff, len);
		}
		if (memcmp(ends, element->key, len) != 0)
			element->key_end = ends;
		ends += len;
		set->elements[n++] = *element;
	}
	set->nelements = n;
	return 0;
}

int nft_sets_finish(struct decode_ctx *ctx)
{
	for (size_t i = 0; i < ctx->ruleset->nsets; i++) {
		struct set *set = &ctx->ruleset->sets[i];
		int r;

		if (!set->elements)
			continue;
		qsort_r(set->elements, set->nelements, sizeof(*set->elements),
			compare_elements, set);
		if (!set->interval || set->concat)
			continue;
		r = join_intervals(ctx, set);
		if (r < 0)
			return r;
	}
	return 0;
}
