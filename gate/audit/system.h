/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel, the engine's configuration and the engine itself say, as facts. */
#ifndef SEAWALL_GATE_AUDIT_SYSTEM_H
#define SEAWALL_GATE_AUDIT_SYSTEM_H

#include "common/err.h"
#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/** system_read_ports() - /proc/net/tcp or tcp6: ports that are listened at. */
void system_read_ports(struct audit_facts *facts, struct span text);

/**
 * system_read_status() - /proc/PID/status of a process that is not wholly root's
 * @cgroup: /proc/PID/cgroup
 */
void system_read_status(
	struct audit_facts *facts, uint32_t pid, struct span text, struct span cgroup);

/**
 * system_read_arguments() - a command line of dockerd: listeners, group, data root
 * @args:  arguments, each ended by @separator ('\0' of /proc/PID/cmdline, ' ' of a
 * unit)
 * @place: where it is said
 */
void system_read_arguments(
	struct audit_facts *facts, const char *place, struct span args, char separator);

/** system_read_engine_unit() - the ExecStart of docker.service and its drop-ins. */
void system_read_engine_unit(
	struct audit_facts *facts, const char *path, struct span text);

/** system_read_option_file() - a file of variables with options of dockerd in them. */
void system_read_option_file(
	struct audit_facts *facts, const char *path, struct span text);

/**
 * system_read_socket_unit() - a socket unit or, after it, a drop-in of it
 * @unit: "docker.socket": its SocketGroup= is the engine's
 */
void system_read_socket_unit(struct audit_facts *facts, const char *unit,
	const char *path, struct span text);
/** system_end_units() - the engine's listeners of all socket units that were read. */
void system_end_units(struct audit_facts *facts);

/** system_read_daemon_json() - /etc/docker/daemon.json; 0 or negative errno. */
int system_read_daemon_json(struct audit_facts *facts, const char *path,
	struct span text, struct err *err) _must_check_;

/**
 * system_read_acl() - the attribute system.posix_acl_access, as the kernel lays it out
 *
 * Return: 0; -EINVAL when it is none.
 */
int system_read_acl(struct audit_facts *facts, struct audit_socket *socket,
	const void *attribute, size_t len) _must_check_;

/** system_read_caps() - the attribute security.capability: the permitted set. */
int system_read_caps(const void *attribute, size_t len, uint64_t *ret_caps)
	_must_check_;

/** system_read_containers() - the engine's answer to GET /containers/json. */
int system_read_containers(struct audit_facts *facts, struct span text, struct err *err)
	_must_check_;

#endif
