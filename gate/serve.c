/* SPDX-License-Identifier: GPL-2.0-or-later */
/* serve: filters the engine's API for the users who connect. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "common/policy.h"
#include "gate/commands.h"
#include "gate/inputs.h"
#include "gate/serve/confine.h"
#include "gate/serve/folder.h"
#include "gate/serve/listen.h"
#include "gate/serve/pool.h"
#include "gate/serve/room.h"
#include "gate/serve/seen.h"
#include "gate/serve/trusted.h"
#include "gate/serve/version.h"
#include "gate/serve/wire.h"
#include "gate/trail.h"

/*
 * Theory of operation. This process listens, keeps the policy and has processes for
 * each connection (session.h), made ahead while callers come (pool.h); it reads
 * nothing of what callers send. A policy that cannot be loaded leaves the last good one
 * in force, and that is logged.
 */

#define DEFAULT_ENGINE "/run/seawall/engine.sock"

enum {
	LOOK_MS = 1000,	       /* how often the policy file is looked at */
	SPARES_MS = 60 * 1000, /* how long they wait for a caller */
	QUIET_MS = 2,	       /* without a caller: time to make others */
};

struct options {
	const char *listen, *engine, *policy, *group, *trail;
	mode_t mode;
};

struct server {
	struct options options;
	struct trusted file;
	struct policy *policy;
	struct trail trail;
	struct confinement confinement;
	volatile uint32_t *generation; /* shared with all sessions */
	int sockets[LISTEN_MAX];
	size_t nsockets;
	int signals;
	struct pool pool;
	int64_t last_caller; /* wire_now() */
	bool stop;
};

static const char help_text[] =
	"Usage: gate serve [OPTIONS]\n"
	"\n"
	"Filters the engine's API for the users who connect, by policy.\n"
	"\n"
	"  --listen PATH    make this socket; else systemd passes one\n"
	"  --mode OCTAL     its permissions: 0600 unless given; policy decides about\n"
	"                   everybody who can connect\n"
	"  --group NAME     its group\n"
	"  --engine PATH    the engine's own socket, root's alone: unless given\n"
	"                   " DEFAULT_ENGINE "\n"
	"  --policy FILE    instead of " POLICY_DEFAULT_PATH "; read again when it\n"
	"                   changes and at SIGHUP\n"
	"  --trail WHERE    the audit trail: journal, syslog (authpriv), fd:N, or "
	"auto:\n"
	"                   the journal, or where there is none syslog\n";

static int parse_mode(const char *text, mode_t *ret_mode)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || mode > 0777)
		return -EINVAL;
	*ret_mode = (mode_t)mode;
	return 0;
}

/* 1: help was asked for. */
static int parse(int argc, char *argv[], struct options *options, struct err *err)
{
	static const struct option known[] = {
		{"listen", required_argument, NULL, 'l'},
		{"engine", required_argument, NULL, 'e'},
		{"policy", required_argument, NULL, 'p'},
		{"group", required_argument, NULL, 'g'},
		{"mode", required_argument, NULL, 'm'},
		{"trail", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		switch (option) {
		case 'l':
			options->listen = optarg;
			break;
		case 'e':
			options->engine = optarg;
			break;
		case 'p':
			options->policy = optarg;
			break;
		case 'g':
			options->group = optarg;
			break;
		case 't':
			options->trail = optarg;
			break;
		case 'm':
			if (parse_mode(optarg, &options->mode) < 0)
				return err_set(err, -EINVAL,
					"serve: mode '%s': it is octal, like 0660",
					optarg);
			break;
		case 'h':
			return 1;
		default:
			return err_set(err, -EINVAL,
				"serve: '%s' is no option of it, or lacks its value: "
				"see gate serve --help",
				argv[optind - 1]);
		}
	}
	if (optind < argc)
		return err_set(err, -EINVAL,
			"serve: '%s' is one argument too many: see gate serve --help",
			argv[optind]);
	return 0;
}

static int open_sockets(struct server *server, struct err *err)
{
	int n = listen_inherited(err);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		server->sockets[server->nsockets++] = LISTEN_FIRST_FD + i;
	if (!server->options.listen)
		return n > 0 ? 0
			     : err_set(err, -EINVAL,
				       "serve: systemd passed no socket: give "
				       "--listen PATH");
	if (server->nsockets == LISTEN_MAX)
		return err_set(err, -E2BIG, "serve: too many sockets");
	int fd = listen_at(server->options.listen, server->options.mode,
		server->options.group, err);
	if (fd < 0)
		return fd;
	server->sockets[server->nsockets++] = fd;
	return 0;
}

static int watch_signals(struct server *server, struct err *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return err_errno(err, -errno, "block signals");
	server->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signals < 0)
		return err_errno(err, -errno, "watch signals");
	return 0;
}

static int open_server(struct server *server, struct err *err)
{
	void *shared = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return err_errno(err, -errno, "share memory");
	server->generation = shared;
	int rc = trail_open(server->options.trail, &server->trail, err);
	if (rc == 0)
		rc = trusted_load(&server->file, &server->policy, err);
	if (rc == 0)
		rc = confinement_give_up_bounds(err);
	if (rc == 0)
		rc = confinement_prepare(&server->confinement, err);
	if (rc == 0)
		rc = version_prepare(err);
	if (rc == 0)
		rc = seen_prepare(err);
	if (rc == 0)
		rc = watch_signals(server, err);
	session_rehearse();
	folder_sweep();
	return rc < 0 ? rc : open_sockets(server, err);
}

