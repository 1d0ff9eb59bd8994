/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One allowed request: to the engine, and the engine's answer back. */
#include "gate/serve/relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "gate/serve/reply.h"
#include "gate/serve/upstream.h"
#include "gate/serve/version.h"
#include "gate/serve/wire.h"

enum {
	SEND_TIMEOUT_MS = 60 * 1000,
	STALL_TIMEOUT_MS = 300 * 1000,	/* of a body that comes in */
	ANSWER_TIMEOUT_MS = 900 * 1000, /* a stop may wait minutes for its container */
};

/* The state of one run. */
struct run {
	struct relay *relay;
	struct flow down;
	struct answer_head head;
	size_t have, seen; /* of the answer's head */
	bool answered, raw, told_end;
	int64_t begin;
};

static bool is_raw_type(const char *type)
{
	static const char *const raw[] = {"application/vnd.docker.raw-stream",
		"application/vnd.docker.multiplexed-stream"};

	for (size_t i = 0; type && i < ARRAY_LEN(raw); i++) {
		if (strcasecmp(type, raw[i]) == 0)
			return true;
	}
	return false;
}

static bool has_switched(const struct run *run)
{
	if (run->relay->forward->answer != GATE_ANSWER_HIJACK)
		return false;
	return run->head.status == 101 ||
	       (run->head.status == 200 && is_raw_type(run->head.content_type));
}

static int send_text(int fd, const char *text)
{
	if (!text)
		return -ENOMEM;
	return wire_send(fd, text, strlen(text), wire_now() + SEND_TIMEOUT_MS);
}

/* Both directions become bytes and nothing else. */
static int start_raw(struct run *run, size_t head_len)
{
	struct relay *relay = run->relay;

	run->answered = run->raw = true;
	relay->keep = false;
	int rc = send_text(relay->client, reply_switch(relay->arena, &run->head));
	if (rc < 0)
		return rc;
	flow_init(&run->down, relay->engine, relay->client, FRAMING_CLOSE, 0, false);
	flow_init(&relay->up, relay->client, relay->engine, FRAMING_CLOSE, 0, false);
	run->down.pass_end = relay->up.pass_end = true;
	rc = flow_feed(
		&run->down, relay->buffers->answer + head_len, run->have - head_len);
	return rc < 0 ? rc : flow_feed(&relay->up, relay->held, relay->held_len);
}

static int start_answer(struct run *run, size_t head_len)
{
	struct relay *relay = run->relay;
	enum framing_kind kind = run->head.framing;
	bool chunked = kind == FRAMING_CHUNKED || kind == FRAMING_CLOSE;

	if (has_switched(run))
		return start_raw(run, head_len);
	if (run->head.status < 200)
		return -EPROTO; /* a switch that nobody asked for */
	run->answered = true;
	/* What was held for a stream that does not come must not be read as a request.
	 */
	relay->keep &= relay->held_len == 0 && relay->up.ended && !relay->up.excess;
	int rc = send_text(relay->client,
		reply_head(relay->arena, &run->head, chunked, relay->keep));
	if (rc < 0)
		return rc;
	flow_init(&run->down, relay->engine, relay->client, kind, run->head.length,
		chunked);
	if (kind == FRAMING_NONE)
		return 0;
	return flow_feed(
		&run->down, relay->buffers->answer + head_len, run->have - head_len);
}

