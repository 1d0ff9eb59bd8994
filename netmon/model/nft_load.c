/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions that fill a register from the packet, or write the packet from one. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include "netmon/model/nft_expr.h"
#include "netmon/model/nft_register.h"

/* Newer than the headers of some distributions that this is built on. */
enum {
	META_BRI_BROUTE = 35,	 /* NFT_META_BRI_BROUTE, Linux 6.5 */
	META_BRI_IIFHWADDR = 37, /* NFT_META_BRI_IIFHWADDR, Linux 6.18 */
	INNER_NUM = 1,		 /* NFTA_INNER_*, Linux 6.2 */
	INNER_EXPR = 5,
	EXTHDR_OFFSET_MAX = 255,
};

/* What a key loads: the field, or the code of why nobody can say; how many bytes. */
struct load_key {
	enum field field;
	uint8_t len; /* 0: no such key */
	const char *code;
	bool may_end; /* ends the rule where there is nothing to load */
};

/* After net/netfilter/nft_meta.c. An absent interface has the index 0 and the name "".
 */
static const struct load_key meta_keys[] = {
	[NFT_META_LEN] = {FIELD_LENGTH, 4, NULL, false},
	[NFT_META_PROTOCOL] = {FIELD_PROTOCOL, 2, NULL, false},
	[NFT_META_PRIORITY] = {FIELD_PRIORITY, 4, NULL, false},
	[NFT_META_MARK] = {FIELD_MARK, 4, NULL, false},
	[NFT_META_IIF] = {FIELD_IIF, 4, NULL, false},
	[NFT_META_OIF] = {FIELD_OIF, 4, NULL, false},
	[NFT_META_IIFNAME] = {FIELD_IIFNAME, 16, NULL, false},
	[NFT_META_OIFNAME] = {FIELD_OIFNAME, 16, NULL, false},
	[NFT_META_IIFTYPE] = {FIELD_IIFTYPE, 2, NULL, true},
	[NFT_META_OIFTYPE] = {FIELD_OIFTYPE, 2, NULL, true},
	[NFT_META_SKUID] = {FIELD_UNKNOWN, 4, "meta-skuid", true},
	[NFT_META_SKGID] = {FIELD_UNKNOWN, 4, "meta-skgid", true},
	[NFT_META_RTCLASSID] = {FIELD_RT_OIF_TCLASSID, 4, NULL, true},
	[NFT_META_SECMARK] = {FIELD_UNKNOWN, 4, "meta-secmark", false},
	[NFT_META_NFPROTO] = {FIELD_NFPROTO, 1, NULL, false},
	[NFT_META_L4PROTO] = {FIELD_L4PROTO, 1, NULL, true},
	[NFT_META_BRI_IIFNAME] = {FIELD_BRI_IIFNAME, 16, NULL, true},
	[NFT_META_BRI_OIFNAME] = {FIELD_BRI_OIFNAME, 16, NULL, true},
	[NFT_META_PKTTYPE] = {FIELD_PKTTYPE, 1, NULL, true},
	[NFT_META_CPU] = {FIELD_UNKNOWN, 4, "meta-cpu", false},
	[NFT_META_IIFGROUP] = {FIELD_IIFGROUP, 4, NULL, true},
	[NFT_META_OIFGROUP] = {FIELD_OIFGROUP, 4, NULL, true},
	[NFT_META_CGROUP] = {FIELD_UNKNOWN, 4, "meta-cgroup", true},
	[NFT_META_PRANDOM] = {FIELD_UNKNOWN, 4, "meta-random", false},
	[NFT_META_SECPATH] = {FIELD_SECPATH, 1, NULL, false},
	[NFT_META_IIFKIND] = {FIELD_IIFKIND, 16, NULL, true},
	[NFT_META_OIFKIND] = {FIELD_OIFKIND, 16, NULL, true},
	[NFT_META_BRI_IIFPVID] = {FIELD_UNKNOWN, 2, "meta-bridge-pvid", true},
	[NFT_META_BRI_IIFVPROTO] = {FIELD_UNKNOWN, 2, "meta-bridge-vproto", true},
	[NFT_META_TIME_NS] = {FIELD_UNKNOWN, 8, "meta-time", false},
	[NFT_META_TIME_DAY] = {FIELD_UNKNOWN, 1, "meta-time", false},
	[NFT_META_TIME_HOUR] = {FIELD_UNKNOWN, 4, "meta-time", false},
	[NFT_META_SDIF] = {FIELD_SDIF, 4, NULL, false},
	[NFT_META_SDIFNAME] = {FIELD_SDIFNAME, 16, NULL, false},
	[META_BRI_IIFHWADDR] = {FIELD_UNKNOWN, 6, "meta-bridge-hwaddr", true},
};

