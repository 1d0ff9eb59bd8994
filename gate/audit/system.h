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

/** system_is_contained() - /proc/PID/cgroup of a process is a container's. */
bool system_is_contained(struct span cgroup);

/**
 * system_add_address() - where an engine listens: a path, or an address of TCP
 * @place: where it is said
 */
void system_add_address(struct audit_facts *facts, const char *place,
	const char *engine, struct span address, enum audit_tls tls);

/**
 * system_read_arguments() - options of dockerd: listeners, group, data root
 * @words: each ended by NUL, as in /proc/PID/cmdline
 * @place: where it is said
 */
void system_read_arguments(
	struct audit_facts *facts, const char *place, struct span words);

/** system_is_program() - system_read_command() knows it; @comm as the kernel cuts it.
 */
bool system_is_program(struct span comm);

/**
 * system_read_command() - a command line of an engine, or of what carries bytes to one
 *
 * Return: the engine whose API is served at the command's standard sockets, or NULL.
 */
const char *system_read_command(
	struct audit_facts *facts, const char *place, struct span words);

/** system_unpacker() - the program in a command line that makes what is in images,
 * found as system_read_command() finds it; NULL: none does. */
const char *system_unpacker(struct span words);

/** system_read_option_file() - a file of variables with options of dockerd in them. */
void system_read_option_file(
	struct audit_facts *facts, const char *path, struct span text);

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

/** system_read_version() - the answer of the engine at @socket to GET /version. */
int system_read_version(struct audit_facts *facts, const char *socket, struct span text,
	struct err *err) _must_check_;

#endif
