/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of nft for fields, and what their values are. */
#include "netmon/model/rule_words.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

/* Fields that are called the same wherever they occur. */
static const struct field_row {
	const char *text;
	enum value_type type;
} field_rows[FIELD_COUNT] = {
	[FIELD_IIF] = {"iif", VALUE_HOST},
	[FIELD_OIF] = {"oif", VALUE_HOST},
	[FIELD_IIFNAME] = {"iifname", VALUE_NAME},
	[FIELD_OIFNAME] = {"oifname", VALUE_NAME},
	[FIELD_IIFTYPE] = {"iiftype", VALUE_HOST},
	[FIELD_OIFTYPE] = {"oiftype", VALUE_HOST},
	[FIELD_IIFGROUP] = {"iifgroup", VALUE_HOST},
	[FIELD_OIFGROUP] = {"oifgroup", VALUE_HOST},
	[FIELD_IIFKIND] = {"meta iifkind", VALUE_NAME},
	[FIELD_OIFKIND] = {"meta oifkind", VALUE_NAME},
	[FIELD_SDIF] = {"meta sdif", VALUE_HOST},
	[FIELD_SDIFNAME] = {"meta sdifname", VALUE_NAME},
	[FIELD_BRI_IIFNAME] = {"meta ibrname", VALUE_NAME},
	[FIELD_BRI_OIFNAME] = {"meta obrname", VALUE_NAME},
	[FIELD_NFPROTO] = {"meta nfproto", VALUE_NFPROTO},
	[FIELD_L4PROTO] = {"meta l4proto", VALUE_PROTO},
	[FIELD_PROTOCOL] = {"meta protocol", VALUE_ETHERTYPE},
	[FIELD_MARK] = {"meta mark", VALUE_MARK},
	[FIELD_PKTTYPE] = {"meta pkttype", VALUE_PKTTYPE},
	[FIELD_PRIORITY] = {"meta priority", VALUE_MARK},
	[FIELD_LENGTH] = {"meta length", VALUE_HOST},
	[FIELD_SECPATH] = {"meta ipsec", VALUE_PRESENT},
	[FIELD_CT_STATE] = {"ct state", VALUE_CT_STATE},
	[FIELD_CT_STATUS] = {"ct status", VALUE_CT_STATUS},
	[FIELD_CT_DIRECTION] = {"ct direction", VALUE_DIRECTION},
	[FIELD_CT_MARK] = {"ct mark", VALUE_MARK},
	[FIELD_CT_ZONE] = {"ct zone", VALUE_HOST},
	[FIELD_CT_L3PROTO] = {"ct l3proto", VALUE_NFPROTO},
	[FIELD_CT_PROTOCOL] = {"ct protocol", VALUE_PROTO},
	[FIELD_CT_ORIG_SADDR] = {"ct original %s saddr", VALUE_ADDR},
	[FIELD_CT_ORIG_DADDR] = {"ct original %s daddr", VALUE_ADDR},
	[FIELD_CT_ORIG_SPORT] = {"ct original proto-src", VALUE_NUMBER},
	[FIELD_CT_ORIG_DPORT] = {"ct original proto-dst", VALUE_NUMBER},
	[FIELD_CT_REPLY_SADDR] = {"ct reply %s saddr", VALUE_ADDR},
	[FIELD_CT_REPLY_DADDR] = {"ct reply %s daddr", VALUE_ADDR},
	[FIELD_CT_REPLY_SPORT] = {"ct reply proto-src", VALUE_NUMBER},
	[FIELD_CT_REPLY_DPORT] = {"ct reply proto-dst", VALUE_NUMBER},
	[FIELD_CT_HELPER] = {"ct helper", VALUE_NAME},
	[FIELD_CT_LABEL] = {"ct label", VALUE_BYTES},
	[FIELD_TCP_FLAGS] = {"tcp flags", VALUE_TCP_FLAGS},
	[FIELD_RT_OIF_TCLASSID] = {"rt classid", VALUE_MARK},
	[FIELD_SADDR] = {"%s saddr", VALUE_ADDR},
	[FIELD_DADDR] = {"%s daddr", VALUE_ADDR},
};

enum { ANY_PROTO = 0 };

