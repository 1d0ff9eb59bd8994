/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink attributes of nf_tables, read with every bound checked. */
#include "netmon/model/nft_attr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

/* libmnl's getters without a call: a ruleset has millions of attributes. */
static inline uint16_t attr_type(const struct nlattr *attr)
{
	return attr->nla_type & (uint16_t)NLA_TYPE_MASK;
}

static inline const void *payload(const struct nlattr *attr)
{
	return attr + 1;
}

static inline size_t payload_len(const struct nlattr *attr)
{
	return attr->nla_len - sizeof(*attr);
}

int nft_malformed(struct decode_ctx *ctx, const void *at, const char *format, ...)
{
	char text[256];
	va_list args;

	if (!ctx)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return err_set(ctx->err, -EINVAL,
		"rules of %s: message %zu (%s), byte %zu: %s; take the snapshot again",
		ctx->netns->id ? ctx->netns->id : "?", ctx->message,
		ctx->message_type ? ctx->message_type : "?",
		(size_t)((const uint8_t *)at - ctx->nft.data), text);
}

/* Which bound the attribute breaks that has @left bytes of its parent. */
static int bad_attr(struct decode_ctx *ctx, const struct nlattr *attr, size_t left)
{
	if (left < sizeof(*attr))
		return nft_malformed(
			ctx, attr, "%zu stray bytes after an attribute", left);
	if (attr->nla_len < sizeof(*attr))
		return nft_malformed(ctx, attr, "attribute %u is %u bytes long",
			attr_type(attr), attr->nla_len);
	return nft_malformed(ctx, attr,
		"attribute %u of %u bytes runs past the %zu of its parent",
		attr_type(attr), attr->nla_len, left);
}

static inline bool is_sound(const struct nlattr *attr, size_t left)
{
	return left >= sizeof(*attr) && attr->nla_len >= sizeof(*attr) &&
	       attr->nla_len <= left;
}

int nft_attrs_parse(struct decode_ctx *ctx, const void *start, size_t len,
	size_t enough, struct nft_attrs *ret_attrs)
{
	const uint8_t *at = start;
	size_t missing = enough ? enough : SIZE_MAX;

	memset(ret_attrs, 0, sizeof(*ret_attrs));
	while (len > 0 && missing > 0) {
		const struct nlattr *attr = (const void *)at;

		if (!is_sound(attr, len))
			return bad_attr(ctx, attr, len);
		uint16_t type = attr_type(attr);
		size_t size = nft_align(attr->nla_len);

		if (type < NFT_ATTRS_MAX) {
			/* Padding in front of 64-bit numbers may repeat; it is empty.
			 */
			if (ret_attrs->tb[type] && attr->nla_len > sizeof(*attr))
				return nft_malformed(
					ctx, attr, "attribute %u appears twice", type);
			missing -= type > 0 && type <= enough && !ret_attrs->tb[type];
			ret_attrs->tb[type] = attr;
		}
		if (size > len) /* the last one may lack its padding */
			size = len;
		at += size;
		len -= size;
	}
	return 0;
}

int nft_attrs_pair(struct decode_ctx *ctx, const struct nlattr *nest,
	const struct nlattr *pair[static 2])
{
	const uint8_t *at = payload(nest);
	size_t len = payload_len(nest);

	pair[0] = pair[1] = NULL;
	while (len > 0) {
		const struct nlattr *attr = (const void *)at;

		if (!is_sound(attr, len))
			return bad_attr(ctx, attr, len);
		unsigned int number = attr_type(attr) - 1u; /* 0 is no type: beyond */
		size_t size = nft_align(attr->nla_len);

		if (number < 2) {
			if (pair[number])
				return nft_malformed(ctx, attr,
					"attribute %u appears twice", number + 1);
			pair[number] = attr;
		}
		if (size > len)
			size = len;
		at += size;
		len -= size;
	}
	return 0;
}

int nft_attrs_nested(
	struct decode_ctx *ctx, const struct nlattr *nest, struct nft_attrs *ret_attrs)
{
	return nft_attrs_parse(ctx, payload(nest), payload_len(nest), 0, ret_attrs);
}

static int check_size(struct decode_ctx *ctx, const struct nlattr *attr, size_t size)
{
	if (payload_len(attr) == size)
		return 0;
	return nft_malformed(ctx, attr, "attribute %u holds %zu bytes, not %zu",
		attr_type(attr), payload_len(attr), size);
}

int nft_attr_u8(struct decode_ctx *ctx, const struct nlattr *attr, uint8_t *ret_value)
{
	int r;

	if (!attr)
		return 0;
	r = check_size(ctx, attr, sizeof(*ret_value));
	if (r == 0)
		*ret_value = *(const uint8_t *)payload(attr);
	return r;
}

int nft_attr_be32(
	struct decode_ctx *ctx, const struct nlattr *attr, uint32_t *ret_value)
{
	uint32_t be;
	int r;

	if (!attr)
		return 0;
	r = check_size(ctx, attr, sizeof(be));
	if (r == 0) {
		memcpy(&be, payload(attr), sizeof(be));
		*ret_value = ntohl(be);
	}
	return r;
}

int nft_attr_be64(
	struct decode_ctx *ctx, const struct nlattr *attr, uint64_t *ret_value)
{
	uint64_t be;
	int r;

	if (!attr)
		return 0;
	r = check_size(ctx, attr, sizeof(be));
	if (r == 0) {
		memcpy(&be, payload(attr), sizeof(be));
		*ret_value = be64toh(be);
	}
	return r;
}

int nft_attr_string(
	struct decode_ctx *ctx, const struct nlattr *attr, const char **ret_text)
{
	const char *text;
	size_t len;

	if (!attr)
		return 0;
	text = payload(attr);
	len = payload_len(attr);
	if (len < 2 || text[0] == '\0' || !memchr(text, '\0', len))
		return nft_malformed(ctx, attr, "attribute %u is no terminated name",
			attr_type(attr));
	*ret_text = text;
	return 0;
}

int nft_attr_value(
	struct decode_ctx *ctx, const struct nlattr *attr, struct nft_value *ret_value)
{
	const struct nlattr *data[2], *value;
	int r = nft_attrs_pair(ctx, attr, data);

	if (r < 0)
		return r;
	value = data[NFTA_DATA_VALUE - 1];
	if (!value)
		return nft_malformed(
			ctx, attr, "attribute %u has no value", attr_type(attr));
	if (payload_len(value) == 0 || payload_len(value) > VALUE_MAX)
		return nft_malformed(
			ctx, value, "a value of %zu bytes", payload_len(value));
	*ret_value =
		(struct nft_value){.bytes = payload(value), .len = payload_len(value)};
	return 0;
}

int nft_attr_next(struct decode_ctx *ctx, const struct nlattr *nest,
	const struct nlattr *attr, const struct nlattr **ret_attr)
{
	const uint8_t *start = payload(nest);
	const uint8_t *end = start + payload_len(nest);
	const uint8_t *at = start;

	if (attr) {
		at = (const uint8_t *)attr;
		size_t size = nft_align(attr->nla_len);

		if ((size_t)(end - at) <= size)
			return 0;
		at += size;
	}
	if (at == end)
		return 0;
	if (!is_sound((const void *)at, (size_t)(end - at)))
		return bad_attr(ctx, (const void *)at, (size_t)(end - at));
	*ret_attr = (const void *)at;
	return 1;
}
