/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What docker's own command line sends, recorded, and what the filter makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate_fixture.h"

enum { MIN_REQUESTS = 100 };

static char *next_word(char **rest)
{
	char *word = strsep(rest, " ");

	assert_non_null(word);
	return strcmp(word, "-") == 0 ? NULL : word;
}

/* "RULE METHOD TARGET CONTENT-TYPE UPGRADE BODY"; "-" is none, "<tar" a stream. */
static void run_line(const char *name, unsigned int number, char *line)
{
	struct gate_fixture fixture;
	struct gate_decision decision;
	struct gate_request request = {0};
	const char *want = next_word(&line);

	request.method = next_word(&line);
	request.target = next_word(&line);
	request.content_type = next_word(&line);
	request.upgrade = next_word(&line);
	request.target_len = strlen(request.target);
	if (line && *line) {
		request.has_body = true;
		request.body = line;
		request.body_len = strlen(line);
	}
	gate_fixture_init(&fixture);
	struct gate_context context = gate_fixture_context(&fixture, "alice", true);
	context.engine = &gate_fixture_any;
	context.profile = policy_profile(fixture.policy, "docker");
	gate_filter(&context, &request, &fixture.arena, &decision);
	if (strcmp(decision.rule, want) != 0)
		fail_msg("%s:%u: %s %s: %s (%s), wanted %s", name, number,
			request.method, request.target, decision.rule, decision.reason,
			want);
	gate_fixture_done(&fixture);
}

static void run_file(const char *name)
{
	char path[512];
	_cleanup_(cleanup_free) char *line = NULL;
	_cleanup_(cleanup_fclose) FILE *file = NULL;
	unsigned int number = 0;
	size_t size = 0;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "%s/tests/unit/data/%s", SOURCE_ROOT, name);
	file = fopen(path, "re");
	assert_non_null(file);
	while ((len = getline(&line, &size, file)) > 0) {
		number++;
		if (line[0] == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		run_line(name, number, line);
	}
	assert_true(number >= MIN_REQUESTS);
}

static void docker_20_10(void **state)
{
	(void)state;
	run_file("docker-20.10.requests");
}

static void docker_28(void **state)
{
	(void)state;
	run_file("docker-28.requests");
}

/* docker-py: keys that are null, booleans as Python writes them. */
static const struct gate_case python_cases[] = {
	{.name = "create",
		.user = "alice",
		.method = "POST",
		.path = "/v1.41/containers/create?name=x",
		.body = "{'Hostname':null,'Domainname':null,'ExposedPorts':null,'User':"
			"null,'Tty':false,'OpenStdin':false,'StdinOnce':false,"
			"'AttachStdin':false,'AttachStdout':true,'AttachStderr':true,"
			"'Env':null,'Cmd':['x'],'Image':'nginx','Volumes':null,"
			"'NetworkDisabled':false,'Entrypoint':null,'WorkingDir':null,"
			"'HostConfig':{'NetworkMode':'default','PortBindings':{'80/"
			"tcp':"
			"[{'HostIp':'127.0.0.1','HostPort':'80'}]}},'NetworkingConfig':"
			"null,'MacAddress':null,'Labels':null,'StopSignal':null,"
			"'Healthcheck':null,'StopTimeout':null,'Runtime':null}",
		.want = "allow"},
	{.name = "exec",
		.user = "alice",
		.method = "POST",
		.path = "/v1.41/containers/mine/exec",
		.body = "{'Container':'mine','User':'','Privileged':false,'Tty':false,"
			"'AttachStdin':false,'AttachStdout':true,'AttachStderr':true,"
			"'Cmd':['id'],'Env':null}",
		.want = "allow"},
	{.name = "list",
		.user = "alice",
		.method = "GET",
		.path = "/v1.41/containers/json?limit=-1&all=0&size=0&trunc_cmd=0",
		.want = "allow",
		.lacks = "trunc_cmd"},
	{.name = "images",
		.user = "alice",
		.method = "GET",
		.path = "/v1.41/images/json?only_ids=0&all=0",
		.want = "allow"},
	{.name = "remove",
		.user = "alice",
		.method = "DELETE",
		.path = "/v1.41/containers/mine?v=False&link=False&force=True",
		.want = "allow",
		.has = "force=1"},
};

static void docker_py(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(python_cases); i++) {
		struct gate_fixture fixture;
		struct gate_decision decision;

		gate_fixture_init(&fixture);
		gate_fixture_run(&fixture, &python_cases[i], &decision);
		if (strcmp(decision.rule, python_cases[i].want) != 0)
			fail_msg("%s: %s (%s)", python_cases[i].name, decision.rule,
				decision.reason);
		gate_fixture_done(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker_20_10),
		cmocka_unit_test(docker_28),
		cmocka_unit_test(docker_py),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
