/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xt extensions and legacy tables: what the kernel gave back, and what it may mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/in.h>
#include <linux/in6.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_CONNMARK.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_set.h>
#include <linux/netfilter/xt_tcpudp.h>

#include "netmon/model/ruleset.h"
#include "netmon/model/xt.h"
#include "ops_text.h"

#define DATA SOURCE_ROOT "/tests/unit/data/"

static uint8_t *read_file(const char *path, size_t *ret_len)
{
	FILE *stream = fopen(path, "r");
	uint8_t *data = malloc(1 << 20);

	if (!stream)
		fail_msg("cannot open %s", path);
	assert_non_null(data);
	*ret_len = fread(data, 1, 1 << 20, stream);
	assert_true(*ret_len > 0 && *ret_len < 1 << 20);
	(void)fclose(stream);
	return data;
}

/* The two sets of make-xt, as the kernel numbered them. */
static struct ipset ipsets[] = {
	{.name = "four",
		.type = "hash:net",
		.kind = IPSET_ADDR,
		.family = FAMILY_IP4,
		.index = 0,
		.ndims = 1,
		.dim = {IPSET_DIM_ADDR}},
	{.name = "six",
		.type = "hash:net,port",
		.kind = IPSET_TUPLE,
		.family = FAMILY_IP6,
		.index = 1,
		.ndims = 2,
		.dim = {IPSET_DIM_ADDR, IPSET_DIM_PORT}},
};

static struct ruleset *decode(const struct netns *netns)
{
	struct ruleset *ruleset = NULL;
	struct err err = {0};

	if (ruleset_decode(netns, &ruleset, &err) < 0)
		fail_msg("%s", err.text);
	return ruleset;
}

/* ---- what make-xt recorded ---- */

/* struct ipt_getinfo, then the entries. */
#define LEGACY_HEAD 84

static void load_legacy(
	const char *family, const char *name, struct legacy_table *table)
{
	char path[256];
	size_t len;
	uint8_t *data;
	uint32_t head[13]; /* valid_hooks, hook_entry[5], underflow[5], two sizes */

	(void)snprintf(path, sizeof(path), DATA "xt-%s-%s.legacy", family, name);
	data = read_file(path, &len);
	assert_true(len > LEGACY_HEAD);
	memcpy(head, data + 32, sizeof(head));
	*table = (struct legacy_table){
		.family = strcmp(family, "ip6") == 0 ? FAMILY_IP6 : FAMILY_IP4,
		.name = name,
		.valid_hooks = head[0],
		.entries = {data + LEGACY_HEAD, len - LEGACY_HEAD}};
	memcpy(table->hook_entry, head + 1, sizeof(table->hook_entry));
	memcpy(table->underflow, head + 6, sizeof(table->underflow));
	assert_int_equal(table->entries.len, head[12]);
}

static const char *const legacy_names[] = {"raw", "mangle", "nat", "filter"};

struct recorded {
	struct netns nft, netns;
	struct legacy_table legacy[2 * ARRAY_LEN(legacy_names)];
	struct ruleset *nft_rules, *legacy_rules;
};

static int load_recorded(void **state)
{
	struct recorded *rec = calloc(1, sizeof(*rec));

	assert_non_null(rec);
	rec->nft = (struct netns){.ipsets = ipsets, .nipsets = ARRAY_LEN(ipsets)};
	rec->nft.nft.data = read_file(DATA "xt.nlmsgs", &rec->nft.nft.len);
	rec->nft_rules = decode(&rec->nft);
	rec->netns = (struct netns){.ipsets = ipsets,
		.nipsets = ARRAY_LEN(ipsets),
		.legacy = rec->legacy,
		.nlegacy = ARRAY_LEN(rec->legacy)};
	for (size_t i = 0; i < ARRAY_LEN(legacy_names); i++) {
		load_legacy("ip", legacy_names[i], &rec->legacy[2 * i]);
		load_legacy("ip6", legacy_names[i], &rec->legacy[2 * i + 1]);
	}
	rec->legacy_rules = decode(&rec->netns);
	*state = rec;
	return 0;
}

static int free_recorded(void **state)
{
	struct recorded *rec = *state;

	ruleset_free(rec->nft_rules);
	ruleset_free(rec->legacy_rules);
	free((void *)(uintptr_t)rec->nft.nft.data);
	for (size_t i = 0; i < ARRAY_LEN(rec->legacy); i++)
		free((void *)(uintptr_t)(rec->legacy[i].entries.data - LEGACY_HEAD));
	free(rec);
	return 0;
}

static bool has_comment(const struct rule *rule, const char *name)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "/* %s */", name);
	if (rule->comment && strcmp(rule->comment, name) == 0)
		return true;
	for (size_t i = 0; i < rule->nops; i++)
		if (rule->ops[i].kind == OP_NOP && rule->ops[i].text &&
			strcmp(rule->ops[i].text, text) == 0)
			return true;
	return false;
}