/* What came of the answer's head. */
static int read_answer(struct run *run)
{
	struct relay *relay = run->relay;
	char *buffer = relay->buffers->answer;
	struct head_fault fault;
	bool to_head = strcmp(relay->forward->method, "HEAD") == 0;

	if (run->have == HEAD_MAX_BYTES)
		return -EPROTO;
	ssize_t n = recv(relay->engine, buffer + run->have, HEAD_MAX_BYTES - run->have,
		MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPROTO;
	run->have += (size_t)n;
	for (;;) {
		ssize_t len = head_scan(buffer, run->have, run->seen);

		run->seen = run->have;
		if (len <= 0)
			return len < 0 ? -EPROTO : 0;
		if (head_parse_answer(relay->arena, buffer, (size_t)len, to_head,
			    &run->head, &fault) < 0)
			return -EPROTO;
		if (run->head.status == 400)
			version_forget();
		if (run->head.status >= 200 || run->head.status == 101) {
			return start_answer(run, (size_t)len);
		}
		run->have -= (size_t)len; /* an interim answer */
		run->seen = 0;
		memmove(buffer, buffer + len, run->have);
	}
}

static bool is_over(const struct run *run)
{
	if (!run->answered || !run->down.ended)
		return false;
	return !run->raw || run->relay->up.ended;
}

static bool has_stalled(const struct run *run)
{
	const struct flow *up = &run->relay->up;
	int64_t now = wire_now();

	if (run->raw)
		return false;
	if (!up->ended)
		return now - up->moved > STALL_TIMEOUT_MS;
	if (run->relay->forward->answer == GATE_ANSWER_STREAM)
		return false;
	/* An attach may be there for days before its container is started. */
	if (!run->answered)
		return run->relay->forward->answer == GATE_ANSWER_PLAIN &&
		       now - run->begin > ANSWER_TIMEOUT_MS;
	return now - run->down.moved > STALL_TIMEOUT_MS;
}

/*
 * What to wait for. A side that hung up is left out while the bytes that came from it
 * are still being delivered: poll(2) would report it without end.
 */
static void choose_events(const struct run *run, struct pollfd fds[static 3])
{
	const struct flow *up = &run->relay->up, *down = &run->down;
	short client = 0, engine = 0;

	if (flow_wants_read(up))
		client |= POLLIN;
	else if (!run->raw && !run->told_end &&
		 run->relay->forward->answer != GATE_ANSWER_HIJACK)
		client |= POLLRDHUP;
	if (flow_wants_write(down))
		client |= POLLOUT;
	if (!run->answered || flow_wants_read(down))
		engine |= POLLIN;
	if (flow_wants_write(up))
		engine |= POLLOUT;
	fds[0] = (struct pollfd){.fd = run->relay->client, .events = client};
	fds[1] = (struct pollfd){.fd = run->relay->engine, .events = engine};
	fds[2] = (struct pollfd){.fd = run->relay->broker};
	if (flow_wants_write(up) && !flow_wants_write(down))
		fds[0].fd = -1;
	if (flow_wants_write(down) && !flow_wants_write(up))
		fds[1].fd = -1;
}

/* The caller's side; 1: it is gone. */
static int serve_client(struct run *run, short events)
{
	struct flow *up = &run->relay->up, *down = &run->down;
	int rc = 0;

	if ((events & POLLOUT) && flow_wants_write(down))
		rc = flow_write(down);
	if (rc == 0 && (events & (POLLIN | POLLHUP)) && flow_wants_read(up))
		rc = flow_read(up);
	if (rc < 0)
		return rc;
	if ((events & (POLLHUP | POLLERR)) && !flow_wants_read(up) &&
		!flow_wants_write(up))
		return 1;
	if ((events & POLLRDHUP) && !flow_wants_read(up) && !run->told_end) {
		/* The engine notices callers that went away by this. */
		run->told_end = true;
		if (up->ended)
			(void)shutdown(run->relay->engine, SHUT_WR);
	}
	return 0;
}

/* By an engine that need not read a whole body to know its answer. */
static bool is_cut_off(int rc)
{
	return rc == -EPIPE || rc == -ECONNRESET;
}

static int serve_engine(struct run *run, short events)
{
	struct flow *up = &run->relay->up, *down = &run->down;
	int rc = 0;

	if (!run->answered && (events & (POLLIN | POLLHUP)))
		rc = read_answer(run);
	else if ((events & (POLLIN | POLLHUP)) && flow_wants_read(down))
		rc = flow_read(down);
	if (rc < 0)
		return rc;
	if ((events & POLLOUT) && flow_wants_write(up)) {
		rc = flow_write(up);
		if (is_cut_off(rc)) {
			up->in.done = up->ended = up->excess = true;
			up->start = up->end;
			rc = 0;
		}
	}
	if (rc == 0 && run->answered && (events & (POLLHUP | POLLERR)) &&
		down->in.done && !flow_wants_write(down))
		return 1;
	return rc;
}

/* 0: over; negative: broken off. */
static int carry(struct run *run)
{
	struct pollfd fds[3];
	int rc = 0;

	while (rc == 0 && !is_over(run)) {
		choose_events(run, fds);
		int n = poll(fds, 3, 1000);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0) {
			if (has_stalled(run))
				return -ETIMEDOUT;
			continue;
		}
		if (fds[2].revents)
			return -EPIPE;
		if (fds[1].fd >= 0 && fds[1].revents)
			rc = serve_engine(run, fds[1].revents);
		if (rc == 0 && fds[0].fd >= 0 && fds[0].revents)
			rc = serve_client(run, fds[0].revents);
	}
	return rc < 0 ? rc : 0;
}

enum relay_end relay_run(struct relay *relay, struct err *err)
{
	struct run run = {.relay = relay, .begin = wire_now()};
	const struct gate_forward *forward = relay->forward;
	enum framing_kind kind = relay->up.ended ? FRAMING_NONE : relay->up.in.kind;
	uint64_t length = relay->up.in.left + (relay->up.end - relay->up.start);

	if (forward->body) {
		kind = FRAMING_LENGTH;
		length = forward->body_len;
	}
	run.down.buffer = relay->buffers->down;
	int rc = send_text(
		relay->engine, upstream_head(relay->arena, forward, kind, length));
	if (rc == 0 && forward->body)
		rc = wire_send(relay->engine, forward->body, forward->body_len,
			wire_now() + SEND_TIMEOUT_MS);
	if (forward->body && is_cut_off(rc))
		rc = 0;
	if (rc < 0) {
		(void)err_errno(err, rc, "send the request to the engine");
		return RELAY_FAILED;
	}
	rc = carry(&run);
	if (rc < 0 && !run.answered) {
		(void)err_errno(err, rc, "the engine gave no proper answer");
		return RELAY_FAILED;
	}
	if (rc < 0 || !is_over(&run) || run.raw)
		return RELAY_CLOSE;
	return relay->keep ? RELAY_KEEP : RELAY_CLOSE;
}
