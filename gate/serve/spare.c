/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that are there, and confined, before somebody connects. */
#include "gate/serve/spare.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "gate/parent.h"
#include "gate/serve/pass.h"

/* What other spares, listening sockets and callers are open for is not ours. */
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

static _Noreturn void become_spare(
	int hand, pid_t parent, const struct session_setup *setup)
{
	const struct trail *trail = setup->trail;
	sigset_t none;

	sigemptyset(&none);
	if (parent_die_with(parent) < 0 ||
		keep_only(hand, trail->kind == TRAIL_FD ? trail->fd : -1) < 0 ||
		sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		_exit(1);
	_exit(session_run(hand, setup));
}

static int make(
	struct spare *ret_spare, const struct session_setup *setup, struct err *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, -errno, "make a pair of sockets");
	pid_t pid = fork();
	if (pid == 0)
		become_spare(pair[1], parent, setup);
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		return err_errno(err, -errno, "start a process");
	}
	*ret_spare = (struct spare){.pid = pid, .fd = pair[0]};
	return 0;
}

/* Ended and waited for, so that its number does not come up as a session's. */
static void end(struct spare spare)
{
	(void)close(spare.fd);
	(void)kill(spare.pid, SIGKILL);
	while (waitpid(spare.pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static struct spare take(struct spares *spares, size_t i)
{
	struct spare spare = spares->list[i];

	spares->count--;
	memmove(&spares->list[i], &spares->list[i + 1],
		(spares->count - i) * sizeof(spare));
	return spare;
}

void spares_fill(struct spares *spares, const struct session_setup *setup)
{
	struct err err;

	while (spares->count < SPARE_MAX &&
		make(&spares->list[spares->count], setup, &err) == 0)
		spares->count++;
}

pid_t spares_give(struct spares *spares, int client, const struct session_setup *setup,
	struct err *err)
{
	struct spare spare;
	int rc;

	while (spares->count > 0) {
		/* The oldest has had the most time to get ready. */
		spare = take(spares, 0);
		if (pass_send(spare.fd, "", 1, client) == 0) {
			(void)close(spare.fd);
			return spare.pid;
		}
		end(spare);
	}
	rc = make(&spare, setup, err);
	if (rc < 0)
		return rc;
	rc = pass_send(spare.fd, "", 1, client);
	if (rc < 0) {
		end(spare);
		return err_errno(err, rc, "hand over a connection");
	}
	(void)close(spare.fd);
	return spare.pid;
}

bool spares_forget(struct spares *spares, pid_t pid)
{
	for (size_t i = 0; i < spares->count; i++) {
		if (spares->list[i].pid == pid) {
			(void)close(take(spares, i).fd);
			return true;
		}
	}
	return false;
}

void spares_drop(struct spares *spares)
{
	while (spares->count > 0)
		end(take(spares, 0));
}
