/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the judgement share. */
#ifndef SEAWALL_GATE_AUDIT_JUDGE_WORK_H
#define SEAWALL_GATE_AUDIT_JUDGE_WORK_H

#include "gate/audit/judge.h"

enum audit_kind_id {
	KIND_GROUP_MEMBER,
	KIND_GROUP_PRIMARY,
	KIND_GROUP_PASSWORD,
	KIND_GROUP_ADMIN,
	KIND_GSHADOW_MEMBER,
	KIND_GROUP_CONF,
	KIND_PROCESS,
	KIND_SOCKET_OWNER,
	KIND_SOCKET_OTHERS,
	KIND_SOCKET_ACL,
	KIND_SOCKET_MODE,
	KIND_UNSEALED,
	KIND_TCP_PLAIN,
	KIND_TCP_UNVERIFIED,
	KIND_TCP_VERIFIED,
	KIND_TCP_UNKNOWN,
	KIND_SETGID_FILE,
	KIND_SETUID_FILE,
	KIND_CAPABILITY,
	KIND_PAM_CAP,
	KIND_SUDOERS,
	KIND_DOAS,
	KIND_UNIT,
	KIND_CRON,
	KIND_AT,
	KIND_SUBGID,
	KIND_CONTAINER,
	KIND_OTHER_GROUP,
	KIND_DATA_ROOT,
	KIND_UNSEEN,
	KIND_COUNT,
};

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
/** judging_find_holders() - who holds a power, once all powers are known. */
void judging_find_holders(struct judging *judging);
/** judging_is_holder() - a user but root who holds a power. */
bool judging_is_holder(const struct judging *judging, const char *name);
/**
 * judging_target() - somebody with power whom a list of runas lets @who become
 * @list: as struct audit_rule has it
 *
 * Return: his name, or the entry that he may be behind; NULL: nobody.
 */
const char *judging_target(
	const struct judging *judging, const struct audit_names *list, const char *who);
/** judging_uid_name() - the user's name, else "uid 1000". */
const char *judging_uid_name(const struct judging *judging, uint32_t uid);

/* Each adds its entries. */
void judge_groups(struct judging *judging);
void judge_processes(struct judging *judging);
void judge_sockets(struct judging *judging);
void judge_listeners(struct judging *judging);
void judge_files(struct judging *judging);
void judge_rules(struct judging *judging);
void judge_units(struct judging *judging);
void judge_containers(struct judging *judging);
void judge_data_root(struct judging *judging);

#endif
