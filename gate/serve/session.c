/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two processes of a connection: one confined, and one that knows who it is. */
#include "gate/serve/session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "gate/caller.h"
#include "gate/inputs.h"
#include "gate/serve/broker.h"
#include "gate/serve/exchange.h"
#include "gate/serve/pass.h"
#include "gate/serve/peer.h"
#include "gate/serve/reply.h"
#include "gate/serve/ticket.h"

enum { CALLER_BYTES = 8 * 1024 * 1024 };

/* Nothing stays open but the socket to the broker. */
static int arrange_descriptors(int broker)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = 0; fd <= 2; fd++) {
		if (dup2(null, fd) < 0)
			return -errno;
	}
	if (dup2(broker, CONFINE_BROKER) < 0 ||
		close_range(CONFINE_BROKER + 1, ~0U, 0) < 0)
		return -errno;
	return 0;
}

int session_work(int broker, pid_t parent, const struct session_setup *setup)
{
	static struct gate_caller caller;
	struct exchange_setup exchange = {
		.context = {.policy = setup->policy, .caller = &caller},
		.broker = CONFINE_BROKER,
		.generation = setup->generation,
		.born = setup->born,
	};
	struct arena arena;
	struct err err = {0};

	if (arrange_descriptors(broker) < 0 ||
		confine(setup->confinement, parent, &err) < 0)
		return SESSION_UNCONFINED;
	exchange_rehearse(&exchange);
	arena_init(&arena, CALLER_BYTES);
	exchange.client = ticket_receive(CONFINE_BROKER, setup->policy, &arena, &caller,
		&exchange.context.profile, &err);
	if (exchange.client < 0)
		return 1;
	exchange_run(&exchange);
	return 0;
}

/* Refused with a reason; whoever cannot be identified gets nothing else. */
static void turn_away(int client, const char *reason, struct arena *arena)
{
	gate_say(reason);
	if (reply_refuse(client, arena, 503,
		    "gate cannot find out who you are; its log says why", false) == 0)
		reply_linger(client);
}

/* Who @client is; he then is the worker's. */
static int introduce(int client, int worker, const struct session_setup *setup,
	struct arena *arena, struct trail_caller *who, struct gate_caller *caller,
	struct err *err)
{
	const struct profile *profile = NULL;
	int rc = peer_identify(client, who, err);

	if (rc == 0)
		rc = caller_from_uid(who->uid, arena, caller, err);
	if (rc < 0)
		return rc;
	const struct grant *grant = policy_grant(setup->policy, &caller->user);
	if (grant)
		profile = setup->elevated ? grant->elevate : grant->profile;
	who->user = caller->user.name;
	who->profile = profile ? profile->name : NULL;
	return ticket_send(worker, client, caller, setup->policy, profile, err);
}

static void serve_client(int client, int worker, const struct session_setup *setup)
{
	struct trail_caller who;
	struct gate_caller caller;
	const struct broker broker = {.engine_path = setup->engine_path,
		.trail = setup->trail,
		.caller = &who,
		.user = &caller};
	struct arena arena;
	struct err err = {0};

	arena_init(&arena, CALLER_BYTES);
	int rc = introduce(client, worker, setup, &arena, &who, &caller, &err);
	if (rc < 0)
		turn_away(client, err.text, &arena);
	/* It would stay open for him when the worker is through. */
	(void)close(client);
	if (rc == 0)
		broker_serve(worker, &broker);
	arena_done(&arena);
}

void session_rehearse(void)
{
	struct gate_caller caller;
	struct arena arena;
	struct err err;

	arena_init(&arena, CALLER_BYTES);
	/* If it fails, it fails for each caller, too, who is then refused. */
	(void)!caller_from_uid(0, &arena, &caller, &err);
	arena_done(&arena);
	trail_rehearse();
}

/* What comes next; -1: nothing does. */
static int receive(int hand)
{
	char mark;
	int fd = -1;

	return pass_receive(hand, &mark, sizeof(mark), &fd) == 1 ? fd : -1;
}

int session_broker(int hand, const struct session_setup *setup)
{
	session_rehearse();
	for (;;) {
		_cleanup_(cleanup_close) int worker = receive(hand);
		if (worker < 0)
			return 0;
		int client = receive(hand);
		if (client < 0)
			return 0;
		serve_client(client, worker, setup);
		(void)close(TAKE_FD(worker));
		if (pass_send(hand, "", 1, -1) < 0)
			return 0;
	}
}
