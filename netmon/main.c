/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmon: who can reach which container port of this host, and who approved it. */
#include <errno.h>
#include <stdio.h>

#include "netmon/cli.h"
#include "netmon/commands.h"
#include "netmon/inputs.h"

static int run(const struct cli *cli, struct err *err)
{
	switch (cli->command) {
	case COMMAND_SCAN:
		return command_scan(cli, err);
	case COMMAND_EXPLAIN:
		return command_explain(cli, err);
	case COMMAND_SNAPSHOT:
		return command_snapshot(cli, err);
	case COMMAND_POLICY_CHECK:
		return command_policy_check(cli, err);
	case COMMAND_HELP:
		(void)fputs(cli_help(), stdout);
		return STATUS_CLEAN;
	case COMMAND_VERSION:
		(void)puts("netmon " SEAWALL_VERSION);
		return STATUS_CLEAN;
	case COMMAND_NONE:
	default:
		return err_set(err, -EINVAL, "no command given: see netmon --help");
	}
}

int main(int argc, char *argv[])
{
	struct arena arena;
	struct cli cli;
	struct err err = {0};

	arena_init(&arena, 0);
	int status = cli_parse(argc, argv, &arena, &cli, &err);
	if (status == 0)
		status = run(&cli, &err);
	if (status < 0) {
		say_error(err.text);
		status = STATUS_ERROR;
	}
	arena_done(&arena);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say_error("standard output: not all could be written");
		status = STATUS_ERROR;
	}
	return status;
}
