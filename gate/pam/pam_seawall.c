/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pam_seawall: no session has the group docker unless policy approves its user. */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>

#include <fcntl.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "common/cleanup.h"
#include "gate/pam/answer.h"
#include "gate/parent.h"

/*
 * Theory of operation. The group's number comes from the group database. For a user who
 * is not in the group, all is done: PAM_IGNORE. For another one, seawall-approved is
 * asked, a program of its own, because nothing that goes wrong with a policy may end
 * the login service that this module is loaded into. No answer is a refusal.
 *
 *   account  refuses: policy says "refuse"; or the option refuse was given and he is
 *            not approved; or the group is his primary one, which no setgroups(2) takes
 *            away; or something failed.
 *   setcred  takes the group out of the supplementary ones of the process, which the
 *            application has set by then (pam_setcred(3)).
 *   auth     has no opinion, but must be in the stack for setcred to be called.
 *
 * Nothing is written, no signal handler is touched, no memory outlives a call, and the
 * process is never ended.
 */

#define EXPORT __attribute__((visibility("default")))

enum {
	ANSWER_TIME_MS = 10 * 1000,
	MAX_ENTRY_BYTES = 1024 * 1024,
	MAX_GROUPS = 65536, /* NGROUPS_MAX of the kernel */
};

struct options {
	const char *group, *policy, *helper;
	bool refuse, quiet;
};

enum membership { MEMBER_UNKNOWN = 0, MEMBER_NO, MEMBER_SUPPLEMENTARY, MEMBER_PRIMARY };

static int parse(
	pam_handle_t *pamh, int argc, const char *argv[], struct options *options)
{
	*options = (struct options){.group = "docker", .helper = SEAWALL_HELPER};
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "group=", 6) == 0)
			options->group = argv[i] + 6;
		else if (strncmp(argv[i], "policy=", 7) == 0)
			options->policy = argv[i] + 7;
		else if (strncmp(argv[i], "helper=", 7) == 0)
			options->helper = argv[i] + 7;
		else if (strcmp(argv[i], "refuse") == 0)
			options->refuse = true;
		else if (strcmp(argv[i], "quiet") == 0)
			options->quiet = true;
		else {
			pam_syslog(pamh, LOG_ERR, "unknown option %s", argv[i]);
			return PAM_SERVICE_ERR;
		}
	}
	return PAM_SUCCESS;
}

/* 0: *ret_gid is set; -ENOENT: there is no such group; another: it is not known. */
static int find_group(const char *name, gid_t *ret_gid)
{
	int rc = ERANGE;

	for (size_t size = 1024; rc == ERANGE && size <= MAX_ENTRY_BYTES; size *= 4) {
		_cleanup_(cleanup_free) char *buffer = malloc(size);
		struct group group, *found = NULL;

		if (!buffer)
			return -ENOMEM;
		rc = getgrnam_r(name, &group, buffer, size, &found);
		if (found) {
			*ret_gid = group.gr_gid;
			return 0;
		}
	}
	return rc == 0 || rc == ENOENT || rc == ESRCH ? -ENOENT : -rc;
}

/* As find_group(). */
static int find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	int rc = ERANGE;

	for (size_t size = 1024; rc == ERANGE && size <= MAX_ENTRY_BYTES; size *= 4) {
		_cleanup_(cleanup_free) char *buffer = malloc(size);
		struct passwd passwd, *found = NULL;

		if (!buffer)
			return -ENOMEM;
		rc = getpwnam_r(name, &passwd, buffer, size, &found);
		if (found) {
			*ret_uid = passwd.pw_uid;
			*ret_gid = passwd.pw_gid;
			return 0;
		}
	}
	return rc == 0 || rc == ENOENT || rc == ESRCH ? -ENOENT : -rc;
}

static enum membership find_membership(const char *user, gid_t primary, gid_t gid)
{
	if (primary == gid)
		return MEMBER_PRIMARY;
	for (int size = 64; size <= MAX_GROUPS; size *= 4) {
		_cleanup_(cleanup_free) gid_t *gids =
			calloc((size_t)size, sizeof(*gids));
		int n = size;

		if (!gids)
			return MEMBER_UNKNOWN;
		if (getgrouplist(user, primary, gids, &n) < 0)
			continue;
		for (int i = 0; i < n; i++) {
			if (gids[i] == gid)
				return MEMBER_SUPPLEMENTARY;
		}
		return MEMBER_NO;
	}
	return MEMBER_UNKNOWN;
}

