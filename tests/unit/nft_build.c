/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink messages of nf_tables, made by hand for tests. */
#include "nft_build.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

static void refuse(const char *why, const char *at)
{
	(void)fprintf(stderr, "nft_build: %s: '%s'\n", why, at);
	abort();
}

static size_t parse_hex(const char *text, size_t len, uint8_t *bytes)
{
	if (len % 2 != 0)
		refuse("odd hex", text);
	for (size_t i = 0; i < len / 2; i++) {
		unsigned int byte;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			refuse("no hex", text);
		bytes[i] = (uint8_t)byte;
	}
	return len / 2;
}

static void put_verdict(struct nlmsghdr *message, uint16_t type, const char *word)
{
	struct nlattr *data = mnl_attr_nest_start(message, type);
	struct nlattr *verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
	const char *chain = strchr(word, ':');

	mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl((uint32_t)atoi(word)));
	if (chain)
		mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, chain + 1);
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, data);
}

static void put_value(struct nlmsghdr *message, uint16_t type, const char *word)
{
	const char *rest = word + 2;
	uint8_t bytes[256];
	size_t len;

	if (word[0] == '\0' || word[1] != ':') {
		mnl_attr_put_u32(
			message, type, htonl((uint32_t)strtoul(word, NULL, 0)));
		return;
	}
	switch (word[0]) {
	case 'b':
		mnl_attr_put_u8(message, type, (uint8_t)strtoul(rest, NULL, 0));
		break;
	case 'q':
		mnl_attr_put_u64(message, type, htobe64(strtoull(rest, NULL, 0)));
		break;
	case 's':
		mnl_attr_put_strz(message, type, rest);
		break;
	case 'r':
		len = parse_hex(rest, strlen(rest), bytes);
		mnl_attr_put(message, type, len, bytes);
		break;
	case 'x': {
		struct nlattr *data = mnl_attr_nest_start(message, type);

		len = parse_hex(rest, strlen(rest), bytes);
		mnl_attr_put(message, NFTA_DATA_VALUE, len, bytes);
		mnl_attr_nest_end(message, data);
		break;
	}
	case 'v':
		put_verdict(message, type, rest);
		break;
	default:
		refuse("unknown kind of value", word);
	}
}

static const char *next_word(const char *at, char *word, size_t size)
{
	size_t len = strcspn(at, " ");

	if (len >= size)
		refuse("too long", at);
	memcpy(word, at, len);
	word[len] = '\0';
	at += len;
	return at + strspn(at, " ");
}

/* Attributes up to @end, a closing bracket or NUL; returns what follows it. */
static const char *put_attrs(struct nlmsghdr *message, const char *at, char end)
{
	char word[1024];

	while (*at) {
		char *value;
		uint16_t type;

		at = next_word(at, word, sizeof(word));
		if (end && word[0] == end && word[1] == '\0')
			return at;
		type = (uint16_t)strtoul(word, &value, 10);
		if (*value++ != '=')
			refuse("no attribute", word);
		if (strcmp(value, "[") == 0) {
			struct nlattr *nest = mnl_attr_nest_start(message, type);

			at = put_attrs(message, at, ']');
			mnl_attr_nest_end(message, nest);
		} else if (strcmp(value, "{") == 0) {
			struct nlattr *expr = mnl_attr_nest_start(message, type), *data;

			at = next_word(at, word, sizeof(word));
			mnl_attr_put_strz(message, NFTA_EXPR_NAME, word);
			data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
			at = put_attrs(message, at, '}');
			mnl_attr_nest_end(message, data);
			mnl_attr_nest_end(message, expr);
		} else {
			put_value(message, type, value);
		}
	}
	if (end)
		refuse("unclosed", at);
	return at;
}

void build_message(struct nft_build *build, unsigned int type, unsigned int family,
	const char *attrs)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(build->data + build->len);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	header->nfgen_family = (uint8_t)family;
	put_attrs(message, attrs, '\0');
	build->len += (message->nlmsg_len + 3u) & ~3u;
	if (build->len > sizeof(build->data) - 8192)
		refuse("too much", attrs);
}

struct netns build_netns(const struct nft_build *build)
{
	return (struct netns){
		.id = "test", .nft = {.data = build->data, .len = build->len}};
}

static const char *const kind_names[OP_KIND_COUNT] = {
	[OP_UNKNOWN] = "unknown",
	[OP_NOP] = "nop",
	[OP_MATCH] = "match",
	[OP_LOOKUP] = "lookup",
	[OP_VMAP] = "vmap",
	[OP_IN] = "in",
	[OP_IPSET] = "ipset",
	[OP_ANY] = "any",
	[OP_NONE] = "none",
	[OP_MAYBE] = "maybe",
	[OP_SET] = "set",
	[OP_NOTRACK] = "notrack",
	[OP_ZONE] = "zone",
	[OP_NAT] = "nat",
	[OP_TPROXY] = "tproxy",
	[OP_REJECT] = "reject",
	[OP_VERDICT] = "verdict",
	[OP_VERDICT_QUEUE] = "queue",
	[OP_DUP] = "dup",
	[OP_FWD] = "fwd",
};

const char *kinds_text(struct arena *arena, const struct op *ops, size_t nops)
{
	const char *text = "";

	for (size_t i = 0; i < nops; i++)
		text = arena_printf(arena, "%s%s%s%s%s", text, i ? " " : "",
			kind_names[ops[i].kind], ops[i].code ? ":" : "",
			ops[i].code ? ops[i].code : "");
	return text;
}
