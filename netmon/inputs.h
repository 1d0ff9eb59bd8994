/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command works on: the policy, the facts, and the walk made ready. */
#ifndef SEAWALL_NETMON_INPUTS_H
#define SEAWALL_NETMON_INPUTS_H

#include "common/policy.h"
#include "netmon/cli.h"
#include "netmon/model/facts.h"
#include "netmon/reach/reach.h"

struct inputs {
	struct policy *policy;
	struct facts *facts;
	struct reach *reach;
};

/** inputs_read_facts() - of this host, or the saved ones. 0 or a negative errno. */
int inputs_read_facts(const struct cli *cli, struct facts **ret_facts, struct err *err)
	_must_check_;

/**
 * inputs_open() - policy, then facts, then the walk over them
 *
 * A policy with errors ends it: each error is printed on standard error, and @err says
 * how many. The built-in policy is used only when none was asked for by --policy and
 * there is no file at the default place. Return: 0 or a negative errno.
 */
int inputs_open(const struct cli *cli, struct inputs *ret_inputs, struct err *err)
	_must_check_;
/** inputs_done() - release all of it; for _cleanup_(). */
void inputs_done(struct inputs *inputs);

/** inputs_load_policy() - print every error of the file at @path; 0 or negative errno.
 */
int inputs_load_policy(const char *path, struct policy **ret_policy, struct err *err)
	_must_check_;

/** say_error() - "netmon: TEXT" on standard error, hostile text escaped. */
void say_error(const char *text);

#endif
