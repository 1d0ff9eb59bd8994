/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64: the vectors of RFC 4648, every byte, and one text for one value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/base64.h"
#include "common/cleanup.h"

static const char *const vectors[][2] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xff\xef\xbe", "/+++"},
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const char *plain = vectors[i][0], *text = vectors[i][1];
		char encoded[16] = {0};
		uint8_t decoded[16];
		size_t len;

		assert_int_equal(BASE64_TEXT(strlen(plain)), strlen(text));
		base64_encode((const uint8_t *)plain, strlen(plain), encoded);
		assert_string_equal(encoded, text);
		assert_int_equal(base64_decode(text, strlen(text), decoded, &len), 0);
		assert_int_equal(len, strlen(plain));
		assert_memory_equal(decoded, plain, len);
	}
}

static void test_all_bytes(void **state)
{
	uint8_t data[256], decoded[BASE64_TEXT(256) / 4 * 3];
	char text[BASE64_TEXT(256)];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 97);
	for (size_t n = 0; n <= sizeof(data); n++) {
		base64_encode(data, n, text);
		assert_int_equal(base64_decode(text, BASE64_TEXT(n), decoded, &len), 0);
		assert_int_equal(len, n);
		assert_memory_equal(decoded, data, n);
	}
}

/* Of all texts of four characters' worth of one position, only digits pass. */
static void test_refused(void **state)
{
	static const char *const bad[] = {"A", "AA", "AAA", "====", "A===", "AA=A",
		"=AAA", "AB==", "AAB=", "AA==AAAA", "AAA=AAAA", "AAA\n", "AA A", "AAA-",
		"AAA_", "AAAAA", "AAAAAAA"};
	uint8_t decoded[16];
	size_t len, passed = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(
			base64_decode(bad[i], strlen(bad[i]), decoded, &len), -EINVAL);
	for (unsigned int c = 0; c < 256; c++) {
		char text[8];

		memcpy(text, "AAAAAAAA", 8);
		text[1] = (char)c;
		passed += base64_decode(text, 8, decoded, &len) == 0;
	}
	assert_int_equal(passed, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_all_bytes),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
