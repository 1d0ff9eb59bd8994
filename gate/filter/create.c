/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be asked of a container when it is made, changed, or entered. */
#include "gate/filter/create.h"

#include <errno.h>
#include <string.h>

#include "gate/filter/labels.h"
#include "gate/filter/look.h"
#include "gate/filter/mounts.h"
#include "gate/filter/network.h"
#include "gate/filter/objects.h"
#include "gate/filter/publish.h"
#include "gate/filter/security.h"
#include "gate/filter/volumes.h"

static const struct json_node no_object = {.kind = JSON_KIND_OBJECT};

static bool is_one_of(const char *text, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(text, *list) == 0)
			return true;
	}
	return false;
}

/* A line in the container's /etc/hosts. */
static int check_host_name(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->string[0] && !is_object_name(value->string))
		return field_refuse(work, field, value, "'%s' is no host name",
			shown(work, value->string));
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

/* CVE-2024-21626: /proc/self/fd/8 was a directory of the host's. */
int check_working_path(struct work *work, const char *rule, const char *path)
{
	const char *plain = path_trim(work->arena, path);

	if (!plain)
		return refuse_memory(work);
	if (*plain && (!is_plain_path(plain) || path_below(plain, "/proc")) &&
		!has_power(work, POWER_PRIVILEGED))
		return refuse(work, 403, rule,
			"the working directory '%s' must be absolute, without '..' or "
			"'.', and not below /proc",
			shown(work, path));
	return 0;
}

