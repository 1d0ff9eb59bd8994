/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many connections are served at a time, of all users and of one. */
#include "gate/serve/room.h"

bool room_for(size_t all, size_t own)
{
	return all < ROOM_ALL && own < ROOM_USER && own <= (ROOM_ALL - all) / 2;
}
