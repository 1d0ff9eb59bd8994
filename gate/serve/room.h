/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many connections are served at a time, of all users and of one. */
#ifndef SEAWALL_GATE_SERVE_ROOM_H
#define SEAWALL_GATE_SERVE_ROOM_H

#include <stdbool.h>
#include <stddef.h>

enum { ROOM_ALL = 512, ROOM_USER = 128 };

/**
 * room_for() - whether one more connection of a user is served
 * @all: that are served now, of all users
 * @own: of his
 *
 * He may have ROOM_USER, and no more than half as many as there are places left for
 * everybody: a few users together, or one with many uids (subuid(5)), do not take all;
 * each gets a third of what those before him left. Who has none gets the last.
 */
bool room_for(size_t all, size_t own);

#endif
