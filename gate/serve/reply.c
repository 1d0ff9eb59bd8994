/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers to the caller: gate's own, and heads of the engine's. */
#include "gate/serve/reply.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <http_parser.h>

#include "common/escape.h"
#include "common/jsonw.h"
#include "gate/filter.h"
#include "gate/serve/version.h"
#include "gate/serve/wire.h"

enum {
	REPLY_TIMEOUT_MS = 10 * 1000,
	LINGER_MS = 10 * 1000,
};

static char *refusal_body(struct arena *arena, const char *reason)
{
	struct jsonw writer;
	struct err err;
	char safe[2048], *body = NULL;
	size_t len;

	escape_text(reason, strlen(reason), safe, sizeof(safe));
	jsonw_init(&writer, NULL, 0);
	jsonw_object_begin(&writer);
	jsonw_member_string(&writer, "message", safe);
	jsonw_object_end(&writer);
	if (jsonw_finish(&writer, &err) == 0)
		body = arena_strdup(arena, jsonw_text(&writer, &len));
	jsonw_done(&writer);
	return body;
}

int reply_refuse(int fd, struct arena *arena, unsigned int status, const char *reason,
	bool without_body)
{
	const char *body = refusal_body(arena, reason);
	char *text = NULL;

	/* Api-Version even here: the stock client asks for it first, by _ping. */
	if (body)
		text = arena_printf(arena,
			"HTTP/1.1 %u %s\r\nApi-Version: %s\r\nServer: seawall-gate\r\n"
			"Content-Type: application/json\r\nContent-Length: %zu\r\n"
			"Connection: close\r\n\r\n%s",
			status, http_status_str((enum http_status)status),
			version_known(), strlen(body), without_body ? "" : body);
	if (!text)
		return -ENOMEM;
	return wire_send(fd, text, strlen(text), wire_now() + REPLY_TIMEOUT_MS);
}

/* Clients speak what they are told here, and some mean other things by it. */
static const char *field_value(const struct head_field *field, const char *version)
{
	return strcasecmp(field->name, "Api-Version") == 0 ? version : field->value;
}

static char *fields_text(struct arena *arena, const struct answer_head *head)
{
	/* Asked once: other processes may change it. */
	const char *version = version_known();
	size_t size = 1, at = 0;
	char *text;

	for (size_t i = 0; i < head->nfields; i++)
		size += strlen(head->fields[i].name) + 4 +
			strlen(field_value(&head->fields[i], version));
	text = arena_alloc(arena, size);
	for (size_t i = 0; text && i < head->nfields; i++)
		at += (size_t)snprintf(text + at, size - at, "%s: %s\r\n",
			head->fields[i].name, field_value(&head->fields[i], version));
	return text;
}

char *reply_head(
	struct arena *arena, const struct answer_head *head, bool chunked, bool keep)
{
	const char *fields = fields_text(arena, head), *framing = "";

	if (chunked)
		framing = "Transfer-Encoding: chunked\r\n";
	else if (head->has_length && head->status != 204 && head->status != 304)
		framing = arena_printf(
			arena, "Content-Length: %" PRIu64 "\r\n", head->length);
	if (!fields || !framing)
		return NULL;
	return arena_printf(arena, "HTTP/1.1 %u %s\r\n%s%s%s\r\n", head->status,
		http_status_str((enum http_status)head->status), fields, framing,
		keep ? "" : "Connection: close\r\n");
}

char *reply_switch(struct arena *arena, const struct answer_head *head)
{
	const char *fields = fields_text(arena, head);

	if (!fields)
		return NULL;
	return arena_printf(arena, "HTTP/1.1 %u %s\r\n%s%s\r\n", head->status,
		head->status == 101 ? "UPGRADED" : "OK", fields,
		head->status == 101 ? "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "");
}

void reply_linger(int fd)
{
	static char waste[64 * 1024];
	int64_t deadline = wire_now() + LINGER_MS;

	/*
	 * Closed with bytes unread, the socket would make the caller's next write fail
	 * before it has read why.
	 */
	(void)shutdown(fd, SHUT_WR);
	while (wire_now() < deadline) {
		if (wire_receive(fd, waste, sizeof(waste), deadline) <= 0)
			return;
	}
}