/* After nft_ct.c; those that have two directions name the original one. */
static const struct load_key ct_keys[] = {
	[NFT_CT_STATE] = {FIELD_CT_STATE, 4, NULL, false},
	[NFT_CT_DIRECTION] = {FIELD_CT_DIRECTION, 1, NULL, true},
	[NFT_CT_STATUS] = {FIELD_CT_STATUS, 4, NULL, true},
	[NFT_CT_MARK] = {FIELD_CT_MARK, 4, NULL, true},
	[NFT_CT_SECMARK] = {FIELD_UNKNOWN, 4, "ct-secmark", true},
	[NFT_CT_EXPIRATION] = {FIELD_UNKNOWN, 4, "ct-expiration", true},
	[NFT_CT_HELPER] = {FIELD_CT_HELPER, 16, NULL, true},
	[NFT_CT_L3PROTOCOL] = {FIELD_CT_L3PROTO, 1, NULL, true},
	[NFT_CT_SRC] = {FIELD_CT_ORIG_SADDR, 16, NULL, true},
	[NFT_CT_DST] = {FIELD_CT_ORIG_DADDR, 16, NULL, true},
	[NFT_CT_PROTOCOL] = {FIELD_CT_PROTOCOL, 1, NULL, true},
	[NFT_CT_PROTO_SRC] = {FIELD_CT_ORIG_SPORT, 2, NULL, true},
	[NFT_CT_PROTO_DST] = {FIELD_CT_ORIG_DPORT, 2, NULL, true},
	[NFT_CT_LABELS] = {FIELD_CT_LABEL, 16, NULL, true},
	[NFT_CT_PKTS] = {FIELD_UNKNOWN, 8, "ct-packets", true},
	[NFT_CT_BYTES] = {FIELD_UNKNOWN, 8, "ct-bytes", true},
	[NFT_CT_AVGPKT] = {FIELD_UNKNOWN, 8, "ct-avgpkt", true},
	[NFT_CT_ZONE] = {FIELD_CT_ZONE, 2, NULL, true},
	[NFT_CT_SRC_IP] = {FIELD_CT_ORIG_SADDR, 4, NULL, true},
	[NFT_CT_DST_IP] = {FIELD_CT_ORIG_DADDR, 4, NULL, true},
	[NFT_CT_SRC_IP6] = {FIELD_CT_ORIG_SADDR, 16, NULL, true},
	[NFT_CT_DST_IP6] = {FIELD_CT_ORIG_DADDR, 16, NULL, true},
	[NFT_CT_ID] = {FIELD_UNKNOWN, 4, "ct-id", true},
};

static const struct load_key rt_keys[] = {
	[NFT_RT_CLASSID] = {FIELD_RT_OIF_TCLASSID, 4, NULL, true},
	[NFT_RT_NEXTHOP4] = {FIELD_UNKNOWN, 4, "rt-nexthop", true},
	[NFT_RT_NEXTHOP6] = {FIELD_UNKNOWN, 16, "rt-nexthop", true},
	[NFT_RT_TCPMSS] = {FIELD_UNKNOWN, 2, "rt-mtu", true},
	[NFT_RT_XFRM] = {FIELD_UNKNOWN, 1, "rt-ipsec", true},
};

static const struct load_key fib_results[] = {
	[NFT_FIB_RESULT_OIF] = {FIELD_FIB_OIF, 4, NULL, false},
	[NFT_FIB_RESULT_OIFNAME] = {FIELD_FIB_OIFNAME, 16, NULL, false},
	[NFT_FIB_RESULT_ADDRTYPE] = {FIELD_FIB_TYPE, 4, NULL, false},
};

static const struct load_key socket_keys[] = {
	[NFT_SOCKET_TRANSPARENT] = {FIELD_UNKNOWN, 1, "socket", true},
	[NFT_SOCKET_MARK] = {FIELD_UNKNOWN, 4, "socket", true},
	[NFT_SOCKET_WILDCARD] = {FIELD_UNKNOWN, 1, "socket", true},
	[NFT_SOCKET_CGROUPV2] = {FIELD_UNKNOWN, 8, "socket", true},
};

