/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks PAM's service "gate" whether the caller is who he is. */
#include "gate/run/authenticate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>

#include <security/pam_appl.h>

#include "common/cleanup.h"
#include "common/escape.h"

enum { MAX_TEXT = 1024 };

static void print(int fd, const char *text, const char *end)
{
	char safe[MAX_TEXT];

	/* Modules' texts may come from a server. */
	escape_text(text ? text : "", text ? strlen(text) : 0, safe, sizeof(safe));
	(void)dprintf(fd, "%s%s", safe, end);
}

static int64_t now_s(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/*
 * One line of at most @size - 1 bytes. Signals are blocked, so that the terminal is
 * never left without its echo; one that comes, of ^C for instance, cancels.
 */
static int read_line(int fd, int signals, char *line, size_t size)
{
	int64_t end = now_s() + AUTHENTICATE_SECONDS;
	size_t len = 0;

	for (;;) {
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
			{.fd = signals, .events = POLLIN}};
		struct signalfd_siginfo info;
		int64_t left = end - now_s();
		char c;

		if (left <= 0 || poll(fds, 2, (int)left * 1000) <= 0)
			return -ETIMEDOUT;
		if (fds[1].revents && read(signals, &info, sizeof(info)) > 0)
			return -ECANCELED;
		if (!fds[0].revents)
			continue;
		ssize_t got = read(fd, &c, 1);
		if (got <= 0)
			return -ECANCELED;
		if (c == '\n' || c == '\r') {
			line[len] = '\0';
			return 0;
		}
		if (c == '\0')
			return -EINVAL;
		/* CVE-2019-18634: no editing here, and never past the end. */
		if (len + 1 >= size)
			return -E2BIG;
		line[len++] = c;
	}
}

static int open_signals(void)
{
	sigset_t cancelling;

	sigemptyset(&cancelling);
	sigaddset(&cancelling, SIGHUP);
	sigaddset(&cancelling, SIGINT);
	sigaddset(&cancelling, SIGQUIT);
	sigaddset(&cancelling, SIGTERM);
	sigaddset(&cancelling, SIGTSTP);
	return signalfd(-1, &cancelling, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int ask(int fd, const char *question, bool echo, char **ret_answer)
{
	char line[PAM_MAX_RESP_SIZE];
	struct termios old, quiet;
	sigset_t all, before;

	if (fd < 0 || tcgetattr(fd, &old) < 0)
		return -ENOTTY;
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	quiet = old;
	quiet.c_lflag |= ICANON | ISIG;
	if (!echo)
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	/* In the background, reading fails: SIGTTIN is blocked. */
	_cleanup_(cleanup_close) int signals = open_signals();
	int rc = signals < 0 || tcsetattr(fd, TCSAFLUSH, &quiet) < 0 ? -errno : 0;
	if (rc == 0) {
		print(fd, question, "");
		rc = read_line(fd, signals, line, sizeof(line));
		(void)tcsetattr(fd, TCSAFLUSH, &old);
		if (!echo)
			(void)dprintf(fd, "\n");
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	*ret_answer = rc == 0 ? strdup(line) : NULL;
	explicit_bzero(line, sizeof(line));
	return rc < 0 ? rc : *ret_answer ? 0 : -ENOMEM;
}

static void free_answers(struct pam_response *answers, int n)
{
	for (int i = 0; i < n; i++) {
		if (answers[i].resp) {
			explicit_bzero(answers[i].resp, strlen(answers[i].resp));
			free(answers[i].resp);
		}
	}
	free(answers);
}

/* @cancelled: a question was not answered: do not ask again. */
struct dialogue {
	int terminal;
	bool cancelled;
};

static int converse(int n, const struct pam_message **messages,
	struct pam_response **ret_answers, void *context)
{
	struct dialogue *dialogue = context;
	int fd = dialogue->terminal;

	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	struct pam_response *answers = calloc((size_t)n, sizeof(*answers));
	if (!answers)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		const char *text = messages[i]->msg;
		int rc = 0;

		switch (messages[i]->msg_style) {
		case PAM_PROMPT_ECHO_OFF:
			rc = ask(fd, text, false, &answers[i].resp);
			break;
		case PAM_PROMPT_ECHO_ON:
			rc = ask(fd, text, true, &answers[i].resp);
			break;
		case PAM_TEXT_INFO:
		case PAM_ERROR_MSG:
			print(fd >= 0 ? fd : STDERR_FILENO, text, "\n");
			break;
		default:
			rc = -EINVAL;
			break;
		}
		if (rc < 0) {
			dialogue->cancelled = true;
			free_answers(answers, n);
			return PAM_CONV_ERR;
		}
	}
	*ret_answers = answers;
	return PAM_SUCCESS;
}

static int prove(pam_handle_t *pamh, const struct dialogue *dialogue)
{
	int terminal = dialogue->terminal, rc = PAM_AUTH_ERR;

	for (int i = 0;
		i < AUTHENTICATE_TRIES && rc == PAM_AUTH_ERR && !dialogue->cancelled;
		i++) {
		if (i > 0)
			print(terminal >= 0 ? terminal : STDERR_FILENO,
				"gate: that was not it", "\n");
		rc = pam_authenticate(pamh, PAM_DISALLOW_NULL_AUTHTOK);
	}
	return rc;
}

int authenticate(const char *user, bool known, struct err *err)
{
	_cleanup_(cleanup_close) int terminal =
		open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct dialogue dialogue = {.terminal = terminal};
	struct pam_conv conv = {.conv = converse, .appdata_ptr = &dialogue};
	pam_handle_t *pamh = NULL;
	char name[256] = "";

	int rc = pam_start(AUTHENTICATE_SERVICE, user, &conv, &pamh);
	if (rc != PAM_SUCCESS)
		return err_set(err, -EIO, "PAM does not start");
	if (terminal >= 0 && ttyname_r(terminal, name, sizeof(name)) == 0)
		(void)pam_set_item(pamh, PAM_TTY, name);
	rc = pam_set_item(pamh, PAM_RUSER, user);
	if (rc == PAM_SUCCESS && !known)
		rc = prove(pamh, &dialogue);
	if (rc == PAM_SUCCESS)
		rc = pam_acct_mgmt(pamh, 0);
	/* A module may have changed whom it is about. */
	const void *item = NULL;
	if (rc == PAM_SUCCESS)
		rc = pam_get_item(pamh, PAM_USER, &item);
	int code = 0;
	if (rc != PAM_SUCCESS)
		code = err_set(
			err, -EACCES, "not authenticated: %s", pam_strerror(pamh, rc));
	else if (!item || strcmp(item, user) != 0)
		code = err_set(err, -EACCES, "PAM is about somebody else");
	(void)pam_end(pamh, rc);
	return code;
}
