/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one description of struct facts and its parts that saving and loading share. */
#include "netmon/model/snapshot_fields.h"

#include <limits.h>
#include <string.h>

#include "netmon/model/facts.h"

/*
 * OF is the struct that the rows below it describe. A row's kind follows from the C
 * type, so that a member whose type changes is either saved as the new type or does not
 * compile.
 */
#define KIND(member) \
	_Generic(((OF *)0)->member,                                                    \
		bool: MEMBER_BOOL,                                                     \
		int: MEMBER_SIGNED,                                                    \
		int64_t: MEMBER_SIGNED,                                                \
		uint8_t: MEMBER_UNSIGNED,                                              \
		uint16_t: MEMBER_UNSIGNED,                                             \
		uint32_t: MEMBER_UNSIGNED,                                             \
		uint64_t: MEMBER_UNSIGNED,                                             \
		u128: MEMBER_U128,                                                     \
		const char *: MEMBER_STRING,                                           \
		struct addr: MEMBER_ADDR,                                              \
		struct prefix: MEMBER_PREFIX,                                          \
		struct blob: MEMBER_BLOB)
#define PLACE(member)                                    \
	.name = #member, .offset = offsetof(OF, member), \
	.size = sizeof(((OF *)0)->member)
#define SAME(expression, type) \
	(0 / (int)__builtin_types_compatible_p(__typeof__(expression), type))
/* Does not compile unless @member has exactly that type. */
#define TYPED(member, type) .low = SAME(((OF *)0)->member, type)
#define COUNT(member) \
	.count_offset = offsetof(OF, member) + SAME(((OF *)0)->member, size_t)
#define ITEM_SIZE(type) .fixed = (uint16_t)sizeof(type)

#define ANY(member)                                 \
	{                                           \
		PLACE(member), .kind = KIND(member) \
	}
#define NEED(member)                                                  \
	{                                                             \
		PLACE(member), .kind = KIND(member), .required = true \
	}
#define RANGE(member, least, most)                                                  \
	{                                                                           \
		PLACE(member), .kind = KIND(member), .low = (least), .high = (most) \
	}
#define FAMILY(member, need)                                              \
	{                                                                 \
		PLACE(member), .kind = MEMBER_FAMILY, .required = (need), \
			       TYPED(member, enum family)                 \
	}
#define ENUM(member, type, list)                                     \
	{                                                            \
		PLACE(member), .kind = MEMBER_ENUM, .names = (list), \
			       TYPED(member, type)                   \
	}
#define LIST(member, count, type)                                                \
	{                                                                        \
		PLACE(member), .kind = MEMBER_RECORDS, .record = &type##_record, \
			       TYPED(member, struct type *), COUNT(count)        \
	}
#define LIST_OF(member, count, member_kind, type)                          \
	{                                                                  \
		PLACE(member), .kind = (member_kind), TYPED(member, type), \
			       COUNT(count)                                \
	}

#define RECORD(tag, rows, checker)                  \
	static const struct record tag##_record = { \
		.name = #tag,                       \
		.size = sizeof(struct tag),         \
		.members = (rows),                  \
		.nmembers = ARRAY_LEN(rows),        \
		.check = (checker),                 \
	}

#define OF struct note
static const struct member note_members[] = {
	NEED(code),
	ANY(where),
	NEED(text),
	ANY(hides),
};
#undef OF
RECORD(note, note_members, NULL);

#define OF struct legacy_table
static const struct member legacy_table_members[] = {
	FAMILY(family, true),
	NEED(name),
	RANGE(valid_hooks, 0, 0x1f),
	{PLACE(hook_entry), .kind = MEMBER_NUMBERS, .fixed = 5,
		TYPED(hook_entry, uint32_t[5])},
	{PLACE(underflow), .kind = MEMBER_NUMBERS, .fixed = 5,
		TYPED(underflow, uint32_t[5])},
	ANY(entries),
};
#undef OF
RECORD(legacy_table, legacy_table_members, NULL);

