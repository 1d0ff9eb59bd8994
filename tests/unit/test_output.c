/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "netmon/output.h"

static char folder[] = "/tmp/test-output.XXXXXX";
static char path[64];

static size_t files_in_folder(void)
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void expect_file(const char *text)
{
	char buffer[64] = "";
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_non_null(fgets(buffer, sizeof(buffer), file));
	(void)fclose(file);
	assert_string_equal(buffer, text);
}

static void all_or_nothing(void **state)
{
	struct output output;
	struct err err = {0};
	struct stat st;
	(void)state;

	write_file("old");
	assert_int_equal(output_open(path, &output, &err), 0);
	assert_true(fputs("half", output.stream) >= 0);
	assert_int_equal(fflush(output.stream), 0);
	expect_file("old");
	output_done(&output);
	expect_file("old");
	assert_int_equal(files_in_folder(), 1);

	assert_int_equal(output_open(path, &output, &err), 0);
	assert_true(fputs("new", output.stream) >= 0);
	expect_file("old");
	assert_int_equal(output_commit(&output, &err), 0);
	output_done(&output);
	expect_file("new");
	assert_int_equal(files_in_folder(), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void failures_are_told(void **state)
{
	struct output output;
	struct err err = {0};
	(void)state;

	assert_true(output_open("/nonexistent/folder/file", &output, &err) < 0);
	assert_non_null(strstr(err.text, "/nonexistent/folder/file"));
	output_done(&output);

	/* A full disk shows only when the bytes are handed over. */
	assert_int_equal(output_open("/dev/full", &output, &err), 0);
	assert_true(fputs("x", output.stream) >= 0);
	assert_true(output_commit(&output, &err) < 0);
	output_done(&output);
}

static void width_of_columns(void **state)
{
	struct output output;
	struct err err = {0};
	(void)state;

	assert_int_equal(output_open(path, &output, &err), 0);
	assert_int_equal(setenv("COLUMNS", "77", 1), 0);
	assert_int_equal(output_width(&output), 77);
	assert_int_equal(setenv("COLUMNS", "-3", 1), 0);
	assert_int_equal(output_width(&output), 0);
	assert_int_equal(unsetenv("COLUMNS"), 0);
	assert_int_equal(output_width(&output), 0);
	assert_false(output_use_color(&output, false, false));
	assert_true(output_use_color(&output, true, false));
	output_done(&output);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(failures_are_told),
		cmocka_unit_test(width_of_columns),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