static const struct load_key xfrm_keys[] = {
	[NFT_XFRM_KEY_DADDR_IP4] = {FIELD_UNKNOWN, 4, "xfrm", true},
	[NFT_XFRM_KEY_DADDR_IP6] = {FIELD_UNKNOWN, 16, "xfrm", true},
	[NFT_XFRM_KEY_SADDR_IP4] = {FIELD_UNKNOWN, 4, "xfrm", true},
	[NFT_XFRM_KEY_SADDR_IP6] = {FIELD_UNKNOWN, 16, "xfrm", true},
	[NFT_XFRM_KEY_REQID] = {FIELD_UNKNOWN, 4, "xfrm", true},
	[NFT_XFRM_KEY_SPI] = {FIELD_UNKNOWN, 4, "xfrm", true},
};

static const struct load_key tunnel_keys[] = {
	[NFT_TUNNEL_PATH] = {FIELD_UNKNOWN, 1, "tunnel", true},
	[NFT_TUNNEL_ID] = {FIELD_UNKNOWN, 4, "tunnel", true},
};

/* The register file from the target on: how much is written nobody can say. */
static int load_rest(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t dreg,
	const char *code)
{
	uint32_t number = 0;
	int word, r = nft_attr_be32(ctx, expr->a.tb[dreg], &number);

	if (r < 0)
		return r;
	word = register_word(number, 1);
	if (word < 0)
		return expr_push_incomplete(ctx, expr);
	r = expr_load(ctx, expr, dreg,
		operand_unknown(ctx, code, (size_t)(REGISTER_WORDS - word) * 4), true);
	return r < 0 ? r : 0;
}

static const struct load_key *find_key(
	const struct load_key *keys, size_t nkeys, uint32_t number)
{
	return number < nkeys && keys[number].len ? &keys[number] : NULL;
}

static const struct operand *key_operand(
	struct decode_ctx *ctx, const struct load_key *key)
{
	return key->field == FIELD_UNKNOWN ? operand_unknown(ctx, key->code, key->len)
					   : operand_field(ctx, key->field, key->len);
}

/* An expression that is a key and a target register. */
static int load_by_key(struct decode_ctx *ctx, const struct nft_expr *expr,
	uint32_t number, uint16_t dreg, const struct load_key *keys, size_t nkeys,
	const char *unknown)
{
	const struct load_key *key = find_key(keys, nkeys, number);

	if (!key)
		return load_rest(ctx, expr, dreg, unknown);
	return expr_load_only(ctx, expr, dreg, key_operand(ctx, key), key->may_end);
}

static int push_set(struct decode_ctx *ctx, const struct nft_expr *expr, uint16_t sreg,
	enum field field, size_t len)
{
	const struct operand *operand = NULL;
	int r = expr_read(ctx, expr, sreg, len, &operand);

	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	return decode_push_op(ctx, &(struct op){.kind = OP_SET,
					   .field = field,
					   .operand = operand,
					   .value_len = (uint8_t)len});
}

static int payload_write(struct decode_ctx *ctx, const struct nft_expr *expr,
	const struct operand *place)
{
	const struct operand *operand = NULL;
	int r = expr_read(ctx, expr, NFTA_PAYLOAD_SREG, place->len, &operand);

	if (r < 0)
		return r;
	return decode_push_op(ctx, &(struct op){.kind = OP_SET,
					   .field = FIELD_PAYLOAD,
					   .base = place->base,
					   .offset = place->offset,
					   .value_len = place->len,
					   .operand = operand});
}

int nft_payload_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t base = UINT32_MAX, offset = 0, len = 0;
	const struct operand *operand;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_PAYLOAD_BASE], &base);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_PAYLOAD_OFFSET], &offset);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_PAYLOAD_LEN], &len);
	if (r < 0)
		return r;
	if (len == 0 || len > VALUE_MAX)
		return nft_malformed(ctx, expr->attr, "a load of %u bytes", len);
	/* Newer bases and offsets are well-formed, and nobody here knows the place. */
	if (base > BASE_INNER || offset > UINT8_MAX)
		operand = operand_unknown(ctx, "payload-unknown", len);
	else
		operand = operand_payload(ctx, (enum payload_base)base, offset, len);
	if (!operand)
		return -ENOMEM;
	if (!expr->a.tb[NFTA_PAYLOAD_SREG])
		return expr_load_only(ctx, expr, NFTA_PAYLOAD_DREG, operand, true);
	if (operand->field == FIELD_UNKNOWN)
		return expr_push_unknown(ctx, expr, "payload-unknown");
	return payload_write(ctx, expr, operand);
}

