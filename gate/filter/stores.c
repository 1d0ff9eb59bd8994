/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests about volumes and networks. */
#include <errno.h>
#include <string.h>

#include "gate/filter/labels.h"
#include "gate/filter/network.h"
#include "gate/filter/objects.h"
#include "gate/filter/route.h"

static int apply_body(struct work *work, const struct fields *table)
{
	struct jsonw *out = work_out(work);

	jsonw_object_begin(out);
	int rc = fields_apply(work, table, json_doc_root(work->body), out);
	jsonw_object_end(out);
	return rc;
}

static const char *body_text(struct work *work, const char *key)
{
	const struct json_node *member = json_member(json_doc_root(work->body), key);

	return member && member->kind == JSON_KIND_STRING ? member->string : "";
}

/* Its own name is what the API knows a volume by. */
int decide_volume(struct work *work)
{
	struct object volume;

	if (object_volume(work, work->param, &volume) < 0)
		return -EACCES;
	work->decision->object = volume.id;
	if (volume.existence == OBJECT_ABSENT)
		return refuse(work, 404, "object-absent", "No such volume: %s",
			shown(work, work->param));
	if (volume.mine || has_power(work, POWER_OTHERS))
		return 0;
	return refuse(work, volume.existence == OBJECT_PRESENT ? 404 : 403,
		"volume-others", "No such volume: %s (or it is not yours)",
		shown(work, work->param));
}

static int check_volume_name(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	struct object volume;

	if (!value->string[0])
		return 0;
	/* The engine would answer with the one that is there, whoever made it. */
	if (object_volume(work, value->string, &volume) < 0 ||
		volume_usable(work, &volume) < 0)
		return -EACCES;
	work->decision->object = value->string;
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

static int check_driver(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->string[0] && strcmp(value->string, "local") != 0 &&
		!has_power(work, POWER_PRIVILEGED))
		return field_refuse(work, field, value,
			"the driver '%s' is a program that root runs: it needs "
			"\"privileged\"",
			shown(work, value->string));
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

/*
 * Since 1.42 only anonymous volumes go, unless "all" is said. Who asks so must not lose
 * the others to an engine that knows no better; who asks the old way keeps them.
 * Without a version it is the engine's newest that is asked for.
 */
int decide_volume_prune(struct work *work)
{
	bool newer = work->target.version == 0 || work->target.version >= 42;

	if (newer && strcmp(work_api(work), "1.41") == 0)
		return refuse(work, 400, "prune-volumes",
			"the engine speaks version 1.41 of its API, where this removes "
			"named volumes, too: ask for it as /v1.41/, or remove volumes "
			"by name");
	return 0;
}

static const struct field volume_rows[] = {
	ROW_CHECK("Name", WORD, check_volume_name),
	ROW_CHECK("Driver", WORD, check_driver),
	ROW_NEEDS("DriverOpts", MAP, POWER_PRIVILEGED), /* any mount(2) */
	ROW_FORCE("Labels", MAP, force_labels),
	ROW_REFUSE("ClusterVolumeSpec", ANY),
};
static const struct fields volume_table = FIELDS("volume", volume_rows);

int decide_volume_create(struct work *work)
{
	return apply_body(work, &volume_table);
}

static int use_network(struct work *work, struct object *network)
{
	if (object_network(work, work->param, network) < 0)
		return -EACCES;
	work->decision->object = network->id;
	if (network->existence == OBJECT_ABSENT)
		return refuse(work, 404, "object-absent", "No such network: %s",
			shown(work, work->param));
	work->param = network->id;
	return 0;
}

/* What it tells of others' containers, those who may join could find out. */
int decide_network_inspect(struct work *work)
{
	struct object network;

	if (has_power(work, POWER_OTHERS))
		return use_network(work, &network);
	if (network_usable(work, work->param, &work->param) < 0)
		return -EACCES;
	work->decision->object = work->param;
	return 0;
}

int decide_network_remove(struct work *work)
{
	struct object network;

	if (use_network(work, &network) < 0)
		return -EACCES;
	if (network.mine || has_power(work, POWER_OTHERS))
		return 0;
	return refuse(work, 403, "network-others",
		"the network '%s' is not yours, and the profile has no \"others\"",
		shown(work, network.id));
}

static int check_network_name(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	static const char *const taken[] = {
		"bridge", "default", "host", "none", "container", "ingress"};

	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		if (strcmp(value->string, taken[i]) == 0)
			return field_refuse(work, field, value,
				"the name '%s' is the engine's", taken[i]);
	}
	if (!is_new_name(value->string))
		return field_refuse(work, field, value, "'%s' is no name of a network",
			shown(work, value->string));
	work->decision->object = value->string;
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

/* Else a second network of the name could be made, and be taken for the first. */
static int force_duplicate(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	(void)work;
	(void)value;
	jsonw_member_bool(out, field->key, true);
	return 0;
}

static int check_network_driver(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->string[0] && strcmp(value->string, "bridge") != 0 &&
		!has_power(work, POWER_HOST))
		return field_refuse(work, field, value,
			"the driver '%s' reaches into the host's network: it needs "
			"\"host_namespaces\"",
			shown(work, value->string));
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

static int check_ipam_driver(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->string[0] && strcmp(value->string, "default") != 0)
		return field_refuse(work, field, value,
			"the driver '%s' is not allowed", shown(work, value->string));
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

static bool is_mtu(const struct json_node *option)
{
	return strcmp(option->key, NETWORK_MTU) == 0 && is_decimal(option->string) &&
	       strlen(option->string) <= 5;
}

static int check_network_options(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct json_node *option = &value->children[i];

		if (!is_mtu(option) && !has_power(work, POWER_HOST))
			return field_refuse(work, field, option,
				"it changes the host's network: it needs "
				"\"host_namespaces\"");
	}
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}

