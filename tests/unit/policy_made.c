/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy_made.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct policy *policy_made(const char *text)
{
	struct policy *policy = NULL;
	struct json_errors errors;
	struct err err = {0};

	json_errors_init(&errors);
	if (policy_load_text("p.json", text, strlen(text), &errors, &policy, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(errors.count, 0);
	json_errors_done(&errors);
	return policy;
}

void policy_expect_mistake(const struct policy_mistake *mistake)
{
	const char *text = mistake->text;
	struct policy *policy = NULL;
	struct json_errors errors;
	struct err err = {0};
	char place[128];

	json_errors_init(&errors);
	if (policy_load_text("p.json", text, strlen(text), &errors, &policy, &err) !=
		-EINVAL)
		fail_msg("was taken for a policy: %s", text);
	assert_null(policy);
	if (errors.count != 1)
		fail_msg("%zu mistakes in %s", errors.count, text);
	snprintf(place, sizeof(place), "p.json:%u: %s: ", mistake->line, mistake->path);
	if (strncmp(errors.list[0].text, place, strlen(place)) != 0 ||
		!strstr(errors.list[0].text, mistake->message))
		fail_msg("'%s' is not at '%s' or lacks '%s': %s", errors.list[0].text,
			place, mistake->message, text);
	assert_string_equal(err.text, errors.list[0].text);
	json_errors_done(&errors);
}
