/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a container's processes may be: user, capabilities, namespaces, devices. */
#include "gate/filter/security.h"

#include <errno.h>
#include <string.h>

#include "gate/filter/judge.h"
#include "gate/filter/objects.h"

static bool runs_as_caller(const struct work *work)
{
	return work->profile->run_as == RUN_AS_CALLER;
}

const char *caller_user(struct work *work)
{
	const struct gate_caller *caller = work->caller;
	const char *text =
		arena_printf(work->arena, "%u:%u", caller->user.uid, caller->gid);

	return text ? text : "";
}

static bool is_own_group(struct work *work, const char *text)
{
	const struct gate_caller *caller = work->caller;

	for (size_t i = 0; i < caller->ngids; i++) {
		const char *gid = arena_printf(work->arena, "%u", caller->gids[i]);

		if (gid && strcmp(gid, text) == 0)
			return true;
	}
	return false;
}

/*
 * The uid alone would let the image's /etc/group give it more groups. The group may be
 * another of the caller's: behind a colon the engine takes a number for nothing else.
 * runc before 1.3.0 takes it for a name: see nesting.h.
 */
int force_user(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	const char *asked = value ? value->string : "";
	const char *user = caller_user(work);
	size_t uid_len = strcspn(user, ":");

	if (!runs_as_caller(work)) {
		if (value)
			jsonw_member_string(out, field->key, asked);
		return 0;
	}
	bool own_uid = strncmp(asked, user, uid_len) == 0;
	bool own_group = own_uid && asked[uid_len] == ':' &&
			 is_own_group(work, asked + uid_len + 1);
	bool same = own_group || strcmp(asked, user) == 0;
	if (!work->judging)
		same |= !*asked || (own_uid && !asked[uid_len]);
	if (!same)
		return field_refuse(work, field, value,
			"'%s': the profile runs everything as yourself, %s, or with "
			"the number of another group that you are in: leave it out",
			shown(work, asked), user);
	jsonw_member_string(out, field->key, own_group ? asked : user);
	return 0;
}

int check_privileged(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->boolean && !has_power(work, POWER_PRIVILEGED))
		return field_refuse(work, field, value,
			"a privileged container is root of the host: it needs "
			"\"privileged\"");
	jsonw_member_bool(out, field->key, value->boolean);
	return 0;
}

/* As the kernel names it, without CAP_; the engine takes any case. */
static const char *capability(struct work *work, const char *text)
{
	char *name = arena_strdup(work->arena, text);

	for (char *p = name; p && *p; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
	if (name && strncmp(name, "CAP_", 4) == 0)
		return name + 4;
	return name ? name : "";
}

int force_cap_add(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	const struct text_list *granted = &work->profile->capabilities;
	size_t n = value ? value->count : 0;

	for (size_t i = 0; i < n; i++) {
		const struct json_node *item = &value->children[i];
		const char *name = capability(work, item->string);

		if (!text_list_has(granted, "*") && !text_list_has(granted, name))
			return field_refuse(work, field, item,
				"the profile's \"capabilities\" lack '%s'",
				shown(work, name));
	}
	jsonw_member_array(out, field->key);
	for (size_t i = 0; i < n; i++)
		jsonw_string(out, capability(work, value->children[i].string));
	jsonw_array_end(out);
	return 0;
}

static bool drops_all(struct work *work, const struct json_node *value)
{
	for (size_t i = 0; value && i < value->count; i++) {
		if (strcmp(capability(work, value->children[i].string), "ALL") == 0)
			return true;
	}
	return false;
}

int force_cap_drop(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (!runs_as_caller(work)) {
		if (value) {
			jsonw_key(out, field->key);
			json_node_write(value, out);
		}
		return 0;
	}
	if (work->judging && !drops_all(work, value))
		return field_refuse(work, field, value,
			"it keeps capabilities that the profile does not give");
	jsonw_member_array(out, field->key);
	jsonw_string(out, "ALL");
	jsonw_array_end(out);
	return 0;
}

static bool is_no_new_privileges(const char *option)
{
	static const char *const forms[] = {"no-new-privileges",
		"no-new-privileges=true", "no-new-privileges:true",
		"no-new-privileges=1", "no-new-privileges:1"};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (strcmp(option, forms[i]) == 0)
			return true;
	}
	return false;
}

