/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace of a test's own, and what is collected there. */
#ifndef SEAWALL_TESTS_UNIT_COLLECT_MADE_H
#define SEAWALL_TESTS_UNIT_COLLECT_MADE_H

#include "netmon/collect/collect.h"

/**
 * made_netns() - a cmocka setup: from now on in a new namespace with lo up
 *
 * Succeeds, too, where none can be made: tests that need one say so.
 */
int made_netns(void **state);
/** made_need_netns() - skips the test where made_netns() has made none. */
void made_need_netns(void);

/** made_run() - a command that must succeed. */
void made_run(const char *command);
/** made_works() - whether a command does: kernels lack one thing or another. */
bool made_works(const char *command);

/** made_facts() - this namespace's, with those of the engines that @options name */
struct facts *made_facts(const struct collect_options *options);
/** made_facts_of_host() - without an engine; routes and sockets are known. */
struct facts *made_facts_of_host(void);
/** made_note() - the first note with that code; NULL: there is none. */
const struct note *made_note(const struct facts *facts, const char *code);

struct addr made_addr(const char *text);
bool made_addr_is(const struct addr *addr, const char *text);

#endif
