/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How images, objects and paths may be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate/filter/names.h"
#include "gate_fixture.h"

static void references_are_read_as_the_engine_does(void **state)
{
	struct gate_fixture *fixture = *state;
	static const struct {
		const char *text, *canonical, *familiar;
	} good[] = {
		{"nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"nginx:1", "docker.io/library/nginx:1", "nginx:1"},
		{"team/app", "docker.io/team/app:latest", "team/app:latest"},
		{"docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"index.docker.io/nginx", "docker.io/library/nginx:latest",
			"nginx:latest"},
		{"localhost/x", "localhost/x:latest", "localhost/x:latest"},
		{"reg.example:5000/a/b:c", "reg.example:5000/a/b:c",
			"reg.example:5000/a/b:c"},
		{"UPPER/x", "UPPER/x:latest", "UPPER/x:latest"},
		{"a__b/c-_d", NULL, NULL},
		{"a__b/c--d", "docker.io/a__b/c--d:latest", "a__b/c--d:latest"},
	};
	static const char *const bad[] = {"", "Nginx", "nginx:", "nginx:-x", "/nginx",
		"nginx/", "a//b", "a/../b", "nginx@sha256:short", "nginx@md5:x", "a b",
		"nginx?x", "nginx%2f", "-a", "a-", "a..b", "reg.example:/x",
		"reg.example:999999/x", ":80/x",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct reference reference;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		bool is = reference_parse(&fixture->arena, good[i].text, &reference);

		assert_int_equal(is, good[i].canonical != NULL);
		if (!is)
			continue;
		assert_string_equal(reference_text(&fixture->arena, &reference, true),
			good[i].canonical);
		assert_string_equal(reference_short(&fixture->arena, &reference, true),
			good[i].familiar);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(reference_parse(&fixture->arena, bad[i], &reference));
}

/* A name that could be the beginning of an id means another's object. */
static void names_of_new_objects(void **state)
{
	static const char *const good[] = {
		"web", "a", "0123456789a", "0123456789abg", "0123456789AB", "a_b.c-d"};
	static const char *const bad[] = {
		"", "-a", ".a", "a b", "a/b", "0123456789ab", "deadbeefdeadbeef"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(is_new_name(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_new_name(bad[i]));
}

static void paths_of_the_host(void **state)
{
	static const char *const plain[] = {"/", "/a", "/a/b", "/..a", "/a b"};
	static const char *const bad[] = {"", "a", "//", "/a/", "/a//b", "/.", "/a/./b",
		"/a/..", "/a:b", "/a\nb"};
	static const char *const trimmed[][2] = {
		{"/a/", "/a"}, {"/a//", "/a/"}, {"/", "/"}, {"/a", "/a"}, {"", ""}};
	struct gate_fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		assert_true(is_plain_path(plain[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_plain_path(bad[i]));
	for (size_t i = 0; i < ARRAY_LEN(trimmed); i++)
		assert_string_equal(
			path_trim(&fixture->arena, trimmed[i][0]), trimmed[i][1]);
	assert_true(path_below("/a/b", "/a"));
	assert_true(path_below("/a", "/a"));
	assert_true(path_below("/a", "/"));
	assert_false(path_below("/ab", "/a"));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, gate_fixture_setup, gate_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(references_are_read_as_the_engine_does),
		TEST(names_of_new_objects),
		TEST(paths_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
