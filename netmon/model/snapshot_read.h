/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One object of a snapshot's JSON into the struct that a table describes. */
#ifndef SEAWALL_NETMON_MODEL_SNAPSHOT_READ_H
#define SEAWALL_NETMON_MODEL_SNAPSHOT_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "netmon/model/facts.h"
#include "netmon/model/jsonr.h"
#include "netmon/model/member.h"

/* A snapshot while it is read. */
struct loader {
	struct jsonr r;
	struct facts *facts;
	bool newer;	     /* the file's version is later than ours */
	size_t nunknown;     /* keys skipped because of that */
	const char *unknown; /* the first of them */
};

/* Stands for a namespace that is named by its id until all of them are known. */
struct reference {
	struct netns netns; /* first: a container points to it */
	size_t line;
};

/**
 * snapshot_read_members() - the members of an object up to its end, which is consumed
 * @l:      whose reader is within the object, before a key
 * @record: what the keys mean
 * @object: zeroed; filled, in the facts' arena
 *
 * A container's namespace becomes a struct reference, for the caller to resolve.
 * Return: 0; -EINVAL, -ENOMEM with the message in the reader's err.
 */
int snapshot_read_members(struct loader *l, const struct record *record, void *object)
	_must_check_;

#endif
