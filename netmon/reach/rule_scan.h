/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules name: ports that they translate, destinations they tell apart. */
#ifndef SEAWALL_NETMON_REACH_RULE_SCAN_H
#define SEAWALL_NETMON_REACH_RULE_SCAN_H

#include "common/proto.h"
#include "netmon/model/ruleset.h"
#include "netmon/reach/services.h"

struct scan {
	struct arena *arena;
	struct services *services;
	unsigned int families; /* of the chain at hand */
	struct iv *addrs;      /* destination addresses that nat rules name */
	size_t naddrs;
	struct iv *bounds; /* destination addresses that any rule names */
	size_t nbounds;
	unsigned int wide;   /* protocols of which a rule may translate any port */
	bool local_anywhere; /* "an address of this host" may be a container's, too */
	bool odd_addr;	/* a rule looks at destinations in a way that makes no ranges */
	bool odd_range; /* addresses of one range may be translated differently */
	bool open_addr; /* translated destinations that no list holds: packets add some
			 */
	bool by_route;	/* a rule asks by which interface a destination is routed */
	bool by_type;	/* or of which type that route is, of IPv6 */
	bool aside;	/* the rule at hand translates nothing, nor leads there */
	const struct addr *at; /* scan_anywhere(): at this destination; NULL: at any */
};

/** scan_rules() - every rule that a packet from outside can meet. */
void scan_rules(struct scan *scan, const struct ruleset *rules);

/**
 * scan_anywhere() - ports that rules translate whatever the destination: also at the
 * containers' own addresses; with @scan->at those that they translate there
 */
void scan_anywhere(struct scan *scan, const struct ruleset *rules);

/** scan_op() - what one op names; @nat: its rule translates, or leads to one that does.
 */
void scan_op(struct scan *scan, const struct op *op, bool nat, unsigned int protos);

/** scan_translates() - whether a rule can change where a packet goes. */
bool scan_translates(const struct rule *rule);

/* Protocols that have ports, as bits: in the order of proto_numbers[]. */
#define SCAN_PROTOS ((1u << PROTO_COUNT) - 1)

/** scan_add_wide() - every port of those protocols. */
void scan_add_wide(struct arena *arena, struct services *services, unsigned int protos);

/** scan_protos() - protocols a rule is about: those its comparison names, or all. */
unsigned int scan_protos(const struct rule *rule);

/** scan_is_addr() - whether an operand loads the destination address. */
bool scan_is_addr(const struct operand *operand);

/** scan_begins_addr() - whether it loads that, or the first bytes of it. */
bool scan_begins_addr(const struct operand *operand);

/**
 * scan_address_range() - the addresses that an op is about that compares one
 * @ret_exact: that and no others tell what it says of an address; else the op may hold
 *             for fewer addresses, and for others
 *
 * Return: the range; nothing (lo > hi) where there is none.
 */
struct iv scan_address_range(const struct op *op, bool *ret_exact);

/**
 * scan_address() - the range of an op that compares an address: into the bounds
 *
 * Return: it, too; nothing (lo > hi) where there is none.
 */
struct iv scan_address(struct scan *scan, const struct op *op);

/** scan_named() - whether a translated destination that rules name is @addr. */
bool scan_named(const struct scan *scan, const struct addr *addr);

/** scan_add() - append a range. */
void scan_add(struct arena *arena, struct iv **v, size_t *n, u128 lo, u128 hi);

#endif
