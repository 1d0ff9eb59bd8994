/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the engine: heads made from nothing, and gate's own questions. */
#include "gate/serve/upstream.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "gate/serve/broker.h"
#include "gate/serve/version.h"
#include "gate/serve/wire.h"

/* Nothing that ends a line or a word; @blanks: spaces may be in it. */
static bool is_clean(const char *text, bool blanks)
{
	if (!text)
		return true;
	for (; *text; text++) {
		if (*text < 0x20 || *text == 0x7f || (*text == ' ' && !blanks))
			return false;
	}
	return true;
}

static char *field(struct arena *arena, const char *name, const char *value)
{
	return value ? arena_printf(arena, "%s: %s\r\n", name, value)
		     : arena_strdup(arena, "");
}

char *upstream_head(struct arena *arena, const struct gate_forward *forward,
	enum framing_kind framing, uint64_t length)
{
	bool switches = forward->answer == GATE_ANSWER_HIJACK;
	char *type, *auth, *config, *body;

	if (!is_clean(forward->method, false) || !is_clean(forward->path, false) ||
		!is_clean(forward->content_type, true) ||
		!is_clean(forward->registry_auth, true) ||
		!is_clean(forward->registry_config, true) || forward->path[0] != '/')
		return NULL;
	type = field(arena, "Content-Type", forward->content_type);
	auth = field(arena, "X-Registry-Auth", forward->registry_auth);
	config = field(arena, "X-Registry-Config", forward->registry_config);
	if (framing == FRAMING_CHUNKED)
		body = arena_strdup(arena, "Transfer-Encoding: chunked\r\n");
	else if (framing == FRAMING_LENGTH)
		body = arena_printf(arena, "Content-Length: %" PRIu64 "\r\n", length);
	else if (strcmp(forward->method, "GET") == 0 ||
		 strcmp(forward->method, "HEAD") == 0)
		body = arena_strdup(arena, "");
	else
		body = arena_strdup(arena, "Content-Length: 0\r\n");
	if (!type || !auth || !config || !body)
		return NULL;
	return arena_printf(arena, "%s %s HTTP/1.1\r\nHost: docker\r\n%s%s%s%s%s\r\n",
		forward->method, forward->path,
		switches ? "Connection: Upgrade, close\r\nUpgrade: tcp\r\n"
			 : "Connection: close\r\n",
		type, auth, config, body);
}

int upstream_read_head(int fd, struct arena *arena, char *buffer, bool to_head,
	int64_t deadline, struct answer_head *ret_head, size_t *ret_have,
	size_t *ret_len, struct err *err)
{
	size_t have = 0, seen = 0;

	for (;;) {
		struct head_fault fault;
		ssize_t len = head_scan(buffer, have, seen);

		if (len < 0)
			return err_set(err, -EPROTO, "the engine answers no HTTP");
		seen = have;
		if (len > 0) {
			if (head_parse_answer(arena, buffer, (size_t)len, to_head,
				    ret_head, &fault) < 0)
				return err_set(err, -EPROTO, "the engine's answer: %s",
					fault.reason);
			if (ret_head->status == 400)
				version_forget();
			if (ret_head->status >= 200 || ret_head->status == 101) {
				*ret_have = have;
				*ret_len = (size_t)len;
				return 0;
			}
			have -= (size_t)len;
			seen = 0;
			memmove(buffer, buffer + len, have);
			continue;
		}
		if (have == HEAD_MAX_BYTES)
			return err_set(err, -EPROTO, "the engine's head is too large");
		ssize_t n = wire_receive(
			fd, buffer + have, HEAD_MAX_BYTES - have, deadline);
		if (n == 0)
			return err_set(err, -EPROTO, "the engine gave no answer");
		if (n < 0)
			return err_errno(err, (int)n, "read the engine's answer");
		have += (size_t)n;
	}
}

/* A body that is kept whole: grows on the heap, which one process uses again. */
struct whole {
	char *bytes;
	size_t len, size, max;
};

static bool reserve(struct whole *whole, size_t more)
{
	size_t size = whole->size ? whole->size : 16 * 1024;

	while (size - whole->len < more)
		size *= 2;
	char *bytes = size == whole->size ? whole->bytes : realloc(whole->bytes, size);
	if (!bytes)
		return false;
	whole->bytes = bytes;
	whole->size = size;
	return true;
}

