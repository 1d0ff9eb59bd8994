/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gate's commands start from. */
#ifndef SEAWALL_GATE_INPUTS_H
#define SEAWALL_GATE_INPUTS_H

#include "common/err.h"
#include "common/policy.h"

/** gate_load_policy() - print every error of the file at @path; 0 or negative errno. */
int gate_load_policy(const char *path, struct policy **ret_policy, struct err *err)
	_must_check_;

/** gate_say() - "gate: TEXT" on standard error, hostile text escaped. */
void gate_say(const char *text);

#endif