static const struct rule *find_rule(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->nchains; i++)
		for (size_t j = 0; j < ruleset->chains[i].nrules; j++)
			if (has_comment(&ruleset->chains[i].rules[j], name))
				return &ruleset->chains[i].rules[j];
	return NULL;
}

/* The rule's ops but for counters and the comment that names it. */
static const char *rule_ops(
	struct arena *arena, const struct ruleset *ruleset, const char *name)
{
	const struct rule *rule = find_rule(ruleset, name);
	struct op ops[64];
	size_t n = 0;

	if (!rule)
		return "(no such rule)";
	for (size_t i = 0; i < rule->nops; i++) {
		const struct op *op = &rule->ops[i];

		if (op->kind == OP_NOP &&
			(!op->text || strncmp(op->text, "/*", 2) == 0 ||
				strncmp(op->text, "counter", 7) == 0))
			continue;
		assert_true(n < ARRAY_LEN(ops));
		ops[n++] = *op;
	}
	return ops_text(arena, ops, n);
}

/* Lines of xt-expected: "nft NAME: OPS", "legacy NAME: OPS", or "both NAME: OPS". */
static void test_recorded(void **state)
{
	struct recorded *rec = *state;
	FILE *stream = fopen(DATA "xt-expected", "r");
	struct arena arena;
	char line[4096], which[16], name[64];
	int n = 0, wrong = 0, at;

	assert_non_null(stream);
	arena_init(&arena, 0);
	while (fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		assert_int_equal(sscanf(line, "%15s %63[^:]: %n", which, name, &at), 2);
		for (int legacy = 0; legacy < 2; legacy++) {
			const char *ops = rule_ops(&arena,
				legacy ? rec->legacy_rules : rec->nft_rules, name);

			if (strcmp(which, legacy ? "nft" : "legacy") == 0)
				continue;
			n++;
			if (strcmp(ops, line + at) == 0)
				continue;
			print_error("%s %s: %s\n  expected %s\n",
				legacy ? "legacy" : "nft", name, ops, line + at);
			wrong++;
		}
	}
	(void)fclose(stream);
	arena_done(&arena);
	assert_int_equal(wrong, 0);
	assert_true(n > 300);
}

/* ---- single extensions, in a table made here ---- */

enum part { MATCH, TARGET };
enum { IP4 = 1, IP6 = 2, BOTH = 3, ANY = 1000 };

static size_t header_len(enum family family)
{
	return family == FAMILY_IP6 ? 168 : 112;
}

/* struct ipt_entry's or ip6t_entry's last members but counters. */
static void put_entry(uint8_t *at, enum family family, size_t target, size_t next)
{
	const size_t offset = family == FAMILY_IP6 ? 140 : 88;
	const uint16_t sizes[2] = {target, next};

	memcpy(at + offset, sizes, sizeof(sizes));
}

static size_t put_part(
	uint8_t *at, const char *name, uint8_t rev, const void *info, size_t len)
{
	const uint16_t size = 32 + len;

	memcpy(at, &size, sizeof(size));
	memcpy(at + 2, name, strlen(name) + 1);
	at[31] = rev;
	if (info)
		memcpy(at + 32, info, len);
	return size;
}

static size_t put_plain(uint8_t *at, enum family family, int verdict)
{
	const int64_t info = (uint32_t)verdict;
	const size_t head = header_len(family);

	put_entry(at, family, head, head + 40);
	return head + put_part(at + head, "", 0, &info, sizeof(info));
}

static size_t put_error(uint8_t *at, enum family family, const char *name)
{
	const size_t head = header_len(family);
	char info[32] = "";

	memcpy(info, name, strlen(name));
	put_entry(at, family, head, head + 64);
	return head + put_part(at + head, "ERROR", 0, info, sizeof(info));
}

static _Alignas(8) uint8_t made[8192];

/* One rule in a filter table's FORWARD chain, at byte 0; policy ACCEPT. */
static struct legacy_table make_table(enum family family, enum part part,
	const char *name, uint8_t rev, const void *info, size_t len)
{
	const size_t head = header_len(family);
	struct legacy_table table = {
		.family = family, .name = "filter", .valid_hooks = 1u << 2};
	size_t at = head;

	memset(made, 0, sizeof(made));
	at += put_part(made + at, name, rev, info, len);
	if (part == MATCH) {
		const int64_t accept = (uint32_t)-2;

		put_entry(made, family, at, at + 40);
		at += put_part(made + at, "", 0, &accept, sizeof(accept));
	} else {
		put_entry(made, family, head, at);
	}
	table.underflow[2] = at;
	at += put_plain(made + at, family, -2);
	at += put_error(made + at, family, "ERROR");
	table.entries = (struct blob){made, at};
	return table;
}