static int meta_write(struct decode_ctx *ctx, const struct nft_expr *expr, uint32_t key)
{
	int r;

	switch (key) {
	case NFT_META_MARK:
		return push_set(ctx, expr, NFTA_META_SREG, FIELD_MARK, 4);
	case NFT_META_PRIORITY:
		return push_set(ctx, expr, NFTA_META_SREG, FIELD_PRIORITY, 4);
	case NFT_META_PKTTYPE:
		return push_set(ctx, expr, NFTA_META_SREG, FIELD_PKTTYPE, 1);
	case NFT_META_NFTRACE:
	case NFT_META_SECMARK:
		r = expr_touch(ctx, expr, NFTA_META_SREG, 1);
		return r < 0 ? r : expr_push_nop(ctx, expr);
	case META_BRI_BROUTE: /* the bridge hands it to routing */
		return expr_push_unknown(ctx, expr, "meta-broute");
	default:
		return expr_push_unknown(ctx, expr, "meta-unknown");
	}
}

int nft_meta_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t key = UINT32_MAX;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_META_KEY], &key);

	if (r < 0)
		return r;
	if (expr->a.tb[NFTA_META_SREG])
		return meta_write(ctx, expr, key);
	return load_by_key(ctx, expr, key, NFTA_META_DREG, meta_keys,
		ARRAY_LEN(meta_keys), "meta-unknown");
}

/* The kernel sets those labels that are set in the register, and clears none. */
static int ct_write_labels(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct operand *value = NULL, *labels;
	uint8_t and[16];
	int r = expr_read(ctx, expr, NFTA_CT_SREG, sizeof(and), &value);

	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	if (value->field == FIELD_CONST) {
		for (size_t i = 0; i < sizeof(and); i++)
			and[i] = (uint8_t)~value->bytes[i];
		labels = operand_masked(ctx,
			operand_field(ctx, FIELD_CT_LABEL, sizeof(and)), and,
			value->bytes);
	} else {
		labels = operand_unknown(ctx, "ct-label", sizeof(and));
	}
	return decode_push_op(ctx, &(struct op){.kind = OP_SET,
					   .field = FIELD_CT_LABEL,
					   .operand = labels,
					   .value_len = sizeof(and)});
}

static int ct_write_zone(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	static const enum zone_side sides[] = {
		[IP_CT_DIR_ORIGINAL] = ZONE_ORIGINAL, [IP_CT_DIR_REPLY] = ZONE_REPLY};
	const struct operand *zone = NULL;
	uint8_t direction = IP_CT_DIR_MAX;
	int r = expr_read(ctx, expr, NFTA_CT_SREG, 2, &zone);

	if (r >= 0 && expr->a.tb[NFTA_CT_DIRECTION]) {
		int error = nft_attr_u8(ctx, expr->a.tb[NFTA_CT_DIRECTION], &direction);
		r = error < 0 ? error : r;
	}
	if (r < 0)
		return r;
	if (r == 0)
		return expr_push_incomplete(ctx, expr);
	return decode_push_op(
		ctx, &(struct op){.kind = OP_ZONE,
			     .operand = zone,
			     .side = direction < IP_CT_DIR_MAX ? sides[direction]
							       : ZONE_BOTH,
			     .retracks = true});
}

static int ct_write(struct decode_ctx *ctx, const struct nft_expr *expr, uint32_t key)
{
	int r;

	switch (key) {
	case NFT_CT_MARK:
		return push_set(ctx, expr, NFTA_CT_SREG, FIELD_CT_MARK, 4);
	case NFT_CT_LABELS:
		return ct_write_labels(ctx, expr);
	case NFT_CT_ZONE:
		return ct_write_zone(ctx, expr);
	case NFT_CT_SECMARK:
	case NFT_CT_EVENTMASK:
		r = expr_touch(ctx, expr, NFTA_CT_SREG, 4);
		return r < 0 ? r : expr_push_nop(ctx, expr);
	default:
		return expr_push_unknown(ctx, expr, "ct-unknown");
	}
}

