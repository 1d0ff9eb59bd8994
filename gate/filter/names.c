/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the engine's objects, images and paths may be written. */
#include "gate/filter/names.h"

#include <stdint.h>
#include <string.h>

static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char alnum[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789";

static bool starts_alnum(const char *text)
{
	return *text && strchr(alnum, *text);
}

bool is_object_name(const char *text)
{
	size_t len = strlen(text);

	return starts_alnum(text) && len <= 255 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_.-") == len;
}

bool is_hex(const char *text)
{
	return *text && text[strspn(text, "0123456789abcdef")] == '\0';
}

bool is_like_id(const char *text)
{
	return strlen(text) >= 12 && is_hex(text);
}

bool is_new_name(const char *text)
{
	return is_object_name(text) && !is_like_id(text);
}

bool is_full_id(const char *text)
{
	return strlen(text) == 64 && is_hex(text);
}

bool is_image_id(const char *text)
{
	return strncmp(text, "sha256:", 7) == 0 && is_full_id(text + 7);
}

bool is_decimal(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= 18 && strspn(text, "0123456789") == len;
}

bool is_platform(const char *text)
{
	return strlen(text) <= 64 &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789/_.,-")];
}

bool is_plain_path(const char *path)
{
	if (strlen(path) > 4095)
		return false;
	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == ':')
			return false;
	}
	if (strcmp(path, "/") == 0)
		return true;
	while (*path == '/') {
		size_t len = strcspn(path + 1, "/");

		if (len == 0 || (len == 1 && path[1] == '.') ||
			(len == 2 && path[1] == '.' && path[2] == '.'))
			return false;
		path += 1 + len;
		if (!*path)
			return true;
	}
	return false;
}

char *path_trim(struct arena *arena, const char *path)
{
	size_t len = path ? strlen(path) : 0;

	return path ? arena_strndup(arena, path,
			      len > 1 && path[len - 1] == '/' ? len - 1 : len)
		    : NULL;
}

bool path_below(const char *path, const char *base)
{
	size_t len = strlen(base);

	if (strcmp(base, "/") == 0)
		return true;
	return strncmp(path, base, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* path-component: lower case, inside also one or two of "._" and any number of '-'. */
static bool is_component(const char *text, size_t len)
{
	bool inside = false;

	if (len == 0 || !strchr(lower, text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c && strchr(lower, c)) {
			inside = true;
			continue;
		}
		if (!inside || (c != '.' && c != '_' && c != '-'))
			return false;
		/* "__" is one separator, ".." and "._" are none */
		if (c != '-' && i > 0 && !strchr(lower, text[i - 1]) &&
			!(c == '_' && text[i - 1] == '_'))
			return false;
	}
	return true;
}

static bool is_path(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!is_component(path, len))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

static bool is_domain(const char *text)
{
	size_t len = strlen(text), host = strcspn(text, ":");

	if (!starts_alnum(text) || host == 0 || !strchr(alnum, text[host - 1]))
		return false;
	if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789.-") != host)
		return false;
	return host == len || (is_decimal(text + host + 1) && len - host - 1 <= 5);
}

static bool is_tag(const char *tag)
{
	size_t len = strlen(tag);

	return len >= 1 && len <= 128 && *tag != '.' && *tag != '-' &&
	       strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789_.-") == len;
}

/* The part before the first '/' is a registry when it could be no part of a name. */
static bool split_domain(char *name, const char **ret_domain, const char **ret_path)
{
	char *slash = strchr(name, '/');
	bool is_registry = false;

	if (slash) {
		*slash = '\0';
		is_registry = strpbrk(name, ".:") || strcmp(name, "localhost") == 0;
		for (const char *p = name; *p; p++)
			is_registry |= *p >= 'A' && *p <= 'Z';
		if (!is_registry)
			*slash = '/';
	}
	*ret_domain = is_registry ? name : "docker.io";
	*ret_path = is_registry ? slash + 1 : name;
	if (strcmp(*ret_domain, "index.docker.io") == 0)
		*ret_domain = "docker.io";
	return is_domain(*ret_domain);
}

bool reference_parse(
	struct arena *arena, const char *text, struct reference *ret_reference)
{
	struct reference reference = {0};
	char *name = strlen(text) <= 1024 ? arena_strdup(arena, text) : NULL;

	if (!name || is_full_id(text))
		return false;
	char *at = strchr(name, '@');
	if (at) {
		*at = '\0';
		reference.digest = at + 1;
		if (!is_image_id(reference.digest))
			return false;
	}
	char *slash = strrchr(name, '/');
	char *colon = strchr(slash ? slash : name, ':');
	if (colon) {
		*colon = '\0';
		reference.tag = colon + 1;
		if (!is_tag(reference.tag))
			return false;
	} else if (!at) {
		reference.tag = "latest";
	}
	if (!split_domain(name, &reference.domain, &reference.path) ||
		!is_path(reference.path))
		return false;
	if (strcmp(reference.domain, "docker.io") == 0 && !strchr(reference.path, '/'))
		reference.path = arena_printf(arena, "library/%s", reference.path);
	if (!reference.path || strlen(reference.path) > 255)
		return false;
	*ret_reference = reference;
	return true;
}

static const char *with_tag(struct arena *arena, const char *name,
	const struct reference *reference, bool tagged)
{
	if (!tagged || !name)
		return name;
	return arena_printf(arena, "%s%s%s%s%s", name, reference->tag ? ":" : "",
		reference->tag ? reference->tag : "", reference->digest ? "@" : "",
		reference->digest ? reference->digest : "");
}

const char *reference_text(
	struct arena *arena, const struct reference *reference, bool tagged)
{
	return with_tag(arena,
		arena_printf(arena, "%s/%s", reference->domain, reference->path),
		reference, tagged);
}

const char *reference_short(
	struct arena *arena, const struct reference *reference, bool tagged)
{
	static const char library[] = "library/";
	const char *path = reference->path;

	if (strcmp(reference->domain, "docker.io") != 0)
		return reference_text(arena, reference, tagged);
	if (strncmp(path, library, sizeof(library) - 1) == 0)
		path += sizeof(library) - 1;
	return with_tag(arena, path, reference, tagged);
}
