/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a breach of one container worse. */
#ifndef SEAWALL_NETMON_JUDGE_AMPLIFY_H
#define SEAWALL_NETMON_JUDGE_AMPLIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/policy.h"
#include "netmon/model/facts.h"

/**
 * struct amplifiers - stable words, some with a value behind a colon
 *
 * privileged, docker-socket, engine-socket, host-mount:PATH, host-pid, host-ipc,
 * host-uts, host-network, host-userns, capability:NAME, device:PATH,
 * seccomp-unconfined, apparmor-unconfined, root-user, no-pids-limit, unpinned-image,
 * unlisted-image, not-inspected (the engine would not tell: any of them may hold).
 *
 * @serious: at least one of them hands over the host or other containers, rather than
 *           being a safeguard that is missing
 */
struct amplifiers {
	const char **words;
	size_t n;
	bool serious;
};

/**
 * amplify() - the amplifiers of one container, in the order of the list above
 * @policy: for its list of images; NULL: there is none
 *
 * Return: in @arena; empty for a NULL @container.
 */
struct amplifiers amplify(struct arena *arena, const struct facts *facts,
	const struct container *container, const struct policy *policy);

#endif
