/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit trail: one line of JSON for each decision. */
#include "gate/trail.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

#include "common/escape.h"
#include "common/jsonw.h"

/*
 * Spoken here and not through libsystemd: that would bring liblzma, lz4, zstd and
 * gcrypt into a root process (CVE-2024-3094 came in that way). The protocol is stable:
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.
 */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

int trail_open(const char *where, struct trail *ret_trail, struct err *err)
{
	struct trail trail = {.kind = TRAIL_NONE, .fd = -1};
	char *end = NULL;

	if (strcmp(where, "auto") == 0) {
		trail.kind = TRAIL_AUTO;
	} else if (strcmp(where, "journal") == 0) {
		trail.kind = TRAIL_JOURNAL;
	} else if (strcmp(where, "syslog") == 0) {
		trail.kind = TRAIL_SYSLOG;
	} else if (strncmp(where, "fd:", 3) == 0 && where[3] >= '0' &&
		   where[3] <= '9') {
		long fd = strtol(where + 3, &end, 10);

		if (*end == '\0' && fd <= 1024) {
			trail.kind = TRAIL_FD;
			trail.fd = (int)fd;
		}
	}
	if (trail.kind == TRAIL_NONE)
		return err_set(err, -EINVAL,
			"trail '%s': it is auto, journal, syslog or fd:N", where);
	*ret_trail = trail;
	return 0;
}

static void member(struct jsonw *writer, const char *key, const char *text)
{
	char safe[1024];

	if (!text)
		return;
	jsonw_member_string(
		writer, key, escape_text(text, strlen(text), safe, sizeof(safe)));
}

static void write_time(struct jsonw *writer)
{
	struct timespec now = {0};
	struct tm tm = {0};
	char text[64];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text + n, sizeof(text) - n, ".%03uZ",
		(unsigned)(now.tv_nsec / 1000000));
	jsonw_member_string(writer, "time", text);
}

static void write_entry(struct jsonw *writer, const struct trail_caller *caller,
	const struct trail_entry *entry)
{
	jsonw_object_begin(writer);
	write_time(writer);
	member(writer, "decision", entry->decision);
	jsonw_member_uint(writer, "uid", caller->uid);
	member(writer, "user", caller->user);
	if (caller->login_uid != UINT32_MAX)
		jsonw_member_uint(writer, "login_uid", caller->login_uid);
	jsonw_member_int(writer, "pid", caller->pid);
	if (caller->tty[0])
		member(writer, "tty", caller->tty);
	member(writer, "profile", caller->profile);
	member(writer, "method", entry->method);
	member(writer, "route", entry->route);
	member(writer, "object", entry->object);
	member(writer, "image", entry->image);
	member(writer, "rule", entry->rule);
	member(writer, "reason", entry->reason);
	member(writer, "note", entry->note);
	jsonw_object_end(writer);
}

static int to_journal(const char *line, const struct trail_caller *caller,
	const struct trail_entry *entry)
{
	struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
	char fields[512];
	bool is_denial = strcmp(entry->decision, "allow") != 0;
	_cleanup_(cleanup_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* No text of the caller is in here: no line feed could add a field. */
	int n = snprintf(fields, sizeof(fields),
		"\nPRIORITY=%d\nSYSLOG_IDENTIFIER=gate\nSYSLOG_FACILITY=10\n"
		"SEAWALL_DECISION=%s\nSEAWALL_UID=%u\n",
		is_denial ? LOG_WARNING : LOG_INFO, is_denial ? "deny" : "allow",
		caller->uid);
	struct iovec iov[] = {
		{.iov_base = (void *)(uintptr_t) "MESSAGE=", .iov_len = 8},
		{.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)},
		{.iov_base = fields, .iov_len = (size_t)n},
	};
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = iov,
		.msg_iovlen = ARRAY_LEN(iov),
	};
	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* syslog(3) tells nobody that it failed, so it is spoken to directly. */
static int to_syslog(const char *line)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	_cleanup_(cleanup_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	_cleanup_(cleanup_free) char *text = NULL;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (asprintf(&text, "<%d>gate[%d]: %s", LOG_AUTHPRIV | LOG_NOTICE, getpid(),
		    line) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int to_fd(int fd, const char *line)
{
	const struct iovec iov[] = {
		{.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)},
		{.iov_base = (void *)(uintptr_t) "\n", .iov_len = 1},
	};
	/* In one piece: processes of several connections share the descriptor. */
	ssize_t n = writev(fd, iov, ARRAY_LEN(iov));

	if (n < 0)
		return -errno;
	return (size_t)n == iov[0].iov_len + 1 ? 0 : -ENOSPC;
}

/* On the heap; NULL: out of memory. */
static char *make_line(
	const struct trail_caller *caller, const struct trail_entry *entry)
{
	struct jsonw writer;
	struct err err;
	char *line = NULL;
	size_t len;

	jsonw_init(&writer, NULL, 0);
	write_entry(&writer, caller, entry);
	if (jsonw_finish(&writer, &err) == 0)
		line = jsonw_take(&writer, &len);
	jsonw_done(&writer);
	return line;
}

int trail_write(const struct trail *trail, const struct trail_caller *caller,
	const struct trail_entry *entry, struct err *err)
{
	_cleanup_(cleanup_free) char *line = make_line(caller, entry);
	int rc = -EINVAL;

	if (!line)
		return err_set(err, -ENOMEM, "audit trail: out of memory");
	if (trail->kind == TRAIL_FD)
		rc = to_fd(trail->fd, line);
	if (trail->kind == TRAIL_JOURNAL || trail->kind == TRAIL_AUTO)
		rc = to_journal(line, caller, entry);
	if (trail->kind == TRAIL_SYSLOG || (trail->kind == TRAIL_AUTO && rc < 0))
		rc = to_syslog(line);
	return rc < 0 ? err_errno(err, rc, "write the audit trail") : 0;
}

void trail_rehearse(void)
{
	const struct trail_caller nobody = {.user = "", .tty = "?"};
	const struct trail_entry nothing = {.decision = "", .method = "", .route = ""};

	free(make_line(&nobody, &nothing));
}
