/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the policy's section `gate`: who holds Docker power, and how much of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/policy_parse.h"
#include "common/policy_sections.h"

static bool is_capability(const struct json_node *node)
{
	/* include/uapi/linux/capability.h */
	static const char *const names[] = {"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH",
		"FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
		"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN",
		"NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO",
		"SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT",
		"SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
		"LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
		"MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
		"PERFMON", "BPF", "CHECKPOINT_RESTORE"};
	const char *name = node->string;

	if (strcmp(name, "*") == 0)
		return true;
	if (strncmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	json_fail(node,
		"'%.64s' is no capability of the kernel (upper case), nor \"*\"",
		node->string);
	return false;
}

/* Absolute, and written the one way: no "//", "/./", "/../" and no '/' at its end. */
static bool is_canonical(const char *path)
{
	const char *p = path;

	if (strcmp(path, "/") == 0)
		return true;
	while (*p == '/') {
		size_t len = strcspn(p + 1, "/");

		if (len == 0 || (len == 1 && p[1] == '.') ||
			(len == 2 && p[1] == '.' && p[2] == '.'))
			return false;
		p += 1 + len;
	}
	return !*p && p != path;
}

static bool is_device(const struct json_node *node)
{
	if (strcmp(node->string, "*") == 0)
		return true;
	if (strncmp(node->string, "/dev/", 5) != 0 || !is_canonical(node->string)) {
		json_fail(
			node, "'%.64s' is no path below /dev, nor \"*\"", node->string);
		return false;
	}
	return policy_is_glob(node);
}

static bool is_network(const struct json_node *node)
{
	if (strcmp(node->string, "*") == 0 || !strpbrk(node->string, "/*?[]: \t\n"))
		return true;
	json_fail(node, "'%.64s' is no name of a network, nor \"*\"", node->string);
	return false;
}

static bool parse_bind(
	struct policy *policy, const struct json_node *node, struct policy_bind *bind)
{
	static const char home[] = "$HOME", read_only[] = ":ro";
	const char *text = node->string;
	size_t len = strlen(text), suffix = sizeof(read_only) - 1;
	char *path;

	bind->in_home = strncmp(text, home, sizeof(home) - 1) == 0;
	if (bind->in_home) {
		text += sizeof(home) - 1;
		len -= sizeof(home) - 1;
	}
	bind->read_only = len >= suffix && strcmp(text + len - suffix, read_only) == 0;
	path = arena_strndup(
		&policy->arena, text, bind->read_only ? len - suffix : len);
	bind->path = path;
	if (!path)
		return false;
	/* a ':' separates source, target and options in what clients send */
	if (strchr(path, ':') ||
		(bind->in_home ? *path && (!is_canonical(path) || !path[1])
			       : !is_canonical(path))) {
		json_fail(node,
			"'%.64s' is no host path: write \"/srv/data\", "
			"\"/srv/data:ro\" or "
			"\"$HOME/sub\", without \"..\" or a '/' at its end",
			node->string);
		return false;
	}
	return true;
}

static void parse_binds(
	struct policy *policy, const struct json_node *object, struct profile *profile)
{
	const struct json_node *array = json_want(object, "binds", JSON_KIND_ARRAY);
	struct policy_bind *binds = NULL;

	/* For the checks common to all lists of texts. */
	(void)policy_texts(policy, array, true, NULL);
	for (size_t i = 0; array && i < array->count; i++) {
		const struct json_node *node = &array->children[i];
		struct policy_bind bind = {0}, *slot;

		if (!policy_has_text(node) || !parse_bind(policy, node, &bind))
			continue;
		slot = arena_push(
			&policy->arena, &binds, &profile->nbinds, sizeof(*binds));
		if (slot)
			*slot = bind;
	}
	profile->binds = binds;
}

static struct text_list parse_texts(struct policy *policy,
	const struct json_node *object, const char *key, text_check *check)
{
	return policy_texts(
		policy, json_want(object, key, JSON_KIND_ARRAY), true, check);
}

/* "CAP_X" and "X" are the same: only the latter is kept. */
static struct text_list parse_capabilities(
	struct policy *policy, const struct json_node *object)
{
	struct text_list list =
		parse_texts(policy, object, "capabilities", is_capability);
	const char **items = arena_array(&policy->arena, list.n, sizeof(*items));

	if (!items)
		return (struct text_list){0};
	for (size_t i = 0; i < list.n; i++) {
		bool prefixed = list.items[i] && strncmp(list.items[i], "CAP_", 4) == 0;

		items[i] = list.items[i] + (prefixed ? 4 : 0);
	}
	return (struct text_list){.items = items, .n = list.n};
}

static void parse_profile(
	struct policy *policy, const struct json_node *node, struct profile *profile)
{
	static const char *const keys[] = {"run_as", "binds", "images", "publish",
		"privileged", "host_namespaces", "build", "others", "capabilities",
		"devices", "networks", "read_only"};
	static const char *const run_as[] = {"caller", "any"};
	static const char *const publish[] = {"none", "loopback", "approved", "any"};
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
		{"privileged", &profile->privileged},
		{"host_namespaces", &profile->host_namespaces},
		{"build", &profile->build},
		{"others", &profile->others},
		{"read_only", &profile->read_only},
	};

	profile->name = arena_strdup(&policy->arena, node->key);
	if (!node->key[0])
		json_fail(node, "the name of a profile must not be empty");
	if (!json_is(node, JSON_KIND_OBJECT))
		return;
	json_known_keys(node, keys, ARRAY_LEN(keys));
	profile->run_as = (enum run_as)policy_choice(
		node, "run_as", run_as, ARRAY_LEN(run_as), RUN_AS_CALLER);
	profile->publish = (enum publish)policy_choice(
		node, "publish", publish, ARRAY_LEN(publish), PUBLISH_NONE);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		const struct json_node *flag =
			json_want(node, flags[i].key, JSON_KIND_BOOL);

		*flags[i].flag = flag && flag->boolean;
	}
	parse_binds(policy, node, profile);
	profile->images = parse_texts(policy, node, "images", policy_is_glob);
	profile->capabilities = parse_capabilities(policy, node);
	profile->devices = parse_texts(policy, node, "devices", is_device);
	profile->networks = parse_texts(policy, node, "networks", is_network);
}

