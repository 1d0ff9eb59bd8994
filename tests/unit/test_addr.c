/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/addr.h"

static void addresses_round_trip(void **state)
{
	static const struct {
		const char *text, *canonical;
		enum family family;
		uint64_t high, low;
	} rows[] = {
		{"0.0.0.0", "0.0.0.0", FAMILY_IP4, 0, 0},
		{"192.0.2.1", "192.0.2.1", FAMILY_IP4, 0, 0xc0000201},
		{"255.255.255.255", "255.255.255.255", FAMILY_IP4, 0, 0xffffffff},
		{"::", "::", FAMILY_IP6, 0, 0},
		{"::1", "::1", FAMILY_IP6, 0, 1},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1", FAMILY_IP6, 0x20010db800000000,
			1},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", FAMILY_IP6,
			0x20010db800000001, 0x0001000100010001},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1", FAMILY_IP6, 0, 0xffffc0000201},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buffer[ADDR_TEXT_MAX];
		struct addr addr;

		assert_int_equal(addr_parse(rows[i].text, &addr, NULL), 0);
		assert_int_equal(addr.family, rows[i].family);
		assert_int_equal((uint64_t)(addr.value >> 64), rows[i].high);
		assert_int_equal((uint64_t)addr.value, rows[i].low);
		assert_string_equal(addr_format(&addr, buffer), rows[i].canonical);
	}
}

static void non_addresses_are_refused(void **state)
{
	static const char *const rows[] = {"", " 1.2.3.4", "1.2.3.4 ", "1.2.3",
		"1.2.3.4.5", "01.2.3.4", "256.0.0.1", "1.2.3.4/32", "fe80::1%eth0",
		":::", "1::2::3", "2001:db8", "g::", "[::1]", "0x7f.0.0.1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct addr addr = {.value = 7};
		struct err err = {0};

		assert_true(addr_parse(rows[i], &addr, &err) < 0);
		assert_true(addr.value == 7);
		assert_non_null(strstr(err.text, rows[i]));
	}
}

static void prefixes_round_trip(void **state)
{
	static const char *const rows[] = {"0.0.0.0/0", "10.0.0.0/8", "198.51.100.0/24",
		"192.0.2.1/32", "::/0", "2001:db8::/32", "2001:db8::1/128",
		"64:ff9b::/96", "8000::/1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buffer[ADDR_TEXT_MAX];
		struct prefix prefix;

		assert_int_equal(prefix_parse(rows[i], &prefix, NULL), 0);
		assert_string_equal(prefix_format(&prefix, buffer), rows[i]);
	}
}

static void an_address_is_a_full_prefix(void **state)
{
	struct prefix prefix;

	(void)state;
	assert_int_equal(prefix_parse("192.0.2.1", &prefix, NULL), 0);
	assert_int_equal(prefix.len, 32);
	assert_int_equal(prefix_parse("2001:db8::1", &prefix, NULL), 0);
	assert_int_equal(prefix.len, 128);
}

#define OVERLONG                                                                       \
	"1111111111111111111111111111111111111111111111111111111111111111111111111111" \
	"/8"

static void non_prefixes_are_refused(void **state)
{
	static const char *const rows[] = {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33",
		"10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8 ", "10/8",
		"10.0.0.0/8/8", "10.0.0.0/-1", "::/129", "::/4294967296",
		"10.0.0.0/255.0.0.0", "internet", OVERLONG};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prefix prefix;
		struct err err = {0};

		assert_true(prefix_parse(rows[i], &prefix, &err) < 0);
		assert_true(err.text[0] != '\0');
	}
}

static void host_bits_are_refused_with_the_meant_prefix(void **state)
{
	struct prefix prefix;
	struct err err = {0};

	(void)state;
	assert_true(prefix_parse("198.51.100.7/24", &prefix, &err) < 0);
	assert_non_null(strstr(err.text, "198.51.100.0/24"));
	assert_non_null(strstr(err.text, "198.51.100.7/32"));
	assert_true(prefix_parse("2001:db8::1/64", &prefix, &err) < 0);
	assert_non_null(strstr(err.text, "2001:db8::/64"));
}

static void masks_and_ends(void **state)
{
	struct prefix prefix;

	(void)state;
	assert_true(prefix_mask(FAMILY_IP4, 0) == 0);
	assert_true(prefix_mask(FAMILY_IP4, 1) == 0x80000000);
	assert_true(prefix_mask(FAMILY_IP4, 32) == 0xffffffff);
	assert_true(prefix_mask(FAMILY_IP6, 0) == 0);
	assert_true(prefix_mask(FAMILY_IP6, 64) == (u128)UINT64_MAX << 64);
	assert_true(prefix_mask(FAMILY_IP6, 128) == ~(u128)0);
	assert_int_equal(prefix_parse("10.0.0.0/8", &prefix, NULL), 0);
	assert_true(prefix_last(&prefix) == 0x0affffff);
	assert_int_equal(prefix_parse("::/0", &prefix, NULL), 0);
	assert_true(prefix_last(&prefix) == ~(u128)0);
}

static void load_and_store(void **state)
{
	const unsigned char bytes[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	unsigned char copy[16];

	(void)state;
	assert_true(addr_load(bytes, 4) == 0x01020304);
	addr_store(copy, 16, addr_load(bytes, 16));
	assert_memory_equal(copy, bytes, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_round_trip),
		cmocka_unit_test(non_addresses_are_refused),
		cmocka_unit_test(prefixes_round_trip),
		cmocka_unit_test(an_address_is_a_full_prefix),
		cmocka_unit_test(non_prefixes_are_refused),
		cmocka_unit_test(host_bits_are_refused_with_the_meant_prefix),
		cmocka_unit_test(masks_and_ends),
		cmocka_unit_test(load_and_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