static int append(struct whole *whole, struct framing *framing, const char *bytes,
	size_t len, struct err *err)
{
	size_t used;

	if (len > whole->max - whole->len)
		return err_set(err, -E2BIG, "the engine's answer is too large");
	if (!reserve(whole, len + 1))
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(whole->bytes + whole->len, bytes, len);
	ssize_t n = framing_decode(framing, whole->bytes + whole->len, len, &used);
	if (n < 0 || used < len)
		return err_set(err, -EPROTO, "the engine's answer is badly framed");
	whole->len += (size_t)n;
	return 0;
}

static int read_whole(int fd, struct framing *framing, struct whole *whole,
	size_t enough, char *buffer, int64_t deadline, struct err *err)
{
	while (!framing->done && whole->len < enough) {
		ssize_t n = wire_receive(fd, buffer, HEAD_MAX_BYTES, deadline);

		if (n < 0)
			return err_errno(err, (int)n, "read the engine's answer");
		if (n == 0 && framing->kind != FRAMING_CLOSE)
			return err_set(
				err, -EPROTO, "the engine's answer is cut short");
		if (n == 0)
			return 0;
		int rc = append(whole, framing, buffer, (size_t)n, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static const char *field_of(const struct answer_head *head, const char *name)
{
	for (size_t i = 0; i < head->nfields; i++)
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	return NULL;
}

int upstream_ask(const struct upstream *upstream, const struct gate_forward *forward,
	size_t enough, struct arena *arena, struct gate_fact *ret_fact, struct err *err)
{
	static char buffer[HEAD_MAX_BYTES];
	static struct whole whole;
	int64_t deadline = wire_now() + UPSTREAM_TIMEOUT_MS;
	bool to_head = strcmp(forward->method, "HEAD") == 0;
	struct answer_head head;
	struct framing framing;
	size_t have, len;

	char *text = upstream_head(arena, forward,
		forward->body ? FRAMING_LENGTH : FRAMING_NONE, forward->body_len);
	if (!text)
		return err_set(err, -EINVAL, "ask the engine: no proper path");
	_cleanup_(cleanup_close) int fd =
		upstream->socket_path ? wire_connect(upstream->socket_path, err)
				      : broker_connect(upstream->broker, err);
	if (fd < 0)
		return fd;
	int rc = wire_send(fd, text, strlen(text), deadline);
	if (rc == 0 && forward->body)
		rc = wire_send(fd, forward->body, forward->body_len, deadline);
	if (rc < 0)
		return err_errno(err, rc, "ask the engine");
	rc = upstream_read_head(
		fd, arena, buffer, to_head, deadline, &head, &have, &len, err);
	if (rc < 0)
		return rc;
	whole.len = 0;
	whole.max = upstream->max_bytes ? upstream->max_bytes : UPSTREAM_MAX_ANSWER;
	framing_init(&framing, head.framing, head.length);
	rc = append(&whole, &framing, buffer + len, have - len, err);
	if (rc == 0)
		rc = read_whole(fd, &framing, &whole, enough ? enough : SIZE_MAX,
			buffer, deadline, err);
	if (rc < 0)
		return rc;
	if (enough && whole.len > enough)
		whole.len = enough;
	whole.bytes[whole.len] = '\0';
	char *body = arena_memdup(arena, whole.bytes, whole.len + 1);
	if (!body)
		return err_set(err, -ENOMEM, "out of memory");
	*ret_fact = (struct gate_fact){.status = head.status,
		.body = body,
		.len = whole.len,
		.path_stat = field_of(&head, "X-Docker-Container-Path-Stat")};
	return 0;
}

int upstream_get(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	const struct gate_forward forward = {.method = "GET", .path = path};

	return upstream_ask(context, &forward, 0, arena, ret_fact, err);
}

int upstream_delete(struct upstream *upstream, const char *path, struct arena *arena,
	struct err *err)
{
	const struct gate_forward forward = {.method = "DELETE", .path = path};
	struct gate_fact answer;
	int rc = upstream_ask(upstream, &forward, 0, arena, &answer, err);

	if (rc == 0 && (answer.status < 200 || answer.status > 299))
		rc = err_set(err, -EIO, "the engine answers %u", answer.status);
	return rc;
}
