/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ipsets of one network namespace. */
#include "netmon/collect/ipset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>

#include "netmon/collect/nlsock.h"

/*
 * Theory of operation. One dump lists all sets; a large one comes in several messages,
 * of which only the first has the set's header. What a type's elements consist of is a
 * row of a table. The number that `-m set` rules hold is in the header since protocol 7
 * (Linux 4.20); before, it is asked for by name.
 *
 * Not handled (IPSET_OTHER): types and options whose match is not a comparison of
 * parts: bitmask that is no prefix, physdev, interface wildcards, bitmap:ip,mac (an
 * unset MAC is learnt from the first packet).
 */
enum {
	PROTOCOL_INDEX = 7, /* lists tell the index */
	PROTOCOL_OLDEST = 6,
	ATTR_BITMASK = 12, /* Linux 6.2 */
};

#define SYS_IP_SET "/sys/module/ip_set"

struct type {
	const char *name;
	enum ipset_kind kind;
	enum ipset_dim dim[3];
};

#define A IPSET_DIM_ADDR
#define P IPSET_DIM_PORT
static const struct type types[] = {
	{"bitmap:ip", IPSET_ADDR, {A}},
	{"bitmap:port", IPSET_TUPLE, {P}},
	{"hash:ip", IPSET_ADDR, {A}},
	{"hash:ip,mac", IPSET_TUPLE, {A, IPSET_DIM_MAC}},
	{"hash:ip,mark", IPSET_TUPLE, {A, IPSET_DIM_MARK}},
	{"hash:ip,port", IPSET_TUPLE, {A, P}},
	{"hash:ip,port,ip", IPSET_TUPLE, {A, P, A}},
	{"hash:ip,port,net", IPSET_TUPLE, {A, P, A}},
	{"hash:mac", IPSET_TUPLE, {IPSET_DIM_MAC}},
	{"hash:net", IPSET_ADDR, {A}},
	{"hash:net,iface", IPSET_TUPLE, {A, IPSET_DIM_IFACE}},
	{"hash:net,net", IPSET_TUPLE, {A, A}},
	{"hash:net,port", IPSET_TUPLE, {A, P}},
	{"hash:net,port,net", IPSET_TUPLE, {A, P, A}},
	{"list:set", IPSET_LIST, {IPSET_DIM_NONE}},
};
#undef A
#undef P

struct reader {
	struct facts *facts;
	struct netns *netns;
	/* Of the set that is being read, which is the last one. */
	unsigned int mask_len; /* netmask option: bits of an address that count */
	const struct type *type;
};

/* Numbers are in network order and say so. */
static uint16_t net_u16(const struct nlattr *attr)
{
	return ntohs(attr_u16(attr));
}

static uint32_t net_u32(const struct nlattr *attr)
{
	return ntohl(attr_u32(attr));
}

/* An address is nested: IPSET_ATTR_IPADDR_IPV4 or _IPV6. */
static struct addr nested_addr(const struct nlattr *attr)
{
	const struct nlattr *tb[IPSET_ATTR_IPADDR_MAX + 1];

	attrs_parse_nested(tb, ARRAY_LEN(tb), attr);
	return attr_addr(tb[IPSET_ATTR_IPADDR_IPV4] ? tb[IPSET_ATTR_IPADDR_IPV4]
						    : tb[IPSET_ATTR_IPADDR_IPV6]);
}

static const struct type *find_type(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(types); i++) {
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	}
	return NULL;
}

/* Leading ones of a mask, or false when it is no prefix's. */
static bool mask_to_len(const struct addr *mask, unsigned int *ret_len)
{
	unsigned int bits = addr_bits(mask->family);

	for (unsigned int len = 0; len <= bits; len++) {
		if (mask->value == prefix_mask(mask->family, len)) {
			*ret_len = len;
			return true;
		}
	}
	return false;
}

/* What was given when the set was made, where it changes what matches. */
static void read_options(
	struct reader *reader, struct ipset *ipset, const struct nlattr *data)
{
	const struct nlattr *tb[IPSET_ATTR_ADT_MAX + 1];
	unsigned int bits = ipset->family ? addr_bits(ipset->family) : 128;

	attrs_parse_nested(tb, ARRAY_LEN(tb), data);
	reader->mask_len = bits;
	if (tb[IPSET_ATTR_NETMASK])
		reader->mask_len = attr_u8(tb[IPSET_ATTR_NETMASK]);
	if (tb[ATTR_BITMASK]) {
		struct addr mask = nested_addr(tb[ATTR_BITMASK]);
		unsigned int len = 0;

		if (!mask.family || !mask_to_len(&mask, &len))
			ipset->kind = IPSET_OTHER;
		else if (len < reader->mask_len)
			reader->mask_len = len;
	}
	if (reader->mask_len > bits)
		ipset->kind = IPSET_OTHER;
	ipset->has_mark_mask = tb[IPSET_ATTR_MARKMASK] &&
			       net_u32(tb[IPSET_ATTR_MARKMASK]) != UINT32_MAX;
}

