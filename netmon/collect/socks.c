/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of one network namespace that hear strangers. */
#include "netmon/collect/socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "netmon/collect/nlsock.h"

/*
 * Theory of operation. One sock_diag dump a protocol and family. Asking for a protocol
 * loads its module, so the rare ones are asked for only where /proc/net/protocols says
 * that the kernel speaks them. An MPTCP listener (what Go programs open since 1.24)
 * shows twice: as the TCP socket that hears, whose inode no process has, and as the
 * MPTCP socket that is in the process's table; the second lends the first its inode.
 * The dump of those is slow, so it is made only where a TCP socket says that it is one.
 */
enum {
	STATE_ESTABLISHED = 1, /* net/tcp_states.h */
	STATE_LISTEN = 10,
	MPTCP = 262, /* IPPROTO_MPTCP */
};

#define PROTOCOLS      "/proc/thread-self/net/protocols"
#define SCTP_ENDPOINTS "/proc/thread-self/net/sctp/eps"

struct protocol {
	const char *name; /* in /proc/net/protocols; NULL: always asked for */
	uint32_t states;
	uint16_t number;
	bool optional; /* can do without the kernel's answer */
};

static const struct protocol protocols[] = {
	{NULL, 1 << STATE_LISTEN, IPPROTO_TCP, false},
	{NULL, 1 << STATE_LISTEN, MPTCP, true},
	{NULL, UINT32_MAX, IPPROTO_UDP, false},
	{"UDP-Lite", UINT32_MAX, IPPROTO_UDPLITE, false},
	{"DCCP", 1 << STATE_LISTEN, IPPROTO_DCCP, false},
	{"SCTP", 1 << STATE_LISTEN, IPPROTO_SCTP, false},
};

struct reader {
	struct facts *facts;
	struct netns *netns;
	uint16_t protocol;
	size_t nmptcp; /* TCP sockets that belong to an MPTCP one */
	size_t next;   /* where to go on looking for them */
};

static bool kernel_speaks(const char *name)
{
	_cleanup_(cleanup_fclose) FILE *list = fopen(PROTOCOLS, "re");
	char line[512];
	bool found = !list; /* unknown: ask */

	while (list && !found && fgets(line, sizeof(line), list)) {
		line[strcspn(line, " \n")] = '\0';
		found = strcmp(line, name) == 0;
	}
	return found;
}

/* An IPv6 socket bound to ::ffff:a.b.c.d hears IPv4. */
static struct addr unmap(struct addr addr)
{
	if (addr.family == FAMILY_IP6 && addr.value >> 32 == 0xffff)
		return (struct addr){
			.value = (uint32_t)addr.value, .family = FAMILY_IP4};
	return addr;
}

static struct addr sockaddr_addr(const struct sockaddr_storage *storage)
{
	struct addr addr = {.family = FAMILY_NONE};

	if (storage->ss_family == AF_INET) {
		addr.family = FAMILY_IP4;
		addr.value = addr_load(
			&((const struct sockaddr_in *)(const void *)storage)->sin_addr,
			4);
	} else if (storage->ss_family == AF_INET6) {
		addr.family = FAMILY_IP6;
		addr.value =
			addr_load(&((const struct sockaddr_in6 *)(const void *)storage)
					   ->sin6_addr,
				16);
	}
	return unmap(addr);
}

static int push_sock(struct reader *reader, const struct sock *sock, struct err *err)
{
	struct sock *place = arena_push(&reader->facts->arena, &reader->netns->socks,
		&reader->netns->nsocks, sizeof(*reader->netns->socks));

	if (!place)
		return err_set(err, -ENOMEM, "out of memory");
	*place = *sock;
	return 0;
}

/* Both dumps walk the same table, so the one sought is mostly the next. */
static void lend_inode(struct reader *reader, const struct sock *mptcp)
{
	struct netns *netns = reader->netns;

	for (size_t i = 0; i < netns->nsocks; i++) {
		size_t at = (reader->next + i) % netns->nsocks;
		struct sock *sock = &netns->socks[at];

		if (sock->proto == IPPROTO_TCP && sock->port == mptcp->port &&
			addr_equal(&sock->local, &mptcp->local) &&
			sock->ifindex == mptcp->ifindex) {
			sock->inode = mptcp->inode;
			reader->next = at + 1;
			return;
		}
	}
}

/* An SCTP endpoint may have several addresses. */
static int push_locals(struct reader *reader, struct sock *sock,
	const struct nlattr *locals, struct err *err)
{
	const struct sockaddr_storage *list = mnl_attr_get_payload(locals);
	size_t count = mnl_attr_get_payload_len(locals) / sizeof(*list);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct sockaddr_storage storage;

		memcpy(&storage, &list[i], sizeof(storage));
		sock->local = sockaddr_addr(&storage);
		if (sock->local.family)
			r = push_sock(reader, sock, err);
	}
	return r;
}

/* Newer kernels tell a socket's options; their number grows. */
static bool is_opaque(const struct nlattr *options)
{
	struct inet_diag_sockopt known = {0};
	size_t len = options ? mnl_attr_get_payload_len(options) : 0;

	if (len == 0)
		return false;
	memcpy(&known, mnl_attr_get_payload(options),
		len < sizeof(known) ? len : sizeof(known));
	return !known.transparent;
}

