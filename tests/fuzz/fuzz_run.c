/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any command line and environment for gate run, and any /proc/PID/stat. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gate/run/request.h"
#include "gate/run/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_WORDS = 64 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void parse(int argc, char *argv[])
{
	struct request request = {0};
	struct err err = {0};

	if (request_parse(argc, argv, &request, &err) < 0) {
		require(err.text[0] != '\0');
		return;
	}
	require(request.help || request.forget ||
		(request.command && request.command[0] && request.command[0][0]));
	if (request.command)
		require(request.command > argv && request.command < argv + argc);
	for (const char *c = request.reason; c && *c; c++)
		require((unsigned char)*c >= 0x20 && *c != 0x7f);
	require(!request.reason || strlen(request.reason) <= REQUEST_MAX_REASON);
}

/* Of what the caller gives, only listed names pass, once each, and harmless values. */
static void check_environment(char *const *list)
{
	static const char *const ours[] = {
		"PATH=", "DOCKER_HOST=", "HOME=", "USER=", "LOGNAME=", "SHELL="};
	static const char *const passed[] = {
		"COLORTERM=", "LANG=", "LANGUAGE=", "LC_ALL=", "LC_CTYPE=",
		"LC_MESSAGES=", "LC_TIME=", "NO_COLOR=", "TERM=", "TZ="};
	unsigned int seen_ours = 0, seen = 0;

	for (; *list; list++) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
			if (strncmp(*list, ours[i], strlen(ours[i])) != 0)
				continue;
			require(!(seen_ours & 1U << i));
			seen_ours |= 1U << i;
			known = true;
		}
		for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
			if (strncmp(*list, passed[i], strlen(passed[i])) != 0)
				continue;
			require(!(seen & 1U << i));
			require(!strpbrk(*list, "/%()'\"$`\\;\n"));
			seen |= 1U << i;
			known = true;
		}
		require(known);
	}
	require(seen_ours == (1U << ARRAY_LEN(ours)) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct request_identity identity = {"alice", "/srv/a", "/bin/sh"};
	char *words[MAX_WORDS + 1] = {0};
	uint32_t terminal, session;
	uint64_t start;
	struct arena arena;
	int n = 0;

	char *copy = malloc(size + 1);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	for (size_t at = 0; at < size && n < MAX_WORDS; at += strlen(copy + at) + 1)
		words[n++] = copy + at;
	parse(n, words);
	arena_init(&arena, 1 << 20);
	char **list = request_environment(words, &identity, "unix:///run/x", &arena);
	require(list != NULL);
	check_environment(list);
	arena_done(&arena);
	(void)!stamp_read_stat(copy, &terminal, &session, &start);
	free(copy);
	return 0;
}
