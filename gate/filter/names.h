/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the engine's objects, images and paths may be written. */
#ifndef SEAWALL_GATE_FILTER_NAMES_H
#define SEAWALL_GATE_FILTER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"

/** is_object_name() - [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 255: container, volume... */
bool is_object_name(const char *text);
/** is_hex() - lower-case hexadecimal digits alone, at least one. */
bool is_hex(const char *text);
/** is_like_id() - 12 such digits, as "docker ps -q" shows of an id, or more. */
bool is_like_id(const char *text);
/**
 * is_new_name() - what a caller may call an object of his: no is_like_id()
 *
 * A name goes before the beginning of an id: what is called like another's container
 * would get what root has for that one, and means by what "docker ps -q" told him.
 */
bool is_new_name(const char *text);
/** is_full_id() - 64 such digits. */
bool is_full_id(const char *text);
/** is_image_id() - "sha256:" and 64 such digits. */
bool is_image_id(const char *text);
/** is_decimal() - 1 to 18 digits. */
bool is_decimal(const char *text);
/** is_platform() - "linux/arm/v7", also several, or a part; at most 64. */
bool is_platform(const char *text);
/** is_plain_path() - absolute, no "//", "/./", "/../", final '/', ':' or control. */
bool is_plain_path(const char *path);
/** path_trim() - a copy without a '/' at its end; NULL: no memory, or no @path. */
char *path_trim(struct arena *arena, const char *path);
/** path_below() - whether @path, a plain one, is @base or below it. */
bool path_below(const char *path, const char *base);

/**
 * struct reference - an image's name as the engine understands it
 * @domain:   "docker.io" unless the name begins with a registry
 * @path:     "library/nginx"
 * @tag:      "latest" when neither tag nor digest is given; NULL with a digest alone
 * @digest:   "sha256:..." or NULL
 */
struct reference {
	const char *domain, *path, *tag, *digest;
};

/**
 * reference_parse() - after github.com/distribution/reference, ParseNormalizedNamed
 *
 * Return: whether @text is a reference (an id of 64 digits is none); false, too, when
 * @arena is out of memory.
 */
bool reference_parse(
	struct arena *arena, const char *text, struct reference *ret_reference);
/** reference_text() - "docker.io/library/nginx:latest"; @tagged: with tag, digest. */
const char *reference_text(
	struct arena *arena, const struct reference *reference, bool tagged);
/** reference_short() - without "docker.io/" and "library/", as people write it. */
const char *reference_short(
	struct arena *arena, const struct reference *reference, bool tagged);

#endif
