/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values in nft's words: addresses, numbers, names of codes and flags. */
#include "netmon/model/value_text.h"

#include <netinet/in.h>
#include <string.h>

#include "netmon/model/ruleset.h"

struct symbol {
	uint32_t value;
	const char *name;
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

const char *value_name(enum value_type type, uint64_t code)
{
	return symbol_name(value_rows[type].symbols, code);
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
