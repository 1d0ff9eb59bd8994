/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who began a flow, as the kernel's connection tracking has it. */
#include "netmon/confirm/track.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/cleanup.h"

#define ANSWER_MAX 8192
#define HEAD_LEN   sizeof(struct nlattr)

/* A message in the making. */
struct message {
	_Alignas(struct nlmsghdr) uint8_t bytes[256];
	size_t len;
};

/* NLA_ALIGN() without a sign. */
static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

int track_open(void)
{
	const struct timeval patience = {.tv_sec = 1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* ---------------------------------------------------------------- asking */

static void put(struct message *m, unsigned int type, const void *data, size_t len)
{
	struct nlattr head = {
		.nla_type = (uint16_t)type, .nla_len = (uint16_t)(HEAD_LEN + len)};

	memcpy(m->bytes + m->len, &head, sizeof(head));
	if (len)
		memcpy(m->bytes + m->len + HEAD_LEN, data, len);
	m->len += HEAD_LEN + align4(len);
}

static size_t nest(struct message *m, unsigned int type)
{
	size_t at = m->len;

	put(m, type | NLA_F_NESTED, NULL, 0);
	return at;
}

static void nest_end(struct message *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);

	memcpy(m->bytes + at, &len, sizeof(len));
}

static void put_tuple(struct message *m, const struct flow_key *key)
{
	bool four = key->family == FAMILY_IP4;
	size_t len = four ? 4 : 16, tuple, part;
	uint8_t address[16], port[2];

	tuple = nest(m, CTA_TUPLE_ORIG);
	part = nest(m, CTA_TUPLE_IP);
	addr_store(address, len, key->src);
	put(m, four ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, address, len);
	addr_store(address, len, key->dst);
	put(m, four ? CTA_IP_V4_DST : CTA_IP_V6_DST, address, len);
	nest_end(m, part);
	part = nest(m, CTA_TUPLE_PROTO);
	put(m, CTA_PROTO_NUM, &key->proto, 1);
	addr_store(port, 2, key->sport);
	put(m, CTA_PROTO_SRC_PORT, port, 2);
	addr_store(port, 2, key->dport);
	put(m, CTA_PROTO_DST_PORT, port, 2);
	nest_end(m, part);
	nest_end(m, tuple);
}

static void make_request(struct message *m, const struct flow_key *key)
{
	const struct nfgenmsg family = {
		.nfgen_family = key->family == FAMILY_IP4 ? AF_INET : AF_INET6,
		.version = NFNETLINK_V0};
	struct nlmsghdr head = {
		.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
		.nlmsg_flags = NLM_F_REQUEST};

	memset(m, 0, sizeof(*m));
	memcpy(m->bytes + NLMSG_HDRLEN, &family, sizeof(family));
	m->len = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(family));
	put_tuple(m, key);
	head.nlmsg_len = (uint32_t)m->len;
	memcpy(m->bytes, &head, sizeof(head));
}

/* ---------------------------------------------------------------- the answer */

/* The attribute of @type among @len bytes; its content, or NULL. */
static const uint8_t *find(
	const uint8_t *at, size_t len, unsigned int type, size_t *ret_len)
{
	struct nlattr head;

	while (len >= sizeof(head)) {
		memcpy(&head, at, sizeof(head));
		size_t step = align4(head.nla_len);

		if (head.nla_len < HEAD_LEN || head.nla_len > len)
			return NULL;
		if ((head.nla_type & NLA_TYPE_MASK) == type) {
			*ret_len = head.nla_len - HEAD_LEN;
			return at + HEAD_LEN;
		}
		if (step > len)
			return NULL;
		at += step;
		len -= step;
	}
	return NULL;
}

static bool value_is(const uint8_t *tuple, size_t len, unsigned int part,
	unsigned int type, size_t size, u128 want)
{
	size_t n;
	const uint8_t *at = find(tuple, len, part, &n);

	if (at)
		at = find(at, n, type, &n);
	return at && n == size && addr_load(at, size) == want;
}

static bool tuple_is(const uint8_t *tuple, size_t len, const struct flow_key *key)
{
	bool four = key->family == FAMILY_IP4;
	size_t size = four ? 4 : 16;

	return value_is(tuple, len, CTA_TUPLE_IP, four ? CTA_IP_V4_SRC : CTA_IP_V6_SRC,
		       size, key->src) &&
	       value_is(tuple, len, CTA_TUPLE_IP, four ? CTA_IP_V4_DST : CTA_IP_V6_DST,
		       size, key->dst) &&
	       value_is(tuple, len, CTA_TUPLE_PROTO, CTA_PROTO_SRC_PORT, 2,
		       key->sport) &&
	       value_is(tuple, len, CTA_TUPLE_PROTO, CTA_PROTO_DST_PORT, 2, key->dport);
}

static enum track read_answer(
	const uint8_t *bytes, size_t len, const struct flow_key *key)
{
	const size_t body = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nlmsghdr head;
	struct nlmsgerr failure;
	size_t n;

	if (len < sizeof(head))
		return TRACK_UNKNOWN;
	memcpy(&head, bytes, sizeof(head));
	if (head.nlmsg_type == NLMSG_ERROR && len >= NLMSG_HDRLEN + sizeof(failure)) {
		memcpy(&failure, bytes + NLMSG_HDRLEN, sizeof(failure));
		return failure.error == -ENOENT ? TRACK_NONE : TRACK_UNKNOWN;
	}
	if (head.nlmsg_len > len || head.nlmsg_len < body)
		return TRACK_UNKNOWN;
	const uint8_t *tuple =
		find(bytes + body, head.nlmsg_len - body, CTA_TUPLE_ORIG, &n);
	if (!tuple)
		return TRACK_UNKNOWN;
	return tuple_is(tuple, n, key) ? TRACK_BEGUN : TRACK_ANSWER;
}

enum track track_ask(int fd, const struct flow_key *key)
{
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER_MAX];
	struct message m;

	if (fd < 0)
		return TRACK_UNKNOWN;
	make_request(&m, key);
	if (send(fd, m.bytes, m.len, 0) < 0)
		return TRACK_UNKNOWN;
	ssize_t n = recv(fd, answer, sizeof(answer), 0);
	return n < 0 ? TRACK_UNKNOWN : read_answer(answer, (size_t)n, key);
}
