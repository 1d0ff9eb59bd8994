/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a process's command line may enter a snapshot. */
#include "netmon/model/cmdline.h"

#include <string.h>

struct program {
	const char *comm;
	const char *word; /* kept only with this argument; NULL: always */
};

/* The kernel cuts comm at 15 bytes: "rootlessport-ch" is rootlessport-child. */
static const struct program programs[] = {
	{"conmon", NULL},
	{"docker-proxy", NULL},
	{"dockerd", NULL},
	{"pasta", NULL},
	{"pasta.avx2", NULL},
	{"podman", "service"},
	{"rootlesskit", NULL},
	{"rootlessport", NULL},
	{"rootlessport-ch", NULL},
	{"slirp4netns", NULL},
};

static const struct program *program_find(const char *comm)
{
	for (size_t i = 0; comm && i < ARRAY_LEN(programs); i++) {
		if (strcmp(programs[i].comm, comm) == 0)
			return &programs[i];
	}
	return NULL;
}

bool facts_cmdline_needed(const char *comm)
{
	return program_find(comm) != NULL;
}

static bool argv_has(const char *argv, size_t len, const char *word)
{
	size_t size;

	for (size_t off = 0; off < len; off += size + 1) {
		size = strnlen(argv + off, len - off);
		if (size == strlen(word) && memcmp(argv + off, word, size) == 0)
			return true;
	}
	return false;
}

char *facts_cmdline(struct arena *arena, const char *comm, const char *argv, size_t len)
{
	const struct program *program = program_find(comm);
	char *text;

	while (len && argv[len - 1] == '\0')
		len--;
	if (!len)
		return NULL;
	if (!program || (program->word && !argv_has(argv, len, program->word))) {
		size_t first = strnlen(argv, len);
		const char *space = memchr(argv, ' ', first);

		return arena_strndup(
			arena, argv, space ? (size_t)(space - argv) : first);
	}
	text = arena_alloc(arena, len + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i++)
		text[i] = argv[i] ? argv[i] : ' ';
	return text;
}
