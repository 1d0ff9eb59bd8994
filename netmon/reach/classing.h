/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classes of addresses in the making: what the files that fill them share. */
#ifndef SEAWALL_NETMON_REACH_CLASSING_H
#define SEAWALL_NETMON_REACH_CLASSING_H

#include "netmon/reach/address_class.h"

struct classing {
	struct reach *reach;
	struct scan *scan;
	struct address_classes *out;
	uint64_t *signatures; /* of the classes */
	bool apart;	      /* every address its own class */
	bool anywhere;	      /* some rule translates whatever the destination */
};

/**
 * classing_add() - put an address into the class that it belongs to, or a new one
 * @ifindex: of the interface that has it; 0: none
 * @like:    what the class is to be: all but its signature and addresses
 *
 * Return: whether the address was not in a class before.
 */
bool classing_add(struct classing *cl, const struct addr *addr, int ifindex,
	const struct address_class *like);

/** classing_key() - what a range that rules name adds to the signature of its
 *  addresses. */
uint64_t classing_key(const struct iv *iv);

/** address_groups() - addresses that the host has together with others: broadcast,
 *  anycast, and multicast groups, those that every host joins and others. */
void address_groups(struct classing *cl);

/** address_group_key() - what the interfaces that are in a group add to its signature:
 *  others do not hear it. */
uint64_t address_group_key(const struct reach *reach, const struct addr *group);

/** address_foreign() - addresses that are not the host's, and that rules translate:
 *  those that a rule names one by one, and one of each kind of the others. */
void address_foreign(struct classing *cl);

#endif
