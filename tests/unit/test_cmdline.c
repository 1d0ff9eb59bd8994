/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: forwarders whole, everything else without its arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netmon/model/cmdline.h"

static void test_needed(void **state)
{
	(void)state;
	assert_true(facts_cmdline_needed("docker-proxy"));
	assert_true(
		facts_cmdline_needed("rootlessport-ch")); /* as the kernel cuts it */
	assert_true(facts_cmdline_needed("podman"));
	assert_false(facts_cmdline_needed("postgres"));
	assert_false(facts_cmdline_needed("docker-proxy2"));
	assert_false(facts_cmdline_needed(""));
	assert_false(facts_cmdline_needed(NULL));
}

#define KEPT(comm, argv) facts_cmdline(&arena, comm, argv, sizeof(argv))

static void test_kept(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	assert_string_equal(KEPT("docker-proxy", "/usr/bin/docker-proxy\0-host-port\0"
						 "80"),
		"/usr/bin/docker-proxy -host-port 80");
	assert_string_equal(KEPT("mysqld", "/usr/sbin/mysqld\0--password=secret"),
		"/usr/sbin/mysqld");
	assert_string_equal(KEPT(NULL, "/bin/x\0secret"), "/bin/x");
	/* setproctitle() */
	assert_string_equal(KEPT("nginx", "nginx: master secret"), "nginx:");
	assert_string_equal(
		KEPT("podman", "podman\0run\0-e\0PASSWORD=secret"), "podman");
	assert_string_equal(KEPT("podman", "podman\0system\0service\0tcp:0.0.0.0:8080"),
		"podman system service tcp:0.0.0.0:8080");
	/* "--service" and "services" are other words. */
	assert_string_equal(
		KEPT("podman", "podman\0run\0--service\0services"), "podman");
	assert_null(facts_cmdline(&arena, "kthreadd", "", 0));
	assert_null(KEPT("x", "\0\0"));
	/* The last NUL may be missing. */
	assert_string_equal(facts_cmdline(&arena, "pasta", "pasta\0-t", 8), "pasta -t");
	assert_string_equal(facts_cmdline(&arena, "x", "argv0", 5), "argv0");
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needed),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
