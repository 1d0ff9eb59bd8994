// SPDX-License-Identifier: GPL-2.0-or-later
/* The least that reading the rules can cost: asks nf_tables for every table, chain,
 * rule, set and element over netlink, and throws the answers away. Prints bytes and
 * messages.
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
#define MAX_SETS   4096
#define NAME_LEN   256

struct set {
	unsigned char family;
	char table[NAME_LEN], name[NAME_LEN];
};

static struct set sets[MAX_SETS];
static size_t nsets;
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

static void remember_set(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *g = NLMSG_DATA(nlh);
	const char *at = (const char *)g + NLMSG_ALIGN(sizeof(*g));
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	struct set *s = &sets[nsets];

	if (nsets == MAX_SETS)
		return;
	memset(s, 0, sizeof(*s));
	s->family = g->nfgen_family;
	while (end - at >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)at;
		int type = a->nla_type & NLA_TYPE_MASK;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at)
			return;
		if (type == NFTA_SET_TABLE)
			snprintf(s->table, NAME_LEN, "%s", at + NLA_HDRLEN);
		else if (type == NFTA_SET_NAME)
			snprintf(s->name, NAME_LEN, "%s", at + NLA_HDRLEN);
		at += NLA_ALIGN(a->nla_len);
	}
	nsets++;
}

/* One dump, of one set's elements when @set is given. */
static int dump(int fd, int what, const struct set *set, char *buffer)
{
	char request[1024] = {0};
	struct nlmsghdr *nlh = (struct nlmsghdr *)request;
	struct nfgenmsg *g = NLMSG_DATA(nlh);
	size_t len = NLMSG_LENGTH(sizeof(*g));

	nlh->nlmsg_type = (unsigned short)(NFNL_SUBSYS_NFTABLES << 8 | what);
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	g->nfgen_family = set ? set->family : AF_UNSPEC;
	g->version = NFNETLINK_V0;
	if (set) {
		len += put_string(request + len, NFTA_SET_ELEM_LIST_TABLE, set->table);
		len += put_string(request + len, NFTA_SET_ELEM_LIST_SET, set->name);
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
				remember_set(nlh);
		}
	}
}

int main(void)
{
	static const int kinds[] = {
		NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	char *buffer = malloc(BUFFER_LEN);
	size_t i;
	int r = fd < 0 || !buffer ? -1 : 0;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && r == 0; i++)
		r = dump(fd, kinds[i], NULL, buffer);
	for (i = 0; i < nsets && r == 0; i++)
		r = dump(fd, NFT_MSG_GETSETELEM, &sets[i], buffer);
	free(buffer);
	if (r < 0) {
		fprintf(stderr, "dump: %s\n", strerror(-r));
		return 1;
	}
	printf("%llu bytes, %llu messages\n", nbytes, nmessages);
	return 0;
}
