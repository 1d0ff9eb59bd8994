/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an answer would go next: the kernel's routes and neighbours, asked. */
#include "netmon/confirm/neigh.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "common/zone.h"

#define ANSWER_MAX 65536

struct request {
	struct nlmsghdr header;
	union {
		struct ndmsg neighbour;
		struct rtmsg route;
	} body;
	uint8_t attributes[64];
};

static int open_netlink(struct err *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct timeval patience = {.tv_sec = 5};

	if (fd < 0)
		return err_errno(err, -errno, "open a netlink socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static int send_request(int fd, const struct request *request, struct err *err)
{
	ssize_t n = send(fd, request, request->header.nlmsg_len, 0);

	return n < 0 ? err_errno(err, -errno, "ask the kernel for neighbours") : 0;
}

static enum family family_of(unsigned int af)
{
	return af == AF_INET ? FAMILY_IP4 : af == AF_INET6 ? FAMILY_IP6 : FAMILY_NONE;
}

static size_t address_len(enum family family)
{
	return family == FAMILY_IP4 ? 4 : 16;
}

/* RTA_DATA(), NLMSG_DATA() and NLMSG_NEXT() that keep const. */
static const void *attribute_data(const struct rtattr *attribute)
{
	return (const uint8_t *)attribute + RTA_LENGTH(0);
}

static const void *message_data(const struct nlmsghdr *header)
{
	return (const uint8_t *)header + NLMSG_HDRLEN;
}

static const struct nlmsghdr *next_message(const struct nlmsghdr *header, size_t *left)
{
	size_t step = NLMSG_ALIGN((size_t)header->nlmsg_len);

	step = step > *left ? *left : step;
	*left -= step;
	return (const struct nlmsghdr *)(const void *)((const uint8_t *)header + step);
}

static bool take_address(
	const struct rtattr *attribute, enum family family, struct addr *ret_addr)
{
	if (RTA_PAYLOAD(attribute) != address_len(family))
		return false;
	ret_addr->family = family;
	ret_addr->value = addr_load(attribute_data(attribute), address_len(family));
	return true;
}

/* RTA_OK() and RTA_NEXT() with lengths that cannot be negative. */
static const struct rtattr *next_attribute(const uint8_t **at, size_t *left)
{
	const struct rtattr *a = (const struct rtattr *)(const void *)*at;

	if (*left < sizeof(*a) || a->rta_len < sizeof(*a) || a->rta_len > *left)
		return NULL;
	size_t step = RTA_ALIGN((size_t)a->rta_len);
	if (step > *left)
		step = *left;
	*at += step;
	*left -= step;
	return a;
}

/* ---------------------------------------------------------------- neighbours */

struct table {
	struct arena *arena;
	struct neighbour *list;
	size_t n;
};

static void take_neighbour(struct table *table, const struct nlmsghdr *header)
{
	const struct ndmsg *message = message_data(header);
	struct neighbour neighbour = {.ifindex = message->ndm_ifindex};
	enum family family = family_of(message->ndm_family);
	size_t left = header->nlmsg_len - NLMSG_LENGTH(sizeof(*message));
	const uint8_t *at = (const uint8_t *)message + NLMSG_ALIGN(sizeof(*message));
	const struct rtattr *a;
	const unsigned int in_vain = NUD_INCOMPLETE | NUD_FAILED;

	if (family == FAMILY_NONE || message->ndm_state == NUD_NOARP)
		return;
	while ((a = next_attribute(&at, &left))) {
		if (a->rta_type == NDA_DST)
			(void)take_address(a, family, &neighbour.addr);
		if (a->rta_type == NDA_LLADDR && RTA_PAYLOAD(a) == 6) {
			memcpy(neighbour.mac, attribute_data(a), 6);
			neighbour.resolved = true;
		}
	}
	neighbour.failed = (message->ndm_state & in_vain) != 0;
	if (neighbour.failed)
		neighbour.resolved = false;
	if (neighbour.addr.family == FAMILY_NONE ||
		(!neighbour.resolved && !neighbour.failed))
		return;
	struct neighbour *slot =
		arena_push(table->arena, &table->list, &table->n, sizeof(*slot));
	if (slot)
		*slot = neighbour;
}

/* One datagram of a dump. Return: 1 when more comes, 0 at its end, or -errno. */
static int take_datagram(struct table *table, const uint8_t *buffer, size_t len)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)buffer;

	for (; NLMSG_OK(header, len); header = next_message(header, &len)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return 0;
		if (header->nlmsg_type == NLMSG_ERROR)
			return -EIO;
		if (header->nlmsg_type == RTM_NEWNEIGH &&
			header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ndmsg)))
			take_neighbour(table, header);
	}
	return 1;
}

