/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a request: "USER METHOD TARGET TYPE UPGRADE\nBODY", as alice by default.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gate_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static char *next_word(char **rest)
{
	char *word = strsep(rest, " ");

	return word && strcmp(word, "-") != 0 ? word : NULL;
}

static const char *known_user(const char *name)
{
	static const char *const names[] = {
		"alice", "paula", "leo", "bea", "kim", "rita", "olga", "mallory"};

	for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], name) == 0)
			return names[i];
	}
	return "alice";
}

/* What must hold of a request that goes on, whatever was asked. */
static void check_forward(const struct gate_forward *forward)
{
	const char *end = strchr(forward->path, '?');
	size_t len = end ? (size_t)(end - forward->path) : strlen(forward->path);
	char *path = strndup(forward->path, len);

	require(path && strncmp(path, "/v1.41/", 7) == 0);
	for (const char *p = forward->path; *p; p++)
		require(*p > ' ' && *p < 0x7f && *p != '#' && *p != ';');
	require(!strstr(path, "//") && !strstr(path, "/../") && !strchr(path, '%'));
	require(!strstr(path, "/swarm") && !strstr(path, "/plugins"));
	require(!strstr(path, "/services") && !strstr(path, "/checkpoints"));
	if (forward->answer == GATE_ANSWER_HIJACK)
		require(strstr(path, "/attach") || strstr(path, "/start"));
	if (forward->body_kind == GATE_BODY_NONE)
		require(!forward->body);
	if (forward->body)
		require(strcmp(forward->content_type, "application/json") == 0);
	free(path);
}

/* An alice's list holds what is hers alone. */
static void check_lists(const char *user, const struct gate_forward *forward)
{
	if (strcmp(user, "alice") != 0)
		return;
	if (strncmp(forward->path, "/v1.41/containers/json", 22) == 0 ||
		strncmp(forward->path, "/v1.41/events", 13) == 0 ||
		strstr(forward->path, "/prune"))
		require(strstr(forward->path, "seawall.owner%3D1000%22%3Atrue"));
}

/* The query that goes on is itself one that is allowed, and goes on as it is. */
static void check_again(const struct gate_context *context,
	const struct gate_request *request, struct arena *arena,
	const struct gate_forward *forward)
{
	struct gate_request again = *request;
	struct gate_decision decision;

	/* gate's own label in it, which no caller may set */
	if (strncmp(forward->path, "/v1.41/build?", 13) == 0)
		return;
	again.method = forward->method;
	again.target = forward->path;
	again.target_len = strlen(forward->path);
	gate_filter(context, &again, arena, &decision);
	require(decision.verdict == GATE_ALLOW);
	require(strcmp(decision.forward.path, forward->path) == 0);
}

static void run(struct gate_fixture *fixture, const char *user,
	const struct gate_request *request)
{
	const struct gate_context context = gate_fixture_context(fixture, user, true);
	struct gate_plan plan;
	struct gate_decision decision;

	plan = gate_plan(request->method, request->target, request->target_len);
	gate_filter(&context, request, &fixture->arena, &decision);
	require(decision.rule && decision.reason);
	if (decision.verdict == GATE_DENY) {
		require(!decision.forward.path && decision.status >= 400);
		return;
	}
	require(plan.known && strcmp(user, "mallory") != 0);
	check_forward(&decision.forward);
	check_lists(user, &decision.forward);
	check_again(&context, request, &fixture->arena, &decision.forward);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gate_fixture fixture;
	char *text = malloc(size + 1), *rest = text, *line;
	const char *user;

	require(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	line = strsep(&rest, "\n");
	user = known_user(next_word(&line));
	struct gate_request request = {.method = next_word(&line)};
	request.target = next_word(&line);
	request.content_type = next_word(&line);
	request.upgrade = next_word(&line);
	if (request.method && request.target) {
		request.target_len = strlen(request.target);
		request.body = rest && rest < text + size ? rest : NULL;
		request.has_body = request.body != NULL;
		request.body_len = request.body ? (size_t)(text + size - rest) : 0;
		if (!fixture.policy)
			gate_fixture_init(&fixture);
		arena_reset(&fixture.arena);
		run(&fixture, user, &request);
	}
	free(text);
	return 0;
}
