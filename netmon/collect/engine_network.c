/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine's version, settings and networks, from its API's answers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/collect/answer.h"
#include "netmon/collect/engine_parse.h"

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

int engine_parse_version(struct facts *facts, struct engine *engine, const char *text,
	size_t len, struct err *err)
{
	struct answer answer = {.arena = &facts->arena, .err = err};
	const struct json_node *root;

	if (answer_open(&answer, "version", text, len, JSON_KIND_OBJECT, &root) == 0) {
		const struct json_node *parts =
			answer_array(&answer, root, "Components");

		engine->version = answer_text(&answer, root, "Version");
		engine->api_version = answer_text(&answer, root, "ApiVersion");
		engine->kind = "docker";
		for (size_t i = 0; parts && i < parts->count; i++) {
			const char *name = NULL;

			if (answer_is_object(&answer, &parts->children[i]))
				name = answer_text(
					&answer, &parts->children[i], "Name");
			if (is(name, "Podman Engine"))
				engine->kind = "podman";
		}
	}
	answer_done(&answer);
	return answer.code;
}

int engine_parse_info(struct facts *facts, struct engine *engine, const char *text,
	size_t len, struct err *err)
{
	struct answer answer = {.arena = &facts->arena, .err = err};
	const struct json_node *root;

	if (answer_open(&answer, "info", text, len, JSON_KIND_OBJECT, &root) == 0) {
		const struct json_node *options =
			answer_array(&answer, root, "SecurityOptions");
		const char *swarm = answer_text(&answer,
			answer_object(&answer, root, "Swarm"), "LocalNodeState");

		for (size_t i = 0; options && i < options->count; i++) {
			const struct json_node *option = &options->children[i];

			if (option->kind != JSON_KIND_STRING)
				continue;
			engine->rootless |= is(option->string, "name=rootless");
			engine->userns_remap |= is(option->string, "name=userns");
		}
		engine->rootless |= answer_flag(&answer, root, "Rootless"); /* Podman */
		engine->swarm = swarm && !is(swarm, "inactive");
		engine->data_root = answer_text(&answer, root, "DockerRootDir");
		engine->firewall_backend = answer_text(&answer,
			answer_object(&answer, root, "FirewallBackend"), "Driver");
	}
	answer_done(&answer);
	return answer.code;
}

