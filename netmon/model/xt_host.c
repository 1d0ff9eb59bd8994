/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt matches that ask the host: kinds of addresses, interfaces, sockets, sets, marks.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/rtnetlink.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_cgroup.h>
#include <linux/netfilter/xt_devgroup.h>
#include <linux/netfilter/xt_mac.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_policy.h>
#include <linux/netfilter/xt_rpfilter.h>
#include <linux/netfilter/xt_socket.h>

#include "netmon/model/xt.h"

static const struct operand *fib(
	struct decode_ctx *ctx, enum field field, uint32_t fib_flags)
{
	const struct operand operand = {
		.field = field, .len = 4, .load_len = 4, .fib_flags = fib_flags};

	return operand_intern(ctx, &operand);
}

static int push_fib(struct decode_ctx *ctx, enum field field, uint32_t fib_flags,
	uint32_t value, bool invert)
{
	return xt_push_value(
		ctx, fib(ctx, field, fib_flags), sizeof(value), &value, NULL, invert);
}

/* The route's type is one of @types, a mask of 1 << RTN_*. */
static int push_types(
	struct decode_ctx *ctx, uint32_t fib_flags, uint32_t types, bool invert)
{
	struct xt_alt alt = {0};
	int r = 0;

	types &= (1u << (RTN_MAX + 1)) - 1;
	if (types == 0)
		return invert ? 0 : xt_push_never(ctx);
	if ((types & (types - 1)) == 0)
		return push_fib(ctx, FIELD_FIB_TYPE, fib_flags,
			(uint32_t)__builtin_ctz(types), invert);
	for (; r == 0 && types != 0; types &= types - 1) {
		xt_alt_begin(ctx, &alt);
		r = push_fib(ctx, FIELD_FIB_TYPE, fib_flags,
			    (uint32_t)__builtin_ctz(types), false)
			    ?: xt_alt_end(ctx, &alt);
	}
	return r ?: xt_alt_push(ctx, &alt, invert ? OP_NONE : OP_ANY);
}

/*
 * IPv6 (match_type6): a list of types is a list of conditions. What the address itself
 * says must hold for each; then, if a type needs the route, one of those must hold.
 */
static int push_types6(
	struct decode_ctx *ctx, enum field field, uint32_t fib_flags, uint16_t mask)
{
	const struct operand *addr = operand_field(ctx, field, 16);
	const u128 multicast = (u128)0xff << 120, mapped = (u128)0xffff << 32;
	const uint32_t unreachable = 1u << RTN_BLACKHOLE | 1u << RTN_UNREACHABLE |
				     1u << RTN_PROHIBIT | 1u << RTN_THROW;
	uint32_t routed = 0;
	int r = 0;

	if (mask & XT_ADDRTYPE_MULTICAST)
		r = xt_push_range(ctx, addr, 16, multicast, ~(u128)0, false);
	if (r == 0 && (mask & XT_ADDRTYPE_UNICAST))
		r = xt_push_range(ctx, addr, 16, 1, multicast - 1, false)
			    ?: xt_push_range(ctx, addr, 16, mapped, mapped | UINT32_MAX,
				       true);
	if (r == 0 && (mask & XT_ADDRTYPE_UNSPEC))
		r = xt_push_range(ctx, addr, 16, 0, 0, false);
	if (r < 0)
		return r;
	if (mask & XT_ADDRTYPE_LOCAL)
		routed |= 1u << RTN_LOCAL;
	if (mask & XT_ADDRTYPE_ANYCAST)
		routed |= 1u << RTN_ANYCAST;
	if (mask & XT_ADDRTYPE_UNREACHABLE)
		routed |= unreachable;
	/* Newer kernels ask the route for PROHIBIT too; it never answers with it. */
	if (routed == 0)
		return mask & XT_ADDRTYPE_PROHIBIT ? xt_push_never(ctx) : 0;
	return push_types(ctx, fib_flags, routed, false);
}

