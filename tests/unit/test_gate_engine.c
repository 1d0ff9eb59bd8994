/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the filter asks of the engine, and what it makes of its version. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate_fixture.h"

static int fail_get(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	(void)path;
	(void)arena;
	(void)ret_fact;
	return err_set(err, *(const int *)context, "the socket is closed");
}

static int answer_500(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	(void)context;
	(void)path;
	(void)arena;
	(void)err;
	*ret_fact = (struct gate_fact){.status = 500, .body = "{}", .len = 2};
	return 0;
}

static void engines_that_fail_refuse(void **state)
{
	struct gate_fixture *fixture = *state;
	int code = -ECONNRESET;
	const struct gate_engine engines[] = {
		{.get = fail_get, .context = &code}, {.get = answer_500}};
	const char *path = "/v1.41/containers/mine/start";
	const struct gate_request request = {
		.method = "POST", .target = path, .target_len = strlen(path)};

	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		struct gate_context context =
			gate_fixture_context(fixture, "alice", true);
		struct gate_decision decision;

		context.engine = &engines[i];
		gate_filter(&context, &request, &fixture->arena, &decision);
		assert_int_equal(decision.verdict, GATE_DENY);
		assert_string_equal(decision.rule, "engine-answer");
		assert_int_equal(decision.status, 502);
	}
}

static int note_path(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	(void)arena;
	(void)err;
	(void)snprintf(context, 64, "%s", path);
	ret_fact->status = 404;
	return 0;
}

static struct gate_decision ask_newer(struct gate_fixture *fixture, const char *api,
	const char *method, const char *path, char *asked)
{
	struct gate_context context = gate_fixture_context(fixture, "alice", true);
	const struct gate_engine engine = {.get = note_path, .context = asked};
	const struct gate_request request = {
		.method = method, .target = path, .target_len = strlen(path)};
	struct gate_decision decision;

	context.engine = &engine;
	context.api = api;
	gate_filter(&context, &request, &fixture->arena, &decision);
	return decision;
}

static void the_engines_version_goes_on(void **state)
{
	struct gate_fixture *fixture = *state;
	struct gate_decision decision;
	char asked[64] = "";

	decision = ask_newer(fixture, "1.44", "GET", "/v1.30/containers/json", asked);
	assert_memory_equal(decision.forward.path, "/v1.44/containers/json?", 23);
	(void)ask_newer(fixture, "1.44", "POST", "/containers/mine/start", asked);
	assert_string_equal(asked, "/v1.44/containers/mine/json");
	(void)ask_newer(fixture, NULL, "POST", "/containers/mine/start", asked);
	assert_string_equal(asked, "/v1.41/containers/mine/json");
}

/* @context: which parts of which versions the engine says it has. */
static int tell_version(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	if (strcmp(path, "/v1.41/version") != 0)
		return gate_fixture_any.get(NULL, path, arena, ret_fact, err);
	ret_fact->status = 200;
	ret_fact->body =
		arena_printf(arena, "{\"Components\":[%s]}", (const char *)context);
	ret_fact->len = strlen(ret_fact->body);
	return 0;
}

/* The rule that decides about a request of alice's; @parts: see tell_version(). */
static const char *ask_engine_of(struct gate_fixture *fixture,
	const struct gate_request *request, const char *parts)
{
	struct gate_context context = gate_fixture_context(fixture, "alice", true);
	const struct gate_engine engine = {.get = tell_version,
		.look = gate_fixture_look,
		.context = (void *)(uintptr_t)parts};
	struct gate_decision decision;

	context.engine = &engine;
	gate_filter(&context, request, &fixture->arena, &decision);
	assert_int_equal(
		decision.verdict == GATE_ALLOW, strcmp(decision.rule, "allow") == 0);
	return decision.rule;
}

/* The same about her create with that body. */
static const char *create_at(
	struct gate_fixture *fixture, const char *body, const char *parts)
{
	static const char path[] = "/v1.41/containers/create";
	const struct gate_request request = {.method = "POST",
		.target = path,
		.target_len = strlen(path),
		.content_type = "application/json",
		.has_body = true,
		.body = body,
		.body_len = strlen(body)};

	return ask_engine_of(fixture, &request, parts);
}

