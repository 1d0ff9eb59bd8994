/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who answers for an address that is not his, or is told to: neighbour entries that
 * somebody made. */
#include <errno.h>
#include <sys/socket.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "netmon/collect/rtnl.h"

static int parse_neigh(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct rtnl_target *target = data;
	const struct ndmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[NDA_MAX + 1];
	const bool proxy = info->ndm_flags & NTF_PROXY;

	if (message->nlmsg_type != RTM_NEWNEIGH ||
		(info->ndm_family != AF_INET && info->ndm_family != AF_INET6) ||
		!(proxy || info->ndm_state & NUD_PERMANENT))
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(*info));
	const struct addr addr = attr_addr(tb[NDA_DST]);
	if (addr.family == FAMILY_NONE)
		return 0;
	struct neigh *neigh = arena_push(&target->facts->arena, &target->netns->neighs,
		&target->netns->nneighs, sizeof(*neigh));
	if (!neigh)
		return err_set(err, -ENOMEM, "out of memory");
	neigh->ifindex = info->ndm_ifindex;
	neigh->addr = addr;
	neigh->proxy = proxy;
	return 0;
}

static int dump(
	struct nlsock *sock, struct rtnl_target *target, uint8_t flags, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct nlmsghdr *request = nlsock_request(
		sock, buffer, RTM_GETNEIGH, NLM_F_DUMP, sizeof(struct ndmsg));

	((struct ndmsg *)mnl_nlmsg_get_payload(request))->ndm_flags = flags;
	int r = nlsock_dump(sock, request, parse_neigh, target, err);
	return r < 0 ? err_wrap(err, "neighbours") : 0;
}

int rtnl_dump_neighs(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	target->netns->neighs = NULL;
	target->netns->nneighs = 0;
	int r = dump(sock, target, NTF_PROXY, err);

	return r < 0 ? r : dump(sock, target, 0, err);
}
