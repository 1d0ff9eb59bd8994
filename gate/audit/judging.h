/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the judgement share: what is known so far, and what is found. */
#ifndef SEAWALL_GATE_AUDIT_JUDGING_H
#define SEAWALL_GATE_AUDIT_JUDGING_H

#include "common/policy.h"
#include "gate/audit/facts.h"
#include "gate/audit/result.h"

/**
 * struct power - a gid that is as good as root, and why
 * @why:   what it opens: "/run/docker.sock", "group docker"
 * @other: of another engine, or a group known for it: the kind is KIND_OTHER_GROUP
 */
struct power {
	uint32_t gid;
	const char *why;
	bool other;
};

struct judging {
	const struct audit_facts *facts;
	const struct policy *policy;
	struct arena *arena;
	struct audit_result *result;
	struct power *powers;
	size_t npowers;
	bool has_root_group;  /* somebody but root is in his group */
	const char **holders; /* sorted; users but root */
	size_t nholders;
};

/** struct about - whom an entry is about, and where it is said. */
struct about {
	const char *who, *place;
	bool approved;
};

/** judging_add() - @text and @remedy are in the arena or static. */
void judging_add(struct judging *judging, enum audit_kind_id kind, struct about about,
	const char *text, const char *remedy);

/** judging_user() - whether policy approves the user, by name, uid or group. */
bool judging_user(const struct judging *judging, const char *name);
/** judging_subject() - the same of "alice", "%group", "#1000". */
bool judging_subject(const struct judging *judging, const char *subject);
/** judging_power() - the power of a gid, or NULL. */
const struct power *judging_power(const struct judging *judging, uint32_t gid);
/** judging_group_power() - of a group's name or number, or NULL. */
const struct power *judging_group_power(
	const struct judging *judging, const char *group);
/** judging_is_root() - the user's uid is 0. */
bool judging_is_root(const struct judging *judging, const char *name);
/** judging_is_open() - it is an engine's, and others than root may get to it. */
bool judging_is_open(const struct judging *judging, const struct audit_socket *socket);
/** judging_uid_name() - the user's name, else "uid 1000". */
const char *judging_uid_name(const struct judging *judging, uint32_t uid);

#endif
