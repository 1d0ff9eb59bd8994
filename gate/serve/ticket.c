/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a confined process is told of the connection that it is to serve. */
#include "gate/serve/ticket.h"

#include <errno.h>
#include <string.h>

#include "gate/serve/pass.h"

/*
 * A head with the connection, then the rest in as many messages as it takes: the gids,
 * then name, home and the names of groups, each with its NUL. A name or home that there
 * is none of is left out.
 */

enum {
	MAX_REST = 4 * 1024 * 1024,
	PIECE = 32 * 1024, /* well below what a socket's buffer takes */
};

struct ticket_head {
	uint32_t uid, gid, ngids, ngroups;
	uint32_t profile; /* 0: none; else its place, counted from one */
	uint32_t has_name, has_home;
	uint32_t rest; /* bytes */
};

static uint32_t place_of(const struct policy *policy, const struct profile *profile)
{
	return profile ? (uint32_t)(profile - policy->gate.profiles) + 1 : 0;
}

static size_t put(char *rest, size_t len, const void *data, size_t n)
{
	memcpy(rest + len, data, n);
	return len + n;
}

static size_t put_text(char *rest, size_t len, const char *text)
{
	return text ? put(rest, len, text, strlen(text) + 1) : len;
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static int send_rest(int fd, const char *rest, size_t len)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < len; at += PIECE)
		rc = pass_send(fd, rest + at, len - at < PIECE ? len - at : PIECE, -1);
	return rc;
}

int ticket_send(int fd, int client, const struct gate_caller *caller,
	const struct policy *policy, const struct profile *profile, struct err *err)
{
	const struct user_facts *user = &caller->user;
	struct ticket_head head = {.uid = user->uid,
		.gid = caller->gid,
		.ngids = (uint32_t)caller->ngids,
		.ngroups = (uint32_t)user->ngroups,
		.profile = place_of(policy, profile),
		.has_name = user->name != NULL,
		.has_home = caller->home != NULL};
	size_t size = caller->ngids * sizeof(*caller->gids) + size_of(user->name) +
		      size_of(caller->home);
	size_t len = 0;

	for (size_t i = 0; i < user->ngroups; i++)
		size += strlen(user->groups[i]) + 1;
	if (size > MAX_REST)
		return err_set(err, -E2BIG, "too much is known of uid %u", user->uid);
	_cleanup_(cleanup_free) char *rest = malloc(size + 1);
	if (!rest)
		return err_set(err, -ENOMEM, "out of memory");
	if (caller->ngids > 0)
		len = put(
			rest, len, caller->gids, caller->ngids * sizeof(*caller->gids));
	len = put_text(rest, len, user->name);
	len = put_text(rest, len, caller->home);
	for (size_t i = 0; i < user->ngroups; i++)
		len = put_text(rest, len, user->groups[i]);
	head.rest = (uint32_t)len;
	int rc = pass_send(fd, &head, sizeof(head), client);
	if (rc == 0)
		rc = send_rest(fd, rest, len);
	return rc < 0 ? err_errno(err, rc, "hand over a connection") : 0;
}

/* The next of the texts that end at @end; NULL: there is no whole one. */
static const char *take_text(const char **at, const char *end)
{
	const char *text = *at;
	const char *nul = memchr(text, '\0', (size_t)(end - text));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

static bool take_groups(struct gate_caller *caller, uint32_t count, const char **at,
	const char *end, struct arena *arena)
{
	const char **names = arena_array(arena, count, sizeof(*names));

	if (!names)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		names[i] = take_text(at, end);
		if (!names[i])
			return false;
	}
	caller->user.groups = names;
	caller->user.ngroups = count;
	return true;
}

static int receive_rest(int fd, char *rest, size_t len)
{
	for (size_t at = 0; at < len;) {
		int none = -1;
		ssize_t n = pass_receive(fd, rest + at, len - at, &none);

		if (none >= 0)
			(void)close(none);
		if (n <= 0 || none >= 0)
			return n < 0 ? (int)n : -EPROTO;
		at += (size_t)n;
	}
	return 0;
}

static bool read_caller(const struct ticket_head *head, const char *rest,
	struct arena *arena, struct gate_caller *caller)
{
	const char *at = rest, *end = rest + head->rest;

	*caller = (struct gate_caller){.user = {.uid = head->uid}, .gid = head->gid};
	if (head->ngids > head->rest / sizeof(*caller->gids))
		return false;
	caller->gids = (const uint32_t *)(const void *)rest;
	caller->ngids = head->ngids;
	at += head->ngids * sizeof(*caller->gids);
	if (head->has_name) {
		caller->user.name = take_text(&at, end);
		if (!caller->user.name)
			return false;
	}
	if (head->has_home) {
		caller->home = take_text(&at, end);
		if (!caller->home)
			return false;
	}
	return take_groups(caller, head->ngroups, &at, end, arena) && at == end;
}

int ticket_receive(int fd, const struct policy *policy, struct arena *arena,
	struct gate_caller *ret_caller, const struct profile **ret_profile,
	struct err *err)
{
	struct gate_caller caller;
	struct ticket_head head;
	_cleanup_(cleanup_close) int client = -1;
	ssize_t n = pass_receive(fd, &head, sizeof(head), &client);

	if (n == 0)
		return err_set(err, -EPIPE, "no connection came");
	if (n < 0)
		return err_errno(err, (int)n, "wait for a connection");
	if (n != (ssize_t)sizeof(head) || client < 0 || head.rest > MAX_REST ||
		head.profile > policy->gate.nprofiles)
		return err_set(err, -EPROTO, "what came is no connection");
	/* Aligned for the gids. */
	char *rest = arena_alloc(arena, (size_t)head.rest + 1);
	if (!rest)
		return err_set(err, -ENOMEM, "out of memory");
	int rc = receive_rest(fd, rest, head.rest);
	if (rc < 0)
		return err_errno(err, rc, "wait for what is known of a caller");
	if (!read_caller(&head, rest, arena, &caller))
		return err_set(err, -EPROTO, "what came is no caller");
	*ret_profile = head.profile ? &policy->gate.profiles[head.profile - 1] : NULL;
	*ret_caller = caller;
	return TAKE_FD(client);
}
