/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine's containers, from its API's answers. */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/collect/answer.h"
#include "netmon/collect/engine_parse.h"

enum { PORTS_MAX = 4 * 65536 }; /* of one container; more is not an honest answer */

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static uint8_t parse_proto(const char *name)
{
	if (!name || !*name || strcmp(name, "tcp") == 0)
		return IPPROTO_TCP;
	if (strcmp(name, "udp") == 0)
		return IPPROTO_UDP;
	return strcmp(name, "sctp") == 0 ? IPPROTO_SCTP : 0;
}

/* A port number at the start of @text; *ret_end is what follows it. 0: none. */
static uint16_t parse_port(const char *text, const char **ret_end)
{
	unsigned int value = 0;

	while (*text >= '0' && *text <= '9' && value <= UINT16_MAX)
		value = value * 10 + (unsigned int)(*text++ - '0');
	*ret_end = text;
	return value <= UINT16_MAX ? (uint16_t)value : 0;
}

/* What a key of Ports, PortBindings and ExposedPorts says: "80/tcp", "8000-8010/udp".
 */
struct port_key {
	uint16_t first, last;
	uint8_t proto;
};

static bool parse_port_key(
	struct answer *answer, const struct json_node *node, struct port_key *ret_key)
{
	const char *rest;

	ret_key->first = ret_key->last = parse_port(node->key, &rest);
	if (*rest == '-')
		ret_key->last = parse_port(rest + 1, &rest);
	ret_key->proto =
		*rest == '/' || !*rest ? parse_proto(rest + (*rest == '/')) : 0;
	if (ret_key->first && ret_key->last >= ret_key->first && ret_key->proto)
		return true;
	answer_fail(answer, node, "no port");
	return false;
}

/* By protocol and container port only. */
static int compare_key(const void *a, const void *b)
{
	const struct port_binding *x = a, *y = b;

	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	return (x->container_port > y->container_port) -
	       (x->container_port < y->container_port);
}

static int compare_port(const void *a, const void *b)
{
	const struct port_binding *x = a, *y = b;
	int r = compare_key(a, b);

	if (r == 0 && x->host_port != y->host_port)
		r = x->host_port < y->host_port ? -1 : 1;
	if (r == 0 && x->host_addr.family != y->host_addr.family)
		r = x->host_addr.family < y->host_addr.family ? -1 : 1;
	if (r == 0 && x->host_addr.value != y->host_addr.value)
		r = x->host_addr.value < y->host_addr.value ? -1 : 1;
	return r;
}

static void sort_ports(struct container *container)
{
	if (container->nports)
		qsort(container->ports, container->nports, sizeof(*container->ports),
			compare_port);
}

/* Whether the first @count ports, which are sorted, hold @port. */
static bool has_port(const struct container *container, size_t count,
	const struct port_binding *port, int (*compare)(const void *, const void *))
{
	return count && bsearch(port, container->ports, count, sizeof(*port), compare);
}

static bool push_port(struct answer *answer, struct container *container,
	const struct port_binding *port, const struct json_node *node)
{
	struct port_binding *place;

	if (container->nports >= PORTS_MAX) {
		answer_fail(answer, node, "too many ports");
		return false;
	}
	place = arena_push(answer->arena, &container->ports, &container->nports,
		sizeof(*container->ports));
	if (place)
		*place = *port;
	return place != NULL;
}

static struct port_binding read_binding(
	struct answer *answer, const struct json_node *node, const struct port_key *key)
{
	struct port_binding port = {.proto = key->proto, .container_port = key->first};
	const struct json_node *member = json_member(node, "HostPort");
	const char *rest = "";

	if (member && member->kind == JSON_KIND_STRING)
		port.host_port = parse_port(member->string, &rest);
	else if (member && member->kind != JSON_KIND_NULL)
		answer_fail(answer, member, "a string expected");
	if (*rest)
		answer_fail(answer, member, "no port");
	if (port.host_port)
		port.host_addr = answer_addr(answer, node, "HostIp");
	return port;
}

