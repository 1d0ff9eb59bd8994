/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command works on: the policy, the facts, and the walk made ready. */
#include "netmon/inputs.h"

#include <errno.h>
#include <string.h>

#include "common/escape.h"
#include "netmon/collect/collect.h"
#include "netmon/model/snapshot.h"
#include "netmon/progress.h"

void say_error(const char *text)
{
	char safe[4096];

	progress_stop();
	(void)fprintf(stderr, "netmon: %s\n",
		escape_text(text, strlen(text), safe, sizeof(safe)));
}

int inputs_load_policy(const char *path, struct policy **ret_policy, struct err *err)
{
	struct json_errors errors;

	json_errors_init(&errors);
	int rc = policy_load_file(path, &errors, ret_policy, err);
	if (rc < 0 && errors.count > 0) {
		for (size_t i = 0; i < errors.count; i++)
			say_error(errors.list[i].text);
		err_set(err, rc,
			"policy '%s': %zu%s error%s: mend the file; none of it is in "
			"force",
			path, errors.count, errors.cut ? " or more" : "",
			errors.count == 1 ? "" : "s");
	}
	json_errors_done(&errors);
	return rc;
}

static int open_policy(
	const struct cli *cli, struct policy **ret_policy, struct err *err)
{
	int rc = inputs_load_policy(cli->policy, ret_policy, err);

	if (rc == -ENOENT && !cli->policy_given) {
		*err = (struct err){0};
		return policy_new_default(ret_policy, err);
	}
	return rc;
}

int inputs_read_facts(const struct cli *cli, struct facts **ret_facts, struct err *err)
{
	bool none = cli->engines.n == 1 && strcmp(cli->engines.list[0], "none") == 0;
	const struct collect_options options = {
		.engines = none ? NULL : cli->engines.list,
		.nengines = none ? 0 : cli->engines.n,
		.no_engine = none,
	};

	if (cli->snapshot) {
		progress_phase("reading the snapshot");
		return snapshot_load(cli->snapshot, ret_facts, err);
	}
	progress_phase("reading rules, sockets and containers of this host");
	return collect_host(&options, ret_facts, err);
}

/* The command line's interfaces, else the policy's, else reach finds them. */
static int open_reach(const struct cli *cli, struct inputs *inputs, struct err *err)
{
	const struct text_list *named = &inputs->policy->interfaces;
	bool asked = cli->perimeter.n > 0;
	int r;

	progress_phase("decoding the rules");
	r = reach_new(inputs->facts, asked ? cli->perimeter.list : named->items,
		asked ? cli->perimeter.n : named->n, &inputs->reach, err);
	return r < 0 && cli->snapshot ? err_wrap(err, "%s", cli->snapshot) : r;
}

int inputs_open(const struct cli *cli, struct inputs *ret_inputs, struct err *err)
{
	_cleanup_(inputs_done) struct inputs inputs = {0};
	int rc = open_policy(cli, &inputs.policy, err);

	if (rc == 0)
		rc = inputs_read_facts(cli, &inputs.facts, err);
	if (rc == 0)
		rc = open_reach(cli, &inputs, err);
	if (rc < 0)
		return rc;
	*ret_inputs = inputs;
	inputs = (struct inputs){0};
	return 0;
}

void inputs_done(struct inputs *inputs)
{
	reach_free(inputs->reach);
	facts_free(inputs->facts);
	policy_free(inputs->policy);
	*inputs = (struct inputs){0};
}
