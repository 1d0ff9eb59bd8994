/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was asked of netmon on its command line. */
#ifndef SEAWALL_NETMON_CLI_H
#define SEAWALL_NETMON_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"

enum command {
	COMMAND_NONE = 0,
	COMMAND_SCAN,
	COMMAND_EXPLAIN,
	COMMAND_SNAPSHOT,
	COMMAND_POLICY_CHECK,
	COMMAND_HELP,
	COMMAND_VERSION,
};

enum color { COLOR_AUTO = 0, COLOR_ALWAYS, COLOR_NEVER };

struct words {
	const char **list;
	size_t n;
};

/** struct cli - all texts are borrowed from argv; NULL: not given */
struct cli {
	enum command command;
	const char *policy; /* POLICY_DEFAULT_PATH unless policy_given */
	bool policy_given;
	struct words engines; /* sockets, or "none" alone */
	struct words perimeter;
	const char *snapshot;
	const char *format; /* "table" unless given */
	const char *output;
	enum color color;
	bool all;
	bool probe, any_source, dry_run;
	const char *observe; /* seconds */
	/* explain */
	const char *batch;
	const char *from, *to, *proto, *port, *sport, *in, *zone;
	const char *file; /* policy check */
};

/**
 * cli_parse() - read the command line
 * @arena:   for the lists
 * @ret_cli: filled on success only
 *
 * Options may stand before and after the command's arguments, as "--name value" or
 * "--name=value". One that the command does not take, a missing value or argument, an
 * unknown command: -EINVAL, the text says what to do.
 */
int cli_parse(int argc, char *const *argv, struct arena *arena, struct cli *ret_cli,
	struct err *err) _must_check_;

/** cli_help() - the text of --help, for all commands. */
const char *cli_help(void);

#endif