static const struct field ipam_config_rows[] = {
	ROW_ALLOW("Subnet", WORD),
	ROW_ALLOW("IPRange", WORD),
	ROW_ALLOW("Gateway", WORD),
	ROW_ALLOW("AuxiliaryAddresses", MAP),
	ROW_ALLOW("AuxAddress", MAP),
};
static const struct fields ipam_config_table = FIELDS("network-ipam", ipam_config_rows);

/* A subnet becomes a route of the host: it could draw any address to a container. */
static int check_ipam_config(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	if (value->count > 0 && !has_power(work, POWER_HOST))
		return field_refuse(work, field, value,
			"a subnet of your choice would be a route of the host: it "
			"needs "
			"\"host_namespaces\"");
	jsonw_member_array(out, field->key);
	for (size_t i = 0; rc == 0 && i < value->count; i++) {
		jsonw_object_begin(out);
		rc = fields_apply(work, &ipam_config_table, &value->children[i], out);
		jsonw_object_end(out);
	}
	jsonw_array_end(out);
	return rc;
}

static const struct field network_ipam_rows[] = {
	ROW_CHECK("Driver", WORD, check_ipam_driver),
	ROW_NEEDS("Options", MAP, POWER_HOST),
	ROW_CHECK("Config", SUBS, check_ipam_config),
};
static const struct fields network_ipam_table =
	FIELDS("network-ipam", network_ipam_rows);

static const struct field network_rows[] = {
	ROW_CHECK("Name", WORD, check_network_name),
	ROW_FORCE("CheckDuplicate", BOOL, force_duplicate),
	ROW_CHECK("Driver", WORD, check_network_driver),
	ROW_REFUSE("Scope", WORD),
	ROW_DROP("EnableIPv4", BOOL), /* since 1.48 */
	ROW_ALLOW("EnableIPv6", BOOL),
	ROW_SUB("IPAM", network_ipam_table),
	ROW_ALLOW("Internal", BOOL),
	ROW_DROP("Attachable", BOOL), /* of swarm */
	ROW_REFUSE("Ingress", BOOL),
	ROW_REFUSE("ConfigOnly", BOOL),
	ROW_REFUSE("ConfigFrom", ANY),
	ROW_CHECK("Options", MAP, check_network_options),
	ROW_FORCE("Labels", MAP, force_labels),
};
static const struct fields network_table = FIELDS("network", network_rows);

int decide_network_create(struct work *work)
{
	if (!*body_text(work, "Name"))
		return refuse(work, 400, "network-name", "the network has no name");
	return apply_body(work, &network_table);
}

static int force_container(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	struct object container;

	if (container_own(work, value ? value->string : "", &container) < 0)
		return -EACCES;
	jsonw_member_string(out, field->key, container.id);
	return 0;
}

static const struct field connect_rows[] = {
	ROW_FORCE("Container", WORD, force_container),
	ROW_SUB("EndpointConfig", endpoint_table),
};
static const struct fields connect_table = FIELDS("connect", connect_rows);

int decide_network_connect(struct work *work)
{
	static const char *const own[] = {"none", "host"};
	const char *id;

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (strcmp(work->param, own[i]) == 0)
			return refuse(work, 403, "network-host",
				"a container joins '%s' when it is made, or never",
				own[i]);
	}
	if (strcmp(work->param, "bridge") != 0) {
		if (network_usable(work, work->param, &id) < 0)
			return -EACCES;
		work->param = id;
	}
	work->decision->object = work->param;
	return apply_body(work, &connect_table);
}

static const struct field disconnect_rows[] = {
	ROW_FORCE("Container", WORD, force_container),
	ROW_ALLOW("Force", BOOL),
};
static const struct fields disconnect_table = FIELDS("disconnect", disconnect_rows);

/* Whatever network it is: the container is the caller's. */
int decide_network_disconnect(struct work *work)
{
	struct object network;

	if (use_network(work, &network) < 0)
		return -EACCES;
	return apply_body(work, &disconnect_table);
}
