/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket that only one command's user can connect to, and who serves it. */
#include "gate/run/private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "gate/inputs.h"
#include "gate/parent.h"
#include "gate/serve/listen.h"
#include "gate/serve/pool.h"
#include "gate/serve/seen.h"
#include "gate/serve/version.h"

enum { LOOK_US = 10 * 1000 };

static void take_caller(
	int listener, uid_t uid, struct pool *pool, const struct session_setup *setup)
{
	_cleanup_(cleanup_close) int client =
		accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct err err = {0};

	if (client < 0 ||
		getsockopt(client, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ||
		cred.uid != uid)
		return;
	if (pool_give(pool, client, uid, setup, &err) < 0)
		gate_say(err.text);
	else
		pool_fill(pool, setup);
}

static _Noreturn void serve(int listener, uid_t uid, struct session_setup *setup)
{
	static struct confinement confinement;
	static struct pool pool;
	struct err err = {0};

	void *shared = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || confinement_give_up_bounds(&err) < 0 ||
		confinement_prepare(&confinement, &err) < 0 ||
		version_prepare(&err) < 0 || seen_prepare(&err) < 0)
		_exit(1);
	setup->generation = shared;
	setup->born = 0;
	setup->confinement = &confinement;
	for (;;) {
		(void)pool_reap(&pool);
		/* One more only when there is room: else wait for one to end. */
		while (pool_sessions(&pool, NULL) >= ROOM_USER) {
			(void)usleep(LOOK_US);
			(void)pool_reap(&pool);
		}
		take_caller(listener, uid, &pool, setup);
	}
}

/* Away from the caller's terminal, whose signals would end connections. */
static _Noreturn void become_server(
	int listener, uid_t uid, pid_t parent, struct session_setup *setup)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (setsid() < 0 || setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 ||
		setresuid(0, 0, 0) < 0 || parent_die_with(parent) < 0 || null < 0 ||
		dup2(null, 0) < 0 || dup2(null, 1) < 0 || chdir("/") < 0)
		_exit(1);
	/* Standard error stays: what is wrong with a connection is said there. */
	int at = dup3(listener, 3, O_CLOEXEC);
	if ((listener != 3 && at < 0) || close_range(4, ~0U, 0) < 0)
		_exit(1);
	serve(3, uid, setup);
}

int private_open(uid_t uid, const struct policy *policy, const char *engine,
	const struct trail *trail, struct private_socket *ret_socket, struct err *err)
{
	struct session_setup setup = {.policy = policy,
		.engine_path = engine,
		.trail = trail,
		.elevated = true};
	struct private_socket socket = {0};
	pid_t parent = getpid();

	int rc = folder_make(&socket.folder, err);
	if (rc < 0)
		return rc;
	(void)snprintf(socket.path, sizeof(socket.path), "%s/%s", socket.folder.path,
		FOLDER_SOCKET);
	_cleanup_(cleanup_close) int listener = listen_at(socket.path, 0600, NULL, err);
	if (listener < 0) {
		folder_remove(&socket.folder);
		return listener;
	}
	if (chown(socket.path, uid, (gid_t)-1) < 0) {
		rc = err_errno(err, -errno, "chown '%s'", socket.path);
		folder_remove(&socket.folder);
		return rc;
	}
	socket.server = fork();
	if (socket.server == 0)
		become_server(listener, uid, parent, &setup);
	if (socket.server < 0) {
		rc = err_errno(err, -errno, "start a process");
		folder_remove(&socket.folder);
		return rc;
	}
	*ret_socket = socket;
	return 0;
}

void private_close(struct private_socket *socket)
{
	if (socket->server > 0) {
		/* It leads a session and a group: all that it started is in them. */
		(void)kill(-socket->server, SIGKILL);
		(void)kill(socket->server, SIGKILL);
		(void)waitpid(socket->server, NULL, 0);
	}
	socket->server = 0;
	folder_remove(&socket->folder);
}