static const char *const ipset_kinds[] = {"other", "addr", "tuple", "list", NULL};
static const char *const ipset_dims[] = {
	"none", "addr", "port", "iface", "mark", "mac", NULL};

static const char *ipset_part_check(const void *object)
{
	const struct ipset_part *part = object;

	return part->lo > part->hi ? "lo is beyond hi" : NULL;
}

#define OF struct ipset_part
static const struct member ipset_part_members[] = {
	ANY(lo),
	ANY(hi),
	ANY(iface),
	ANY(proto),
};
#undef OF
RECORD(ipset_part, ipset_part_members, ipset_part_check);

#define OF struct ipset_element
static const struct member ipset_element_members[] = {
	{PLACE(part), .kind = MEMBER_PARTS, .fixed = 3, .record = &ipset_part_record,
		TYPED(part, struct ipset_part[3])},
	ANY(nomatch),
	ANY(member),
};
#undef OF
RECORD(ipset_element, ipset_element_members, NULL);

static const char *ipset_check(const void *object)
{
	const struct ipset *ipset = object;

	for (size_t i = 0; i < ARRAY_LEN(ipset->dim); i++) {
		if ((ipset->dim[i] == IPSET_DIM_NONE) != (i >= ipset->ndims))
			return "ndims is not the number of dim";
	}
	return NULL;
}

#define OF struct ipset
static const struct member ipset_members[] = {
	NEED(name),
	ANY(type),
	ENUM(kind, enum ipset_kind, ipset_kinds),
	FAMILY(family, false),
	ANY(index),
	RANGE(ndims, 0, 3),
	{PLACE(dim), .kind = MEMBER_ENUMS, .fixed = 3, .names = ipset_dims,
		TYPED(dim, enum ipset_dim[3])},
	ANY(has_mark_mask),
	LIST(elements, nelements, ipset_element),
};
#undef OF
RECORD(ipset, ipset_members, ipset_check);

#define OF struct link
static const struct member link_members[] = {
	RANGE(index, 0, INT_MAX),
	NEED(name),
	ANY(kind),
	RANGE(master, 0, INT_MAX),
	RANGE(link, 0, INT_MAX),
	RANGE(link_netnsid, -1, INT_MAX),
	ANY(link_netns),
	ANY(group),
	ANY(type),
	{PLACE(mac), .kind = MEMBER_BYTES, .fixed = 32, TYPED(mac, uint8_t[32]),
		.count_offset =
			offsetof(OF, mac_len) + SAME(((OF *)0)->mac_len, uint8_t)},
	ANY(up),
	ANY(loopback),
	ANY(noarp),
	ANY(xdp),
	ANY(tc_egress),
	ANY(tc_ingress),
	ANY(macvlan_passthru),
	ANY(udp_encap),
	RANGE(hairpin, 0, 1),
	RANGE(isolated, 0, 1),
	RANGE(nf_call_ip, 0, 1),
	RANGE(nf_call_ip6, 0, 1),
};
#undef OF
RECORD(link, link_members, NULL);

static const char *ifaddr_check(const void *object)
{
	const struct ifaddr *ifaddr = object;

	return ifaddr->prefix_len > addr_bits(ifaddr->local.family)
		       ? "prefix_len is too long"
		       : NULL;
}

#define OF struct ifaddr
static const struct member ifaddr_members[] = {
	RANGE(ifindex, 0, INT_MAX),
	NEED(local),
	ANY(peer),
	RANGE(prefix_len, 0, 128),
	ANY(scope),
	ANY(flags),
};
#undef OF
RECORD(ifaddr, ifaddr_members, ifaddr_check);

#define OF struct nexthop
static const struct member nexthop_members[] = {
	RANGE(ifindex, 0, INT_MAX),
	ANY(gateway),
	ANY(flags),
};
#undef OF
RECORD(nexthop, nexthop_members, NULL);

static bool family_is(enum family got, enum family wanted)
{
	return got == FAMILY_NONE || got == wanted;
}

static const char *route_check(const void *object)
{
	const struct route *route = object;

	if (route->dst.family != route->family ||
		!family_is(route->src.family, route->family))
		return "dst or src is of the other family";
	return NULL;
}

