/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the filter tells besides the decision, and what it bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate_fixture.h"

static struct gate_decision run(struct gate_fixture *fixture, const char *user,
	const char *method, const char *path, const char *body)
{
	const struct gate_case test = {
		.user = user, .method = method, .path = path, .body = body};
	struct gate_decision decision;

	gate_fixture_run(fixture, &test, &decision);
	return decision;
}

static struct gate_plan plan_of(const char *method, const char *target)
{
	return gate_plan(method, target, strlen(target));
}

static void plan_tells_which_body_may_follow(void **state)
{
	(void)state;
	assert_int_equal(
		plan_of("POST", "/v1.41/containers/create").body, GATE_BODY_JSON);
	assert_int_equal(plan_of("POST", "/containers/create?name=x").max_bytes,
		GATE_MAX_JSON_BODY);
	assert_int_equal(plan_of("POST", "/v1.41/images/load").body, GATE_BODY_STREAM);
	assert_int_equal(
		plan_of("PUT", "/v1.41/containers/x/archive").body, GATE_BODY_STREAM);
	assert_int_equal(plan_of("GET", "/v1.41/containers/json").body, GATE_BODY_NONE);
	assert_true(plan_of("GET", "/v1.41/containers/json").known);
	assert_false(plan_of("GET", "/v1.41/nosuch").known);
	assert_false(plan_of("GET", "nosuch").known);
	assert_false(plan_of("PUT", "/v1.41/containers/json").known);
}

static void answers_are_marked(void **state)
{
	struct gate_fixture *fixture = *state;
	struct gate_decision decision;

	decision = run(fixture, "alice", "POST",
		"/v1.41/containers/mine/attach?stream=1", NULL);
	assert_int_equal(decision.forward.answer, GATE_ANSWER_HIJACK);
	decision = run(fixture, "alice", "POST",
		"/v1.41/exec/1111111111111111111111111111111111111111111111111111111111"
		"111111/start",
		"{'Detach':false}");
	assert_int_equal(decision.forward.answer, GATE_ANSWER_HIJACK);
	decision = run(fixture, "alice", "POST",
		"/v1.41/exec/1111111111111111111111111111111111111111111111111111111111"
		"111111/start",
		"{'Detach':true}");
	assert_int_equal(decision.forward.answer, GATE_ANSWER_PLAIN);
	decision = run(fixture, "alice", "GET",
		"/v1.41/containers/mine/logs?follow=1&stdout=1", NULL);
	assert_int_equal(decision.forward.answer, GATE_ANSWER_STREAM);
	decision = run(fixture, "alice", "GET", "/v1.41/containers/json", NULL);
	assert_int_equal(decision.forward.answer, GATE_ANSWER_PLAIN);
	assert_string_equal(decision.route, "GET containers/json");
}

static void pins_are_told(void **state)
{
	struct gate_fixture *fixture = *state;
	struct gate_decision decision = run(fixture, "alice", "POST",
		"/v1.41/containers/create",
		"{'Image':'nginx','HostConfig':{'Binds':['/srv/users/alice/src:/a',"
		"'/srv/data:/b:ro','/srv/users/alice/src:/c:ro']}}");

	assert_int_equal(decision.verdict, GATE_ALLOW);
	assert_int_equal(decision.forward.npins, 2);
	const struct gate_pin *pin = &decision.forward.pins[0];
	assert_string_equal(pin->source, "/srv/users/alice/src");
	assert_string_equal(pin->path, GATE_PIN_DIR "/1000/rw/:srv:users:alice:src");
	assert_string_equal(pin->home, "/srv/users/alice");
	assert_string_equal(pin->granted, "/srv/users/alice");
	assert_false(pin->read_only);
	pin = &decision.forward.pins[1];
	assert_string_equal(pin->source, "/srv/data");
	assert_string_equal(pin->path, GATE_PIN_DIR "/1000/ro/:srv:data");
	assert_null(pin->home);
	assert_string_equal(pin->granted, "/srv/data");
	assert_true(pin->read_only);
	assert_string_equal(decision.image, "nginx");
	/* Root in the container gets by anyway. */
	decision = run(fixture, "rita", "POST", "/v1.41/containers/create",
		"{'Image':'nginx','HostConfig':{'Binds':['/srv/a:/a']}}");
	assert_int_equal(decision.forward.npins, 1);
	assert_null(decision.forward.pins[0].granted);
}

