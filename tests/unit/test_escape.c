/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/escape.h"

#define ROW(in, out)                    \
	{                               \
		in, sizeof(in) - 1, out \
	}

static void forms(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} rows[] = {
		ROW("", ""),
		ROW("plain text /x:1 'q' \"d\"", "plain text /x:1 'q' \"d\""),
		ROW("a\\b", "a\\\\b"),
		ROW("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
		ROW("\033[31mred", "\\x1b[31mred"),
		ROW("a\0b", "a\\x00b"),
		ROW("\x7f", "\\x7f"),
		ROW("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"),
		ROW("\xe6\x97\xa5\xf0\x9f\x90\xb3", "\xe6\x97\xa5\xf0\x9f\x90\xb3"),
		ROW("\xc2\x9b", "\\xc2\\x9b"),		/* C1 CSI */
		ROW("\xe2\x80\xae", "\\xe2\\x80\\xae"), /* right-to-left override */
		ROW("\xe2\x80\x8b", "\\xe2\\x80\\x8b"), /* zero width space */
		ROW("\xef\xbb\xbf", "\\xef\\xbb\\xbf"), /* byte order mark */
		ROW("\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81"), /* tag letter A */
		ROW("\xc0\xaf", "\\xc0\\xaf"),			 /* overlong slash */
		ROW("\xed\xa0\x80", "\\xed\\xa0\\x80"),		 /* surrogate */
		ROW("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"), /* over U+10FFFF */
		ROW("\xe6\x97", "\\xe6\\x97"),			 /* cut short */
		ROW("\xff\xfe", "\\xff\\xfe"),
	};
	char buffer[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
			escape_text(rows[i].in, rows[i].len, buffer, sizeof(buffer)),
			rows[i].out);
}

static void cut_texts_say_so(void **state)
{
	static const struct {
		size_t size;
		const char *out;
	} rows[] = {{1, ""}, {2, "."}, {3, ".."}, {4, "..."}, {5, "a..."}, {6, "ab..."},
		{7, "abc..."}, {8, "abc..."}, {11, "abc\\x0a..."}, {12, "abc\\x0ad..."},
		{13, "abc\\x0adefgh"}};
	char buffer[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		memset(buffer, 'X', sizeof(buffer));
		escape_text("abc\ndefgh", 9, buffer, rows[i].size);
		assert_string_equal(buffer, rows[i].out);
		assert_int_equal(buffer[rows[i].size], 'X');
	}
	escape_text("abc", 3, buffer, 0);
	assert_int_equal(escape_text("abc", 3, buffer, 4)[3], '\0');
	assert_string_equal(buffer, "abc");
}

/* Whatever the input: no control byte, and the output never leaves the buffer. */
static void every_byte_is_made_safe(void **state)
{
	(void)state;
	for (int first = 0; first < 256; first++) {
		for (int second = 0; second < 256; second++) {
			const char in[] = {(char)first, (char)second, (char)second};
			char buffer[32];

			escape_text(in, sizeof(in), buffer, sizeof(buffer));
			for (const char *p = buffer; *p; p++)
				assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(cut_texts_say_so),
		cmocka_unit_test(every_byte_is_made_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
