/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pins there were, for after the next boot. */
#ifndef SEAWALL_GATE_SERVE_PIN_RECORD_H
#define SEAWALL_GATE_SERVE_PIN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

/*
 * Theory of operation. Pins are mounts, and gone with the kernel that had them. The
 * engine starts containers again by itself then, and a bind whose pin is not there
 * keeps its container from starting. So each pin is noted below PIN_RECORD_DIR, by an
 * empty file with the pin's own path, UID/rw/NAME or UID/ro/NAME, which says all there
 * is to say. `gate restore` makes them again before the engine starts, each one as
 * policy grants it then.
 */

#define PIN_RECORD_DIR "/var/lib/seawall/binds"

/**
 * pin_record() - note that the pin @name was made
 * @live: folder of the user's pins of that kind: a note of a pin that is not there was
 *        of an earlier boot, and goes when there are too many
 * @max:  how many notes of one user and kind there may be
 */
int pin_record(uint32_t uid, bool read_only, const char *name, int live,
	unsigned int max, struct err *err) _must_check_;

/**
 * pin_record_each() - for every note, in no order
 * @take: called with the uid and the path that the pin had, below GATE_PIN_DIR
 *
 * What is no note is passed over. Return: 0, also when there are none; a negative errno
 * when some could not be read: all others have been taken.
 */
int pin_record_each(void (*take)(void *context, uint32_t uid, const char *path),
	void *context, struct err *err) _must_check_;

#endif