static int check_working_dir(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	const char *rule = arena_printf(work->arena, "%s-working-dir", work->prefix);

	if (!rule)
		return refuse_memory(work);
	if (check_working_path(work, rule, value->string) < 0)
		return -EACCES;
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

/* Cmd and Entrypoint: a list of texts, or one text alone. */
static int check_command(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	bool fine = value->kind == JSON_KIND_STRING ||
		    (value->kind == JSON_KIND_ARRAY && value->count <= WORK_MAX_ITEMS);

	for (size_t i = 0; fine && value->kind == JSON_KIND_ARRAY && i < value->count;
		i++)
		fine = value->children[i].kind == JSON_KIND_STRING;
	if (!fine)
		return refuse(work, 400, "body-type", "%s must be a list of texts",
			node_place(work, value));
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}

/* The member of what the engine says of an image, or NULL when it has none. */
static int image_member(struct work *work, const struct json_node *object,
	const char *key, enum json_kind kind, const struct json_node **ret_member)
{
	const struct json_node *member = json_member(object, key);

	*ret_member = NULL;
	if (!member || member->kind == JSON_KIND_NULL)
		return 0;
	if (member->kind != kind)
		return refuse(work, 502, "engine-answer",
			"the engine's answer about the image is not understood: its %s",
			key);
	*ret_member = member;
	return 0;
}

/* What an image brings becomes the container's as if it had been asked for. */
static int check_image(
	struct work *work, const struct field *field, const struct object *image)
{
	const struct json_node *config, *volumes, *path;

	if (image_member(work, image->root, "Config", JSON_KIND_OBJECT, &config) < 0 ||
		image_member(work, config, "Volumes", JSON_KIND_OBJECT, &volumes) < 0 ||
		image_member(work, config, "WorkingDir", JSON_KIND_STRING, &path) < 0)
		return -EACCES;
	if (check_image_labels(work, field, image->labels) < 0 ||
		check_image_volumes(work, field, volumes) < 0)
		return -EACCES;
	return path ? check_working_path(work, "create-image", path->string) : 0;
}

static int force_image(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	struct object image;
	const char *text;

	if (!value || !value->string[0])
		return refuse(work, 400, "create-image", "no image is named");
	work->decision->image = value->string;
	if (image_usable(work, value->string, &work->image_id, &text) < 0)
		return -EACCES;
	if (work->image_id && (object_image(work, value->string, &image) < 0 ||
				      check_image(work, field, &image) < 0))
		return -EACCES;
	if (work->image_id && !has_power(work, POWER_PRIVILEGED) &&
		look_image(work, image.id, image.root, &work->looked) < 0)
		return -EACCES;
	work->selected.image = text;
	jsonw_member_string(out, field->key, text);
	return 0;
}

static int force_create_labels(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	bool is_due;

	if (look_is_due(work, &is_due) < 0)
		return -EACCES;
	jsonw_member_object(out, field->key);
	int rc = write_labels(work, field, value, out);
	write_owner(work, out);
	if (work->image_id)
		jsonw_member_string(out, IMAGE_LABEL, work->image_id);
	/* nesting_of_create() looks, or refuses; which manifest it is, a start sees. */
	if (work->image_id)
		jsonw_member_string(out, LOOKED_LABEL,
			look_label(work, is_due && !work->looked.told_by));
	jsonw_object_end(out);
	return rc;
}

static int check_signal(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->string[strspn(value->string, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
						"mnopqrstuvwxyz0123456789+-")])
		return field_refuse(work, field, value, "'%s' is no signal",
			shown(work, value->string));
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

static int check_restart_name(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const names[] = {
		"", "no", "always", "unless-stopped", "on-failure", NULL};

	if (!is_one_of(value->string, names))
		return field_refuse(work, field, value, "'%s' is no restart policy",
			shown(work, value->string));
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

static const struct field restart_rows[] = {
	ROW_CHECK("Name", WORD, check_restart_name),
	ROW_ALLOW("MaximumRetryCount", INT, .max = INT_MAX),
};
static const struct fields restart_table =
	FIELDS("create-restart-policy", restart_rows);

static int check_oom_score(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->integer < 0 && !has_power(work, POWER_PRIVILEGED))
		return field_refuse(work, field, value,
			"below 0 others are killed in its place: it needs "
			"\"privileged\"");
	jsonw_member_int(out, field->key, value->integer);
	return 0;
}

static int check_ulimit_name(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const names[] = {"core", "cpu", "data", "fsize", "locks",
		"nofile", "nproc", "rss", "stack", NULL};

	if (!is_one_of(value->string, names) && !has_power(work, POWER_PRIVILEGED))
		return field_refuse(work, field, value,
			"the limit '%s' is not for callers to raise",
			shown(work, value->string));
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

static const struct field ulimit_rows[] = {
	ROW_CHECK("Name", WORD, check_ulimit_name),
	ROW_ALLOW("Soft", INT, .min = -1, .max = INT64_MAX),
	ROW_ALLOW("Hard", INT, .min = -1, .max = INT64_MAX),
};
static const struct fields ulimit_table = FIELDS("create-ulimits", ulimit_rows);

static int check_ulimits(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	/* The engine writes its own defaults in when it starts a container. */
	if (work->judging)
		return 0;
	jsonw_member_array(out, field->key);
	for (size_t i = 0; rc == 0 && i < value->count; i++) {
		jsonw_object_begin(out);
		rc = fields_apply(work, &ulimit_table, &value->children[i], out);
		jsonw_object_end(out);
	}
	jsonw_array_end(out);
	return rc;
}

/* Of Windows: nothing on Linux but "default". */
static int check_isolation(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const names[] = {"", "default", NULL};

	(void)out;
	if (!is_one_of(value->string, names))
		return field_refuse(work, field, value, "'%s' is not for Linux",
			shown(work, value->string));
	return 0;
}

/* Of create and of update. Limits of himself a caller may set as he likes; what names a
 * device or a cgroup of the host is refused. */
#define RESOURCE_ROWS                                                                 \
	ROW_INT("CpuShares", 0, 262144), ROW_INT("Memory", 0, INT64_MAX),             \
		ROW_INT("NanoCpus", 0, INT64_MAX),                                    \
		ROW_NEEDS("CgroupParent", WORD, POWER_PRIVILEGED),                    \
		ROW_INT("BlkioWeight", 0, 1000),                                      \
		ROW_NEEDS("BlkioWeightDevice", ANY, POWER_PRIVILEGED),                \
		ROW_NEEDS("BlkioDeviceReadBps", ANY, POWER_PRIVILEGED),               \
		ROW_NEEDS("BlkioDeviceWriteBps", ANY, POWER_PRIVILEGED),              \
		ROW_NEEDS("BlkioDeviceReadIOps", ANY, POWER_PRIVILEGED),              \
		ROW_NEEDS("BlkioDeviceWriteIOps", ANY, POWER_PRIVILEGED),             \
		ROW_INT("CpuPeriod", 0, 1000000), ROW_INT("CpuQuota", -1, INT64_MAX), \
		ROW_NEEDS("CpuRealtimePeriod", INT, POWER_PRIVILEGED),                \
		ROW_NEEDS("CpuRealtimeRuntime", INT, POWER_PRIVILEGED),               \
		ROW_ALLOW("CpusetCpus", WORD), ROW_ALLOW("CpusetMems", WORD),         \
		ROW_CHECK("Devices", SUBS, check_devices, .sub = &device_table),      \
		ROW_NEEDS("DeviceCgroupRules", WORDS, POWER_PRIVILEGED),              \
		ROW_CHECK("DeviceRequests", SUBS, check_device_requests),             \
		ROW_INT("KernelMemory", 0, INT64_MAX),                                \
		ROW_INT("KernelMemoryTCP", 0, INT64_MAX),                             \
		ROW_INT("MemoryReservation", 0, INT64_MAX),                           \
		ROW_INT("MemorySwap", -1, INT64_MAX),                                 \
		ROW_INT("MemorySwappiness", -1, 100),                                 \
		ROW_NEEDS("OomKillDisable", BOOL, POWER_PRIVILEGED),                  \
		ROW_INT("PidsLimit", -1, INT64_MAX),                                  \
		ROW_CHECK("Ulimits", SUBS, check_ulimits, .sub = &ulimit_table),      \
		ROW_DROP("CpuCount", INT, .max = INT64_MAX),                          \
		ROW_DROP("CpuPercent", INT, .max = INT64_MAX),                        \
		ROW_DROP("IOMaximumIOps", INT, .max = INT64_MAX),                     \
		ROW_DROP("IOMaximumBandwidth", INT, .max = INT64_MAX),                \
		ROW_SUB("RestartPolicy", restart_table)

static int force_read_only(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	bool asked = value && value->boolean, forced = work->profile->read_only;

	if (forced && !asked && work->judging)
		return field_refuse(work, field, value,
			"the profile is \"read_only\": make the container again");
	jsonw_member_bool(out, field->key, asked || forced);
	return 0;
}

static const struct field host_config_rows[] = {
	RESOURCE_ROWS,
	ROW_DROP("Binds", WORDS), /* with Mounts */
	ROW_FORCE("Mounts", SUBS, force_mounts, .sub = &mount_table),
	ROW_CHECK("VolumesFrom", WORDS, check_volumes_from),
	ROW_CHECK("VolumeDriver", WORD, check_local_driver),
	ROW_CHECK("Tmpfs", MAP, check_tmpfs),
	ROW_NEEDS("StorageOpt", MAP, POWER_PRIVILEGED),
	ROW_ALLOW("ShmSize", INT, .max = INT64_MAX),
	ROW_FORCE("ReadonlyRootfs", BOOL, force_read_only),

	ROW_CHECK("Privileged", BOOL, check_privileged),
	ROW_FORCE("CapAdd", WORDS, force_cap_add),
	ROW_FORCE("CapDrop", WORDS, force_cap_drop),
	ROW_FORCE("SecurityOpt", TEXTS, force_security_opt),
	ROW_CHECK("GroupAdd", WORDS, check_group_add),
	ROW_CHECK("MaskedPaths", WORDS, check_kernel_paths),
	ROW_CHECK("ReadonlyPaths", WORDS, check_kernel_paths),
	ROW_CHECK("Runtime", WORD, check_runtime),
	ROW_NEEDS("Sysctls", MAP, POWER_PRIVILEGED),
	ROW_REFUSE("Annotations", MAP), /* orders to the runtime */
	ROW_CHECK("OomScoreAdj", INT, check_oom_score, .min = -1000, .max = 1000),

	ROW_FORCE("PidMode", WORD, force_pid_mode, .max = true),
	ROW_FORCE("IpcMode", WORD, force_ipc_mode, .max = true),
	ROW_FORCE("UTSMode", WORD, force_uts_mode),
	ROW_FORCE("UsernsMode", WORD, force_userns_mode),
	ROW_FORCE("CgroupnsMode", WORD, force_cgroupns_mode),
	ROW_REFUSE("Cgroup", WORD), /* "container:ID", of old */
	ROW_FORCE("NetworkMode", WORD, force_network_mode),

	ROW_CHECK("PortBindings", ANY, check_port_bindings),
	ROW_CHECK("PublishAllPorts", BOOL, check_publish_all),
	ROW_CHECK("Dns", WORDS, check_dns),
	ROW_CHECK("DnsOptions", WORDS, check_dns_texts),
	ROW_CHECK("DnsSearch", WORDS, check_dns_texts),
	ROW_CHECK("ExtraHosts", WORDS, check_extra_hosts),
	/* show the other container's environment */
	ROW_NEEDS("Links", WORDS, POWER_OTHERS),

	ROW_CHECK("LogConfig", SUB, check_log_config, .sub = &log_table),
	ROW_ALLOW("AutoRemove", BOOL),
	ROW_ALLOW("Init", BOOL),
	ROW_ALLOW("ConsoleSize", INTS, .max = 65535),
	ROW_DROP("ContainerIDFile", WORD), /* the client's */
	ROW_CHECK("Isolation", WORD, check_isolation),
};
const struct fields host_config_table = FIELDS("create", host_config_rows);

static int force_host_config(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	jsonw_member_object(out, field->key);
	int rc =
		fields_apply(work, &host_config_table, value ? value : &no_object, out);
	jsonw_object_end(out);
	return rc;
}

static const struct field networking_rows[] = {
	ROW_CHECK("EndpointsConfig", ANY, check_endpoints, .sub = &endpoint_table),
};
static const struct fields networking_table = FIELDS("create", networking_rows);

static const struct field health_rows[] = {
	ROW_ALLOW("Test", TEXTS),
	ROW_INT("Interval", 0, INT64_MAX),
	ROW_INT("Timeout", 0, INT64_MAX),
	ROW_INT("StartPeriod", 0, INT64_MAX),
	ROW_DROP("StartInterval", INT, .max = INT64_MAX), /* since 1.44 */
	ROW_INT("Retries", 0, INT_MAX),
};
static const struct fields health_table = FIELDS("create-healthcheck", health_rows);

static const struct field create_rows[] = {
	ROW_FORCE("Image", WORD, force_image), /* before Labels */
	ROW_FORCE("User", WORD, force_user),
	ROW_FORCE("Labels", MAP, force_create_labels),
	ROW_CHECK("Hostname", WORD, check_host_name),
	ROW_CHECK("Domainname", WORD, check_host_name),
	ROW_ALLOW("AttachStdin", BOOL),
	ROW_ALLOW("AttachStdout", BOOL),
	ROW_ALLOW("AttachStderr", BOOL),
	ROW_CHECK("ExposedPorts", SET, check_exposed_ports),
	ROW_ALLOW("Tty", BOOL),
	ROW_ALLOW("OpenStdin", BOOL),
	ROW_ALLOW("StdinOnce", BOOL),
	ROW_ALLOW("Env", TEXTS),
	ROW_CHECK("Cmd", ANY, check_command),
	ROW_CHECK("Entrypoint", ANY, check_command),
	ROW_SUB("Healthcheck", health_table),
	ROW_DROP("ArgsEscaped", BOOL), /* of Windows */
	ROW_CHECK("Volumes", SET, check_volumes),
	ROW_CHECK("WorkingDir", WORD, check_working_dir),
	ROW_ALLOW("NetworkDisabled", BOOL),
	ROW_NEEDS("MacAddress", WORD, POWER_HOST),
	ROW_REFUSE("OnBuild", TEXTS),
	ROW_REFUSE("Runtime", WORD), /* HostConfig has it; docker-py writes null */
	ROW_CHECK("StopSignal", WORD, check_signal),
	ROW_INT("StopTimeout", -1, INT_MAX),
	ROW_ALLOW("Shell", TEXTS),
	ROW_FORCE("HostConfig", SUB, force_host_config, .sub = &host_config_table),
	ROW_SUB("NetworkingConfig", networking_table),
};
const struct fields create_table = FIELDS("create", create_rows);

static const struct field update_rows[] = {RESOURCE_ROWS};
const struct fields update_table = FIELDS("update", update_rows);

static const struct field exec_rows[] = {
	ROW_FORCE("User", WORD, force_user),
	ROW_CHECK("Privileged", BOOL, check_privileged), ROW_ALLOW("Tty", BOOL),
	ROW_DROP("ConsoleSize", INTS, .max = 65535), /* since 1.42 */
	ROW_ALLOW("AttachStdin", BOOL), ROW_ALLOW("AttachStdout", BOOL),
	ROW_ALLOW("AttachStderr", BOOL), ROW_ALLOW("Detach", BOOL),
	ROW_ALLOW("DetachKeys", WORD), ROW_ALLOW("Env", TEXTS),
	ROW_CHECK("WorkingDir", WORD, check_working_dir),
	ROW_CHECK("Cmd", ANY, check_command),
	ROW_DROP("Container", WORD), /* of old clients; the path tells */
};
const struct fields exec_table = FIELDS("exec", exec_rows);

/* As GET exec/{}/json tells it. */
static const struct field process_rows[] = {
	ROW_FORCE("user", WORD, force_user),
	ROW_CHECK("privileged", BOOL, check_privileged),
	ROW_DROP("tty", BOOL),
	ROW_DROP("entrypoint", TEXT),
	ROW_DROP("arguments", TEXTS),
};
const struct fields process_table = FIELDS("exec", process_rows);

static const struct field exec_start_rows[] = {
	ROW_ALLOW("Detach", BOOL), ROW_ALLOW("Tty", BOOL),
	ROW_DROP("ConsoleSize", INTS, .max = 65535), /* since 1.42 */
};
const struct fields exec_start_table = FIELDS("exec-start", exec_start_rows);