static const char *one(struct arena *arena, enum family family, enum part part,
	const char *name, uint8_t rev, const void *info, size_t len)
{
	struct legacy_table table = make_table(family, part, name, rev, info, len);
	struct netns netns = {.legacy = &table,
		.nlegacy = 1,
		.ipsets = ipsets,
		.nipsets = ARRAY_LEN(ipsets)};
	struct ruleset *ruleset = decode(&netns);
	const struct rule *rule = &ruleset->chains[0].rules[0];
	const char *text;

	assert_int_equal(ruleset->nchains, 1);
	assert_int_equal(ruleset->chains[0].nrules, 1);
	assert_true(rule->xt);
	text = arena_strdup(arena, ops_text(arena, rule->ops, rule->nops));
	ruleset_free(ruleset);
	return text;
}

/*
 * Every extension that there is a row for, with the size that a 64-bit kernel demands
 * (Linux 6.18 took all of these but ipvs, CLUSTERIP, LED, ULOG, iprange's revision 0
 * and the modules outside its tree, which it does not have).
 */
static const struct known {
	enum part part;
	unsigned int families;
	const char *name;
	uint8_t rev;
	uint16_t len;
} known[] = {
	{MATCH, IP4, "ah", 0, 16},
	{MATCH, BOTH, "dccp", 0, 16},
	{MATCH, BOTH, "dscp", 0, 8},
	{MATCH, BOTH, "ecn", 0, 8},
	{MATCH, BOTH, "esp", 0, 16},
	{MATCH, IP6, "hl", 0, 8},
	{MATCH, IP4, "icmp", 0, 8},
	{MATCH, IP6, "icmp6", 0, 8},
	{MATCH, BOTH, "ipcomp", 0, 16},
	{MATCH, IP4, "iprange", 0, 24},
	{MATCH, BOTH, "iprange", 1, 72},
	{MATCH, BOTH, "l2tp", 0, 16},
	{MATCH, BOTH, "length", 0, 8},
	{MATCH, BOTH, "multiport", 1, 48},
	{MATCH, BOTH, "sctp", 0, 296},
	{MATCH, BOTH, "tcp", 0, 16},
	{MATCH, BOTH, "tcpmss", 0, 8},
	{MATCH, BOTH, "tos", 1, 8},
	{MATCH, IP4, "ttl", 0, 8},
	{MATCH, BOTH, "udp", 0, 16},
	{MATCH, BOTH, "udplite", 0, 16},
	{MATCH, BOTH, "cluster", 0, 16},
	{MATCH, BOTH, "connbytes", 0, 24},
	{MATCH, BOTH, "connlabel", 0, 8},
	{MATCH, BOTH, "connlimit", 1, 32},
	{MATCH, BOTH, "connmark", 1, 16},
	{MATCH, BOTH, "conntrack", 1, 152},
	{MATCH, BOTH, "conntrack", 2, 160},
	{MATCH, BOTH, "conntrack", 3, 168},
	{MATCH, BOTH, "helper", 0, 40},
	{MATCH, BOTH, "state", 0, 8},
	{MATCH, IP4, "addrtype", 0, 16},
	{MATCH, BOTH, "addrtype", 1, 8},
	{MATCH, BOTH, "cgroup", 0, 8},
	{MATCH, BOTH, "cgroup", 1, 4112},
	{MATCH, BOTH, "cgroup", 2, 528},
	{MATCH, BOTH, "devgroup", 0, 24},
	{MATCH, BOTH, "mac", 0, 16},
	{MATCH, BOTH, "mark", 1, 16},
	{MATCH, BOTH, "owner", 1, 24},
	{MATCH, BOTH, "physdev", 0, 72},
	{MATCH, BOTH, "pkttype", 0, 8},
	{MATCH, BOTH, "policy", 0, 312},
	{MATCH, BOTH, "rpfilter", 0, 8},
	{MATCH, IP4, "set", 0, 32},
	{MATCH, BOTH, "set", 1, 8},
	{MATCH, BOTH, "set", 2, 8},
	{MATCH, BOTH, "set", 3, 48},
	{MATCH, BOTH, "set", 4, 48},
	{MATCH, IP4, "socket", 0, 0},
	{MATCH, BOTH, "socket", 1, 8},
	{MATCH, BOTH, "socket", 2, 8},
	{MATCH, BOTH, "socket", 3, 8},
	{MATCH, IP6, "ah", 0, 16},
	{MATCH, IP6, "dst", 0, 40},
	{MATCH, IP6, "frag", 0, 16},
	{MATCH, IP6, "hbh", 0, 40},
	{MATCH, IP6, "ipv6header", 0, 8},
	{MATCH, IP6, "mh", 0, 8},
	{MATCH, IP6, "rt", 0, 280},
	{MATCH, IP6, "srh", 0, 16},
	{MATCH, IP6, "srh", 1, 112},
	{MATCH, BOTH, "asn", 1, ANY},
	{MATCH, BOTH, "bpf", 0, 528},
	{MATCH, BOTH, "bpf", 1, 528},
	{MATCH, BOTH, "comment", 0, 256},
	{MATCH, BOTH, "condition", 1, ANY},
	{MATCH, BOTH, "cpu", 0, 8},
	{MATCH, IP6, "eui64", 0, 8},
	{MATCH, BOTH, "geoip", 1, ANY},
	{MATCH, BOTH, "hashlimit", 1, 56},
	{MATCH, BOTH, "hashlimit", 2, 304},
	{MATCH, BOTH, "hashlimit", 3, 312},
	{MATCH, BOTH, "ipp2p", 1, ANY},
	{MATCH, BOTH, "ipvs", 0, 40},
	{MATCH, BOTH, "limit", 0, 40},
	{MATCH, BOTH, "nfacct", 0, 40},
	{MATCH, BOTH, "nfacct", 1, 40},
	{MATCH, BOTH, "osf", 0, 48},
	{MATCH, BOTH, "psd", 1, ANY},
	{MATCH, BOTH, "quota", 0, 24},
	{MATCH, BOTH, "rateest", 0, 72},
	{MATCH, IP4, "realm", 0, 16},
	{MATCH, BOTH, "recent", 0, 216},
	{MATCH, BOTH, "recent", 1, 232},
	{MATCH, BOTH, "statistic", 0, 24},
	{MATCH, BOTH, "string", 1, 160},
	{MATCH, BOTH, "time", 0, 24},
	{MATCH, BOTH, "u32", 0, 1984},
	{TARGET, IP4, "DNAT", 0, 24},
	{TARGET, BOTH, "DNAT", 1, 40},
	{TARGET, BOTH, "DNAT", 2, 48},
	{TARGET, IP6, "DNPT", 0, 40},
	{TARGET, IP4, "MASQUERADE", 0, 24},
	{TARGET, IP6, "MASQUERADE", 0, 40},
	{TARGET, IP4, "NETMAP", 0, 24},
	{TARGET, IP6, "NETMAP", 0, 40},
	{TARGET, IP4, "REDIRECT", 0, 24},
	{TARGET, IP6, "REDIRECT", 0, 40},
	{TARGET, IP4, "SNAT", 0, 24},
	{TARGET, BOTH, "SNAT", 1, 40},
	{TARGET, BOTH, "SNAT", 2, 48},
	{TARGET, IP6, "SNPT", 0, 40},
	{TARGET, IP4, "TPROXY", 0, 16},
	{TARGET, BOTH, "TPROXY", 1, 32},
	{TARGET, BOTH, "AUDIT", 0, 8},
	{TARGET, BOTH, "CHECKSUM", 0, 8},
	{TARGET, BOTH, "CLASSIFY", 0, 8},
	{TARGET, IP4, "CLUSTERIP", 0, 64},
	{TARGET, BOTH, "CONNMARK", 1, 16},
	{TARGET, BOTH, "CONNMARK", 2, 16},
	{TARGET, BOTH, "CONNSECMARK", 0, 8},
	{TARGET, BOTH, "CT", 0, 40},
	{TARGET, BOTH, "CT", 1, 72},
	{TARGET, BOTH, "CT", 2, 72},
	{TARGET, BOTH, "DSCP", 0, 8},
	{TARGET, IP4, "ECN", 0, 8},
	{TARGET, IP6, "HL", 0, 8},
	{TARGET, BOTH, "HMARK", 0, 64},
	{TARGET, BOTH, "IDLETIMER", 0, 40},
	{TARGET, BOTH, "IDLETIMER", 1, 48},
	{TARGET, BOTH, "LED", 0, 40},
	{TARGET, BOTH, "LOG", 0, 32},
	{TARGET, BOTH, "MARK", 2, 8},
	{TARGET, BOTH, "NFLOG", 0, 80},
	{TARGET, BOTH, "NFQUEUE", 0, 8},
	{TARGET, BOTH, "NFQUEUE", 1, 8},
	{TARGET, BOTH, "NFQUEUE", 2, 8},
	{TARGET, BOTH, "NFQUEUE", 3, 8},
	{TARGET, BOTH, "NOTRACK", 0, 0},
	{TARGET, BOTH, "RATEEST", 0, 32},
	{TARGET, IP4, "REJECT", 0, 8},
	{TARGET, IP6, "REJECT", 0, 8},
	{TARGET, BOTH, "SECMARK", 0, 264},
	{TARGET, BOTH, "SECMARK", 1, 264},
	{TARGET, IP4, "SET", 0, 64},
	{TARGET, BOTH, "SET", 1, 8},
	{TARGET, BOTH, "SET", 2, 16},
	{TARGET, BOTH, "SET", 3, 24},
	{TARGET, BOTH, "SYNPROXY", 0, 8},
	{TARGET, BOTH, "TCPMSS", 0, 8},
	{TARGET, BOTH, "TCPOPTSTRIP", 0, 32},
	{TARGET, BOTH, "TEE", 1, 40},
	{TARGET, BOTH, "TOS", 1, 8},
	{TARGET, BOTH, "TRACE", 0, 0},
	{TARGET, IP4, "TTL", 0, 8},
	{TARGET, IP4, "ULOG", 0, 56},
};