/* Places in headers; the first row that fits is taken. The most usual come first. */
static const struct payload_row {
	uint8_t base;
	uint8_t proto; /* network: 4 or 6; transport: IPPROTO_*; ANY_PROTO: all */
	uint8_t offset, len;
	const char *text; /* %s: the transport protocol */
	enum value_type type;
} payload_rows[] = {
	{BASE_TRANSPORT, ANY_PROTO, 2, 2, "%s dport", VALUE_NUMBER},
	{BASE_TRANSPORT, ANY_PROTO, 0, 2, "%s sport", VALUE_NUMBER},
	{BASE_NETWORK, FAMILY_IP4, 16, 4, "ip daddr", VALUE_ADDR},
	{BASE_NETWORK, FAMILY_IP4, 12, 4, "ip saddr", VALUE_ADDR},
	{BASE_LINK, ANY_PROTO, 0, 6, "ether daddr", VALUE_MAC},
	{BASE_LINK, ANY_PROTO, 6, 6, "ether saddr", VALUE_MAC},
	{BASE_LINK, ANY_PROTO, 12, 2, "ether type", VALUE_ETHERTYPE},
	{BASE_NETWORK, FAMILY_IP4, 9, 1, "ip protocol", VALUE_PROTO},
	{BASE_NETWORK, FAMILY_IP4, 8, 1, "ip ttl", VALUE_NUMBER},
	{BASE_NETWORK, FAMILY_IP4, 2, 2, "ip length", VALUE_NUMBER},
	{BASE_NETWORK, FAMILY_IP4, 4, 2, "ip id", VALUE_NUMBER},
	{BASE_NETWORK, FAMILY_IP4, 6, 2, "ip frag-off", VALUE_BYTES},
	{BASE_NETWORK, FAMILY_IP6, 8, 16, "ip6 saddr", VALUE_ADDR},
	{BASE_NETWORK, FAMILY_IP6, 24, 16, "ip6 daddr", VALUE_ADDR},
	{BASE_NETWORK, FAMILY_IP6, 6, 1, "ip6 nexthdr", VALUE_PROTO},
	{BASE_NETWORK, FAMILY_IP6, 7, 1, "ip6 hoplimit", VALUE_NUMBER},
	{BASE_NETWORK, FAMILY_IP6, 4, 2, "ip6 length", VALUE_NUMBER},
	{BASE_TRANSPORT, IPPROTO_ICMP, 0, 1, "icmp type", VALUE_ICMP_TYPE},
	{BASE_TRANSPORT, IPPROTO_ICMP, 1, 1, "icmp code", VALUE_NUMBER},
	{BASE_TRANSPORT, IPPROTO_ICMPV6, 0, 1, "icmpv6 type", VALUE_ICMP6_TYPE},
	{BASE_TRANSPORT, IPPROTO_ICMPV6, 1, 1, "icmpv6 code", VALUE_NUMBER},
	{BASE_TRANSPORT, IPPROTO_TCP, 13, 1, "tcp flags", VALUE_TCP_FLAGS},
};

/* "tcp" for the protocol that the rule has matched; "th" for any. */
static const char *transport_name(uint8_t l4proto)
{
	switch (l4proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
		return value_name(VALUE_PROTO, l4proto);
	default:
		return "th";
	}
}

static size_t put_words(struct words *words, size_t at, const char *from, size_t len)
{
	size_t room_left = sizeof(words->text) - 1 - at;

	if (len > room_left)
		len = room_left;
	memcpy(words->text + at, from, len);
	return at + len;
}

/* Puts @word where the table's text has %s; printf would be most of a scan's cost. */
static void fill_words(struct words *words, const char *text, const char *word)
{
	const char *hole = strchr(text, '%');
	size_t len =
		put_words(words, 0, text, hole ? (size_t)(hole - text) : strlen(text));

	if (hole) {
		len = put_words(words, len, word, strlen(word));
		len = put_words(words, len, hole + 2, strlen(hole + 2));
	}
	words->text[len] = '\0';
}

static bool row_fits(const struct payload_row *row, unsigned int offset,
	unsigned int len, const struct words_context *context)
{
	uint8_t proto =
		row->base == BASE_NETWORK ? (uint8_t)context->family : context->l4proto;

	/* The address alone tells the family where the rule does not. */
	if (row->base == BASE_NETWORK && proto == ANY_PROTO && row->type == VALUE_ADDR)
		proto = row->proto;
	if (row->offset != offset || len > row->len ||
		(row->proto != ANY_PROTO && row->proto != proto))
		return false;
	return len == row->len || row->type == VALUE_ADDR;
}

