/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and routing rules, decoded from rtnetlink. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "netmon/collect/rtnl.h"

static enum family family_of(uint8_t af)
{
	return af == AF_INET ? FAMILY_IP4 : FAMILY_IP6;
}

/* The prefix in @attr; 0/0 when it is absent and @len is 0. */
static struct prefix to_prefix(
	enum family family, const struct nlattr *attr, uint8_t len)
{
	struct addr addr = attr_addr(attr);
	struct prefix prefix = {.family = family, .len = len};

	if (len <= addr_bits(family))
		prefix.value = addr.value & prefix_mask(family, len);
	return prefix;
}

/* RTA_GATEWAY is of the route's family; RTA_VIA names its own (IPv4 over IPv6). */
static struct addr to_gateway(const struct nlattr *gateway, const struct nlattr *via)
{
	const size_t header = sizeof(struct rtvia);
	size_t len = via ? mnl_attr_get_payload_len(via) : 0;

	if (len != header + 4 && len != header + 16)
		return attr_addr(gateway);
	len -= header;
	return (struct addr){.family = len == 4 ? FAMILY_IP4 : FAMILY_IP6,
		.value = addr_load(
			(const uint8_t *)mnl_attr_get_payload(via) + header, len)};
}

static struct nexthop *push_hop(struct rtnl_target *target, struct route *route)
{
	return arena_push(&target->facts->arena, &route->hops, &route->nhops,
		sizeof(*route->hops));
}

/* RTA_MULTIPATH: struct rtnexthop, each with attributes of its own. */
static void parse_multipath(
	struct rtnl_target *target, struct route *route, const struct nlattr *multipath)
{
	const uint8_t *data = mnl_attr_get_payload(multipath);
	size_t len = mnl_attr_get_payload_len(multipath), size;
	bool followed = true;

	for (size_t off = 0; len - off >= sizeof(struct rtnexthop);
		off += align4(size)) {
		const struct rtnexthop *entry = (const void *)(data + off);
		const struct nlattr *tb[RTA_MAX + 1];
		struct nexthop *hop;

		size = entry->rtnh_len;
		if (size < sizeof(*entry) || size > len - off)
			break;
		attrs_parse(tb, ARRAY_LEN(tb), data + off + sizeof(*entry),
			size - sizeof(*entry));
		hop = push_hop(target, route);
		if (!hop)
			return;
		hop->ifindex = entry->rtnh_ifindex;
		hop->flags = entry->rtnh_flags;
		hop->gateway = to_gateway(tb[RTA_GATEWAY], tb[RTA_VIA]);
		followed &= !tb[RTA_ENCAP_TYPE];
		if (align4(size) > len - off)
			break;
	}
	target->nskipped += !followed;
}

static void parse_hops(
	struct rtnl_target *target, struct route *route, const struct nlattr **tb)
{
	if (tb[RTA_MULTIPATH]) {
		parse_multipath(target, route, tb[RTA_MULTIPATH]);
	} else if (tb[RTA_OIF] || tb[RTA_GATEWAY] || tb[RTA_VIA]) {
		struct nexthop *hop = push_hop(target, route);

		if (!hop)
			return;
		hop->ifindex = (int)attr_u32(tb[RTA_OIF]);
		hop->gateway = to_gateway(tb[RTA_GATEWAY], tb[RTA_VIA]);
	} else if (tb[RTA_NH_ID]) { /* net.ipv4.nexthop_compat_mode=0 */
		target->nskipped++;
	}
	target->nskipped += tb[RTA_ENCAP_TYPE] != NULL;
}

struct dump {
	struct rtnl_target *target;
	uint8_t family;
};

static int parse_route(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct rtnl_target *target = ((struct dump *)data)->target;
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[RTA_MAX + 1];
	enum family family = family_of(info->rtm_family);

	/* A kernel without the family answers with every other one. */
	if (message->nlmsg_type != RTM_NEWROUTE ||
		info->rtm_family != ((struct dump *)data)->family ||
		(info->rtm_flags & RTM_F_CLONED))
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(*info));
	struct route *route = arena_push(&target->facts->arena, &target->netns->routes,
		&target->netns->nroutes, sizeof(*target->netns->routes));
	if (!route)
		return err_set(err, -ENOMEM, "out of memory");
	route->family = family;
	route->dst = to_prefix(family, tb[RTA_DST], info->rtm_dst_len);
	route->table = tb[RTA_TABLE] ? attr_u32(tb[RTA_TABLE]) : info->rtm_table;
	route->type = info->rtm_type;
	route->scope = info->rtm_scope;
	route->protocol = info->rtm_protocol;
	route->tos = info->rtm_tos;
	route->metric = attr_u32(tb[RTA_PRIORITY]);
	route->prefsrc = attr_addr(tb[RTA_PREFSRC]);
	if (info->rtm_src_len)
		route->src = to_prefix(family, tb[RTA_SRC], info->rtm_src_len);
	parse_hops(target, route, tb);
	if (route->nhops == 1 && !tb[RTA_MULTIPATH])
		route->hops[0].flags = (uint8_t)info->rtm_flags; /* RTNH_F_* */
	return 0;
}

static int absent_is_empty(int code)
{
	return code == -EAFNOSUPPORT || code == -EOPNOTSUPP ? 0 : code;
}

int rtnl_dump_routes(struct nlsock *sock, struct rtnl_target *target, uint8_t family,
	struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct dump dump = {.target = target, .family = family};
	struct nlmsghdr *request = nlsock_request(
		sock, buffer, RTM_GETROUTE, NLM_F_DUMP, sizeof(struct rtmsg));

	((struct rtmsg *)mnl_nlmsg_get_payload(request))->rtm_family = family;
	int r = absent_is_empty(nlsock_dump(sock, request, parse_route, &dump, err));
	return r < 0 ? err_wrap(err, "routes") : 0;
}