int neigh_read(struct arena *arena, struct neighbour **ret_neighbours, size_t *ret_n,
	struct err *err)
{
	_cleanup_(cleanup_close) int fd = open_netlink(err);
	_cleanup_(cleanup_free) uint8_t *buffer = malloc(ANSWER_MAX);
	struct table table = {.arena = arena};
	struct request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg)),
			.nlmsg_type = RTM_GETNEIGH,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	int rc = fd;

	if (!buffer)
		return err_set(err, -ENOMEM, "out of memory");
	if (fd >= 0)
		rc = send_request(fd, &request, err);
	if (rc < 0)
		return rc;
	for (rc = 1; rc > 0;) {
		ssize_t n = recv(fd, buffer, ANSWER_MAX, 0);

		if (n < 0)
			return err_errno(err, -errno, "read the neighbours");
		rc = take_datagram(&table, buffer, (size_t)n);
	}
	if (rc < 0)
		return err_errno(err, rc, "read the neighbours");
	*ret_neighbours = table.list;
	*ret_n = table.n;
	return 0;
}

const struct neighbour *neigh_find(const struct neighbour *neighbours, size_t n,
	int ifindex, const struct addr *addr)
{
	for (size_t i = 0; i < n; i++)
		if (neighbours[i].ifindex == ifindex &&
			addr_equal(&neighbours[i].addr, addr))
			return &neighbours[i];
	return NULL;
}

/* ---------------------------------------------------------------- routes */

static void add_attribute(
	struct request *request, unsigned short type, const void *data, size_t len)
{
	struct rtattr a = {
		.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(len)};
	uint8_t *at = (uint8_t *)request + request->header.nlmsg_len;

	memcpy(at, &a, sizeof(a));
	memcpy(at + RTA_LENGTH(0), data, len);
	request->header.nlmsg_len += (uint32_t)RTA_SPACE(len);
}

static void fill_route_request(struct request *request, const struct addr *to, int link)
{
	size_t len = address_len(to->family);
	uint8_t bytes[16];

	*request = (struct request){
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST}};
	request->body.route.rtm_family = to->family == FAMILY_IP4 ? AF_INET : AF_INET6;
	request->body.route.rtm_dst_len = (unsigned char)(len * 8);
	addr_store(bytes, len, to->value);
	add_attribute(request, RTA_DST, bytes, len);
	if (zone_is_link_local(to))
		add_attribute(request, RTA_OIF, &link, sizeof(link));
}

int neigh_next_hop(const struct addr *to, int link, struct addr *ret_hop,
	int *ret_ifindex, struct err *err)
{
	_cleanup_(cleanup_close) int fd = open_netlink(err);
	_Alignas(struct nlmsghdr) uint8_t buffer[4096];
	const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)buffer;
	struct request request;
	struct addr hop = *to;
	int ifindex = 0, rc = fd;

	fill_route_request(&request, to, link);
	if (fd >= 0)
		rc = send_request(fd, &request, err);
	if (rc < 0)
		return rc;
	ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
	if (n < 0)
		return err_errno(err, -errno, "read a route");
	if (!NLMSG_OK(header, (size_t)n))
		return err_set(err, -EIO, "the kernel's answer about a route is cut");
	if (header->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = message_data(header);

		return err_errno(err, e->error ? e->error : -EIO, "find a route");
	}
	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)))
		return err_set(err, -EIO, "the kernel's answer about a route is cut");
	const struct rtmsg *message = message_data(header);
	size_t left = header->nlmsg_len - NLMSG_LENGTH(sizeof(*message));
	const uint8_t *at = (const uint8_t *)message + NLMSG_ALIGN(sizeof(*message));
	const struct rtattr *a;

	while ((a = next_attribute(&at, &left))) {
		if (a->rta_type == RTA_GATEWAY)
			(void)take_address(a, to->family, &hop);
		if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) == sizeof(ifindex))
			memcpy(&ifindex, attribute_data(a), sizeof(ifindex));
	}
	*ret_hop = hop;
	*ret_ifindex = ifindex;
	return 0;
}
