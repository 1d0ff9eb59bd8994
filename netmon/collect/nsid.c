/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netmon/collect/nsid.h"

#include <sched.h>
#include <sys/socket.h>

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include "netmon/collect/nlsock.h"

/*
 * Theory of operation. The kernel tells of a link's peer or parent its index, and the
 * number that the link's namespace has for the other's (IFLA_LINK_NETNSID). Each
 * namespace numbers anew, so a number is told only by asking what it has for each
 * namespace that is known here (rtnl_net_getid()). One of none of them is NETNS_OTHER.
 */

static int parse_nsid(const struct nlmsghdr *message, void *data, struct err *err)
{
	const struct nlattr *tb[NETNSA_MAX + 1];

	(void)err;
	if (message->nlmsg_type != RTM_NEWNSID)
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(struct rtgenmsg));
	if (tb[NETNSA_NSID])
		*(int *)data = (int)attr_u32(tb[NETNSA_NSID]);
	return 0;
}

/* The number that the thread's namespace has for that of @fd; -1: none. */
static int ask(struct nlsock *sock, int fd, int *ret_nsid, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct nlmsghdr *request = nlsock_request(
		sock, buffer, RTM_GETNSID, NLM_F_ACK, sizeof(struct rtgenmsg));

	*ret_nsid = NETNSA_NSID_NOT_ASSIGNED;
	mnl_attr_put_u32(request, NETNSA_FD, (uint32_t)fd);
	return nlsock_dump(sock, request, parse_nsid, ret_nsid, err);
}

/* Links of that number are resolved. Returns how many are still not. */
static size_t resolve(struct netns *netns, int nsid, const char *id)
{
	size_t left = 0;

	for (size_t i = 0; i < netns->nlinks; i++) {
		struct link *link = &netns->links[i];

		if (link->link_netnsid >= 0 && link->link_netnsid == nsid)
			link->link_netns = id;
		left += link->link_netnsid >= 0 && !link->link_netns;
	}
	return left;
}

static int ask_all(struct nlsock *sock, const struct nsid_place *places, size_t n,
	struct netns *netns, struct err *err)
{
	size_t left = resolve(netns, -1, NULL);
	bool all = true;

	for (size_t i = 0; i < n && left; i++) {
		int nsid, r;

		all &= places[i].fd >= 0;
		if (places[i].fd < 0 || places[i].netns == netns)
			continue;
		r = ask(sock, places[i].fd, &nsid, err);
		if (r < 0)
			return r;
		left = resolve(netns, nsid, places[i].netns->id);
	}
	for (size_t i = 0; all && i < netns->nlinks; i++)
		if (netns->links[i].link_netnsid >= 0 && !netns->links[i].link_netns)
			netns->links[i].link_netns = NETNS_OTHER;
	return 0;
}

void collect_nsids(struct facts *facts, const struct nsid_place *places, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct netns *netns = places[i].netns;
		struct nlsock sock = {0};
		struct err err = {0};
		int r = -1;

		for (size_t k = 0; k < netns->nlinks; k++)
			if (netns->links[k].link_netnsid < 0 && netns->links[k].link)
				netns->links[k].link_netns = netns->id;
		if (resolve(netns, -1, NULL) == 0)
			continue;
		if (places[i].fd >= 0 && setns(places[i].fd, CLONE_NEWNET) == 0)
			r = nlsock_open(&sock, NETLINK_ROUTE, &err);
		if (r == 0)
			r = ask_all(&sock, places, n, netns, &err);
		nlsock_done(&sock);
		if (r < 0)
			facts_note(facts, "netns-links", netns->id, false,
				"where the other ends of its links are could not be "
				"asked: they are found by their numbers");
	}
}
