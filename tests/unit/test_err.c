/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"

static void set_keeps_code_and_text(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_set(&err, -ENOENT, "open '%s'", "x"), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "open 'x'");
}

static void errno_adds_the_words(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_errno(&err, -ENOENT, "open '%s'", "x"), -ENOENT);
	assert_string_equal(err.text, "open 'x': No such file or directory");
}

static void wrap_puts_the_place_first(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, -EPERM, "inner");
	assert_int_equal(err_wrap(&err, "load %d", 7), -EPERM);
	assert_string_equal(err.text, "load 7: inner");
	assert_int_equal(err.code, -EPERM);
}

static void wrap_without_an_error(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_wrap(NULL, "x"), -EINVAL);
	assert_int_equal(err_wrap(&err, "x"), -EINVAL);
	assert_string_equal(err.text, "x");
}

static void null_is_tolerated(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_errno(NULL, -EIO, "x"), -EIO);
}

static void long_text_is_cut(void **state)
{
	struct err err = {0};
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_errno(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_set(&err, -EIO, "inner");
	err_wrap(&err, "%.760s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.text + 760, ": inner");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_keeps_code_and_text),
		cmocka_unit_test(errno_adds_the_words),
		cmocka_unit_test(wrap_puts_the_place_first),
		cmocka_unit_test(wrap_without_an_error),
		cmocka_unit_test(null_is_tolerated),
		cmocka_unit_test(long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
