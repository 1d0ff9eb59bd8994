/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups that an image gives its processes: what a start looks at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate_fixture.h"

/* What a made engine has: NULL: no such path. */
struct made {
	const struct gate_fixture_tar *root, *etc, *group;
	const char *runc;
	const char *status;
	unsigned int asked; /* of archives */
};

static int get(void *context, const char *path, size_t enough, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	struct made *made = context;
	const char *place = strstr(path, "/archive?path=");
	const struct gate_fixture_tar *tar;

	if (strcmp(path, "/v1.41/version") == 0) {
		ret_fact->status = 200;
		ret_fact->body = arena_printf(arena,
			"{\"Components\":[{\"Name\":\"runc\",\"Version\":\"%s\"}]}",
			made->runc);
		ret_fact->len = strlen(ret_fact->body);
		return 0;
	}
	if (!place) {
		int rc = gate_fixture_any.get(NULL, path, enough, arena, ret_fact, err);

		/* It has no state of its own. */
		if (rc == 0 && made->status && ret_fact->status == 200 &&
			strstr(path, "/containers/")) {
			ret_fact->body =
				arena_printf(arena, "{\"State\":{\"Status\":\"%s\"},%s",
					made->status, ret_fact->body + 1);
			ret_fact->len = strlen(ret_fact->body);
		}
		return rc;
	}
	made->asked++;
	assert_true(enough >= 512);
	tar = strcmp(place, "/archive?path=%2F") == 0	   ? made->root
	      : strcmp(place, "/archive?path=%2Fetc") == 0 ? made->etc
							   : made->group;
	ret_fact->status = 404;
	return tar ? gate_fixture_tar(arena, tar, ret_fact) : 0;
}

static const char *ask(struct gate_fixture *fixture, const char *user, const char *what,
	struct made *made)
{
	struct gate_context context = gate_fixture_context(fixture, user, true);
	const struct gate_engine engine = {.get = get, .context = made};
	const char *path =
		arena_printf(&fixture->arena, "/v1.41/containers/bare/%s", what);
	const struct gate_request request = {
		.method = "POST", .target = path, .target_len = strlen(path)};
	struct gate_decision decision;

	made->asked = 0;
	context.engine = &engine;
	gate_filter(&context, &request, &fixture->arena, &decision);
	return decision.rule;
}

static const struct gate_fixture_tar folder = {'5', 0755, 0, NULL};
static const struct gate_fixture_tar list = {'0', 0644, 0, "root:x:0:\nstaff:x:50:\n"};

static void those_three_are_roots_alone(void **state)
{
	static const struct gate_fixture_tar writable = {'5', 0775, 0, NULL},
					     others = {'5', 0757, 0, NULL},
					     owned = {'5', 0755, 1000, NULL},
					     link = {'2', 0777, 0, NULL},
					     extended = {'x', 0644, 0,
						     "18 uid=3000000\n"},
					     owned_list = {'0', 0644, 1000,
						     "root:x:0:\n"},
					     open_list = {'0', 0646, 0, "root:x:0:\n"};
	static const struct {
		const struct gate_fixture_tar *root, *etc, *group;
		bool starts;
	} rows[] = {
		{&folder, &folder, &list, true},
		{&folder, &folder, NULL, true},
		{&folder, NULL, NULL, true},
		{NULL, &folder, &list, false},
		{&writable, &folder, &list, false},
		{&owned, &folder, &list, false},
		{&others, &folder, &list, false},
		{&extended, &folder, &list, false},
		{&folder, &writable, &list, false},
		{&folder, &owned, &list, false},
		{&folder, &link, &list, false},
		{&folder, &extended, &list, false},
		{&folder, &folder, &owned_list, false},
		{&folder, &folder, &open_list, false},
		{&folder, &folder, &link, false},
		{&folder, &folder, &folder, false},
		{&folder, &folder, &extended, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct made made = {.root = rows[i].root,
			.etc = rows[i].etc,
			.group = rows[i].group,
			.runc = "1.1.5+ds1"};

		assert_string_equal(ask(*state, "alice", "start", &made),
			rows[i].starts ? "allow" : "image-groups");
	}
}

static void no_name_is_a_number(void **state)
{
	static const struct {
		const char *list;
		bool starts;
	} rows[] = {
		{"root:x:0:\nstaff:x:50:\n", true},
		{"", true},
		{"1000:x:1000:\n", true}, /* it means itself */
		{"1000:x:0:\n", false},
		{"root:x:0:\n1000:x:0:", false},
		{"1000::42:alice\n", false},
		{"  1000:x:0:\n", false},
		{"\xc2\xa0"
		 "1000:x:0:\n",
			false},
		{"1000\t:x:0:\n", false},
		{"1000:x: 1000 :\n", true},
		{"1000:x:\n", false},
		{"1000\n", false},
		{"a1000:x:0:\n", true},
		{"+:::\n", true},
		{"# 1000:x:0:\n", true},
		{"root:x:0:\r\n1000:x:0:\r\n", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct gate_fixture_tar groups = {'0', 0644, 0, rows[i].list};
		struct made made = {&folder, &folder, &groups, "1.2.9", "created", 0};

		assert_string_equal(ask(*state, "alice", "start", &made),
			rows[i].starts ? "allow" : "image-groups");
	}
}

/* Who starts it first, and with an older runc, is looked at. */
static void the_first_start_alone(void **state)
{
	static const struct gate_fixture_tar bad = {'0', 0644, 0, "1000:x:0:\n"};
	struct made made = {&folder, &folder, &bad, "1.1.5", "created", 0};

	assert_string_equal(ask(*state, "alice", "restart", &made), "image-groups");
	assert_int_equal(made.asked, 3);
	made.status = "exited";
	assert_string_equal(ask(*state, "alice", "start", &made), "allow");
	assert_int_equal(made.asked, 0);
	made.status = "created";
	made.runc = "1.3.0";
	assert_string_equal(ask(*state, "alice", "start", &made), "allow");
	assert_int_equal(made.asked, 0);
}

int main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, gate_fixture_setup, gate_fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(those_three_are_roots_alone),
		T(no_name_is_a_number),
		T(the_first_start_alone),
	};

	return cmocka_run_group_tests_name("gate_groups", tests, NULL, NULL);
}