static bool is_unknown(const char *text)
{
	return strstr(text, "xt-match-unknown") || strstr(text, "xt-target-unknown");
}

static bool is_known(const struct known *like, enum family family)
{
	const unsigned int bit = family == FAMILY_IP6 ? IP6 : IP4;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].part == like->part && (known[i].families & bit) &&
			strcmp(known[i].name, like->name) == 0 &&
			known[i].rev == like->rev && known[i].len == like->len)
			return true;
	return false;
}

/* Infos of zeros need not make sense; no decoder may stumble over them. */
static void check_known(
	struct arena *arena, const struct known *row, enum family family)
{
	static const char nat[] = "DNAT SNAT MASQUERADE REDIRECT NETMAP";
	uint8_t info[4500] = {0};
	const char *text;

	/* The old struct of NAT begins with the number of its ranges. */
	if (row->part == TARGET && strstr(nat, row->name))
		info[0] = row->len == 24;
	text = one(arena, family, row->part, row->name, row->rev, info, row->len);
	if (is_unknown(text) == is_known(row, family))
		fail_msg("%s revision %u in IPv%u: %s", row->name, row->rev, family,
			text);
	text = one(arena, family, row->part, row->name, 99, info, row->len);
	assert_true(is_unknown(text));
	text = one(arena, family, row->part, row->name, row->rev, info, 4400);
	if (is_unknown(text) != (row->len != ANY || !is_known(row, family)))
		fail_msg("%s revision %u of 4400 bytes: %s", row->name, row->rev, text);
}

