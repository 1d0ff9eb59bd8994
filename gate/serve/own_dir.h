/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories that root alone can change. */
#ifndef SEAWALL_GATE_SERVE_OWN_DIR_H
#define SEAWALL_GATE_SERVE_OWN_DIR_H

#include "common/err.h"

/**
 * own_dir_open() - open @name below @parent, made with mode 0700 if need be
 *
 * Return: a descriptor; -EPERM when it is not root's or others can write it; another
 * negative errno, also for a link in its place.
 */
int own_dir_open(int parent, const char *name, struct err *err) _must_check_;

#endif
