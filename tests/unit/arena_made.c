/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena_made.h"

#include <stdlib.h>

#include "common/arena.h"

int arena_made_setup(void **state)
{
	struct arena *arena = malloc(sizeof(*arena));

	if (!arena)
		return -1;
	arena_init(arena, 0);
	*state = arena;
	return 0;
}

int arena_made_teardown(void **state)
{
	arena_done(*state);
	free(*state);
	return 0;
}