static void parse_profiles(struct policy *policy, const struct json_node *gate)
{
	const struct json_node *node = json_want(gate, "profiles", JSON_KIND_OBJECT);
	struct profile *profiles;

	if (!node || node->count == 0)
		return;
	profiles = arena_array(&policy->arena, node->count, sizeof(*profiles));
	if (!profiles)
		return;
	for (size_t i = 0; i < node->count; i++)
		parse_profile(policy, &node->children[i], &profiles[i]);
	policy->gate.profiles = profiles;
	policy->gate.nprofiles = node->count;
}

/* What is being built; struct user_list is its read-only form. */
struct users {
	const char **names, **groups;
	uint32_t *uids;
	size_t nnames, ngroups, nuids;
	struct mention *mentions;
	size_t nmentions;
};

static void mention(struct policy *policy, struct users *users, const char *text,
	const struct json_node *node)
{
	struct mention *slot = arena_push(&policy->arena, &users->mentions,
		&users->nmentions, sizeof(*users->mentions));

	if (slot && text)
		*slot = (struct mention){.text = text, .node = node};
	else if (slot)
		users->nmentions--;
}

static void add_name(struct policy *policy, const struct json_node *node,
	struct users *users, const char *name)
{
	bool group = *name == '@';
	const char **slot;

	if (group)
		name++;
	/* A name is in one line of passwd(5): no colon, no control, no blank at all. */
	for (const char *p = name; *p; p++) {
		if (*p == ':' || *p == ',' || *p == '/' || (unsigned char)*p <= ' ' ||
			*p == 0x7f) {
			json_fail(node, "'%.64s' cannot be the name of a user or group",
				node->string);
			return;
		}
	}
	if (!*name || *name == '-' || *name == '@') {
		json_fail(node, "'%.64s' is no user, @group or numeric uid",
			node->string);
		return;
	}
	slot = group ? arena_push(&policy->arena, &users->groups, &users->ngroups,
			       sizeof(*users->groups))
		     : arena_push(&policy->arena, &users->names, &users->nnames,
			       sizeof(*users->names));
	if (slot)
		*slot = arena_strdup(&policy->arena, name);
	mention(policy, users, node->string, node);
}

/* 4294967295 is (uid_t)-1, "no change" to setresuid(2): CVE-2019-14287 in sudo. */
static void add_uid(struct policy *policy, const struct json_node *node,
	struct users *users, int64_t uid)
{
	uint32_t *slot;

	if (uid < 0 || uid >= UINT32_MAX) {
		json_fail(node, "a uid is a number from 0 to 4294967294");
		return;
	}
	slot = arena_push(
		&policy->arena, &users->uids, &users->nuids, sizeof(*users->uids));
	if (slot)
		*slot = (uint32_t)uid;
	mention(policy, users, arena_printf(&policy->arena, "%lld", (long long)uid),
		node);
}

static void add_user(
	struct policy *policy, const struct json_node *node, struct users *users)
{
	const char *text = node->string;
	int64_t uid = 0;

