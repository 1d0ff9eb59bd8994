/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of an exchange: a body from one socket to another, framed anew. */
#ifndef SEAWALL_GATE_SERVE_FLOW_H
#define SEAWALL_GATE_SERVE_FLOW_H

#include "common/cleanup.h"
#include "gate/serve/framing.h"

enum {
	FLOW_BYTES = 128 * 1024, /* at most read at once */
	FLOW_FRONT = 18,	 /* room for the line of a chunk's size */
	FLOW_BACK = 7,		 /* CRLF and the last chunk */
	FLOW_BUFFER = FLOW_FRONT + FLOW_BYTES + FLOW_BACK,
};

/**
 * struct flow - what is on its way
 * @in:      framing of what comes in
 * @chunked: how it goes out: each piece a chunk, or as it is
 * @pass_end: the end of input is passed on by shutdown(2)
 * @excess:  more came than belongs to the body; it was thrown away
 * @ended:   all that came in has gone out
 * @start, @end: the part of @buffer that waits to be sent
 * @moved:   time (wire_now()) of the last progress
 */
struct flow {
	int from, to;
	struct framing in;
	bool chunked, pass_end, excess, ended;
	char *buffer; /* FLOW_BUFFER bytes, borrowed */
	size_t start, end;
	int64_t moved;
};

/** flow_init() - @length only for FRAMING_LENGTH; FRAMING_NONE is ended at once. */
void flow_init(struct flow *flow, int from, int to, enum framing_kind kind,
	uint64_t length, bool chunked);
/** flow_feed() - bytes that came earlier (at most FLOW_BYTES), before any read. */
int flow_feed(struct flow *flow, const char *bytes, size_t len) _must_check_;
/** flow_preload() - as flow_feed(), but these are the body's, decoded by flow->in. */
void flow_preload(struct flow *flow, const char *bytes, size_t len);

static inline bool flow_wants_read(const struct flow *flow)
{
	return flow->start == flow->end && !flow->in.done;
}
static inline bool flow_wants_write(const struct flow *flow)
{
	return flow->start < flow->end;
}

/**
 * flow_read() - once, without waiting; only when flow_wants_read()
 *
 * Return: 0, also when nothing was there; -EBADMSG (framing), -ECONNRESET (the end came
 * before the body's), -errno.
 */
int flow_read(struct flow *flow) _must_check_;
/** flow_write() - once, without waiting; 0, -EPIPE, -errno. */
int flow_write(struct flow *flow) _must_check_;

#endif
