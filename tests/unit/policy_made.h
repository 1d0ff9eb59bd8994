/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies written in a line each, and how those with mistakes are refused. */
#ifndef SEAWALL_TESTS_UNIT_POLICY_MADE_H
#define SEAWALL_TESTS_UNIT_POLICY_MADE_H

#include "common/policy.h"

/** POLICY_APPROVAL() - one approval, on line 2; below: members that it must have. */
#define POLICY_APPROVAL(members)                                           \
	"{\"version\": 1, \"sources\": {\"office\": [\"198.51.100.0/24\"," \
	" \"2001:db8:2::/48\"]},\n\"approvals\": [{" members "}]}"
#define ANY_ID	      "\"id\": \"a\""
#define ANY_CONTAINER "\"container\": {\"name\": \"web\"}"
#define ANY_PORTS     "\"ports\": [\"443/tcp\"]"
#define ANY_FROM      "\"from\": [\"internet\"]"
#define ANY_APPROVAL  ANY_ID "," ANY_CONTAINER "," ANY_PORTS "," ANY_FROM

/** POLICY_GATE() - what it says to gate: of a profile alone, or of a grant, on line 2.
 */
#define POLICY_GATE(members)	"{\"version\": 1, \"gate\": {" members "}}"
#define POLICY_PROFILE(members) POLICY_GATE("\"profiles\": {\"dev\": {" members "}}")
#define POLICY_GRANT(members) \
	POLICY_GATE("\"profiles\": {\"dev\": {}}, \"grants\": [\n{" members "}]")

/** policy_made() - a policy without a mistake, loaded; the caller frees it. */
struct policy *policy_made(const char *text);

struct policy_mistake {
	const char *text; /* a whole policy, with one mistake */
	unsigned int line;
	const char *path, *message; /* @message: a part of what is said */
};

/** policy_expect_mistake() - it is the one that is found, at its place, and said so */
void policy_expect_mistake(const struct policy_mistake *mistake);

#endif