/*
 * In the child's child. su(1) and sudo(8) run with the caller's real uid; the program
 * is to be root's altogether, and to end with who waits for it.
 */
static void become_helper(const struct options *options, const char *user, pid_t parent)
{
	static char *const environment[] = {NULL};
	const char *const arguments[] = {options->helper, user, options->policy, NULL};
	sigset_t none;

	/* Not the library's calls: those would signal threads that are not here. */
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		_exit(ANSWER_REFUSE);
	if (parent_die_with(parent) < 0)
		_exit(ANSWER_REFUSE);
	int null_fd = open("/dev/null", O_RDWR);
	for (int fd = 0; fd <= 2; fd++) {
		if (null_fd < 0 || dup2(null_fd, fd) < 0)
			_exit(ANSWER_REFUSE);
	}
	if (syscall(SYS_close_range, 3U, ~0U, 0U) < 0)
		_exit(ANSWER_REFUSE);
	(void)signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execve(options->helper, (char *const *)(uintptr_t)arguments, environment);
	_exit(ANSWER_REFUSE);
}

/* In the child: no memory but this frame is touched. */
static void pass_answer(const struct options *options, const char *user)
{
	pid_t self = getpid();
	int status = 0;

	/* Whoever ignores it would have the kernel reap what is waited for here. */
	(void)signal(SIGCHLD, SIG_DFL);
	long pid = syscall(SYS_clone, (unsigned long)SIGCHLD, 0UL, NULL, NULL, 0UL);
	if (pid == 0)
		become_helper(options, user, self);
	pid_t got;
	do
		got = waitpid((pid_t)pid, &status, 0);
	while (got < 0 && errno == EINTR);
	_exit(pid > 0 && got == (pid_t)pid && WIFEXITED(status) ? WEXITSTATUS(status)
								: ANSWER_REFUSE);
}

