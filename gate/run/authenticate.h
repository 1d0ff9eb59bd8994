/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks PAM's service "gate" whether the caller is who he is. */
#ifndef SEAWALL_GATE_RUN_AUTHENTICATE_H
#define SEAWALL_GATE_RUN_AUTHENTICATE_H

#include <stdbool.h>

#include "common/err.h"

#define AUTHENTICATE_SERVICE "gate"

enum { AUTHENTICATE_TRIES = 3, AUTHENTICATE_SECONDS = 5 * 60 };

/**
 * authenticate() - authentication and account phase
 * @user: of the passwd entry of the real uid
 * @known: he proved it a short time ago: only the account phase is run
 *
 * Speaks with him on his terminal, which no redirection takes away; without one every
 * question fails. Return: 0; -EACCES: no; another negative errno.
 */
int authenticate(const char *user, bool known, struct err *err) _must_check_;

#endif
