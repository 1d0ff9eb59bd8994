/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy file that netmon and gate share: what is approved on this host. */
#ifndef SEAWALL_COMMON_POLICY_H
#define SEAWALL_COMMON_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/err.h"
#include "common/ivset.h"
#include "common/json.h"
#include "common/zone.h"

/*
 * A policy is loaded as a whole or refused as a whole, with every mistake in the list
 * that the caller gives. After that it never changes. All pointers below live as long
 * as the policy. conf/policy.schema.json describes the file; conf/policy.example.json
 * is one.
 */

#define POLICY_DEFAULT_PATH "/etc/seawall/policy.json"

enum { POLICY_MAX_BYTES = 4 * 1024 * 1024 };

/** struct text_list - @items are never NULL or empty texts. */
struct text_list {
	const char *const *items;
	size_t n;
};

/** struct policy_source - a name for prefixes. */
struct policy_source {
	const char *name;
	const struct prefix *prefixes;
	size_t n;
};

/** struct policy_port - the ports lo..hi of one protocol (of common/proto.h). */
struct policy_port {
	uint8_t proto;
	uint16_t lo, hi;
};

/**
 * struct approval - one entry of `approvals`
 * @line:      where it is in the file
 * @name:      globs, each NULL when not given; all that are given must match. A label
 * is "key" (with any value) or "key=value", both sides may hold globs
 * @ports:     what a stranger dials: the port of the endpoint, not the container's
 * @zones:     bit (1 << enum zone): the zone was named in `from`
 * @prefixes:  of `from`, those of named sources included
 * @control:   with @approved_by and @ticket NULL when not given
 * @expires:   last day on which it holds, 20270630; 0: it does not expire
 */
struct approval {
	const char *id;
	unsigned int line;
	const char *name, *image, *label, *compose_service, *compose_project;
	const struct policy_port *ports;
	size_t nports;
	unsigned int zones;
	const struct prefix *prefixes;
	size_t nprefixes;
	struct text_list from; /* as written */
	const char *control, *approved_by, *ticket;
	uint32_t expires;
};

/** struct user_list - who is meant: user names, groups (without the '@'), uids. */
struct user_list {
	struct text_list names, groups;
	const uint32_t *uids;
	size_t nuids;
};

enum run_as { RUN_AS_CALLER = 0, RUN_AS_ANY };
enum publish { PUBLISH_NONE = 0, PUBLISH_LOOPBACK, PUBLISH_APPROVED, PUBLISH_ANY };
enum unapproved { UNAPPROVED_REFUSE = 0, UNAPPROVED_STRIP };

/**
 * struct policy_bind - a host path that may be mounted, with all below it
 * @path: absolute without "..", "." or doubled slashes; behind $HOME when @in_home:
 * then
 *        "" or "/sub/dir"
 */
struct policy_bind {
	const char *path;
	bool in_home, read_only;
};

/**
 * struct profile - what a user may ask of the engine; zero is the safest
 * @images:       globs
 * @capabilities: as the kernel names them, without CAP_; or "*"
 * @devices:      host paths, globs; or "*"
 * @networks:     names, or "*"
 * @read_only:    containers have a root file system and volumes only to read
 */
struct profile {
	const char *name;
	enum run_as run_as;
	enum publish publish;
	const struct policy_bind *binds;
	size_t nbinds;
	struct text_list images, capabilities, devices, networks;
	bool privileged, host_namespaces, build, others, read_only;
};

/** struct grant - @elevate: for `gate run`; NULL: there is nothing to be elevated to.
 */
struct grant {
	struct user_list users;
	const struct profile *profile, *elevate;
	unsigned int line;
};

struct policy_gate {
	bool present;		   /* the file has a `gate` section */
	bool has_docker_group;	   /* and in it `docker_group` */
	struct user_list approved; /* may keep the group docker */
	enum unapproved unapproved;
	const struct profile *profiles;
	size_t nprofiles;
	const struct grant *grants;
	size_t ngrants;
};

struct policy {
	struct arena arena;
	bool is_default; /* built in: there was no file */
	struct text_list
		interfaces; /* of the perimeter; none: found by default route */
	const struct policy_source *sources;
	size_t nsources;
	const struct approval *approvals;
	size_t napprovals;
	bool has_images; /* the file has `images`: those not on it are worth a note */
	struct text_list images;
	struct policy_gate gate;
};