static void a_copy_waits_for_a_mended_engine(void **state)
{
	static const struct {
		const char *version;
		enum gate_verdict wanted;
	} engines[] = {
		{"29.5.1", GATE_ALLOW},
		{"29.5.1+dfsg1", GATE_ALLOW},
		{"29.6.0-rc.1", GATE_DENY},
		{"29.10.0", GATE_ALLOW},
		{"30.0.0", GATE_ALLOW},
		{"29.6.0-0ubuntu1", GATE_ALLOW},
		{"29.6.0+ds1-1~deb13u1", GATE_ALLOW},
		{"29.5.1-0ubuntu1", GATE_DENY},
		{"29.6.0-0ubuntu1~24.04.1", GATE_ALLOW},
		{"29.6.0+dfsg1-1~bpo13+1", GATE_ALLOW},
		{"29.6.0+ds1-1+deb13u2+b3", GATE_ALLOW},
		{"29.6.0~rc1", GATE_DENY},
		{"30.0.0-canary", GATE_DENY},
		{"30.0.0-m1", GATE_DENY},
		{"29.6.0b1", GATE_DENY},
		{"29.6.0-b1", GATE_DENY},
		{"29.6.0+u1", GATE_DENY},
		{"29.6.0-ubuntu", GATE_DENY},
		{"29.6.0+dfsgx", GATE_DENY},
		{"29.6.0.1", GATE_DENY},
		{"29.5.1+canary", GATE_DENY},
		{"29.6.0+dfsg1-M2", GATE_DENY},
		{"29.6.0+ds1~rc1", GATE_DENY},
		{"29.6.0-RC1", GATE_DENY},
		{"29.6.0-dev", GATE_DENY},
		{"30.0.0+dev", GATE_DENY},
		{"29.6.0-beta.2", GATE_DENY},
		{"30.0.0-alpha", GATE_DENY},
		{"30.0.0beta1", GATE_DENY},
		{"29.5.1-rc.1", GATE_DENY},
		{"29.5.0", GATE_DENY},
		{"29.4.9", GATE_DENY},
		{"28.9.9", GATE_DENY},
		{"20.10.24+dfsg1", GATE_DENY},
		{"4.9.3", GATE_DENY},
		{"29.5", GATE_DENY},
		{"30", GATE_DENY},
		{"library-import", GATE_DENY},
		{"99999999999.0.0", GATE_DENY},
		{"", GATE_DENY},
	};
	struct gate_fixture *fixture = *state;
	const char *path = "/v1.41/containers/bare/archive?path=/tmp";
	const struct gate_request request = {
		.method = "GET", .target = path, .target_len = strlen(path)};

	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		char parts[1024];

		(void)snprintf(parts, sizeof(parts),
			"{\"Name\":\"runc\",\"Version\":\"99.0.0\"},"
			"{\"Name\":\"Engine\",\"Version\":\"%s\"}",
			engines[i].version);
		assert_string_equal(ask_engine_of(fixture, &request, parts),
			engines[i].wanted == GATE_ALLOW ? "allow" : "archive-race");
	}
}

#define ENGINE "{\"Name\":\"Engine\",\"Version\":\"30.0.0\"}"

/* What is copied in may be the list that an older runc takes the groups from. */
static void a_copy_into_waits_for_a_mended_runc(void **state)
{
	static const struct {
		const char *parts, *rule;
	} engines[] = {
		{ENGINE ",{\"Name\":\"runc\",\"Version\":\"1.3.3\"}", "allow"},
		{ENGINE ",{\"Name\":\"runc\",\"Version\":\"1.3.6+ds1\"}", "allow"},
		/* A link to /dev may come where the next start mounts a tmpfs. */
		{ENGINE ",{\"Name\":\"runc\",\"Version\":\"1.3.2\"}", "archive-groups"},
		{ENGINE ",{\"Name\":\"runc\",\"Version\":\"1.2.9\"}", "archive-groups"},
		{ENGINE ",{\"Name\":\"runc\",\"Version\":\"1.3.0-rc.2\"}",
			"archive-groups"},
		{ENGINE, "archive-groups"},
	};
	struct gate_fixture *fixture = *state;
	const char *path = "/v1.41/containers/guest/archive?path=/tmp";
	const struct gate_request request = {.method = "PUT",
		.target = path,
		.target_len = strlen(path),
		.content_type = "application/x-tar",
		.has_body = true};

	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		assert_string_equal(ask_engine_of(fixture, &request, engines[i].parts),
			engines[i].rule);
}

/* As tell_version(), of the containers that there are. */
static int tell_of_each(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err)
{
	const struct gate_engine *each = context;
	static char parts[] = ENGINE ",{\"Name\":\"runc\",\"Version\":\"1.3.6\"}";

	return strcmp(path, "/v1.41/version") == 0
		       ? tell_version(parts, path, arena, ret_fact, err)
		       : each->get(each->context, path, arena, ret_fact, err);
}

