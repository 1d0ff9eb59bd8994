/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of netmon. */
#ifndef SEAWALL_NETMON_COMMANDS_H
#define SEAWALL_NETMON_COMMANDS_H

#include "common/err.h"
#include "netmon/cli.h"

/* netmon's exit status. */
enum {
	STATUS_CLEAN = 0,
	STATUS_FINDINGS = 1,
	STATUS_ERROR = 2,
	STATUS_GAPS = 3,
};

/* Each: an exit status, or a negative errno with @err filled (then STATUS_ERROR). */
int command_scan(const struct cli *cli, struct err *err) _must_check_;
int command_explain(const struct cli *cli, struct err *err) _must_check_;
int command_snapshot(const struct cli *cli, struct err *err) _must_check_;
int command_policy_check(const struct cli *cli, struct err *err) _must_check_;

#endif
