/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the engine: heads made from nothing, and gate's own questions. */
#ifndef SEAWALL_GATE_SERVE_UPSTREAM_H
#define SEAWALL_GATE_SERVE_UPSTREAM_H

#include "common/arena.h"
#include "common/err.h"
#include "gate/filter.h"
#include "gate/serve/head.h"

enum {
	UPSTREAM_MAX_ANSWER = 4 * 1024 * 1024,
	UPSTREAM_TIMEOUT_MS = 30 * 1000,
};

/**
 * upstream_head() - the head of a request that was allowed
 * @framing, @length: of the body that will follow
 *
 * One request a connection: "Connection: close", for hijacks "Upgrade, close", so that
 * an engine that does not switch closes instead of reading on (it would take the
 * caller's next bytes for a request).
 * Return: the text in @arena; NULL: out of memory, or a value that cannot stand in a
 * head.
 */
char *upstream_head(struct arena *arena, const struct gate_forward *forward,
	enum framing_kind framing, uint64_t length);

/**
 * struct upstream - where upstream_get() asks
 * @socket_path: the engine's socket; NULL: connections come from the broker
 * @broker:      a descriptor
 * @max_bytes:   of an answer's body; 0: UPSTREAM_MAX_ANSWER
 */
struct upstream {
	const char *socket_path;
	int broker;
	size_t max_bytes;
};

/**
 * upstream_get() - gate_engine.get; @context is a struct upstream
 *
 * Without libcurl: gate runs as root and setuid, and what libcurl links is much.
 * Not for threads. -ECONNREFUSED and -ENOENT as connect(2) says them.
 */
int upstream_get(void *context, const char *path, struct arena *arena,
	struct gate_fact *ret_fact, struct err *err) _must_check_;

/**
 * upstream_ask() - a request of gate's own
 * @forward: method, path, and JSON in @body if there is one
 * @enough:  bytes of the answer's body that will do; 0: all of it
 *
 * Return: 0 whatever the status is.
 */
int upstream_ask(const struct upstream *upstream, const struct gate_forward *forward,
	size_t enough, struct arena *arena, struct gate_fact *ret_fact, struct err *err)
	_must_check_;

/**
 * upstream_look() - gate_engine.look: POST containers/create, GET its archives, DELETE
 *
 * A container that cannot be removed is an error. Where gate itself is killed in
 * between one is left: it never ran, and has the label seawall.look.
 */
int upstream_look(void *context, const char *api, struct gate_looked *image,
	struct gate_glimpse *glimpses, size_t n, struct arena *arena, struct err *err)
	_must_check_;

/**
 * upstream_delete() - the same for DELETE @path; the answer's body is of no interest
 *
 * Return: 0 when the engine says that it is done (2xx).
 */
int upstream_delete(struct upstream *upstream, const char *path, struct arena *arena,
	struct err *err) _must_check_;

/**
 * upstream_read_head() - receive and read the head of an answer
 * @buffer:   of HEAD_MAX_BYTES
 * @ret_have: bytes in the buffer, and @ret_len how many of them are the head
 *
 * Interim answers (1xx but 101) are skipped.
 */
int upstream_read_head(int fd, struct arena *arena, char *buffer, bool to_head,
	int64_t deadline, struct answer_head *ret_head, size_t *ret_have,
	size_t *ret_len, struct err *err) _must_check_;

#endif