static int push_addrtype(struct decode_ctx *ctx, bool source, uint16_t mask,
	uint32_t fib_flags, bool invert)
{
	struct xt_alt alt = {0};
	int r;

	if (mask == 0)
		return 0;
	fib_flags |= source ? NFTA_FIB_F_SADDR : NFTA_FIB_F_DADDR;
	if (ctx->family == TABLE_IP)
		return push_types(ctx, fib_flags, mask, invert);
	fib_flags |= FIB_ALONE;
	if (ctx->family != TABLE_IP6)
		return decode_push_maybe(
			ctx, "xt-family", "addrtype in a table of both families");
	xt_alt_begin(ctx, &alt);
	r = push_types6(ctx, source ? FIELD_SADDR : FIELD_DADDR, fib_flags, mask);
	if (r < 0 || !invert)
		return r;
	return xt_alt_end(ctx, &alt) ?: xt_alt_push(ctx, &alt, OP_NONE);
}

static int addrtype_v0(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_addrtype_info *type = info;

	(void)row;
	return push_addrtype(ctx, true, type->source, 0, type->invert_source)
		       ?: push_addrtype(ctx, false, type->dest, 0, type->invert_dest);
}

static int addrtype(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_addrtype_info_v1 *type = info;
	uint32_t fib_flags = 0;

	(void)row;
	if (type->flags & XT_ADDRTYPE_LIMIT_IFACE_IN)
		fib_flags = NFTA_FIB_F_IIF;
	else if (type->flags & XT_ADDRTYPE_LIMIT_IFACE_OUT)
		fib_flags = NFTA_FIB_F_OIF;
	return push_addrtype(ctx, true, type->source, fib_flags,
		       type->flags & XT_ADDRTYPE_INVERT_SOURCE)
		       ?: push_addrtype(ctx, false, type->dest, fib_flags,
				  type->flags & XT_ADDRTYPE_INVERT_DEST);
}

/* "owner uid 0-999 ! socket-exists"; NULL when memory ran out. */
static const char *owner_text(
	struct decode_ctx *ctx, const struct xt_owner_match_info *owner)
{
	const struct {
		uint8_t flag;
		const char *word;
		uint32_t min, max;
	} options[] = {
		{XT_OWNER_UID, "uid", owner->uid_min, owner->uid_max},
		{XT_OWNER_GID, "gid", owner->gid_min, owner->gid_max},
	};
	const char *text = "owner";

	for (size_t i = 0; text && i < ARRAY_LEN(options); i++)
		if (owner->match & options[i].flag)
			text = arena_printf(ctx->arena, "%s %s%s %u-%u", text,
				owner->invert & options[i].flag ? "! " : "",
				options[i].word, options[i].min, options[i].max);
	if (text && (owner->match & XT_OWNER_SOCKET))
		text = arena_printf(ctx->arena, "%s %ssocket-exists", text,
			owner->invert & XT_OWNER_SOCKET ? "! " : "");
	return text;
}

/* What came in by an interface has no socket here. */
static int owner(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_owner_match_info *owner = info;
	const char *text = owner_text(ctx, owner);
	struct xt_alt alt = {0};
	int r;

	if (!text)
		return -ENOMEM;
	if (owner->match != owner->invert)
		return xt_push_local(ctx, true)
			       ?: decode_push_maybe(ctx, row->code, text);
	xt_alt_begin(ctx, &alt);
	r = xt_push_local(ctx, false) ?: xt_alt_end(ctx, &alt);
	if (r < 0)
		return r;
	xt_alt_begin(ctx, &alt);
	return decode_push_maybe(ctx, row->code, text)
		?: xt_alt_end(ctx, &alt)
		?: xt_alt_push(ctx, &alt, OP_ANY);
}

/* Like owner, but without a socket nothing matches, inverted or not. */
static int cgroup(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	return xt_push_local(ctx, true) ?: xt_maybe(ctx, row, info);
}

static int devgroup(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_devgroup_info *group = info;
	uint32_t src = group->src_group & group->src_mask;
	uint32_t dst = group->dst_group & group->dst_mask;
	int r = 0;

	(void)row;
	if (group->flags & XT_DEVGROUP_MATCH_SRC)
		r = xt_push_value(ctx, operand_field(ctx, FIELD_IIFGROUP, 4), 4, &src,
			&group->src_mask, group->flags & XT_DEVGROUP_INVERT_SRC);
	if (r == 0 && (group->flags & XT_DEVGROUP_MATCH_DST))
		r = xt_push_value(ctx, operand_field(ctx, FIELD_OIFGROUP, 4), 4, &dst,
			&group->dst_mask, group->flags & XT_DEVGROUP_INVERT_DST);
	return r;
}

