/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink dumps: one request, many answers, and whether they are consistent. */
#include "netmon/collect/nlsock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/pages.h"

/*
 * Theory of operation. The kernel fills up to 32 KiB an answer once it has seen that
 * the reader's buffer is that large, so every read offers RECV_BYTES. A raw dump reads
 * into the tail of the caller's buffer: the bytes are touched once, by the kernel. Of
 * each message only the header is looked at.
 */
enum {
	RECV_BYTES = 128 * 1024,
	PREPARE_BYTES = 512 * 1024,
	RECV_TIMEOUT_S =
		20, /* the kernel answers at once, or something is badly wrong */
};

void bytes_done(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

/* A long answer goes on: the next piece of the buffer will be filled. */
static void prepare(struct bytes *bytes, size_t room)
{
	size_t left;

	if (bytes->len < PREPARE_BYTES || bytes->prepared > bytes->len + room)
		return;
	if (bytes->prepared < bytes->len)
		bytes->prepared = bytes->len;
	left = bytes->size - bytes->prepared;
	if (left > PREPARE_BYTES)
		left = PREPARE_BYTES;
	pages_prepare(bytes->data + bytes->prepared, left);
	bytes->prepared += left;
}

static int bytes_reserve(struct bytes *bytes, size_t room, struct err *err)
{
	size_t size = bytes->size ? bytes->size : 2 * room;

	if (room <= bytes->size - bytes->len) {
		prepare(bytes, room);
		return 0;
	}
	if (bytes->limit && bytes->len > bytes->limit)
		return err_set(err, -EFBIG, "more than %zu bytes", bytes->limit);
	while (room > size - bytes->len)
		size *= 2;
	uint8_t *data = realloc(bytes->data, size);
	if (!data)
		return err_set(err, -ENOMEM, "out of memory");
	bytes->data = data;
	bytes->size = size;
	return 0;
}

int nlsock_listen(struct nlsock *sock, int bus, uint32_t groups, struct err *err)
{
	*sock = (struct nlsock){.nl = mnl_socket_open2(bus, SOCK_CLOEXEC)};
	if (!sock->nl)
		return err_errno(err, -errno, "open netlink socket of family %d", bus);
	if (mnl_socket_bind(sock->nl, groups, MNL_SOCKET_AUTOPID) < 0) {
		int code = -errno;

		nlsock_done(sock);
		return err_errno(err, code, "bind netlink socket of family %d", bus);
	}
	return 0;
}

/* netlink_overrun() tells once, by ENOBUFS, that messages were lost: those, too, are
 * changes. */
bool nlsock_heard(const struct nlsock *sock)
{
	const int flags = MSG_DONTWAIT | MSG_TRUNC;
	bool heard = false;
	char byte;

	for (;;) {
		ssize_t n =
			recv(mnl_socket_get_fd(sock->nl), &byte, sizeof(byte), flags);

		if (n >= 0 || errno == ENOBUFS)
			heard = true;
		else if (errno != EINTR)
			return heard;
	}
}

int nlsock_open(struct nlsock *sock, int bus, struct err *err)
{
	const struct timeval timeout = {.tv_sec = RECV_TIMEOUT_S};
	int r = nlsock_listen(sock, bus, 0, err);

	if (r < 0)
		return r;
	(void)setsockopt(mnl_socket_get_fd(sock->nl), SOL_SOCKET, SO_RCVTIMEO, &timeout,
		sizeof(timeout));
	return 0;
}

void nlsock_done(struct nlsock *sock)
{
	if (sock->nl)
		(void)mnl_socket_close(sock->nl);
	free(sock->buffer);
	*sock = (struct nlsock){0};
}

struct nlmsghdr *nlsock_request(
	struct nlsock *sock, void *buffer, uint16_t type, uint16_t flags, size_t extra)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->nlmsg_seq = ++sock->seq;
	if (extra)
		(void)mnl_nlmsg_put_extra_header(request, extra);
	return request;
}

/* What a run over some received messages found. */
struct run {
	bool ended, interrupted;
	int code;    /* of DONE or ERROR */
	size_t used; /* bytes before the end mark */
};

static int message_code(const struct nlmsghdr *message)
{
	int code = 0;

	if (message->nlmsg_len >= NLMSG_HDRLEN + sizeof(code))
		memcpy(&code, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(code));
	return code;
}

/* Runs over @len received bytes; @fn may be NULL. Returns what @fn returned. */
static int run_messages(const uint8_t *data, size_t len, struct run *run, nlsock_fn *fn,
	void *fn_data, struct err *err)
{
	size_t off = 0;

	while (len - off >= NLMSG_HDRLEN) {
		const struct nlmsghdr *message = (const void *)(data + off);
		size_t size = message->nlmsg_len;
		int r;

		if (size < NLMSG_HDRLEN || size > len - off)
			return err_set(err, -EBADMSG, "cut netlink message");
		run->used = off;
		run->interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (message->nlmsg_type == NLMSG_DONE ||
			message->nlmsg_type == NLMSG_ERROR) {
			run->ended = true;
			run->code = message_code(message);
			return 0;
		}
		r = fn ? fn(message, fn_data, err) : 0;
		if (r < 0)
			return r;
		size = align4(size);
		off = size > len - off ? len : off + size;
	}
	run->used = off;
	return 0;
}