/* NetworkSettings.Ports: what is bound now. {"80/tcp": [{"HostIp", "HostPort"}]} */
static void read_bound(struct answer *answer, struct container *container,
	const struct json_node *ports)
{
	struct port_key key;

	for (size_t i = 0; ports && i < ports->count; i++) {
		const struct json_node *list = &ports->children[i];

		if (!parse_port_key(answer, list, &key))
			continue;
		for (size_t k = 0; list->kind == JSON_KIND_ARRAY && k < list->count;
			k++) {
			struct port_binding port;

			if (!answer_is_object(answer, &list->children[k]))
				continue;
			port = read_binding(answer, &list->children[k], &key);
			if (!push_port(answer, container, &port, list))
				return;
		}
		if (list->kind != JSON_KIND_ARRAY && list->kind != JSON_KIND_NULL)
			answer_fail(answer, list, "an array expected");
	}
}

/*
 * Ports named by the keys of PortBindings, ExposedPorts or Ports that are not bound:
 * they may be open at the container's own address. In mode "routed", Docker 29 lists
 * nothing as bound.
 */
static void read_unbound(struct answer *answer, struct container *container,
	const struct json_node *keys)
{
	size_t known = container->nports;
	struct port_key key;

	sort_ports(container);
	for (size_t i = 0; keys && i < keys->count; i++) {
		if (!parse_port_key(answer, &keys->children[i], &key))
			continue;
		for (uint32_t n = key.first; n <= key.last; n++) {
			const struct port_binding port = {
				.proto = key.proto, .container_port = (uint16_t)n};

			if (!has_port(container, known, &port, compare_key) &&
				!push_port(
					answer, container, &port, &keys->children[i]))
				return;
		}
	}
}

/* The list's Ports: [{"IP", "PrivatePort", "PublicPort", "Type"}] */
static void read_list_ports(struct answer *answer, struct container *container,
	const struct json_node *list)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct json_node *row = &list->children[i];
		struct port_binding port = {0};

		if (!answer_is_object(answer, row))
			continue;
		port.proto = parse_proto(answer_text(answer, row, "Type"));
		port.container_port = (uint16_t)answer_number(
			answer, row, "PrivatePort", 0, UINT16_MAX);
		port.host_port = (uint16_t)answer_number(
			answer, row, "PublicPort", 0, UINT16_MAX);
		if (port.host_port)
			port.host_addr = answer_addr(answer, row, "IP");
		if (!port.proto || !port.container_port)
			answer_fail(answer, row, "no port");
		else if (!push_port(answer, container, &port, row))
			return;
	}
}

/* Networks: {"NAME": {"NetworkID", "IPAddress", "IPPrefixLen", ...}} */
static void read_nets(struct answer *answer, struct container *container,
	const struct json_node *nets)
{
	container->nets = NULL;
	container->nnets = 0;
	for (size_t i = 0; nets && i < nets->count; i++) {
		const struct json_node *row = &nets->children[i];
		struct container_net *net;

		if (row->kind == JSON_KIND_NULL || !answer_is_object(answer, row))
			continue;
		net = arena_push(answer->arena, &container->nets, &container->nnets,
			sizeof(*container->nets));
		if (!net)
			return;
		net->network = arena_strdup(answer->arena, row->key);
		net->network_id = answer_text(answer, row, "NetworkID");
		net->mac = answer_text(answer, row, "MacAddress");
		net->addr4 = answer_addr(answer, row, "IPAddress");
		net->addr6 = answer_addr(answer, row, "GlobalIPv6Address");
		net->prefix_len4 =
			(uint8_t)answer_number(answer, row, "IPPrefixLen", 0, 32);
		net->prefix_len6 = (uint8_t)answer_number(
			answer, row, "GlobalIPv6PrefixLen", 0, 128);
	}
}

static void read_labels(struct answer *answer, struct container *container,
	const struct json_node *labels)
{
	container->labels = NULL;
	container->nlabels = 0;
	for (size_t i = 0; labels && i < labels->count; i++) {
		const struct json_node *label = &labels->children[i];
		const char *(*place)[2];

		if (label->kind != JSON_KIND_STRING) {
			answer_fail(answer, label, "a string expected");
			continue;
		}
		place = arena_push(answer->arena, &container->labels,
			&container->nlabels, sizeof(*container->labels));
		if (!place)
			return;
		(*place)[0] = arena_strdup(answer->arena, label->key);
		(*place)[1] = arena_strdup(answer->arena, label->string);
	}
}

