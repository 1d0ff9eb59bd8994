/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How new the engine and its parts are: some are led astray by what callers make. */
#ifndef SEAWALL_GATE_FILTER_RELEASE_H
#define SEAWALL_GATE_FILTER_RELEASE_H

#include "gate/filter/work.h"

/* A release: 29.5.1. */
typedef const unsigned int release_number[3];

/**
 * release_is_from() - whether a part of the engine is of @least or later
 * @part:   as the engine names it: "Engine", "runc"
 * @ret_is: false also when that cannot be told: without an engine, of a part that is
 *          not listed, of one with a suffix that is not known for a distribution's
 *          ("-rc.1", "-canary", "b1"), and of @least itself with one but "+..."
 *
 * Return: 0; -EACCES: the engine does not answer.
 */
int release_is_from(struct work *work, const char *part, release_number least,
	bool *ret_is) _must_check_;

/** release_speaks() - whether the engine speaks version 1.@minor of its API. */
int release_speaks(struct work *work, unsigned long minor, bool *ret_speaks)
	_must_check_;

#endif
