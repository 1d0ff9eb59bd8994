/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads of requests to the engine: made from nothing, and nothing can be put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate/serve/upstream.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_heads),
		cmocka_unit_test(nothing_can_be_put_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
