/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the confined process of a connection can still call; each in a child of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/seccomp.h>

#include "common/cleanup.h"
#include "gate/serve/confine.h"
#include "gate/serve/pass.h"

enum { CALLER = CONFINE_BROKER + 1, FAILED = 99 };

/* A descriptor is an int: the kernel looks at the lower half alone. */
#define WIDE (1UL << 32)

static struct msghdr message;
static char bytes[16];

/* A call by its number, as a process that was taken over would make it. */
struct attempt {
	const char *name;
	long number;
	unsigned long arguments[6];
	bool is_allowed;
};

#define ARGUMENTS(...) .arguments = {__VA_ARGS__}
#define ENDS(what, call, ...)                                            \
	{                                                                \
		.name = (what), .number = (call), ARGUMENTS(__VA_ARGS__) \
	}
#define GOES(what, call, ...)                                             \
	{                                                                 \
		.name = (what), .number = (call), ARGUMENTS(__VA_ARGS__), \
		.is_allowed = true                                        \
	}
static const struct attempt attempts[] = {
	GOES("recvmsg-broker", SYS_recvmsg, CONFINE_BROKER, (unsigned long)&message,
		MSG_DONTWAIT),
	ENDS("recvmsg-caller", SYS_recvmsg, CALLER, (unsigned long)&message,
		MSG_DONTWAIT),
	ENDS("recvmsg-standard-input", SYS_recvmsg, 0, (unsigned long)&message),
	ENDS("recvmsg-caller-wide", SYS_recvmsg, WIDE | CALLER, (unsigned long)&message,
		MSG_DONTWAIT),
	ENDS("recvmmsg-broker", SYS_recvmmsg, CONFINE_BROKER, (unsigned long)&message,
		1),
	ENDS("sendmsg-broker", SYS_sendmsg, CONFINE_BROKER, (unsigned long)&message),
	ENDS("sendmsg-caller", SYS_sendmsg, CALLER, (unsigned long)&message),
	ENDS("sendmmsg-broker", SYS_sendmmsg, CONFINE_BROKER, (unsigned long)&message,
		1),
	GOES("sendto-broker", SYS_sendto, CONFINE_BROKER, (unsigned long)bytes, 1,
		MSG_NOSIGNAL),
	GOES("recvfrom-caller", SYS_recvfrom, CALLER, (unsigned long)bytes, 1,
		MSG_DONTWAIT),
	ENDS("socket", SYS_socket, AF_UNIX, SOCK_STREAM),
	ENDS("connect", SYS_connect, CALLER, (unsigned long)bytes, 2),
	ENDS("accept4", SYS_accept4, CALLER),
	ENDS("openat", SYS_openat, (unsigned long)AT_FDCWD, (unsigned long)"/"),
	ENDS("openat2", SYS_openat2, (unsigned long)AT_FDCWD, (unsigned long)"/"),
	ENDS("dup3", SYS_dup3, CALLER, CONFINE_BROKER),
	ENDS("fcntl", SYS_fcntl, CALLER, F_DUPFD, 3),
	ENDS("ioctl", SYS_ioctl, CALLER),
	ENDS("splice", SYS_splice, CALLER, 0, CONFINE_BROKER, 0, 1),
	ENDS("sendfile", SYS_sendfile, CONFINE_BROKER, CALLER, 0, 1),
	ENDS("pidfd_getfd", SYS_pidfd_getfd, CALLER, 0),
	ENDS("io_uring_setup", SYS_io_uring_setup, 1),
	ENDS("execve", SYS_execve, (unsigned long)"/bin/true"),
	ENDS("clone", SYS_clone, SIGCHLD),
	ENDS("kill", SYS_kill, 1, 0),
	ENDS("ptrace", SYS_ptrace, 0),
	ENDS("setuid", SYS_setuid, 0),
	GOES("mmap-memory", SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		~0UL),
	ENDS("mmap-code", SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, ~0UL),
	ENDS("mmap-file", SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, CALLER),
	ENDS("mprotect-code", SYS_mprotect, 0, 4096, PROT_EXEC),
};

/* The filter alone: it needs no rights, and e2e/gate-processes looks at all else. */
static int be_filtered(void)
{
	struct confinement confinement;
	struct err err = {0};

	if (confinement_prepare(&confinement, &err) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0UL, &confinement.program);
}

/* Not _exit(3), nor told not to return: a sanitizer would do more than is allowed. */
static void leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

/* An end of a pair at both places; something is there to be read. */
static void put_sockets(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		_exit(FAILED);
	/* The other end stays open somewhere above. */
	int other = fcntl(pair[1], F_DUPFD, CALLER + 1);
	int end = fcntl(pair[0], F_DUPFD, CALLER + 1);
	if (other < 0 || end < 0 || dup2(end, CONFINE_BROKER) < 0 ||
		dup2(end, CALLER) < 0 || send(other, "x", 1, 0) != 1)
		_exit(FAILED);
}

static void make_attempt(const struct attempt *attempt)
{
	const unsigned long *a = attempt->arguments;
	const struct rlimit no_core = {0, 0};

	put_sockets();
	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (be_filtered() < 0)
		_exit(FAILED);
	(void)syscall(attempt->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	leave(0);
}

static void test_attempt(void **state)
{
	const struct attempt *attempt = *state;
	pid_t child = fork();
	int status;

	if (child == 0)
		make_attempt(attempt);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (attempt->is_allowed) {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		return;
	}
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* A descriptor does come over the one, by the function that gate uses. */
static void receive_descriptor(void)
{
	int pair[2], got = -1;
	char mark;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		_exit(FAILED);
	int other = fcntl(pair[1], F_DUPFD, CALLER + 1);
	int end = fcntl(pair[0], F_DUPFD, CALLER + 1);
	if (other < 0 || dup2(end, CONFINE_BROKER) < 0 ||
		pass_send(other, "m", 1, other) < 0 || be_filtered() < 0)
		_exit(FAILED);
	leave(pass_receive(CONFINE_BROKER, &mark, 1, &got) == 1 && got >= 0 ? 0 : 1);
}

static void test_descriptor_of_the_broker(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		receive_descriptor();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(attempts) + 1] = {
		cmocka_unit_test(test_descriptor_of_the_broker)};

	for (size_t i = 0; i < ARRAY_LEN(attempts); i++)
		tests[i + 1] = (struct CMUnitTest){.name = attempts[i].name,
			.test_func = test_attempt,
			.initial_state = (void *)(uintptr_t)&attempts[i]};
	return cmocka_run_group_tests_name("gate_confine", tests, NULL, NULL);
}
