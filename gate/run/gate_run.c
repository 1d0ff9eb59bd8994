/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate-run, setuid root: what `gate run` starts. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "common/cleanup.h"
#include "gate/caller.h"
#include "gate/commands.h"
#include "gate/inputs.h"
#include "gate/run/authenticate.h"
#include "gate/run/launch.h"
#include "gate/run/private.h"
#include "gate/run/request.h"
#include "gate/run/stamp.h"
#include "gate/serve/peer.h"
#include "gate/serve/trusted.h"

/*
 * Theory of operation. A program of its own, so that nothing else of gate is setuid. In
 * order: make the process clean (descriptors, environment, limits, dumps); read the
 * command line; look the real uid up; read the policy, which root alone may write; find
 * the grant, and in it the profile to elevate to; authenticate; note it in the audit
 * trail; serve a private socket by that profile; run the command as the caller. Nothing
 * but the socket is lent: the command has the caller's ids and groups.
 */

extern char **environ;

enum { ARENA_BYTES = 8 * 1024 * 1024 };

#define SEALED_ENGINE "/run/seawall/engine.sock"
#define OPEN_ENGINE   "/run/docker.sock"

static const char help_text[] =
	"Usage: gate run [--reason TEXT] [--] COMMAND [ARGUMENT...]\n"
	"       gate run --forget\n"
	"\n"
	"Runs COMMAND as you, with DOCKER_HOST at a socket that is filtered by the\n"
	"profile that policy lets you be elevated to. Asks who you are first, unless\n"
	"you proved it on this terminal within the last five minutes.\n"
	"\n"
	"  --reason TEXT  noted in the audit trail\n"
	"  --forget       the next time, ask again\n";

struct run {
	uid_t uid;
	gid_t gid;
	mode_t mask;
	struct arena arena;
	char **environment; /* the caller's; a borrowed array */
	struct request request;
	struct gate_caller caller;
	const char *shell;
	struct trusted file;
	struct policy *policy;
	const struct grant *grant;
	struct trail trail;
	struct trail_caller who;
	struct stamp_place place;
};

/*
 * Standard descriptors exist, and no others; signals do what they always do; what is
 * dumped holds no password.
 */
static int clean_process(struct run *run, struct err *err)
{
	static char *none[] = {NULL};
	const struct itimerval none_set = {0};
	const struct rlimit no_core = {0, 0};
	sigset_t no_signals;
	struct stat st;

	for (int fd = 0; fd <= 2; fd++) {
		/* open() takes the lowest number: the one that is missing. */
		if (fstat(fd, &st) < 0 && open("/dev/null", O_RDWR) != fd)
			return err_set(
				err, -EBADF, "standard descriptors cannot be opened");
	}
	if (close_range(3, ~0U, 0) < 0)
		return err_errno(err, -errno, "close descriptors");
	run->environment = environ;
	environ = none;
	run->mask = umask(022);
	(void)setitimer(ITIMER_REAL, &none_set, NULL);
	(void)setitimer(ITIMER_VIRTUAL, &none_set, NULL);
	(void)setitimer(ITIMER_PROF, &none_set, NULL);
	for (int signal_ = 1; signal_ < NSIG; signal_++)
		(void)signal(signal_, SIG_DFL);
	sigemptyset(&no_signals);
	(void)sigprocmask(SIG_SETMASK, &no_signals, NULL);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		setrlimit(RLIMIT_CORE, &no_core) < 0)
		return err_errno(err, -errno, "forbid core dumps");
	return 0;
}

/* From here on the caller cannot signal us, nor change our limits. */
static int become_root(struct run *run, struct err *err)
{
	run->uid = getuid();
	run->gid = getgid();
	if (geteuid() != 0)
		return err_set(err, -EPERM,
			"run: gate-run is not setuid root: chown root and chmod 4755 "
			"it");
	if (setresuid(0, 0, 0) < 0 || setresgid(run->gid, run->gid, run->gid) < 0)
		return err_errno(err, -errno, "become root");
	return 0;
}

static int find_caller(struct run *run, struct err *err)
{
	struct passwd passwd, *found = NULL;
	char *buffer;

	int rc = caller_from_uid(run->uid, &run->arena, &run->caller, err);
	if (rc < 0)
		return rc;
	if (!run->caller.user.name)
		return err_set(err, -ENOENT, "run: uid %u has no name", run->uid);
	buffer = arena_alloc(&run->arena, 64 * 1024);
	if (buffer && getpwuid_r(run->uid, &passwd, buffer, 64 * 1024, &found) == 0 &&
		found)
		run->shell = passwd.pw_shell;
	run->who = (struct trail_caller){.uid = run->uid,
		.login_uid = UINT32_MAX,
		.pid = getpid(),
		.user = run->caller.user.name};
	return 0;
}

