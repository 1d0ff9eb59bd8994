/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What callers and engines send to gate serve: heads, then bodies in pieces.
 *
 * The first byte chooses request or answer, the second how the body is cut. A head that
 * was taken must survive being written anew, and a body must come out the same whether
 * it came at once or in pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "gate/serve/reply.h"
#include "gate/serve/upstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
	if (!condition)
		abort();
}

static bool is_line(const char *text)
{
	return !text || !strpbrk(text, "\r\n");
}

/* All of the body, in pieces of at most @step; -1 when it is refused. */
static ssize_t decode(enum framing_kind kind, uint64_t length, const char *bytes,
	size_t len, size_t step, char *out)
{
	struct framing framing;
	size_t at = 0, total = 0;

	framing_init(&framing, kind, length);
	while (at < len && !framing.done) {
		size_t n = len - at < step ? len - at : step, used = 0;
		char *piece = calloc(1, n);

		need(piece);
		memcpy(piece, bytes + at, n);
		ssize_t got = framing_decode(&framing, piece, n, &used);
		need(used <= n || got < 0);
		need(got <= (ssize_t)n);
		if (got > 0)
			memcpy(out + total, piece, (size_t)got);
		free(piece);
		if (got < 0)
			return -1;
		need(used == n || framing.done);
		total += (size_t)got;
		at += used;
	}
	return (ssize_t)total;
}

static void check_body(enum framing_kind kind, uint64_t length, const char *bytes,
	size_t len, size_t step)
{
	char *whole = malloc(len + 1), *pieces = malloc(len + 1);

	need(whole && pieces);
	ssize_t a = decode(kind, length, bytes, len, len ? len : 1, whole);
	ssize_t b = decode(kind, length, bytes, len, step, pieces);
	need(a == b && (a <= 0 || memcmp(whole, pieces, (size_t)a) == 0));
	free(whole);
	free(pieces);
}

static void try_request(
	struct arena *arena, const char *bytes, size_t len, size_t head, size_t step)
{
	struct request_head request;
	struct head_fault fault;

	if (head_parse_request(arena, bytes, head, &request, &fault) < 0) {
		need(fault.status >= 400 && fault.reason);
		return;
	}
	need(request.target[0] == '/' && strlen(request.target) == request.target_len);
	need(is_line(request.target) && !strchr(request.target, ' '));
	need(is_line(request.content_type) && is_line(request.registry_auth) &&
		is_line(request.registry_config));
	need(request.framing != FRAMING_CLOSE);
	struct gate_forward forward = {.method = request.method,
		.path = request.target,
		.content_type = request.content_type,
		.registry_auth = request.registry_auth,
		.registry_config = request.registry_config};
	char *again = upstream_head(arena, &forward, request.framing, request.length);
	if (again) {
		size_t n = strlen(again);
		struct request_head second;

		need(head_scan(again, n, 0) == (ssize_t)n);
		if (n <= HEAD_MAX_BYTES) {
			need(head_parse_request(arena, again, n, &second, &fault) == 0);
			need(strcmp(second.target, request.target) == 0);
			need(second.framing == request.framing);
		}
	}
	check_body(request.framing, request.length, bytes + head, len - head, step);
}

static void try_answer(
	struct arena *arena, const char *bytes, size_t len, size_t head, size_t step)
{
	struct answer_head answer;
	struct head_fault fault;

	if (head_parse_answer(arena, bytes, head, false, &answer, &fault) < 0)
		return;
	char *again =
		reply_head(arena, &answer, answer.framing == FRAMING_CHUNKED, true);
	need(again && head_scan(again, strlen(again), 0) == (ssize_t)strlen(again));
	check_body(answer.framing, answer.length, bytes + head, len - head, step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;

	if (size < 2 || size > 2 * HEAD_MAX_BYTES)
		return 0;
	const char *bytes = (const char *)data + 2;
	size_t len = size - 2, step = data[1] % 61 + 1u;
	ssize_t head = head_scan(bytes, len, 0);
	if (head <= 0) {
		check_body(FRAMING_CHUNKED, 0, bytes, len, step);
		return 0;
	}
	arena_init(&arena, 0);
	if (data[0] & 1)
		try_answer(&arena, bytes, len, (size_t)head, step);
	else
		try_request(&arena, bytes, len, (size_t)head, step);
	arena_done(&arena);
	return 0;
}
