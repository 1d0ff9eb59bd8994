/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How new the engine and its parts are: some are led astray by what callers make. */
#include "gate/filter/release.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gate/filter/names.h"

/*
 * What Debian and those after it put behind a release: "+dfsg1", "+ds1-1~deb13u1",
 * "-0ubuntu1~24.04.1". All else may be a release candidate and the like ("1.2.0-rc.2",
 * "29.0.0-dev", "30.0.0-m1"), which may lack what an older release has, for its branch
 * was cut before.
 */
static bool is_distributions(const char *suffix)
{
	/* Each with what stands before it; 0: a digit. */
	static const struct {
		const char *word;
		char before;
	} words[] = {{"dfsg", '+'}, {"ds", '+'}, {"deb", '+'}, {"deb", '~'}, {"u", 0},
		{"ubuntu", 0}, {"bpo", '~'}, {"b", '+'}, {"esm", '+'}};
	static const char marks[] = "+-~";
	char before = '.';

	if (*suffix && !strchr(marks, *suffix))
		return false;
	while (*suffix) {
		size_t len = strspn(suffix, "abcdefghijklmnopqrstuvwxyz");
		bool known = len == 0 && (strchr(marks, *suffix) || *suffix == '.' ||
						 isdigit((unsigned char)*suffix));

		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			known = known ||
				(len == strlen(words[i].word) &&
					strncmp(suffix, words[i].word, len) == 0 &&
					(words[i].before ? before == words[i].before
							 : isdigit((unsigned char)
									   before)));
		if (!known)
			return false;
		suffix += len > 0 ? len : 1;
		before = suffix[-1];
	}
	return true;
}

/* "29.5.1", "1.1.5+ds1", "20.10.25-0ubuntu1" */
static bool is_from(const char *text, release_number least)
{
	unsigned int have[3] = {0};
	int order = 0;

	for (size_t i = 0; i < ARRAY_LEN(have); i++) {
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 4)
			return false;
		for (size_t d = 0; d < digits; d++)
			have[i] = have[i] * 10 + (unsigned int)(text[d] - '0');
		if (order == 0 && have[i] != least[i])
			order = have[i] > least[i] ? 1 : -1;
		text += digits;
		if (i + 1 < ARRAY_LEN(have) && *text++ != '.')
			return false;
	}
	if (order < 0 || !is_distributions(text))
		return false;
	return order > 0 || !*text || *text == '+';
}

static const char *release_of(const struct json_node *engine, const char *part)
{
	const struct json_node *parts = json_member(engine, "Components");

	for (size_t i = 0; parts && parts->kind == JSON_KIND_ARRAY && i < parts->count;
		i++) {
		const char *name = json_member_text(&parts->children[i], "Name", NULL);

		if (name && strcmp(name, part) == 0)
			return json_member_text(&parts->children[i], "Version", NULL);
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

int runc_is_mended(struct work *work, enum runc_flaw flaw, bool *ret_is)
{
	static release_number mended[] = {
		[RUNC_LEAVES] = {1, 1, 14},
		[RUNC_NUMBERS] = {1, 3, 0},
		[RUNC_DEV] = {1, 3, 3},
	};

	return release_is_from(work, "runc", mended[flaw], ret_is);
}

int release_speaks(struct work *work, unsigned long minor, bool *ret_speaks)
{
	const struct json_node *engine = NULL;

	*ret_speaks = false;
	if (!has_engine(work))
		return 0;
	if (work_fact(work, "version", &engine) < 0)
		return -EACCES;
	const char *api = json_member_text(engine, "ApiVersion", "");
	*ret_speaks = strncmp(api, "1.", 2) == 0 && is_decimal(api + 2) &&
		      strtoul(api + 2, NULL, 10) >= minor;
	return 0;
}