/* One line: the command with its arguments, cut by the trail where it is too long. */
static const char *command_text(struct run *run)
{
	const char *text = "";

	for (char **word = run->request.command; text && *word; word++) {
		if (strlen(text) > 2048)
			break;
		text = arena_printf(
			&run->arena, "%s%s%.2048s", text, text[0] ? " " : "", *word);
	}
	return text;
}

static int note(struct run *run, const char *decision, const char *rule,
	const char *reason, struct err *err)
{
	const struct trail_entry entry = {
		.decision = decision,
		.method = "RUN",
		.route = "gate run",
		.object = command_text(run),
		.rule = rule,
		.reason = reason,
		.note = run->request.reason,
	};
	int rc = trail_write(&run->trail, &run->who, &entry, err);

	return rc < 0 ? err_wrap(err, "audit trail") : 0;
}

/* What is refused is noted, too; that it could not be noted changes nothing. */
static int refuse(struct run *run, const char *rule, struct err *err)
{
	struct err ignored = {0};

	(void)!note(run, "deny", rule, err->text, &ignored);
	return err->code;
}

static int find_grant(struct run *run, struct err *err)
{
	int rc = trusted_load(&run->file, &run->policy, err);

	if (rc < 0)
		return refuse(run, "run-policy", err);
	run->grant = policy_grant(run->policy, &run->caller.user);
	if (!run->grant || !run->grant->elevate) {
		err_set(err, -EACCES, "run: policy lets %s elevate to no profile",
			run->caller.user.name);
		return refuse(run, "run-no-grant", err);
	}
	run->who.profile = run->grant->elevate->name;
	return 0;
}

/* What is decided is noted, whatever signals the terminal sends meanwhile: those that
 * come at a prompt cancel, see authenticate.c, the others wait. */
static int prove(struct run *run, struct err *err)
{
	bool known = stamp_is_fresh(&run->place);
	sigset_t all, before;

	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	int rc = authenticate(run->caller.user.name, known, err);
	if (rc < 0)
		rc = refuse(run, "run-authentication", err);
	else if (!known)
		rc = stamp_set(&run->place, err);
	if (rc == 0)
		rc = note(run, "allow", "run-elevate", "elevated", err);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static int run_command(struct run *run, struct err *err)
{
	const struct request_identity identity = {.user = run->caller.user.name,
		.home = run->caller.home,
		.shell = run->shell};
	struct private_socket socket;
	const char *engine =
		access(SEALED_ENGINE, F_OK) == 0 ? SEALED_ENGINE : OPEN_ENGINE;

	int rc = private_open(run->uid, run->policy, engine, &run->trail, &socket, err);
	if (rc < 0)
		return rc;
	char **environment = request_environment(run->environment, &identity,
		arena_printf(&run->arena, "unix://%s", socket.path), &run->arena);
	(void)umask(run->mask);
	if (environment)
		rc = launch_run(
			run->uid, run->gid, run->request.command, environment, err);
	else
		rc = err_set(err, -ENOMEM, "out of memory");
	private_close(&socket);
	return rc;
}

static int go(struct run *run, int argc, char *argv[], struct err *err)
{
	int rc = clean_process(run, err);

	if (rc == 0)
		rc = request_parse(argc, argv, &run->request, err);
	if (rc == 0 && run->request.help) {
		(void)fputs(help_text, stdout);
		return fflush(stdout) == 0 ? STATUS_OK : STATUS_ERROR;
	}
	if (rc == 0)
		rc = become_root(run, err);
	if (rc == 0)
		rc = find_caller(run, err);
	if (rc == 0)
		rc = stamp_find_place(run->uid, &run->place, err);
	if (rc == 0 && run->request.forget)
		return stamp_remove(&run->place, err);
	if (rc == 0)
		rc = trail_open("auto", &run->trail, err);
	if (rc == 0)
		rc = find_grant(run, err);
	if (rc == 0)
		rc = prove(run, err);
	return rc < 0 ? rc : run_command(run, err);
}

int main(int argc, char *argv[])
{
	static struct run run = {.file = {.path = POLICY_DEFAULT_PATH}};
	struct err err = {0};

	arena_init(&run.arena, ARENA_BYTES);
	int status = go(&run, argc, argv, &err);
	if (status < 0) {
		gate_say(err.text);
		status = status == -EACCES ? STATUS_DENIED : STATUS_ERROR;
	}
	policy_free(run.policy);
	arena_done(&run.arena);
	return status;
}
