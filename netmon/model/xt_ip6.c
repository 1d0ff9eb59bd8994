/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt matches on IPv6 extension headers: false where the header is absent. */
#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv6/ip6t_ah.h>
#include <linux/netfilter_ipv6/ip6t_frag.h>
#include <linux/netfilter_ipv6/ip6t_ipv6header.h>
#include <linux/netfilter_ipv6/ip6t_mh.h>
#include <linux/netfilter_ipv6/ip6t_opts.h>
#include <linux/netfilter_ipv6/ip6t_rt.h>
#include <linux/netfilter_ipv6/ip6t_srh.h>

#include "netmon/model/xt.h"

static int push_present(struct decode_ctx *ctx, uint8_t header)
{
	static const uint8_t yes = 1;
	const struct operand operand = {.field = FIELD_EXTHDR,
		.exthdr_op = NFT_EXTHDR_OP_IPV6,
		.exthdr_type = header,
		.exthdr_present = true,
		.load_len = 1,
		.len = 1};

	return xt_push_value(ctx, operand_intern(ctx, &operand), 1, &yes, NULL, false);
}

static int in_header(struct decode_ctx *ctx, const struct xt_row *row, uint8_t header)
{
	return push_present(ctx, header) ?: xt_maybe(ctx, row, NULL);
}

static int ah(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return in_header(ctx, row, IPPROTO_AH);
}

static int dst(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return in_header(ctx, row, IPPROTO_DSTOPTS);
}

static int frag(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return in_header(ctx, row, IPPROTO_FRAGMENT);
}

static int hbh(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return in_header(ctx, row, IPPROTO_HOPOPTS);
}

static int routing(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	(void)info;
	return in_header(ctx, row, IPPROTO_ROUTING);
}

/* What ipv6header_mt6() says of a packet that has nothing but its transport header. */
static bool plain_matches(const struct ip6t_ipv6header_info *header)
{
	if (header->modeflag)
		return !((MASK_PROTO ^ header->matchflags ^ header->invflags) &
			 header->matchflags);
	return (header->matchflags == MASK_PROTO) == !header->invflags;
}

static int ipv6header(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	static const uint8_t headers[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING,
		IPPROTO_FRAGMENT, IPPROTO_AH, IPPROTO_DSTOPTS};
	static const uint8_t protocols[] = {IPPROTO_ESP, IPPROTO_NONE};
	struct xt_alt other = {0}, alt = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(headers); i++) {
		xt_alt_begin(ctx, &other);
		r = push_present(ctx, headers[i]) ?: xt_alt_end(ctx, &other);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(protocols); i++) {
		xt_alt_begin(ctx, &other);
		r = xt_push_value(ctx, operand_field(ctx, FIELD_L4PROTO, 1), 1,
			    &protocols[i], NULL, false)
			    ?: xt_alt_end(ctx, &other);
	}
	if (r < 0)
		return r;
	if (!plain_matches(info))
		return xt_alt_push(ctx, &other, OP_ANY) ?: xt_maybe(ctx, row, info);
	xt_alt_begin(ctx, &alt);
	r = xt_alt_push(ctx, &other, OP_NONE) ?: xt_alt_end(ctx, &alt);
	if (r < 0)
		return r;
	xt_alt_begin(ctx, &alt);
	return xt_maybe(ctx, row, info)
		?: xt_alt_end(ctx, &alt)
		?: xt_alt_push(ctx, &alt, OP_ANY);
}

static const struct xt_row rows[] = {
	{"ah", 0, XT_IP6, XT_SIZE(struct ip6t_ah), ah, "ah"},
	{"dst", 0, XT_IP6, XT_SIZE(struct ip6t_opts), dst, "ip6-dst"},
	{"frag", 0, XT_IP6, XT_SIZE(struct ip6t_frag), frag, "ip6-frag"},
	{"hbh", 0, XT_IP6, XT_SIZE(struct ip6t_opts), hbh, "ip6-hbh"},
	{"ipv6header", 0, XT_IP6, XT_SIZE(struct ip6t_ipv6header_info), ipv6header,
		"ip6-headers"},
	{"mh", 0, XT_IP6, XT_SIZE(struct ip6t_mh), xt_maybe, "ip6-mh"},
	{"rt", 0, XT_IP6, XT_SIZE(struct ip6t_rt), routing, "ip6-rt"},
	{"srh", 0, XT_IP6, XT_SIZE(struct ip6t_srh), routing, "ip6-srh"},
	{"srh", 1, XT_IP6, XT_SIZE(struct ip6t_srh1), routing, "ip6-srh"},
};

const struct xt_table_rows xt_ip6_matches = {.rows = rows, .nrows = ARRAY_LEN(rows)};
