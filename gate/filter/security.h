/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container's processes may be: user, capabilities, namespaces, devices. */
#ifndef SEAWALL_GATE_FILTER_SECURITY_H
#define SEAWALL_GATE_FILTER_SECURITY_H

#include "gate/filter/fields.h"

field_check force_user, check_privileged, force_cap_add, force_cap_drop,
	force_security_opt, check_group_add, check_kernel_paths, check_devices,
	check_device_requests, check_runtime, check_log_config;

/* Namespaces: own by default; the host's with `host_namespaces`; another container's
 * when it is the caller's and could be started by him. */
field_check force_pid_mode, force_ipc_mode, force_uts_mode, force_userns_mode,
	force_cgroupns_mode;

/** caller_user() - "1000:1000", what `run_as: caller` makes of every User. */
const char *caller_user(struct work *work);

extern const struct fields device_table;
extern const struct fields log_table;

#endif