/* What is told outlives the body that it was read from. */
static void pins_of_mounts_are_told(void **state)
{
	struct gate_fixture *fixture = *state;
	struct gate_decision decision = run(fixture, "alice", "POST",
		"/v1.41/containers/create",
		"{'Image':'nginx','HostConfig':{'Mounts':[{'Type':'bind','Source':"
		"'/srv/users/alice/src','Target':'/a'}]}}");

	assert_int_equal(decision.verdict, GATE_ALLOW);
	assert_int_equal(decision.forward.npins, 1);
	assert_string_equal(decision.forward.pins[0].source, "/srv/users/alice/src");
}

/* After a restart of the host the pins are gone: start names them again. */
static void start_tells_own_pins_again(void **state)
{
	struct gate_fixture *fixture = *state;
	struct gate_decision decision =
		run(fixture, "alice", "POST", "/v1.41/containers/pinned/start", NULL);

	assert_int_equal(decision.verdict, GATE_ALLOW);
	assert_int_equal(decision.forward.npins, 1);
	assert_string_equal(decision.forward.pins[0].source, "/srv/users/alice/src");
	decision = run(fixture, "olga", "POST", "/v1.41/containers/pinned/start", NULL);
	assert_int_equal(decision.verdict, GATE_ALLOW);
	assert_int_equal(decision.forward.npins, 0);
}

/* What today's policy would pin at that very path, and nothing else. */
static void pins_of_an_earlier_boot(void **state)
{
	static const struct {
		const char *user, *path, *source, *home;
		bool read_only;
	} rows[] = {
		{"alice", "/1000/rw/:srv:users:alice:src", "/srv/users/alice/src",
			"/srv/users/alice", false},
		{"alice", "/1000/ro/:srv:data:x", "/srv/data/x", NULL, true},
		/* granted read-only, as it was not then */
		{"alice", "/1000/rw/:srv:data:x", NULL, NULL, false},
		{"alice", "/1000/ro/:srv:users:alice:src", NULL, NULL, false},
		{"alice", "/1001/rw/:srv:users:alice:src", NULL, NULL, false},
		{"alice", "/1000/rw/:etc", NULL, NULL, false},
		{"alice", "/1000/rw/:srv:users:alice:..:bob", NULL, NULL, false},
		{"alice", "/1000/rw/src", NULL, NULL, false},
		{"alice", "/1000/rx/:srv:data", NULL, NULL, false},
		{"alice", "/1000/rw/:run:seawall:binds:1001", NULL, NULL, false},
		/* all of the host: nothing is pinned for her */
		{"olga", "/1008/rw/:etc", NULL, NULL, false},
	};
	struct gate_fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gate_context context =
			gate_fixture_context(fixture, rows[i].user, false);
		const char *path =
			arena_printf(&fixture->arena, GATE_PIN_DIR "%s", rows[i].path);
		struct gate_pin pin = {0};
		bool made = gate_pin_again(&context, path, &fixture->arena, &pin);

		assert_int_equal(made, rows[i].source != NULL);
		if (!made)
			continue;
		assert_string_equal(pin.source, rows[i].source);
		assert_string_equal(pin.path, path);
		assert_int_equal(pin.read_only, rows[i].read_only);
		assert_int_equal(pin.home != NULL, rows[i].home != NULL);
		if (rows[i].home)
			assert_string_equal(pin.home, rows[i].home);
	}
}

static void refusals_forward_nothing(void **state)
{
	struct gate_fixture *fixture = *state;
	struct gate_decision decision = run(fixture, "alice", "POST",
		"/v1.41/containers/create",
		"{'Image':'nginx','HostConfig':{'Binds':['/srv/users/alice:/a'],"
		"'Privileged':true}}");

	assert_int_equal(decision.verdict, GATE_DENY);
	assert_int_equal(decision.forward.npins, 0);
	assert_null(decision.forward.body);
	assert_string_equal(decision.image, "nginx");
}

/* CVE-2026-34040: what is too long is refused, never passed on unseen. */
static void long_bodies_are_refused(void **state)
{
	struct gate_fixture *fixture = *state;
	size_t len = GATE_MAX_JSON_BODY + 1;
	char *body = malloc(len + 1);
	struct gate_decision decision;

	assert_non_null(body);
	memset(body, ' ', len);
	memcpy(body, "{\"Image\":\"nginx\"}", 17);
	body[len] = '\0';
	const struct gate_case test = {.user = "alice",
		.method = "POST",
		.path = "/v1.41/containers/create",
		.body = body,
		.raw = true};
	gate_fixture_run(fixture, &test, &decision);
	assert_string_equal(decision.rule, "body-too-long");
	assert_int_equal(decision.status, 413);
	body[len - 1] = '\0';
	gate_fixture_run(fixture, &test, &decision);
	assert_string_equal(decision.rule, "allow");
	assert_true(decision.forward.body_len < 1024);
	free(body);
}

