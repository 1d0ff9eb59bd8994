/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which version an engine is spoken to in, by what it says of itself. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate/serve/version.h"

static const char *chosen(unsigned int status, const char *body, struct err *err)
{
	const struct gate_fact answer = {
		.status = status, .body = body, .len = strlen(body)};
	const char *version = NULL;
	int rc = version_choose(&answer, &version, err);

	assert_true(rc == 0 || rc == -EPROTONOSUPPORT);
	assert_true((rc == 0) == (version != NULL));
	return version;
}

static void the_newest_that_both_speak(void **state)
{
	static const struct {
		const char *body, *version;
	} rows[] = {
		{"{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}", "1.41"},
		{"{\"ApiVersion\":\"1.43\",\"MinAPIVersion\":\"1.12\"}", "1.41"},
		{"{\"ApiVersion\":\"1.44\",\"MinAPIVersion\":\"1.24\"}", "1.44"},
		{"{\"ApiVersion\":\"1.51\",\"MinAPIVersion\":\"1.24\"}", "1.44"},
		{"{\"ApiVersion\":\"1.52\",\"MinAPIVersion\":\"1.44\"}", "1.44"},
		{"{\"ApiVersion\":\"1.100\",\"MinAPIVersion\":\"1.9\"}", "1.44"},
	};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(chosen(200, rows[i].body, &err), rows[i].version);
}

static void what_is_beyond_is_refused(void **state)
{
	static const char *const bodies[] = {
		"{\"ApiVersion\":\"1.40\",\"MinAPIVersion\":\"1.12\"}",
		"{\"ApiVersion\":\"1.63\",\"MinAPIVersion\":\"1.45\"}",
		"{\"ApiVersion\":\"2.44\",\"MinAPIVersion\":\"1.24\"}",
		"{\"ApiVersion\":\"1.51\"}",
		"{\"ApiVersion\":1.51,\"MinAPIVersion\":1.24}",
		"{\"ApiVersion\":\"1.51x\",\"MinAPIVersion\":\"1.24\"}",
		"{\"ApiVersion\":\"1.\",\"MinAPIVersion\":\"1.24\"}",
		"{\"MinAPIVersion\":\"1.24\",\"MinAPIVersion\":\"1.24\"}", "[]", "",
		"x"};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		assert_null(chosen(200, bodies[i], &err));
	assert_null(chosen(
		404, "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}", &err));
	(void)chosen(200, "{\"ApiVersion\":\"1.63\",\"MinAPIVersion\":\"1.60\"}", &err);
	assert_non_null(strstr(err.text, "1.60 to 1.63"));
	assert_non_null(strstr(err.text, "1.41 to 1.44"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_that_both_speak),
		cmocka_unit_test(what_is_beyond_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