static int parse_sock(const struct nlmsghdr *message, void *data, struct err *err)
{
	struct reader *reader = data;
	const struct inet_diag_msg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *tb[INET_DIAG_MAX + 1];
	const struct nlattr *ulp[INET_ULP_INFO_MAX + 1];
	bool ipv6 = info->idiag_family == AF_INET6;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return 0;
	attrs_parse_message(tb, ARRAY_LEN(tb), message, sizeof(*info));
	attrs_parse_nested(ulp, ARRAY_LEN(ulp), tb[INET_DIAG_ULP_INFO]);
	const char *above = attr_text(ulp[INET_ULP_INFO_NAME]);
	reader->nmptcp += above && strcmp(above, "mptcp") == 0;
	struct sock sock = {
		.proto = (uint8_t)reader->protocol,
		.local = unmap((struct addr){
			.value = addr_load(info->id.idiag_src, ipv6 ? 16 : 4),
			.family = ipv6 ? FAMILY_IP6 : FAMILY_IP4,
		}),
		.v6only = attr_u8(tb[INET_DIAG_SKV6ONLY]),
		.port = ntohs(info->id.idiag_sport),
		.ifindex = (int)info->id.idiag_if,
		.mark = attr_u32(tb[INET_DIAG_MARK]),
		.uid = info->idiag_uid,
		.inode = info->idiag_inode,
		.connected = info->idiag_state == STATE_ESTABLISHED,
		.opaque = is_opaque(tb[INET_DIAG_SOCKOPT]),
	};
	if (reader->protocol == MPTCP) {
		lend_inode(reader, &sock);
		return 0;
	}
	if (reader->protocol == IPPROTO_SCTP && tb[INET_DIAG_LOCALS])
		return push_locals(reader, &sock, tb[INET_DIAG_LOCALS], err);
	return push_sock(reader, &sock, err);
}

static int dump_family(struct nlsock *sock, struct reader *reader,
	const struct protocol *protocol, uint8_t family, struct err *err)
{
	char buffer[NLSOCK_REQUEST_BYTES];
	struct nlmsghdr *request = nlsock_request(sock, buffer, SOCK_DIAG_BY_FAMILY,
		NLM_F_DUMP, sizeof(struct inet_diag_req_v2));
	struct inet_diag_req_v2 *filter = mnl_nlmsg_get_payload(request);

	filter->sdiag_family = family;
	filter->sdiag_protocol =
		(uint8_t)(protocol->number == MPTCP ? IPPROTO_TCP : protocol->number);
	filter->idiag_states = protocol->states;
	if (protocol->number == MPTCP)
		mnl_attr_put_u32(request, INET_DIAG_REQ_PROTOCOL, MPTCP);
	reader->protocol = protocol->number;
	reader->next = 0;
	return nlsock_dump(sock, request, parse_sock, reader, err);
}

/* One line of SCTP_ENDPOINTS: ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS... */
static int parse_endpoint(struct reader *reader, char *line, struct err *err)
{
	struct sock sock = {.proto = IPPROTO_SCTP};
	unsigned int state, port, uid;
	unsigned long inode;
	int used = 0, r = 0;
	char *rest, *word;

	if (sscanf(line, "%*s %*s %*d %u %*d %u %u %lu %n", &state, &port, &uid, &inode,
		    &used) != 4)
		return 0; /* the heading */
	if (state != STATE_LISTEN || !used)
		return 0;
	sock.port = (uint16_t)port;
	sock.uid = uid;
	sock.inode = inode;
	for (word = strtok_r(line + used, " \n", &rest); word && r == 0;
		word = strtok_r(NULL, " \n", &rest)) {
		if (addr_parse(word, &sock.local, NULL) == 0)
			r = push_sock(reader, &sock, err);
	}
	return r;
}

/* For kernels without the sctp_diag module. */
static int read_endpoints(struct reader *reader, struct err *err)
{
	_cleanup_(cleanup_fclose) FILE *list = fopen(SCTP_ENDPOINTS, "re");
	_cleanup_(cleanup_free) char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (!list)
		return errno == ENOENT
			       ? 0
			       : err_errno(err, -errno, "open %s", SCTP_ENDPOINTS);
	while (r == 0 && getline(&line, &size, list) > 0)
		r = parse_endpoint(reader, line, err);
	return r;
}

static int dump_protocol(
	struct reader *reader, const struct protocol *protocol, struct err *err)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(families) && r == 0; i++) {
		struct nlsock sock;
		size_t start = reader->netns->nsocks;

		r = nlsock_open(&sock, NETLINK_SOCK_DIAG, err);
		for (int n = 0; r == 0 && n < NLSOCK_ATTEMPTS; n++) {
			reader->netns->nsocks = start;
			r = dump_family(&sock, reader, protocol, families[i], err);
			if (r == -EINTR && n + 1 < NLSOCK_ATTEMPTS)
				r = 0;
			else
				break;
		}
		nlsock_done(&sock);
	}
	/* ENOENT: the kernel has no such diag module. */
	if (r == -ENOENT && protocol->number == IPPROTO_SCTP)
		return read_endpoints(reader, err);
	return protocol->optional ? 0 : r;
}

void collect_socks(struct facts *facts, struct netns *netns)
{
	struct reader reader = {.facts = facts, .netns = netns};

	netns->socks_known = true;
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		const struct protocol *protocol = &protocols[i];
		struct err err = {0};

		if (protocol->number == MPTCP
				? !reader.nmptcp
				: protocol->name && !kernel_speaks(protocol->name))
			continue;
		if (dump_protocol(&reader, protocol, &err) < 0) {
			netns->socks_known = false;
			facts_note(facts, "sockets-unreadable", netns->id, true,
				"the sockets of protocol %u could not be read: %s",
				protocol->number, err.text);
		}
	}
}