/* "172.17.0.0/16"; host bits may be set: old engines keep what the user gave. */
static bool parse_prefix(const char *text, struct addr *ret_addr, uint8_t *ret_len)
{
	char address[ADDR_TEXT_MAX], *end = NULL;
	const char *slash = strchr(text, '/');
	unsigned long len = slash ? strtoul(slash + 1, &end, 10) : 0;

	if (!slash || end == slash + 1 || *end ||
		(size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (addr_parse(address, ret_addr, NULL) < 0 ||
		len > addr_bits(ret_addr->family))
		return false;
	*ret_len = (uint8_t)len;
	return true;
}

static void push_subnet(struct answer *answer, struct network *network,
	const struct json_node *object, const char *key)
{
	const struct json_node *member = json_member(object, key);
	struct addr addr;
	uint8_t len;

	if (!member || member->kind == JSON_KIND_NULL ||
		(member->kind == JSON_KIND_STRING && !*member->string))
		return;
	if (member->kind != JSON_KIND_STRING ||
		!parse_prefix(member->string, &addr, &len)) {
		answer_fail(answer, member, "no subnet");
		return;
	}
	struct prefix *prefix = arena_push(answer->arena, &network->subnets,
		&network->nsubnets, sizeof(*network->subnets));
	if (!prefix)
		return;
	prefix->family = addr.family;
	prefix->len = len;
	prefix->value = addr.value & prefix_mask(addr.family, len);
}

static void push_subnets(struct answer *answer, struct network *network,
	const struct json_node *list, const char *key)
{
	for (size_t i = 0; list && i < list->count; i++) {
		if (answer_is_object(answer, &list->children[i]))
			push_subnet(answer, network, &list->children[i], key);
	}
}

static bool has_virtual_parent(const struct network *network)
{
	return is(network->driver, "macvlan") || is(network->driver, "ipvlan");
}

static void parse_network(
	struct answer *answer, struct network *network, const struct json_node *row)
{
	const struct json_node *options = answer_object(answer, row, "Options");
	const struct json_node *ipam = answer_object(answer, row, "IPAM");

	network->id = answer_text(answer, row, "Id");
	network->name = answer_text(answer, row, "Name");
	network->driver = answer_text(answer, row, "Driver");
	network->internal = answer_flag(answer, row, "Internal");
	network->ingress = answer_flag(answer, row, "Ingress");
	network->ipv6 = answer_flag(answer, row, "EnableIPv6");
	push_subnets(answer, network, answer_array(answer, ipam, "Config"), "Subnet");
	network->gateway_mode4 = answer_text(
		answer, options, "com.docker.network.bridge.gateway_mode_ipv4");
	network->gateway_mode6 = answer_text(
		answer, options, "com.docker.network.bridge.gateway_mode_ipv6");
	if (has_virtual_parent(network))
		network->parent = answer_text(answer, options, "parent");
	if (!is(network->driver, "bridge"))
		return;
	network->bridge =
		answer_text(answer, options, "com.docker.network.bridge.name");
	if (!network->bridge && network->id)
		network->bridge = arena_printf(answer->arena, "br-%.12s", network->id);
}

static void parse_libpod_network(
	struct answer *answer, struct network *network, const struct json_node *row)
{
	const struct json_node *options = answer_object(answer, row, "options");
	const char *interface = answer_text(answer, row, "network_interface");

	network->id = answer_text(answer, row, "id");
	network->name = answer_text(answer, row, "name");
	network->driver = answer_text(answer, row, "driver");
	network->internal = answer_flag(answer, row, "internal");
	network->ipv6 = answer_flag(answer, row, "ipv6_enabled");
	push_subnets(answer, network, answer_array(answer, row, "subnets"), "subnet");
	if (is(network->driver, "bridge"))
		network->bridge = interface;
	if (has_virtual_parent(network))
		network->parent =
			interface ? interface : answer_text(answer, options, "parent");
}

typedef void parse_fn(
	struct answer *answer, struct network *network, const struct json_node *row);

static int parse_networks(struct facts *facts, const char *engine, const char *text,
	size_t len, parse_fn *parse, struct err *err)
{
	struct answer answer = {.arena = &facts->arena, .err = err};
	const struct json_node *root = NULL;

	if (answer_open(&answer, "networks", text, len, JSON_KIND_ARRAY, &root) < 0)
		root = NULL;
	for (size_t i = 0; root && i < root->count; i++) {
		struct network *network;

		if (!answer_is_object(&answer, &root->children[i]))
			continue;
		network = arena_push(&facts->arena, &facts->networks, &facts->nnetworks,
			sizeof(*facts->networks));
		if (!network)
			break;
		network->engine = engine;
		parse(&answer, network, &root->children[i]);
		if (!network->name) {
			answer_fail(
				&answer, &root->children[i], "network without a name");
			facts->nnetworks--;
		}
	}
	answer_done(&answer);
	return arena_failed(&facts->arena) ? -ENOMEM : answer.code;
}

int engine_parse_networks(struct facts *facts, const char *engine, const char *text,
	size_t len, struct err *err)
{
	return parse_networks(facts, engine, text, len, parse_network, err);
}

int engine_parse_libpod_networks(struct facts *facts, const char *engine,
	const char *text, size_t len, struct err *err)
{
	return parse_networks(facts, engine, text, len, parse_libpod_network, err);
}

static void read_endpoint_addr(struct answer *answer, const struct json_node *row,
	const char *key, struct addr *ret_addr, uint8_t *ret_len)
{
	const char *text = answer_text(answer, row, key);

	if (text && !parse_prefix(text, ret_addr, ret_len))
		answer_fail(answer, json_member(row, key), "no address");
}

static struct container *find_container(struct facts *facts, const char *id)
{
	for (size_t i = 0; i < facts->ncontainers; i++) {
		if (is(facts->containers[i].id, id))
			return &facts->containers[i];
	}
	return NULL;
}

static bool has_net(const struct container *container, const char *network)
{
	for (size_t i = 0; i < container->nnets; i++) {
		if (is(container->nets[i].network, network))
			return true;
	}
	return false;
}

static void parse_endpoint(struct answer *answer, struct facts *facts,
	const char *engine, const struct json_node *network,
	const struct json_node *row)
{
	const char *name = answer_text(answer, network, "Name");
	struct container *container = find_container(facts, row->key);

	if (!name || !answer_is_object(answer, row) ||
		(container && has_net(container, name)))
		return;
	if (!container) {
		container = arena_push(&facts->arena, &facts->containers,
			&facts->ncontainers, sizeof(*facts->containers));
		if (!container)
			return;
		container->engine = engine;
		container->id = arena_strdup(&facts->arena, row->key);
		container->name = answer_text(answer, row, "Name");
		container->state = "running";
	}
	struct container_net *net = arena_push(&facts->arena, &container->nets,
		&container->nnets, sizeof(*container->nets));
	if (!net)
		return;
	net->network = name;
	net->network_id = answer_text(answer, network, "Id");
	net->mac = answer_text(answer, row, "MacAddress");
	read_endpoint_addr(answer, row, "IPv4Address", &net->addr4, &net->prefix_len4);
	read_endpoint_addr(answer, row, "IPv6Address", &net->addr6, &net->prefix_len6);
}

int engine_parse_endpoints(struct facts *facts, const char *engine, const char *text,
	size_t len, struct err *err)
{
	struct answer answer = {.arena = &facts->arena, .err = err};
	const struct json_node *root = NULL, *list = NULL;

	if (answer_open(&answer, "network", text, len, JSON_KIND_OBJECT, &root) == 0)
		list = answer_object(&answer, root, "Containers");
	for (size_t i = 0; list && i < list->count; i++)
		parse_endpoint(&answer, facts, engine, root, &list->children[i]);
	answer_done(&answer);
	return arena_failed(&facts->arena) ? -ENOMEM : answer.code;
}
