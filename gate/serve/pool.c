/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes that serve connections, and those that wait for one. */
#include "gate/serve/pool.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "gate/inputs.h"
#include "gate/parent.h"
#include "gate/serve/pass.h"

/* What other processes, listening sockets and callers are open for is not ours. */
static int keep_only(int a, int b)
{
	const int keep[] = {a < b ? a : b, a < b ? b : a};
	int next = STDERR_FILENO + 1;

	for (size_t i = 0; i < ARRAY_LEN(keep); i++) {
		if (keep[i] < next)
			continue;
		if (keep[i] > next && close_range((unsigned int)next,
					      (unsigned int)keep[i] - 1, 0) < 0)
			return -errno;
		next = keep[i] + 1;
	}
	return close_range((unsigned int)next, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void become_broker(
	int hand, pid_t parent, const struct session_setup *setup)
{
	const struct trail *trail = setup->trail;
	sigset_t none;

	sigemptyset(&none);
	if (parent_die_with(parent) < 0 ||
		keep_only(hand, trail->kind == TRAIL_FD ? trail->fd : -1) < 0 ||
		sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		_exit(1);
	_exit(session_broker(hand, setup));
}

static _Noreturn void become_worker(
	int broker, pid_t parent, const struct session_setup *setup)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(session_work(broker, parent, setup));
}

/* A child with one end of a pair of sockets; the other end is ours. */
static int make(void (*become)(int, pid_t, const struct session_setup *),
	const struct session_setup *setup, pid_t *ret_pid, struct err *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, -errno, "make a pair of sockets");
	pid_t pid = fork();
	if (pid == 0)
		become(pair[1], parent, setup);
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		return err_errno(err, -errno, "start a process");
	}
	*ret_pid = pid;
	return pair[0];
}

/* The place of the last is then its own. */
static void forget(struct pool *pool, struct pool_entry *entry)
{
	(void)close(entry->hand);
	*entry = pool->list[--pool->count];
}

/*
 * The broker, at once, and waited for, so that its number does not come up as
 * another's. Its worker meets the end of their sockets.
 */
static void end(struct pool *pool, struct pool_entry *entry)
{
	pid_t broker = entry->broker;

	forget(pool, entry);
	(void)kill(broker, SIGKILL);
	while (waitpid(broker, NULL, 0) < 0 && errno == EINTR)
		;
}

/*
 * A worker for a broker that has none; an entry that fails is gone. -EPIPE,
 * -ECONNRESET: the broker was gone already.
 */
static int furnish(struct pool *pool, struct pool_entry *entry,
	const struct session_setup *setup, struct err *err)
{
	_cleanup_(cleanup_close) int worker =
		make(become_worker, setup, &entry->worker, err);
	int rc = worker;

	if (rc >= 0) {
		rc = pass_send(entry->hand, "", 1, worker);
		if (rc < 0)
			(void)err_errno(err, rc, "hand over a process");
	}
	if (rc < 0) {
		end(pool, entry);
		return rc;
	}
	entry->state = POOL_SPARE;
	entry->age = pool->clock++;
	return 0;
}

static struct pool_entry *oldest(struct pool *pool, enum pool_state state)
{
	struct pool_entry *found = NULL;

	for (size_t i = 0; i < pool->count; i++) {
		struct pool_entry *entry = &pool->list[i];

		if (entry->state == state && (!found || entry->age < found->age))
			found = entry;
	}
	return found;
}

size_t pool_count(const struct pool *pool, enum pool_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < pool->count; i++)
		n += pool->list[i].state == state;
	return n;
}

size_t pool_sessions(const struct pool *pool, const uid_t *uid)
{
	size_t n = 0;

	for (size_t i = 0; i < pool->count; i++) {
		const struct pool_entry *entry = &pool->list[i];

		n += (entry->state == POOL_BUSY || entry->state == POOL_ENDING) &&
		     (!uid || entry->uid == *uid);
	}
	return n;
}