enum {
	FRA_FUTURE = 64,      /* selectors of later kernels are seen as unknown ones */
	PORT_MASK_FIRST = 28, /* FRA_SPORT_MASK and FRA_DPORT_MASK, Linux 6.15 */
	PORT_MASK_LAST = 29,
};

/* Attributes that a struct route_rule says, or that select nothing. */
static const bool fra_known[FRA_MAX + 1] = {
	[FRA_DST] = true,
	[FRA_SRC] = true,
	[FRA_IIFNAME] = true,
	[FRA_GOTO] = true,
	[FRA_UNUSED2] = true,
	[FRA_PRIORITY] = true,
	[FRA_UNUSED3] = true,
	[FRA_UNUSED4] = true,
	[FRA_UNUSED5] = true,
	[FRA_FWMARK] = true,
	[FRA_FLOW] = true, /* realms: for traffic control */
	[FRA_SUPPRESS_PREFIXLEN] = true,
	[FRA_TABLE] = true,
	[FRA_FWMASK] = true,
	[FRA_OIFNAME] = true,
	[FRA_PAD] = true,
	[FRA_L3MDEV] = true,
	[FRA_PROTOCOL] = true, /* who made the rule */
	[FRA_IP_PROTO] = true,
	[FRA_SPORT_RANGE] = true,
	[FRA_DPORT_RANGE] = true,
};

static bool is_known_attr(const struct nlattr *attr)
{
	uint16_t type = mnl_attr_get_type(attr);

	/* Sent with every rule; -1 and the whole range select nothing. */
	if (type == FRA_SUPPRESS_IFGROUP)
		return attr_u32(attr) == UINT32_MAX;
	/* Sent with every single port: all of its bits count. */
	if (type >= PORT_MASK_FIRST && type <= PORT_MASK_LAST)
		return mnl_attr_get_payload_len(attr) == sizeof(uint16_t) &&
		       mnl_attr_get_u16(attr) == UINT16_MAX;
	return type <= FRA_MAX && fra_known[type];
}

static void parse_ports(const struct nlattr *attr, uint16_t *ret_lo, uint16_t *ret_hi)
{
	struct fib_rule_port_range range;

	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(range))
		return;
	memcpy(&range, mnl_attr_get_payload(attr), sizeof(range));
	*ret_lo = range.start;
	*ret_hi = range.end;
}

static void parse_selectors(struct rtnl_target *target, struct route_rule *rule,
	const struct fib_rule_hdr *info, const struct nlattr **tb)
{
	struct arena *arena = &target->facts->arena;

	if (info->src_len)
		rule->src = to_prefix(rule->family, tb[FRA_SRC], info->src_len);
	if (info->dst_len)
		rule->dst = to_prefix(rule->family, tb[FRA_DST], info->dst_len);
	rule->iif = arena_strdup(arena, attr_text(tb[FRA_IIFNAME]));
	rule->oif = arena_strdup(arena, attr_text(tb[FRA_OIFNAME]));
	rule->mark = attr_u32(tb[FRA_FWMARK]);
	rule->mark_mask = tb[FRA_FWMASK] ? attr_u32(tb[FRA_FWMASK])
			  : rule->mark	 ? UINT32_MAX
					 : 0;
	rule->tos = info->tos;
	rule->proto = attr_u8(tb[FRA_IP_PROTO]);
	parse_ports(tb[FRA_SPORT_RANGE], &rule->sport_lo, &rule->sport_hi);
	parse_ports(tb[FRA_DPORT_RANGE], &rule->dport_lo, &rule->dport_hi);
}

static int parse_rule(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct rtnl_target *target = ((struct dump *)data)->target;
	const struct fib_rule_hdr *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[FRA_FUTURE];

	if (message->nlmsg_type != RTM_NEWRULE ||
		info->family != ((struct dump *)data)->family)
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(*info));
	struct route_rule *rule =
		arena_push(&target->facts->arena, &target->netns->rules,
			&target->netns->nrules, sizeof(*target->netns->rules));
	if (!rule)
		return err_set(err, -ENOMEM, "out of memory");
	rule->family = family_of(info->family);
	rule->priority = attr_u32(tb[FRA_PRIORITY]);
	parse_selectors(target, rule, info, tb);
	rule->action = info->action;
	rule->table = tb[FRA_TABLE] ? attr_u32(tb[FRA_TABLE]) : info->table;
	rule->goto_target = attr_u32(tb[FRA_GOTO]);
	rule->invert = info->flags & FIB_RULE_INVERT;
	/* The kernel keeps an int, and sends -1 for "none". */
	rule->suppress_prefix_len = tb[FRA_SUPPRESS_PREFIXLEN]
					    ? (int)attr_u32(tb[FRA_SUPPRESS_PREFIXLEN])
					    : -1;
	rule->l3mdev = attr_u8(tb[FRA_L3MDEV]);
	for (size_t i = 0; i < ARRAY_LEN(tb); i++)
		rule->unknown |= tb[i] && !is_known_attr(tb[i]);
	return 0;
}

int rtnl_dump_rules(struct nlsock *sock, struct rtnl_target *target, uint8_t family,
	struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct dump dump = {.target = target, .family = family};
	struct nlmsghdr *request = nlsock_request(
		sock, buffer, RTM_GETRULE, NLM_F_DUMP, sizeof(struct fib_rule_hdr));

	((struct fib_rule_hdr *)mnl_nlmsg_get_payload(request))->family = family;
	int r = absent_is_empty(nlsock_dump(sock, request, parse_rule, &dump, err));
	return r < 0 ? err_wrap(err, "routing rules") : 0;
}