static void test_known(void **state)
{
	const size_t n = xt_header_matches.nrows + xt_ct_matches.nrows +
			 xt_host_matches.nrows + xt_ip6_matches.nrows +
			 xt_other_matches.nrows + xt_nat_targets.nrows +
			 xt_other_targets.nrows;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		check_known(&arena, &known[i], FAMILY_IP4);
		check_known(&arena, &known[i], FAMILY_IP6);
	}
	arena_done(&arena);
	assert_int_equal(n, ARRAY_LEN(known));
}

/* ---- revisions that today's iptables no longer writes, and odd contents ---- */

static void expect(enum family family, enum part part, const char *name, uint8_t rev,
	const void *info, size_t len, const char *ops)
{
	uint8_t padded[512] = {0};
	struct arena arena;
	const char *text;

	assert_true(len <= sizeof(padded));
	memcpy(padded, info, len);
	arena_init(&arena, 0);
	text = one(&arena, family, part, name, rev, padded, XT_ALIGN(len));
	if (strcmp(text, ops) != 0)
		fail_msg("%s revision %u: %s, expected %s", name, rev, text, ops);
	arena_done(&arena);
}

#define EXPECT4(part, name, rev, info, ops) \
	expect(FAMILY_IP4, part, name, rev, &(info), sizeof(info), ops)
#define EXPECT6(part, name, rev, info, ops) \
	expect(FAMILY_IP6, part, name, rev, &(info), sizeof(info), ops)

#define TRACKED "ct.state&41000000^00000000 == 00000000; "

