/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every xt extension that there is a row for, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "netmon/model/xt.h"
#include "xt_made.h"

enum { IP4 = 1, IP6 = 2, BOTH = 3, BRIDGE = 8, ANY = 1000 };

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
	{MATCH, BRIDGE, "802_3", 0, 8},
	{MATCH, BRIDGE, "arp", 0, 56},
	{MATCH, BRIDGE, "ip", 0, 32},
	{MATCH, BRIDGE, "ip6", 0, 80},
	{MATCH, BRIDGE, "limit", 0, 32},
	{MATCH, BRIDGE, "mark_m", 0, 24},
	{MATCH, BRIDGE, "pkttype", 0, 8},
	{MATCH, BRIDGE, "stp", 0, 72},
	{MATCH, BRIDGE, "vlan", 0, 8},
	{TARGET, BRIDGE, "log", 0, 40},
	{TARGET, BRIDGE, "mark", 0, 16},
	{TARGET, BRIDGE, "nflog", 0, 80},
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
	text = made_ops(arena, family, row->part, row->name, row->rev, info, row->len);
	if (is_unknown(text) == is_known(row, family))
		fail_msg("%s revision %u in IPv%u: %s", row->name, row->rev, family,
			text);
	text = made_ops(arena, family, row->part, row->name, 99, info, row->len);
	assert_true(is_unknown(text));
	text = made_ops(arena, family, row->part, row->name, row->rev, info, 4400);
	if (is_unknown(text) != (row->len != ANY || !is_known(row, family)))
		fail_msg("%s revision %u of 4400 bytes: %s", row->name, row->rev, text);
}

static void test_known(void **state)
{
	const size_t n =
		xt_header_matches.nrows + xt_ct_matches.nrows + xt_host_matches.nrows +
		xt_ip6_matches.nrows + xt_other_matches.nrows + xt_nat_targets.nrows +
		xt_other_targets.nrows + xt_bridge_matches.nrows +
		xt_bridge_targets.nrows + xt_set_matches.nrows + xt_set_targets.nrows;
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_known)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
