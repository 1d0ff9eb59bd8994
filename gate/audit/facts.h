/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `gate audit` knows of a host: plain data, all of it in one arena. */
#ifndef SEAWALL_GATE_AUDIT_FACTS_H
#define SEAWALL_GATE_AUDIT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

/*
 * Theory of operation. Parsers (accounts.h, rules.h, system.h) turn the text of one
 * file each into facts; gather.h finds the files; judge.h turns the facts and a policy
 * into entries. Only gather does I/O, so tests and the fuzzer run all the rest.
 *
 * All lists grow with arena_push(). A fact that could not be had is a gap, never a
 * silence.
 */

/** struct audit_user - a line of passwd. */
struct audit_user {
	const char *name;
	uint32_t uid, gid;
};

/**
 * struct audit_index - where things are in their array, by a hash of what they are
 * called
 * @slots: @size of them, a power of two: position + 1, or 0. Half of them are free.
 */
struct audit_index {
	uint32_t *slots;
	size_t size, used;
};

/** struct audit_names - a list of names, each once. */
struct audit_names {
	const char **items;
	size_t n;
	struct audit_index index; /* of long lists */
};

/**
 * struct audit_group - a group, from /etc/group and /etc/gshadow
 * @password: a password is set: whoever knows it is a member
 * @same:     position of the next group of the same name; 0: none
 */
struct audit_group {
	const char *name;
	uint32_t gid;
	struct audit_names members, shadow_members, admins;
	size_t same;
	bool password;
};

enum audit_rule_kind {
	AUDIT_RULE_NONE = 0,
	AUDIT_RULE_GROUP_CONF, /* pam_group gives @groups to whom @who matches */
	AUDIT_RULE_SUDOERS,    /* @who may run an engine's tool, or as its group */
	AUDIT_RULE_DOAS,
	AUDIT_RULE_CRON, /* @who has an engine's tool run */
	AUDIT_RULE_AT,
	AUDIT_RULE_PAM_CAP, /* pam_cap gives @who the capabilities @groups at login */
	AUDIT_RULE_SUBGID,  /* @who may map @first .. @first + @count - 1 */
};

/**
 * struct audit_rule - a line that gives somebody something
 * @who:    a user, "%group", "ALL", "*"; a uid for at jobs
 * @place:  "/etc/sudoers.d/ops:3"
 * @text:   the line, blanks folded
 * @groups: group.conf: those it gives; sudoers: those it may run as
 * @runas:  sudoers, doas: lists of whom it may run as, but those with root; "!alice"
 *          takes out of what is behind it, for of each list the first match counts
 * @first:  subgid: the range; at: the gid that the job runs with
 * @tool:   it names an engine's command line tool
 */
struct audit_rule {
	enum audit_rule_kind kind;
	const char *who, *place, *text;
	struct audit_names groups, *runas;
	size_t nrunas;
	uint32_t first, count;
	bool tool;
};

/**
 * struct audit_unit - a systemd service; files of the same name are one unit
 * @group, @groups: Group= and SupplementaryGroups=, and where they are said
 */
struct audit_unit {
	const char *name, *user;
	bool dynamic;
	const char *group, *group_place;
	struct audit_names groups;
	const char *groups_place;
};

/** struct audit_process - a process that is not root's. */
struct audit_process {
	uint32_t pid;
	uint32_t uid[4]; /* real, effective, saved, file system */
	uint32_t gid[4];
	const uint32_t *gids;
	size_t ngids;
	const char *comm;
	bool contained; /* its cgroup is a container's: its files are not the host's */
};

/** struct audit_acl - an entry of a POSIX ACL that names somebody. */
struct audit_acl {
	bool group;
	uint32_t id;
	unsigned int perm; /* mask applied */
};

enum audit_guard {
	AUDIT_GUARD_NONE = 0,
	AUDIT_GUARD_ROOT_GROUP, /* nobody but root and his group */
	AUDIT_GUARD_ROOT,	/* nobody but root */
};

/**
 * struct audit_socket - a socket that an engine listens at
 * @engine:  "docker", "containerd", ...
 * @guard:   whom the folders above it let through
 * @filter:  it is `gate serve` that listens, not the engine
 */
struct audit_socket {
	const char *path, *engine;
	uint32_t uid, gid, mode;
	struct audit_acl *acl;
	size_t nacl;
	enum audit_guard guard;
	bool filter;
};

enum audit_tls { AUDIT_TLS_NONE = 0, AUDIT_TLS_SERVER, AUDIT_TLS_VERIFIED };

/** struct audit_listener - an address of the engine's API on TCP, as configured. */
struct audit_listener {
	const char *address, *place; /* "0.0.0.0:2375"; where it is said */
	uint16_t port;
	enum audit_tls tls;
};