static int push_iifkind(struct decode_ctx *ctx, const char *kind)
{
	char name[16] = {0};

	(void)strncpy(name, kind, sizeof(name) - 1);
	return xt_push_value(ctx, operand_field(ctx, FIELD_IIFKIND, sizeof(name)),
		sizeof(name), name, NULL, false);
}

/* The options in use, as iptables has them. */
static int push_physdev(struct decode_ctx *ctx, const struct xt_row *row,
	const struct xt_physdev_info *physdev)
{
	const struct {
		uint8_t flag;
		const char *word, *name;
	} options[] = {
		{XT_PHYSDEV_OP_ISIN, "is-in", ""},
		{XT_PHYSDEV_OP_IN, "in ", physdev->physindev},
		{XT_PHYSDEV_OP_ISOUT, "is-out", ""},
		{XT_PHYSDEV_OP_OUT, "out ", physdev->physoutdev},
		{XT_PHYSDEV_OP_BRIDGED, "is-bridged", ""},
	};
	const char *text = "physdev";

	for (size_t i = 0; text && i < ARRAY_LEN(options); i++)
		if (physdev->bitmask & options[i].flag)
			text = arena_printf(ctx->arena, "%s %s%s%.*s", text,
				physdev->invert & options[i].flag ? "! " : "",
				options[i].word, IFNAMSIZ, options[i].name);
	return text ? decode_push_maybe(ctx, row->code, text) : -ENOMEM;
}

/*
 * Only a packet that br_netfilter hands up from a bridge has a port to speak of. For
 * any other, each option in use matches exactly where it is inverted.
 */
static int physdev(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_physdev_info *physdev = info;
	const bool vlan = netns_sysctl(ctx->netns, 0,
				  "net/bridge/bridge-nf-pass-vlan-input-dev") != 0;
	const bool bridged_only =
		physdev->bitmask & XT_PHYSDEV_OP_MASK & ~physdev->invert;
	struct xt_alt bridge = {0}, alt = {0};
	int r;

	xt_alt_begin(ctx, &bridge);
	r = push_iifkind(ctx, "bridge") ?: xt_alt_end(ctx, &bridge);
	if (r == 0 && vlan) {
		xt_alt_begin(ctx, &bridge);
		r = push_iifkind(ctx, "vlan") ?: xt_alt_end(ctx, &bridge);
	}
	if (r < 0)
		return r;
	if (bridged_only)
		return xt_alt_push(ctx, &bridge, OP_ANY)
			       ?: push_physdev(ctx, row, physdev);
	xt_alt_begin(ctx, &alt);
	r = xt_alt_push(ctx, &bridge, OP_NONE) ?: xt_alt_end(ctx, &alt);
	if (r < 0)
		return r;
	xt_alt_begin(ctx, &alt);
	return push_physdev(ctx, row, physdev)
		?: xt_alt_end(ctx, &alt)
		?: xt_alt_push(ctx, &alt, OP_ANY);
}

static int pkttype(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_pkttype_info *type = info;
	const uint8_t value = (uint8_t)type->pkttype;

	(void)row;
	if (type->pkttype < 0 || type->pkttype > UINT8_MAX)
		return type->invert ? 0 : xt_push_never(ctx);
	return xt_push_value(ctx, operand_field(ctx, FIELD_PKTTYPE, 1), 1, &value, NULL,
		type->invert);
}

/* Whether a packet will leave by IPsec is for the host's xfrm policies to say. */
static int policy(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_policy_info *policy = info;
	const bool none = policy->flags & XT_POLICY_MATCH_NONE;
	static const uint8_t yes = 1;
	int r;

	if (!(policy->flags & XT_POLICY_MATCH_IN))
		return xt_push_maybe(ctx, row->code, "policy dir out pol %s",
			none ? "none" : "ipsec");
	r = xt_push_value(
		ctx, operand_field(ctx, FIELD_SECPATH, 1), 1, &yes, NULL, none);
	if (r < 0 || none)
		return r;
	return decode_push_maybe(ctx, row->code, "policy dir in pol ipsec");
}

