/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/glob.h"

static void matches(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} rows[] = {
		{"web", "web", true},
		{"web", "web2", false},
		{"web", "", false},
		{"*", "", true},
		{"*", "a/b.c", true},
		{"web*", "web", true},
		{"web*", "web-1", true},
		{"*web", "my-web", true},
		{"*web", "web-1", false},
		{"a*b*c", "a123b456c", true},
		{"a*b*c", "a123c456b", false},
		{"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
		{"?", "", false},
		{"we?", "web", true},
		{"web-[0-9]", "web-5", true},
		{"web-[0-9]", "web-x", false},
		{"web-[!0-9]", "web-x", true},
		{"web-[!0-9]", "web-5", false},
		{"[]]", "]", true},
		{"[]a]", "a", true},
		{"[a-]", "-", true},
		{"[a\\]b]", "]", true},
		{"\\*", "*", true},
		{"\\*", "x", false},
		{"docker.io/library/*:1.*", "docker.io/library/nginx:1.25", true},
		{"*.example.org/*", "registry.example.org/team/app:2", true},
		{"[\x80-\xff]", "\xc3", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(glob_is_valid(rows[i].pattern));
		if (glob_match(rows[i].pattern, rows[i].text) != rows[i].match)
			fail_msg("'%s' on '%s'", rows[i].pattern, rows[i].text);
	}
}

static void unfinished_patterns_are_invalid_and_match_nothing(void **state)
{
	static const char *const rows[] = {
		"", "[", "[a", "[]", "[!]", "a[", "[a-", "[a-\\", "\\", "a\\", "[\\]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_false(glob_is_valid(rows[i]));
		assert_false(glob_match(rows[i], "a"));
	}
}

/* Against the plain recursive definition, for all short patterns and texts. */
static bool oracle(const char *p, const char *t)
{
	if (!*p)
		return !*t;
	if (*p == '*')
		return oracle(p + 1, t) || (*t && oracle(p, t + 1));
	return *t && (*p == '?' || *p == *t) && oracle(p + 1, t + 1);
}

static void number_to_text(unsigned int number, const char *letters, char *text)
{
	unsigned int base = (unsigned int)strlen(letters) + 1;

	for (; number; number /= base) {
		if (number % base)
			*text++ = letters[number % base - 1];
	}
	*text = '\0';
}

static void stars_match_the_oracle(void **state)
{
	(void)state;
	for (unsigned int p = 0; p < 3125; p++) {
		char pattern[8], text[8];

		number_to_text(p, "ab*?", pattern);
		for (unsigned int t = 0; t < 729; t++) {
			number_to_text(t, "ab", text);
			if (glob_match(pattern, text) != oracle(pattern, text))
				fail_msg("'%s' on '%s'", pattern, text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(unfinished_patterns_are_invalid_and_match_nothing),
		cmocka_unit_test(stars_match_the_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
