/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the gathering; each adds its facts. */
#ifndef SEAWALL_GATE_AUDIT_GATHER_PARTS_H
#define SEAWALL_GATE_AUDIT_GATHER_PARTS_H

#include "gate/audit/gather_read.h"

/* gather_accounts.c */
void gather_accounts(const struct gather *gather, struct audit_facts *facts);
/** gather_memberships() - what adds to groups, once all of them are known. */
void gather_memberships(const struct gather *gather, struct audit_facts *facts);

/* gather_rules.c */
void gather_rules(const struct gather *gather, struct audit_facts *facts);

/* gather_units.c */
void gather_units(const struct gather *gather, struct audit_facts *facts);

/* gather_proc.c */
void gather_processes(const struct gather *gather, struct audit_facts *facts);
void gather_sockets(const struct gather *gather, struct audit_facts *facts);

/* gather_engine.c; the units and processes have said where it is */
void gather_engine_config(const struct gather *gather, struct audit_facts *facts);

/* gather_search.c */
void gather_files(const struct gather *gather, struct audit_facts *facts);

/* gather_asked.c */
void gather_names(struct audit_facts *facts);
void gather_containers(const struct gather *gather, struct audit_facts *facts);

#endif
