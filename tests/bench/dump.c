// SPDX-License-Identifier: GPL-2.0-or-later
/* The least that reading the rules can cost: asks nf_tables for every table, chain,
 * rule, set and element over netlink, and throws the answers away. Prints bytes and
 * messages. Rules are asked for all at once, as nft does; given "chains", chain by
 * chain, as netmon does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_LEN (1024 * 1024)
#define MAX_OWNERS 4096
#define NAME_LEN   256

/* A set, of elements, or a chain, of rules. */
struct owner {
	unsigned char family;
	char table[NAME_LEN], name[NAME_LEN];
};

struct owners {
	struct owner v[MAX_OWNERS];
	size_t n;
};

static struct owners sets, chains;
static unsigned long long nbytes, nmessages;

static size_t put_string(char *at, unsigned short type, const char *text)
{
	struct nlattr a = {.nla_type = type};
	size_t len = strlen(text) + 1;

	a.nla_len = (unsigned short)(NLA_HDRLEN + len);
	memcpy(at, &a, sizeof(a));
	memcpy(at + NLA_HDRLEN, text, len);
	return NLA_ALIGN(a.nla_len);
}

static void remember(
	struct owners *owners, unsigned short name, const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *g = NLMSG_DATA(nlh);
	const char *at = (const char *)g + NLMSG_ALIGN(sizeof(*g));
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	struct owner *o = &owners->v[owners->n];

	if (owners->n == MAX_OWNERS)
		return;
	memset(o, 0, sizeof(*o));
	o->family = g->nfgen_family;
	while (end - at >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)at;
		int type = a->nla_type & NLA_TYPE_MASK;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at)
			return;
		if (type == NFTA_SET_TABLE) /* a chain's is the same */
			snprintf(o->table, NAME_LEN, "%s", at + NLA_HDRLEN);
		else if (type == name)
			snprintf(o->name, NAME_LEN, "%s", at + NLA_HDRLEN);
		at += NLA_ALIGN(a->nla_len);
	}
	owners->n++;
}

/* One dump, of what is in one set or chain when that is given. */
static int dump(int fd, int what, const struct owner *owner, char *buffer)
{
	char request[1024] = {0};
	struct nlmsghdr *nlh = (struct nlmsghdr *)request;
	struct nfgenmsg *g = NLMSG_DATA(nlh);
	size_t len = NLMSG_LENGTH(sizeof(*g));

	nlh->nlmsg_type = (unsigned short)(NFNL_SUBSYS_NFTABLES << 8 | what);
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	g->nfgen_family = owner ? owner->family : AF_UNSPEC;
	g->version = NFNETLINK_V0;
	if (owner) { /* both ask by attributes 1 and 2 */
		len += put_string(request + len, NFTA_RULE_TABLE, owner->table);
		len += put_string(request + len, NFTA_RULE_CHAIN, owner->name);
	}
	nlh->nlmsg_len = (unsigned int)len;
	if (send(fd, request, len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, buffer, BUFFER_LEN, 0);
		int left = (int)n;

		if (n < 0)
			return -errno;
		nbytes += (unsigned long long)n;
		for (nlh = (struct nlmsghdr *)buffer; NLMSG_OK(nlh, left);
			nlh = NLMSG_NEXT(nlh, left)) {
			if (nlh->nlmsg_type == NLMSG_DONE)
				return 0;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
			nmessages++;
			if (what == NFT_MSG_GETSET)
				remember(&sets, NFTA_SET_NAME, nlh);
			else if (what == NFT_MSG_GETCHAIN)
				remember(&chains, NFTA_CHAIN_NAME, nlh);
		}
	}
}

static int dump_each(int fd, int what, const struct owners *owners, char *buffer)
{
	int r = 0;

	for (size_t i = 0; i < owners->n && r == 0; i++)
		r = dump(fd, what, &owners->v[i], buffer);
	return r;
}

int main(int argc, char **argv)
{
	int by_chain = argc > 1 && strcmp(argv[1], "chains") == 0;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	char *buffer = malloc(BUFFER_LEN);
	int r = fd < 0 || !buffer ? -1 : 0;

	if (r == 0)
		r = dump(fd, NFT_MSG_GETTABLE, NULL, buffer);
	if (r == 0)
		r = dump(fd, NFT_MSG_GETCHAIN, NULL, buffer);
	if (r == 0)
		r = by_chain ? dump_each(fd, NFT_MSG_GETRULE, &chains, buffer)
			     : dump(fd, NFT_MSG_GETRULE, NULL, buffer);
	if (r == 0)
		r = dump(fd, NFT_MSG_GETSET, NULL, buffer);
	if (r == 0)
		r = dump_each(fd, NFT_MSG_GETSETELEM, &sets, buffer);
	free(buffer);
	if (r < 0) {
		fprintf(stderr, "dump: %s\n", strerror(-r));
		return 1;
	}
	printf("%llu bytes, %llu messages\n", nbytes, nmessages);
	return 0;
}
