/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy check: every error of a policy file. */
#include <errno.h>
#include <string.h>

#include "gate/commands.h"
#include "gate/inputs.h"

int command_policy(int argc, char *argv[], struct err *err)
{
	_cleanup_(cleanup_policy) struct policy *policy = NULL;

	if (argc != 3 || strcmp(argv[1], "check") != 0 ||
		(argv[2][0] == '-' && argv[2][1]))
		return err_set(err, -EINVAL, "usage: gate policy check FILE");
	int rc = gate_load_policy(argv[2], &policy, err);
	if (rc == -ENOENT)
		return err_set(err, rc, "policy '%s': there is no such file", argv[2]);
	return rc < 0 ? rc : STATUS_OK;
}
