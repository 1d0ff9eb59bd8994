/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions on netfilter's hooks that belong to no rules. */
#include "netmon/collect/hook.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>

#include "common/cleanup.h"
#include "netmon/collect/nlsock.h"

/*
 * Theory of operation. The kernel lists the functions on each hook of a family (Linux
 * 5.14), tables' base chains among them. A table of name beginnings says which are
 * modelled or cannot let anything in; any other one may do anything to a packet.
 */
enum {
	SUBSYS_HOOK = 12, /* NFNL_SUBSYS_HOOK */
	HOOK_NOTES_MAX = 32,
};

#define UNSEEN "hooks-unseen"

struct row {
	const char *prefix;
	const char *code; /* NULL: nothing to note */
};

/* The first that fits counts. */
static const struct row rows[] = {
	{"ip_vs_", "ipvs"},
	{"nf_hook_run_bpf", "bpf-netfilter"},
	{"ebt_", "ebtables-legacy"},
	{"nft_", NULL},	    /* base chains, and their dispatch */
	{"nf_flow_", NULL}, /* flowtables: only flows that the rules let in */
	{"iptable_", NULL}, /* iptables-legacy: read as tables */
	{"ip6table_", NULL},
	{"ipt_", NULL},
	{"ip6t_", NULL},
	{"arpt_", NULL},
	{"nf_nat_", NULL},
	{"nf_ct_", NULL},
	{"nf_confirm", NULL},
	{"nf_conntrack_", NULL},
	{"ipv4_conntrack_", NULL},
	{"ipv6_conntrack_", NULL},
	{"ipv4_confirm", NULL},
	{"ipv6_confirm", NULL},
	{"ipv4_helper", NULL},
	{"ipv6_helper", NULL},
	{"ipv6_defrag", NULL},
	{"ipv4_synproxy_", NULL},
	{"ipv6_synproxy_", NULL},
	{"br_nf_", NULL}, /* br_netfilter: modelled by its settings */
	{"ip_sabotage_in", NULL},
	{"selinux_", NULL}, /* security modules drop, and do nothing else */
	{"apparmor_", NULL},
	{"smack_", NULL},
};

struct reader {
	struct facts *facts;
	struct netns *netns;
	const char *family;
	size_t nnotes, nunnamed;
};

const char *hook_code(const char *function)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strncmp(function, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].code;
	}
	return "netfilter-hook";
}

static int parse_hook(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct reader *reader = data;
	const struct nlattr *tb[NFNLA_HOOK_MAX + 1], *info[NFNLA_HOOK_INFO_MAX + 1];
	const char *function, *code;

	(void)err;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(struct nfgenmsg));
	attrs_parse_nested(info, ARRAY_LEN(info), tb[NFNLA_HOOK_CHAIN_INFO]);
	if (ntohl(attr_u32(info[NFNLA_HOOK_INFO_TYPE])) == NFNL_HOOK_TYPE_NFTABLES)
		return 0;
	function = attr_text(tb[NFNLA_HOOK_FUNCTION_NAME]);
	/* A kernel without symbols tells addresses. */
	if (!function || strncmp(function, "0x", 2) == 0) {
		reader->nunnamed++;
		return 0;
	}
	code = hook_code(function);
	if (!code || ++reader->nnotes > HOOK_NOTES_MAX)
		return 0;
	facts_note(reader->facts, code, reader->netns->id, true,
		"%s (module %s) handles %s packets at netfilter hook %u and is not "
		"followed",
		function,
		tb[NFNLA_HOOK_MODULE_NAME] ? attr_text(tb[NFNLA_HOOK_MODULE_NAME])
					   : "built in",
		reader->family, ntohl(attr_u32(tb[NFNLA_HOOK_HOOKNUM])));
	return 0;
}

static int dump_hook(struct nlsock *sock, struct reader *reader, uint8_t family,
	uint32_t number, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct nlmsghdr *request =
		nlsock_request(sock, buffer, SUBSYS_HOOK << 8 | NFNL_MSG_HOOK_GET,
			NLM_F_DUMP, sizeof(struct nfgenmsg));

	((struct nfgenmsg *)mnl_nlmsg_get_payload(request))->nfgen_family = family;
	mnl_attr_put_u32(request, NFNLA_HOOK_HOOKNUM, htonl(number));
	return nlsock_dump(sock, request, parse_hook, reader, err);
}

/* What the host's kernel cannot tell it cannot tell of a container's namespace either.
 */
static bool is_unseen(const struct facts *facts)
{
	for (size_t i = 0; i < facts->nnotes; i++) {
		if (strcmp(facts->notes[i].code, UNSEEN) == 0)
			return true;
	}
	return false;
}

bool hook_has_service(FILE *file)
{
	static const char *const kinds[] = {"TCP ", "UDP ", "SCTP", "FWM "};
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			if (strncmp(line, kinds[i], strlen(kinds[i])) == 0)
				return true;
	return false;
}

/* IPVS tells of itself where its hooks cannot be seen. */
static void note_services(struct facts *facts, const struct netns *netns)
{
	_cleanup_(cleanup_fclose) FILE *file =
		fopen("/proc/thread-self/net/ip_vs", "re");

	if (hook_has_service(file))
		facts_note(facts, "ipvs", netns->id, true,
			"IPVS carries connections to other addresses, and is not "
			"followed");
}

void collect_hooks(struct facts *facts, struct netns *netns)
{
	static const struct {
		uint8_t number;
		const char *name;
	} families[] = {{NFPROTO_IPV4, "IPv4"}, {NFPROTO_IPV6, "IPv6"},
		{NFPROTO_BRIDGE, "bridge"}};
	struct reader reader = {.facts = facts, .netns = netns};
	struct nlsock sock;
	struct err err = {0};

	/* Each vain request makes the kernel look for a module, which takes long. */
	if (is_unseen(facts)) {
		note_services(facts, netns);
		return;
	}
	int r = nlsock_open(&sock, NETLINK_NETFILTER, &err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(families); i++) {
		reader.family = families[i].name;
		for (uint32_t hook = 0; r == 0 && hook < NF_INET_NUMHOOKS; hook++) {
			r = dump_hook(&sock, &reader, families[i].number, hook, &err);
			/* Repeated notes would be worse than a hook missed in a race.
			 */
			if (r == -EINTR)
				r = 0;
		}
	}
	nlsock_done(&sock);
	if (r >= 0 && !reader.nunnamed)
		return;
	note_services(facts, netns);
	facts_note(facts, UNSEEN, netns->id, false,
		"functions of other modules on netfilter's hooks, if there are "
		"any, could not be seen: %s",
		r < 0 ? err.text : "the kernel does not name them");
}
