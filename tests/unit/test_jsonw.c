/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/jsonw.h"

static void write_sample(struct jsonw *writer)
{
	jsonw_object_begin(writer);
	jsonw_member_string(writer, "s", "a");
	jsonw_member_string(writer, "null", NULL);
	jsonw_member_array(writer, "list");
	jsonw_int(writer, INT64_MIN);
	jsonw_uint(writer, UINT64_MAX);
	jsonw_array_begin(writer);
	jsonw_array_end(writer);
	jsonw_stringf(writer, "%d/%s", 53, "udp");
	jsonw_array_end(writer);
	jsonw_member_object(writer, "o");
	jsonw_member_bool(writer, "t", true);
	jsonw_member_bool(writer, "f", false);
	jsonw_object_end(writer);
	jsonw_object_end(writer);
}

static void compact(void **state)
{
	struct jsonw writer;
	size_t len;

	(void)state;
	jsonw_init(&writer, NULL, 0);
	write_sample(&writer);
	assert_int_equal(jsonw_finish(&writer, NULL), 0);
	assert_string_equal(jsonw_text(&writer, &len),
		"{\"s\":\"a\",\"null\":null,\"list\":[-9223372036854775808,"
		"18446744073709551615,[],\"53/udp\"],\"o\":{\"t\":true,\"f\":false}}");
	assert_int_equal(len, strlen(jsonw_text(&writer, NULL)));
	char *taken = jsonw_take(&writer, &len);
	assert_int_equal(strlen(taken), len);
	free(taken);
	jsonw_done(&writer);
}

static void indented(void **state)
{
	struct jsonw writer;

	(void)state;
	jsonw_init(&writer, NULL, 2);
	write_sample(&writer);
	assert_int_equal(jsonw_finish(&writer, NULL), 0);
	assert_string_equal(jsonw_text(&writer, NULL),
		"{\n  \"s\": \"a\",\n  \"null\": null,\n  \"list\": [\n"
		"    -9223372036854775808,\n    18446744073709551615,\n    [],\n"
		"    \"53/udp\"\n  ],\n  \"o\": {\n    \"t\": true,\n    \"f\": false\n"
		"  }\n}\n");
	jsonw_done(&writer);
}

static void hostile_strings_stay_valid(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} rows[] = {
		{"", 0, "\"\""},
		{"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
		{"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
		{"\0\x1b\x7f", 3, "\"\\u0000\\u001b\\u007f\""},
		{"\xc3\xbc\xf0\x9f\x90\xb3", 6, "\"\xc3\xbc\xf0\x9f\x90\xb3\""},
		{"\xff\xc3", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xe2\x80\xa8", 3, "\"\\u2028\""},
		{"\xc2\x9b", 2, "\"\\u009b\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct jsonw writer;

		jsonw_init(&writer, NULL, 0);
		jsonw_string_len(&writer, rows[i].in, rows[i].len);
		assert_int_equal(jsonw_finish(&writer, NULL), 0);
		assert_string_equal(jsonw_text(&writer, NULL), rows[i].out);
		jsonw_done(&writer);
	}
}

static void reals(void **state)
{
	static const struct {
		double in;
		const char *out;
	} rows[] = {{0.1, "0.1"}, {1, "1.0"}, {-2.5e-10, "-2.5e-10"}, {1e300, "1e+300"},
		{0.1 + 0.2, "0.30000000000000004"}, {NAN, "null"}, {INFINITY, "null"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct jsonw writer;

		jsonw_init(&writer, NULL, 0);
		jsonw_real(&writer, rows[i].in);
		assert_int_equal(jsonw_finish(&writer, NULL), 0);
		assert_string_equal(jsonw_text(&writer, NULL), rows[i].out);
		jsonw_done(&writer);
	}
}

/* Larger than the buffer that is kept before it is flushed. */
static void streams_get_everything(void **state)
{
	FILE *stream = tmpfile();
	struct jsonw writer;

	(void)state;
	assert_non_null(stream);
	jsonw_init(&writer, stream, 0);
	jsonw_array_begin(&writer);
	for (int i = 0; i < 100000; i++)
		jsonw_int(&writer, 7);
	jsonw_array_end(&writer);
	assert_int_equal(jsonw_finish(&writer, NULL), 0);
	jsonw_done(&writer);
	assert_int_equal(ftell(stream), 1 + 100000 * 2);
	fclose(stream);
}

static void documents_follow_each_other(void **state)
{
	struct jsonw writer;

	(void)state;
	jsonw_init(&writer, NULL, 0);
	for (int i = 0; i < 2; i++) {
		jsonw_array_begin(&writer);
		jsonw_array_end(&writer);
		assert_int_equal(jsonw_finish(&writer, NULL), 0);
	}
	assert_string_equal(jsonw_text(&writer, NULL), "[][]");
	jsonw_done(&writer);
}

static void a_failed_write_is_reported_at_the_end(void **state)
{
	FILE *stream = fopen("/dev/full", "w");
	struct jsonw writer;
	struct err err = {0};

	(void)state;
	assert_non_null(stream);
	jsonw_init(&writer, stream, 0);
	write_sample(&writer);
	assert_int_equal(jsonw_finish(&writer, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "No space"));
	jsonw_done(&writer);
	fclose(stream);
}

/* Strings are looked at eight bytes at a time: no byte may pass by its place. */
static void every_byte_at_every_place(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		for (size_t place = 0; place < 17; place++) {
			char text[18], alone, expected[64];
			struct jsonw writer, single;
			size_t len;

			memset(text, 'a', 17);
			text[place] = alone = (char)byte;
			jsonw_init(&single, NULL, 0);
			jsonw_string_len(&single, &alone, 1);
			assert_int_equal(jsonw_finish(&single, NULL), 0);
			const char *form = jsonw_text(&single, &len);
			snprintf(expected, sizeof(expected), "\"%.*s%.*s%.*s\"",
				(int)place, "aaaaaaaaaaaaaaaaa", (int)len - 2, form + 1,
				(int)(16 - place), "aaaaaaaaaaaaaaaaa");
			jsonw_init(&writer, NULL, 0);
			jsonw_string_len(&writer, text, 17);
			assert_int_equal(jsonw_finish(&writer, NULL), 0);
			assert_string_equal(jsonw_text(&writer, NULL), expected);
			jsonw_done(&writer);
			jsonw_done(&single);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact),
		cmocka_unit_test(every_byte_at_every_place),
		cmocka_unit_test(indented),
		cmocka_unit_test(hostile_strings_stay_valid),
		cmocka_unit_test(reals),
		cmocka_unit_test(streams_get_everything),
		cmocka_unit_test(documents_follow_each_other),
		cmocka_unit_test(a_failed_write_is_reported_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
