/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes that serve connections, and those that wait for one. */
#ifndef SEAWALL_GATE_SERVE_POOL_H
#define SEAWALL_GATE_SERVE_POOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"
#include "gate/serve/room.h"
#include "gate/serve/session.h"

/*
 * Theory of operation. A connection has two processes (session.h). Its worker, which
 * reads what the caller sends, is made for that connection and ends with it. It comes
 * straight from the process that has the pool and never read anything of any caller.
 * Its broker may go on to another connection, with another worker. To make a worker and
 * confine it takes longer than most requests, so it is done ahead: a spare is a broker
 * with a worker that waits. All have the policy of when they were made: whoever loads
 * another must drop them.
 */

enum {
	SPARE_MAX = 2,
	IDLE_MAX = 8, /* brokers without a worker */
	POOL_MAX = ROOM_ALL + SPARE_MAX + IDLE_MAX,
};

/** enum pool_state - of a broker; a session is what is not spare or idle. */
enum pool_state {
	POOL_IDLE,   /* without a worker */
	POOL_SPARE,  /* with one */
	POOL_BUSY,   /* both serve a caller */
	POOL_ENDING, /* its worker has ended, and it is not through yet */
};

/** struct pool - all zero: nobody. */
struct pool {
	struct pool_entry {
		enum pool_state state;
		bool is_stale; /* of an old policy */
		pid_t broker, worker;
		int hand; /* session_broker()'s other end */
		uid_t uid;
		uint64_t age; /* of a spare: the smaller, the longer it is there */
	} list[POOL_MAX];
	size_t count;
	uint64_t clock;
};

/** pool_fill() - make as many spares as there may be; fewer when processes run out. */
void pool_fill(struct pool *pool, const struct session_setup *setup);

/**
 * pool_give() - a connection of @uid's to a spare, or where there is none to a new one
 * @client: stays open here
 *
 * Return: 0; negative errno: nobody serves it.
 */
int pool_give(struct pool *pool, int client, uid_t uid,
	const struct session_setup *setup, struct err *err) _must_check_;

/**
 * pool_reap() - learn which processes have ended, of which the caller has no others,
 * and which brokers are through
 *
 * A worker that did not end by itself is told of. Return: whether a spare has ended
 * that served nobody: others would end as it did.
 */
bool pool_reap(struct pool *pool);

/** pool_count() - how many are in @state. */
size_t pool_count(const struct pool *pool, enum pool_state state);
/** pool_sessions() - how many there are; of @uid's alone, unless it is NULL. */
size_t pool_sessions(const struct pool *pool, const uid_t *uid);
/** pool_drop() - end whoever serves nobody; the others end with their connection. */
void pool_drop(struct pool *pool);

#endif
