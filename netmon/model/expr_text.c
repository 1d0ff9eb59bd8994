/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for expressions that the walk has no use for, from their attributes. */
#include "netmon/model/expr_text.h"

#include <stdint.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "netmon/model/nft_attr.h"

/* Attributes that are absent or malformed by now read as 0 and NULL: it is only text.
 */
static uint32_t get_be32(const struct nft_attrs *attrs, uint16_t type)
{
	uint32_t value = 0;

	return nft_attr_be32(NULL, attrs->tb[type], &value) < 0 ? 0 : value;
}

static uint64_t get_be64(const struct nft_attrs *attrs, uint16_t type)
{
	uint64_t value = 0;

	return nft_attr_be64(NULL, attrs->tb[type], &value) < 0 ? 0 : value;
}

static const char *get_string(const struct nft_attrs *attrs, uint16_t type)
{
	const char *text = NULL;

	return nft_attr_string(NULL, attrs->tb[type], &text) < 0 ? NULL : text;
}

static void add_named(struct text *text, const char *word, const char *name)
{
	text_word(text, word);
	if (name) {
		text_space(text);
		text_quoted(text, name, strlen(name));
	}
}

static void counter_words(struct text *text, const struct nft_attrs *attrs)
{
	(void)attrs;
	text_word(text, "counter");
}

static void last_words(struct text *text, const struct nft_attrs *attrs)
{
	(void)attrs;
	text_word(text, "last");
}

static void log_words(struct text *text, const struct nft_attrs *attrs)
{
	const char *prefix = get_string(attrs, NFTA_LOG_PREFIX);

	text_word(text, "log");
	if (prefix)
		add_named(text, "prefix", prefix);
}

static const char *unit_name(uint64_t seconds)
{
	switch (seconds) {
	case 1:
		return "second";
	case 60:
		return "minute";
	case 60 * 60:
		return "hour";
	case 24 * 60 * 60:
		return "day";
	case 7 * 24 * 60 * 60:
		return "week";
	default:
		return NULL;
	}
}

static void limit_words(struct text *text, const struct nft_attrs *attrs)
{
	uint64_t unit = get_be64(attrs, NFTA_LIMIT_UNIT);
	bool over = get_be32(attrs, NFTA_LIMIT_FLAGS) & NFT_LIMIT_F_INV;
	bool bytes = get_be32(attrs, NFTA_LIMIT_TYPE) == NFT_LIMIT_PKT_BYTES;

	text_word(text, "limit rate ");
	text_add(text, "%s%llu%s/", over ? "over " : "",
		(unsigned long long)get_be64(attrs, NFTA_LIMIT_RATE),
		bytes ? " bytes" : "");
	if (unit_name(unit))
		text_add(text, "%s", unit_name(unit));
	else
		text_add(text, "%llu seconds", (unsigned long long)unit);
}

static void quota_words(struct text *text, const struct nft_attrs *attrs)
{
	bool over = get_be32(attrs, NFTA_QUOTA_FLAGS) & NFT_QUOTA_F_INV;

	text_word(text, "quota ");
	text_add(text, "%s%llu bytes", over ? "over " : "",
		(unsigned long long)get_be64(attrs, NFTA_QUOTA_BYTES));
}

static void connlimit_words(struct text *text, const struct nft_attrs *attrs)
{
	bool over = get_be32(attrs, NFTA_CONNLIMIT_FLAGS) & NFT_CONNLIMIT_F_INV;

	text_word(text, "ct count ");
	text_add(text, "%s%u", over ? "over " : "",
		get_be32(attrs, NFTA_CONNLIMIT_COUNT));
}

static void dynset_words(struct text *text, const struct nft_attrs *attrs)
{
	static const char *const ops[] = {
		[NFT_DYNSET_OP_ADD] = "add @",
		[NFT_DYNSET_OP_UPDATE] = "update @",
		[NFT_DYNSET_OP_DELETE] = "delete @",
	};
	const char *name = get_string(attrs, NFTA_DYNSET_SET_NAME);
	uint32_t op = get_be32(attrs, NFTA_DYNSET_OP);

	text_word(text, op < ARRAY_LEN(ops) ? ops[op] : "? @");
	text_name(text, name ? name : "?");
}