#define OF struct route
static const struct member route_members[] = {
	FAMILY(family, true),
	NEED(dst),
	ANY(table),
	ANY(type),
	ANY(scope),
	ANY(protocol),
	ANY(tos),
	ANY(metric),
	ANY(prefsrc),
	ANY(src),
	LIST(hops, nhops, nexthop),
};
#undef OF
RECORD(route, route_members, route_check);

static const char *route_rule_check(const void *object)
{
	const struct route_rule *rule = object;

	if (!family_is(rule->src.family, rule->family) ||
		!family_is(rule->dst.family, rule->family))
		return "src or dst is of the other family";
	if (rule->sport_lo > rule->sport_hi || rule->dport_lo > rule->dport_hi)
		return "a port range ends before it begins";
	return NULL;
}

#define OF struct route_rule
static const struct member route_rule_members[] = {
	FAMILY(family, true),
	ANY(priority),
	ANY(src),
	ANY(dst),
	ANY(iif),
	ANY(oif),
	ANY(mark),
	ANY(mark_mask),
	ANY(tos),
	ANY(action),
	ANY(table),
	ANY(goto_target),
	ANY(invert),
	ANY(unknown),
	RANGE(suppress_prefix_len, -1, 128),
	ANY(l3mdev),
	ANY(proto),
	ANY(sport_lo),
	ANY(sport_hi),
	ANY(dport_lo),
	ANY(dport_hi),
};
#undef OF
RECORD(route_rule, route_rule_members, route_rule_check);

#define OF struct sysctl
static const struct member sysctl_members[] = {
	NEED(name),
	ANY(value),
};
#undef OF
RECORD(sysctl, sysctl_members, NULL);

#define OF struct sock
static const struct member sock_members[] = {
	ANY(proto),
	NEED(local),
	ANY(v6only),
	ANY(port),
	RANGE(ifindex, 0, INT_MAX),
	ANY(mark),
	ANY(uid),
	ANY(inode),
	RANGE(pid, 0, INT_MAX),
	ANY(comm),
	ANY(cmdline),
	ANY(container_id),
	ANY(connected),
	ANY(opaque),
};
#undef OF
RECORD(sock, sock_members, NULL);

#define OF struct membership
static const struct member membership_members[] = {
	RANGE(ifindex, 0, INT_MAX),
	NEED(group),
};
#undef OF
RECORD(membership, membership_members, NULL);

#define OF struct neigh
static const struct member neigh_members[] = {
	RANGE(ifindex, 0, INT_MAX),
	NEED(addr),
	ANY(proxy),
};
#undef OF
RECORD(neigh, neigh_members, NULL);

/* netns_sysctl() searches by halves. */
static const char *netns_check(const void *object)
{
	const struct netns *netns = object;

	for (size_t i = 1; i < netns->nsysctls; i++) {
		if (strcmp(netns->sysctls[i - 1].name, netns->sysctls[i].name) >= 0)
			return "sysctls are not sorted by name, or one is there twice";
	}
	if (netns->nft.len % 4)
		return "nft is no sequence of whole netlink messages";
	return NULL;
}

#define OF struct netns
static const struct member netns_members[] = {
	NEED(id),
	ANY(nft),
	LIST(legacy, nlegacy, legacy_table),
	LIST(ipsets, nipsets, ipset),
	LIST(links, nlinks, link),
	LIST(addrs, naddrs, ifaddr),
	LIST(routes, nroutes, route),
	LIST(rules, nrules, route_rule),
	LIST(sysctls, nsysctls, sysctl),
	LIST(socks, nsocks, sock),
	LIST(groups, ngroups, membership),
	LIST(neighs, nneighs, neigh),
	ANY(groups_known),
	ANY(socks_known),
	ANY(rules_known),
	ANY(routes_known),
};
#undef OF
RECORD(netns, netns_members, netns_check);

#define OF struct port_binding
static const struct member port_binding_members[] = {
	ANY(proto),
	ANY(container_port),
	ANY(host_addr),
	ANY(host_port),
};
#undef OF
RECORD(port_binding, port_binding_members, NULL);

