/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which networks a container joins, and how. */
#ifndef SEAWALL_GATE_FILTER_NETWORK_H
#define SEAWALL_GATE_FILTER_NETWORK_H

#include "gate/filter/fields.h"

field_check force_network_mode, check_endpoints, check_dns, check_dns_texts,
	check_extra_hosts;

/** endpoint_table - the keys of one endpoint's settings, as create and connect take. */
extern const struct fields endpoint_table;

/** network_join() - which text to send on for a network's name in a create; "" is
 * the default. May be the host's, none, or another container's. */
int network_join(struct work *work, const struct field *field,
	const struct json_node *value, const char *name, const char **ret_name)
	_must_check_;

#endif
