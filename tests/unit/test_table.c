/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read, against texts in tests/unit/expected (UPDATE_EXPECTED=1 writes). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "fixture.h"
#include "netmon/report/grid.h"
#include "netmon/report/writer.h"
#include "sample.h"

#define EXPECTED SOURCE_ROOT "/tests/unit/expected/"

static char *slurp(const char *path)
{
	_cleanup_(cleanup_fclose) FILE *file = fopen(path, "re");
	char *text = calloc(1, 65536);

	if (!file)
		fail_msg("%s is missing: run this test with UPDATE_EXPECTED=1", path);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) > 0);
	return text;
}

static void check(const char *name, const char *text)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s%s", EXPECTED, name);
	if (getenv("UPDATE_EXPECTED")) {
		FILE *file = fopen(path, "we");

		assert_non_null(file);
		(void)fputs(text, file);
		(void)fclose(file);
	}
	_cleanup_(cleanup_free) char *expected = slurp(path);
	assert_string_equal(text, expected);
}

static size_t longest_line(const char *text, const char *but)
{
	size_t longest = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		/* Commands are never broken. */
		if (len > longest && !memmem(text, len, but, strlen(but)))
			longest = len;
		text += len + (text[len] == '\n');
	}
	return longest;
}

static char *render(const struct writer_options *options)
{
	struct err err = {0};
	struct fixture f;
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	assert_non_null(stream);
	sample_open(&f);
	assert_int_equal(table_writer.report(&f.report, options, stream, &err), 0);
	(void)fclose(stream);
	fixture_close(&f);
	return text;
}

static void at_widths(void **state)
{
	static const struct {
		const char *name;
		struct writer_options options;
	} rows[] = {
		{"report-80.txt", {.width = 80}},
		{"report-120.txt", {.width = 120, .all = true}},
		{"report-color.txt", {.color = true}},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(cleanup_free) char *text = render(&rows[i].options);

		check(rows[i].name, text);
		if (rows[i].options.width)
			assert_true(longest_line(text, ": ") <= rows[i].options.width);
		/* No name may steer the terminal. */
		if (!rows[i].options.color)
			assert_null(strchr(text, '\033'));
	}
}

static void answers(void **state)
{
	const struct writer_options options = {.width = 80};
	struct err err = {0};
	struct fixture f;
	struct question question;
	struct answer answer;
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	(void)state;

	assert_non_null(stream);
	sample_open(&f);
	sample_answer(&f, &question, &answer);
	assert_int_equal(
		table_writer.answer(&question, &answer, &options, stream, &err), 0);
	answer.result = RESULT_FILTERED;
	answer.verdict = DELIVERY_DROPPED;
	assert_int_equal(table_writer.batch_line(
				 &question, &answer, NULL, &options, stream, &err),
		0);
	assert_int_equal(table_writer.batch_line(&question, NULL, "line 2: \033[2J",
				 &options, stream, &err),
		0);
	(void)fclose(stream);
	check("answer-80.txt", text);
	free(text);
	fixture_close(&f);
}

static void widths(void **state)
{
	struct arena arena;
	(void)state;

	arena_init(&arena, 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("\xc3\xa9t\xc3\xa9"), 3);
	assert_int_equal(text_width("\xe6\xbc\xa2\xe5\xad\x97"), 4);
	assert_int_equal(text_width("e\xcc\x81"), 1);
	assert_string_equal(text_cut(&arena, "abcdef", 6), "abcdef");
	assert_string_equal(text_cut(&arena, "abcdef", 5), "ab...");
	assert_string_equal(text_cut(&arena, "abcdef", 2), "..");
	assert_string_equal(text_cut(&arena, "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 5),
		"\xe6\xbc\xa2...");
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_widths),
		cmocka_unit_test(answers),
		cmocka_unit_test(widths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
