/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of nft for fields and values, and the bounded text that they are put in. */
#include "netmon/model/rule_words.h"

#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "common/escape.h"

struct symbol {
	uint32_t value;
	const char *name;
};

static const char text_end[] = "…";

/* Bytes left before the mark that says that the text ends early. */
static size_t room(const struct text *text)
{
	return TEXT_MAX - sizeof(text_end) - text->len;
}

/* Nothing of what does not fit, so that no character is cut in half. */
static void cut(struct text *text)
{
	memcpy(text->data + text->len, text_end, sizeof(text_end) - 1);
	text->len += sizeof(text_end) - 1;
	text->cut = true;
}

void text_put(struct text *text, const char *bytes, size_t len)
{
	if (text->cut)
		return;
	if (len >= room(text)) {
		cut(text);
		return;
	}
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
}

/* Most of what is added is plain text, and scans add it ten thousand times. */
void text_add(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	if (text->cut)
		return;
	va_start(args, format);
	if (strcmp(format, "%s") == 0) {
		const char *plain = va_arg(args, const char *);

		text_put(text, plain, strlen(plain));
	} else if (!strchr(format, '%')) {
		text_put(text, format, strlen(format));
	} else {
		n = vsnprintf(text->data + text->len, room(text), format, args);
		if (n >= 0 && (size_t)n < room(text))
			text->len += (size_t)n;
		else
			cut(text);
	}
	va_end(args);
}

void text_number(struct text *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	text_put(text, digits + at, sizeof(digits) - at);
}

void text_space(struct text *text)
{
	if (text->len && text->data[text->len - 1] != ' ')
		text_put(text, " ", 1);
}

void text_word(struct text *text, const char *word)
{
	text_space(text);
	text_put(text, word, strlen(word));
}

/* Quotation marks inside would end the name early for a reader. */
static void add_quoted(struct text *text, const char *escaped)
{
	char buffer[2048];
	size_t n = 0;

	buffer[n++] = '"';
	for (; *escaped && n < sizeof(buffer) - 8; escaped++) {
		if (*escaped == '"') {
			memcpy(buffer + n, "\\x22", 4);
			n += 4;
		} else {
			buffer[n++] = *escaped;
		}
	}
	buffer[n++] = '"';
	text_put(text, buffer, n);
}

/* Letters, digits and _-./:@+% */
static bool is_plain(char c)
{
	return (c >= '-' && c <= ':') || (c >= '@' && c <= 'Z') || c == '_' ||
	       (c >= 'a' && c <= 'z') || c == '+' || c == '%';
}

/* How many bytes are plain from the start. */
static size_t plain_run(const char *name, size_t len)
{
	size_t run = 0;

	while (run < len && is_plain(name[run]))
		run++;
	return run;
}

void text_escaped(struct text *text, const char *words)
{
	char buffer[1024];

	text_add(text, "%s", escape_text(words, strlen(words), buffer, sizeof(buffer)));
}

void text_name(struct text *text, const char *name)
{
	char buffer[512];
	size_t len = strlen(name);

	if (len > 0 && len < sizeof(buffer) && plain_run(name, len) == len)
		text_put(text, name, len);
	else
		add_quoted(text, escape_text(name, len, buffer, sizeof(buffer)));
}

void text_quoted(struct text *text, const char *name, size_t len)
{
	_uninit_ char buffer[1024];

	len = strnlen(name, len);
	if (len < sizeof(buffer) - 4 && plain_run(name, len) == len) {
		buffer[0] = '"';
		memcpy(buffer + 1, name, len);
		buffer[len + 1] = '"';
		text_put(text, buffer, len + 2);
	} else {
		add_quoted(text, escape_text(name, len, buffer, sizeof(buffer)));
	}
}

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