/* The engine makes it by its path at each start: what leads there is not copied. */
static void a_copy_into_leaves_the_working_directory(void **state)
{
	static const struct {
		const char *method, *name, *rule;
	} rows[] = {
		{"PUT", "working", "archive-working-dir"},
		{"GET", "working", "allow"},
		{"PUT", "immovable", "allow"},
		{"PUT", "unmoved", "allow"},
		{"PUT", "bare", "allow"},
	};
	struct gate_fixture *fixture = *state;
	struct gate_context context = gate_fixture_context(fixture, "alice", true);
	struct gate_engine each = *context.engine;
	const struct gate_engine engine = {
		.get = tell_of_each, .look = gate_fixture_look, .context = &each};

	context.engine = &engine;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool into = strcmp(rows[i].method, "PUT") == 0;
		struct gate_decision decision;
		char path[96];

		(void)snprintf(path, sizeof(path),
			"/v1.41/containers/%s/archive?path=/tmp", rows[i].name);
		const struct gate_request request = {.method = rows[i].method,
			.target = path,
			.target_len = strlen(path),
			.content_type = into ? "application/x-tar" : NULL,
			.has_body = into};
		gate_filter(&context, &request, &fixture->arena, &decision);
		assert_string_equal(decision.rule, rows[i].rule);
	}
}

static void nested_mounts_wait_for_a_mended_runc(void **state)
{
	static const struct {
		const char *parts, *rule;
	} engines[] = {
		{"{\"Name\":\"runc\",\"Version\":\"1.3.3\"}", "allow"},
		{"{\"Name\":\"runc\",\"Version\":\"1.1.14\"}", "mount-nested"},
		{"{\"Name\":\"runc\",\"Version\":\"1.2.5+ds1\"}", "mount-nested"},
		{"{\"Name\":\"runc\",\"Version\":\"1.1.13\"}", "mount-nested"},
		{"{\"Name\":\"runc\",\"Version\":\"1.2.0-rc.1\"}", "mount-nested"},
		{"{\"Name\":\"runc\",\"Version\":\"1.2.0-rc.2\"}", "mount-nested"},
		{"{\"Name\":\"runc\",\"Version\":\"1.2.0~rc2\"}", "mount-nested"},
		{"{\"Name\":\"runc\",\"Version\":\"1.2.0-dev\"}", "mount-nested"},
		{"{\"Name\":\"runc\"}", "mount-nested"},
		{"{\"Name\":\"Engine\",\"Version\":\"29.5.1\"}", "mount-nested"},
		{"7", "mount-nested"},
		{"", "mount-nested"},
	};
	static const char body[] = "{\"Image\":\"nginx\",\"Volumes\":{\"/a/b/\":{}},"
				   "\"HostConfig\":{\"Mounts\":[{\"Type\":\"volume\","
				   "\"Target\":\"/a\"}]}}";

	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		assert_string_equal(
			create_at(*state, body, engines[i].parts), engines[i].rule);
}

static void mounts_on_the_groups_wait_for_a_mended_runc(void **state)
{
	static const struct {
		const char *parts, *rule;
	} engines[] = {
		{"{\"Name\":\"runc\",\"Version\":\"1.3.0\"}", "allow"},
		{"{\"Name\":\"runc\",\"Version\":\"1.3.6+ds1\"}", "allow"},
		{"{\"Name\":\"runc\",\"Version\":\"1.2.9\"}", "mount-groups"},
		{"{\"Name\":\"runc\",\"Version\":\"1.3.0-rc.2\"}", "mount-groups"},
		{"", "mount-groups"},
	};
	static const char body[] = "{\"Image\":\"nginx\",\"HostConfig\":{\"Mounts\":[{"
				   "\"Type\":\"volume\",\"Source\":\"mine\","
				   "\"Target\":\"/etc/group\"}]}}";

	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		assert_string_equal(
			create_at(*state, body, engines[i].parts), engines[i].rule);
}

/* Since 1.42 a prune leaves named volumes; an engine of before does not. */
static void a_prune_does_not_take_more_than_was_asked(void **state)
{
	static const struct {
		const char *api, *path, *rule;
	} rows[] = {
		{"1.41", "/v1.44/volumes/prune", "prune-volumes"},
		{"1.41", "/v1.42/volumes/prune?filters=%7B%7D", "prune-volumes"},
		{"1.41", "/v1.41/volumes/prune", "allow"},
		{"1.41", "/volumes/prune", "prune-volumes"},
		{"1.44", "/v1.44/volumes/prune", "allow"},
		{"1.44", "/v1.41/volumes/prune", "allow"},
	};
	char asked[64] = "";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
			ask_newer(*state, rows[i].api, "POST", rows[i].path, asked)
				.rule,
			rows[i].rule);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, gate_fixture_setup, gate_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(engines_that_fail_refuse),
		TEST(the_engines_version_goes_on),
		TEST(a_prune_does_not_take_more_than_was_asked),
		TEST(a_copy_waits_for_a_mended_engine),
		TEST(a_copy_into_waits_for_a_mended_runc),
		TEST(a_copy_into_leaves_the_working_directory),
		TEST(nested_mounts_wait_for_a_mended_runc),
		TEST(mounts_on_the_groups_wait_for_a_mended_runc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
