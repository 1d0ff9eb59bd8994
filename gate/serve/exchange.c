/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The confined process of one connection: reads requests, asks, carries bytes. */
#include "gate/serve/exchange.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "gate/serve/broker.h"
#include "gate/serve/relay.h"
#include "gate/serve/reply.h"
#include "gate/serve/seen.h"
#include "gate/serve/upstream.h"
#include "gate/serve/version.h"
#include "gate/serve/wire.h"

enum {
	HEAD_TIMEOUT_MS = 10 * 1000,
	BODY_TIMEOUT_MS = 30 * 1000,
	IDLE_TIMEOUT_MS = 60 * 1000,
	STRANGER_TIMEOUT_MS = 5 * 1000, /* the same, without a grant */
	ARENA_BYTES = 32 * 1024 * 1024,
	BLOCK_BYTES = 4096, /* read to see whether a stream is a plain tar */
};

struct exchange {
	const struct exchange_setup *setup;
	struct gate_context context;
	struct arena arena;
	struct upstream upstream;
	struct gate_engine engine;
	struct relay_buffers *buffers;
	char in[HEAD_MAX_BYTES]; /* what the caller sent */
	size_t have, head_len;
	struct request_head head;
};

static bool has_new_policy(const struct exchange *x)
{
	return *x->setup->generation != x->setup->born;
}

/* See struct gate_decision. It stays, to be removed by hand, where that fails. */
static void remove_unstarted(struct exchange *x, const char *id)
{
	const struct trail_entry entry = {
		.decision = "allow",
		.method = "DELETE",
		.route = "DELETE containers/{}",
		.object = id,
		.rule = "auto-remove",
		.reason = "it was to be removed when it ends, and may not start",
	};
	const char *path = arena_printf(&x->arena, "/v%s/containers/%s?v=1",
		x->context.api ? x->context.api : GATE_API_VERSION, id);
	struct err err;

	if (path && broker_trail(x->setup->broker, &entry, &err) == 0)
		(void)!upstream_delete(&x->upstream, path, &x->arena, &err);
}

/* Recorded and answered; the connection is then closed: false, for `return`. */
static bool refuse(struct exchange *x, const struct gate_decision *decision)
{
	const struct trail_entry entry = {
		.decision = "deny",
		.method = x->head.method,
		.route = decision->route,
		.object = decision->object,
		.image = decision->image,
		.rule = decision->rule,
		.reason = decision->reason,
	};
	bool to_head = x->head.method && strcmp(x->head.method, "HEAD") == 0;
	struct err err;

	/* It is refused whether or not it can be recorded. */
	int rc = broker_trail(x->setup->broker, &entry, &err);
	if (decision->unstarted)
		remove_unstarted(x, decision->unstarted);
	rc |= reply_refuse(x->setup->client, &x->arena, decision->status,
		decision->reason, to_head);
	if (rc == 0)
		reply_linger(x->setup->client);
	return false;
}

static bool refuse_because(struct exchange *x, const struct gate_decision *of,
	unsigned int status, const char *rule, const char *reason)
{
	struct gate_decision decision = {.status = status, .rule = rule};

	if (of) {
		decision.route = of->route;
		decision.object = of->object;
		decision.image = of->image;
		decision.unstarted = of->unstarted;
	}
	decision.reason = reason;
	return refuse(x, &decision);
}

/*
 * Until a request begins; false: none will. Meets a new policy by closing, and the end
 * of the broker, which says nothing while it is not asked.
 */
