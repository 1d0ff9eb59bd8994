/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of `gate audit`: found and read. */
#ifndef SEAWALL_GATE_AUDIT_GATHER_H
#define SEAWALL_GATE_AUDIT_GATHER_H

#include "gate/audit/gather_read.h"

/** gather_all() - everything; what cannot be read becomes a gap. */
void gather_all(const struct gather *gather, struct audit_facts *facts);

#endif