/* Brokers that have said that they are through wait for another worker, or end. */
static void collect(struct pool *pool)
{
	size_t idle = pool_count(pool, POOL_IDLE);
	char mark;

	for (size_t i = pool->count; i-- > 0;) {
		struct pool_entry *entry = &pool->list[i];

		if (entry->state != POOL_ENDING ||
			recv(entry->hand, &mark, 1, MSG_DONTWAIT) != 1)
			continue;
		if (entry->is_stale || idle >= IDLE_MAX) {
			end(pool, entry);
			continue;
		}
		entry->state = POOL_IDLE;
		idle++;
	}
}

static int add_spare(
	struct pool *pool, const struct session_setup *setup, struct err *err)
{
	struct pool_entry *entry;
	pid_t broker;

	/* One that has died meanwhile is gone from the list then: the next one. */
	while ((entry = oldest(pool, POOL_IDLE))) {
		int rc = furnish(pool, entry, setup, err);
		if (rc != -EPIPE && rc != -ECONNRESET)
			return rc;
	}
	if (pool->count == POOL_MAX)
		return err_set(err, -EAGAIN, "too many connections");
	int hand = make(become_broker, setup, &broker, err);
	if (hand < 0)
		return hand;
	entry = &pool->list[pool->count++];
	*entry = (struct pool_entry){.broker = broker, .hand = hand};
	return furnish(pool, entry, setup, err);
}

void pool_fill(struct pool *pool, const struct session_setup *setup)
{
	struct err err;

	while (pool_count(pool, POOL_SPARE) < SPARE_MAX &&
		add_spare(pool, setup, &err) == 0)
		;
}

int pool_give(struct pool *pool, int client, uid_t uid,
	const struct session_setup *setup, struct err *err)
{
	for (;;) {
		/* The oldest has had the most time to get ready. */
		struct pool_entry *entry = oldest(pool, POOL_SPARE);
		bool is_new = !entry;

		if (is_new) {
			int rc = add_spare(pool, setup, err);
			if (rc < 0)
				return rc;
			entry = oldest(pool, POOL_SPARE);
		}
		int rc = pass_send(entry->hand, "", 1, client);
		if (rc == 0) {
			entry->state = POOL_BUSY;
			entry->uid = uid;
			return 0;
		}
		end(pool, entry);
		if (is_new)
			return err_errno(err, rc, "hand over a connection");
	}
}

static void tell(int status)
{
	char text[64];

	if (WIFSIGNALED(status)) {
		(void)snprintf(text, sizeof(text),
			"a connection's process was ended by signal %d",
			WTERMSIG(status));
		gate_say(text);
	} else if (WEXITSTATUS(status) == SESSION_UNCONFINED) {
		gate_say(
			"a connection's process could not be confined: it did nothing");
	}
}

/* What became of @pid; true: it served nobody. */
static bool note_end(struct pool *pool, pid_t pid, int status)
{
	for (size_t i = 0; i < pool->count; i++) {
		struct pool_entry *entry = &pool->list[i];
		bool unused = entry->state == POOL_SPARE;

		if (entry->broker == pid) {
			forget(pool, entry);
			return unused;
		}
		if (entry->worker != pid)
			continue;
		tell(status);
		entry->worker = 0;
		if (unused)
			end(pool, entry);
		else
			entry->state = POOL_ENDING;
		return unused;
	}
	return false;
}

bool pool_reap(struct pool *pool)
{
	bool unused = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		unused |= note_end(pool, pid, status);
	collect(pool);
	return unused;
}

void pool_drop(struct pool *pool)
{
	for (size_t i = pool->count; i-- > 0;) {
		struct pool_entry *entry = &pool->list[i];

		if (entry->state == POOL_SPARE || entry->state == POOL_IDLE)
			end(pool, entry);
		else
			entry->is_stale = true;
	}
}