static void test_conntrack_revisions(void **state)
{
	struct xt_conntrack_mtinfo1 v1 = {
		.match_flags = XT_CONNTRACK_STATE, .state_mask = 8};
	const struct xt_conntrack_mtinfo2 v2 = {
		.match_flags = XT_CONNTRACK_ORIGDST_PORT | XT_CONNTRACK_STATUS,
		.invert_flags = XT_CONNTRACK_ORIGDST_PORT,
		.origdst_port = htons(80),
		.status_mask = 0x100};
	struct xt_conntrack_mtinfo3 v3 = {.match_flags = XT_CONNTRACK_STATUS};

	(void)state;
	EXPECT4(MATCH, "conntrack", 1, v1,
		"ct.state&08000000^00000000 != 00000000; accept");
	v1.match_flags |= XT_CONNTRACK_STATUS;
	v1.status_mask = 4;
	EXPECT6(MATCH, "conntrack", 1, v1,
		"ct.state&08000000^00000000 != 00000000; "
		"ct.status&04000000^00000000 != 00000000; accept");
	EXPECT4(MATCH, "conntrack", 2, v2,
		TRACKED "ct.orig.dport != 0050; "
			"ct.status&00010000^00000000 != 00000000; accept");
	/* --ctstatus NONE asks for none of no bits: never; inverted: always. */
	EXPECT4(MATCH, "conntrack", 3, v3, TRACKED "{}; accept");
	v3.invert_flags = XT_CONNTRACK_STATUS;
	EXPECT4(MATCH, "conntrack", 3, v3, TRACKED "accept");
	/* No protocol has a number above 255. */
	v3.match_flags = XT_CONNTRACK_PROTO;
	v3.l4proto = 256 + 6;
	v3.invert_flags = 0;
	EXPECT4(MATCH, "conntrack", 3, v3, TRACKED "{}; accept");
}

static void test_set_revisions(void **state)
{
	struct xt_set_info_match_v0 v0 = {.match_set = {.index = 0}};
	struct xt_set_info_match_v1 v1 = {
		.match_set = {.index = 1, .dim = 2, .flags = 1 << 2}};
	struct xt_set_info_match_v3 v3 = {
		.match_set = {.index = 0, .dim = 1, .flags = 1 << 1},
		.bytes = {.op = IPSET_COUNTER_GT}};
	struct xt_set_info_target_v3 target = {
		.map_set = {.index = 0, .dim = 1}, .flags = IPSET_FLAG_MAP_SKBMARK};

	(void)state;
	v0.match_set.u.flags[0] = IPSET_SRC | IPSET_MATCH_INV;
	EXPECT4(MATCH, "set", 0, v0, "! set four src; accept");
	EXPECT6(MATCH, "set", 1, v1, "set six dst,src; accept");
	EXPECT6(MATCH, "set", 2, v1, "set six dst,src; accept");
	/* A set of another family or of more parts never matches. */
	EXPECT4(MATCH, "set", 1, v1, "{}; accept");
	v1.match_set.flags |= IPSET_INV_MATCH;
	EXPECT4(MATCH, "set", 1, v1, "accept");
	v1.match_set.index = 77;
	EXPECT4(MATCH, "set", 1, v1, "! set (none) dst,src; accept");
	v1.match_set.flags |= 1 << 7; /* --return-nomatch */
	EXPECT4(MATCH, "set", 2, v1,
		"maybe ipset (! set ? with return-nomatch); accept");
	EXPECT4(MATCH, "set", 3, v3, "set four src maybe; accept");
	v3.match_set.flags |= IPSET_INV_MATCH;
	EXPECT4(MATCH, "set", 3, v3, "maybe ipset (! set four with counters); accept");
	EXPECT4(TARGET, "SET", 3, target, "nop (SET); set mark = ?ipset-map");
	target.map_set.index = IPSET_INVALID_ID;
	EXPECT4(TARGET, "SET", 3, target, "nop (SET)");
}

static void test_odd_matches(void **state)
{
	const struct xt_addrtype_info kinds = {.dest = 1 << 2, .invert_dest = 1};
	const struct xt_addrtype_info_v1 none = {.dest = XT_ADDRTYPE_BLACKHOLE};
	const struct xt_addrtype_info_v1 two = {.source = XT_ADDRTYPE_MULTICAST |
							  XT_ADDRTYPE_ANYCAST |
							  XT_ADDRTYPE_UNREACHABLE};
	struct xt_multiport_v1 ports = {.count = 16};
	struct xt_udp udp = {.spts = {0, 65535}, .dpts = {9, 8}};
	const uint32_t range[6] = {htonl(5), htonl(9), htonl(7), htonl(7), 0x23};

	(void)state;
	EXPECT4(MATCH, "addrtype", 0, kinds, "fib.type(2) != 02000000; accept");
	/* match_type6() looks at no such bit: it says yes. */
	EXPECT6(MATCH, "addrtype", 1, none, "accept");
	EXPECT6(MATCH, "addrtype", 1, two,
		"saddr in ff000000000000000000000000000000-"
		"ffffffffffffffffffffffffffffffff; {fib.type(1) == 04000000 | "
		"fib.type(1) == 06000000 | fib.type(1) == 07000000 | "
		"fib.type(1) == 08000000 | fib.type(1) == 09000000}; accept");
	EXPECT4(MATCH, "multiport", 1, ports,
		"maybe xt-match-unknown (multiport); accept");
	ports = (struct xt_multiport_v1){.count = 2,
		.flags = XT_MULTIPORT_DESTINATION,
		.ports = {9, 5},
		.pflags = {1, 0}};
	EXPECT4(MATCH, "multiport", 1, ports, "dport in {}; accept");
	EXPECT4(MATCH, "udp", 0, udp, "{}; accept");
	udp.invflags = XT_UDP_INV_DSTPT;
	EXPECT4(MATCH, "udplite", 0, udp, "accept");
	udp.invflags = XT_UDP_INV_SRCPT;
	udp.dpts[1] = 9;
	EXPECT4(MATCH, "udp", 0, udp, "{}; dport == 0009; accept");
	expect(FAMILY_IP4, MATCH, "iprange", 0, range, 20,
		"saddr in 00000005-00000009; daddr != 00000007; accept");
}

