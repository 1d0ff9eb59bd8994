/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where results go: standard output, or a file that appears whole or not at all. */
#ifndef SEAWALL_NETMON_OUTPUT_H
#define SEAWALL_NETMON_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "common/err.h"

/** struct output - @stream is what to write to; the rest is private */
struct output {
	FILE *stream;
	char *path, *temporary; /* NULL: written to directly */
};

/**
 * output_open() - begin to write
 * @path: NULL or "-": standard output. A regular file, or one that does not exist yet:
 *        written beside it under another name, mode 0600 (results tell where the holes
 *        are), until output_commit(). A pipe or device: written to directly.
 *
 * Return: 0, or -errno.
 */
int output_open(const char *path, struct output *ret_output, struct err *err)
	_must_check_;
/** output_commit() - flush; a file takes the place of @path, with all on the disk. */
int output_commit(struct output *output, struct err *err) _must_check_;
/** output_done() - what was not committed leaves no trace; for _cleanup_(). */
void output_done(struct output *output);

/** output_use_color() - on a terminal, unless NO_COLOR is set; or as was asked. */
bool output_use_color(const struct output *output, bool always, bool never);
/** output_width() - columns of it, COLUMNS first; 0: as wide as it comes. */
unsigned int output_width(const struct output *output);

#endif