static struct ipset *push_set(
	struct reader *reader, const char *name, const struct nlattr **tb)
{
	struct arena *arena = &reader->facts->arena;
	struct ipset *ipset = arena_push(arena, &reader->netns->ipsets,
		&reader->netns->nipsets, sizeof(*reader->netns->ipsets));
	uint8_t family = attr_u8(tb[IPSET_ATTR_FAMILY]);

	if (!ipset)
		return NULL;
	ipset->name = arena_strdup(arena, name);
	ipset->type = arena_strdup(arena, attr_text(tb[IPSET_ATTR_TYPENAME]));
	ipset->family = family == NFPROTO_IPV4	 ? FAMILY_IP4
			: family == NFPROTO_IPV6 ? FAMILY_IP6
						 : FAMILY_NONE;
	ipset->index = net_u16(tb[IPSET_ATTR_INDEX]);
	reader->type = find_type(ipset->type);
	if (!reader->type)
		return ipset;
	ipset->kind = reader->type->kind;
	for (size_t i = 0; i < ARRAY_LEN(ipset->dim); i++) {
		ipset->dim[i] = reader->type->dim[i];
		if (ipset->dim[i] != IPSET_DIM_NONE)
			ipset->ndims++;
	}
	read_options(reader, ipset, tb[IPSET_ATTR_DATA]);
	return ipset;
}

/* The first address part of an element has other attributes than the second. */
struct addr_attrs {
	const struct nlattr *ip, *to, *cidr;
};

static bool read_addr(struct reader *reader, const struct ipset *ipset,
	const struct addr_attrs *attrs, struct ipset_part *part)
{
	struct addr lo = nested_addr(attrs->ip), hi = nested_addr(attrs->to);
	unsigned int bits = addr_bits(ipset->family);
	unsigned int len = attrs->cidr ? attr_u8(attrs->cidr) : bits;

	if (!lo.family || lo.family != ipset->family || len > bits)
		return false;
	if (len > reader->mask_len)
		len = reader->mask_len;
	struct prefix prefix = {.family = lo.family, .len = (uint8_t)len};
	prefix.value = lo.value & prefix_mask(lo.family, len);
	part->lo = prefix.value;
	part->hi = hi.family ? hi.value : prefix_last(&prefix);
	return part->lo <= part->hi;
}

static bool read_port(const struct nlattr **tb, struct ipset_part *part)
{
	part->lo = net_u16(tb[IPSET_ATTR_PORT]);
	part->hi = tb[IPSET_ATTR_PORT_TO] ? net_u16(tb[IPSET_ATTR_PORT_TO])
					  : (uint16_t)part->lo;
	part->proto = attr_u8(tb[IPSET_ATTR_PROTO]);
	return tb[IPSET_ATTR_PORT] && part->lo <= part->hi;
}

static bool read_mac(const struct nlattr *attr, struct ipset_part *part)
{
	const uint8_t *bytes = attr ? mnl_attr_get_payload(attr) : NULL;

	if (!bytes || mnl_attr_get_payload_len(attr) != 6)
		return false;
	for (size_t i = 0; i < 6; i++)
		part->lo = part->lo << 8 | bytes[i];
	part->hi = part->lo;
	return true;
}

/* One part of an element; false when it is not as its type says. */
static bool read_part(struct reader *reader, const struct ipset *ipset,
	enum ipset_dim dim, bool second, const struct nlattr **tb,
	struct ipset_part *part)
{
	const struct addr_attrs addr = {
		tb[IPSET_ATTR_IP], tb[IPSET_ATTR_IP_TO], tb[IPSET_ATTR_CIDR]};
	const struct addr_attrs addr2 = {
		tb[IPSET_ATTR_IP2], tb[IPSET_ATTR_IP2_TO], tb[IPSET_ATTR_CIDR2]};

	switch (dim) {
	case IPSET_DIM_ADDR:
		return read_addr(reader, ipset, second ? &addr2 : &addr, part);
	case IPSET_DIM_PORT:
		return read_port(tb, part);
	case IPSET_DIM_IFACE:
		part->iface = arena_strdup(
			&reader->facts->arena, attr_text(tb[IPSET_ATTR_IFACE]));
		return part->iface != NULL;
	case IPSET_DIM_MARK:
		part->lo = part->hi = net_u32(tb[IPSET_ATTR_MARK]);
		return tb[IPSET_ATTR_MARK] != NULL;
	case IPSET_DIM_MAC:
		return read_mac(tb[IPSET_ATTR_ETHER], part);
	case IPSET_DIM_NONE:
		break;
	}
	return false;
}

static bool read_element(
	struct reader *reader, struct ipset *ipset, const struct nlattr *data)
{
	const struct nlattr *tb[IPSET_ATTR_ADT_MAX + 1];
	struct ipset_element *element = arena_push(&reader->facts->arena,
		&ipset->elements, &ipset->nelements, sizeof(*ipset->elements));
	bool had_addr = false, fits = true;

