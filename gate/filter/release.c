/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How new the engine and its parts are: some are led astray by what callers make. */
#include "gate/filter/release.h"

#include <errno.h>
#include <string.h>

/* "29.5.1"; "1.2.0-rc.2" may lack what 1.1.14 has. */
static bool is_from(const char *text, release_number least)
{
	if (strstr(text, "-rc"))
		return false;
	for (size_t i = 0; i < 3; i++) {
		size_t digits = strspn(text, "0123456789");
		unsigned int number = 0;

		if (digits == 0 || digits > 4)
			return false;
		for (size_t d = 0; d < digits; d++)
			number = number * 10 + (unsigned int)(text[d] - '0');
		if (number != least[i])
			return number > least[i];
		text += digits;
		if (i < 2 && *text++ != '.')
			return false;
	}
	return !*text || *text == '+';
}

static const char *text_of(const struct json_node *node, const char *key)
{
	const struct json_node *member =
		node && node->kind == JSON_KIND_OBJECT ? json_member(node, key) : NULL;

	return member && member->kind == JSON_KIND_STRING ? member->string : NULL;
}

static const char *release_of(const struct json_node *engine, const char *part)
{
	const struct json_node *parts = json_member(engine, "Components");

	for (size_t i = 0; parts && parts->kind == JSON_KIND_ARRAY && i < parts->count;
		i++) {
		const char *name = text_of(&parts->children[i], "Name");

		if (name && strcmp(name, part) == 0)
			return text_of(&parts->children[i], "Version");
	}
	return NULL;
}

int release_is_from(
	struct work *work, const char *part, release_number least, bool *ret_is)
{
	const struct json_node *engine = NULL;

	*ret_is = false;
	if (!has_engine(work))
		return 0;
	if (work_fact(work, "version", &engine) < 0)
		return -EACCES;
	const char *release = engine ? release_of(engine, part) : NULL;
	*ret_is = release && is_from(release, least);
	return 0;
}
