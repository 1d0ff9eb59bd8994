/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/cli.h"

#define WORDS_MAX  24
#define LINE_BYTES 256

/* Splits @line at blanks and parses it; the words live in @buffer. */
static int parse(const char *line, char *buffer, struct arena *arena, struct cli *cli,
	struct err *err)
{
	char program[] = "netmon";
	char *argv[WORDS_MAX + 1] = {program};
	int argc = 1;

	(void)snprintf(buffer, LINE_BYTES, "%s", line);
	for (char *word = strtok(buffer, " "); word; word = strtok(NULL, " ")) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = word;
	}
	return cli_parse(argc, argv, arena, cli, err);
}

static void refused(void **state)
{
	static const struct {
		const char *line, *because;
	} rows[] = {
		{"", "no command"},
		{"watch", "unknown command 'watch'"},
		{"history", "unknown command 'history'"},
		{"scan --probe=all", "--probe=all: give --probe or"},
		{"scan --probe --snapshot x", "look at this host's packets"},
		{"scan --observe 5 --snapshot x", "look at this host's packets"},
		{"scan --observe", "--observe needs a value"},
		{"scan --dry-run", "--dry-run goes with"},
		{"explain --probe", "--probe does not go with explain"},
		{"scan -x", "unknown option '-x'"},
		{"scan extra", "one argument too many"},
		{"scan --policy", "--policy needs a value"},
		{"scan --policy=", "--policy: the value is empty"},
		{"scan --policy a --policy b", "--policy is given twice"},
		{"scan --all=yes", "--all takes no value"},
		{"scan --color blue", "auto, always or never"},
		{"scan --from 192.0.2.1", "--from does not go with scan"},
		{"scan --engine none --engine /x", "--engine none excludes"},
		{"scan --snapshot f --engine /x",
			"--engine does not go with --snapshot"},
		{"explain --all --batch -", "--all does not go with explain"},
		{"explain --from 192.0.2.1 --port 1", "explain needs --to"},
		{"explain --to 192.0.2.1 --port 1", "explain needs --from"},
		{"explain --from 192.0.2.1 --to 192.0.2.2", "explain needs --port"},
		{"explain --batch - --in eth0", "--in is for a single question"},
		{"snapshot", "needs --output"},
		{"snapshot --output f --format json", "--format does not go with"},
		{"policy", "policy check needs a file"},
		{"policy check", "policy check needs a file"},
		{"policy show f", "did you mean policy check"},
		{"policy check f g", "one argument too many"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cli cli = {.format = "untouched"};
		struct err err = {0};
		struct arena arena;
		char buffer[LINE_BYTES];

		arena_init(&arena, 0);
		assert_int_not_equal(
			parse(rows[i].line, buffer, &arena, &cli, &err), 0);
		if (!strstr(err.text, rows[i].because))
			fail_msg("'%s': '%s' does not say '%s'", rows[i].line, err.text,
				rows[i].because);
		assert_string_equal(cli.format, "untouched");
		arena_done(&arena);
	}
}

static void everything_at_once(void **state)
{
	struct cli cli;
	struct err err = {0};
	struct arena arena;
	char buffer[LINE_BYTES];
	(void)state;

	arena_init(&arena, 0);
	assert_int_equal(
		parse("--engine /a scan --engine=/b --perimeter eth0 --perimeter=eth1 "
		      "--policy p.json --format json --output out --color never --all",
			buffer, &arena, &cli, &err),
		0);
	assert_int_equal(cli.command, COMMAND_SCAN);
	assert_int_equal(cli.engines.n, 2);
	assert_string_equal(cli.engines.list[0], "/a");
	assert_string_equal(cli.engines.list[1], "/b");
	assert_int_equal(cli.perimeter.n, 2);
	assert_string_equal(cli.perimeter.list[1], "eth1");
	assert_string_equal(cli.policy, "p.json");
	assert_true(cli.policy_given);
	assert_string_equal(cli.format, "json");
	assert_string_equal(cli.output, "out");
	assert_int_equal(cli.color, COLOR_NEVER);
	assert_true(cli.all);
	arena_done(&arena);
}

static void defaults(void **state)
{
	struct cli cli;
	struct err err = {0};
	struct arena arena;
	char buffer[LINE_BYTES];
	(void)state;

	arena_init(&arena, 0);
	assert_int_equal(parse("scan", buffer, &arena, &cli, &err), 0);
	assert_string_equal(cli.policy, "/etc/seawall/policy.json");
	assert_false(cli.policy_given);
	assert_string_equal(cli.format, "table");
	assert_int_equal(cli.color, COLOR_AUTO);
	assert_int_equal(cli.engines.n, 0);
	assert_null(cli.output);

	assert_int_equal(
		parse("scan --snapshot f --engine none", buffer, &arena, &cli, &err),
		0);
	assert_int_equal(parse("explain --batch -", buffer, &arena, &cli, &err), 0);
	assert_string_equal(cli.batch, "-");
	assert_int_equal(parse("policy check f", buffer, &arena, &cli, &err), 0);
	assert_int_equal(cli.command, COMMAND_POLICY_CHECK);
	assert_string_equal(cli.file, "f");
	assert_int_equal(parse("scan --bad --help", buffer, &arena, &cli, &err), -22);
	assert_int_equal(parse("scan --help", buffer, &arena, &cli, &err), 0);
	assert_int_equal(cli.command, COMMAND_HELP);
	assert_int_equal(parse("--version", buffer, &arena, &cli, &err), 0);
	assert_int_equal(cli.command, COMMAND_VERSION);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(everything_at_once),
		cmocka_unit_test(defaults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