int force_security_opt(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	bool forced = runs_as_caller(work), given = false;
	size_t n = value ? value->count : 0;

	for (size_t i = 0; i < n; i++) {
		const struct json_node *item = &value->children[i];

		if (is_no_new_privileges(item->string))
			given = true;
		else if (!has_power(work, POWER_PRIVILEGED))
			return field_refuse(work, field, item,
				"'%s' would take a protection away: it needs "
				"\"privileged\"",
				shown(work, item->string));
		else if (forced && strncmp(item->string, "no-new-privileges", 17) == 0)
			return field_refuse(work, field, item,
				"the profile forces no-new-privileges");
	}
	if (work->judging && forced && !given)
		return field_refuse(work, field, value,
			"it lacks no-new-privileges, which the profile forces");
	jsonw_member_array(out, field->key);
	for (size_t i = 0; i < n; i++) {
		if (!is_no_new_privileges(value->children[i].string))
			jsonw_string(out, value->children[i].string);
	}
	if (forced || given)
		jsonw_string(out, "no-new-privileges:true");
	jsonw_array_end(out);
	return 0;
}

/*
 * Also a number is a name first: an image whose /etc/group calls the group of root's
 * "1000" makes its processes root's, which then leave setgid programs in a bind.
 */
int check_group_add(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->count > 0 && runs_as_caller(work))
		return field_refuse(work, field, value,
			"the image's /etc/group would say which group '%s' is: run as "
			"UID:GID with another group that you are in, '--user'",
			shown(work, value->children[0].string));
	if (value->count > 0) {
		jsonw_key(out, field->key);
		json_node_write(value, out);
	}
	return 0;
}

static bool list_has(const struct json_node *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->children[i].string, text) == 0)
			return true;
	}
	return false;
}

/*
 * MaskedPaths and ReadonlyPaths: absent is the engine's default, a list replaces it, an
 * empty one unmasks. What moby's oci/defaults.go has had since 18.09 must be in it.
 */
int check_kernel_paths(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const masked[] = {"/proc/asound", "/proc/acpi",
		"/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
		"/sys/firmware"};
	static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq",
		"/proc/sys", "/proc/sysrq-trigger"};
	bool is_masked = strcmp(field->key, "MaskedPaths") == 0;
	const char *const *needed = is_masked ? masked : read_only;
	size_t n = is_masked ? ARRAY_LEN(masked) : ARRAY_LEN(read_only);

	if (!has_power(work, POWER_PRIVILEGED)) {
		if (!work->judging)
			return field_refuse(work, field, value,
				"it shows parts of the kernel: it needs "
				"\"privileged\"");
		for (size_t i = 0; i < n; i++) {
			if (!list_has(value, needed[i]))
				return field_refuse(work, field, value,
					"it lacks '%s', so that parts of the kernel "
					"show",
					needed[i]);
		}
		return 0;
	}
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}

/* Below these anybody can put a link or a node's name of his own. */
static bool is_open_device(const char *path)
{
	static const char *const open[] = {"/dev/shm", "/dev/mqueue", "/dev/fd",
		"/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/pts"};

	for (size_t i = 0; i < ARRAY_LEN(open); i++) {
		if (path_below(path, open[i]))
			return true;
	}
	return false;
}

/*
 * runc makes its folder and the node as root, and by path: below what is mounted of the
 * host, whoever owns that leads it anywhere meanwhile (as in CVE-2024-45310, and for
 * the node also after its mending). Its own /dev is nobody's yet. Without a path the
 * engine puts what is in a folder of devices below the container's "/".
 */
