/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy file, which decides only if root alone can change it. */
#ifndef SEAWALL_GATE_SERVE_TRUSTED_H
#define SEAWALL_GATE_SERVE_TRUSTED_H

#include <stdbool.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/policy.h"

/** struct trusted - a policy file and what it was like when it was last looked at. */
struct trusted {
	const char *path; /* borrowed */
	struct stat seen;
};

/**
 * trusted_load() - read the policy, printing each of its mistakes
 *
 * Return: 0; -EPERM (not a regular file of root's that nobody else can write), or as
 * policy_load_file(). What it is like now counts as looked at either way.
 */
int trusted_load(struct trusted *file, struct policy **ret_policy, struct err *err)
	_must_check_;

/** trusted_has_changed() - whether the file is another one than was looked at. */
bool trusted_has_changed(const struct trusted *file);

#endif
