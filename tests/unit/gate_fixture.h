/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users, a policy and an engine's objects that the filter's tests and fuzzers share. */
#ifndef SEAWALL_TESTS_UNIT_GATE_FIXTURE_H
#define SEAWALL_TESTS_UNIT_GATE_FIXTURE_H

#include "common/jsonw.h"
#include "gate/filter.h"

/*
 * alice and bob are developers, with the same profile; what the others may do besides
 * is in gate_fixture.c beside the policy. The engine holds, each by name: mine alice's
 * container, as the filter made it bobs       bob's roots      made past gate forged
 * made past gate, of an image whose labels claim that it is alice's stronger   alice's,
 * made while she was elevated: privileged rootly     alice's, elevated: runs as root
 *   capable    ...: keeps capabilities       unmasked ...: shows the kernel's files
 *   hostpid    ...: the host's pids          linked   ...: mounts /etc
 *   stale      alice's, but her volume's name is bob's by now
 *   published  alice's, port 443 open to everybody under the approved name "web"
 * and volumes, networks, images and execs: see gate_fixture.c.
 */

/** struct gate_case - quotes in @body are single ones; they become double ones
 * @name:  begins with the threat list's section and item: "2.create Binds"
 * @want:  "allow", or the id of the rule that must refuse
 * @has, @lacks: what path and body of the forwarded request must hold, or not; NULL
 */
struct gate_case {
	const char *name, *user, *method, *path, *body, *want, *has, *lacks;
	const char *type;    /* Content-Type when it is not application/json */
	const char *upgrade; /* Upgrade */
	bool raw;	     /* body as it stands */
	size_t len;	     /* of a body that holds NULs; 0: up to its end */
	bool no_engine;
};

struct gate_fixture {
	struct policy *policy;
	struct arena arena;
};

void gate_fixture_init(struct gate_fixture *fixture);
void gate_fixture_done(struct gate_fixture *fixture);
/** gate_fixture_setup() - for cmocka: a fixture of its own for each test */
int gate_fixture_setup(void **state);
int gate_fixture_teardown(void **state);

/** gate_fixture_context() - of one of the policy's users; @with_engine: the one above
 */
struct gate_context gate_fixture_context(
	struct gate_fixture *fixture, const char *user, bool with_engine);

/** struct gate_fixture_tar - how the tar of a path begins; @content: NULL: none */
struct gate_fixture_tar {
	char type;
	unsigned int mode, uid;
	const char *content, *link;
	bool unstated; /* the engine tells what it is by the tar alone */
};
/** gate_fixture_tar() - it as an engine's answer; @tar NULL: there is no such path. */
int gate_fixture_tar(struct arena *arena, const struct gate_fixture_tar *tar,
	struct gate_fact *ret_fact);
/** gate_fixture_look() - gate_engine.look: an image as distributions make it. */
int gate_fixture_look(void *context, const char *api, struct gate_looked *image,
	struct gate_glimpse *glimpses, size_t n, struct arena *arena, struct err *err);

/** gate_fixture_any - an engine in which every name is alice's; it has no volume. */
extern const struct gate_engine gate_fixture_any;

/** gate_fixture_run() - the decision, in the fixture's arena. */
void gate_fixture_run(struct gate_fixture *fixture, const struct gate_case *test,
	struct gate_decision *ret_decision);

/** gate_fixture_describe() - policy and users, as two members of an open object. */
void gate_fixture_describe(struct jsonw *out);

/**
 * gate_fixture_main() - each case as a cmocka test of its own; the exit status
 *
 * With "--list": a JSON object a line instead, policy and users first, then the cases,
 * for tests/e2e to put to a real engine.
 */
int gate_fixture_main(int argc, char *argv[], const char *group,
	const struct gate_case *cases, size_t n);

#endif
