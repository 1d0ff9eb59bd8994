/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads and bodies of HTTP messages: what is read, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate/serve/head.h"

static int parse(const char *text, struct arena *arena, struct request_head *head,
	struct head_fault *fault)
{
	size_t len = strlen(text);

	*fault = (struct head_fault){0};
	ssize_t end = head_scan(text, len, 0);
	if (end <= 0)
		return -1;
	assert_int_equal((size_t)end, len);
	return head_parse_request(arena, text, len, head, fault);
}

static void reads_what_matters(void **state)
{
	struct request_head head;
	struct head_fault fault;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	assert_int_equal(parse("POST /v1.41/exec/x/start?a=b HTTP/1.1\r\nHost: d\r\n"
			       "content-type:application/json \r\nConnection: "
			       "keep-alive, Close\r\n"
			       "Upgrade: tcp\r\nX-Registry-Auth: e30=\r\nExpect: "
			       "100-Continue\r\n"
			       "Content-Length: 12\r\nX-Other: \x80\r\n\r\n",
				 &arena, &head, &fault),
		0);
	assert_string_equal(head.method, "POST");
	assert_string_equal(head.target, "/v1.41/exec/x/start?a=b");
	assert_int_equal(head.target_len, strlen(head.target));
	assert_string_equal(head.content_type, "application/json");
	assert_string_equal(head.upgrade, "tcp");
	assert_string_equal(head.registry_auth, "e30=");
	assert_null(head.registry_config);
	assert_int_equal(head.framing, FRAMING_LENGTH);
	assert_int_equal(head.length, 12);
	assert_true(head.close);
	assert_true(head.expect_continue);
	arena_done(&arena);
}