/* The field of the reply's direction beside that of the original's. */
static enum field ct_reply_field(enum field field)
{
	switch ((int)field) {
	case FIELD_CT_ORIG_SADDR:
		return FIELD_CT_REPLY_SADDR;
	case FIELD_CT_ORIG_DADDR:
		return FIELD_CT_REPLY_DADDR;
	case FIELD_CT_ORIG_SPORT:
		return FIELD_CT_REPLY_SPORT;
	case FIELD_CT_ORIG_DPORT:
		return FIELD_CT_REPLY_DPORT;
	default:
		return field;
	}
}

int nft_ct_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct load_key *found;
	struct load_key key;
	uint32_t number = UINT32_MAX;
	uint8_t direction = 0; /* IP_CT_DIR_ORIGINAL */
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_CT_KEY], &number);

	if (r == 0)
		r = nft_attr_u8(ctx, expr->a.tb[NFTA_CT_DIRECTION], &direction);
	if (r < 0)
		return r;
	ctx->ruleset->uses_conntrack = true;
	if (expr->a.tb[NFTA_CT_SREG])
		return ct_write(ctx, expr, number);
	found = find_key(ct_keys, ARRAY_LEN(ct_keys), number);
	if (!found)
		return load_rest(ctx, expr, NFTA_CT_DREG, "ct-unknown");
	key = *found;
	if (direction)
		key.field = ct_reply_field(key.field);
	if (number == NFT_CT_SRC || number == NFT_CT_DST) {
		if (ctx->family == TABLE_IP)
			key.len = 4;
		else if (ctx->family != TABLE_IP6)
			/* 16 bytes, of which IPv4 leaves 12 as they were */
			key = (struct load_key){
				FIELD_UNKNOWN, 16, "ct-addr-inet", true};
	}
	return expr_load_only(
		ctx, expr, NFTA_CT_DREG, key_operand(ctx, &key), key.may_end);
}

int nft_fib_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	const struct load_key *key;
	struct operand operand = {0};
	uint32_t result = 0;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_FIB_RESULT], &result);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_FIB_FLAGS], &operand.fib_flags);
	if (r < 0)
		return r;
	key = find_key(fib_results, ARRAY_LEN(fib_results), result);
	if (!key)
		return load_rest(ctx, expr, NFTA_FIB_DREG, "fib-unknown");
	operand.field = key->field;
	operand.len = key->len;
	if (operand.fib_flags & NFTA_FIB_F_PRESENT && result != NFT_FIB_RESULT_ADDRTYPE)
		operand.len = 4; /* nft_reg_store8(): a byte and three zeros */
	operand.load_len = operand.len;
	return expr_load_only(
		ctx, expr, NFTA_FIB_DREG, operand_intern(ctx, &operand), true);
}

int nft_rt_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t key = UINT32_MAX;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_RT_KEY], &key);

	if (r < 0)
		return r;
	return load_by_key(ctx, expr, key, NFTA_RT_DREG, rt_keys, ARRAY_LEN(rt_keys),
		"rt-unknown");
}

int nft_exthdr_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t offset = 0, len = 0, flags = 0, op = NFT_EXTHDR_OP_IPV6;
	uint8_t type = 0;
	int r = nft_attr_u8(ctx, expr->a.tb[NFTA_EXTHDR_TYPE], &type);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_EXTHDR_OFFSET], &offset);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_EXTHDR_LEN], &len);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_EXTHDR_FLAGS], &flags);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_EXTHDR_OP], &op);
	if (r < 0)
		return r;
	/* Writing or removing an option never changes which rules a packet meets. */
	if (!expr->a.tb[NFTA_EXTHDR_DREG]) {
		r = expr_touch(ctx, expr, NFTA_EXTHDR_SREG, len);
		return r < 0 ? r : expr_push_nop(ctx, expr);
	}
	if (flags & NFT_EXTHDR_F_PRESENT)
		len = 1;
	if (len == 0 || len > VALUE_MAX)
		return nft_malformed(ctx, expr->attr, "a load of %u bytes", len);
	if (op > NFT_EXTHDR_OP_DCCP || offset > EXTHDR_OFFSET_MAX)
		return expr_load_only(ctx, expr, NFTA_EXTHDR_DREG,
			operand_unknown(ctx, "exthdr-unknown", len), true);
	return expr_load_only(ctx, expr, NFTA_EXTHDR_DREG,
		operand_intern(
			ctx, &(struct operand){.field = FIELD_EXTHDR,
				     .exthdr_op = (uint8_t)op,
				     .exthdr_type = type,
				     .exthdr_present = flags & NFT_EXTHDR_F_PRESENT,
				     .offset = (uint8_t)offset,
				     .len = (uint8_t)len,
				     .load_len = (uint8_t)len}),
		true);
}

