/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in a folder that is open. */
#ifndef SEAWALL_GATE_SERVE_ENTRIES_H
#define SEAWALL_GATE_SERVE_ENTRIES_H

#include <dirent.h>

/**
 * entries_open() - start reading @folder, from its first name on
 * @folder: stays open, and where it is
 *
 * Return: to be closed by closedir(3); NULL: errno says why.
 */
DIR *entries_open(int folder);
/**
 * entries_next() - the next name that does not begin with a dot, in no order
 *
 * Return: borrowed until the next call; NULL: there is none, errno being 0, or it
 * cannot be told.
 */
const char *entries_next(DIR *entries);

#endif