static const char *container_net_check(const void *object)
{
	const struct container_net *net = object;

	if (!family_is(net->addr4.family, FAMILY_IP4) ||
		!family_is(net->addr6.family, FAMILY_IP6))
		return "addr4 or addr6 is of the other family";
	return NULL;
}

#define OF struct container_net
static const struct member container_net_members[] = {
	ANY(network),
	ANY(network_id),
	ANY(addr4),
	ANY(addr6),
	RANGE(prefix_len4, 0, 32),
	RANGE(prefix_len6, 0, 128),
	ANY(mac),
};
#undef OF
RECORD(container_net, container_net_members, container_net_check);

#define OF struct mount
static const struct member mount_members[] = {
	ANY(type),
	ANY(source),
	ANY(target),
	ANY(writable),
};
#undef OF
RECORD(mount, mount_members, NULL);

#define OF struct container
static const struct member container_members[] = {
	ANY(engine),
	NEED(id),
	ANY(name),
	ANY(image),
	ANY(image_id),
	ANY(state),
	RANGE(pid, 0, INT_MAX),
	ANY(network_mode),
	LIST(nets, nnets, container_net),
	LIST(ports, nports, port_binding),
	LIST_OF(labels, nlabels, MEMBER_PAIRS, const char *(*)[2]),
	LIST(mounts, nmounts, mount),
	LIST_OF(cap_add, ncap_add, MEMBER_STRINGS, const char **),
	LIST_OF(devices, ndevices, MEMBER_STRINGS, const char **),
	LIST_OF(security_opt, nsecurity_opt, MEMBER_STRINGS, const char **),
	ANY(pid_mode),
	ANY(ipc_mode),
	ANY(uts_mode),
	ANY(userns_mode),
	ANY(user),
	ANY(pids_limit),
	ANY(privileged),
	ANY(inspected),
	{PLACE(netns), .kind = MEMBER_NETNS, TYPED(netns, const struct netns *)},
};
#undef OF
RECORD(container, container_members, NULL);

#define OF struct network
static const struct member network_members[] = {
	ANY(engine),
	ANY(id),
	ANY(name),
	ANY(driver),
	ANY(bridge),
	ANY(parent),
	ANY(gateway_mode4),
	ANY(gateway_mode6),
	ANY(internal),
	ANY(ingress),
	ANY(ipv6),
	LIST_OF(subnets, nsubnets, MEMBER_PREFIXES, struct prefix *),
};
#undef OF
RECORD(network, network_members, NULL);

#define OF struct engine
static const struct member engine_members[] = {
	NEED(socket),
	ANY(kind),
	ANY(version),
	ANY(api_version),
	ANY(rootless),
	ANY(userns_remap),
	ANY(swarm),
	ANY(firewall_backend),
	ANY(data_root),
	ANY(reachable),
};
#undef OF
RECORD(engine, engine_members, NULL);

/* facts_new() makes the host's namespace, without which nothing works. */
static const char *facts_check(const void *object)
{
	return ((const struct facts *)object)->host->id ? NULL : "host is missing";
}

/* The arena is no fact. */
#define OF struct facts
static const struct member facts_members[] = {
	ANY(hostname),
	ANY(kernel),
	ANY(taken),
	{PLACE(host), .kind = MEMBER_RECORD, .record = &netns_record, .required = true,
		TYPED(host, struct netns *)},
	{PLACE(netns), .kind = MEMBER_RECORD_POINTERS, .record = &netns_record,
		TYPED(netns, struct netns **), COUNT(nnetns)},
	LIST(containers, ncontainers, container),
	LIST(networks, nnetworks, network),
	LIST(engines, nengines, engine),
	LIST(notes, nnotes, note),
	ANY(docker_sockets_known),
};
#undef OF

const struct record snapshot_facts_record = {
	.name = "facts",
	.size = sizeof(struct facts),
	.members = facts_members,
	.nmembers = ARRAY_LEN(facts_members),
	.check = facts_check,
};
