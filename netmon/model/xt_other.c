/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt matches that depend on what no packet set holds: rates, time, contents, memory. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter/xt_bpf.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_cpu.h>
#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_ipvs.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_nfacct.h>
#include <linux/netfilter/xt_osf.h>
#include <linux/netfilter/xt_quota.h>
#include <linux/netfilter/xt_rateest.h>
#include <linux/netfilter/xt_realm.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_statistic.h>
#include <linux/netfilter/xt_string.h>
#include <linux/netfilter/xt_time.h>
#include <linux/netfilter/xt_u32.h>

#include "netmon/model/xt.h"

static int comment(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_comment_info *comment = info;

	(void)row;
	return xt_push_nop(ctx, "/* %.*s */", XT_MAX_COMMENT_LEN, comment->comment);
}

/* As iptables prints it: the largest unit in which the period is a whole number. */
static int limit(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	static const struct {
		const char *name;
		uint32_t period;
	} units[] = {{"day", XT_LIMIT_SCALE * 24 * 60 * 60},
		{"hour", XT_LIMIT_SCALE * 60 * 60}, {"min", XT_LIMIT_SCALE * 60},
		{"sec", XT_LIMIT_SCALE}};
	const struct xt_rateinfo *rate = info;
	const uint32_t avg = rate->avg ? rate->avg : 1;
	size_t i;

	for (i = 1; i < ARRAY_LEN(units); i++)
		if (avg > units[i].period ||
			units[i].period / avg < units[i].period % avg)
			break;
	return xt_push_maybe(ctx, row->code, "limit: avg %u/%s burst %u",
		units[i - 1].period / avg, units[i - 1].name, rate->burst);
}

static int push_hashlimit(struct decode_ctx *ctx, const struct xt_row *row,
	const char *name, size_t max, uint32_t mode)
{
	return xt_push_maybe(ctx, row->code, "hashlimit %s %.*s",
		mode & XT_HASHLIMIT_INVERT ? "above" : "up to", (int)max, name);
}

static int hashlimit_v1(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_hashlimit_mtinfo1 *limit = info;

	return push_hashlimit(
		ctx, row, limit->name, sizeof(limit->name), limit->cfg.mode);
}

static int hashlimit_v2(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_hashlimit_mtinfo2 *limit = info;

	return push_hashlimit(
		ctx, row, limit->name, sizeof(limit->name), limit->cfg.mode);
}

static int hashlimit_v3(
	struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_hashlimit_mtinfo3 *limit = info;

	return push_hashlimit(
		ctx, row, limit->name, sizeof(limit->name), limit->cfg.mode);
}

/* --set writes the address down and matches, always. Revision 1 only adds a mask. */
static int recent(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_recent_mtinfo *recent = info;
	const int max = XT_RECENT_NAME_LEN;

	if (recent->check_set & XT_RECENT_SET) {
		if (recent->invert)
			return xt_push_never(ctx);
		return xt_push_nop(ctx, "recent: SET name: %.*s", max, recent->name);
	}
	int rc = xt_push_maybe(ctx, row->code,
		"recent: %s%s seconds: %u hit_count: %u name: %.*s",
		recent->invert ? "! " : "",
		recent->check_set & XT_RECENT_REMOVE   ? "REMOVE"
		: recent->check_set & XT_RECENT_UPDATE ? "UPDATE"
						       : "CHECK",
		recent->seconds, recent->hit_count, max, recent->name);

	/* A first packet has one hit at most, its own --set. */
	if (rc == 0 && !recent->invert && recent->hit_count > 1)
		ctx->ops[ctx->nops - 1].repeated = true;
	return rc;
}

/* The kernel draws 31 bits and compares "less than". */
static int statistic(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_statistic_info *statistic = info;
	const bool invert = statistic->flags & XT_STATISTIC_INVERT;
	const uint32_t probability = statistic->u.random.probability;

	if (statistic->mode != XT_STATISTIC_MODE_RANDOM)
		return xt_push_maybe(ctx, row->code, "statistic mode nth %severy %u",
			invert ? "! " : "", statistic->u.nth.every + 1);
	if (probability == 0)
		return invert ? 0 : xt_push_never(ctx);
	if (probability > INT32_MAX)
		return invert ? xt_push_never(ctx) : 0;
	return xt_push_maybe(ctx, row->code, "statistic mode random %sprobability %.6f",
		invert ? "! " : "", (double)probability / 0x80000000U);
}

