/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection: who is it, then two processes, one confined. */
#include "gate/serve/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "gate/caller.h"
#include "gate/inputs.h"
#include "gate/serve/broker.h"
#include "gate/serve/exchange.h"
#include "gate/serve/peer.h"
#include "gate/serve/reply.h"

enum {
	CALLER_BYTES = 4 * 1024 * 1024,
	/* Where the worker has its two descriptors. */
	WORKER_CLIENT = 3,
	WORKER_BROKER = 4,
};

static int die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		return -ESRCH;
	return 0;
}

/* Nothing stays open but the caller's socket and the one to the broker. */
static int arrange_descriptors(int client, int broker)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* Out of the way first, as each may be where another has to go. */
	int high_client = fcntl(client, F_DUPFD_CLOEXEC, 16);
	int high_broker = fcntl(broker, F_DUPFD_CLOEXEC, 16);

	if (null < 0 || high_client < 0 || high_broker < 0)
		return -errno;
	for (int fd = 0; fd <= 2; fd++) {
		if (dup2(null, fd) < 0)
			return -errno;
	}
	if (dup2(high_client, WORKER_CLIENT) < 0 ||
		dup2(high_broker, WORKER_BROKER) < 0 ||
		close_range(WORKER_BROKER + 1, ~0U, 0) < 0)
		return -errno;
	return 0;
}

static _Noreturn void run_worker(int client, int broker, pid_t parent,
	const struct session_setup *setup, const struct gate_caller *caller,
	const struct profile *profile)
{
	const struct exchange_setup exchange = {
		.context = {.policy = setup->policy,
			.profile = profile,
			.caller = caller},
		.client = WORKER_CLIENT,
		.broker = WORKER_BROKER,
		.generation = setup->generation,
		.born = setup->born,
	};
	struct err err = {0};

	if (die_with_parent(parent) < 0)
		_exit(1);
	if (arrange_descriptors(client, broker) < 0 ||
		confine(setup->confinement, &err) < 0)
		_exit(2);
	exchange_run(&exchange);
	_exit(0);
}

static int wait_for_worker(pid_t worker)
{
	char text[64];
	int status = 0;

	while (waitpid(worker, &status, 0) < 0) {
		if (errno != EINTR)
			return 1;
	}
	if (WIFSIGNALED(status)) {
		(void)snprintf(text, sizeof(text),
			"a connection's process was ended by signal %d",
			WTERMSIG(status));
		gate_say(text);
		return 1;
	}
	if (WEXITSTATUS(status) == 2)
		gate_say(
			"a connection's process could not be confined: it did nothing");
	return WEXITSTATUS(status) ? 1 : 0;
}

static int run_both(int client, const struct session_setup *setup,
	const struct gate_caller *caller, const struct trail_caller *who,
	const struct profile *profile, struct err *err)
{
	struct broker broker = {.engine_path = setup->engine_path,
		.trail = setup->trail,
		.caller = who};
	int pair[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, -errno, "make a pair of sockets");
	pid_t worker = fork();
	if (worker == 0) {
		(void)close(pair[0]);
		run_worker(client, pair[1], parent, setup, caller, profile);
	}
	(void)close(pair[1]);
	(void)close(client);
	if (worker < 0) {
		(void)close(pair[0]);
		return err_errno(err, -errno, "start a process");
	}
	broker_serve(pair[0], &broker);
	(void)close(pair[0]);
	return wait_for_worker(worker);
}

/* Refused with a reason; whoever cannot be identified gets nothing else. */
static int turn_away(int client, const char *reason, struct arena *arena)
{
	gate_say(reason);
	if (reply_refuse(client, arena, 503,
		    "gate cannot find out who you are; its log says why", false) == 0)
		reply_linger(client);
	return 1;
}

int session_run(int client, const struct session_setup *setup)
{
	struct gate_caller caller;
	struct trail_caller who;
	struct arena arena;
	struct err err = {0};

	arena_init(&arena, CALLER_BYTES);
	if (peer_identify(client, &who, &err) < 0 ||
		caller_from_uid(who.uid, &arena, &caller, &err) < 0)
		return turn_away(client, err.text, &arena);
	const struct grant *grant = policy_grant(setup->policy, &caller.user);
	const struct profile *profile = NULL;
	if (grant)
		profile = setup->elevated ? grant->elevate : grant->profile;
	who.user = caller.user.name;
	who.profile = profile ? profile->name : NULL;
	int rc = run_both(client, setup, &caller, &who, profile, &err);
	if (rc < 0)
		gate_say(err.text);
	arena_done(&arena);
	return rc == 0 ? 0 : 1;
}
