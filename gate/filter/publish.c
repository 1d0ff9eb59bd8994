/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ports a container may publish. */
#include "gate/filter/publish.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "common/ivset.h"
#include "common/zone.h"
#include "gate/filter/names.h"

struct selected publish_select(struct work *work, const char *name, const char *image,
	const struct json_node *labels)
{
	struct selected before = work->selected;

	work->selected = (struct selected){.name = name, .image = image};
	for (size_t i = 0; labels && i < labels->count; i++) {
		const struct json_node *label = &labels->children[i];
		const char *(*pair)[2];

		if (label->kind != JSON_KIND_STRING)
			continue;
		pair = arena_push(work->arena, &work->selected.labels,
			&work->selected.nlabels, sizeof(*pair));
		if (pair) {
			(*pair)[0] = label->key;
			(*pair)[1] = label->string;
		}
	}
	return before;
}

void publish_select_again(struct work *work, const struct selected *before)
{
	work->selected = *before;
}

struct port {
	uint8_t proto;
	uint16_t lo, hi;
};

/* 0..65535 from up to five digits; how many were used, 0: none. */
static size_t parse_number(const char *text, uint16_t *ret_number)
{
	size_t digits = strspn(text, "0123456789");
	unsigned int number = 0;

	if (digits == 0 || digits > 5)
		return 0;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (unsigned int)(text[i] - '0');
	*ret_number = (uint16_t)number;
	return number <= 65535 ? digits : 0;
}

static bool parse_range(const char *text, struct port *port, const char **ret_end)
{
	size_t used = parse_number(text, &port->lo);

	port->hi = port->lo;
	if (used > 0 && text[used] == '-') {
		size_t more = parse_number(text + used + 1, &port->hi);

		used = more > 0 ? used + 1 + more : 0;
	}
	*ret_end = text + used;
	return used > 0 && port->lo <= port->hi;
}

/* "80/tcp", "8000-8010/udp", "80" */
static bool parse_container_port(const char *text, struct port *port)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} protos[] = {{"", IPPROTO_TCP}, {"/tcp", IPPROTO_TCP}, {"/udp", IPPROTO_UDP},
		{"/sctp", IPPROTO_SCTP}};
	const char *end;

	if (!parse_range(text, port, &end) || port->lo == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(protos); i++) {
		if (strcmp(end, protos[i].name) == 0) {
			port->proto = protos[i].proto;
			return true;
		}
	}
	return false;
}

/* What approvals in force that mean this container and port cover, of one family. */
static bool is_covered(
	struct work *work, const struct port *port, uint16_t number, enum family family)
{
	const struct policy *policy = work->context->policy;
	const struct ivset *all = ivset_all(work->arena, family);
	const struct ivset *const zones[ZONE_COUNT] = {
		[ZONE_INTERNET] = all,
		[ZONE_PRIVATE] = zone_private(work->arena, family),
	};
	const struct ivset *covered = &ivset_none;
	const struct container_facts facts = {
		.name = work->selected.name,
		.image = work->selected.image,
		.labels = work->selected.labels,
		.nlabels = work->selected.nlabels,
	};

	for (size_t i = 0; i < policy->napprovals; i++) {
		const struct approval *approval = &policy->approvals[i];

		if (approval_selects(approval, &facts) &&
			approval_has_port(approval, port->proto, number) &&
			!approval_expired(approval, work->context->today) &&
			!approval_lacks(approval))
			covered = ivset_union(work->arena, covered,
				approval_sources(work->arena, approval, family, zones));
	}
	return ivset_is_subset(all, covered) && !arena_failed(work->arena);
}

static int refuse_unapproved(struct work *work, const struct field *field,
	const struct json_node *value, uint16_t number)
{
	return field_refuse(work, field, value,
		"no approval in force opens port %u of the container '%s' to "
		"everybody: "
		"publish it on 127.0.0.1, or have it approved",
		number, work->selected.name ? shown(work, work->selected.name) : "");
}

static int check_approved(struct work *work, const struct field *field,
	const struct json_node *value, const struct port *port, const char *host_port,
	enum family family)
{
	struct port host = {0};
	const char *end;

	if (!parse_range(host_port, &host, &end) || *end || host.lo == 0)
		return field_refuse(work, field, value,
			"a port chosen by the engine cannot have been approved: name "
			"the host's port");
	for (unsigned int number = host.lo; number <= host.hi; number++) {
		bool covered = true;

		if (family != FAMILY_IP6)
			covered &= is_covered(work, port, (uint16_t)number, FAMILY_IP4);
		if (family != FAMILY_IP4)
			covered &= is_covered(work, port, (uint16_t)number, FAMILY_IP6);
		if (!covered)
			return refuse_unapproved(work, field, value, (uint16_t)number);
	}
	return 0;
}