static void test_odd_targets(void **state)
{
	struct nf_nat_ipv4_multi_range_compat compat = {.rangesize = 2};
	const struct nf_nat_range v1 = {.flags = NF_NAT_RANGE_MAP_IPS,
		.min_addr.ip = htonl(0x0a000001),
		.max_addr.ip = htonl(0x0a000002)};
	const struct xt_tproxy_target_info tproxy = {.lport = htons(80)};
	const struct xt_connmark_tginfo1 save = {
		.mode = XT_CONNMARK_SAVE, .ctmask = UINT32_MAX, .nfmask = 0xff};
	const struct xt_ct_target_info ct = {.helper = "ftp", .zone = 7};
	const uint32_t code = 4, codes = 77;
	const uint16_t queue = 5;

	(void)state;
	EXPECT4(TARGET, "DNAT", 0, compat, "unknown xt-target-unknown (DNAT)");
	compat.rangesize = 1;
	EXPECT4(TARGET, "DNAT", 0, compat, "dnat ip4");
	EXPECT4(TARGET, "SNAT", 1, v1, "snat ip4 0a000001-0a000002 flags 1");
	EXPECT4(TARGET, "TPROXY", 0, tproxy, "tproxy ip4 port 0050-0050; accept");
	EXPECT4(TARGET, "CONNMARK", 1, save, "set ct.mark = mark&ff000000^00000000");
	EXPECT4(TARGET, "CT", 0, ct, "nop (CT helper ftp); zone 0700");
	EXPECT4(TARGET, "REJECT", 0, code, "drop"); /* echo reply: never was one */
	EXPECT6(TARGET, "REJECT", 0, codes, "drop");
	EXPECT4(TARGET, "NFQUEUE", 0, queue, "queue (NFQUEUE num 5)");
}

/* ---- legacy tables as a whole ---- */

static const struct chain *find_chain(
	const struct ruleset *ruleset, const char *table, const char *name)
{
	for (size_t i = 0; i < ruleset->nchains; i++)
		if (strcmp(ruleset->chains[i].table, table) == 0 &&
			strcmp(ruleset->chains[i].name, name) == 0)
			return &ruleset->chains[i];
	fail_msg("no chain %s in %s", name, table);
	return NULL;
}

static void check_base(const struct ruleset *ruleset, const char *table,
	const char *name, enum hook hook, int32_t priority, enum chain_type type)
{
	const struct chain *chain = find_chain(ruleset, table, name);

	assert_true(chain->base && chain->legacy);
	assert_int_equal(chain->hook, hook);
	assert_int_equal(chain->priority, priority);
	assert_int_equal(chain->type, type);
}

static void test_legacy_chains(void **state)
{
	const struct recorded *rec = *state;
	const struct ruleset *rules = rec->legacy_rules;
	const struct chain *chain = find_chain(rules, "ip filter (legacy)", "FORWARD");

	assert_true(rules->has_legacy);
	assert_true(rules->uses_conntrack);
	assert_int_equal(chain->policy, VERDICT_DROP);
	assert_int_equal(chain->family, TABLE_IP);
	assert_int_equal(chain->rules[0].number, 1);
	assert_ptr_equal(chain->rules[0].chain, chain);
	check_base(rules, "ip raw (legacy)", "OUTPUT", HOOK_OUTPUT, -300, CHAIN_FILTER);
	check_base(
		rules, "ip mangle (legacy)", "OUTPUT", HOOK_OUTPUT, -150, CHAIN_ROUTE);
	check_base(rules, "ip nat (legacy)", "PREROUTING", HOOK_PREROUTING, -100,
		CHAIN_NAT);
	check_base(rules, "ip nat (legacy)", "INPUT", HOOK_INPUT, 100, CHAIN_NAT);
	check_base(rules, "ip6 filter (legacy)", "INPUT", HOOK_INPUT, 0, CHAIN_FILTER);
	chain = find_chain(rules, "ip filter (legacy)", "user");
	assert_false(chain->base);
	assert_int_equal(chain->nrules, 1); /* the RETURN at its end is no rule */
	chain = find_chain(rules, "ip6 filter (legacy)", "INPUT");
	assert_int_equal(chain->family, TABLE_IP6);
	assert_int_equal(chain->policy, VERDICT_ACCEPT);
}

