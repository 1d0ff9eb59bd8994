/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gate restore: after a boot, the binds that containers had are held fast again. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "gate/caller.h"
#include "gate/commands.h"
#include "gate/inputs.h"
#include "gate/serve/pin.h"
#include "gate/serve/pin_record.h"
#include "gate/serve/trusted.h"

static const char help_text[] =
	"Usage: gate restore [--policy FILE]\n"
	"\n"
	"Before the engine starts at boot: makes the mounts below " GATE_PIN_DIR "\n"
	"again that containers were given through gate, as far as policy still grants\n"
	"them. A container whose mount is not made does not start.\n"
	"\n"
	"  --policy FILE    instead of " POLICY_DEFAULT_PATH "\n";

enum { RESTORE_BYTES = 16 * 1024 * 1024 };

struct restore {
	const struct policy *policy;
	unsigned int made, left;
};

/* Either profile of the user's grant may have made the pin. */
static int make_again(struct restore *restore, uint32_t uid, const char *path,
	struct arena *arena, struct err *err)
{
	struct gate_caller caller;
	struct gate_pin pin;
	int rc = caller_from_uid(uid, arena, &caller, err);

	if (rc < 0)
		return rc;
	const struct grant *grant = policy_grant(restore->policy, &caller.user);
	const struct profile *const profiles[] = {
		grant ? grant->profile : NULL, grant ? grant->elevate : NULL};
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
		const struct gate_context context = {.policy = restore->policy,
			.profile = profiles[i],
			.caller = &caller};

		if (profiles[i] && gate_pin_again(&context, path, arena, &pin))
			return pin_make(&pin, &caller, err);
	}
	return err_set(err, -EACCES, "policy grants it no more");
}

static void take(void *context, uint32_t uid, const char *path)
{
	struct restore *restore = context;
	struct arena arena;
	struct err err = {0};

	arena_init(&arena, RESTORE_BYTES);
	if (make_again(restore, uid, path, &arena, &err) < 0) {
		(void)err_wrap(&err, "'%s' is not made again", path);
		gate_say(err.text);
		restore->left++;
	} else {
		restore->made++;
	}
	arena_done(&arena);
}

int command_restore(int argc, char *argv[], struct err *err)
{
	static const struct option known[] = {{"policy", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'}, {0}};
	_cleanup_(cleanup_policy) struct policy *policy = NULL;
	struct trusted file = {.path = POLICY_DEFAULT_PATH};
	struct restore restore = {0};
	int option, rc;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(help_text, stdout);
			return STATUS_OK;
		}
		if (option != 'p')
			return err_set(err, -EINVAL,
				"restore: '%s' is no option of it, or lacks its value",
				argv[optind - 1]);
		file.path = optarg;
	}
	if (optind < argc)
		return err_set(err, -EINVAL, "restore: '%s' is one argument too many",
			argv[optind]);
	if (geteuid() != 0)
		return err_set(err, -EPERM, "restore: only root can make mounts");
	rc = trusted_load(&file, &policy, err);
	if (rc < 0)
		return rc;
	restore.policy = policy;
	rc = pin_record_each(take, &restore, err);
	(void)printf("%u made again, %u not%s\n", restore.made, restore.left,
		rc < 0 ? ", and some are not known" : "");
	if (rc < 0)
		return rc;
	return restore.left > 0 ? STATUS_DENIED : STATUS_OK;
}
