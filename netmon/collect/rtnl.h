/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links, addresses, routes and routing rules of one network namespace. */
#ifndef SEAWALL_NETMON_COLLECT_RTNL_H
#define SEAWALL_NETMON_COLLECT_RTNL_H

#include "netmon/collect/nlsock.h"
#include "netmon/model/facts.h"

/**
 * collect_rtnl() - fill links, addrs, routes, rules and routes_known
 * @netns: must be the calling thread's namespace; its sysctls get the links' own
 *
 * netns->links is sorted by index. All is of one moment, or a note says that it is not.
 * Failures become notes.
 */
void collect_rtnl(struct facts *facts, struct netns *netns);

/* What one dump fills; shared by the files of this collector. */
struct rtnl_target {
	struct facts *facts;
	struct netns *netns;
	size_t nskipped;       /* routes whose path cannot be followed */
	struct nlsock changes; /* of what the dumps read */
	int *carriers;	       /* indexes of links with a carrier */
	size_t ncarriers;
};

/** rtnl_dump_routes() - routes of all tables of one family, AF_INET or AF_INET6. */
int rtnl_dump_routes(struct nlsock *sock, struct rtnl_target *target, uint8_t family,
	struct err *err) _must_check_;
/** rtnl_dump_rules() - `ip rule` of one family. */
int rtnl_dump_rules(struct nlsock *sock, struct rtnl_target *target, uint8_t family,
	struct err *err) _must_check_;
/** rtnl_dump_neighs() - addresses that are answered for, and permanent neighbours. */
int rtnl_dump_neighs(struct nlsock *sock, struct rtnl_target *target, struct err *err)
	_must_check_;
/** rtnl_dump_tc() - whether links have filters that handle packets beside the rules:
 *  link->tc_ingress, link->tc_egress. After the links. */
int rtnl_dump_tc(struct nlsock *sock, struct rtnl_target *target, struct err *err)
	_must_check_;

#endif
