/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that cannot give the caller's ids up again ends; each in a child of its
 * own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "gate/serve/pin.h"

enum { NONE = -1, FAILED = 99 };

static char folder[] = "/tmp/seawall-pin-XXXXXX";

/* @call with 0 for its first argument, as it is made on the way back, fails. */
static bool forbid(int call)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (call == NONE)
		return true;
	const struct scmp_arg_cmp first = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = 0};
	return filter &&
	       seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 1, &first) ==
		       0 &&
	       seccomp_load(filter) == 0;
}

/* The status of a process that asked for what is not there; the folder is. */
static int ask_without(int call)
{
	static const uint32_t gids[] = {1000};
	const struct gate_caller caller = {.user = {.name = "alice", .uid = 1000},
		.gid = 1000,
		.gids = gids,
		.ngids = 1};
	char source[sizeof(folder) + 8];
	const struct gate_pin pin = {.source = source,
		.granted = folder,
		.path = GATE_PIN_DIR "/1000/rw/:x"};
	int status = 0;

	(void)snprintf(source, sizeof(source), "%s/x", folder);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct err err = {0};

		if (!forbid(call))
			_exit(FAILED);
		_exit(pin_make(&pin, &caller, &err) == -ENOENT ? 0 : FAILED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void ids_that_stay_end_the_process(void **state)
{
	static const int calls[] = {
		SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid)};

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIP: needs root, who has ids to take on\n");
		skip();
	}
	assert_int_equal(ask_without(NONE), 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int status = ask_without(calls[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
	}
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chmod(folder, 0755) : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_that_stay_end_the_process),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
