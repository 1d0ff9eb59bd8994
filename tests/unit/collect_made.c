/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect_made.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool has_netns;

int made_netns(void **state)
{
	(void)state;
	has_netns = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	return !has_netns || system("ip link set lo up") == 0 ? 0 : -1;
}

void made_need_netns(void)
{
	if (!has_netns) {
		print_message("SKIP: needs root for a network namespace of its own\n");
		skip();
	}
}

void made_run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

bool made_works(const char *command)
{
	char text[1024];

	snprintf(text, sizeof(text), "(%s) >/dev/null 2>&1", command);
	return system(text) == 0;
}

struct facts *made_facts(const struct collect_options *options)
{
	struct facts *facts = NULL;
	struct err err = {0};

	if (collect_host(options, &facts, &err) < 0)
		fail_msg("%s", err.text);
	return facts;
}

struct facts *made_facts_of_host(void)
{
	struct facts *facts = made_facts(&(struct collect_options){.no_engine = true});

	assert_true(facts->host->routes_known && facts->host->socks_known);
	assert_false(facts->docker_sockets_known);
	return facts;
}

const struct note *made_note(const struct facts *facts, const char *code)
{
	for (size_t i = 0; i < facts->nnotes; i++) {
		if (strcmp(facts->notes[i].code, code) == 0)
			return &facts->notes[i];
	}
	return NULL;
}

struct addr made_addr(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr, NULL), 0);
	return addr;
}

bool made_addr_is(const struct addr *addr, const char *text)
{
	struct addr other = made_addr(text);

	return addr_equal(addr, &other);
}
