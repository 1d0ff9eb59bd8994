/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which version of its API the engine is spoken to in. */
#ifndef SEAWALL_GATE_SERVE_VERSION_H
#define SEAWALL_GATE_SERVE_VERSION_H

#include "common/arena.h"
#include "common/err.h"
#include "gate/filter.h"
#include "gate/serve/upstream.h"

/*
 * Theory of operation. The engine is asked once, for all processes that are forked
 * after version_prepare(): they share what was found. Docker 29 takes nothing
 * below 1.44, Debian 12's engine nothing above 1.41. Whenever an engine answers 400,
 * which is how another one says that it does not speak the version, the next request
 * asks again; until then callers hear of the version that was found last. Without
 * version_prepare() it is GATE_API_VERSION, unasked.
 */

/** version_prepare() - share what is found from now on. */
int version_prepare(struct err *err) _must_check_;

/**
 * version_find() - the newest of GATE_API_VERSIONS that the engine speaks
 * @upstream: asked when nothing is known; its engine is the only one of the process
 *
 * Return: 0; -EPROTONOSUPPORT: it speaks none, or tells no versions; else that it
 * cannot be asked, as upstream_get() says it.
 */
int version_find(struct upstream *upstream, struct arena *arena,
	const char **ret_version, struct err *err) _must_check_;

/** version_known() - what was found last; GATE_API_VERSION: nothing. */
const char *version_known(void);
/** version_forget() - what was found may have changed: version_find() asks again. */
void version_forget(void);

/**
 * version_choose() - of what an engine says of itself
 * @answer: its answer to GET /version
 *
 * Return: 0; -EPROTONOSUPPORT.
 */
int version_choose(const struct gate_fact *answer, const char **ret_version,
	struct err *err) _must_check_;

#endif
