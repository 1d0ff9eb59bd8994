/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an engine's API answered, as facts. Pure: bytes in, facts out. */
#ifndef SEAWALL_NETMON_COLLECT_ENGINE_PARSE_H
#define SEAWALL_NETMON_COLLECT_ENGINE_PARSE_H

#include <stddef.h>

#include "common/err.h"
#include "netmon/model/facts.h"

/*
 * Theory of operation. Answers are JSON that another program wrote: what is missing or
 * null is absent, what is not known is ignored. A value of a wrong type is a mistake:
 * reading goes on with what can be understood, and the function says so, because a
 * container that was only half understood must not look harmless.
 *
 * All of them return 0; -EINVAL (not the JSON that was asked for; what could be read is
 * there); -E2BIG; -ENOMEM. Strings are copied to facts->arena.
 */

/** engine_parse_version() - GET /version: kind, version, api_version. */
int engine_parse_version(struct facts *facts, struct engine *engine, const char *text,
	size_t len, struct err *err) _must_check_;

/** engine_parse_info() - GET /info: rootless, userns_remap, swarm, firewall, root. */
int engine_parse_info(struct facts *facts, struct engine *engine, const char *text,
	size_t len, struct err *err) _must_check_;

/**
 * engine_parse_containers() - GET /containers/json?all=1
 * @engine: path of its socket; must live as long as @facts
 *
 * Each row with an Id becomes a container that is not inspected.
 */
int engine_parse_containers(struct facts *facts, const char *engine, const char *text,
	size_t len, struct err *err) _must_check_;

/**
 * engine_parse_inspect() - GET /containers/ID/json
 * @container: the list's row; completed. `inspected` is set on success only
 *
 * Ports are the union of what is bound, what was asked for and what the image exposes;
 * only what the engine says is bound has a host port.
 */
int engine_parse_inspect(struct facts *facts, struct container *container,
	const char *text, size_t len, struct err *err) _must_check_;

/** engine_parse_networks() - GET /networks, of Docker or of Podman's compatible API. */
int engine_parse_networks(struct facts *facts, const char *engine, const char *text,
	size_t len, struct err *err) _must_check_;

/** engine_parse_libpod_networks() - GET /libpod/networks/json: tells the bridges. */
int engine_parse_libpod_networks(struct facts *facts, const char *engine,
	const char *text, size_t len, struct err *err) _must_check_;

/**
 * engine_parse_endpoints() - GET /networks/ID of a swarm's gateway network
 *
 * Endpoints that are no container, as the sandbox of the routing mesh, become
 * containers without a process: what is forwarded to their address does not end
 * nowhere.
 */
int engine_parse_endpoints(struct facts *facts, const char *engine, const char *text,
	size_t len, struct err *err) _must_check_;

#endif