static int decode_legacy(const struct legacy_table *table, struct err *err)
{
	struct legacy_table copy = *table;
	struct netns netns = {.legacy = &copy, .nlegacy = 1};
	struct ruleset *ruleset = NULL;
	int r;

	*err = (struct err){0};
	r = ruleset_decode(&netns, &ruleset, err);
	ruleset_free(ruleset);
	return r;
}

/* A table that iptables made when it looked, and nobody filled, filters nothing. */
static void test_legacy_empty(void **state)
{
	struct legacy_table table = {
		.family = FAMILY_IP4, .name = "filter", .valid_hooks = 1u << 2};
	struct netns netns = {.legacy = &table, .nlegacy = 1};
	struct ruleset *ruleset;
	size_t at;

	(void)state;
	memset(made, 0, sizeof(made));
	at = put_plain(made, FAMILY_IP4, -2);
	at += put_error(made + at, FAMILY_IP4, "ERROR");
	table.entries = (struct blob){made, at};
	ruleset = decode(&netns);
	assert_false(ruleset->has_legacy);
	assert_int_equal(ruleset->chains[0].nrules, 0);
	ruleset_free(ruleset);
	put_plain(made, FAMILY_IP4, -1);
	ruleset = decode(&netns);
	assert_true(ruleset->has_legacy);
	assert_int_equal(ruleset->chains[0].policy, VERDICT_DROP);
	ruleset_free(ruleset);
}

static void refuse(const struct legacy_table *table, const char *why)
{
	struct err err;

	assert_int_equal(decode_legacy(table, &err), -EINVAL);
	if (!strstr(err.text, why) || !strstr(err.text, "ip table 'filter' (legacy)"))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void test_legacy_malformed(void **state)
{
	const uint32_t jump = 7, middle = 112, verdict = (uint32_t)-9;
	struct legacy_table table =
		make_table(FAMILY_IP4, MATCH, "state", 0, "\1\0\0\0\0\0\0", 8);
	struct legacy_table bad = table;
	struct err err;

	(void)state;
	assert_int_equal(decode_legacy(&table, &err), 0);
	bad.hook_entry[2] = 8;
	refuse(&bad, "byte 8: a built-in chain");
	bad = table;
	bad.underflow[2] = 0;
	refuse(&bad, "byte 0: a policy that is none");
	bad = table;
	bad.valid_hooks = 1;
	refuse(&bad, "a hook that this table does not have");
	/* Byte 112 is the match, 152 the target, 184 its verdict. */
	memcpy(made + 184, &jump, sizeof(jump));
	refuse(&table, "byte 0: a jump to no chain's beginning");
	memcpy(made + 184, &middle, sizeof(middle));
	refuse(&table, "byte 0: a jump to no chain's beginning");
	memcpy(made + 184, &verdict, sizeof(verdict));
	refuse(&table, "byte 0: an unknown verdict");
	made[112] = 0xff;
	refuse(&table, "byte 0: a match that runs past its entry");
	made[90] = 0xff; /* next_offset */
	made[91] = 0xff;
	refuse(&table, "byte 0: an entry of an impossible length");
	table.entries.len = 8;
	refuse(&table, "byte 0: an entry that runs past the table");
}

/* No byte changed, and no end, makes it read outside or stop with anything but words.
 */
static void test_legacy_mutations(void **state)
{
	struct legacy_table table =
		make_table(FAMILY_IP6, MATCH, "state", 0, "\1\0\0\0\0\0\0", 8);
	const size_t len = table.entries.len;
	struct err err;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		uint8_t *copy = malloc(len);
		const uint8_t values[] = {0, 1, 0x7f, 0xff, made[i] + 8};

		assert_non_null(copy);
		memcpy(copy, made, len);
		table.entries = (struct blob){copy, i};
		assert_int_equal(decode_legacy(&table, &err), -EINVAL);
		table.entries.len = len;
		for (size_t j = 0; j < sizeof(values); j++) {
			copy[i] = values[j];
			if (decode_legacy(&table, &err) < 0) {
				assert_int_equal(err.code, -EINVAL);
				assert_non_null(strstr(err.text, "byte"));
			}
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_conntrack_revisions),
		cmocka_unit_test(test_set_revisions),
		cmocka_unit_test(test_odd_matches),
		cmocka_unit_test(test_odd_targets),
		cmocka_unit_test(test_legacy_chains),
		cmocka_unit_test(test_legacy_empty),
		cmocka_unit_test(test_legacy_malformed),
		cmocka_unit_test(test_legacy_mutations),
	};

	return cmocka_run_group_tests(tests, load_recorded, free_recorded);
}