/** struct audit_file - a program that gives its caller an id or a capability. */
struct audit_file {
	const char *path;
	uint32_t uid, gid, mode;
	uint64_t caps; /* permitted, of its file capabilities */
};

/** struct audit_mount - a host path in a container; @real: where links lead, or NULL */
struct audit_mount {
	const char *container, *id, *source, *real;
	bool read_only;
};

enum audit_setting_key {
	AUDIT_SETTING_NONE = 0,
	AUDIT_SETTING_EXEC, /* of services */
	AUDIT_SETTING_ENVIRONMENT,
	AUDIT_SETTING_FILE,
	AUDIT_SETTING_SOCKETS,
	AUDIT_SETTING_DEVICE_POLICY,
	AUDIT_SETTING_DEVICE_ALLOW,
	AUDIT_SETTING_LISTEN, /* of sockets */
	AUDIT_SETTING_SERVICE,
	AUDIT_SETTING_GROUP,
};

/** struct audit_setting - a line of a unit; @value NULL: taken back. */
struct audit_setting {
	enum audit_setting_key key;
	const char *unit, *value, *place;
};

/**
 * struct audit_path - where an engine is told to listen: "/x", "@x"
 * @place: where it is said
 */
struct audit_path {
	const char *path, *engine, *place;
};

/** struct audit_build - what an engine's program was made with: "go1.19.8" */
struct audit_build {
	const char *socket, *go;
};

/** struct audit_gap - something that could not be seen. */
struct audit_gap {
	const char *place, *text;
};

struct audit_facts {
	struct arena arena;
	struct audit_user *users;
	size_t nusers;
	struct audit_index users_by_name, users_by_uid;
	struct audit_group *groups;
	size_t ngroups;
	struct audit_index groups_by_name;
	struct audit_rule *rules;
	size_t nrules;
	struct audit_unit *units;
	size_t nunits;
	struct audit_setting *settings;
	size_t nsettings;
	struct audit_process *processes;
	size_t nprocesses;
	struct audit_socket *sockets;
	size_t nsockets;
	struct audit_listener *listeners;
	size_t nlisteners;
	uint16_t *ports; /* TCP ports that something listens at now */
	size_t nports;
	struct audit_file *files;
	size_t nfiles;
	struct audit_mount *mounts;
	size_t nmounts;
	struct audit_build *builds;
	size_t nbuilds;
	bool directory; /* a service besides the files has users, groups or rules */
	struct audit_names socket_groups; /* that configurations give the engine */
	struct audit_path *paths;
	size_t npaths;
	struct audit_names option_files; /* EnvironmentFile= of its unit */
	struct audit_names
		node_makers; /* units of engines that may make any device node */
	struct audit_names loose_engines; /* programs of such engines in no unit */
	const char *config;		  /* --config-file; NULL: the usual one */
	const char *data_root;
	uint32_t data_root_mode; /* 0: there is none */
	uint32_t data_root_uid, data_root_gid;
	struct audit_gap *gaps;
	size_t ngaps;
};

enum { AUDIT_MAX_BYTES = 256 * 1024 * 1024 };

void audit_facts_init(struct audit_facts *facts);
void audit_facts_done(struct audit_facts *facts);

/** audit_gap() - note what could not be seen. */
void audit_gap(struct audit_facts *facts, const char *place, const char *text);
/** audit_name() - one more name of @len bytes, unless it is there already. */
void audit_name(struct audit_facts *facts, struct audit_names *names, const char *name,
	size_t len);
bool audit_has_name(const struct audit_names *names, const char *name);

/** audit_add_user() - one more; a name's, and a uid's, first one is what it means. */
void audit_add_user(struct audit_facts *facts, const char *name, size_t len,
	uint32_t uid, uint32_t gid);
/** audit_add_group() - one more, or NULL; valid until the next one. */
struct audit_group *audit_add_group(
	struct audit_facts *facts, const char *name, size_t len, uint32_t gid);

/** audit_user_by_name() - NULL: there is none. */
const struct audit_user *audit_user_by_name(
	const struct audit_facts *facts, const char *name);
const struct audit_user *audit_user_by_uid(
	const struct audit_facts *facts, uint32_t uid);
/** audit_is_root() - by name, or as "#0" */
bool audit_is_root(const struct audit_facts *facts, const char *name);
/** audit_group_by_name() - as audit_user_by_name(). */
struct audit_group *audit_group_by_name(
	const struct audit_facts *facts, const char *name);
/** audit_group_next() - the next of the same name, or NULL. */
struct audit_group *audit_group_next(
	const struct audit_facts *facts, const struct audit_group *group);

#endif
