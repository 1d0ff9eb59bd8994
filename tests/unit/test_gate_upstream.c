/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the engine: heads are made from nothing, nothing can be put in, and what
 * is made for a look is removed or is told of.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "gate/serve/upstream.h"
#include "gate/serve/wire.h"

static void writes_heads(void **state)
{
	struct gate_forward forward = {.method = "POST",
		.path = "/v1.41/containers/create?name=x",
		.content_type = "application/json"};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	assert_string_equal(upstream_head(&arena, &forward, FRAMING_LENGTH, 12),
		"POST /v1.41/containers/create?name=x HTTP/1.1\r\nHost: docker\r\n"
		"Connection: close\r\nContent-Type: application/json\r\n"
		"Content-Length: 12\r\n\r\n");
	forward.answer = GATE_ANSWER_HIJACK;
	forward.content_type = NULL;
	assert_non_null(strstr(upstream_head(&arena, &forward, FRAMING_NONE, 0),
		"\r\nConnection: Upgrade, close\r\nUpgrade: tcp\r\n"));
	assert_non_null(strstr(upstream_head(&arena, &forward, FRAMING_CHUNKED, 0),
		"\r\nTransfer-Encoding: chunked\r\n\r\n"));
	arena_done(&arena);
}

static void nothing_can_be_put_in(void **state)
{
	static const char *const evil[] = {"/a\r\nX: y", "/a\nb", "/a b", "a", "",
		"/a\x7f", "/a\x01", "/\xc3\xa4"};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(evil); i++) {
		struct gate_forward forward = {.method = "GET", .path = evil[i]};

		assert_null(upstream_head(&arena, &forward, FRAMING_NONE, 0));
	}
	struct gate_forward type = {
		.method = "GET", .path = "/", .content_type = "a\r\nb: c"};
	assert_null(upstream_head(&arena, &type, FRAMING_NONE, 0));
	struct gate_forward auth = {
		.method = "GET", .path = "/", .registry_auth = "a\nb: c"};
	assert_null(upstream_head(&arena, &auth, FRAMING_NONE, 0));
	struct gate_forward method = {.method = "GET / HTTP/1.1\r\n", .path = "/"};
	assert_null(upstream_head(&arena, &method, FRAMING_NONE, 0));
	arena_done(&arena);
}

#define ID64		"1111111111111111111111111111111111111111111111111111111111111111"
#define NOTHING(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"
#define TOLD(members)                                           \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" \
	"Connection: close\r\n\r\n{" members "}"
#define MADE                                                         \
	"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n" \
	"Content-Length: 73\r\n\r\n{\"Id\":\"" ID64 "\"}"

/**
 * struct engine - answers to one connection after the other
 * @answers: in their order, up to NULL
 * @heard:   first lines of what was asked
 */
struct engine {
	int listener;
	const char *const *answers;
	char heard[2048];
};

static void *serve(void *context)
{
	struct engine *engine = context;

	for (size_t i = 0; engine->answers[i]; i++) {
		_cleanup_(cleanup_close) int fd = accept(engine->listener, NULL, NULL);
		char bytes[4096];
		size_t len = 0, at = strlen(engine->heard);
		ssize_t n;

		do {
			n = wire_receive(fd, bytes + len, sizeof(bytes) - 1 - len,
				wire_now() + 5000);
			len += n > 0 ? (size_t)n : 0;
			bytes[len] = '\0';
		} while (n > 0 && !strstr(bytes, "\r\n\r\n"));
		(void)snprintf(engine->heard + at, sizeof(engine->heard) - at, "%.*s\n",
			(int)strcspn(bytes, "\r"), bytes);
		(void)!wire_send(fd, engine->answers[i], strlen(engine->answers[i]),
			wire_now() + 5000);
		(void)shutdown(fd, SHUT_WR);
		/* Its body, if it has one: unread, what was sent would be lost. */
		while (wire_receive(fd, bytes, sizeof(bytes), wire_now() + 5000) > 0)
			;
	}
	return NULL;
}

static void what_was_made_for_a_look_is_removed(void **state)
{
	static const char odd[] = "nonsense\r\n\r\n";
	static const struct {
		const char *answers[6];
		int want;
		const char *why;
		size_t asked; /* that often for what the image has */
	} rows[] = {
		{{MADE,
			 TOLD("\"ImageManifestDescriptor\":{\"digest\":\"sha256:" ID64
			      "\"}"),
			 NOTHING("200 OK"), NOTHING("404 Not Found"),
			 NOTHING("204 No Content")},
			0, "", 2},
		{{MADE, TOLD("\"ImageManifestDescriptor\":null"),
			 NOTHING("204 No Content")},
			-EPROTO, "manifest", 0},
		/* It would stay for ever, and be nobody's. */
		{{MADE, NOTHING("200 OK"), NOTHING("200 OK"), NOTHING("500 Oh")}, -EIO,
			"the engine answers 500", 2},
		{{MADE, odd, NOTHING("204 No Content")}, -EPROTO, "no HTTP", 1},
		/* Why there is no look is what counts. */
		{{MADE, odd, NOTHING("500 Oh")}, -EPROTO, "no HTTP", 1},
		{{NOTHING("409 Conflict")}, -EIO, "409 to a create", 0},
	};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/gate-upstream-XXXXXX", path[64];
	struct engine engine = {.listener = socket(AF_UNIX, SOCK_STREAM, 0)};

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/engine", dir);
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(
		bind(engine.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(engine.listener, 8), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gate_glimpse glimpses[] = {{.path = "/etc"}, {.path = "/x"}};
		struct upstream upstream = {.socket_path = path, .broker = -1};
		struct err err = {0};
		struct gate_looked image = {.id = "sha256:" ID64,
			.platform = i > 1 ? NULL : "linux/arm/v7",
			.told_by = i > 1 ? NULL : "1.48"};
		struct arena arena;
		pthread_t thread;
		size_t asked = 0;

		arena_init(&arena, 0);
		engine.answers = rows[i].answers;
		engine.heard[0] = '\0';
		assert_int_equal(pthread_create(&thread, NULL, serve, &engine), 0);
		int rc = upstream_look(&upstream, "1.41", &image, glimpses,
			ARRAY_LEN(glimpses), &arena, &err);
		pthread_join(thread, NULL);
		assert_int_equal(rc, rows[i].want);
		if (!strstr(err.text, rows[i].why))
			fail_msg("row %zu: %s", i, err.text);
		for (const char *at = engine.heard; (at = strstr(at, "HEAD ")); at++)
			asked++;
		assert_int_equal(asked, rows[i].asked);
		assert_non_null(strstr(engine.heard,
			i > 1 ? "POST /v1.41/containers/create HTTP"
			      : "POST "
				"/v1.41/containers/create?platform=linux%2Farm%2Fv7 "));
		assert_int_equal(strstr(engine.heard, "DELETE /v1.41/containers/" ID64
						      "?v=1&force=1 ") != NULL,
			i < 5);
		assert_int_equal(strstr(engine.heard, "GET /v1.48/containers/" ID64
						      "/json ") != NULL,
			i < 2);
		assert_int_equal(image.manifest != NULL, i < 1);
		arena_done(&arena);
	}
	(void)close(engine.listener);
	(void)unlink(path);
	(void)rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_heads),
		cmocka_unit_test(nothing_can_be_put_in),
		cmocka_unit_test(what_was_made_for_a_look_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
