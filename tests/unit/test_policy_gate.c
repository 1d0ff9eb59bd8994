/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy says to gate: users, what each may do, and who keeps the group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy_made.h"

static const struct policy_mistake mistakes[] = {
	{POLICY_GATE("\"x\": 1"), 1, "$.gate.x", "unknown key"},
	{POLICY_GATE("\"docker_group\": {\"approve\": []}"), 1,
		"$.gate.docker_group.approve", "unknown key"},
	{POLICY_GATE("\"docker_group\": {\"unapproved\": \"ignore\"}"), 1,
		"$.gate.docker_group.unapproved", "is not one of: refuse, strip"},
	{POLICY_GATE("\"docker_group\": {\"approved\": [\"a\", \"a\"]}"), 1,
		"$.gate.docker_group.approved[1]", "given on line 1 already"},
	{POLICY_GATE("\"docker_group\": {\"approved\": [\"a:b\"]}"), 1,
		"$.gate.docker_group.approved[0]", "name of a user"},
	{POLICY_GATE("\"profiles\": {\"dev\": 1}"), 1, "$.gate.profiles.dev",
		"must be an object"},
	{POLICY_PROFILE("\"privilege\": true"), 1, "$.gate.profiles.dev.privilege",
		"unknown key"},
	{POLICY_PROFILE("\"privileged\": \"yes\""), 1, "$.gate.profiles.dev.privileged",
		"must be true or false"},
	{POLICY_PROFILE("\"run_as\": \"root\""), 1, "$.gate.profiles.dev.run_as",
		"is not one of: caller, any"},
	{POLICY_PROFILE("\"publish\": true"), 1, "$.gate.profiles.dev.publish",
		"must be a string"},
	{POLICY_PROFILE("\"publish\": \"all\""), 1, "$.gate.profiles.dev.publish",
		"is not one of: none, loopback, approved, any"},
	{POLICY_PROFILE("\"capabilities\": [\"CAP_ROOT\"]"), 1,
		"$.gate.profiles.dev.capabilities[0]", "no capability"},
	{POLICY_PROFILE("\"capabilities\": [\"net_admin\"]"), 1,
		"$.gate.profiles.dev.capabilities[0]", "no capability"},
	{POLICY_PROFILE("\"devices\": [\"/etc/passwd\"]"), 1,
		"$.gate.profiles.dev.devices[0]", "below /dev"},
	{POLICY_PROFILE("\"devices\": [\"/dev/../etc\"]"), 1,
		"$.gate.profiles.dev.devices[0]", "below /dev"},
	{POLICY_PROFILE("\"networks\": [\"a*\"]"), 1, "$.gate.profiles.dev.networks[0]",
		"name of a network"},
	{POLICY_PROFILE("\"images\": \"*\""), 1, "$.gate.profiles.dev.images",
		"must be an array"},
	{POLICY_GRANT("\"profile\": \"dev\""), 2, "$.gate.grants[0]",
		"\"users\" is missing"},
	{POLICY_GRANT("\"users\": [\"a\"]"), 2, "$.gate.grants[0]",
		"\"profile\" is missing"},
	{POLICY_GRANT("\"users\": [], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users", "must not be empty"},
	{POLICY_GRANT("\"users\": [\"a\"], \"profile\": \"ops\""), 2,
		"$.gate.grants[0].profile", "no profile 'ops'"},
	{POLICY_GRANT("\"users\": [\"a\"], \"profile\": \"dev\", \"elevate\": "
		      "\"ops\""),
		2, "$.gate.grants[0].elevate", "no profile 'ops'"},
	{POLICY_GRANT("\"users\": [\"@\"], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "no user, @group"},
	{POLICY_GRANT("\"users\": [\"\"], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "no user, @group"},
	{POLICY_GRANT("\"users\": [true], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "is true or false"},
	{POLICY_GRANT("\"users\": [-1], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "from 0 to 4294967294"},
	{POLICY_GRANT("\"users\": [4294967295], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "from 0 to 4294967294"},
	{POLICY_GRANT("\"users\": [\"99999999999999999999999\"], \"profile\": "
		      "\"dev\""),
		2, "$.gate.grants[0].users[0]", "from 0 to 4294967294"},
	{POLICY_GRANT("\"users\": [1000, \"1000\"], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[1]", "given on line 2 already"},
	{POLICY_GRANT("\"users\": [\"a\"], \"profile\": \"dev\"},\n"
		      "{\"users\": [\"b\", \"a\"], \"profile\": \"dev\""),
		3, "$.gate.grants[1].users[1]", "given on line 2 already"},
};

static void every_mistake_of_gate_has_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++)
		policy_expect_mistake(&mistakes[i]);
}

static void profiles_default_to_nothing(void **state)
{
	struct policy *policy = policy_made(POLICY_PROFILE(""));
	const struct profile *profile = policy_profile(policy, "dev");

	(void)state;
	assert_non_null(profile);
	assert_int_equal(profile->run_as, RUN_AS_CALLER);
	assert_int_equal(profile->publish, PUBLISH_NONE);
	assert_int_equal(profile->nbinds + profile->images.n + profile->capabilities.n +
				 profile->devices.n + profile->networks.n,
		0);
	assert_false(profile->privileged || profile->host_namespaces ||
		     profile->build || profile->others);
	assert_null(policy_profile(policy, "ops"));
	assert_true(policy->gate.present);
	assert_false(policy->gate.has_docker_group);
	policy_free(policy);
}

static void binds(void **state)
{
	static const struct {
		const char *text, *path;
		bool in_home, read_only;
	} good[] = {
		{"/", "/", false, false},
		{"/:ro", "/", false, true},
		{"/srv/data", "/srv/data", false, false},
		{"/srv/data:ro", "/srv/data", false, true},
		{"/srv/.hidden/..x", "/srv/.hidden/..x", false, false},
		{"$HOME", "", true, false},
		{"$HOME:ro", "", true, true},
		{"$HOME/src", "/src", true, false},
	};
	static const char *const bad[] = {"srv", "./srv", "/srv/", "//srv", "/srv//x",
		"/srv/..", "/srv/../etc", "/srv/./x", "/.", "/srv:rw", "/srv:ro:ro",
		":ro", "$HOME/", "$HOME/..", "$HOMEX", "$HOME2/x", "~", "~/x", "/a:/b",
		"/srv:"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(text, sizeof(text), POLICY_PROFILE("\"binds\": [\"%s\"]"),
			good[i].text);
		struct policy *policy = policy_made(text);
		const struct policy_bind *bind = policy->gate.profiles[0].binds;
		assert_int_equal(policy->gate.profiles[0].nbinds, 1);
		assert_string_equal(bind->path, good[i].path);
		assert_int_equal(bind->in_home, good[i].in_home);
		assert_int_equal(bind->read_only, good[i].read_only);
		policy_free(policy);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), POLICY_PROFILE("\"binds\": [\"%s\"]"),
			bad[i]);
		policy_expect_mistake(&(struct policy_mistake){
			text, 1, "$.gate.profiles.dev.binds[0]", ""});
	}
}

static void capabilities_lose_their_prefix(void **state)
{
	struct policy *policy = policy_made(POLICY_PROFILE(
		"\"capabilities\": [\"CAP_NET_ADMIN\", \"CHOWN\", \"*\"]"));
	const struct text_list *list = &policy->gate.profiles[0].capabilities;

	(void)state;
	assert_int_equal(list->n, 3);
	assert_string_equal(list->items[0], "NET_ADMIN");
	assert_string_equal(list->items[1], "CHOWN");
	assert_true(text_list_has(list, "*"));
	policy_free(policy);
}

static void grants_go_to_the_first_that_means_the_user(void **state)
{
	struct policy *policy = policy_made(POLICY_GATE(
		"\"profiles\": {\"dev\": {}, \"ops\": {}}, \"grants\": ["
		"{\"users\": [\"alice\", 1001, \"1002\"], \"profile\": \"dev\","
		" \"elevate\": \"ops\"},\n{\"users\": [\"@wheel\"], \"profile\": "
		"\"ops\"}]"));
	static const char *const wheel[] = {"users", "wheel"};
	static const struct {
		struct user_facts user;
		int grant;
	} rows[] = {
		{{.name = "alice", .uid = 5}, 0},
		{{.name = "alice", .uid = 5, .groups = wheel, .ngroups = 2}, 0},
		{{.name = "bob", .uid = 1001}, 0},
		{{.name = NULL, .uid = 1002}, 0},
		{{.name = "bob", .uid = 7, .groups = wheel, .ngroups = 2}, 1},
		{{.name = "bob", .uid = 7, .groups = wheel, .ngroups = 1}, -1},
		{{.name = "wheel", .uid = 7}, -1},
		{{.name = "1001", .uid = 7}, -1},
		{{.name = "@wheel", .uid = 7}, -1},
		{{.name = NULL, .uid = 0}, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct grant *grant = policy_grant(policy, &rows[i].user);
		const struct grant *expected =
			rows[i].grant < 0 ? NULL : &policy->gate.grants[rows[i].grant];

		assert_ptr_equal(grant, expected);
	}
	assert_string_equal(policy->gate.grants[0].profile->name, "dev");
	assert_string_equal(policy->gate.grants[0].elevate->name, "ops");
	assert_null(policy->gate.grants[1].elevate);
	assert_int_equal(policy->gate.grants[1].line, 2);
	policy_free(policy);
}

static void docker_group(void **state)
{
	struct policy *policy = policy_made(POLICY_GATE("\"docker_group\": {}"));

	(void)state;
	assert_true(policy->gate.has_docker_group);
	assert_int_equal(policy->gate.unapproved, UNAPPROVED_REFUSE);
	policy_free(policy);
	policy =
		policy_made(POLICY_GATE("\"docker_group\": {\"approved\": [\"deploy\"],"
					" \"unapproved\": \"strip\"}"));
	struct user_facts user = {.name = "deploy", .uid = 1};
	assert_true(user_list_has(&policy->gate.approved, &user));
	assert_int_equal(policy->gate.unapproved, UNAPPROVED_STRIP);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_of_gate_has_its_place),
		cmocka_unit_test(profiles_default_to_nothing),
		cmocka_unit_test(binds),
		cmocka_unit_test(capabilities_lose_their_prefix),
		cmocka_unit_test(grants_go_to_the_first_that_means_the_user),
		cmocka_unit_test(docker_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