static int string(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_string_info *string = info;

	return xt_push_maybe(ctx, row->code, "string %s\"%.*s\"",
		string->u.v1.flags & XT_STRING_FLAG_INVERT ? "! " : "",
		XT_STRING_MAX_PATTERN_SIZE, string->pattern);
}

static int quota(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_quota_info *quota = info;

	return xt_push_maybe(ctx, row->code, "quota %s%" PRIu64 " bytes",
		quota->flags & XT_QUOTA_INVERT ? "! " : "", (uint64_t)quota->quota);
}

/* It matches always, unless the object has a quota that is not used up. */
static int nfacct(struct decode_ctx *ctx, const struct xt_row *row, const void *info)
{
	const struct xt_nfacct_match_info *nfacct = info;

	return xt_push_maybe(
		ctx, row->code, "nfacct %.*s", NFACCT_NAME_MAX, nfacct->name);
}

/* XT_ANY_SIZE: modules outside the kernel's tree; their sizes change with them. */
static const struct xt_row rows[] = {
	{"asn", 1, XT_BOTH, XT_ANY_SIZE, xt_maybe, "asn"},
	{"bpf", 0, XT_ANY, XT_SIZE(struct xt_bpf_info), xt_maybe, "bpf"},
	{"bpf", 1, XT_ANY, XT_SIZE(struct xt_bpf_info_v1), xt_maybe, "bpf"},
	{"comment", 0, XT_ANY, XT_SIZE(struct xt_comment_info), comment, NULL},
	{"condition", 1, XT_BOTH, XT_ANY_SIZE, xt_maybe, "condition"},
	{"cpu", 0, XT_ANY, XT_SIZE(struct xt_cpu_info), xt_maybe, "cpu"},
	{"eui64", 0, XT_IP6, XT_ALIGN(sizeof(int)), xt_maybe, "eui64"},
	{"geoip", 1, XT_BOTH, XT_ANY_SIZE, xt_maybe, "geoip"},
	{"hashlimit", 1, XT_BOTH, XT_SIZE(struct xt_hashlimit_mtinfo1), hashlimit_v1,
		"hashlimit"},
	{"hashlimit", 2, XT_BOTH, XT_SIZE(struct xt_hashlimit_mtinfo2), hashlimit_v2,
		"hashlimit"},
	{"hashlimit", 3, XT_BOTH, XT_SIZE(struct xt_hashlimit_mtinfo3), hashlimit_v3,
		"hashlimit"},
	{"ipp2p", 1, XT_BOTH, XT_ANY_SIZE, xt_maybe, "ipp2p"},
	{"ipvs", 0, XT_ANY, XT_SIZE(struct xt_ipvs_mtinfo), xt_maybe, "ipvs"},
	{"limit", 0, XT_ANY, XT_SIZE(struct xt_rateinfo), limit, "limit"},
	{"nfacct", 0, XT_ANY, XT_SIZE(struct xt_nfacct_match_info), nfacct, "nfacct"},
	{"nfacct", 1, XT_ANY, XT_SIZE(struct xt_nfacct_match_info_v1), nfacct,
		"nfacct"},
	{"osf", 0, XT_BOTH, XT_SIZE(struct xt_osf_info), xt_maybe, "osf"},
	{"psd", 1, XT_BOTH, XT_ANY_SIZE, xt_maybe, "psd"},
	{"quota", 0, XT_ANY, XT_SIZE(struct xt_quota_info), quota, "quota"},
	{"rateest", 0, XT_ANY, XT_SIZE(struct xt_rateest_match_info), xt_maybe,
		"rateest"},
	{"realm", 0, XT_IP4, XT_SIZE(struct xt_realm_info), xt_maybe, "realm"},
	{"recent", 0, XT_BOTH, XT_SIZE(struct xt_recent_mtinfo), recent, "recent"},
	{"recent", 1, XT_BOTH, XT_SIZE(struct xt_recent_mtinfo_v1), recent, "recent"},
	{"statistic", 0, XT_ANY, XT_SIZE(struct xt_statistic_info), statistic,
		"statistic"},
	{"string", 1, XT_ANY, XT_SIZE(struct xt_string_info), string, "string"},
	{"time", 0, XT_ANY, XT_SIZE(struct xt_time_info), xt_maybe, "time"},
	{"u32", 0, XT_ANY, XT_SIZE(struct xt_u32), xt_maybe, "u32"},
};

const struct xt_table_rows xt_other_matches = {.rows = rows, .nrows = ARRAY_LEN(rows)};