static void read_mounts(struct answer *answer, struct container *container,
	const struct json_node *list)
{
	container->mounts = NULL;
	container->nmounts = 0;
	for (size_t i = 0; list && i < list->count; i++) {
		const struct json_node *row = &list->children[i];
		struct mount *mount;

		if (!answer_is_object(answer, row))
			continue;
		mount = arena_push(answer->arena, &container->mounts,
			&container->nmounts, sizeof(*container->mounts));
		if (!mount)
			return;
		mount->type = answer_text(answer, row, "Type");
		mount->source = answer_text(answer, row, "Source");
		mount->target = answer_text(answer, row, "Destination");
		mount->writable = answer_flag(answer, row, "RW");
	}
}

static void push_text(
	struct answer *answer, const char *text, const char ***items, size_t *count)
{
	const char **place =
		text ? arena_push(answer->arena, items, count, sizeof(*place)) : NULL;

	if (place)
		*place = arena_strdup(answer->arena, text);
}

static void read_texts(struct answer *answer, const struct json_node *list,
	const char ***items, size_t *count)
{
	for (size_t i = 0; list && i < list->count; i++) {
		if (list->children[i].kind == JSON_KIND_STRING)
			push_text(answer, list->children[i].string, items, count);
		else
			answer_fail(answer, &list->children[i], "a string expected");
	}
}

/* The name without its slash; "/web/db" is a link's name for another container. */
static const char *read_name(struct answer *answer, const struct json_node *names)
{
	const char *name = NULL;

	for (size_t i = 0; names && i < names->count; i++) {
		const struct json_node *node = &names->children[i];

		if (node->kind != JSON_KIND_STRING) {
			answer_fail(answer, node, "a string expected");
			continue;
		}
		const char *text = node->string + (*node->string == '/');
		if (!name || (!strchr(text, '/') && strchr(name, '/')))
			name = text;
	}
	return arena_strdup(answer->arena, name);
}

/* 20.10 calls the bridge network "default". */
static const char *read_mode(struct answer *answer, const struct json_node *host_config)
{
	const char *mode = answer_text(answer, host_config, "NetworkMode");

	return is(mode, "default") ? "bridge" : mode;
}

static void parse_row(
	struct answer *answer, struct container *container, const struct json_node *row)
{
	const struct json_node *settings =
		answer_object(answer, row, "NetworkSettings");

	container->name = read_name(answer, answer_array(answer, row, "Names"));
	container->image = answer_text(answer, row, "Image");
	container->image_id = answer_text(answer, row, "ImageID");
	container->state = answer_text(answer, row, "State");
	container->network_mode =
		read_mode(answer, answer_object(answer, row, "HostConfig"));
	read_nets(answer, container, answer_object(answer, settings, "Networks"));
	read_list_ports(answer, container, answer_array(answer, row, "Ports"));
	read_labels(answer, container, answer_object(answer, row, "Labels"));
	read_mounts(answer, container, answer_array(answer, row, "Mounts"));
}

int engine_parse_containers(struct facts *facts, const char *engine, const char *text,
	size_t len, struct err *err)
{
	struct answer answer = {.arena = &facts->arena, .err = err};
	const struct json_node *root = NULL;

	if (answer_open(&answer, "containers", text, len, JSON_KIND_ARRAY, &root) < 0)
		root = NULL;
	for (size_t i = 0; root && i < root->count; i++) {
		const struct json_node *row = &root->children[i];
		struct container *container;
		const char *id;

		if (!answer_is_object(&answer, row))
			continue;
		id = answer_text(&answer, row, "Id");
		if (!id) {
			answer_fail(&answer, row, "container without an Id");
			continue;
		}
		container = arena_push(&facts->arena, &facts->containers,
			&facts->ncontainers, sizeof(*facts->containers));
		if (!container)
			break;
		container->engine = engine;
		container->id = id;
		parse_row(&answer, container, row);
	}
	answer_done(&answer);
	return arena_failed(&facts->arena) ? -ENOMEM : answer.code;
}

