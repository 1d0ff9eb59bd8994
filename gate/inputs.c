/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gate's commands start from. */
#include "gate/inputs.h"

#include <stdio.h>
#include <string.h>

#include "common/escape.h"

void gate_say(const char *text)
{
	char safe[4096];

	(void)fprintf(stderr, "gate: %s\n",
		escape_text(text, strlen(text), safe, sizeof(safe)));
}

int gate_load_policy(const char *path, struct policy **ret_policy, struct err *err)
{
	struct json_errors errors;

	json_errors_init(&errors);
	int rc = policy_load_file(path, &errors, ret_policy, err);
	if (rc < 0 && errors.count > 0) {
		for (size_t i = 0; i < errors.count; i++)
			gate_say(errors.list[i].text);
		err_set(err, rc,
			"policy '%s': %zu%s error%s: mend the file; none of it is in "
			"force",
			path, errors.count, errors.cut ? " or more" : "",
			errors.count == 1 ? "" : "s");
	}
	json_errors_done(&errors);
	return rc;
}