static int check_device_place(
	struct work *work, const struct field *field, const struct json_node *device)
{
	const struct json_node *place = json_member(device, "PathInContainer");
	const char *path =
		place && place->kind == JSON_KIND_STRING ? place->string : "";

	if (has_power(work, POWER_PRIVILEGED) ||
		(is_plain_path(path) && path_below(path, "/dev") &&
			strcmp(path, "/dev") != 0 && !is_open_device(path)))
		return 0;
	return field_refuse(work, field, device,
		"in the container it must be below /dev, not '%s'", shown(work, path));
}

static int check_device(
	struct work *work, const struct field *field, const struct json_node *device)
{
	const struct text_list *granted = &work->profile->devices;
	const struct json_node *path = json_member(device, "PathOnHost");

	if (text_list_has(granted, "*"))
		return 0;
	if (!path || path->kind != JSON_KIND_STRING || !is_plain_path(path->string) ||
		is_open_device(path->string) ||
		!text_list_matches(granted, path->string))
		return field_refuse(work, field, device,
			"the device '%s' is not among the profile's \"devices\"",
			path && path->kind == JSON_KIND_STRING
				? shown(work, path->string)
				: "");
	return check_device_place(work, field, device);
}

static const struct field device_rows[] = {
	ROW_ALLOW("PathOnHost", WORD),
	ROW_ALLOW("PathInContainer", WORD),
	ROW_ALLOW("CgroupPermissions", WORD),
};
const struct fields device_table = FIELDS("create-devices", device_rows);

int check_devices(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	if (value->count == 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < value->count; i++)
		rc = check_device(work, field, &value->children[i]);
	if (rc < 0)
		return rc;
	jsonw_member_array(out, field->key);
	for (size_t i = 0; rc == 0 && i < value->count; i++) {
		jsonw_object_begin(out);
		rc = fields_apply(work, &device_table, &value->children[i], out);
		jsonw_object_end(out);
	}
	jsonw_array_end(out);
	return rc;
}

/* GPUs and CDI: which devices that comes to only the engine's drivers know. */
int check_device_requests(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->count == 0)
		return 0;
	if (!text_list_has(&work->profile->devices, "*"))
		return field_refuse(work, field, value,
			"it needs \"devices\": [\"*\"] in the profile");
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}

/* Of the engine's own configuration; NULL: unseen. */
static int engine_default(struct work *work, const char *key, const char **ret_text)
{
	const struct json_node *info = NULL, *member;

	*ret_text = NULL;
	if (!has_engine(work))
		return 0;
	if (work_fact(work, "info", &info) < 0)
		return -EACCES;
	member = json_member(info, key);
	if (member && member->kind == JSON_KIND_STRING)
		*ret_text = member->string;
	return 0;
}

int check_runtime(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	const char *text = value->string, *is_default = NULL;

	/* The engine fills its default in. */
	if (!*text || (work->judging && strcmp(text, "runc") == 0))
		return 0;
	if (has_power(work, POWER_PRIVILEGED)) {
		jsonw_member_string(out, field->key, text);
		return 0;
	}
	if (work->judging) {
		if (engine_default(work, "DefaultRuntime", &is_default) < 0)
			return -EACCES;
		if (is_default && strcmp(is_default, text) == 0)
			return 0;
	}
	return field_refuse(work, field, value,
		"the runtime '%s' is a program that root runs: it needs \"privileged\"",
		shown(work, text));
}

static bool is_log_option(const struct json_node *option)
{
	const char *text = option->string;
	size_t digits = strspn(text, "0123456789");

	if (strcmp(option->key, "max-size") == 0)
		return digits > 0 && digits < 12 &&
		       (!text[digits] ||
			       (strchr("kKmMgG", text[digits]) && !text[digits + 1]));
	/* The engine renames as many at each rotation, which may be at each line. */
	if (strcmp(option->key, "max-file") == 0)
		return digits > 0 && digits < 4 && !text[digits];
	return strcmp(option->key, "compress") == 0 &&
	       (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
}

static const struct field log_rows[] = {
	ROW_ALLOW("Type", WORD),
	ROW_ALLOW("Config", MAP),
};
const struct fields log_table = FIELDS("create-log-config", log_rows);

static bool is_plain_log(const char *type)
{
	static const char *const plain[] = {"", "json-file", "local", "none"};

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (strcmp(type, plain[i]) == 0)
			return true;
	}
	return false;
}

