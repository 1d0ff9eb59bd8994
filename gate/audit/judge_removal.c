/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engines that follow links where they remove, and who may lead them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "gate/audit/judge_parts.h"

/*
 * os.RemoveAll() follows a link that takes the place of a directory meanwhile: since Go
 * 1.21.11 and 1.22.4 it does not (golang/go#52745, #67695, #67696). What is no release,
 * "devel" or "", is not known to have that.
 */
static bool follows_links(const char *go)
{
	unsigned long have[3] = {0}; /* 1.22.4 */
	const char *at = strncmp(go, "go", 2) == 0 ? go + 2 : "";
	size_t n = 0;
	char *end;

	while (n < ARRAY_LEN(have) && isdigit((unsigned char)*at)) {
		have[n++] = strtoul(at, &end, 10);
		at = *end == '.' ? end + 1 : "";
	}
	if (n < 2)
		return true;
	if (have[0] != 1)
		return have[0] < 1;
	return have[1] < 21 || (have[1] == 21 && have[2] < 11) ||
	       (have[1] == 22 && have[2] < 4);
}

/* Who has root's power by his profile needs no such way. */
static bool may_lead(const struct profile *profile)
{
	return !profile->read_only && !profile->privileged && profile->images.n > 0;
}

/* The grant is policy's own: it says who may, and so it approves. */
static void add(
	struct judging *judging, const struct audit_build *build, const char *profile)
{
	judging_add(judging, KIND_REMOVAL,
		(struct about){arena_printf(judging->arena, "profile %s", profile),
			build->socket, true},
		arena_printf(judging->arena,
			"may lead the engine, built with %s, to empty any directory of "
			"the host as it removes a container: \"read_only\" in the "
			"profile keeps it from that, or an engine built with Go "
			"1.21.11, 1.22.4 or later",
			build->go[0] ? build->go : "an unknown Go"),
		"set \"read_only\" in the profile, or have a newer engine");
}

void judge_removal(struct judging *judging)
{
	const struct policy_gate *gate = &judging->policy->gate;

	for (size_t b = 0; b < judging->facts->nbuilds; b++) {
		const struct audit_build *build = &judging->facts->builds[b];

		if (!follows_links(build->go))
			continue;
		for (size_t p = 0; p < gate->nprofiles; p++) {
			const struct profile *profile = &gate->profiles[p];
			bool granted = false;

			for (size_t g = 0; g < gate->ngrants; g++)
				granted = granted ||
					  gate->grants[g].profile == profile ||
					  gate->grants[g].elevate == profile;
			if (granted && may_lead(profile))
				add(judging, build, profile->name);
		}
	}
}