/* `fib saddr . iif oif` exists; loose: without the interface. */
static int rpfilter(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_rpfilter_info *rpf = info;
	const uint32_t fib_flags =
		NFTA_FIB_F_SADDR |
		(rpf->flags & XT_RPFILTER_LOOSE ? 0 : NFTA_FIB_F_IIF);
	const bool invert = rpf->flags & XT_RPFILTER_INVERT;
	struct xt_alt alt = {0};
	int r;

	(void)row;
	xt_alt_begin(ctx, &alt);
	r = push_fib(ctx, FIELD_FIB_OIF,
		fib_flags | (rpf->flags & XT_RPFILTER_VALID_MARK ? NFTA_FIB_F_MARK : 0),
		0, !invert || (rpf->flags & XT_RPFILTER_ACCEPT_LOCAL));
	if (r < 0 || !(rpf->flags & XT_RPFILTER_ACCEPT_LOCAL))
		return r;
	r = xt_alt_end(ctx, &alt);
	if (r < 0)
		return r;
	xt_alt_begin(ctx, &alt);
	return push_fib(ctx, FIELD_FIB_TYPE, fib_flags, RTN_LOCAL, false)
		?: xt_alt_end(ctx, &alt)
		?: xt_alt_push(ctx, &alt, invert ? OP_NONE : OP_ANY);
}

static int mac(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_mac_info *mac = info;
	const unsigned char *m = mac->srcaddr;

	return xt_push_maybe(ctx, row->code,
		"mac source %s%02x:%02x:%02x:%02x:%02x:%02x", mac->invert ? "! " : "",
		m[0], m[1], m[2], m[3], m[4], m[5]);
}

static int mark(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_mark_mtinfo1 *mark = info;

	(void)row;
	return xt_push_value(ctx, operand_field(ctx, FIELD_MARK, 4), 4, &mark->mark,
		&mark->mask, mark->invert);
}

static const struct xt_row rows[] = {
	{"addrtype", 0, XT_IP4, XT_SIZE(struct xt_addrtype_info), addrtype_v0, NULL},
	{"addrtype", 1, XT_ANY, XT_SIZE(struct xt_addrtype_info_v1), addrtype, NULL},
	{"cgroup", 0, XT_ANY, XT_SIZE(struct xt_cgroup_info_v0), cgroup, "cgroup"},
	{"cgroup", 1, XT_ANY, XT_SIZE(struct xt_cgroup_info_v1), cgroup, "cgroup"},
	{"cgroup", 2, XT_ANY, XT_SIZE(struct xt_cgroup_info_v2), cgroup, "cgroup"},
	{"devgroup", 0, XT_ANY, XT_SIZE(struct xt_devgroup_info), devgroup, NULL},
	{"mac", 0, XT_ANY, XT_SIZE(struct xt_mac_info), mac, "mac"},
	{"mark", 1, XT_ANY, XT_SIZE(struct xt_mark_mtinfo1), mark, NULL},
	{"owner", 1, XT_ANY, XT_SIZE(struct xt_owner_match_info), owner, "owner"},
	{"physdev", 0, XT_ANY, XT_SIZE(struct xt_physdev_info), physdev, "physdev"},
	{"pkttype", 0, XT_ANY, XT_SIZE(struct xt_pkttype_info), pkttype, NULL},
	{"policy", 0, XT_BOTH, XT_SIZE(struct xt_policy_info), policy, "ipsec-policy"},
	{"rpfilter", 0, XT_BOTH, XT_SIZE(struct xt_rpfilter_info), rpfilter, NULL},
	{"socket", 0, XT_IP4, 0, xt_maybe, "socket"},
	{"socket", 1, XT_BOTH, XT_SIZE(struct xt_socket_mtinfo1), xt_maybe, "socket"},
	{"socket", 2, XT_BOTH, XT_SIZE(struct xt_socket_mtinfo2), xt_maybe, "socket"},
	{"socket", 3, XT_BOTH, XT_SIZE(struct xt_socket_mtinfo3), xt_maybe, "socket"},
};

const struct xt_table_rows xt_host_matches = {.rows = rows, .nrows = ARRAY_LEN(rows)};
