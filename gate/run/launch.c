/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command as the caller, and the wait for it. */
#include "gate/run/launch.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "gate/inputs.h"
#include "gate/run/request.h"

int launch_seal_ids(uid_t uid, gid_t gid, struct err *err)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	/* "No change" to the calls below. */
	if (uid == (uid_t)-1 || gid == (gid_t)-1)
		return err_set(err, -EINVAL, "4294967295 is no id");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_errno(err, -errno, "become uid %u", uid);
	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0 || r != uid ||
		e != uid || s != uid || rg != gid || eg != gid || sg != gid)
		return err_set(err, -EPERM, "uid %u was not taken on", uid);
	if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0 || setresuid(0, 0, 0) == 0))
		return err_set(err, -EPERM, "root's uid can be had again");
	return 0;
}

/* execve(2) of each place; no shell, also not for a file without a magic number. */
static void try_all(char *const arguments[], char *const environment[])
{
	static const char places[] = REQUEST_PATH;
	const char *name = arguments[0], *at = places;
	int worst = ENOENT;

	if (strchr(name, '/')) {
		(void)execve(name, arguments, environment);
		return;
	}
	while (*at) {
		char path[PATH_MAX];
		size_t len = strcspn(at, ":");
		int n = snprintf(path, sizeof(path), "%.*s/%s", (int)len, at, name);

		if (n > 0 && (size_t)n < sizeof(path)) {
			(void)execve(path, arguments, environment);
			if (errno != ENOENT && errno != ENOTDIR)
				worst = errno;
		}
		at += len + (at[len] == ':' ? 1 : 0);
	}
	errno = worst;
}

static _Noreturn void become_command(uid_t uid, gid_t gid, char *const arguments[],
	char *const environment[], const sigset_t *mask)
{
	struct err err = {0};

	if (launch_seal_ids(uid, gid, &err) < 0 || close_range(3, ~0U, 0) < 0) {
		gate_say(err.text);
		_exit(LAUNCH_NOT_RUN);
	}
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	try_all(arguments, environment);
	int code = errno;
	err_errno(&err, -code, "run '%s'", arguments[0]);
	gate_say(err.text);
	_exit(code == ENOENT ? LAUNCH_NOT_FOUND : LAUNCH_NOT_RUN);
}

/* Whether the command has ended; when it stopped, stop until we are to go on. */
static bool has_ended(pid_t child, int *ret_status)
{
	int status;
	pid_t got;

	while ((got = waitpid(child, &status, WNOHANG | WUNTRACED)) == child) {
		if (WIFSTOPPED(status)) {
			(void)kill(getpid(), SIGSTOP);
			(void)kill(child, SIGCONT);
			continue;
		}
		*ret_status = status;
		return true;
	}
	if (got < 0 && errno != EINTR) {
		*ret_status = LAUNCH_NOT_RUN << 8;
		return true;
	}
	return false;
}

static int wait_for(pid_t child, const sigset_t *signals)
{
	int status = 0;

	while (!has_ended(child, &status)) {
		siginfo_t info;
		int signal = sigwaitinfo(signals, &info);

		/* The terminal's go to the whole group, the command included. */
		if (signal > 0 && signal != SIGCHLD && info.si_code <= 0)
			(void)kill(child, signal);
	}
	if (WIFSIGNALED(status))
		return LAUNCH_SIGNALLED + WTERMSIG(status);
	return WEXITSTATUS(status);
}

int launch_run(uid_t uid, gid_t gid, char *const arguments[], char *const environment[],
	struct err *err)
{
	static const int kinds[] = {
		SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGUSR1, SIGUSR2};
	sigset_t signals, before;

	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		(void)signal(kinds[i], SIG_DFL);
		sigaddset(&signals, kinds[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	/* Whoever started us may have blocked some: the command starts without. */
	sigemptyset(&before);
	pid_t child = fork();
	if (child == 0)
		become_command(uid, gid, arguments, environment, &before);
	if (child < 0)
		return err_errno(err, -errno, "start a process");
	return wait_for(child, &signals);
}
