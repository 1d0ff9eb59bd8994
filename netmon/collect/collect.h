/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the facts of this host: rules, links, routes, sockets, containers. */
#ifndef SEAWALL_NETMON_COLLECT_COLLECT_H
#define SEAWALL_NETMON_COLLECT_COLLECT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "netmon/model/facts.h"

/**
 * struct collect_options - what to read
 * @engines:   paths of engine sockets to ask; borrowed
 * @nengines:  0: the well-known Docker and Podman sockets that exist
 * @no_engine: ask no engine (then facts->docker_sockets_known is false)
 *
 * All zero is the ordinary scan.
 */
struct collect_options {
	const char *const *engines;
	size_t nengines;
	bool no_engine;
};

/**
 * collect_host() - the facts of the network namespace that the caller is in
 * @ret_facts: released with facts_free(); set only on success
 *
 * Reads only; changes nothing in the kernel and leaves the caller in its namespace
 * (containers' namespaces are entered by a thread that ends here). What cannot be read
 * becomes a note in the facts, not a failure. Not thread-safe against a caller that
 * changes its namespaces meanwhile.
 *
 * Return: 0; -ENOMEM, or -errno when not even a netlink socket can be had.
 */
int collect_host(const struct collect_options *options, struct facts **ret_facts,
	struct err *err) _must_check_;

#endif
