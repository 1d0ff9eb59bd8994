/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the policy's section `approvals`. */
#include <stdlib.h>
#include <string.h>

#include "common/glob.h"
#include "common/policy_parse.h"
#include "common/policy_sections.h"
#include "common/proto.h"

static const struct policy_source *find_source(
	const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->nsources; i++) {
		if (strcmp(policy->sources[i].name, name) == 0)
			return &policy->sources[i];
	}
	return NULL;
}

/* A port number behind @text; moves it on. */
static bool take_port(const char **text, uint16_t *ret_port)
{
	const char *p = *text;
	unsigned int value = 0;

	if (*p < '1' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (unsigned int)(*p - '0');
		if (value > UINT16_MAX)
			return false;
	}
	*ret_port = (uint16_t)value;
	*text = p;
	return true;
}

static bool parse_port(const char *text, struct policy_port *ret_port)
{
	if (!take_port(&text, &ret_port->lo))
		return false;
	ret_port->hi = ret_port->lo;
	if (*text == '-') {
		text++;
		if (!take_port(&text, &ret_port->hi) || ret_port->hi < ret_port->lo)
			return false;
	}
	return *text++ == '/' && proto_parse(text, &ret_port->proto);
}

static void parse_ports(struct policy *policy, const struct json_node *object,
	struct approval *approval)
{
	const struct json_node *array = json_need(object, "ports", JSON_KIND_ARRAY);
	struct policy_port *ports = NULL;

	if (!array)
		return;
	(void)policy_texts(policy, array, false, NULL);
	for (size_t i = 0; i < array->count; i++) {
		const struct json_node *node = &array->children[i];
		struct policy_port port;

		if (!policy_has_text(node))
			continue;
		if (!parse_port(node->string, &port)) {
			json_fail(node,
				"'%.64s' is no port: write \"443/tcp\" or "
				"\"8000-8010/udp\" "
				"(1 to 65535; " PROTO_NAMES ")",
				node->string);
			continue;
		}
		struct policy_port *slot = arena_push(
			&policy->arena, &ports, &approval->nports, sizeof(*ports));
		if (slot)
			*slot = port;
	}
	approval->ports = ports;
}

/* Which of two messages helps more; both refuse. */
static bool looks_like_address(const char *text)
{
	return strpbrk(text, ":/") || (*text >= '0' && *text <= '9');
}

/* One entry of `from`: a zone, a name under `sources`, or a prefix. */
static void parse_from_entry(struct policy *policy, const struct json_node *node,
	struct approval *approval, struct prefix **prefixes)
{
	const struct policy_source *source = find_source(policy, node->string);
	struct prefix single;
	struct err err = {0};
	enum zone zone;

	if (policy_zone(node->string, &zone)) {
		approval->zones |= 1U << zone;
		return;
	}
	if (!source && !looks_like_address(node->string)) {
		json_fail(node,
			"'%.64s' is no zone (internet, private, adjacent), no name "
			"under "
			"\"sources\" and no prefix",
			node->string);
		return;
	}
	if (!source && prefix_parse(node->string, &single, &err) < 0) {
		json_fail(node, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < (source ? source->n : 1); i++) {
		struct prefix *slot = arena_push(
			&policy->arena, prefixes, &approval->nprefixes, sizeof(*slot));
		if (slot)
			*slot = source ? source->prefixes[i] : single;
	}
}

static void parse_from(struct policy *policy, const struct json_node *object,
	struct approval *approval)
{
	const struct json_node *array = json_need(object, "from", JSON_KIND_ARRAY);
	struct prefix *prefixes = NULL;

	approval->from = policy_texts(policy, array, false, NULL);
	for (size_t i = 0; array && i < array->count; i++) {
		if (policy_has_text(&array->children[i]))
			parse_from_entry(
				policy, &array->children[i], approval, &prefixes);
	}
	approval->prefixes = prefixes;
}

/* Both sides of "key=value" are matched on their own, so each must be whole. */
static void check_label(
	struct policy *policy, const struct json_node *object, const char *label)
{
	const char *equals = label ? strchr(label, '=') : NULL;
	char *key;