static void objref_words(struct text *text, const struct nft_attrs *attrs)
{
	static const char *const kinds[] = {"object", "counter name", "quota name",
		"ct helper set", "limit name", "ct count name", "tunnel name",
		"ct timeout set", "meta secmark set", "ct expectation set",
		"synproxy name"}; /* NFT_OBJECT_* */
	uint32_t type = get_be32(attrs, NFTA_OBJREF_IMM_TYPE);
	const char *map = get_string(attrs, NFTA_OBJREF_SET_NAME);

	if (map) {
		text_word(text, "object map @");
		text_name(text, map);
		return;
	}
	add_named(text, type < ARRAY_LEN(kinds) ? kinds[type] : kinds[0],
		get_string(attrs, NFTA_OBJREF_IMM_NAME));
}

static void exthdr_words(struct text *text, const struct nft_attrs *attrs)
{
	uint8_t type = 0;

	if (nft_attr_u8(NULL, attrs->tb[NFTA_EXTHDR_TYPE], &type) < 0)
		type = 0;
	if (!attrs->tb[NFTA_EXTHDR_SREG]) {
		text_word(text, "reset tcp option ");
		text_add(text, "%u", type);
	} else if (type == 2) { /* TCPOPT_MAXSEG */
		text_word(text, "tcp option maxseg size set");
	} else {
		text_word(text, "tcp option ");
		text_add(text, "%u set", type);
	}
}

static void synproxy_words(struct text *text, const struct nft_attrs *attrs)
{
	(void)attrs;
	text_word(text, "synproxy");
}

static void dup_words(struct text *text, const struct nft_attrs *attrs)
{
	(void)attrs;
	text_word(text, "dup");
}

static void reject_words(struct text *text, const struct nft_attrs *attrs)
{
	static const char *const icmpx[] = {
		"no-route", "port-unreachable", "host-unreachable", "admin-prohibited"};
	uint32_t type = get_be32(attrs, NFTA_REJECT_TYPE);
	uint8_t code = 0;

	if (nft_attr_u8(NULL, attrs->tb[NFTA_REJECT_ICMP_CODE], &code) < 0)
		code = 0;
	text_word(text, "reject");
	if (type > NFT_REJECT_ICMPX_UNREACH)
		return;
	text_word(text, "with icmp");
	if (type == NFT_REJECT_ICMPX_UNREACH && code < ARRAY_LEN(icmpx))
		text_add(text, "x %s", icmpx[code]);
	else
		text_add(text, " code %u", code);
}

static void meta_words(struct text *text, const struct nft_attrs *attrs)
{
	switch (get_be32(attrs, NFTA_META_KEY)) {
	case NFT_META_NFTRACE:
		text_word(text, "meta nftrace set");
		break;
	case NFT_META_SECMARK:
		text_word(text, "meta secmark set");
		break;
	default:
		text_word(text, "meta set");
	}
}

static void ct_words(struct text *text, const struct nft_attrs *attrs)
{
	switch (get_be32(attrs, NFTA_CT_KEY)) {
	case NFT_CT_EVENTMASK:
		text_word(text, "ct event set");
		break;
	case NFT_CT_SECMARK:
		text_word(text, "ct secmark set");
		break;
	default:
		text_word(text, "ct set");
	}
}

static const struct words_row {
	const char *name;
	void (*words)(struct text *text, const struct nft_attrs *attrs);
} words_rows[] = {
	{"connlimit", connlimit_words},
	{"counter", counter_words},
	{"ct", ct_words},
	{"dup", dup_words},
	{"dynset", dynset_words},
	{"exthdr", exthdr_words},
	{"last", last_words},
	{"limit", limit_words},
	{"log", log_words},
	{"meta", meta_words},
	{"objref", objref_words},
	{"quota", quota_words},
	{"reject", reject_words},
	{"synproxy", synproxy_words},
};

bool expr_text(struct text *text, const struct nlattr *expr)
{
	struct nft_attrs attrs, data = {0};
	const char *name;

	if (nft_attrs_nested(NULL, expr, &attrs) < 0)
		return false;
	name = get_string(&attrs, NFTA_EXPR_NAME);
	if (!name)
		return false;
	if (attrs.tb[NFTA_EXPR_DATA] &&
		nft_attrs_nested(NULL, attrs.tb[NFTA_EXPR_DATA], &data) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words_rows); i++) {
		if (strcmp(words_rows[i].name, name) != 0)
			continue;
		words_rows[i].words(text, &data);
		return true;
	}
	return false;
}
