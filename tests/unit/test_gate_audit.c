/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <grp.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate/audit/accounts.h"
#include "gate/audit/gather_parts.h"
#include "gate/audit/judge.h"
#include "gate/audit/rules.h"
#include "gate/audit/system.h"
#include "gate/audit/tools.h"
#include "gate/audit/words.h"

static struct span span(const char *text)
{
	return (struct span){text, strlen(text)};
}

static void tools_by_name(void **state)
{
	static const char *const yes[] = {"docker", "/usr/bin/docker ps", "a;docker",
		"$(docker ps)", "x=\"podman\"", "docker-compose up", "ctr\t-n k"};
	static const char *const no[] = {"", "docker.io", "/etc/docker/daemon.json",
		"dockers", "my-docker", "docker-clean", "/docker/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(tools_named(span(yes[i])));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(tools_named(span(no[i])));
}

static void numbers(void **state)
{
	uint32_t n = 7;

	(void)state;
	assert_true(span_number(span("4294967295"), &n));
	assert_int_equal(n, UINT32_MAX);
	assert_false(span_number(span("4294967296"), &n));
	assert_false(span_number(span("99999999999"), &n));
	assert_false(span_number(span("-1"), &n));
	assert_false(span_number(span("1 "), &n));
	assert_false(span_number(span(""), &n));
}

static void account_lines_that_do_not_count(void **state)
{
	struct audit_facts facts;

	(void)state;
	audit_facts_init(&facts);
	accounts_read_group(&facts, span("docker\n\ndocker:x:\ndocker:x:x:a\n#d:x:1:a\n"
					 ":x:1:a\nok:x:1:\nlast:$1$x:2: a , b,,a"));
	assert_int_equal(facts.ngroups, 2);
	assert_string_equal(facts.groups[1].name, "last");
	assert_true(facts.groups[1].password);
	assert_int_equal(facts.groups[1].members.n, 2);
	accounts_read_passwd(&facts, span("a:x:1:1\nb:x:-1:1::/:\nc:x:5:6::/:/bin/sh"));
	assert_int_equal(facts.nusers, 1);
	assert_int_equal(facts.users[0].gid, 6);
	audit_facts_done(&facts);
}

static void access_lists(void **state)
{
	static const unsigned char mask_only_reads[] = {2, 0, 0, 0, 2, 0, 6, 0, 0xe8, 3,
		0, 0, 4, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 16, 0, 4, 0, 0xff, 0xff, 0xff,
		0xff};
	struct audit_socket socket = {.mode = 0660};
	struct audit_facts facts;

	(void)state;
	audit_facts_init(&facts);
	for (size_t len = 0; len < sizeof(mask_only_reads); len++) {
		if (len % 8 != 4)
			assert_int_equal(
				system_read_acl(&facts, &socket, mask_only_reads, len),
				-EINVAL);
	}
	socket = (struct audit_socket){.mode = 0660};
	assert_int_equal(system_read_acl(&facts, &socket, mask_only_reads,
				 sizeof(mask_only_reads)),
		0);
	assert_int_equal(socket.nacl, 1);
	assert_int_equal(socket.acl[0].id, 1000);
	assert_int_equal(socket.acl[0].perm, 4);
	assert_int_equal(socket.mode, 0640);
	audit_facts_done(&facts);
}

static void capabilities(void **state)
{
	static const unsigned char attribute[] = {
		1, 0, 0, 2, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
	uint64_t caps = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(attribute); len++)
		assert_int_equal(system_read_caps(attribute, len, &caps), -EINVAL);
	assert_int_equal(system_read_caps(attribute, sizeof(attribute), &caps), 0);
	assert_true(caps == (UINT64_C(1) << 32 | 0x40));
}

static void words_of_commands(void **state)
{
	static const struct {
		const char *text, *words; /* with '|' behind each */
		bool deep;
	} rows[] = {
		{"", "", true},
		{" \t ", "", true},
		{"a  b", "a|b|", false},
		{"'a b' \"c\"d", "a b|cd|", false},
		{"'a b' \"c\"d", "a|b|cd|", true},
		{"sh -c 'x -H \"tcp://1\"'", "sh|-c|x|-H|tcp://1|", true},
		{"'' \"\"", "||", false},
		{"a\\ b\\x41\\xzz \\", "a bAxzz|\\|", false},
		{"'open", "open|", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena;
		char got[64] = "";

		arena_init(&arena, 0);
		struct span words =
			words_split(&arena, span(rows[i].text), rows[i].deep);
		assert_true(words.len < sizeof(got));
		for (size_t c = 0; c < words.len; c++)
			got[c] = words.text[c] ? words.text[c] : '|';
		assert_string_equal(got, rows[i].words);
		arena_done(&arena);
	}
}

static void specifiers(void **state)
{
	static const char *const rows[][3] = {
		{"a.service", "%t/x%%y", "/run/x%y"},
		{"a-b@c.service", "%i.%p.%j.%n.%N", "c.a-b.b.a-b@c.service.a-b@c"},
		{"a@.service", "%i%p%n%", "%ia%n%"},
		{"a.service", "%q%i", "%q%i"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena;

		arena_init(&arena, 0);
		assert_true(span_is(words_expand(&arena, span(rows[i][1]), rows[i][0]),
			rows[i][2]));
		arena_done(&arena);
	}
}

static void unquoted(void **state)
{
	static const char *const rows[][2] = {{"", ""}, {"a", "a"}, {"\"a b\"", "a b"},
		{"\"\"", ""}, {"\"", "\""}, {"a\\ b\\x20c\\,", "a b c,"},
		{"\"a\\\"b\"", "a\"b"}, {"\\s\\", "s\\"}, {"a\"b\"", "a\"b\""}};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(
			span_is(words_unquote(&arena, span(rows[i][0])), rows[i][1]));
	arena_done(&arena);
}

/* Aliases are used before they are made, and name each other in a circle. */
static void sudo_aliases(void **state)
{
	static const char text[] =
		"A ALL = B\nCmnd_Alias B = C : C = B, /usr/bin/docker\n"
		"User_Alias A = A, bob\nbob ALL = (ALL : ALL) ALL\n";
	const struct sudo_file file = {"/s", {text, sizeof(text) - 1}};
	struct audit_facts facts;

	(void)state;
	audit_facts_init(&facts);
	rules_read_sudoers(&facts, &file, 1);
	assert_int_equal(facts.nrules, 1);
	assert_int_equal(facts.ngaps, 0);
	bool bob = false;
	for (size_t i = 0; i < facts.nrules; i++)
		bob = bob ||
		      (strcmp(facts.rules[i].who, "bob") == 0 && facts.rules[i].tool &&
			      strcmp(facts.rules[i].place, "/s:1") == 0);
	assert_true(bob);
	audit_facts_done(&facts);
}

/* In the place of the C library's: a directory service that does not answer. */
struct group *getgrnam(const char *name)
{
	errno = strcmp(name, "docker") == 0 ? ECONNREFUSED : ENOENT;
	return NULL;
}

/* A group that could not be asked for is not one that is not there. */
static void a_name_service_that_is_down(void **state)
{
	struct audit_facts facts;
	size_t told = 0;

	(void)state;
	audit_facts_init(&facts);
	gather_names(&facts);
	for (size_t i = 0; i < facts.ngaps; i++) {
		assert_string_equal(facts.gaps[i].place, "group docker");
		told++;
	}
	assert_int_equal(told, 1);
	audit_facts_done(&facts);
}

/* Of what an engine says that it was built with, and of the profiles that are granted.
 */
static void engines_that_follow_links(void **state)
{
	static const struct {
		const char *answer;
		bool told;
	} rows[] = {
		{"{\"GoVersion\":\"go1.19.8\"}", true},
		{"{\"GoVersion\":\"go1.20.14\"}", true},
		{"{\"GoVersion\":\"go1.21\"}", true},
		{"{\"GoVersion\":\"go1.21.10\"}", true},
		{"{\"GoVersion\":\"go1.21.11\"}", false},
		{"{\"GoVersion\":\"go1.22.3\"}", true},
		{"{\"GoVersion\":\"go1.22.4\"}", false},
		{"{\"GoVersion\":\"go1.22.12 X:boringcrypto\"}", false},
		{"{\"GoVersion\":\"go1.23rc1\"}", false},
		{"{\"GoVersion\":\"go1.100.1\"}", false},
		{"{\"GoVersion\":\"go2.0\"}", false},
		{"{\"GoVersion\":\"go1.-1\"}", true},
		{"{\"GoVersion\":\"go 1.24.1\"}", true},
		{"{\"GoVersion\":\"devel go1.30-abc\"}", true},
		{"{\"GoVersion\":\"\"}", true},
		{"{}", true},
	};
	static const char *const ids[] = {"engine-removal:profile free:/run/x.sock",
		"engine-removal:profile higher:/run/x.sock"};
	static const char text[] =
		"{\"version\":1,\"gate\":{\"profiles\":{"
		"\"free\":{\"images\":[\"*\"]},\"imageless\":{},"
		"\"fixed\":{\"images\":[\"*\"],\"read_only\":true},"
		"\"root\":{\"images\":[\"*\"],\"privileged\":true},"
		"\"higher\":{\"images\":[\"*\"]},"
		"\"unused\":{\"images\":[\"*\"]}},"
		"\"grants\":[{\"users\":[\"a\",\"b\"],\"profile\":\"free\","
		"\"elevate\":\"higher\"},{\"users\":[\"c\"],\"profile\":\"fixed\"},"
		"{\"users\":[\"d\"],\"profile\":\"root\"},"
		"{\"users\":[\"e\"],\"profile\":\"imageless\"}]}}";
	struct policy *policy = NULL;
	struct json_errors errors;

	(void)state;
	json_errors_init(&errors);
	assert_int_equal(
		policy_load_text("p", text, strlen(text), &errors, &policy, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct audit_result result = {0};
		struct audit_facts facts;
		struct arena arena;

		audit_facts_init(&facts);
		arena_init(&arena, 0);
		assert_int_equal(system_read_version(&facts, "/run/x.sock",
					 span(rows[i].answer), NULL),
			0);
		assert_int_equal(audit_judge(&facts, policy, &arena, &result, NULL), 0);
		if (result.n != (rows[i].told ? ARRAY_LEN(ids) : 0))
			fail_msg("%s: %zu entries", rows[i].answer, result.n);
		for (size_t e = 0; e < result.n; e++)
			assert_string_equal(result.entries[e].id, ids[e]);
		assert_int_equal(result.nfindings, 0);
		arena_done(&arena);
		audit_facts_done(&facts);
	}
	policy_free(policy);
	json_errors_done(&errors);
}

static void versions_that_are_none(void **state)
{
	static const char *const texts[] = {"", "[]", "{\"GoVersion\":7}", "{"};
	struct audit_facts facts;

	(void)state;
	audit_facts_init(&facts);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(system_read_version(
					 &facts, "/run/x.sock", span(texts[i]), NULL),
			-EINVAL);
	assert_int_equal(facts.nbuilds, 0);
	audit_facts_done(&facts);
}

static void memory_that_runs_out(void **state)
{
	struct audit_result result = {0};
	struct audit_facts facts;
	struct policy *policy = NULL;
	struct arena arena;

	(void)state;
	assert_int_equal(policy_new_default(&policy, NULL), 0);
	for (size_t limit = 1; limit < 4096; limit += 64) {
		audit_facts_init(&facts);
		accounts_read_group(&facts, span("docker:x:995:alice,bob,carol\n"));
		arena_init(&arena, limit);
		int rc = audit_judge(&facts, policy, &arena, &result, NULL);
		if (rc == 0)
			assert_int_equal(result.nfindings, 3);
		else
			assert_int_equal(rc, -ENOMEM);
		arena_done(&arena);
		audit_facts_done(&facts);
	}
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tools_by_name),
		cmocka_unit_test(numbers),
		cmocka_unit_test(account_lines_that_do_not_count),
		cmocka_unit_test(access_lists),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(words_of_commands),
		cmocka_unit_test(specifiers),
		cmocka_unit_test(unquoted),
		cmocka_unit_test(sudo_aliases),
		cmocka_unit_test(a_name_service_that_is_down),
		cmocka_unit_test(engines_that_follow_links),
		cmocka_unit_test(versions_that_are_none),
		cmocka_unit_test(memory_that_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