	if (node->kind == JSON_KIND_INTEGER) {
		add_uid(policy, node, users, node->integer);
		return;
	}
	if (node->kind != JSON_KIND_STRING) {
		json_fail(node, "must be a user name, \"@group\" or a uid, is %s",
			json_kind_name(node->kind));
		return;
	}
	if (!*text || strlen(text) > 255 || text[strspn(text, "0123456789")]) {
		add_name(policy, node, users, text);
		return;
	}
	for (; *text && uid <= UINT32_MAX; text++)
		uid = uid * 10 + (*text - '0');
	add_uid(policy, node, users, uid);
}

/*
 * The list @array. @all collects who was mentioned, over several lists where a user may
 * be in one of them only.
 */
static struct user_list parse_users(
	struct policy *policy, const struct json_node *array, struct users *all)
{
	struct users users = {.mentions = all->mentions, .nmentions = all->nmentions};

	for (size_t i = 0; array && i < array->count; i++)
		add_user(policy, &array->children[i], &users);
	all->mentions = users.mentions;
	all->nmentions = users.nmentions;
	return (struct user_list){
		.names = {.items = users.names, .n = users.nnames},
		.groups = {.items = users.groups, .n = users.ngroups},
		.uids = users.uids,
		.nuids = users.nuids,
	};
}

static void parse_docker_group(struct policy *policy, const struct json_node *gate)
{
	static const char *const keys[] = {"approved", "unapproved"};
	static const char *const actions[] = {"refuse", "strip"};
	const struct json_node *node =
		json_want(gate, "docker_group", JSON_KIND_OBJECT);
	struct users all = {0};

	if (!node)
		return;
	json_known_keys(node, keys, ARRAY_LEN(keys));
	policy->gate.has_docker_group = true;
	policy->gate.approved =
		parse_users(policy, json_want(node, "approved", JSON_KIND_ARRAY), &all);
	policy_note_repeats(policy, all.mentions, all.nmentions);
	policy->gate.unapproved = (enum unapproved)policy_choice(
		node, "unapproved", actions, ARRAY_LEN(actions), UNAPPROVED_REFUSE);
}

static const struct profile *parse_profile_name(
	struct policy *policy, const struct json_node *grant, const char *key)
{
	const struct json_node *node = json_want(grant, key, JSON_KIND_STRING);
	const struct profile *profile = NULL;

	if (node) {
		profile = policy_profile(policy, node->string);
		if (!profile)
			json_fail(node,
				"there is no profile '%.64s' under \"profiles\"",
				node->string);
	}
	return profile;
}

static void parse_grant(struct policy *policy, const struct json_node *node,
	struct grant *grant, struct users *all)
{
	static const char *const keys[] = {"users", "profile", "elevate"};
	const struct json_node *users;

	if (!json_is(node, JSON_KIND_OBJECT))
		return;
	json_known_keys(node, keys, ARRAY_LEN(keys));
	users = json_need(node, "users", JSON_KIND_ARRAY);
	if (users)
		policy_fill(users);
	grant->users = parse_users(policy, users, all);
	if (json_need(node, "profile", JSON_KIND_STRING))
		grant->profile = parse_profile_name(policy, node, "profile");
	grant->elevate = parse_profile_name(policy, node, "elevate");
}

static void parse_grants(struct policy *policy, const struct json_node *gate)
{
	const struct json_node *array = json_want(gate, "grants", JSON_KIND_ARRAY);
	struct users all = {0};
	struct grant *grants;
	unsigned int *lines;

	if (!array || array->count == 0)
		return;
	grants = arena_array(&policy->arena, array->count, sizeof(*grants));
	lines = arena_array(&policy->arena, array->count, sizeof(*lines));
	if (!grants || !lines)
		return;
	json_child_lines(array, lines);
	for (size_t i = 0; i < array->count; i++) {
		grants[i].line = lines[i];
		parse_grant(policy, &array->children[i], &grants[i], &all);
	}
	/* The first grant that means a user decides: another one would be dead. */
	policy_note_repeats(policy, all.mentions, all.nmentions);
	policy->gate.grants = grants;
	policy->gate.ngrants = array->count;
}

void policy_parse_gate(struct policy *policy, const struct json_node *node)
{
	static const char *const keys[] = {"docker_group", "profiles", "grants"};

	if (!node)
		return;
	json_known_keys(node, keys, ARRAY_LEN(keys));
	policy->gate.present = true;
	parse_docker_group(policy, node);
	parse_profiles(policy, node); /* before the grants, which name them */
	parse_grants(policy, node);
}