	if (!equals)
		return;
	key = arena_strndup(&policy->arena, label, (size_t)(equals - label));
	if (key && (!glob_is_valid(key) || (equals[1] && !glob_is_valid(equals + 1))))
		json_fail(json_member(object, "label"),
			"must be \"key\" or \"key=value\", with a pattern on either "
			"side");
}

static void parse_container(struct policy *policy, const struct json_node *object,
	struct approval *approval)
{
	static const char *const keys[] = {
		"name", "image", "label", "compose_service", "compose_project"};
	const struct json_node *node = json_need(object, "container", JSON_KIND_OBJECT);

	if (!node)
		return;
	json_known_keys(node, keys, ARRAY_LEN(keys));
	if (node->count == 0)
		json_fail(node, "must have at least one of: name, image, label, "
				"compose_service, compose_project");
	approval->name = policy_glob(policy, node, "name");
	approval->image = policy_glob(policy, node, "image");
	approval->label = policy_glob(policy, node, "label");
	approval->compose_service = policy_glob(policy, node, "compose_service");
	approval->compose_project = policy_glob(policy, node, "compose_project");
	check_label(policy, node, approval->label);
}

static bool parse_date(const char *text, uint32_t *ret_date)
{
	static const unsigned char days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned int part[3] = {0};
	size_t field = 0;

	if (strlen(text) != 10)
		return false;
	for (size_t i = 0; i < 10; i++) {
		if (i == 4 || i == 7) {
			if (text[i] != '-')
				return false;
			field++;
		} else if (text[i] < '0' || text[i] > '9') {
			return false;
		} else {
			part[field] = part[field] * 10 + (unsigned int)(text[i] - '0');
		}
	}
	unsigned int year = part[0], month = part[1], day = part[2];
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year == 0 || month < 1 || month > 12 || day < 1 ||
		day > days[month - 1] + (month == 2 && leap ? 1U : 0U))
		return false;
	*ret_date = year * 10000 + month * 100 + day;
	return true;
}

static void parse_expires(const struct json_node *object, struct approval *approval)
{
	const struct json_node *node = json_want(object, "expires", JSON_KIND_STRING);

	if (node && !parse_date(node->string, &approval->expires))
		json_fail(node, "'%.64s' is no day of the calendar, written 2027-06-30",
			node->string);
}

static void parse_approval(
	struct policy *policy, const struct json_node *node, struct approval *approval)
{
	static const char *const keys[] = {"id", "container", "ports", "from",
		"control", "approved_by", "ticket", "expires"};

	if (!json_is(node, JSON_KIND_OBJECT))
		return;
	json_known_keys(node, keys, ARRAY_LEN(keys));
	if (json_need(node, "id", JSON_KIND_STRING))
		approval->id = policy_text(policy, node, "id");
	parse_container(policy, node, approval);
	parse_ports(policy, node, approval);
	parse_from(policy, node, approval);
	approval->control = policy_text(policy, node, "control");
	approval->approved_by = policy_text(policy, node, "approved_by");
	approval->ticket = policy_text(policy, node, "ticket");
	parse_expires(node, approval);
}

void policy_parse_approvals(struct policy *policy, const struct json_node *array)
{
	struct approval *approvals;
	struct mention *ids;
	unsigned int *lines;
	size_t n = 0;

	if (!array || array->count == 0)
		return;
	approvals = arena_array(&policy->arena, array->count, sizeof(*approvals));
	ids = arena_array(&policy->arena, array->count, sizeof(*ids));
	lines = arena_array(&policy->arena, array->count, sizeof(*lines));
	if (!approvals || !ids || !lines)
		return;
	json_child_lines(array, lines);
	for (size_t i = 0; i < array->count; i++) {
		const struct json_node *node = &array->children[i];

		approvals[i].line = lines[i];
		parse_approval(policy, node, &approvals[i]);
		if (approvals[i].id)
			ids[n++] = (struct mention){.text = approvals[i].id,
				.node = json_member(node, "id")};
	}
	policy_note_repeats(policy, ids, n);
	policy->approvals = approvals;
	policy->napprovals = array->count;
}
