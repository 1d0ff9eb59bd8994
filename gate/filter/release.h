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

/**
 * enum runc_flaw - how older runcs are led astray; each has the later ones, too
 * @RUNC_LEAVES:  before 1.1.14 they make the places of mounts where links lead,
 * anywhere on the host (CVE-2024-45310)
 * @RUNC_NUMBERS: before 1.3.0 they look for the numbers of a process' groups among the
 *                names in the container's /etc/group first
 * @RUNC_DEV:     before 1.3.3 they use as root what is in the container's /dev, where a
 *                link can lead a mount (CVE-2025-31133)
 */
enum runc_flaw { RUNC_LEAVES, RUNC_NUMBERS, RUNC_DEV };

/** runc_is_mended() - whether the engine's runc is known to be without that flaw. */
int runc_is_mended(struct work *work, enum runc_flaw flaw, bool *ret_is) _must_check_;

/** release_speaks() - whether the engine speaks version 1.@minor of its API. */
int release_speaks(struct work *work, unsigned long minor, bool *ret_speaks)
	_must_check_;

#endif