static void close_server(struct server *server)
{
	/* Sockets of systemd's stay its own; one of ours would lead nowhere. */
	if (server->options.listen && server->nsockets > 0)
		(void)unlink(server->options.listen);
	policy_free(server->policy);
	confinement_done(&server->confinement);
}

static void reload(struct server *server)
{
	struct policy *policy = NULL;
	struct err err = {0};

	if (trusted_load(&server->file, &policy, &err) < 0) {
		(void)err_wrap(&err, "the last good policy stays in force");
		gate_say(err.text);
		return;
	}
	policy_free(server->policy);
	server->policy = policy;
	(*server->generation)++;
	pool_drop(&server->pool);
	gate_say("a new policy is in force");
}

static void reap(struct server *server)
{
	/* Others would end as those did: none until the next caller. */
	if (pool_reap(&server->pool))
		server->last_caller = 0;
}

static void read_signals(struct server *server)
{
	struct signalfd_siginfo info;

	while (read(server->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(server);
		else if (info.ssi_signo != SIGCHLD)
			server->stop = true;
	}
}

static struct session_setup setup_of(const struct server *server)
{
	return (struct session_setup){
		.policy = server->policy,
		.engine_path = server->options.engine,
		.trail = &server->trail,
		.confinement = &server->confinement,
		.generation = server->generation,
		.born = *server->generation,
	};
}

static bool has_room(const struct server *server, uid_t uid)
{
	return room_for(
		pool_sessions(&server->pool, NULL), pool_sessions(&server->pool, &uid));
}

static void turn_away(int client)
{
	static const char text[] =
		"HTTP/1.1 503 Service Unavailable\r\n"
		"Content-Type: application/json\r\nConnection: close\r\n"
		"Content-Length: 41\r\n\r\n"
		"{\"message\":\"gate: too many connections\"}\n";

	(void)send(client, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void take_caller(struct server *server, int listener)
{
	const struct session_setup setup = setup_of(server);
	_cleanup_(cleanup_close) int client =
		accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct err err = {0};

	if (client < 0) {
		/* Out of descriptors: what waits would only wake us again. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			(void)usleep(50 * 1000);
		return;
	}
	if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return;
	if (!has_room(server, cred.uid)) {
		turn_away(client);
		return;
	}
	if (pool_give(&server->pool, client, cred.uid, &setup, &err) < 0) {
		gate_say(err.text);
		turn_away(client);
		return;
	}
	server->last_caller = wire_now();
}

/* There are spares while callers come: not before the first, not long after the last.
 */
static bool wants_spares(const struct server *server)
{
	return server->last_caller > 0 && wire_now() - server->last_caller < SPARES_MS;
}

/* Made when it is quiet, so that they do not delay who was just let in. */
static void keep_spares(struct server *server, bool is_quiet)
{
	const struct session_setup setup = setup_of(server);

	if (!wants_spares(server))
		pool_drop(&server->pool);
	else if (is_quiet || pool_count(&server->pool, POOL_SPARE) == 0)
		pool_fill(&server->pool, &setup);
}

static int timeout_ms(const struct server *server)
{
	bool lacks_some = pool_count(&server->pool, POOL_SPARE) < SPARE_MAX &&
			  wants_spares(server);

	return lacks_some ? QUIET_MS : LOOK_MS;
}

static int serve(struct server *server, struct err *err)
{
	struct pollfd fds[LISTEN_MAX + 1];

	while (!server->stop) {
		size_t n = server->nsockets;

		for (size_t i = 0; i < n; i++)
			fds[i] = (struct pollfd){
				.fd = server->sockets[i], .events = POLLIN};
		fds[n] = (struct pollfd){.fd = server->signals, .events = POLLIN};
		int ready = poll(fds, n + 1, timeout_ms(server));
		if (ready < 0 && errno != EINTR)
			return err_errno(err, -errno, "wait for callers");
		if (fds[n].revents)
			read_signals(server);
		reap(server);
		/* Before anybody is judged by the old one. */
		if (trusted_has_changed(&server->file))
			reload(server);
		for (size_t i = 0; i < n && !server->stop; i++) {
			if (fds[i].revents & POLLIN)
				take_caller(server, server->sockets[i]);
		}
		keep_spares(server, ready == 0);
	}
	return STATUS_OK;
}

int command_serve(int argc, char *argv[], struct err *err)
{
	static struct server server = {
		.options = {.engine = DEFAULT_ENGINE,
			.policy = POLICY_DEFAULT_PATH,
			.trail = "auto",
			.mode = 0600},
		.signals = -1,
	};

	int rc = parse(argc, argv, &server.options, err);
	if (rc < 0)
		return rc;
	if (rc == 1) {
		(void)fputs(help_text, stdout);
		return STATUS_OK;
	}
	if (geteuid() != 0)
		return err_set(err, -EPERM, "serve: only root can serve others");
	server.file.path = server.options.policy;
	rc = open_server(&server, err);
	if (rc == 0)
		rc = serve(&server, err);
	close_server(&server);
	return rc;
}
