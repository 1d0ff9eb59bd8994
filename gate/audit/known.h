/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups, sockets and capabilities known to be as good as root, whoever has them. */
#ifndef SEAWALL_GATE_AUDIT_KNOWN_H
#define SEAWALL_GATE_AUDIT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

/** struct known_group - as good as root, whatever sockets exist at the moment. */
struct known_group {
	const char *name, *why;
};

/**
 * struct known_socket - where an engine listens unless it is told otherwise
 * @usual: it counts even where it is not, for the host may be only a copy
 */
struct known_socket {
	const char *path, *engine;
	bool usual;
};

/** struct known_cap - who has it may become anybody, and so any group. */
struct known_cap {
	unsigned int bit;
	const char *name;
};

/** known_group() - the one at @at; NULL behind the last. */
const struct known_group *known_group(size_t at);
/** known_socket() - the same; paths in /run, not /var/run. */
const struct known_socket *known_socket(size_t at);
/** known_cap() - the same. */
const struct known_cap *known_cap(size_t at);

#endif
