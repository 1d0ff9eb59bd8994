/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/serve/seen.h"

static void nothing_is_known_before(void **state)
{
	(void)state;
	seen_add(NULL, "a");
	assert_false(seen_has(NULL, "a"));
}

static void processes_share_it(void **state)
{
	int status;
	struct err err = {0};

	(void)state;
	assert_int_equal(seen_prepare(&err), 0);
	assert_false(seen_has(NULL, ""));
	pid_t pid = fork();
	if (pid == 0) {
		seen_add(NULL, "sha256:1\nr--/etc");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(seen_has(NULL, "sha256:1\nr--/etc"));
	assert_false(seen_has(NULL, "sha256:1"));
	assert_false(seen_has(NULL, "sha256:1\nr--/etc\n-"));
	seen_add(NULL, "sha");
	assert_true(seen_has(NULL, "sha"));
	assert_false(seen_has(NULL, "sh"));
}

static void the_oldest_gives_way(void **state)
{
	char text[2048];

	(void)state;
	for (int i = 0; i < 256; i++) {
		(void)snprintf(text, sizeof(text), "image %d", i);
		seen_add(NULL, text);
	}
	assert_true(seen_has(NULL, "image 0"));
	assert_false(seen_has(NULL, "sha"));
	seen_add(NULL, "one more");
	assert_false(seen_has(NULL, "image 0"));
	assert_true(seen_has(NULL, "image 1"));
	/* None is cut to fit. */
	memset(text, 'x', sizeof(text));
	text[1024] = '\0';
	seen_add(NULL, text);
	assert_false(seen_has(NULL, text));
	text[1023] = '\0';
	assert_false(seen_has(NULL, text));
	seen_add(NULL, text);
	assert_true(seen_has(NULL, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before),
		cmocka_unit_test(processes_share_it),
		cmocka_unit_test(the_oldest_gives_way),
	};

	return cmocka_run_group_tests_name("gate_seen", tests, NULL, NULL);
}
