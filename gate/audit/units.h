/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd's services and sockets as facts. */
#ifndef SEAWALL_GATE_AUDIT_UNITS_H
#define SEAWALL_GATE_AUDIT_UNITS_H

#include "gate/audit/facts.h"
#include "gate/audit/lines.h"

/*
 * The file of a unit comes first, then its drop-ins in the order in which systemd
 * applies them, and all of one unit before the next: what a later one takes back is
 * looked for among these.
 */

/** units_read_service() - a file of the service @name: "job@x.service" */
void units_read_service(struct audit_facts *facts, const char *name, const char *path,
	struct span text);

/** units_read_socket() - the same of a socket unit */
void units_read_socket(struct audit_facts *facts, const char *name, const char *path,
	struct span text);

/**
 * units_end() - once, behind all units: where engines listen by them
 *
 * An engine's unit is known by what it runs, a socket's by the service it is for.
 */
void units_end(struct audit_facts *facts);

/** units_usual_engine() - whose engine a service of that name runs, as a rule; or NULL
 */
const char *units_usual_engine(const char *name);

/** units_is_gate() - whether gate's socket unit, for gate's service, has @path alone.
 */
bool units_is_gate(const struct audit_facts *facts, const char *path);

#endif
