/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a process's command line may enter a snapshot. */
#ifndef SEAWALL_NETMON_MODEL_CMDLINE_H
#define SEAWALL_NETMON_MODEL_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"

/**
 * facts_cmdline_needed() - whether the arguments of a program are facts
 * @comm: its name as in /proc/PID/comm (15 bytes at most); NULL: unknown
 *
 * True for the forwarders and engines whose arguments say what they forward or serve.
 */
bool facts_cmdline_needed(const char *comm);

/**
 * facts_cmdline() - what to keep of one command line
 * @arena: holds the result
 * @comm:  as above
 * @argv:  content of /proc/PID/cmdline: arguments, each ended by a NUL
 * @len:   bytes of @argv; the last NUL may be missing
 *
 * Command lines hold passwords, and snapshots travel. So only programs that
 * facts_cmdline_needed() names keep their arguments, joined by spaces; of podman only
 * `podman ... service`, because `podman run -e` and `podman login -p` take secrets.
 * Every other process keeps argv[0], up to its first space (setproctitle() writes all
 * into it).
 *
 * Return: the text; NULL when @len is 0 (a kernel thread) or the arena failed.
 */
char *facts_cmdline(
	struct arena *arena, const char *comm, const char *argv, size_t len);

#endif