static void deep_bodies_are_refused(void **state)
{
	struct gate_fixture *fixture = *state;
	char body[512] = "{\"Image\":\"nginx\",\"Cmd\":";
	struct gate_decision decision;
	size_t at = strlen(body);

	memset(body + at, '[', 70);
	memset(body + at + 70, ']', 70);
	body[at + 140] = '}';
	const struct gate_case test = {.user = "alice",
		.method = "POST",
		.path = "/v1.41/containers/create",
		.body = body,
		.raw = true};
	gate_fixture_run(fixture, &test, &decision);
	assert_string_equal(decision.rule, "body-json");
	assert_non_null(strstr(decision.reason, "64 levels"));
}

static void long_targets_are_refused(void **state)
{
	struct gate_fixture *fixture = *state;
	char *path = malloc(GATE_MAX_TARGET + 64);

	assert_non_null(path);
	memset(path, 'a', GATE_MAX_TARGET + 63);
	path[GATE_MAX_TARGET + 63] = '\0';
	memcpy(path, "/v1.41/containers/json?limit=", 29);
	assert_string_equal(
		run(fixture, "alice", "GET", path, NULL).rule, "request-target");
	free(path);
}

/* The container that would be removed is never one that is not the caller's own. */
static void a_refused_start_tells_what_is_to_go(void **state)
{
	static const struct {
		const char *user, *method, *path;
		bool goes;
	} rows[] = {
		{"alice", "POST", "/v1.41/containers/fleeting/start", true},
		{"alice", "POST", "/v1.41/containers/fleeting/restart", false},
		{"alice", "POST", "/v1.41/containers/fleeting/attach", false},
		{"alice", "POST", "/v1.41/containers/begun/start", false},
		{"alice", "POST", "/v1.41/containers/nested/start", false},
		{"bob", "POST", "/v1.41/containers/fleeting/start", false},
		{"kim", "POST", "/v1.41/containers/fleeting/start", false},
	};
	struct gate_fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct gate_case test = {.user = rows[i].user,
			.method = rows[i].method,
			.path = rows[i].path};
		struct gate_decision decision;

		gate_fixture_run(fixture, &test, &decision);
		assert_int_equal(decision.verdict, GATE_DENY);
		assert_int_equal(decision.unstarted != NULL, rows[i].goes);
		if (rows[i].goes)
			assert_string_equal(decision.unstarted, decision.object);
	}
}

/* Whatever piece of memory is the first that is not there, nothing is allowed by it. */
static void running_out_of_memory_refuses(void **state)
{
	struct gate_fixture *fixture = *state;
	static const char body[] =
		"{\"Image\":\"nginx\",\"Labels\":{\"a\":\"b\"},\"HostConfig\":{"
		"\"Binds\":["
		"\"/srv/users/alice:/x\",\"mine:/y\"],\"PidMode\":\"container:mine\"}}";
	const char *path = "/v1.41/containers/create?name=x";
	const struct gate_request request = {.method = "POST",
		.target = path,
		.target_len = strlen(path),
		.content_type = "application/json",
		.has_body = true,
		.body = body,
		.body_len = sizeof(body) - 1};
	struct gate_context context = gate_fixture_context(fixture, "alice", true);
	struct gate_decision whole, decision;
	unsigned int refused = 0;

	gate_filter(&context, &request, &fixture->arena, &whole);
	assert_int_equal(whole.verdict, GATE_ALLOW);
	for (size_t limit = 1; limit < 64 * 1024; limit += 13) {
		struct arena arena;

		arena_init(&arena, limit);
		gate_filter(&context, &request, &arena, &decision);
		if (decision.verdict == GATE_ALLOW) {
			assert_string_equal(decision.forward.body, whole.forward.body);
			assert_string_equal(decision.forward.path, whole.forward.path);
			assert_int_equal(decision.forward.npins, whole.forward.npins);
		} else {
			refused++;
		}
		arena_done(&arena);
	}
	assert_true(refused > 100);
}

static void objects_are_counted(void **state)
{
	struct gate_fixture *fixture = *state;
	char body[4096] = "{'Image':'nginx','HostConfig':{'Binds':['v0:/v0'";

	for (int i = 1; i < 80; i++) {
		char item[32];

		(void)snprintf(item, sizeof(item), ",'v%d:/v%d'", i, i);
		(void)strcat(body, item);
	}
	(void)strcat(body, "]}}");
	assert_string_equal(
		run(fixture, "alice", "POST", "/v1.41/containers/create", body).rule,
		"too-many-objects");
}