	if (!element)
		return false;
	attrs_parse_nested(tb, ARRAY_LEN(tb), data);
	uint32_t flags = net_u32(tb[IPSET_ATTR_CADT_FLAGS]);
	element->nomatch = flags & IPSET_FLAG_NOMATCH;
	if (ipset->kind == IPSET_LIST) {
		element->member = arena_strdup(
			&reader->facts->arena, attr_text(tb[IPSET_ATTR_NAME]));
		return element->member != NULL;
	}
	if (flags & (IPSET_FLAG_PHYSDEV | IPSET_FLAG_IFACE_WILDCARD))
		return false;
	for (size_t i = 0; i < ipset->ndims && fits; i++) {
		fits = read_part(
			reader, ipset, ipset->dim[i], had_addr, tb, &element->part[i]);
		had_addr |= ipset->dim[i] == IPSET_DIM_ADDR;
	}
	return fits;
}

static int read_set(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct reader *reader = data;
	struct netns *netns = reader->netns;
	const struct nlattr *tb[IPSET_ATTR_CMD_MAX + 1];
	struct ipset *ipset =
		netns->nipsets ? &netns->ipsets[netns->nipsets - 1] : NULL;

	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(struct nfgenmsg));
	const char *name = attr_text(tb[IPSET_ATTR_SETNAME]);
	if (!name)
		return 0;
	if (tb[IPSET_ATTR_TYPENAME] || !ipset || strcmp(ipset->name, name) != 0)
		ipset = push_set(reader, name, tb);
	if (!ipset || !ipset->name)
		return err_set(err, -ENOMEM, "out of memory");
	if (!tb[IPSET_ATTR_ADT] || ipset->kind == IPSET_OTHER)
		return 0;

	const uint8_t *list = mnl_attr_get_payload(tb[IPSET_ATTR_ADT]);
	size_t len = mnl_attr_get_payload_len(tb[IPSET_ATTR_ADT]), size;
	for (size_t off = 0; off < len; off += size) {
		const struct nlattr *attr = (const void *)(list + off);

		if (!mnl_attr_ok(attr, (int)(len - off)))
			break;
		size = align4(attr->nla_len);
		if (ipset->kind != IPSET_OTHER && !read_element(reader, ipset, attr))
			ipset->kind = IPSET_OTHER;
	}
	return 0;
}

static int dump_sets(
	struct nlsock *sock, struct reader *reader, uint8_t protocol, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct nlmsghdr *request =
		nlsock_request(sock, buffer, NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST,
			NLM_F_DUMP, sizeof(struct nfgenmsg));
	struct nfgenmsg *header = mnl_nlmsg_get_payload(request);

	header->nfgen_family = AF_INET;
	header->version = NFNETLINK_V0;
	mnl_attr_put_u8(request, IPSET_ATTR_PROTOCOL, protocol);
	reader->netns->ipsets = NULL;
	reader->netns->nipsets = 0;
	return nlsock_dump(sock, request, read_set, reader, err);
}

/* The indexes of sets from kernels whose lists do not tell them. */
static int ask_indexes(struct netns *netns, struct err *err)
{
	_cleanup_(cleanup_close) int fd =
		socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return err_errno(err, -errno, "open raw socket");
	for (size_t i = 0; i < netns->nipsets; i++) {
		struct ipset *ipset = &netns->ipsets[i];
		struct ip_set_req_get_set request = {
			.op = IP_SET_OP_GET_BYNAME, .version = PROTOCOL_OLDEST};
		socklen_t len = sizeof(request);

		strncpy(request.set.name, ipset->name, sizeof(request.set.name) - 1);
		if (getsockopt(fd, SOL_IP, SO_IP_SET, &request, &len) < 0)
			return err_errno(err, -errno, "index of set %s", ipset->name);
		ipset->index = request.set.index;
	}
	return 0;
}

static int read_sets(struct reader *reader, struct err *err)
{
	struct nlsock sock;
	int r = nlsock_open(&sock, NETLINK_NETFILTER, err);

	if (r == 0)
		r = dump_sets(&sock, reader, PROTOCOL_INDEX, err);
	nlsock_done(&sock);
	if (r == -IPSET_ERR_PROTOCOL) {
		r = nlsock_open(&sock, NETLINK_NETFILTER, err);
		if (r == 0)
			r = dump_sets(&sock, reader, PROTOCOL_OLDEST, err);
		if (r == 0)
			r = ask_indexes(reader->netns, err);
		nlsock_done(&sock);
	}
	return r;
}

void collect_ipset(struct facts *facts, struct netns *netns)
{
	struct reader reader = {.facts = facts, .netns = netns};
	struct err err = {0};

	/* Asking would load the module; without it there are no sets. */
	if (access("/sys/module", F_OK) == 0 && access(SYS_IP_SET, F_OK) != 0)
		return;
	int r = read_sets(&reader, &err);
	/* EINVAL: netfilter netlink without ipset. */
	if (r == 0 || r == -EINVAL || r == -EPROTONOSUPPORT)
		return;
	netns->ipsets = NULL;
	netns->nipsets = 0;
	facts_note(facts, "ipset-unreadable", netns->id, true,
		"the ipsets could not be read: %s", err.text);
}
