/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the engine is told to listen, and with what group: options, units, JSON. */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "gate/audit/system.h"

/* "unix:///run/x.sock", "/run/x.sock" */
static void add_socket_path(struct audit_facts *facts, struct span address)
{
	if (span_begins(address, "unix://")) {
		address.text += strlen("unix://");
		address.len -= strlen("unix://");
	}
	if (address.len > 1 && (address.text[0] == '/' || address.text[0] == '@'))
		audit_name(facts, &facts->socket_paths, address.text, address.len);
}

/* "tcp://0.0.0.0:2375", "0.0.0.0:2375", ":2375", "tcp://[::1]:2376", "2375". */
static void add_listener(struct audit_facts *facts, const char *place,
	struct span address, enum audit_tls tls)
{
	struct span rest = address;
	uint32_t port = tls == AUDIT_TLS_NONE ? 2375 : 2376;

	if (span_begins(address, "tcp://") || span_begins(address, "http://")) {
		(void)span_cut(&rest, '/');
		(void)span_cut(&rest, '/');
	} else if (memmem(address.text, address.len, "://", 3) ||
		   (address.len > 0 && address.text[0] == '/')) {
		add_socket_path(facts, address);
		return; /* or fd://, npipe:// */
	}
	struct span host = rest;
	for (size_t i = rest.len; i > 0; i--) {
		if (rest.text[i - 1] == ']')
			break;
		if (rest.text[i - 1] != ':')
			continue;
		struct span number = {rest.text + i, rest.len - i};
		if (span_number(number, &port))
			host.len = i - 1;
		break;
	}
	if (span_number(rest, &port))
		host.len = 0;
	struct audit_listener *listener = arena_push(&facts->arena, &facts->listeners,
		&facts->nlisteners, sizeof(*listener));
	if (!listener)
		return;
	*listener = (struct audit_listener){
		.address = arena_printf(&facts->arena, "%.*s:%u", (int)host.len,
			host.len > 0 ? host.text : "", port & UINT16_MAX),
		.place = arena_strdup(&facts->arena, place),
		.port = (uint16_t)port,
		.tls = tls,
	};
	if (!listener->address || !listener->place)
		facts->nlisteners--;
}

static bool is_true(struct span value)
{
	return value.len == 0 || span_is(value, "true") || span_is(value, "1");
}

/* --name=value, or --name and the value as the next argument. */
struct option {
	struct span name, value;
	bool has_value;
};

static bool next_option(struct span *args, char separator, struct option *ret_option)
{
	while (args->len > 0) {
		struct span arg = span_cut(args, separator);

		if (arg.len < 2 || arg.text[0] != '-')
			continue;
		*ret_option = (struct option){.name = arg};
		if (memchr(arg.text, '=', arg.len)) {
			ret_option->value = arg;
			ret_option->name = span_cut(&ret_option->value, '=');
			ret_option->has_value = true;
		} else if (span_begins(arg, "-H") && arg.len > 2) {
			ret_option->name.len = 2;
			ret_option->value = (struct span){arg.text + 2, arg.len - 2};
			ret_option->has_value = true;
		}
		return true;
	}
	return false;
}

static struct span value_of(struct option *option, struct span *args, char separator)
{
	if (!option->has_value)
		option->value = span_cut(args, separator);
	return span_trim(option->value);
}

void system_read_arguments(
	struct audit_facts *facts, const char *place, struct span args, char separator)
{
	enum audit_tls tls = AUDIT_TLS_NONE;
	struct option option;
	struct span rest = args;

	/* All of the command line says how all of its addresses are served. */
	while (next_option(&rest, separator, &option)) {
		if (option.has_value && !is_true(option.value))
			continue;
		if (span_is(option.name, "--tlsverify"))
			tls = AUDIT_TLS_VERIFIED;
		else if (span_is(option.name, "--tls") && tls == AUDIT_TLS_NONE)
			tls = AUDIT_TLS_SERVER;
	}
	rest = args;
	while (next_option(&rest, separator, &option)) {
		struct span value;

		if (span_is(option.name, "-H") || span_is(option.name, "--host")) {
			value = value_of(&option, &rest, separator);
			add_listener(facts, place, value, tls);
		} else if (span_is(option.name, "-G") ||
			   span_is(option.name, "--group")) {
			value = value_of(&option, &rest, separator);
			if (value.len > 0)
				audit_name(facts, &facts->socket_groups, value.text,
					value.len);
		} else if (span_is(option.name, "--data-root") ||
			   span_is(option.name, "-g")) {
			value = value_of(&option, &rest, separator);
			facts->data_root =
				arena_strndup(&facts->arena, value.text, value.len);
		} else if (span_is(option.name, "--config-file")) {
			value = value_of(&option, &rest, separator);
			facts->config =
				arena_strndup(&facts->arena, value.text, value.len);
		}
	}
}

