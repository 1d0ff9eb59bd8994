/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell patterns, matched in bounded time. */
#ifndef SEAWALL_COMMON_GLOB_H
#define SEAWALL_COMMON_GLOB_H

#include <stdbool.h>

/*
 * `*` any text, `?` one byte, `[a-z]` and `[!a-z]` one byte of a set, `\` takes the
 * next byte as it is. Nothing is special about '/' or a leading dot. Unlike fnmatch(3)
 * this depends on no locale, and its cost is at most pattern times text whatever the
 * pattern.
 */

/** glob_is_valid() - not empty, no unfinished `[` or trailing backslash. */
bool glob_is_valid(const char *pattern);
/** glob_match() - whether @pattern, which is valid, matches the whole of @text. */
bool glob_match(const char *pattern, const char *text);

#endif
