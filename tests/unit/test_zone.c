/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/zone.h"

enum { NEITHER, INTERNET, PRIVATE };

static void spot_checks(void **state)
{
	static const struct {
		const char *address;
		int zone;
	} rows[] = {
		{"0.0.0.0", NEITHER},
		{"0.255.255.255", NEITHER},
		{"1.0.0.0", INTERNET},
		{"8.8.8.8", INTERNET},
		{"9.255.255.255", INTERNET},
		{"10.0.0.0", PRIVATE},
		{"10.255.255.255", PRIVATE},
		{"11.0.0.0", INTERNET},
		{"100.63.255.255", INTERNET},
		{"100.64.0.0", PRIVATE},
		{"100.127.255.255", PRIVATE},
		{"100.128.0.0", INTERNET},
		{"127.0.0.1", NEITHER},
		{"169.254.169.254", NEITHER},
		{"172.15.255.255", INTERNET},
		{"172.16.0.0", PRIVATE},
		{"172.31.255.255", PRIVATE},
		{"172.32.0.0", INTERNET},
		{"192.0.0.8", NEITHER},
		{"192.0.0.9", INTERNET},
		{"192.0.0.10", INTERNET},
		{"192.0.0.170", NEITHER},
		{"192.0.2.1", INTERNET},
		{"192.31.196.1", INTERNET},
		{"192.88.99.1", INTERNET},
		{"192.88.99.2", NEITHER},
		{"192.168.1.1", PRIVATE},
		{"198.17.255.255", INTERNET},
		{"198.18.0.0", NEITHER},
		{"198.19.255.255", NEITHER},
		{"198.51.100.7", INTERNET},
		{"203.0.113.9", INTERNET},
		{"223.255.255.255", INTERNET},
		{"224.0.0.1", NEITHER},
		{"255.255.255.255", NEITHER},
		{"::", NEITHER},
		{"::1", NEITHER},
		{"::ffff:8.8.8.8", NEITHER},
		{"64:ff9b::808:808", INTERNET},
		{"64:ff9b::1:0:0", NEITHER},
		{"64:ff9b:1::1", NEITHER},
		{"100::1", NEITHER},
		{"2000::", INTERNET},
		{"2001:0:1::1", INTERNET},
		{"2001:1::1", INTERNET},
		{"2001:1::4", NEITHER},
		{"2001:2::1", NEITHER},
		{"2001:3::1", INTERNET},
		{"2001:4:112::1", INTERNET},
		{"2001:10::1", NEITHER},
		{"2001:20::1", INTERNET},
		{"2001:1ff:ffff::1", NEITHER},
		{"2001:200::1", INTERNET},
		{"2001:db8::1", INTERNET},
		{"2002:c000:204::1", INTERNET},
		{"2600::", INTERNET},
		{"3fff::1", INTERNET},
		{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", INTERNET},
		{"4000::", NEITHER},
		{"5f00::1", NEITHER},
		{"fc00::", PRIVATE},
		{"fdff:ffff::1", PRIVATE},
		{"fe80::1", NEITHER},
		{"ff02::1", NEITHER},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct addr addr;

		assert_int_equal(addr_parse(rows[i].address, &addr, NULL), 0);
		bool internet =
			ivset_contains(zone_internet(&arena, addr.family), addr.value);
		bool private =
			ivset_contains(zone_private(&arena, addr.family), addr.value);
		if (internet != (rows[i].zone == INTERNET) ||
			private != (rows[i].zone == PRIVATE))
			fail_msg("%s: internet %d, private %d", rows[i].address,
				internet, private);
	}
	arena_done(&arena);
}

static void zones_do_not_overlap(void **state)
{
	static const enum family families[] = {FAMILY_IP4, FAMILY_IP6};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct ivset *internet = zone_internet(&arena, families[i]);
		const struct ivset *private = zone_private(&arena, families[i]);

		assert_false(ivset_is_empty(internet));
		assert_false(ivset_intersects(internet, private));
		assert_true(ivset_is_subset(internet, ivset_all(&arena, families[i])));
	}
	arena_done(&arena);
}

static void kinds_of_addresses(void **state)
{
	static const struct {
		const char *addr;
		bool link_local, loopback;
	} rows[] = {{"fe80::1", true, false}, {"febf:ffff::1", true, false},
		{"fec0::1", false, false}, {"fe7f::1", false, false},
		{"169.254.0.1", false, false}, {"127.0.0.0", false, true},
		{"127.255.255.255", false, true}, {"128.0.0.1", false, false},
		{"126.255.255.255", false, false}, {"::1", false, true},
		{"::2", false, false}, {"0.0.0.1", false, false}};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct addr addr;

		assert_int_equal(addr_parse(rows[i].addr, &addr, NULL), 0);
		assert_int_equal(zone_is_link_local(&addr), rows[i].link_local);
		assert_int_equal(zone_is_loopback(&addr), rows[i].loopback);
	}
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(zone_name(ZONE_INTERNET), "internet");
	assert_string_equal(zone_name(ZONE_PRIVATE), "private");
	assert_string_equal(zone_name(ZONE_ADJACENT), "adjacent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spot_checks),
		cmocka_unit_test(zones_do_not_overlap),
		cmocka_unit_test(kinds_of_addresses),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
