/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host paths held fast, so that what was checked is what the engine mounts. */
#ifndef SEAWALL_GATE_SERVE_PIN_H
#define SEAWALL_GATE_SERVE_PIN_H

#include "common/err.h"
#include "gate/filter.h"

/*
 * Theory of operation. The engine resolves a bind's source by its path, some time after
 * the request was judged, and again at every start. Whoever owns a directory above can
 * put a link in its place in between. So the path is opened here without following any
 * link, the mount below it is cloned (open_tree), and the clone is attached under
 * GATE_PIN_DIR, which is root's alone; the engine is told to mount that. A link that is
 * swapped in later changes nothing.
 *
 * GATE_PIN_DIR is itself a mount, private and unbindable: a clone of "/" does not take
 * the pins along, and no mount made on the host or in a container spreads into a pin.
 *
 * Not handled: an engine in another mount namespace than gate; it would not see the
 * pins. Pins are gone after a reboot, as /run is; pin_record.h has what then.
 */

/**
 * pin_make() - make @pin->path a mount of @pin->source as it is now
 * @caller: owner of @pin->home, and part of @pin->path
 *
 * A pin of the same directory stays, any other in its place is replaced (containers
 * that run keep what they have). Pins of a home ignore setuid bits and device nodes,
 * also when they stay and were none of a home's before. A user has 256 pins of each
 * kind at most; those of removed directories make room. Below @pin->granted the source
 * is looked for with the caller's ids: the process must have no other thread, and loses
 * its supplementary groups. Needs CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID. A user
 * waits for his own pins alone, and that not for long: what is mounted may be of a file
 * system that does not answer. Return: 0; -EINVAL (@pin->path is none), -ENOENT, -ELOOP
 * (a link in the source), -EPERM (the home is not the caller's), -EACCES (he cannot get
 * there himself), -EDQUOT, -EBUSY
 * (another process is making a pin of the user's), another negative errno.
 */
int pin_make(const struct gate_pin *pin, const struct gate_caller *caller,
	struct err *err) _must_check_;

#endif