static bool wait_for_request(struct exchange *x)
{
	int64_t deadline = wire_now() +
			   (x->context.profile ? IDLE_TIMEOUT_MS : STRANGER_TIMEOUT_MS);
	struct pollfd fds[] = {
		{.fd = x->setup->client, .events = POLLIN}, {.fd = x->setup->broker}};

	while (wire_now() < deadline) {
		if (has_new_policy(x))
			return false;
		int n = poll(fds, ARRAY_LEN(fds), 1000);
		if (n > 0)
			return !fds[1].revents;
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

/* A head is there; if not, the connection is over, refused or not. */
static bool read_head(struct exchange *x)
{
	int64_t deadline = wire_now() + HEAD_TIMEOUT_MS;
	struct head_fault fault;
	size_t seen = 0;

	x->have = 0;
	x->head = (struct request_head){0};
	for (;;) {
		ssize_t n = wire_receive(x->setup->client, x->in + x->have,
			sizeof(x->in) - x->have, deadline);

		if (n == -ETIMEDOUT)
			return refuse_because(x, NULL, 408, "http-slow",
				"the head of the request did not come in time");
		if (n <= 0)
			return false;
		x->have += (size_t)n;
		ssize_t len = head_scan(x->in, x->have, seen);
		if (len < 0)
			return refuse_because(x, NULL, 400, "http-malformed",
				"the head of the request is not HTTP/1.1");
		if (len > 0) {
			x->head_len = (size_t)len;
			break;
		}
		seen = x->have;
		if (x->have == sizeof(x->in))
			return refuse_because(x, NULL, 431, "http-malformed",
				"the head of the request is too large");
	}
	if (head_parse_request(&x->arena, x->in, x->head_len, &x->head, &fault) < 0)
		return refuse_because(
			x, NULL, fault.status, "http-malformed", fault.reason);
	return true;
}

static bool send_continue(struct exchange *x)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	return !x->head.expect_continue ||
	       wire_send(x->setup->client, text, sizeof(text) - 1,
		       wire_now() + BODY_TIMEOUT_MS) == 0;
}

/* The whole of a JSON body. What came behind it is all that x->in then holds. */
static bool read_body(struct exchange *x, size_t max, struct gate_request *request)
{
	static char raw[64 * 1024];
	int64_t deadline = wire_now() + BODY_TIMEOUT_MS;
	size_t len = 0, n = x->have - x->head_len, used = 0;
	struct framing framing;

	framing_init(&framing, x->head.framing, x->head.length);
	if (framing.kind == FRAMING_LENGTH && framing.left > max)
		return refuse_because(
			x, NULL, 413, "body-too-large", "the body is too large");
	char *body = arena_alloc_raw(&x->arena, max + sizeof(raw) + 1);
	if (!body || !send_continue(x))
		return false;
	memcpy(raw, x->in + x->head_len, n);
	for (;;) {
		ssize_t got = framing_decode(&framing, raw, n, &used);

		if (got < 0)
			return refuse_because(x, NULL, 400, "http-malformed",
				"the chunks of the body are malformed");
		memcpy(body + len, raw, (size_t)got);
		len += (size_t)got;
		if (len > max)
			return refuse_because(x, NULL, 413, "body-too-large",
				"the body is too large");
		if (framing.done)
			break;
		size_t size = sizeof(raw);
		if (framing.kind == FRAMING_LENGTH && framing.left < size)
			size = (size_t)framing.left;
		ssize_t more = wire_receive(x->setup->client, raw, size, deadline);
		if (more <= 0)
			return refuse_because(x, NULL, 408, "http-slow",
				"the body did not come whole or not in time");
		n = (size_t)more;
	}
	body[len] = '\0';
	request->body = body;
	request->body_len = len;
	memcpy(x->in, raw + used, n - used);
	x->head_len = 0;
	x->have = n - used;
	return true;
}

/* The stream's first bytes; false: refused. */
static bool check_tar(
	struct exchange *x, const struct gate_decision *decision, struct flow *up)
{
	static char block[HEAD_MAX_BYTES + BLOCK_BYTES];
	int64_t deadline = wire_now() + BODY_TIMEOUT_MS;
	size_t len = 0, n = x->have - x->head_len, used = 0;

	memcpy(block, x->in + x->head_len, n);
	for (;;) {
		ssize_t got = framing_decode(&up->in, block + len, n, &used);

		if (got < 0)
			return refuse_because(x, decision, 400, "http-malformed",
				"the chunks of the body are malformed");
		up->excess |= used < n;
		len += (size_t)got;
		if (up->in.done || len >= GATE_TAR_BLOCK)
			break;
		size_t size = BLOCK_BYTES;
		if (up->in.kind == FRAMING_LENGTH && up->in.left < size)
			size = (size_t)up->in.left;
		ssize_t more =
			wire_receive(x->setup->client, block + len, size, deadline);
		if (more <= 0)
			return refuse_because(x, decision, 408, "http-slow",
				"the body did not come whole or not in time");
		n = (size_t)more;
	}
	if (!gate_is_plain_tar(block, len < GATE_TAR_BLOCK ? len : GATE_TAR_BLOCK))
		return refuse_because(x, decision, 415, "archive-not-tar",
			"only an uncompressed tar may be sent here");
	flow_preload(up, block, len);
	return true;
}

/* A body that streams, from the first byte on. */
static bool prepare_stream(
	struct exchange *x, const struct gate_decision *decision, struct flow *up)
{
	const struct gate_forward *forward = &decision->forward;
	size_t rest = x->have - x->head_len;

	flow_init(up, x->setup->client, -1, x->head.framing, x->head.length,
		x->head.framing == FRAMING_CHUNKED);
	if (up->ended) {
		if (forward->plain_tar)
			return refuse_because(x, decision, 400, "archive-not-tar",
				"there is no body");
		return true;
	}
	if (!send_continue(x))
		return false;
	if (forward->plain_tar)
		return check_tar(x, decision, up);
	if (flow_feed(up, x->in + x->head_len, rest) < 0)
		return refuse_because(x, decision, 400, "http-malformed",
			"the chunks of the body are malformed");
	return true;
}

static bool make_pins(struct exchange *x, const struct gate_decision *decision)
{
	for (size_t i = 0; i < decision->forward.npins; i++) {
		struct err err;

		if (broker_pin(x->setup->broker, &decision->forward.pins[i], &err) < 0)
			return refuse_because(x, decision, 403, "bind-pin", err.text);
	}
	return true;
}

/* All that stands between a decision and the engine. */
static bool carry_out(struct exchange *x, const struct gate_decision *decision)
{
	const struct trail_entry entry = {
		.decision = "allow",
		.method = x->head.method,
		.route = decision->route,
		.object = decision->object,
		.image = decision->image,
		.rule = decision->rule,
		.reason = decision->reason,
	};
	struct relay relay = {
		.client = x->setup->client,
		.broker = x->setup->broker,
		.forward = &decision->forward,
		.arena = &x->arena,
		.buffers = x->buffers,
	};
	struct err err = {0};

	relay.up.buffer = x->buffers->up;
	flow_init(&relay.up, x->setup->client, -1, FRAMING_NONE, 0, false);
	if (!make_pins(x, decision))
		return false;
	if (decision->forward.body_kind == GATE_BODY_STREAM) {
		if (!prepare_stream(x, decision, &relay.up))
			return false;
	} else {
		relay.held = x->in + x->head_len;
		relay.held_len = x->have - x->head_len;
	}
	_cleanup_(cleanup_close) int engine =
		broker_begin(x->setup->broker, &entry, &err);
	if (engine < 0)
		return refuse_because(x, decision, 502, "engine-gone", err.text);
	relay.engine = relay.up.to = engine;
	relay.keep = !x->head.close && !has_new_policy(x);
	enum relay_end end = relay_run(&relay, &err);
	if (end == RELAY_FAILED) {
		if (reply_refuse(x->setup->client, &x->arena, 502, err.text, false) ==
			0)
			reply_linger(x->setup->client);
		return false;
	}
	if (end == RELAY_CLOSE && (!relay.up.ended || relay.up.excess))
		reply_linger(x->setup->client);
	return end == RELAY_KEEP;
}

/* One request; false: close. */
static bool serve_request(struct exchange *x)
{
	struct gate_request request = {0};
	struct gate_decision decision = {0};
	struct err err = {0};

	if (!read_head(x))
		return false;
	request.method = x->head.method;
	request.target = x->head.target;
	request.target_len = x->head.target_len;
	request.content_type = x->head.content_type;
	request.registry_auth = x->head.registry_auth;
	request.registry_config = x->head.registry_config;
	request.upgrade = x->head.upgrade;
	request.has_body = x->head.framing != FRAMING_NONE;
	struct gate_plan plan =
		gate_plan(request.method, request.target, request.target_len);
	if (plan.known && plan.body == GATE_BODY_JSON && request.has_body &&
		!read_body(x, plan.max_bytes, &request))
		return false;
	x->context.today = policy_date((int64_t)time(NULL));
	/* An engine that is not there is told of when it is needed. */
	if (version_find(&x->upstream, &x->arena, &x->context.api, &err) ==
		-EPROTONOSUPPORT)
		return refuse_because(x, NULL, 502, "engine-version", err.text);
	gate_filter(&x->context, &request, &x->arena, &decision);
	if (decision.verdict != GATE_ALLOW)
		return refuse(x, &decision);
	/* A head and a body may take their time to come. */
	if (has_new_policy(x))
		return refuse_because(x, &decision, 503, "policy-changed",
			"a new policy came into force meanwhile: ask again");
	/* A body that nobody read must not stay behind as the next request. */
	if (request.has_body && decision.forward.body_kind == GATE_BODY_NONE)
		return refuse_because(x, &decision, 400, "body-unexpected",
			"this request has no body");
	return carry_out(x, &decision);
}

static struct exchange *prepare(const struct exchange_setup *setup)
{
	static struct relay_buffers buffers;
	static struct exchange x;

	x.setup = setup;
	x.context = setup->context;
	x.buffers = &buffers;
	x.upstream.broker = setup->broker;
	x.engine = (struct gate_engine){.get = upstream_get,
		.look = upstream_look,
		.seen = seen_has,
		.remember = seen_add,
		.context = &x.upstream};
	x.context.engine = &x.engine;
	arena_init(&x.arena, ARENA_BYTES);
	return &x;
}

void exchange_rehearse(const struct exchange_setup *setup)
{
	static const char text[] = "GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n";
	struct exchange *x = prepare(setup);
	struct gate_decision decision = {0};
	struct gate_request request;
	struct head_fault fault;

	memcpy(x->in, text, sizeof(text));
	if (head_parse_request(&x->arena, x->in, sizeof(text) - 1, &x->head, &fault) ==
		0) {
		request = (struct gate_request){.method = x->head.method,
			.target = x->head.target,
			.target_len = x->head.target_len};
		gate_filter(&x->context, &request, &x->arena, &decision);
	}
	arena_done(&x->arena);
}

void exchange_run(const struct exchange_setup *setup)
{
	struct exchange *x = prepare(setup);

	while (wait_for_request(x) && serve_request(x))
		arena_reset(&x->arena);
	arena_done(&x->arena);
}
