/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How gate serve's places are shared by users who take as many as they get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gate/serve/room.h"

/* One after the other; how many the next one gets. */
static size_t greedy(size_t *all)
{
	size_t own = 0;

	while (room_for(*all, own)) {
		own++;
		(*all)++;
	}
	return own;
}

static void one_user_has_enough(void **state)
{
	size_t all = 0;

	(void)state;
	assert_int_equal(greedy(&all), ROOM_USER);
	assert_int_equal(greedy(&all), ROOM_USER);
}

static void four_users_do_not_take_all(void **state)
{
	size_t all = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		(void)greedy(&all);
	assert_in_range(greedy(&all), 32, ROOM_USER);
	for (int i = 0; i < 5; i++)
		assert_in_range(greedy(&all), 1, ROOM_USER);
	assert_in_range(all, 0, ROOM_ALL - 1);
}

static void the_last_place_is_for_who_has_none(void **state)
{
	(void)state;
	assert_true(room_for(ROOM_ALL - 1, 0));
	assert_false(room_for(ROOM_ALL - 1, 1));
	assert_false(room_for(ROOM_ALL, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_user_has_enough),
		cmocka_unit_test(four_users_do_not_take_all),
		cmocka_unit_test(the_last_place_is_for_who_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
