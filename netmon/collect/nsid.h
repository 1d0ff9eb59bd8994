/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which network namespace the other end of a link is in. */
#ifndef SEAWALL_NETMON_COLLECT_NSID_H
#define SEAWALL_NETMON_COLLECT_NSID_H

#include "netmon/model/facts.h"

/* A namespace that was read, and a descriptor of it; -1: not asked about. */
struct nsid_place {
	struct netns *netns;
	int fd;
};

/**
 * collect_nsids() - fill link_netns of the links of all places
 * @places: the host's first, for most links of containers lead there
 *
 * Enters each of the namespaces: for a thread that ends after it. What cannot be asked
 * stays unknown.
 */
void collect_nsids(struct facts *facts, const struct nsid_place *places, size_t n);

#endif