int nft_socket_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t key = UINT32_MAX;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_SOCKET_KEY], &key);

	if (r < 0)
		return r;
	return load_by_key(ctx, expr, key, NFTA_SOCKET_DREG, socket_keys,
		ARRAY_LEN(socket_keys), "socket");
}

int nft_xfrm_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t key = UINT32_MAX;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_XFRM_KEY], &key);

	if (r < 0)
		return r;
	return load_by_key(ctx, expr, key, NFTA_XFRM_DREG, xfrm_keys,
		ARRAY_LEN(xfrm_keys), "xfrm");
}

int nft_tunnel_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t key = UINT32_MAX;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_TUNNEL_KEY], &key);

	if (r < 0)
		return r;
	return load_by_key(ctx, expr, key, NFTA_TUNNEL_DREG, tunnel_keys,
		ARRAY_LEN(tunnel_keys), "tunnel");
}

int nft_osf_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	return expr_load_only(
		ctx, expr, NFTA_OSF_DREG, operand_unknown(ctx, "osf", 16), true);
}

/* One of @modulus numbers from @offset on: of one there is no choice. */
static const struct operand *chosen_number(
	struct decode_ctx *ctx, uint32_t modulus, uint32_t offset, const char *code)
{
	return modulus == 1 ? operand_const(ctx, &offset, sizeof(offset))
			    : operand_unknown(ctx, code, sizeof(offset));
}

int nft_numgen_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t modulus = 0, offset = 0;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_NG_MODULUS], &modulus);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_NG_OFFSET], &offset);
	if (r < 0)
		return r;
	return expr_load_only(ctx, expr, NFTA_NG_DREG,
		chosen_number(ctx, modulus, offset, "numgen"), false);
}

int nft_hash_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	uint32_t len = 0, modulus = 0, offset = 0;
	int r = nft_attr_be32(ctx, expr->a.tb[NFTA_HASH_LEN], &len);

	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_HASH_MODULUS], &modulus);
	if (r == 0)
		r = nft_attr_be32(ctx, expr->a.tb[NFTA_HASH_OFFSET], &offset);
	if (r == 0)
		r = expr_touch(ctx, expr, NFTA_HASH_SREG, len);
	if (r < 0)
		return r;
	return expr_load_only(ctx, expr, NFTA_HASH_DREG,
		chosen_number(ctx, modulus, offset, "hash"), false);
}

/*
 * A payload or meta load from the packet inside a tunnel. Where it comes from nobody
 * can say, but its register is that of the expression within.
 */
int nft_inner_decode(struct decode_ctx *ctx, const struct nft_expr *expr)
{
	struct nft_expr inner = {.attr = expr->attr, .name = expr->name};
	struct nft_attrs nest;
	const char *name = NULL;
	int r;

	if (!expr->a.tb[INNER_EXPR])
		return expr_push_incomplete(ctx, expr);
	r = nft_attrs_nested(ctx, expr->a.tb[INNER_EXPR], &nest);
	if (r == 0)
		r = nft_attr_string(ctx, nest.tb[NFTA_EXPR_NAME], &name);
	if (r == 0 && nest.tb[NFTA_EXPR_DATA])
		r = nft_attrs_nested(ctx, nest.tb[NFTA_EXPR_DATA], &inner.a);
	if (r < 0)
		return r;
	if (name && strcmp(name, "payload") == 0)
		return load_rest(ctx, &inner, NFTA_PAYLOAD_DREG, "inner");
	if (name && strcmp(name, "meta") == 0)
		return load_rest(ctx, &inner, NFTA_META_DREG, "inner");
	return expr_push_unknown(ctx, expr, "inner");
}