static void refuses(void **state)
{
	static const struct {
		const char *text;
		unsigned int status;
	} cases[] = {
#define START "POST /x HTTP/1.1\r\nHost: d\r\n"
		{START "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
		{START "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
		{START "Content-Length: 1, 1\r\n\r\n", 400},
		{START "Content-Length: -1\r\n\r\n", 400},
		{START "Content-Length: \r\n\r\n", 400},
		{START "Content-Length: 9999999999999999999\r\n\r\n", 400},
		{START "Transfer-Encoding: gzip\r\n\r\n", 501},
		{START "Transfer-Encoding : chunked\r\n\r\n", 400},
		{START "X: a\r\n b\r\n\r\n", 400},
		{START "X: a\rb\r\n\r\n", 400},
		{START "X\r\n\r\n", 400},
		{START "Content-Type: a\r\nContent-Type: a\r\n\r\n", 400},
		{START "Content-Type: \xc3\xa4\r\n\r\n", 400},
		{START "Upgrade: websocket, h2c\r\n\r\n", 400},
		{START "HTTP2-Settings: x\r\n\r\n", 400},
		{START "Expect: everything\r\n\r\n", 417},
		{START "Host: e\r\n\r\n", 400},
#undef START
		{"GET /x HTTP/1.0\r\nHost: d\r\n\r\n", 505},
		{"GET /x HTTP/2.0\r\nHost: d\r\n\r\n", 505},
		{"PRI * HTTP/2.0\r\n\r\n", 505},
		{"GET /x HTTP/1.1\r\n\r\n", 400},
		{"GET x HTTP/1.1\r\nHost: d\r\n\r\n", 400},
		{"GET http://d/x HTTP/1.1\r\nHost: d\r\n\r\n", 400},
		{"GET /x  HTTP/1.1\r\nHost: d\r\n\r\n", 400},
		{"GET /x\tHTTP/1.1\r\nHost: d\r\n\r\n", 400},
		{"GET /x\r\nHost: d\r\n\r\n", 400},
		{" GET /x HTTP/1.1\r\nHost: d\r\n\r\n", 400},
		{"NONSENSE /x HTTP/1.1\r\nHost: d\r\n\r\n", 400},
		{"HTTP/1.1 200 OK\r\nHost: d\r\n\r\n", 400},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct request_head head;
		struct head_fault fault;
		struct arena arena;

		arena_init(&arena, 0);
		int rc = parse(cases[i].text, &arena, &head, &fault);
		if (rc == 0 || fault.status != cases[i].status || !fault.reason)
			fail_msg("%s: %d, status %u", cases[i].text, rc, fault.status);
		arena_done(&arena);
	}
}

static void scan_finds_the_end_and_bare_line_feeds(void **state)
{
	static const char whole[] = "GET / HTTP/1.1\r\nHost: d\r\n\r\nmore";
	const ssize_t end = (ssize_t)sizeof(whole) - 1 - 4;

	(void)state;
	for (size_t cut = 0; cut < sizeof(whole) - 1; cut++) {
		ssize_t first = head_scan(whole, cut, 0);

		assert_int_equal(first, (ssize_t)cut >= end ? end : 0);
		if (first == 0)
			assert_int_equal(head_scan(whole, sizeof(whole) - 1, cut), end);
	}
	assert_true(head_scan("GET / HTTP/1.1\n", 15, 0) < 0);
	assert_true(head_scan("\r\n", 2, 0) < 0);
	assert_true(head_scan("\n", 1, 0) < 0);
	assert_true(head_scan("G\0", 2, 0) < 0);
}

static void reads_answers(void **state)
{
	static const struct {
		const char *text;
		bool to_head;
		enum framing_kind framing;
		size_t fields;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n", false,
			FRAMING_CHUNKED, 1},
		{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nA: b\r\nC: d\r\n\r\n", false,
			FRAMING_LENGTH, 2},
		{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false, FRAMING_CLOSE,
			0},
		{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", true, FRAMING_NONE, 0},
		{"HTTP/1.1 204 No Content\r\n\r\n", false, FRAMING_NONE, 0},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", false,
			FRAMING_NONE, 0},
		{"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
			false, FRAMING_NONE, 0},
		{"HTTP/1.1 500 two words  here\r\nContent-Length: 0\r\n\r\n", false,
			FRAMING_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct answer_head head;
		struct head_fault fault;
		struct arena arena;

		arena_init(&arena, 0);
		assert_int_equal(
			head_parse_answer(&arena, cases[i].text, strlen(cases[i].text),
				cases[i].to_head, &head, &fault),
			0);
		assert_int_equal(head.framing, cases[i].framing);
		assert_int_equal(head.nfields, cases[i].fields);
		arena_done(&arena);
	}
}

/* The body that comes out of @text when it comes in pieces of @step bytes; NULL. */
static const char *decode(enum framing_kind kind, uint64_t length, const char *text,
	size_t step, bool *ret_done, size_t *ret_used)
{
	static char out[256];
	char piece[256];
	struct framing framing;
	size_t at = 0, len = strlen(text), n_out = 0;

	framing_init(&framing, kind, length);
	while (at < len && !framing.done) {
		size_t n = len - at < step ? len - at : step, used;

		memcpy(piece, text + at, n);
		ssize_t got = framing_decode(&framing, piece, n, &used);
		if (got < 0)
			return NULL;
		memcpy(out + n_out, piece, (size_t)got);
		n_out += (size_t)got;
		at += used;
	}
	out[n_out] = '\0';
	*ret_done = framing.done;
	*ret_used = at;
	return out;
}

static void decodes_bodies_in_any_pieces(void **state)
{
	static const char chunks[] = "3\r\nabc\r\n000A\r\n0123456789\r\n0\r\n\r\nEVIL";
	bool done;
	size_t used;

	(void)state;
	for (size_t step = 1; step < sizeof(chunks); step++) {
		const char *out =
			decode(FRAMING_CHUNKED, 0, chunks, step, &done, &used);

		assert_non_null(out);
		assert_string_equal(out, "abc0123456789");
		assert_true(done);
		assert_int_equal(used, sizeof(chunks) - 1 - 4);
		out = decode(FRAMING_LENGTH, 5, "12345EVIL", step, &done, &used);
		assert_string_equal(out, "12345");
		assert_true(done);
		assert_int_equal(used, 5);
		out = decode(FRAMING_CLOSE, 0, "12345", step, &done, &used);
		assert_string_equal(out, "12345");
		assert_false(done);
	}
}

static void refuses_odd_chunks(void **state)
{
	static const char *const bad[] = {"3;a\r\nabc\r\n", "3 \r\nabc\r\n",
		" 3\r\nabc\r\n", "3\nabc\r\n", "3\r\nabc\n", "3\r\nabcd\r\n", "\r\n",
		"-1\r\n", "0x1\r\na\r\n", "g\r\n", "1000000000000000\r\n",
		"0000000000000001\r\na\r\n", "0\r\nX: y\r\n\r\n", "0\r\n\n", "3\rabc",
		"3\r\r\nabc"};
	bool done;
	size_t used;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		for (size_t step = 1; step < 20; step++) {
			if (decode(FRAMING_CHUNKED, 0, bad[i], step, &done, &used))
				fail_msg("'%s' was taken", bad[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_matters),
		cmocka_unit_test(refuses),
		cmocka_unit_test(scan_finds_the_end_and_bare_line_feeds),
		cmocka_unit_test(reads_answers),
		cmocka_unit_test(decodes_bodies_in_any_pieces),
		cmocka_unit_test(refuses_odd_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
