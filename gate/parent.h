/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that are not to outlive the one that started them. */
#ifndef SEAWALL_GATE_PARENT_H
#define SEAWALL_GATE_PARENT_H

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/cleanup.h"

/**
 * parent_die_with() - be killed when @parent ends
 * @parent: getpid() of it, from before the fork: if it has ended, it sends no signal
 *
 * A change of uid undoes it: prctl(2), PR_SET_PDEATHSIG. Return: 0; a negative errno:
 * the process must end by itself, -ESRCH because @parent has.
 */
_must_check_ static inline int parent_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

#endif
