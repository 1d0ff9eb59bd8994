/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic control: filters that see packets before netfilter does, or after it. */
#include <errno.h>
#include <string.h>

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netmon/collect/rtnl.h"

/*
 * Theory of operation. Whatever a clsact or ingress qdisc has for a filter is there to
 * act. Of other qdiscs filters mostly choose a class, which changes nothing of who gets
 * the packet; but they may carry actions, mirred among them, and those act at once
 * (tcf_classify(), called by the qdisc's enqueue). Such filters hang at a qdisc, or at
 * a class of it, and are dumped for one of these at a time (tc_dump_tfilter()); who has
 * none to give answers with nothing.
 */

/* A qdisc or class that filters may hang at. */
struct place {
	int ifindex;
	uint32_t handle;
};

struct places {
	struct rtnl_target *target;
	struct place *all;
	size_t n;
};

static struct link *find_link(struct netns *netns, int ifindex)
{
	for (size_t i = 0; i < netns->nlinks; i++)
		if (netns->links[i].index == ifindex)
			return &netns->links[i];
	return NULL;
}

static int add_place(struct places *places, const struct tcmsg *info, struct err *err)
{
	struct place *place = arena_push(&places->target->facts->arena, &places->all,
		&places->n, sizeof(*place));

	if (!place)
		return err_set(err, -ENOMEM, "qdisc of link %d", info->tcm_ifindex);
	*place = (struct place){info->tcm_ifindex, info->tcm_handle};
	return 0;
}

static int parse_qdisc(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct places *places = data;
	const struct tcmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[TCA_MAX + 1];

	if (message->nlmsg_type != RTM_NEWQDISC)
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(*info));
	const char *kind = attr_text(tb[TCA_KIND]);
	struct link *link = find_link(places->target->netns, info->tcm_ifindex);
	if (!kind || !link)
		return 0;
	if (strcmp(kind, "clsact") == 0 || strcmp(kind, "ingress") == 0) {
		/* Until filters are counted. */
		link->tc_ingress = link->tc_egress = true;
		return 0;
	}
	/* Without a handle it is the kernel's own: filters of that at the root, as of
	 * fq_codel, are asked for by no handle; others cannot be named at all. */
	return info->tcm_handle || info->tcm_parent == TC_H_ROOT
		       ? add_place(places, info, err)
		       : 0;
}

static int parse_class(const struct nlmsghdr *message, void *data, struct err *err)
{
	return message->nlmsg_type == RTM_NEWTCLASS
		       ? add_place(data, mnl_nlmsg_get_payload(message), err)
		       : 0;
}

static int count_filter(const struct nlmsghdr *message, void *data, struct err *err)
{
	(void)err;
	if (message->nlmsg_type == RTM_NEWTFILTER)
		++*(size_t *)data;
	return 0;
}

/* Filters that do no more than choose a class, unless they have that attribute. */
static const struct {
	const char *kind;
	uint16_t actions;
} choosers[] = {
	{"basic", TCA_BASIC_ACT},
	{"cgroup", TCA_CGROUP_ACT},
	{"flow", TCA_FLOW_ACT},
	{"flower", TCA_FLOWER_ACT},
	{"fw", TCA_FW_ACT},
	{"matchall", TCA_MATCHALL_ACT},
	{"route", TCA_ROUTE4_ACT},
	{"u32", TCA_U32_ACT},
};

static int count_action(const struct nlmsghdr *message, void *data, struct err *err)
{
	const struct nlattr *tb[TCA_MAX + 1], *options[TCA_FLOWER_MAX + 1];
	bool acts = true; /* bpf, and what is not known here */

	(void)err;
	if (message->nlmsg_type != RTM_NEWTFILTER)
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(struct tcmsg));
	const char *kind = attr_text(tb[TCA_KIND]);
	attrs_parse_nested(options, ARRAY_LEN(options), tb[TCA_OPTIONS]);
	for (size_t i = 0; kind && i < ARRAY_LEN(choosers); i++)
		if (strcmp(kind, choosers[i].kind) == 0)
			acts = options[choosers[i].actions];
	*(size_t *)data += acts;
	return 0;
}

/* Whether @count counts any of the filters at @place. */
static int has_filter(struct nlsock *sock, const struct place *place, nlsock_fn *count,
	bool *ret_has, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct nlmsghdr *request = nlsock_request(
		sock, buffer, RTM_GETTFILTER, NLM_F_DUMP, sizeof(struct tcmsg));
	struct tcmsg *info = mnl_nlmsg_get_payload(request);
	size_t n = 0;

	info->tcm_ifindex = place->ifindex;
	info->tcm_parent = place->handle;
	int r = nlsock_dump(sock, request, count, &n, err);
	*ret_has = n > 0;
	return r;
}

static int read_sides(struct nlsock *sock, struct link *link, struct err *err)
{
	const struct place in = {link->index, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)};
	const struct place out = {link->index, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)};
	int r = has_filter(sock, &in, count_filter, &link->tc_ingress, err);

	return r < 0 ? r : has_filter(sock, &out, count_filter, &link->tc_egress, err);
}

/* The classes of each link with a qdisc that may have some. */
static int dump_classes(struct nlsock *sock, struct places *places, struct err *err)
{
	size_t nqdiscs = places->n;
	int last = 0, r = 0;

	for (size_t i = 0; r == 0 && i < nqdiscs; i++) {
		char buffer[NLSOCK_REQUEST_BYTES];
		struct nlmsghdr *request = nlsock_request(
			sock, buffer, RTM_GETTCLASS, NLM_F_DUMP, sizeof(struct tcmsg));
		struct tcmsg *info = mnl_nlmsg_get_payload(request);

		/* All qdiscs of a link are dumped one after the other. */
		if (places->all[i].ifindex == last)
			continue;
		last = info->tcm_ifindex = places->all[i].ifindex;
		r = nlsock_dump(sock, request, parse_class, places, err);
	}
	return r;
}

static int read_places(struct nlsock *sock, struct places *places, struct err *err)
{
	int r = dump_classes(sock, places, err);

	for (size_t i = 0; r == 0 && i < places->n; i++) {
		const struct place *place = &places->all[i];
		struct link *link = find_link(places->target->netns, place->ifindex);

		if (link && !link->tc_egress)
			r = has_filter(
				sock, place, count_action, &link->tc_egress, err);
	}
	return r;
}

int rtnl_dump_tc(struct nlsock *sock, struct rtnl_target *target, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct places places = {.target = target};
	struct netns *netns = target->netns;
	struct nlmsghdr *request = nlsock_request(
		sock, buffer, RTM_GETQDISC, NLM_F_DUMP, sizeof(struct tcmsg));
	int r = nlsock_dump(sock, request, parse_qdisc, &places, err);

	/* A kernel without traffic control. */
	if (r == -EOPNOTSUPP)
		return 0;
	for (size_t i = 0; r == 0 && i < netns->nlinks; i++)
		if (netns->links[i].tc_ingress)
			r = read_sides(sock, &netns->links[i], err);
	if (r == 0)
		r = read_places(sock, &places, err);
	return r < 0 ? err_wrap(err, "traffic control") : 0;
}
