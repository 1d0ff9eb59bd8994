/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of `gate audit`, a part after the other. */
#include "gate/audit/gather.h"

#include "gate/audit/gather_parts.h"

void gather_all(const struct gather *gather, struct audit_facts *facts)
{
	gather_accounts(gather, facts);
	gather_rules(gather, facts);
	gather_units(gather, facts);
	gather_processes(gather, facts);
	gather_engine_config(gather, facts);
	gather_sockets(gather, facts);
	if (gather->live)
		gather_names(facts);
	gather_memberships(gather, facts);
	gather_files(gather, facts);
	gather_containers(gather, facts);
}