/* What the container may do to its host. */
static void read_host_config(struct answer *answer, struct container *container,
	const struct json_node *config)
{
	const struct json_node *devices = answer_array(answer, config, "Devices");

	container->privileged = answer_flag(answer, config, "Privileged");
	container->pids_limit =
		answer_number(answer, config, "PidsLimit", INT64_MIN, INT64_MAX);
	container->pid_mode = answer_text(answer, config, "PidMode");
	container->ipc_mode = answer_text(answer, config, "IpcMode");
	container->uts_mode = answer_text(answer, config, "UTSMode");
	container->userns_mode = answer_text(answer, config, "UsernsMode");
	read_texts(answer, answer_array(answer, config, "CapAdd"), &container->cap_add,
		&container->ncap_add);
	read_texts(answer, answer_array(answer, config, "SecurityOpt"),
		&container->security_opt, &container->nsecurity_opt);
	for (size_t i = 0; devices && i < devices->count; i++) {
		if (answer_is_object(answer, &devices->children[i]))
			push_text(answer,
				answer_text(
					answer, &devices->children[i], "PathOnHost"),
				&container->devices, &container->ndevices);
	}
}

static void drop_repeated(struct container *container)
{
	size_t count = 0;

	sort_ports(container);
	for (size_t i = 0; i < container->nports; i++) {
		if (!count || compare_port(&container->ports[i],
				      &container->ports[count - 1]))
			container->ports[count++] = container->ports[i];
	}
	container->nports = count;
}

static void read_ports(struct answer *answer, struct container *container,
	const struct json_node *bound, const struct json_node *wanted,
	const struct json_node *exposed)
{
	const struct port_binding *listed = container->ports;
	size_t nlisted = container->nports;

	container->ports = NULL;
	container->nports = 0;
	read_bound(answer, container, bound);
	size_t nbound = container->nports;
	sort_ports(container);
	for (size_t i = 0; i < nlisted; i++) {
		const struct port_binding *port = &listed[i];

		if (!has_port(container, nbound, port,
			    port->host_port ? compare_port : compare_key) &&
			!push_port(answer, container, port, bound))
			break;
	}
	read_unbound(answer, container, bound);
	read_unbound(answer, container, wanted);
	read_unbound(answer, container, exposed);
	drop_repeated(container);
}

static void read_state(struct answer *answer, struct container *container,
	const struct json_node *root)
{
	const struct json_node *state = answer_object(answer, root, "State");
	const char *status = answer_text(answer, state, "Status");

	if (status)
		container->state = status;
	container->pid = (int)answer_number(answer, state, "Pid", 0, INT_MAX);
}

static void parse_inspect(struct answer *answer, struct container *container,
	const struct json_node *root)
{
	const struct json_node *host = answer_object(answer, root, "HostConfig");
	const struct json_node *config = answer_object(answer, root, "Config");
	const struct json_node *settings =
		answer_object(answer, root, "NetworkSettings");
	const char *name = answer_text(answer, root, "Name");
	const char *image = answer_text(answer, config, "Image");
	const char *mode = read_mode(answer, host);

	if (name)
		container->name = name + (*name == '/');
	if (image)
		container->image = image;
	container->image_id = answer_text(answer, root, "Image");
	container->network_mode = mode ? mode : container->network_mode;
	container->user = answer_text(answer, config, "User");
	read_state(answer, container, root);
	read_host_config(answer, container, host);
	read_nets(answer, container, answer_object(answer, settings, "Networks"));
	read_labels(answer, container, answer_object(answer, config, "Labels"));
	read_mounts(answer, container, answer_array(answer, root, "Mounts"));
	read_ports(answer, container, answer_object(answer, settings, "Ports"),
		answer_object(answer, host, "PortBindings"),
		answer_object(answer, config, "ExposedPorts"));
	if (!host || !config)
		answer_fail(answer, root, "no HostConfig or Config");
}

int engine_parse_inspect(struct facts *facts, struct container *container,
	const char *text, size_t len, struct err *err)
{
	struct answer answer = {.arena = &facts->arena, .err = err};
	const struct json_node *root = NULL;

	if (answer_open(&answer, "inspect", text, len, JSON_KIND_OBJECT, &root) == 0) {
		const char *id = answer_text(&answer, root, "Id");

		if (is(id, container->id))
			parse_inspect(&answer, container, root);
		else
			answer_fail(&answer, root, "another container's Id");
	}
	answer_done(&answer);
	if (arena_failed(&facts->arena))
		return -ENOMEM;
	container->inspected = answer.code == 0;
	return answer.code;
}
