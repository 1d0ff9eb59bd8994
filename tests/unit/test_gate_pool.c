/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool of processes, with sessions that are over at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "gate/serve/pass.h"
#include "gate/serve/pool.h"

static struct pool pool;
static const struct trail trail;
static const struct session_setup setup = {.trail = &trail};

/* In the place of those of session.c. */
void session_rehearse(void)
{
}

int session_broker(int hand, const struct session_setup *unused)
{
	(void)unused;
	for (;;) {
		char mark;
		int worker = -1, client = -1;

		if (pass_receive(hand, &mark, 1, &worker) != 1 ||
			pass_receive(hand, &mark, 1, &client) != 1)
			return 0;
		(void)close(worker);
		(void)close(client);
		if (pass_send(hand, "", 1, -1) < 0)
			return 0;
	}
}

int session_work(int broker, pid_t parent, const struct session_setup *unused)
{
	char mark;

	(void)parent;
	(void)unused;
	if (dup2(broker, 3) < 0 || close_range(4, ~0U, 0) < 0)
		return 1;
	while (read(3, &mark, 1) > 0)
		;
	return 0;
}

static void give(void)
{
	struct err err = {0};
	int client = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(client >= 0);
	assert_int_equal(pool_give(&pool, client, 0, &setup, &err), 0);
	(void)close(client);
}

static void wait_for_idle(size_t n)
{
	for (int i = 0; i < 1000 && pool_count(&pool, POOL_IDLE) < n; i++) {
		(void)pool_reap(&pool);
		(void)usleep(10 * 1000);
	}
	assert_int_equal(pool_count(&pool, POOL_IDLE), n);
}

/* Dead, and nobody has been told yet. */
static void kill_idle(void)
{
	siginfo_t info;

	for (size_t i = 0; i < pool.count; i++) {
		pid_t broker = pool.list[i].broker;

		if (pool.list[i].state != POOL_IDLE)
			continue;
		assert_int_equal(kill(broker, SIGKILL), 0);
		assert_int_equal(
			waitid(P_PID, (id_t)broker, &info, WEXITED | WNOWAIT), 0);
	}
}

static void dead_idle_brokers_are_passed_over(void **state)
{
	(void)state;
	pool_fill(&pool, &setup);
	assert_int_equal(pool_count(&pool, POOL_SPARE), SPARE_MAX);
	for (int i = 0; i < SPARE_MAX; i++)
		give();
	wait_for_idle(SPARE_MAX);
	kill_idle();
	give();
	assert_int_equal(pool_count(&pool, POOL_BUSY), 1);
	wait_for_idle(1);
	/* The ones that live are of use again. */
	pid_t broker = pool.list[0].broker;
	give();
	assert_int_equal(pool.list[0].broker, broker);
	assert_int_equal(pool.count, 1);
	wait_for_idle(1);
	pool_drop(&pool);
	assert_int_equal(pool.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dead_idle_brokers_are_passed_over),
	};

	return cmocka_run_group_tests_name("gate_pool", tests, NULL, NULL);
}