void system_read_engine_unit(
	struct audit_facts *facts, const char *path, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next_whole(&lines, "#;", &facts->arena, &line)) {
		struct span value = line, key = span_trim(span_cut(&value, '='));

		if (span_is(key, "EnvironmentFile")) {
			value = span_trim(value);
			/* With a '-' in front it need not be there. */
			if (value.len > 1 && value.text[0] == '-') {
				value.text++;
				value.len--;
			}
			if (value.len > 1 && value.text[0] == '/')
				audit_name(facts, &facts->option_files, value.text,
					value.len);
		}
		if (!span_is(key, "ExecStart"))
			continue;
		const char *place =
			arena_printf(&facts->arena, "%s:%u", path, lines.first);
		if (place)
			system_read_arguments(facts, place, span_trim(value), ' ');
	}
}

/* NAME="VALUE" a line, as systemd.exec(5) and shells read them. */
void system_read_option_file(
	struct audit_facts *facts, const char *path, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next_whole(&lines, "#;", &facts->arena, &line)) {
		struct span value = span_trim(line);

		if (value.len == 0 || value.text[0] == '#' || value.text[0] == ';')
			continue;
		(void)span_cut(&value, '=');
		value = span_trim(value);
		if (value.len > 1 && (value.text[0] == '"' || value.text[0] == '\'') &&
			value.text[value.len - 1] == value.text[0]) {
			value.text++;
			value.len -= 2;
		}
		const char *place =
			arena_printf(&facts->arena, "%s:%u", path, lines.first);
		if (place)
			system_read_arguments(facts, place, value, ' ');
	}
}

/* An empty value takes back all of the unit's: systemd.socket(5). */
static void forget_listens(struct audit_facts *facts, const char *unit)
{
	for (size_t i = 0; i < facts->nlistens; i++) {
		if (strcmp(facts->listens[i].unit, unit) == 0)
			facts->listens[i].value = NULL;
	}
}

void system_read_socket_unit(
	struct audit_facts *facts, const char *unit, const char *path, struct span text)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next_whole(&lines, "#;", &facts->arena, &line)) {
		struct span value = line, key = span_trim(span_cut(&value, '='));

		value = span_trim(value);
		if (span_is(key, "SocketGroup") && value.len > 0 &&
			strcmp(unit, "docker.socket") == 0)
			audit_name(facts, &facts->socket_groups, value.text, value.len);
		if (!span_is(key, "ListenStream"))
			continue;
		if (value.len == 0) {
			forget_listens(facts, unit);
			continue;
		}
		struct audit_listen *listen = arena_push(&facts->arena, &facts->listens,
			&facts->nlistens, sizeof(*listen));
		if (!listen)
			return;
		*listen = (struct audit_listen){
			.unit = arena_strdup(&facts->arena, unit),
			.value = arena_strndup(&facts->arena, value.text, value.len),
			.place =
				arena_printf(&facts->arena, "%s:%u", path, lines.first),
		};
		if (!listen->unit || !listen->value || !listen->place) {
			facts->nlistens--;
			return;
		}
	}
}

void system_end_units(struct audit_facts *facts)
{
	for (size_t i = 0; i < facts->nlistens; i++) {
		const struct audit_listen *listen = &facts->listens[i];

		if (!listen->value || strcmp(listen->unit, "docker.socket") != 0)
			continue;
		struct span value = {listen->value, strlen(listen->value)};
		if (strchr("/@", listen->value[0]))
			add_socket_path(facts, value);
		else if (listen->value[0] != '%')
			add_listener(facts, listen->place, value, AUDIT_TLS_NONE);
	}
}

int system_read_daemon_json(
	struct audit_facts *facts, const char *path, struct span text, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	const struct json_node *hosts = NULL;
	const char *group = NULL, *root = NULL;
	bool tls = false, verify = false;
	int rc = json_doc_load_text(path, text.text, text.len, NULL, &doc, err);

	if (rc < 0)
		return rc;
	const struct json_node *object = json_doc_root(doc);
	if (object->kind != JSON_KIND_OBJECT)
		return json_err(object, err, -EINVAL, "not an object");
	if (json_get_array(object, "hosts", &hosts, err) < 0 ||
		json_get_bool(object, "tls", &tls, err) < 0 ||
		json_get_bool(object, "tlsverify", &verify, err) < 0 ||
		json_get_string(object, "group", &group, err) < 0 ||
		json_get_string(object, "data-root", &root, err) < 0)
		return -EINVAL;
	for (size_t i = 0; hosts && i < hosts->count; i++) {
		const struct json_node *host = &hosts->children[i];

		if (host->kind != JSON_KIND_STRING)
			return json_err(host, err, -EINVAL, "not a string");
		add_listener(facts, path,
			(struct span){host->string, strlen(host->string)},
			verify ? AUDIT_TLS_VERIFIED
			: tls  ? AUDIT_TLS_SERVER
			       : AUDIT_TLS_NONE);
	}
	if (group && group[0])
		audit_name(facts, &facts->socket_groups, group, strlen(group));
	if (root)
		facts->data_root = arena_strdup(&facts->arena, root);
	return 0;
}