static void credentials_go_where_they_belong(void **state)
{
	struct gate_fixture *fixture = *state;
	struct gate_context context = gate_fixture_context(fixture, "alice", true);
	struct gate_request request = {.method = "POST",
		.target = "/v1.41/images/create?fromImage=redis&tag=7",
		.registry_auth = "e30="};
	struct gate_decision decision;

	request.target_len = strlen(request.target);
	gate_filter(&context, &request, &fixture->arena, &decision);
	assert_int_equal(decision.verdict, GATE_ALLOW);
	assert_string_equal(decision.forward.registry_auth, "e30=");
	assert_int_equal(decision.forward.body_kind, GATE_BODY_NONE);
	request.registry_auth = "e30=\r\nX: y";
	gate_filter(&context, &request, &fixture->arena, &decision);
	assert_string_equal(decision.rule, "registry-auth");
	request.registry_auth = "e30=";
	request.method = "GET";
	request.target = "/v1.41/containers/json";
	request.target_len = strlen(request.target);
	gate_filter(&context, &request, &fixture->arena, &decision);
	assert_int_equal(decision.verdict, GATE_ALLOW);
	assert_null(decision.forward.registry_auth);
}

static void no_home_is_no_grant(void **state)
{
	struct gate_fixture *fixture = *state;
	struct gate_context context = gate_fixture_context(fixture, "alice", true);
	static const char *const homes[] = {NULL, "", "/", "//", "relative",
		"/srv/users/../etc", "/srv/users/alice/"};
	static const char body[] = "{\"Image\":\"nginx\",\"HostConfig\":{\"Binds\":["
				   "\"/srv/users/alice/x:/x\"]}}";
	const struct gate_request request = {.method = "POST",
		.target = "/containers/create",
		.target_len = 18,
		.content_type = "application/json",
		.has_body = true,
		.body = body,
		.body_len = sizeof(body) - 1};

	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		struct gate_caller caller = *context.caller;
		struct gate_context without = context;
		struct gate_decision decision;

		caller.home = homes[i];
		without.caller = &caller;
		gate_filter(&without, &request, &fixture->arena, &decision);
		assert_string_equal(decision.rule, "create-binds");
	}
}

/* A tar's head with its checksum made right. */
static void make_block(unsigned char *block, const void *start, size_t len)
{
	unsigned int sum = 0;
	char text[9];

	memset(block, 0, GATE_TAR_BLOCK);
	memcpy(block, start, len);
	memcpy(block + 257, "ustar", 5);
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < GATE_TAR_BLOCK; i++)
		sum += block[i];
	(void)snprintf(text, sizeof(text), "%06o", sum);
	memcpy(block + 148, text, 7);
}

/* 3: CVE-2026-41567, the container's own decompressor run by root. */
static void compressed_archives_are_told(void **state)
{
	static const struct {
		const char *start;
		size_t len;
		bool plain;
	} heads[] = {
		{"file", 4, true},
		{"\x1f\x8b\x08", 3, false},
		{"BZh9", 4, false},
		{"\xfd"
		 "7zXZ\0",
			6, false},
		{"\x28\xb5\x2f\xfd", 4, false},
		{"\x50\x2a\x4d\x18", 4, false},
		{"\x5f\x2a\x4d\x18", 4, false},
	};
	unsigned char block[GATE_TAR_BLOCK];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		make_block(block, heads[i].start, heads[i].len);
		assert_int_equal(
			gate_is_plain_tar(block, sizeof(block)), heads[i].plain);
	}
	make_block(block, "file", 4);
	assert_false(gate_is_plain_tar(block, sizeof(block) - 1));
	block[0] ^= 1;
	assert_false(gate_is_plain_tar(block, sizeof(block)));
	memset(block, 0, sizeof(block));
	assert_true(gate_is_plain_tar(block, sizeof(block)));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, gate_fixture_setup, gate_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plan_tells_which_body_may_follow),
		TEST(answers_are_marked),
		TEST(pins_are_told),
		TEST(pins_of_mounts_are_told),
		TEST(start_tells_own_pins_again),
		TEST(pins_of_an_earlier_boot),
		TEST(refusals_forward_nothing),
		TEST(long_bodies_are_refused),
		TEST(deep_bodies_are_refused),
		TEST(long_targets_are_refused),
		TEST(running_out_of_memory_refuses),
		TEST(objects_are_counted),
		TEST(credentials_go_where_they_belong),
		TEST(no_home_is_no_grant),
		TEST(compressed_archives_are_told),
		TEST(a_refused_start_tells_what_is_to_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
