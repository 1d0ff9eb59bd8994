/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image's /etc/group begins with, as the engine's tar of it. */
#include <ctype.h>
#include <stdbool.h>
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

struct input {
	const uint8_t *data;
	size_t size;
};

static int look(void *context, const char *api, struct gate_looked *image,
	struct gate_glimpse *glimpses, size_t n, struct arena *arena, struct err *err)
{
	const struct input *input = context;
	int rc = gate_fixture_look(NULL, api, image, glimpses, n, arena, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (strcmp(glimpses[i].path, "/etc/group") == 0)
			glimpses[i].fact = (struct gate_fact){.status = 200,
				.body = (const char *)input->data,
				.len = input->size};
	return rc;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Written without looking at the filter: no name is a number in what is allowed. */
static void check_list(const char *tar, size_t len)
{
	char number[13] = "";

	require(len >= GATE_TAR_BLOCK && tar[156] == '0');
	memcpy(number, tar + 124, 12);
	size_t size = strtoul(number, NULL, 8);
	const char *at = tar + GATE_TAR_BLOCK;
	require(size <= len - GATE_TAR_BLOCK);
	const char *end = at + size;
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *next = line ? line : end, *digits;

		while (at < next && (*at == ' ' || *at == '\t' || *at == '\r'))
			at++;
		for (digits = at; digits < next && is_digit(*digits);)
			digits++;
		require(digits == at || (digits < next && *digits != ':'));
		at = next + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char path[] = "/v1.41/containers/create",
			  body[] = "{\"Image\":\"nginx\"}";
	static struct gate_fixture fixture;
	/* A copy of its own, so that reading past it is seen. */
	uint8_t *copy = malloc(size ? size : 1);
	struct input input = {copy, size};
	struct gate_engine engine = gate_fixture_any;
	const struct gate_request request = {.method = "POST",
		.target = path,
		.target_len = sizeof(path) - 1,
		.content_type = "application/json",
		.has_body = true,
		.body = body,
		.body_len = sizeof(body) - 1};
	struct gate_decision decision;

	require(copy);
	if (size)
		memcpy(copy, data, size);
	if (!fixture.policy)
		gate_fixture_init(&fixture);
	arena_reset(&fixture.arena);
	struct gate_context context = gate_fixture_context(&fixture, "alice", true);
	engine.look = look;
	engine.context = &input;
	context.engine = &engine;
	gate_filter(&context, &request, &fixture.arena, &decision);
	if (decision.verdict == GATE_ALLOW)
		check_list((const char *)copy, size);
	else
		require(strcmp(decision.rule, "image-groups") == 0);
	free(copy);
	return 0;
}
