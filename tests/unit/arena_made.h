/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An arena as the state of a test. */
#ifndef SEAWALL_TESTS_UNIT_ARENA_MADE_H
#define SEAWALL_TESTS_UNIT_ARENA_MADE_H

/** arena_made_setup(), arena_made_teardown() - of a struct arena without a bound. */
int arena_made_setup(void **state);
int arena_made_teardown(void **state);

#endif