/**
 * policy_load_file() - read and check the policy at @path ("-": standard input)
 * @errors:     initialised; on refusal holds every mistake, in the order of the checks;
 *              empty when the file could not be read at all: then only @err says why
 * @ret_policy: release with policy_free()
 * @err:        the first mistake and how many more there are; may be NULL
 *
 * Return: 0; -ENOENT when there is no such file (the caller decides whether the
 * built-in default will do); another negative errno when it is refused or cannot be
 * read.
 */
int policy_load_file(const char *path, struct json_errors *errors,
	struct policy **ret_policy, struct err *err) _must_check_;
/** policy_load_fd() - policy_load_file() of a file that the caller opened and checked.
 */
int policy_load_fd(int fd, const char *name, struct json_errors *errors,
	struct policy **ret_policy, struct err *err) _must_check_;
/** policy_load_text() - the same from memory; @name is what messages call it. */
int policy_load_text(const char *name, const char *text, size_t len,
	struct json_errors *errors, struct policy **ret_policy, struct err *err)
	_must_check_;
/** policy_new_default() - the policy when there is no file: nothing is approved. */
int policy_new_default(struct policy **ret_policy, struct err *err) _must_check_;
void policy_free(struct policy *policy);
static inline void cleanup_policy(struct policy **policy)
{
	policy_free(*policy);
}

/* Questions to a policy; none of them allocates or fails, unless an arena is given. */

/**
 * struct container_facts - what approvals select containers by
 * @name:   without the leading slash
 * @image:  the reference the container was made from
 * @labels: key and value of each
 */
struct container_facts {
	const char *name, *image;
	const char *(*labels)[2];
	size_t nlabels;
};

/** approval_selects() - whether the entry is about this container; NULLs match nothing.
 */
bool approval_selects(
	const struct approval *approval, const struct container_facts *container);
/** approval_has_port() - whether the entry covers the endpoint's protocol and port. */
bool approval_has_port(const struct approval *approval, uint8_t proto, uint16_t port);
/** approval_has_zone() - whether `from` names the zone itself. */
bool approval_has_zone(const struct approval *approval, enum zone zone);
/** approval_expired() - whether @today (20270701) is past the entry's last day. */
bool approval_expired(const struct approval *approval, uint32_t today);
/** approval_lacks() - "control" or "approved_by", whichever is not given first; NULL.
 */
const char *approval_lacks(const struct approval *approval);

/**
 * approval_sources() - every source of @family that the entry approves
 * @zones: what each zone means in that family, by enum zone; NULL counts as empty
 *
 * Return: the union of the zones that `from` names and of its prefixes, in @arena.
 */
const struct ivset *approval_sources(struct arena *arena,
	const struct approval *approval, enum family family,
	const struct ivset *const zones[static ZONE_COUNT]);

/** policy_approval() - the entry with that id, or NULL. */
const struct approval *policy_approval(const struct policy *policy, const char *id);
/** policy_profile() - the profile with that name, or NULL. */
const struct profile *policy_profile(const struct policy *policy, const char *name);
/** policy_lists_image() - whether @image is on `images`; true when there is no list. */
bool policy_lists_image(const struct policy *policy, const char *image);

/** struct user_facts - @groups: names of all groups the user is in, primary included.
 */
struct user_facts {
	const char *name; /* NULL when the uid has no name */
	uint32_t uid;
	const char *const *groups;
	size_t ngroups;
};

/** user_list_has() - whether the user is meant by name, uid or one of his groups. */
bool user_list_has(const struct user_list *list, const struct user_facts *user);
/** policy_grant() - the first grant, in the file's order, that means the user; NULL. */
const struct grant *policy_grant(
	const struct policy *policy, const struct user_facts *user);

/** text_list_has() - whether @text is one of the items. */
bool text_list_has(const struct text_list *list, const char *text);
/** text_list_matches() - whether an item, taken as a glob, matches @text. */
bool text_list_matches(const struct text_list *list, const char *text);

/** policy_date() - the UTC day of a time since 1970 as 20270630. */
uint32_t policy_date(int64_t seconds);

const char *run_as_name(enum run_as run_as);
const char *publish_name(enum publish publish);
const char *unapproved_name(enum unapproved unapproved);

#endif