static const struct symbol protocols[] = {{IPPROTO_TCP, "tcp"}, {IPPROTO_UDP, "udp"},
	{IPPROTO_ICMP, "icmp"}, {IPPROTO_ICMPV6, "ipv6-icmp"}, {IPPROTO_SCTP, "sctp"},
	{IPPROTO_DCCP, "dccp"}, {IPPROTO_UDPLITE, "udplite"}, {IPPROTO_ESP, "esp"},
	{IPPROTO_AH, "ah"}, {IPPROTO_GRE, "gre"}, {IPPROTO_IGMP, "igmp"},
	{IPPROTO_COMP, "comp"}, {0, NULL}};
static const struct symbol nfprotos[] = {
	{TABLE_IP, "ipv4"}, {TABLE_IP6, "ipv6"}, {0, NULL}};
static const struct symbol ethertypes[] = {{0x0800, "ip"}, {0x86dd, "ip6"},
	{0x0806, "arp"}, {0x8100, "8021q"}, {0x88a8, "8021ad"}, {0, NULL}};
static const struct symbol pkttypes[] = {
	{0, "host"}, {1, "broadcast"}, {2, "multicast"}, {3, "other"}, {0, NULL}};
static const struct symbol fib_types[] = {{0, "unspec"}, {1, "unicast"}, {2, "local"},
	{3, "broadcast"}, {4, "anycast"}, {5, "multicast"}, {6, "blackhole"},
	{7, "unreachable"}, {8, "prohibit"}, {0, NULL}};
static const struct symbol directions[] = {{0, "original"}, {1, "reply"}, {0, NULL}};
static const struct symbol icmp_types[] = {{0, "echo-reply"},
	{3, "destination-unreachable"}, {5, "redirect"}, {8, "echo-request"},
	{9, "router-advertisement"}, {10, "router-solicitation"}, {11, "time-exceeded"},
	{12, "parameter-problem"}, {13, "timestamp-request"}, {14, "timestamp-reply"},
	{0, NULL}};
static const struct symbol icmp6_types[] = {{1, "destination-unreachable"},
	{2, "packet-too-big"}, {3, "time-exceeded"}, {4, "parameter-problem"},
	{128, "echo-request"}, {129, "echo-reply"}, {130, "mld-listener-query"},
	{131, "mld-listener-report"}, {132, "mld-listener-done"},
	{133, "nd-router-solicit"}, {134, "nd-router-advert"},
	{135, "nd-neighbor-solicit"}, {136, "nd-neighbor-advert"}, {137, "nd-redirect"},
	{143, "mld2-listener-report"}, {0, NULL}};
static const struct symbol ct_states[] = {{0x01, "invalid"}, {0x02, "established"},
	{0x04, "related"}, {0x08, "new"}, {0x40, "untracked"}, {0, NULL}};
static const struct symbol ct_statuses[] = {{0x001, "expected"}, {0x002, "seen-reply"},
	{0x004, "assured"}, {0x008, "confirmed"}, {0x010, "snat"}, {0x020, "dnat"},
	{0x200, "dying"}, {0, NULL}};
static const struct symbol tcp_flags[] = {{0x01, "fin"}, {0x02, "syn"}, {0x04, "rst"},
	{0x08, "psh"}, {0x10, "ack"}, {0x20, "urg"}, {0x40, "ecn"}, {0x80, "cwr"},
	{0, NULL}};
static const struct symbol presence[] = {{0, "missing"}, {1, "exists"}, {0, NULL}};

static const struct value_row {
	const struct symbol *symbols;
	bool host; /* host order */
	bool hex;
} value_rows[VALUE_TYPE_COUNT] = {
	[VALUE_HOST] = {NULL, true, false},
	[VALUE_MARK] = {NULL, true, true},
	[VALUE_PRESENT] = {presence, true, false},
	[VALUE_PROTO] = {protocols, false, false},
	[VALUE_NFPROTO] = {nfprotos, false, false},
	[VALUE_ETHERTYPE] = {ethertypes, false, true},
	[VALUE_PKTTYPE] = {pkttypes, false, false},
	[VALUE_FIB_TYPE] = {fib_types, true, false},
	[VALUE_DIRECTION] = {directions, false, false},
	[VALUE_ICMP_TYPE] = {icmp_types, false, false},
	[VALUE_ICMP6_TYPE] = {icmp6_types, false, false},
	[VALUE_CT_STATE] = {ct_states, true, true},
	[VALUE_CT_STATUS] = {ct_statuses, true, true},
	[VALUE_TCP_FLAGS] = {tcp_flags, false, true},
};

