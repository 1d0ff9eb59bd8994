/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a table of requests through the filter, each as a test of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/filter/create.h"
#include "gate/filter/route.h"
#include "gate_fixture.h"

static void fail_case(
	const struct gate_case *test, const struct gate_decision *decision)
{
	fail_msg("%s: %s %s: %s (%s), wanted %s\n  forwarded: %s %s", test->name,
		test->method, test->path, decision->rule, decision->reason, test->want,
		decision->forward.path ? decision->forward.path : "",
		decision->forward.body ? decision->forward.body : "");
}

static bool forward_has(
	const struct gate_decision *decision, struct arena *arena, const char *text)
{
	char *wanted = arena_strdup(arena, text);

	for (char *p = wanted; p && *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return strstr(decision->forward.path, wanted) ||
	       (decision->forward.body && strstr(decision->forward.body, wanted));
}

static void run_case(void **state)
{
	const struct gate_case *test = *state;
	struct gate_fixture fixture;
	struct gate_decision decision;

	gate_fixture_init(&fixture);
	gate_fixture_run(&fixture, test, &decision);
	assert_non_null(decision.rule);
	assert_non_null(decision.reason);
	bool allowed = decision.verdict == GATE_ALLOW;
	assert_int_equal(allowed, strcmp(decision.rule, "allow") == 0);
	if (strcmp(decision.rule, test->want) != 0)
		fail_case(test, &decision);
	if (allowed) {
		assert_memory_equal(decision.forward.path, "/v1.41/", 7);
		if (test->has && !forward_has(&decision, &fixture.arena, test->has))
			fail_case(test, &decision);
		if (test->lacks && forward_has(&decision, &fixture.arena, test->lacks))
			fail_case(test, &decision);
	} else {
		assert_in_range(decision.status, 400, 503);
		assert_null(decision.forward.path);
	}
	gate_fixture_done(&fixture);
}

static void list_body(const struct gate_case *test, struct jsonw *out)
{
	size_t len = !test->body ? 0 : test->len ? test->len : strlen(test->body);
	char *hex = calloc(2, len + 1);

	for (size_t i = 0; hex && i < len; i++) {
		unsigned char byte = (unsigned char)test->body[i];

		if (byte == '\'' && !test->raw)
			byte = '"';
		(void)snprintf(hex + 2 * i, 3, "%02x", byte);
	}
	jsonw_member_string(out, "body", test->body ? hex : NULL);
	free(hex);
}

static void list_case(const struct gate_case *test, struct jsonw *out)
{
	jsonw_object_begin(out);
	jsonw_member_string(out, "name", test->name);
	jsonw_member_string(out, "user", test->user);
	jsonw_member_string(out, "method", test->method);
	jsonw_member_string(out, "path", test->path);
	jsonw_member_string(out, "want", test->want);
	jsonw_member_string(out, "type",
		test->type   ? test->type
		: test->body ? "application/json"
			     : NULL);
	jsonw_member_string(out, "upgrade", test->upgrade);
	jsonw_member_bool(out, "engine", !test->no_engine);
	list_body(test, out);
	jsonw_object_end(out);
}

/* Every key that somebody may give a container, with the objects around it. */
static void list_fields(
	const struct fields *fields, const char *prefix, struct jsonw *out)
{
	char path[256];

	for (size_t i = 0; i < fields->n; i++) {
		const struct field *field = &fields->rows[i];

		if (field->treatment == TREAT_REFUSE && field->power == POWER_NONE)
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", prefix, field->key);
		jsonw_string(out, path);
		/* An object of objects, each with those keys. */
		(void)snprintf(path, sizeof(path), "%s%s.%s", prefix, field->key,
			field->shape == SHAPE_ANY ? "*." : "");
		if (field->sub)
			list_fields(field->sub, path, out);
	}
}

static void list_routes(struct jsonw *out)
{
	const struct route *route;

	for (size_t i = 0; (route = route_at(i)) != NULL; i++)
		jsonw_stringf(out, "%s %s", route->method, route->pattern);
}

static int list_cases(const struct gate_case *cases, size_t n)
{
	struct jsonw out;
	int rc;

	jsonw_init(&out, stdout, 0);
	jsonw_object_begin(&out);
	gate_fixture_describe(&out);
	jsonw_member_array(&out, "fields");
	list_fields(&create_table, "", &out);
	jsonw_array_end(&out);
	jsonw_member_array(&out, "routes");
	list_routes(&out);
	jsonw_array_end(&out);
	jsonw_object_end(&out);
	rc = jsonw_finish(&out, NULL);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		(void)putchar('\n');
		list_case(&cases[i], &out);
		rc = jsonw_finish(&out, NULL);
	}
	(void)putchar('\n');
	jsonw_done(&out);
	return rc < 0;
}

int gate_fixture_main(int argc, char *argv[], const char *group,
	const struct gate_case *cases, size_t n)
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list_cases(cases, n);

	struct CMUnitTest *tests = calloc(n, sizeof(*tests));

	if (!tests)
		return 1;
	for (size_t i = 0; i < n; i++) {
		const void *state = &cases[i];

		tests[i].name = cases[i].name;
		tests[i].test_func = run_case;
		memcpy(&tests[i].initial_state, &state, sizeof(state));
	}
	int failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
	free(tests);
	return failed;
}