static int check_binding(struct work *work, const struct field *field,
	const struct json_node *value, const struct port *port, const char *host_ip,
	const char *host_port)
{
	struct addr addr = {0};
	struct port host;
	const char *end;

	/* The engine reads ::ffff:0.0.0.0 as 0.0.0.0. */
	if (*host_ip &&
		(addr_parse(host_ip, &addr, NULL) < 0 ||
			(addr.family == FAMILY_IP6 && addr.value >> 32 == 0xffff)))
		return field_refuse(
			work, field, value, "'%s' is no address", shown(work, host_ip));
	if (*host_port && (!parse_range(host_port, &host, &end) || *end))
		return field_refuse(
			work, field, value, "'%s' is no port", shown(work, host_port));
	switch (work->profile->publish) {
	case PUBLISH_ANY:
		return 0;
	case PUBLISH_LOOPBACK:
		if (*host_ip && zone_is_loopback(&addr))
			return 0;
		return field_refuse(work, field, value,
			"the profile lets ports be published on loopback only: write "
			"127.0.0.1:PORT:PORT");
	case PUBLISH_APPROVED:
		if (*host_ip && zone_is_loopback(&addr))
			return 0;
		/* docker-proxy's socket on [::] takes IPv4, too. */
		return check_approved(work, field, value, port, host_port,
			addr.family == FAMILY_IP6 && addr.value == 0 ? FAMILY_NONE
								     : addr.family);
	case PUBLISH_NONE:
	default:
		return field_refuse(
			work, field, value, "the profile lets no port be published");
	}
}

static const struct field binding_rows[] = {
	ROW_ALLOW("HostIp", WORD),
	ROW_ALLOW("HostPort", WORD),
};
static const struct fields binding_table = FIELDS("create-port-bindings", binding_rows);

static int apply_binding(struct work *work, const struct field *field,
	const struct json_node *value, const struct port *port, struct jsonw *out)
{
	if (value->kind != JSON_KIND_OBJECT)
		return refuse(work, 400, "body-type", "%s must be an object",
			node_place(work, value));
	jsonw_object_begin(out);
	int rc = fields_apply(work, &binding_table, value, out);
	jsonw_object_end(out);
	if (rc < 0)
		return rc;
	return check_binding(work, field, value, port,
		json_member_text(value, "HostIp", ""),
		json_member_text(value, "HostPort", ""));
}

static int apply_bindings(struct work *work, const struct field *field,
	const struct json_node *list, struct jsonw *out)
{
	struct port port;
	int rc = 0;

	if (!parse_container_port(list->key, &port))
		return field_refuse(work, field, list, "'%s' is no port of a container",
			shown(work, list->key));
	if (list->kind == JSON_KIND_NULL && !work->judging)
		return 0;
	if ((list->kind != JSON_KIND_ARRAY && list->kind != JSON_KIND_NULL) ||
		list->count > WORK_MAX_ITEMS)
		return refuse(work, 400, "body-type", "%s must be a list",
			node_place(work, list));
	/*
	 * Engines after 20.10 start it as if it had one binding, to any address and a
	 * port of their choice: moby's BackfillEmptyPBs().
	 */
	if (list->count == 0 && check_binding(work, field, list, &port, "", "") < 0)
		return -EACCES;
	jsonw_member_array(out, list->key);
	for (size_t i = 0; rc == 0 && i < list->count; i++)
		rc = apply_binding(work, field, &list->children[i], &port, out);
	jsonw_array_end(out);
	return rc;
}

int check_port_bindings(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	int rc = 0;

	if (value->kind != JSON_KIND_OBJECT || value->count > WORK_MAX_ITEMS)
		return refuse(work, 400, "body-type", "%s must be an object",
			node_place(work, value));
	jsonw_member_object(out, field->key);
	for (size_t i = 0; rc == 0 && i < value->count; i++)
		rc = apply_bindings(work, field, &value->children[i], out);
	jsonw_object_end(out);
	return rc;
}

int check_publish_all(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	if (value->boolean && work->profile->publish != PUBLISH_ANY)
		return field_refuse(work, field, value,
			"it opens ports that the engine chooses to everybody");
	jsonw_member_bool(out, field->key, value->boolean);
	return 0;
}

int check_exposed_ports(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out)
{
	struct port port;

	for (size_t i = 0; i < value->count; i++) {
		const struct json_node *item = &value->children[i];

		if (!parse_container_port(item->key, &port))
			return field_refuse(work, field, item,
				"'%s' is no port of a container",
				shown(work, item->key));
	}
	jsonw_key(out, field->key);
	json_node_write(value, out);
	return 0;
}
