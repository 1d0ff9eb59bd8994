/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the caller of `gate run` asks for, and the environment that his command gets. */
#ifndef SEAWALL_GATE_RUN_REQUEST_H
#define SEAWALL_GATE_RUN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"

enum {
	REQUEST_MAX_REASON = 512,
	REQUEST_MAX_ARGUMENTS = 4096,
	REQUEST_MAX_VALUE = 256, /* of a variable that is passed on */
};

/* Where commands without a slash are looked for, and what the command gets as PATH. */
#define REQUEST_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * struct request - a command line, read
 * @help, @version, @forget: nothing is to be run
 * @reason:  printable UTF-8 as the caller gave it; NULL: none
 * @command: its arguments, NULL-terminated; of the caller's own argv
 */
struct request {
	bool help, forget;
	const char *reason;
	char **command;
};

/**
 * request_parse() - [--reason TEXT] [--forget] [--help] [--] COMMAND...
 * @argc, @argv: the command line, argv[0] its name; may be empty: CVE-2021-4034
 *
 * Options end at the first argument that is none.
 * Return: 0; -EINVAL with what is wrong.
 */
int request_parse(int argc, char *argv[], struct request *ret_request, struct err *err)
	_must_check_;

/** struct request_identity - whose environment it is; home may be NULL. */
struct request_identity {
	const char *user, *home, *shell;
};

/**
 * request_environment() - the environment of the command, made from nothing
 * @given:       the caller's; only what is listed is taken from it, only if its value
 *               is short and of harmless characters, and the first if there are two
 * @docker_host: value of DOCKER_HOST
 *
 * Return: a NULL-terminated array in @arena; NULL when that is full.
 */
char **request_environment(char *const *given, const struct request_identity *identity,
	const char *docker_host, struct arena *arena);

#endif