static int send_request(
	struct nlsock *sock, const struct nlmsghdr *request, struct err *err)
{
	ssize_t sent = mnl_socket_sendto(sock->nl, request, request->nlmsg_len);

	return sent < 0 ? err_errno(err, -errno, "send netlink request") : 0;
}

static int receive(struct nlsock *sock, uint8_t *data, size_t room, size_t *ret_len,
	struct err *err)
{
	struct iovec iov = {.iov_base = data, .iov_len = room};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	do
		n = recvmsg(mnl_socket_get_fd(sock->nl), &msg, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, -errno, "receive netlink answer");
	if (n == 0 || (msg.msg_flags & MSG_TRUNC))
		return err_set(err, -EBADMSG, "netlink answer larger than %zu", room);
	*ret_len = (size_t)n;
	return 0;
}

static int end_of(const struct run *run, struct err *err)
{
	if (run->code < 0)
		return err_errno(err, run->code, "netlink answer");
	if (run->interrupted)
		return err_set(err, -EINTR, "it changed while it was read");
	return 0;
}

int nlsock_dump(struct nlsock *sock, const struct nlmsghdr *request, nlsock_fn *fn,
	void *data, struct err *err)
{
	struct run run = {0};
	int r = send_request(sock, request, err);

	if (!sock->buffer)
		sock->buffer = malloc(RECV_BYTES);
	if (!sock->buffer)
		return err_set(err, -ENOMEM, "out of memory");
	while (r == 0 && !run.ended) {
		size_t len;

		r = receive(sock, sock->buffer, RECV_BYTES, &len, err);
		if (r == 0)
			r = run_messages(sock->buffer, len, &run, fn, data, err);
	}
	return r < 0 ? r : end_of(&run, err);
}

int nlsock_dump_raw(struct nlsock *sock, const struct nlmsghdr *request,
	struct bytes *out, struct err *err)
{
	struct run run = {0};
	int r = send_request(sock, request, err);

	while (r == 0 && !run.ended) {
		size_t len;

		r = bytes_reserve(out, RECV_BYTES, err);
		if (r == 0)
			r = receive(sock, out->data + out->len, out->size - out->len,
				&len, err);
		if (r == 0)
			r = run_messages(
				out->data + out->len, len, &run, NULL, NULL, err);
		if (r == 0)
			out->len += run.used;
	}
	return r < 0 ? r : end_of(&run, err);
}

void attrs_parse(const struct nlattr **tb, size_t count, const void *first, size_t len)
{
	const struct nlattr *attr = first;

	for (size_t i = 0; i < count; i++)
		tb[i] = NULL;
	while (len <= INT32_MAX && mnl_attr_ok(attr, (int)len)) {
		size_t size = align4(attr->nla_len);

		if (mnl_attr_get_type(attr) < count)
			tb[mnl_attr_get_type(attr)] = attr;
		if (size > len)
			break;
		len -= size;
		attr = mnl_attr_next(attr);
	}
}

void attrs_parse_message(const struct nlattr **tb, size_t count,
	const struct nlmsghdr *message, size_t header)
{
	size_t len = mnl_nlmsg_get_payload_len(message);

	header = align4(header);
	if (header > len)
		len = header;
	attrs_parse(
		tb, count, mnl_nlmsg_get_payload_offset(message, header), len - header);
}

void attrs_parse_nested(
	const struct nlattr **tb, size_t count, const struct nlattr *nest)
{
	attrs_parse(tb, count, nest ? mnl_attr_get_payload(nest) : NULL,
		nest ? mnl_attr_get_payload_len(nest) : 0);
}

static void attr_copy(const struct nlattr *attr, void *value, size_t size)
{
	if (attr && mnl_attr_get_payload_len(attr) >= size)
		memcpy(value, mnl_attr_get_payload(attr), size);
}

uint8_t attr_u8(const struct nlattr *attr)
{
	uint8_t value = 0;

	attr_copy(attr, &value, sizeof(value));
	return value;
}

uint16_t attr_u16(const struct nlattr *attr)
{
	uint16_t value = 0;

	attr_copy(attr, &value, sizeof(value));
	return value;
}

uint32_t attr_u32(const struct nlattr *attr)
{
	uint32_t value = 0;

	attr_copy(attr, &value, sizeof(value));
	return value;
}

const char *attr_text(const struct nlattr *attr)
{
	if (!attr ||
		!memchr(mnl_attr_get_payload(attr), 0, mnl_attr_get_payload_len(attr)))
		return NULL;
	return mnl_attr_get_payload(attr);
}

struct addr attr_addr(const struct nlattr *attr)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (len != 4 && len != 16)
		return (struct addr){.family = FAMILY_NONE};
	return (struct addr){.value = addr_load(mnl_attr_get_payload(attr), len),
		.family = len == 4 ? FAMILY_IP4 : FAMILY_IP6};
}
