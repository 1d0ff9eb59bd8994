/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether policy lets a user keep the group docker: pam_seawall.so asks it. */
#include <string.h>

#include "gate/caller.h"
#include "gate/inputs.h"
#include "gate/pam/answer.h"
#include "gate/serve/trusted.h"

/*
 * Theory of operation. A PAM module is part of sshd, login and sudo: nothing in it may
 * abort, and no library may come with it. So the policy is read here, in a process of
 * its own, whose exit status (answer.h) is the answer.
 */

static int decide(const struct policy *policy, const struct gate_caller *caller)
{
	const struct policy_gate *gate = &policy->gate;

	if (user_list_has(&gate->approved, &caller->user))
		return ANSWER_KEEP;
	if (gate->has_docker_group && gate->unapproved == UNAPPROVED_STRIP)
		return ANSWER_STRIP;
	return ANSWER_REFUSE;
}

int main(int argc, char *argv[])
{
	_cleanup_(cleanup_policy) struct policy *policy = NULL;
	struct trusted file = {.path = POLICY_DEFAULT_PATH};
	struct gate_caller caller;
	struct arena arena;
	struct err err = {0};

	if (argc != 2 && argc != 3) {
		gate_say("usage: seawall-approved USER [POLICY]");
		return ANSWER_REFUSE;
	}
	if (argc == 3)
		file.path = argv[2];
	arena_init(&arena, 4 * 1024 * 1024);
	int rc = caller_from_name(argv[1], &arena, &caller, &err);
	if (rc == 0)
		rc = trusted_load(&file, &policy, &err);
	if (rc < 0)
		gate_say(err.text);
	int answer = rc < 0 ? ANSWER_REFUSE : decide(policy, &caller);
	arena_done(&arena);
	return answer;
}
