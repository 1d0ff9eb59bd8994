/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes over between gate's processes: connections and who is at their other end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "gate/serve/pass.h"
#include "gate/serve/ticket.h"

enum { MANY = 20000 };

static struct profile profiles[3];
static const struct policy policy = {.gate = {.profiles = profiles, .nprofiles = 3}};

static int set_up(void **state)
{
	static int pair[2];

	*state = pair;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int tear_down(void **state)
{
	const int *pair = *state;

	return close(pair[0]) | close(pair[1]);
}

struct sender {
	int fd, client, rc;
	const struct gate_caller *caller;
	const struct profile *profile;
};

static void *send_it(void *context)
{
	struct sender *sender = context;
	struct err err;

	sender->rc = ticket_send(sender->fd, sender->client, sender->caller, &policy,
		sender->profile, &err);
	return NULL;
}

/* There and back; the sender has its own thread, as it waits for room. */
static void carry(const int *pair, const struct gate_caller *caller,
	const struct profile *profile, struct arena *arena, struct gate_caller *got)
{
	int client = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct sender sender = {pair[0], client, -1, caller, profile};
	const struct profile *got_profile = NULL;
	struct stat sent, came;
	struct err err = {0};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_it, &sender), 0);
	int fd = ticket_receive(pair[1], &policy, arena, got, &got_profile, &err);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sender.rc, 0);
	assert_true(fd >= 0 && fd != client);
	assert_int_equal(fstat(client, &sent) | fstat(fd, &came), 0);
	assert_true(sent.st_rdev == came.st_rdev && sent.st_ino == came.st_ino);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_ptr_equal(got_profile, profile);
	(void)close(fd);
	(void)close(client);
}

static void a_caller_comes_as_he_went(void **state)
{
	const char *const groups[] = {"users", "", "with space"};
	const uint32_t gids[] = {100, 0, UINT32_MAX - 1};
	const struct gate_caller callers[] = {
		{.user = {.uid = 1234}, .gid = 65534},
		{.user = {"alice", 1000, groups, 3},
			.gid = 100,
			.gids = gids,
			.ngids = 3,
			.home = "/home/alice"},
		{.user = {"", 0, NULL, 0}, .gids = gids, .ngids = 1, .home = ""},
	};
	struct gate_caller got;
	struct arena arena;

	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
		const struct gate_caller *c = &callers[i];

		carry(*state, c, i ? &profiles[i] : NULL, &arena, &got);
		assert_int_equal(got.user.uid, c->user.uid);
		assert_int_equal(got.gid, c->gid);
		assert_int_equal(got.ngids, c->ngids);
		assert_int_equal(got.user.ngroups, c->user.ngroups);
		assert_true(!got.user.name == !c->user.name);
		assert_true(!got.home == !c->home);
		if (c->home) {
			assert_string_equal(got.user.name, c->user.name);
			assert_string_equal(got.home, c->home);
		}
		for (size_t g = 0; g < c->ngids; g++)
			assert_int_equal(got.gids[g], c->gids[g]);
		for (size_t g = 0; g < c->user.ngroups; g++)
			assert_string_equal(got.user.groups[g], c->user.groups[g]);
	}
	arena_done(&arena);
}

static void groups_without_end(void **state)
{
	static uint32_t gids[MANY];
	static const char *groups[MANY];
	struct gate_caller got;
	struct arena arena;

	for (uint32_t i = 0; i < MANY; i++) {
		gids[i] = i * 3;
		groups[i] = i % 2 ? "department-of-redundancy" : "g";
	}
	const struct gate_caller caller = {
		.user = {"alice", 1000, groups, MANY}, .gids = gids, .ngids = MANY};
	arena_init(&arena, 0);
	carry(*state, &caller, &profiles[0], &arena, &got);
	assert_int_equal(got.gids[MANY - 1], (MANY - 1) * 3);
	assert_string_equal(got.user.groups[MANY - 1], groups[MANY - 1]);
	arena_done(&arena);
}

static int receive(const int *pair, struct arena *arena)
{
	const struct profile *profile = NULL;
	struct gate_caller caller;
	struct err err;

	return ticket_receive(pair[1], &policy, arena, &caller, &profile, &err);
}

/* As ticket.c has it: uid, gid, gids, groups, profile, name, home, rest. */
static void what_is_no_ticket(void **state)
{
	static const struct {
		uint32_t head[8];
		const char *rest;
		size_t len;
		bool has_client;
	} bad[] = {
		{{0}, "", 0, false},
		{{0, 0, 0, 0, 4}, "", 0, true},
		{{0, 0, 2, 0, 0, 0, 0, 4}, "abcd", 4, true},
		{{0, 0, 0, 0, 0, 1, 0, 4}, "abcd", 4, true},
		{{0, 0, 0, 0, 0, 1, 1, 4}, "abc", 4, true},
		{{0, 0, 0, 2, 0, 0, 0, 4}, "abc", 4, true},
		{{0, 0, 0, 0, 0, 1, 0, 4}, "a\0b", 4, true},
		{{0, 0, 0, 0, 0, 0, 0, UINT32_MAX}, "", 0, true},
	};
	const int *pair = *state;
	struct arena arena;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		arena_init(&arena, 0);
		assert_int_equal(pass_send(pair[0], bad[i].head, sizeof(bad[i].head),
					 bad[i].has_client ? pair[0] : -1),
			0);
		if (bad[i].len > 0)
			assert_int_equal(
				pass_send(pair[0], bad[i].rest, bad[i].len, -1), 0);
		assert_int_equal(receive(pair, &arena), -EPROTO);
		arena_done(&arena);
	}
}

static void nobody_comes(void **state)
{
	int *pair = *state;
	struct arena arena;

	arena_init(&arena, 0);
	assert_int_equal(shutdown(pair[0], SHUT_RDWR), 0);
	assert_int_equal(receive(pair, &arena), -EPIPE);
	arena_done(&arena);
}

/* One descriptor is for one message; a second would stay open unnoticed. */
static void one_descriptor_at_most(void **state)
{
	const int *pair = *state;
	const int two[] = {pair[0], pair[0]};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(two))];
	} control = {0};
	char byte = 'x';
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	int before = dup(pair[0]), fd = 0;

	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(two));
	memcpy(CMSG_DATA(header), two, sizeof(two));
	assert_int_equal(sendmsg(pair[0], &message, 0), 1);
	assert_int_equal(pass_receive(pair[1], &byte, 1, &fd), -EMSGSIZE);
	assert_int_equal(fd, -1);
	int after = dup(pair[0]);
	assert_int_equal(after, before + 1);
	(void)close(before);
	(void)close(after);
}

static void a_message_is_not_cut(void **state)
{
	const int *pair = *state;
	char bytes[2];
	int fd = 0;

	assert_int_equal(pass_send(pair[0], "abc", 3, pair[0]), 0);
	assert_int_equal(pass_receive(pair[1], bytes, sizeof(bytes), &fd), -EMSGSIZE);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_caller_comes_as_he_went, set_up, tear_down),
		cmocka_unit_test_setup_teardown(groups_without_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_ticket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_comes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_descriptor_at_most, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_message_is_not_cut, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
