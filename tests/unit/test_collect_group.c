/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multicast groups from the kernel's text; text that it writes nowhere is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collect_made.h"
#include "netmon/collect/group.h"

typedef int read_fn(struct group_list *list, FILE *file);

static int read_text(read_fn *fn, const char *text, struct group_list *list)
{
	/* fmemopen() takes no empty text. */
	FILE *file = *text ? fmemopen((void *)(uintptr_t)text, strlen(text), "r")
			   : fopen("/dev/null", "r");
	int r;

	assert_non_null(file);
	r = fn(list, file);
	fclose(file);
	return r;
}

static bool is_at(
	const struct group_list *list, size_t i, int ifindex, const char *addr)
{
	return i < list->n && list->v[i].ifindex == ifindex &&
	       made_addr_is(&list->v[i].group, addr);
}

#define HEADING4 "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
#define LINK4	 "7\teth0      :     2      V3\n"
#define GROUP4	 "\t\t\t\tFB0000E0     1 0:00000000\t\t0\n"

static void groups_of_ip4(void **state)
{
	struct arena arena;
	struct group_list list = {.arena = &arena};

	(void)state;
	arena_init(&arena, 0);
	assert_int_equal(
		read_text(group_read_ip4,
			HEADING4 "1\tlo        :     1      V3\n"
				 "\t\t\t\t010000E0     1 0:00000000\t\t0\n" LINK4 GROUP4
				 "\t\t\t\tfaffffef     1 1:000000A4\t\t1\n"
				 "2147483647\ta:b       :     0      V2\n",
			&list),
		0);
	assert_int_equal(list.n, 3);
	assert_true(is_at(&list, 0, 1, "224.0.0.1"));
	assert_true(is_at(&list, 1, 7, "224.0.0.251"));
	assert_true(is_at(&list, 2, 7, "239.255.255.250"));
	arena_done(&arena);
}

static void groups_of_ip6(void **state)
{
	struct arena arena;
	struct group_list list = {.arena = &arena};

	(void)state;
	arena_init(&arena, 0);
	assert_int_equal(
		read_text(group_read_ip6,
			"1    lo              ff020000000000000000000000000001     1 "
			"0000000C 0\n"
			"12345 a23456789012345 ff0500000000000000000000000000fb     1 "
			"00000004 0\n",
			&list),
		0);
	assert_int_equal(list.n, 2);
	assert_true(is_at(&list, 0, 1, "ff02::1"));
	assert_true(is_at(&list, 1, 12345, "ff05::fb"));
	/* Where no interface has IPv6. */
	assert_int_equal(read_text(group_read_ip6, "", &list), 0);
	assert_int_equal(list.n, 2);
	arena_done(&arena);
}

struct bad {
	const char *text, *why;
};

static void check_refused(read_fn *fn, const struct bad *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena arena;
		struct group_list list = {.arena = &arena};

		arena_init(&arena, 0);
		if (read_text(fn, rows[i].text, &list) != -EINVAL)
			fail_msg("was read (%s): %s", rows[i].why, rows[i].text);
		arena_done(&arena);
	}
}

/* As long as the longest line that is read. */
#define LONG64 "                                                                "
#define LONG   LONG64 LONG64 LONG64 LONG64

static void bad_text_of_ip4(void **state)
{
	static const struct bad rows[] = {
		{"", "empty"},
		{"Idx\tDevice", "part of a heading"},
		{HEADING4 "7\teth0      :     2", "part of a link"},
		{HEADING4 LINK4 "\t\t\t\tFB0000E0  1", "part of a group"},
		{HEADING4 LINK4 "\t\t\t\tFB0000E\n", "seven digits end the line"},
		{HEADING4 LINK4 "\t\t\t\tFB0000E  1 0:00000000\n", "seven digits"},
		{HEADING4 LINK4 "\t\t\t\tFB0000E00 1 0:00000000\n", "nine digits"},
		{HEADING4 LINK4 "\t\t\t\t0xFB0000 1 0:00000000\n", "a prefix"},
		{HEADING4 LINK4 "\t\t\t\t-B0000E0 1 0:00000000\n", "a sign"},
		{HEADING4 LINK4 "\t\t\t\tFB0000G0 1 0:00000000\n", "beyond F"},
		{HEADING4 LINK4 "\t\t\t\t\n", "no digits"},
		{HEADING4 GROUP4, "a group of no link"},
		{HEADING4 LINK4 GROUP4 "\n", "an empty line"},
		{HEADING4 "eth0\t7\n", "no index"},
		{HEADING4 "7eth0 :\n", "an index that goes on"},
		{HEADING4 "0\teth0      :     2      V3\n", "the index of none"},
		{HEADING4 "-7\teth0      :     2      V3\n", "a negative index"},
		{HEADING4 "2147483648\teth0 :     2      V3\n", "an index too large"},
		{HEADING4 "4294967303\teth0 :     2      V3\n", "7 if it is cut off"},
		{HEADING4 "99999999999999999999\teth0 :\n", "too large for a long"},
		{LONG HEADING4 LINK4 GROUP4, "a heading too long"},
		{HEADING4 "7\teth0" LONG "\n" GROUP4, "a link too long"},
		{HEADING4 LINK4 "\t\t\t\tFB0000E0" LONG "\n", "a group too long"},
	};

	(void)state;
	check_refused(group_read_ip4, rows, ARRAY_LEN(rows));
}

#define GROUP6 "ff020000000000000000000000000001"

static void bad_text_of_ip6(void **state)
{
	static const struct bad rows[] = {
		{"\n", "an empty line"},
		{"7    eth0\n", "no group"},
		{"7    eth0            ff0200000000000000000000", "part of a group"},
		{"7    eth0            " GROUP6 "     1", "part of a line"},
		{"7    eth0            ff02000000000000000000000000001 1\n",
			"31 digits"},
		{"7    eth0            " GROUP6 "1 1\n", "33 digits"},
		{"7    eth0            ff02:000000000000000000000000001 1\n",
			"a colon"},
		{"7    eth0            gg020000000000000000000000000001 1\n",
			"beyond f"},
		{"eth0 7               " GROUP6 " 1\n", "no index"},
		{"0    eth0            " GROUP6 " 1\n", "the index of none"},
		{"-7   eth0            " GROUP6 " 1\n", "a negative index"},
		{"2147483648 eth0      " GROUP6 " 1\n", "an index too large"},
		{"7eth0                " GROUP6 " 1\n", "an index that goes on"},
		{"7    eth0 " LONG "   " GROUP6 " 1\n", "a line too long"},
		{"7    eth0            " GROUP6 " 1" LONG "\n", "an end too far"},
	};

	(void)state;
	check_refused(group_read_ip6, rows, ARRAY_LEN(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_of_ip4),
		cmocka_unit_test(groups_of_ip6),
		cmocka_unit_test(bad_text_of_ip4),
		cmocka_unit_test(bad_text_of_ip6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