static int64_t now_ms(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Wait for the end of the child, or end it. */
static bool wait_for(int pid_fd, int64_t time_ms)
{
	int64_t end = now_ms() + time_ms;

	for (;;) {
		struct pollfd pfd = {.fd = pid_fd, .events = POLLIN};
		int64_t left = end - now_ms();
		int n = left > 0 ? poll(&pfd, 1, (int)left) : 0;

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

/*
 * A child that sends no signal when it ends (exit signal 0): handlers of SIGCHLD that
 * wait for any child, as atd's does, neither see nor reap it. execve(2) would give it
 * that signal back; so it executes nothing, and waits for a child of its own that does.
 */
static int ask(pam_handle_t *pamh, const struct options *options, const char *user)
{
	int pid_fd = -1, status = 0;
	long pid = syscall(SYS_clone, CLONE_PIDFD, 0UL, &pid_fd, 0UL, 0UL);
	pid_t got;

	if (pid == 0)
		pass_answer(options, user);
	if (pid < 0) {
		pam_syslog(pamh, LOG_ERR, "clone: %m");
		return ANSWER_REFUSE;
	}
	if (!wait_for(pid_fd, ANSWER_TIME_MS)) {
		pam_syslog(pamh, LOG_ERR, "%s: no answer", options->helper);
		(void)kill((pid_t)pid, SIGKILL);
	}
	(void)close(pid_fd);
	do
		got = waitpid((pid_t)pid, &status, __WALL);
	while (got < 0 && errno == EINTR);
	if (got != (pid_t)pid || !WIFEXITED(status))
		return ANSWER_REFUSE;
	switch (WEXITSTATUS(status)) {
	case ANSWER_KEEP:
		return ANSWER_KEEP;
	case ANSWER_STRIP:
		return ANSWER_STRIP;
	default:
		return ANSWER_REFUSE;
	}
}

/* What is known of the user of this PAM transaction. */
struct subject {
	const char *user;
	gid_t gid, primary;
	enum membership membership;
};

/* PAM_SUCCESS: look on. PAM_IGNORE: none of our business. Else the answer. */
static int find_subject(
	pam_handle_t *pamh, const struct options *options, struct subject *ret_subject)
{
	struct subject subject = {0};
	const void *item = NULL;
	uid_t uid = 0;

	int rc = pam_get_item(pamh, PAM_USER, &item);
	subject.user = item;
	if (rc != PAM_SUCCESS || !subject.user || !subject.user[0])
		return PAM_USER_UNKNOWN;
	rc = find_user(subject.user, &uid, &subject.primary);
	if (rc == -ENOENT)
		return PAM_USER_UNKNOWN;
	if (rc < 0)
		return PAM_AUTHINFO_UNAVAIL;
	/* Root needs no group; and somebody must be able to mend a policy. */
	if (uid == 0)
		return PAM_IGNORE;
	rc = find_group(options->group, &subject.gid);
	if (rc == -ENOENT)
		return PAM_IGNORE;
	if (rc < 0)
		return PAM_AUTHINFO_UNAVAIL;
	subject.membership =
		find_membership(subject.user, subject.primary, subject.gid);
	*ret_subject = subject;
	return PAM_SUCCESS;
}

EXPORT int pam_sm_authenticate(
	pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_IGNORE;
}

EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct options options;
	struct subject subject;
	int answer = ANSWER_REFUSE;

	if (parse(pamh, argc, argv, &options) != PAM_SUCCESS)
		return PAM_SERVICE_ERR;
	int rc = find_subject(pamh, &options, &subject);
	if (rc != PAM_SUCCESS)
		return rc;
	if (subject.membership == MEMBER_NO)
		return PAM_IGNORE;
	if (subject.membership != MEMBER_UNKNOWN)
		answer = ask(pamh, &options, subject.user);
	if (answer == ANSWER_KEEP)
		return PAM_IGNORE;
	if (answer == ANSWER_STRIP && !options.refuse &&
		subject.membership == MEMBER_SUPPLEMENTARY)
		return PAM_IGNORE;
	pam_syslog(pamh, LOG_NOTICE,
		"refused %s: in group %s (gid %u)%s, and policy does not approve it",
		subject.user, options.group, subject.gid,
		subject.membership == MEMBER_PRIMARY ? " as his primary one" : "");
	if (!options.quiet && !((unsigned int)flags & PAM_SILENT))
		(void)pam_info(pamh,
			"Members of group %s are as good as root; policy does not "
			"approve you as one.",
			options.group);
	return PAM_PERM_DENIED;
}

/* Take @gid out of the supplementary groups: 1 it was there, 0 it was not, -errno. */
static int strip(gid_t gid)
{
	int n = getgroups(0, NULL), kept = 0;

	if (n <= 0)
		return n < 0 ? -errno : 0;
	_cleanup_(cleanup_free) gid_t *gids = calloc((size_t)n, sizeof(*gids));
	if (!gids)
		return -ENOMEM;
	n = getgroups(n, gids);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (gids[i] != gid)
			gids[kept++] = gids[i];
	}
	if (kept == n)
		return 0;
	if (setgroups((size_t)kept, gids) < 0)
		return -errno;
	/* What matters is what the kernel has now. */
	n = getgroups(n, gids);
	for (int i = 0; i < n; i++) {
		if (gids[i] == gid)
			return -EPERM;
	}
	return n < 0 ? -errno : 1;
}

static bool holds_now(gid_t gid)
{
	_cleanup_(cleanup_free) gid_t *gids = NULL;
	int n = getgroups(0, NULL);

	gids = n > 0 ? calloc((size_t)n, sizeof(*gids)) : NULL;
	if (!gids)
		return n != 0;
	n = getgroups(n, gids);
	for (int i = 0; i < n; i++) {
		if (gids[i] == gid)
			return true;
	}
	return n < 0;
}

EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct options options;
	struct subject subject;

	if ((unsigned int)flags & PAM_DELETE_CRED)
		return PAM_IGNORE;
	if (parse(pamh, argc, argv, &options) != PAM_SUCCESS)
		return PAM_CRED_ERR;
	int rc = find_subject(pamh, &options, &subject);
	if (rc == PAM_IGNORE)
		return rc;
	if (rc != PAM_SUCCESS)
		return PAM_CRED_ERR;
	/* Also without membership: pam_group may have added it. */
	if (subject.membership == MEMBER_NO && !holds_now(subject.gid))
		return PAM_IGNORE;
	if (subject.membership != MEMBER_UNKNOWN &&
		ask(pamh, &options, subject.user) == ANSWER_KEEP)
		return PAM_IGNORE;
	rc = strip(subject.gid);
	if (rc < 0) {
		pam_syslog(pamh, LOG_ERR, "group %s was not taken from %s: %s",
			options.group, subject.user, strerror(-rc));
		return PAM_CRED_ERR;
	}
	if (rc > 0)
		pam_syslog(pamh, LOG_NOTICE,
			"took group %s (gid %u) from %s: policy does not approve it",
			options.group, subject.gid, subject.user);
	return subject.membership == MEMBER_PRIMARY ? PAM_CRED_ERR : PAM_IGNORE;
}
