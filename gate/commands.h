/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of gate. */
#ifndef SEAWALL_GATE_COMMANDS_H
#define SEAWALL_GATE_COMMANDS_H

#include "common/err.h"

/* gate's exit status. */
enum {
	STATUS_OK = 0, /* allowed, or nothing to act on */
	STATUS_DENIED = 1,
	STATUS_ERROR = 2,
};

/*
 * Each gets its own arguments, argv[0] being its name, and returns an exit status, or a
 * negative errno with @err filled (main() then prints it: STATUS_ERROR).
 */
int command_audit(int argc, char *argv[], struct err *err) _must_check_;
int command_check(int argc, char *argv[], struct err *err) _must_check_;
int command_policy(int argc, char *argv[], struct err *err) _must_check_;
int command_restore(int argc, char *argv[], struct err *err) _must_check_;
int command_run(int argc, char *argv[], struct err *err) _must_check_;
int command_serve(int argc, char *argv[], struct err *err) _must_check_;

#endif
