/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate run: starts gate-run, which alone is setuid. */
#include <errno.h>
#include <unistd.h>

#include "gate/commands.h"

int command_run(int argc, char *argv[], struct err *err)
{
	(void)argc;
	(void)execv(SEAWALL_GATE_RUN, argv);
	return err_errno(err, -errno, "run '%s'", SEAWALL_GATE_RUN);
}
