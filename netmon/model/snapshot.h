/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts as a file: what netmon snapshot writes and --snapshot reads. */
#ifndef SEAWALL_NETMON_MODEL_SNAPSHOT_H
#define SEAWALL_NETMON_MODEL_SNAPSHOT_H

#include <stddef.h>
#include <stdio.h>

#include "common/err.h"
#include "netmon/model/facts.h"

/*
 * The format. One JSON object; its first member is "schema": "seawall.snapshot/1".
 *Every other key is a member of struct facts and its parts (model/facts.h) by the same
 *name, as snapshot_fields.c lists them; one that is absent is zero, false, NULL or
 *empty.
 *
 *	addresses and prefixes	"192.0.2.1", "2001:db8::/32"
 *	bytes (nft messages)	[base64, ...]: lines of a multiple of 4 characters
 *	strings			a JSON string; {"base64": "..."} when it is not UTF-8
 *	u128			hexadecimal without leading zeros, "c0a80001"
 *	MAC			"02:42:ac:11:00:02"
 *	labels			[["key", "value"], ...]
 *	container.netns		the id of a namespace: "host", or one of "netns"
 */
#define SNAPSHOT_SCHEMA	   "seawall.snapshot/"
#define SNAPSHOT_VERSION   1
#define SNAPSHOT_BYTES_MAX ((size_t)1 << 30) /* of the file */
#define SNAPSHOT_ITEMS_MAX ((size_t)1 << 24) /* of one array */

/**
 * snapshot_save() - write all facts as JSON
 * @facts:  same facts, same bytes
 * @stream: flushed before return; the caller makes it atomic and closes it
 *
 * Return: 0; -EINVAL for facts that snapshot_load() would refuse (the text names the
 * member), -errno when writing failed. What was written before a failure stays.
 */
int snapshot_save(const struct facts *facts, FILE *stream, struct err *err)
	_must_check_;

/**
 * snapshot_load() - read the facts that snapshot_save() wrote
 * @path:      a file or pipe of at most SNAPSHOT_BYTES_MAX
 * @ret_facts: released with facts_free()
 *
 * Nothing in the file is trusted: syntax, types, ranges, duplicate and unknown keys,
 * base64 and references are checked, and memory is bounded by a multiple of the file's
 * size. A file of a later version may hold keys unknown here; they are skipped, and a
 * note "snapshot-newer" says so.
 *
 * Cost: linear; base64 at about memory speed.
 * Return: 0; -EINVAL with "FILE:LINE: PLACE: message", -EFBIG, -ENOMEM, or what open
 * and read gave.
 */
int snapshot_load(const char *path, struct facts **ret_facts, struct err *err)
	_must_check_;

/** snapshot_load_text() - the same from @len bytes in memory; @name is for messages. */
int snapshot_load_text(const char *name, const char *text, size_t len,
	struct facts **ret_facts, struct err *err) _must_check_;

#endif
