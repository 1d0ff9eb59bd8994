/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of an exchange: a body from one socket to another, framed anew. */
#include "gate/serve/flow.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "gate/serve/wire.h"

void flow_init(struct flow *flow, int from, int to, enum framing_kind kind,
	uint64_t length, bool chunked)
{
	char *buffer = flow->buffer;

	*flow = (struct flow){
		.from = from, .to = to, .chunked = chunked, .buffer = buffer};
	framing_init(&flow->in, kind, length);
	flow->ended = flow->in.done;
	flow->moved = wire_now();
}

/* The body's @len bytes at FLOW_FRONT, put into the form that goes out. */
static void frame(struct flow *flow, size_t len)
{
	flow->start = FLOW_FRONT;
	flow->end = FLOW_FRONT + len;
	if (flow->chunked && len > 0) {
		char line[FLOW_FRONT + 1];
		int n = snprintf(line, sizeof(line), "%zx\r\n", len);

		flow->start -= (size_t)n;
		memcpy(flow->buffer + flow->start, line, (size_t)n);
		memcpy(flow->buffer + flow->end, "\r\n", 2);
		flow->end += 2;
	}
	if (flow->chunked && flow->in.done) {
		memcpy(flow->buffer + flow->end, "0\r\n\r\n", 5);
		flow->end += 5;
	}
}

static void note_end(struct flow *flow)
{
	if (!flow->in.done || flow->start < flow->end || flow->ended)
		return;
	flow->ended = true;
	if (flow->pass_end)
		(void)shutdown(flow->to, SHUT_WR);
}

/* @len raw bytes at FLOW_FRONT. */
static int take(struct flow *flow, size_t len)
{
	size_t used;
	ssize_t n = framing_decode(&flow->in, flow->buffer + FLOW_FRONT, len, &used);

	if (n < 0)
		return (int)n;
	flow->excess |= used < len;
	frame(flow, (size_t)n);
	note_end(flow);
	return 0;
}

int flow_feed(struct flow *flow, const char *bytes, size_t len)
{
	if (len > FLOW_BYTES)
		return -EMSGSIZE;
	memcpy(flow->buffer + FLOW_FRONT, bytes, len);
	return len ? take(flow, len) : 0;
}

void flow_preload(struct flow *flow, const char *bytes, size_t len)
{
	memcpy(flow->buffer + FLOW_FRONT, bytes, len);
	flow->ended = false;
	frame(flow, len);
	note_end(flow);
}

int flow_read(struct flow *flow)
{
	size_t size = FLOW_BYTES;

	/* What follows a body of known length is never even read. */
	if (flow->in.kind == FRAMING_LENGTH && flow->in.left < size)
		size = (size_t)flow->in.left;
	ssize_t n = recv(flow->from, flow->buffer + FLOW_FRONT, size, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	flow->moved = wire_now();
	if (n > 0)
		return take(flow, (size_t)n);
	if (flow->in.kind != FRAMING_CLOSE)
		return -ECONNRESET;
	flow->in.done = true;
	frame(flow, 0);
	note_end(flow);
	return 0;
}

int flow_write(struct flow *flow)
{
	ssize_t n = send(flow->to, flow->buffer + flow->start, flow->end - flow->start,
		MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	flow->start += (size_t)n;
	flow->moved = wire_now();
	note_end(flow);
	return 0;
}
