/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container that exists, judged as if it were asked for now. */
#ifndef SEAWALL_GATE_FILTER_JUDGE_H
#define SEAWALL_GATE_FILTER_JUDGE_H

#include "gate/filter/objects.h"

/**
 * judge_container() - refuse unless the profile would let the caller make it as it is
 * @container: present or unseen; an unseen one only passes an unlimited profile
 *
 * The tables of create are applied to what the engine says of it. Its pins become pins
 * of the forwarded request.
 */
int judge_container(struct work *work, const struct object *container) _must_check_;

/** judge_publish() - the same for its published ports alone, were it named @name. */
int judge_publish(struct work *work, const struct object *container, const char *name)
	_must_check_;

/** judge_changes() - whether the caller may be told, or keep, what has changed in it.
 */
int judge_changes(struct work *work, const struct object *container, const char *rule)
	_must_check_;

/** judge_archive() - whether root may copy files out of it, or @into it, for the
 * caller.
 */
int judge_archive(struct work *work, const struct object *container, bool into)
	_must_check_;

#endif