static int check_log_options(
	struct work *work, const struct field *field, const struct json_node *config)
{
	if (!config || config->kind != JSON_KIND_OBJECT)
		return 0;
	for (size_t i = 0; i < config->count; i++) {
		const struct json_node *option = &config->children[i];

		if (option->kind != JSON_KIND_STRING || !is_log_option(option))
			return field_refuse(work, field, option,
				"only max-size, max-file and compress are allowed");
	}
	return 0;
}

/* Other drivers make root dial sockets and read files that the options name. */
int check_log_config(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	const struct json_node *type = json_member(value, "Type");
	const char *name = type && type->kind == JSON_KIND_STRING ? type->string : "";
	const char *is_default = NULL;

	if (!has_power(work, POWER_PRIVILEGED)) {
		/* The engine fills its default in, options and all. */
		if (work->judging &&
			engine_default(work, "LoggingDriver", &is_default) < 0)
			return -EACCES;
		bool filled = is_default && strcmp(is_default, name) == 0;
		if (!filled && !is_plain_log(name))
			return field_refuse(work, field, value,
				"the log driver '%s' acts as root on what its options "
				"name: use json-file or local",
				shown(work, name));
		if (!filled && check_log_options(
				       work, field, json_member(value, "Config")) < 0)
			return -EACCES;
	}
	jsonw_member_object(out, field->key);
	int rc = fields_apply(work, &log_table, value, out);
	jsonw_object_end(out);
	return rc;
}

/* "container:NAME" joins it: it must be his, and such that he could have started it. */
static int join_container(struct work *work, const struct field *field,
	const char *name, struct jsonw *out)
{
	struct object container;

	if (container_own(work, name, &container) < 0 ||
		judge_container(work, &container) < 0)
		return -EACCES;
	jsonw_key(out, field->key);
	jsonw_stringf(out, "container:%s", container.id);
	return 0;
}

/* @allowed: what is the container's own; the first is what absent means. */
static int force_namespace(struct work *work, const struct field *field,
	const struct json_node *value, const char *const *allowed, struct jsonw *out)
{
	static const char joins[] = "container:";
	const char *mode = value ? value->string : "";
	bool may_join = field->max > 0;

	if (strcmp(mode, "host") == 0) {
		if (!has_power(work, POWER_HOST))
			return field_refuse(work, field, value,
				"the host's namespace needs \"host_namespaces\"");
		jsonw_member_string(out, field->key, mode);
		return 0;
	}
	if (may_join && strncmp(mode, joins, sizeof(joins) - 1) == 0)
		return join_container(work, field, mode + sizeof(joins) - 1, out);
	for (size_t i = 0; allowed[i]; i++) {
		if (strcmp(mode, allowed[i]) == 0 || !*mode) {
			jsonw_member_string(out, field->key, allowed[i]);
			return 0;
		}
	}
	return field_refuse(
		work, field, value, "'%s' is not allowed", shown(work, mode));
}

int force_pid_mode(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const allowed[] = {"", NULL};

	return force_namespace(work, field, value, allowed, out);
}

/* Said, because below API 1.40 the default was to share. */
int force_ipc_mode(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const allowed[] = {"private", "none", "shareable", NULL};

	return force_namespace(work, field, value, allowed, out);
}

int force_uts_mode(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const allowed[] = {"", NULL};

	return force_namespace(work, field, value, allowed, out);
}

int force_userns_mode(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const allowed[] = {"", NULL};

	return force_namespace(work, field, value, allowed, out);
}

/* Said, because the default is the host's on cgroup v1. */
int force_cgroupns_mode(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const allowed[] = {"private", NULL};

	return force_namespace(work, field, value, allowed, out);
}
