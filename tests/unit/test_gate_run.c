/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate/run/request.h"
#include "gate/run/stamp.h"

static int parse(struct request *request, char *argv[])
{
	struct err err = {0};
	int argc = 0;

	while (argv[argc])
		argc++;
	int rc = request_parse(argc, argv, request, &err);
	assert_true((rc < 0) == (err.text[0] != '\0'));
	return rc;
}

/* A command line is writable memory; nothing here writes to it. */
#define ARGS(...) ((char **)(uintptr_t)(const char *[]){__VA_ARGS__, NULL})

static void options_end_at_the_command(void **state)
{
	struct request request = {0};
	char **args = ARGS("run", "--reason", "ticket 7", "docker", "--reason", "x");

	(void)state;
	assert_int_equal(parse(&request, args), 0);
	assert_string_equal(request.reason, "ticket 7");
	assert_ptr_equal(request.command, args + 3);
	args = ARGS("run", "--reason=a\\b \xc3\xa4", "--", "--help");
	assert_int_equal(parse(&request, args), 0);
	assert_string_equal(request.reason, "a\\b \xc3\xa4");
	assert_ptr_equal(request.command, args + 3);
	assert_false(request.help);
}

static void bad_command_lines(void **state)
{
	char long_reason[REQUEST_MAX_REASON + 2];
	struct request request;

	(void)state;
	memset(long_reason, 'x', sizeof(long_reason));
	long_reason[sizeof(long_reason) - 1] = '\0';
	char **const bad[] = {
		ARGS("run"),
		ARGS("run", "--"),
		ARGS("run", "--reason"),
		ARGS("run", "--reason", "", "id"),
		ARGS("run", "--reason", "a\nb", "id"),
		ARGS("run", "--reason", "a\x1b[2J", "id"),
		ARGS("run", "--reason", "\xe2\x80\xae", "id"),
		ARGS("run", "--reason", "\xff", "id"),
		ARGS("run", "--reason", "\\x41\x01", "id"),
		ARGS("run", "--reason", "a", "--reason", "b", "id"),
		ARGS("run", "--reason", long_reason, "id"),
		ARGS("run", "-u", "root", "id"),
		ARGS("run", "-", "id"),
		ARGS("run", "--forget", "id"),
		ARGS("run", ""),
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(parse(&request, bad[i]), -EINVAL);
	char *none[] = {NULL};
	assert_int_equal(parse(&request, none), -EINVAL);
}

static void environment_is_made_anew(void **state)
{
	static const struct request_identity identity = {"alice", NULL, ""};
	char **given = ARGS("TERM=xterm", "TERM=evil", "LC_ALL=../x", "LANG=%n",
		"TZ=Europe", "PATH=/evil", "LD_PRELOAD=x", "LANGUAGE", "NO_COLOR=");
	static const char *const want[] = {"NO_COLOR=", "TERM=xterm", "TZ=Europe",
		("PATH=" REQUEST_PATH), "DOCKER_HOST=unix:///run/x", "HOME=/",
		"USER=alice", "LOGNAME=alice"};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	char **list = request_environment(given, &identity, "unix:///run/x", &arena);
	assert_non_null(list);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(list[i], want[i]);
	assert_null(list[ARRAY_LEN(want)]);
	arena_done(&arena);
	arena_init(&arena, 64);
	assert_null(request_environment(given, &identity, "unix:///run/x", &arena));
	arena_done(&arena);
}

/* CVE-2017-1000367: the name of a process may look like the fields behind it. */
static void stat_of_a_hostile_name(void **state)
{
	uint32_t terminal, session;
	uint64_t start;

	(void)state;
	assert_int_equal(
		stamp_read_stat(
			"42 (a) S 1 2 3 4) R 1 40 41 34816 40 0 1 2 3 4 5 6 7 8 "
			"20 0 1 0 987654 1 2\n",
			&terminal, &session, &start),
		0);
	assert_int_equal(session, 41);
	assert_int_equal(terminal, 34816);
	assert_int_equal(start, 987654);
}

static void stat_that_is_none(void **state)
{
	static const char *const bad[] = {"", "42", "42 (a", "42 (a)", "42 (a) S 1 2 3",
		"42 (a) S 1 40 x 34816 40 0 1 2 3 4 5 6 7 8 20 0 1 0 9 1",
		"42 (a) S 1 40 41 -1 40 0 1 2 3 4 5 6 7 8 20 0 1 0 9 1",
		"42 (a) S 1 40 4294967296 1 40 0 1 2 3 4 5 6 7 8 20 0 1 0 9 1",
		"42 (a) S 1 40 41 1 40 0 1 2 3 4 5 6 7 8 20 0 1 0"};
	uint32_t terminal, session;
	uint64_t start;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(
			stamp_read_stat(bad[i], &terminal, &session, &start), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_end_at_the_command),
		cmocka_unit_test(bad_command_lines),
		cmocka_unit_test(environment_is_made_anew),
		cmocka_unit_test(stat_of_a_hostile_name),
		cmocka_unit_test(stat_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