struct words words_payload(unsigned int base, unsigned int offset, unsigned int len,
	const struct words_context *context)
{
	static const char *const bases[] = {"ll", "nh", "th", "ih"};
	struct words words = {.type = VALUE_BYTES, .len = (uint8_t)len};

	for (size_t i = 0; i < ARRAY_LEN(payload_rows); i++) {
		const struct payload_row *row = &payload_rows[i];

		if (row->base != base || !row_fits(row, offset, len, context))
			continue;
		fill_words(&words, row->text, transport_name(context->l4proto));
		words.type = row->type;
		words.len = row->len;
		return words;
	}
	snprintf(words.text, sizeof(words.text), "@%s,%u,%u",
		base < ARRAY_LEN(bases) ? bases[base] : "?", offset * 8, len * 8);
	return words;
}

static struct words words_fib(const struct operand *operand)
{
	static const char *const selectors[] = {
		"saddr", "daddr", "mark", "iif", "oif"}; /* NFTA_FIB_F_*, bit by bit */
	struct words words = {.len = operand->load_len};
	const char *result = operand->field == FIELD_FIB_TYPE  ? "type"
			     : operand->field == FIELD_FIB_OIF ? "oif"
							       : "oifname";
	int n = snprintf(words.text, sizeof(words.text), "fib");

	for (size_t i = 0; i < ARRAY_LEN(selectors); i++)
		if (operand->fib_flags & (1u << i))
			n += snprintf(words.text + n, sizeof(words.text) - (size_t)n,
				"%s%s", n > 3 ? " . " : " ", selectors[i]);
	snprintf(words.text + n, sizeof(words.text) - (size_t)n, " %s", result);
	words.type = operand->field == FIELD_FIB_TYPE  ? VALUE_FIB_TYPE
		     : operand->field == FIELD_FIB_OIF ? VALUE_HOST
						       : VALUE_NAME;
	if (operand->field != FIELD_FIB_TYPE && operand->fib_flags & NFTA_FIB_F_PRESENT)
		words.type = VALUE_PRESENT;
	return words;
}

static struct words words_exthdr(const struct operand *operand)
{
	static const char *const kinds[] = {
		"exthdr", "tcp option", "ip option", "sctp chunk", "dccp option"};
	struct words words = {.len = operand->load_len, .type = VALUE_NUMBER};
	const char *kind =
		operand->exthdr_op < ARRAY_LEN(kinds) ? kinds[operand->exthdr_op] : "?";

	if (operand->exthdr_present) {
		snprintf(words.text, sizeof(words.text), "%s %u", kind,
			operand->exthdr_type);
		words.type = VALUE_PRESENT;
	} else {
		snprintf(words.text, sizeof(words.text), "%s @%u,%u,%u", kind,
			operand->exthdr_type, operand->offset * 8u,
			operand->load_len * 8u);
	}
	return words;
}

/* "meta-skuid" is what nft calls meta skuid; other codes are no words of nft. */
static struct words words_unknown(const struct operand *operand)
{
	static const char *const keys[] = {"meta-", "ct-", "rt-"};
	const char *code = operand->code ? operand->code : "unknown";
	struct words words = {.type = VALUE_HOST, .len = operand->load_len};

	if (strcmp(code, "rt-nexthop") == 0)
		words.type = VALUE_ADDR;
	else if (strcmp(code, "osf") == 0)
		words.type = VALUE_NAME;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t len = strlen(keys[i]);

		if (strncmp(code, keys[i], len) != 0)
			continue;
		snprintf(words.text, sizeof(words.text), "%.*s %s", (int)len - 1, code,
			code + len);
		return words;
	}
	if (strchr(code, '-'))
		snprintf(words.text, sizeof(words.text), "<%s>", code);
	else
		snprintf(words.text, sizeof(words.text), "%s", code);
	return words;
}

struct words words_of(
	const struct operand *operand, const struct words_context *context)
{
	const struct field_row *row = &field_rows[operand->field];
	struct words words = {.type = row->type, .len = operand->load_len};

	switch ((int)operand->field) {
	case FIELD_PAYLOAD:
		return words_payload(
			operand->base, operand->offset, operand->load_len, context);
	case FIELD_FIB_TYPE:
	case FIELD_FIB_OIF:
	case FIELD_FIB_OIFNAME:
		return words_fib(operand);
	case FIELD_EXTHDR:
		return words_exthdr(operand);
	case FIELD_SPORT:
	case FIELD_DPORT:
		words.type = VALUE_NUMBER;
		fill_words(&words,
			operand->field == FIELD_SPORT ? "%s sport" : "%s dport",
			transport_name(context->l4proto));
		return words;
	case FIELD_UNKNOWN:
		return words_unknown(operand);
	default:
		break;
	}
	fill_words(&words, row->text ? row->text : "<?>",
		operand->load_len == 16 ? "ip6" : "ip");
	return words;
}
