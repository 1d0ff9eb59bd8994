/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which engines may make the device nodes that images bring. */
#ifndef SEAWALL_GATE_AUDIT_NODES_H
#define SEAWALL_GATE_AUDIT_NODES_H

#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/*
 * Theory of operation. Whoever unpacks an image makes its nodes as root, and the host's
 * users open them through /proc/PID/root, past the container's limits. systemd keeps a
 * service from that by DevicePolicy= and DeviceAllow=. So each unit that runs such an
 * engine is looked at, by its command or its name, and for what runs now the unit that
 * its cgroup tells: a script may have started it.
 */

/** nodes_find() - when all units are read: those that run such an engine and may */
void nodes_find(struct audit_facts *facts);

/**
 * nodes_read_process() - a process of root's, behind nodes_find(): whether it is an
 * engine that may make device nodes, by the unit that runs it
 * @place:  names it
 * @words:  its command line
 * @cgroup: /proc/PID/cgroup
 */
void nodes_read_process(struct audit_facts *facts, const char *place, struct span words,
	struct span cgroup);

#endif
