/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots: nothing is lost on the way, and each member of the facts is on it. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "facts_made.h"
#include "netmon/model/snapshot.h"
#include "netmon/model/snapshot_fields.h"
#include "snapshot_made.h"

static void test_round_trip(void **state)
{
	struct facts *facts = facts_made_full(), *again = NULL;
	struct err err = {0};
	size_t len, len2;
	char *text, *text2;

	(void)state;
	/* Sorted by name is what a namespace promises of its sysctls: so they are
	 * filled. */
	text = snapshot_made_text(facts, &len);
	if (snapshot_made_load(text, len, &again, &err) < 0)
		fail_msg("%s", err.text);
	facts_assert_same(&snapshot_facts_record, facts, again);
	assert_ptr_equal(again->containers[2].netns, again->host);
	assert_ptr_equal(again->containers[1].netns, again->netns[1]);
	text2 = snapshot_made_text(again, &len2);
	assert_int_equal(len, len2);
	assert_memory_equal(text, text2, len);
	free(text);
	free(text2);
	facts_free(facts);
	facts_free(again);
}

/* A key that is absent is zero: empty facts are a short file. */
static void test_empty(void **state)
{
	struct facts *facts = facts_new(), *again = NULL;
	struct err err = {0};
	size_t len;
	char *text;

	(void)state;
	text = snapshot_made_text(facts, &len);
	assert_string_equal(text, SNAPSHOT_HEAD "\n" SNAPSHOT_HOST "}\n");
	if (snapshot_made_load(text, len, &again, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(again->host->id, "host");
	assert_int_equal(again->nnetns, 0);
	/* Files from before it was collected: nothing is claimed of it. */
	assert_false(again->host->groups_known);
	free(text);
	facts_free(facts);
	facts_free(again);
}

/* ---- the tables against the text of facts.h ---- */

static const struct record *find_record(const struct record *record, const char *name)
{
	const struct record *found;

	if (strcmp(record->name, name) == 0)
		return record;
	for (size_t i = 0; i < record->nmembers; i++) {
		found = record->members[i].record
				? find_record(record->members[i].record, name)
				: NULL;
		if (found)
			return found;
	}
	return NULL;
}

/* Is a struct's member a row, or the count of one? */
static bool is_described(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->nmembers; i++) {
		const struct member *member = &record->members[i];
		char count[64];

		snprintf(count, sizeof(count),
			member->kind == MEMBER_BYTES ? "%s_len" : "n%s", member->name);
		if (strcmp(name, member->name) == 0 ||
			(member->count_offset && strcmp(name, count) == 0))
			return true;
	}
	return false;
}

/* Comments and array bounds become spaces. */
static void blank_comments(char *text)
{
	for (char *p = text; *p; p++) {
		char *end = NULL;

		if (p[0] == '/' && p[1] == '*')
			end = strstr(p, "*/") + 1;
		else if (p[0] == '[')
			end = strchr(p, ']');
		while (end && p <= end)
			*p++ = ' ';
	}
}

/* The last name in a declarator: of "const char *(*labels)" it is labels. */
static char *last_name(char *declarator)
{
	char *end = declarator + strlen(declarator), *start;

	while (end > declarator && !isalnum((unsigned char)end[-1]) && end[-1] != '_')
		end--;
	*end = '\0';
	start = end;
	while (start > declarator &&
		(isalnum((unsigned char)start[-1]) || start[-1] == '_'))
		start--;
	return start;
}

static unsigned int check_struct(const char *name, char *body)
{
	const struct record *record = find_record(&snapshot_facts_record, name);
	unsigned int count = 0;
	char *rest = NULL, *rest2;

	if (strcmp(name, "blob") == 0) /* a value, like addr and prefix */
		return 0;
	if (!record)
		fail_msg("struct %s of facts.h is not in snapshot_fields.c", name);
	for (char *line = strtok_r(body, ";", &rest); line;
		line = strtok_r(NULL, ";", &rest)) {
		for (char *part = strtok_r(line, ",", &rest2); part;
			part = strtok_r(NULL, ",", &rest2)) {
			char *member = last_name(part);

			if (!*member || (strcmp(name, "facts") == 0 &&
						strcmp(member, "arena") == 0))
				continue;
			if (!is_described(record, member))
				fail_msg("%s.%s of facts.h is not in "
					 "snapshot_fields.c",
					name, member);
			count++;
		}
	}
	return count;
}

static void test_every_member_is_described(void **state)
{
	static char text[65536];
	FILE *stream = fopen(SOURCE_ROOT "/netmon/model/facts.h", "r");
	unsigned int structs = 0, members = 0;
	char *at = text;

	(void)state;
	assert_non_null(stream);
	assert_in_range(
		fread(text, 1, sizeof(text) - 1, stream), 1000, sizeof(text) - 2);
	fclose(stream);
	blank_comments(text);
	while ((at = strstr(at, "\nstruct "))) {
		char name[64], *open = at + 8, *close;

		at = open;
		if (sscanf(open, "%63[a-z_0-9] {", name) != 1 ||
			open[strlen(name)] != ' ' || open[strlen(name) + 1] != '{')
			continue;
		open += strlen(name) + 2;
		close = strstr(open, "\n}");
		assert_non_null(close);
		*close = '\0';
		at = close + 1;
		structs++;
		members += check_struct(name, open);
	}
	/* The parser above still finds them. */
	assert_in_range(structs, 19, 100);
	assert_in_range(members, 180, 1000);
}

/* ---- files, and what is not saved ---- */

static void test_files(void **state)
{
	struct facts *facts = NULL;
	struct err err = {0};
	char path[] = "/tmp/seawall-test-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, SNAPSHOT_HEAD SNAPSHOT_HOST "}",
				 strlen(SNAPSHOT_HEAD SNAPSHOT_HOST "}")),
		strlen(SNAPSHOT_HEAD SNAPSHOT_HOST "}"));
	if (snapshot_load(path, &facts, &err) < 0)
		fail_msg("%s", err.text);
	facts_free(facts);
	assert_int_equal(ftruncate(fd, (off_t)SNAPSHOT_BYTES_MAX + 1), 0); /* sparse */
	assert_int_equal(snapshot_load(path, &facts, &err), -EFBIG);
	close(fd);
	unlink(path);
	assert_int_equal(snapshot_load(path, &facts, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(snapshot_load("/", &facts, &err), -EISDIR);
	assert_int_equal(
		snapshot_load_text("f", "", SNAPSHOT_BYTES_MAX + 1, &facts, &err),
		-EFBIG);
}

/* Whatever would not load again is not saved. */
static void test_save_refuses(void **state)
{
	struct facts *facts = facts_made_full();
	struct link *link = &facts->host->links[0];
	struct err err = {0};
	FILE *null = fopen("/dev/null", "w"), *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(null);
	assert_non_null(full);
	assert_int_equal(snapshot_save(facts, null, &err), 0);
	assert_int_equal(snapshot_save(facts, full, &err), -ENOSPC);
	link->index = -1;
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	assert_non_null(strstr(err.text, "index is out of range"));
	link->index = 1;
	link->mac_len = 33;
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	link->mac_len = 6;
	link->name = NULL;
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	assert_non_null(strstr(err.text, "link: name is missing"));
	link->name = "eth0";
	facts->host->routes[0].dst.value |= 1;
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	assert_non_null(strstr(err.text, "host bits"));
	facts->host->routes[0].dst.value ^= 1;
	facts->containers[0].netns = &(struct netns){.id = "elsewhere"};
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	assert_non_null(strstr(err.text, "none of the namespaces"));
	facts->containers[0].netns = NULL;
	assert_int_equal(snapshot_save(facts, null, &err), 0);
	fclose(null);
	fclose(full);
	facts_free(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_every_member_is_described),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_save_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
