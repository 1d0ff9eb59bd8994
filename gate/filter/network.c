/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which networks a container joins, and how. */
#include "gate/filter/network.h"

#include <errno.h>
#include <string.h>

#include "common/zone.h"
#include "gate/filter/judge.h"
#include "gate/filter/objects.h"

static int join_container(struct work *work, const char *name, const char **ret_name)
{
	struct object container;

	if (container_own(work, name, &container) < 0 ||
		judge_container(work, &container) < 0)
		return -EACCES;
	*ret_name = arena_printf(work->arena, "container:%s", container.id);
	return *ret_name ? 0 : refuse_memory(work);
}

int network_join(struct work *work, const struct field *field,
	const struct json_node *value, const char *name, const char **ret_name)
{
	static const char joins[] = "container:";
	static const char *const plain[] = {"default", "bridge", "none"};

	*ret_name = *name ? name : "default";
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (strcmp(*ret_name, plain[i]) == 0)
			return 0;
	}
	if (strcmp(name, "host") == 0)
		return has_power(work, POWER_HOST) ? 0
						   : field_refuse(work, field, value,
							     "the host's network needs "
							     "\"host_namespaces\"");
	if (strncmp(name, joins, sizeof(joins) - 1) == 0)
		return join_container(work, name + sizeof(joins) - 1, ret_name);
	return network_usable(work, name, ret_name);
}

int force_network_mode(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	const char *name;

	if (network_join(work, field, value, value ? value->string : "", &name) < 0)
		return -EACCES;
	jsonw_member_string(out, field->key, name);
	return 0;
}

static int check_address(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	struct addr addr;

	if (!value->string[0])
		return 0;
	if (addr_parse(value->string, &addr, NULL) < 0)
		return field_refuse(work, field, value, "'%s' is no address",
			shown(work, value->string));
	jsonw_member_string(out, field->key, value->string);
	return 0;
}

static int check_aliases(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct json_node *item = &value->children[i];

		if (!is_object_name(item->string))
			return field_refuse(work, field, item, "'%s' is no host name",
				shown(work, item->string));
	}
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}

static const struct field ipam_rows[] = {
	ROW_CHECK("IPv4Address", WORD, check_address),
	ROW_CHECK("IPv6Address", WORD, check_address),
	ROW_NEEDS("LinkLocalIPs", WORDS, POWER_HOST),
};
static const struct fields ipam_table = FIELDS("endpoint", ipam_rows);

/* What the engine fills in comes back from clients that send what they read. */
static const struct field endpoint_rows[] = {
	ROW_SUB("IPAMConfig", ipam_table),
	ROW_NEEDS("Links", WORDS, POWER_OTHERS),
	ROW_CHECK("Aliases", WORDS, check_aliases),
	ROW_NEEDS("MacAddress", WORD, POWER_HOST),
	ROW_NEEDS("DriverOpts", MAP, POWER_PRIVILEGED),
	ROW_DROP("GwPriority", INT, .min = INT_MIN, .max = INT_MAX),
	ROW_DROP("NetworkID", WORD),
	ROW_DROP("EndpointID", WORD),
	ROW_DROP("Gateway", WORD),
	ROW_DROP("IPAddress", WORD),
	ROW_DROP("IPPrefixLen", INT, .max = 128),
	ROW_DROP("IPv6Gateway", WORD),
	ROW_DROP("GlobalIPv6Address", WORD),
	ROW_DROP("GlobalIPv6PrefixLen", INT, .max = 128),
	ROW_DROP("DNSNames", WORDS),
};
const struct fields endpoint_table = FIELDS("endpoint", endpoint_rows);

static int check_endpoint(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	const char *name;

	if (value->kind != JSON_KIND_OBJECT && value->kind != JSON_KIND_NULL)
		return refuse(work, 400, "body-type", "%s must be an object",
			node_place(work, value));
	if (strchr(value->key, ':'))
		return field_refuse(work, field, value, "it is no network's name");
	if (network_join(work, field, value, value->key, &name) < 0)
		return -EACCES;
	jsonw_member_object(out, name);
	int rc = value->kind == JSON_KIND_OBJECT
			 ? fields_apply(work, &endpoint_table, value, out)
			 : 0;
	jsonw_object_end(out);
	return rc;
}

int check_endpoints(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	if (value->kind != JSON_KIND_OBJECT || value->count > 32)
		return refuse(work, 400, "body-type", "%s must be a small object",
			node_place(work, value));
	jsonw_member_object(out, field->key);
	for (size_t i = 0; rc == 0 && i < value->count; i++)
		rc = check_endpoint(work, field, &value->children[i], out);
	jsonw_object_end(out);
	return rc;
}

/* The engine may ask loopback servers from the host's own network namespace. */
int check_dns(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	struct addr addr;

	for (size_t i = 0; i < value->count; i++) {
		const struct json_node *item = &value->children[i];

		if (addr_parse(item->string, &addr, NULL) < 0 ||
			zone_is_loopback(&addr))
			return field_refuse(work, field, item,
				"'%s' is no address of a name server elsewhere",
				shown(work, item->string));
	}
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}

/* They become words of one line in the container's resolv.conf. */
int check_dns_texts(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct json_node *item = &value->children[i];

		if (strpbrk(item->string, " \t") || strlen(item->string) > 255)
			return field_refuse(work, field, item, "'%s' is not one word",
				shown(work, item->string));
	}
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}

/* "name:address", a line of the container's own /etc/hosts. */
int check_extra_hosts(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct json_node *item = &value->children[i];
		char *name = arena_strdup(work->arena, item->string);
		char *address = name ? strchr(name, ':') : NULL;
		struct addr addr;

		if (address)
			*address++ = '\0';
		if (!address || !is_object_name(name) ||
			(strcmp(address, "host-gateway") != 0 &&
				addr_parse(address, &addr, NULL) < 0))
			return field_refuse(work, field, item,
				"'%s' is not NAME:ADDRESS", shown(work, item->string));
	}
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}
