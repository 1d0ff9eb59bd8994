/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate: what users may ask of the container engine, decided and recorded. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gate/commands.h"
#include "gate/inputs.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char *argv[], struct err *err);
	const char *help;
} commands[] = {
	{"audit", command_audit,
		"[--policy FILE] [--format table|json] [--root DIR]\n"
		"        who holds the engine's power on this host, and how"},
	{"check", command_check,
		"--user NAME --method METHOD --path PATH [--body FILE]\n"
		"        print the decision for one API request; sends nothing"},
	{"policy", command_policy,
		"check FILE\n"
		"        print every error of a policy file"},
	{"restore", command_restore,
		"[--policy FILE]\n"
		"        after a boot, make the mounts of containers again"},
	{"run", command_run,
		"[--reason TEXT] [--] COMMAND [ARGUMENT...]\n"
		"        run it as you, after asking who you are, with more rights"},
	{"serve", command_serve,
		"[--listen PATH] [--engine PATH]\n"
		"        filter the engine's API for the users who connect"},
};

static int print_help(void)
{
	(void)puts(
		"Usage: gate COMMAND [OPTIONS]\n"
		"\n"
		"Stands between users and the container engine's socket, and refuses\n"
		"what would make them root.\n"
		"\n"
		"Commands:");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void)printf("  %s %s\n", commands[i].name, commands[i].help);
	(void)puts("\n"
		   "gate COMMAND --help lists its options. Exit status: 0 allowed or\n"
		   "nothing to act on, 1 refused or something to act on, 2 error.");
	return STATUS_OK;
}

static int run(int argc, char *argv[], struct err *err)
{
	/* execve(2) lets callers pass no argv[0] at all: CVE-2021-4034. */
	if (argc < 2)
		return err_set(err, -EINVAL, "no command given: see gate --help");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return print_help();
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("gate " SEAWALL_VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1, err);
	}
	return err_set(err, -EINVAL, "'%s' is no command: see gate --help", argv[1]);
}

int main(int argc, char *argv[])
{
	struct err err = {0};
	int status = run(argc, argv, &err);

	if (status < 0) {
		gate_say(err.text);
		status = STATUS_ERROR;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		gate_say("standard output: not all could be written");
		status = STATUS_ERROR;
	}
	return status;
}