static const char *symbol_name(const struct symbol *symbols, uint64_t value)
{
	for (; symbols && symbols->name; symbols++)
		if (symbols->value == value)
			return symbols->name;
	return NULL;
}

/* "tcp" for the protocol that the rule has matched; "th" for any. */
static const char *transport_name(uint8_t l4proto)
{
	switch (l4proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
		return symbol_name(protocols, l4proto);
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

static uint64_t read_number(const uint8_t *bytes, size_t len, bool host)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len && i < 8; i++)
		value = host ? value | (uint64_t)bytes[i] << 8 * i
			     : value << 8 | bytes[i];
	return value;
}

static void add_hex(struct text *text, const uint8_t *bytes, size_t len)
{
	text_add(text, "0x");
	for (size_t i = 0; i < len; i++)
		text_add(text, "%02x", bytes[i]);
}

static void add_addr(struct text *text, const uint8_t *bytes, size_t len, size_t whole)
{
	uint8_t padded[16] = {0};
	char buffer[ADDR_TEXT_MAX];
	struct addr addr = {.family = whole == 16 ? FAMILY_IP6 : FAMILY_IP4};

	memcpy(padded, bytes, len);
	addr.value = addr_load(padded, whole);
	text_add(text, "%s", addr_format(&addr, buffer));
	if (len < whole)
		text_add(text, "/%zu", len * 8);
}

static void add_mac(struct text *text, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text_add(text, "%s%02x", i ? ":" : "", bytes[i]);
}

/* Without a NUL it is the front of a name: every name that begins so. */
static void add_interface(struct text *text, const uint8_t *bytes, size_t len)
{
	char name[VALUE_MAX + 2] = {0};

	memcpy(name, bytes, len);
	if (!memchr(bytes, '\0', len) && len < 16)
		name[len] = '*';
	text_quoted(text, name, sizeof(name));
}

void value_add_flags(struct text *text, enum value_type type, const uint8_t *bytes,
	size_t len, bool swapped, const char *separator)
{
	const struct value_row *row = &value_rows[type];
	uint64_t value = read_number(bytes, len, row->host && !swapped);
	bool first = true;

	for (const struct symbol *symbol = row->symbols; symbol && symbol->name;
		symbol++) {
		if (!(value & symbol->value))
			continue;
		text_add(text, "%s%s", first ? "" : separator, symbol->name);
		value &= ~(uint64_t)symbol->value;
		first = false;
	}
	if (value || first)
		text_add(text, "%s0x%llx", first ? "" : separator,
			(unsigned long long)value);
}

void value_add(struct text *text, enum value_type type, const uint8_t *bytes,
	size_t len, size_t whole, bool swapped)
{
	const struct value_row *row = &value_rows[type];
	const char *name;
	uint64_t value;

	if (type == VALUE_ADDR && (whole == 4 || whole == 16) && len <= whole) {
		add_addr(text, bytes, len, whole);
	} else if (type == VALUE_MAC) {
		add_mac(text, bytes, len);
	} else if (type == VALUE_NAME) {
		add_interface(text, bytes, len);
	} else if (type == VALUE_BYTES || type == VALUE_ADDR || len > 8) {
		add_hex(text, bytes, len);
	} else if (value_is_flags(type)) {
		value_add_flags(text, type, bytes, len, swapped, ",");
	} else {
		value = read_number(bytes, len, row->host && !swapped);
		name = symbol_name(row->symbols, value);
		if (name)
			text_add(text, "%s", name);
		else if (row->hex)
			text_add(text, "0x%0*llx", (int)len * 2,
				(unsigned long long)value);
		else
			text_number(text, value);
	}
}
