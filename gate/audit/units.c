/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd's services and sockets as facts. */
#include "gate/audit/units.h"

#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/nodes.h"
#include "gate/audit/system.h"
#include "gate/audit/words.h"

/*
 * Theory of operation. What says who a service runs as goes into its struct audit_unit.
 * The rest (what it runs, with which variables, which addresses a socket has) is kept
 * as settings until all units are read, for a service may be named by a socket unit, or
 * name it, in any order. Not handled: sections, for no key that counts here is in two.
 */

static struct audit_unit *find_unit(struct audit_facts *facts, const char *name)
{
	/* All of one unit comes together. */
	struct audit_unit *last =
		facts->nunits > 0 ? &facts->units[facts->nunits - 1] : NULL;

	if (last && strcmp(last->name, name) == 0)
		return last;
	struct audit_unit *unit =
		arena_push(&facts->arena, &facts->units, &facts->nunits, sizeof(*unit));
	if (!unit)
		return NULL;
	unit->name = arena_strdup(&facts->arena, name);
	if (!unit->name) {
		facts->nunits--;
		return NULL;
	}
	return unit;
}

/* systemd's parse_boolean() */
static bool is_yes(struct span value)
{
	static const char *const yes[] = {"yes", "true", "1", "on", "y", "t"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (span_is_nocase(value, yes[i]))
			return true;
	}
	return false;
}

/* An empty SupplementaryGroups= takes back all before it; of Group= the last counts. */
static void read_group(struct audit_facts *facts, struct audit_unit *unit,
	bool supplementary, struct span value, const char *place)
{
	if (!supplementary) {
		unit->group = value.len > 0 ? arena_strndup(&facts->arena, value.text,
						      value.len)
					    : NULL;
		unit->group_place = place;
		return;
	}
	if (value.len == 0)
		unit->groups = (struct audit_names){0};
	size_t before = unit->groups.n;
	struct span words = words_split(&facts->arena, value, false);
	while (words.len > 0) {
		struct span name = span_cut(&words, '\0');

		audit_name(facts, &unit->groups, name.text, name.len);
	}
	if (unit->groups.n > before || !unit->groups_place)
		unit->groups_place = place;
}

static void read_identity(struct audit_facts *facts, const char *name,
	const char *place, struct span key, struct span value)
{
	bool supplementary = span_is(key, "SupplementaryGroups");
	bool group = supplementary || span_is(key, "Group");
	bool user = span_is(key, "User");

	if (!group && !user && !span_is(key, "DynamicUser"))
		return;
	struct audit_unit *unit = find_unit(facts, name);
	if (!unit)
		return;
	value = words_expand(&facts->arena, value, name);
	if (group)
		read_group(facts, unit, supplementary, value, place);
	else if (user)
		unit->user = value.len > 0 ? arena_strndup(&facts->arena, value.text,
						     value.len)
					   : NULL;
	else
		unit->dynamic = is_yes(value);
}

static const struct {
	const char *key;
	enum audit_setting_key id;
	bool service, last; /* of a service, else of a socket; the last one counts */
} keys[] = {
	{"ExecStart", AUDIT_SETTING_EXEC, true, false},
	{"Environment", AUDIT_SETTING_ENVIRONMENT, true, false},
	{"EnvironmentFile", AUDIT_SETTING_FILE, true, false},
	{"Sockets", AUDIT_SETTING_SOCKETS, true, false},
	{"DevicePolicy", AUDIT_SETTING_DEVICE_POLICY, true, true},
	{"DeviceAllow", AUDIT_SETTING_DEVICE_ALLOW, true, false},
	{"ListenStream", AUDIT_SETTING_LISTEN, false, false},
	{"Service", AUDIT_SETTING_SERVICE, false, true},
	{"SocketGroup", AUDIT_SETTING_GROUP, false, true},
};

/* An empty value takes back all of the unit's: systemd.service(5). */
static void forget(
	struct audit_facts *facts, const char *unit, enum audit_setting_key key)
{
	for (size_t i = facts->nsettings; i > 0; i--) {
		struct audit_setting *setting = &facts->settings[i - 1];

		if (strcmp(setting->unit, unit) != 0)
			return;
		if (setting->key == key)
			setting->value = NULL;
	}
}

static void read_setting(struct audit_facts *facts, const char *name, bool service,
	const char *place, struct span key, struct span value)
{
	size_t row = 0;

	while (row < ARRAY_LEN(keys) &&
		(keys[row].service != service || !span_is(key, keys[row].key)))
		row++;
	if (row == ARRAY_LEN(keys))
		return;
	if (value.len == 0 || keys[row].last)
		forget(facts, name, keys[row].id);
	if (value.len == 0)
		return;
	value = words_expand(&facts->arena, value, name);
	struct audit_setting *slot = arena_push(
		&facts->arena, &facts->settings, &facts->nsettings, sizeof(*slot));
	if (!slot)
		return;
	*slot = (struct audit_setting){
		.key = keys[row].id,
		.unit = arena_strdup(&facts->arena, name),
		.value = arena_strndup(&facts->arena, value.text, value.len),
		.place = place,
	};
	if (!slot->unit || !slot->value || !slot->place)
		facts->nsettings--;
}

static void read_file(struct audit_facts *facts, const char *name, const char *path,
	struct span text, bool service)
{
	struct lines lines = {.rest = text};
	struct span line;

	while (lines_next_whole(&lines, "#;", &facts->arena, &line)) {
		struct span value = line, key = span_trim(span_cut(&value, '='));

		value = span_trim(value);
		/* Sections and empty lines have no value and no key that counts. */
		if (key.len == 0 || key.text[0] == '[')
			continue;
		const char *place =
			arena_printf(&facts->arena, "%s:%u", path, lines.first);
		if (!place)
			return;
		if (service)
			read_identity(facts, name, place, key, value);
		read_setting(facts, name, service, place, key, value);
	}
}

void units_read_service(
	struct audit_facts *facts, const char *name, const char *path, struct span text)
{
	read_file(facts, name, path, text, true);
}

void units_read_socket(
	struct audit_facts *facts, const char *name, const char *path, struct span text)
{
	read_file(facts, name, path, text, false);
}

/* struct service - a unit that runs an engine */
struct service {
	const char *name, *engine;
};

/* Those that socket units may be for without the service being there. */
static const struct service usual[] = {
	{"docker.service", "docker"},
	{"podman.service", "podman"},
	{"containerd.service", "containerd"},
	{"crio.service", "crio"},
	{"cri-docker.service", "cri-dockerd"},
	{"buildkit.service", "buildkit"},
	{"buildkitd.service", "buildkit"},
	{"lxd.service", "lxd"},
	{"snap.lxd.daemon.service", "lxd"},
	{"incus.service", "incus"},
};

const char *units_usual_engine(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (strcmp(usual[i].name, name) == 0)
			return usual[i].engine;
	}
	return NULL;
}

struct services {
	struct audit_facts *facts;
	struct service *items;
	size_t n;
};

static const char *engine_of(const struct services *services, const char *name)
{
	for (size_t i = 0; i < services->n; i++) {
		if (strcmp(services->items[i].name, name) == 0)
			return services->items[i].engine;
	}
	return units_usual_engine(name);
}

/* Commands that run an engine, or carry bytes to its socket. */
static void find_services(struct services *services)
{
	struct audit_facts *facts = services->facts;

	for (size_t i = 0; i < facts->nsettings; i++) {
		const struct audit_setting *setting = &facts->settings[i];
		const char *engine;

		if (setting->key != AUDIT_SETTING_EXEC || !setting->value)
			continue;
		engine = system_read_command(facts, setting->place,
			words_split(&facts->arena, span_of(setting->value), true));
		if (!engine)
			continue;
		struct service *slot = arena_push(
			&facts->arena, &services->items, &services->n, sizeof(*slot));
		if (slot)
			*slot = (struct service){setting->unit, engine};
	}
}

/* Variables may hold options: all are read as if, for a script may be in between. */
static void read_environments(struct services *services)
{
	struct audit_facts *facts = services->facts;

	for (size_t i = 0; i < facts->nsettings; i++) {
		const struct audit_setting *setting = &facts->settings[i];
		const char *engine =
			setting->value && (setting->key == AUDIT_SETTING_ENVIRONMENT ||
						  setting->key == AUDIT_SETTING_FILE)
				? engine_of(services, setting->unit)
				: NULL;

		if (!engine || strcmp(engine, "docker") != 0)
			continue;
		if (setting->key == AUDIT_SETTING_FILE) {
			/* With a '-' in front it need not be there. */
			const char *path = setting->value + (setting->value[0] == '-');

			audit_name(facts, &facts->option_files, path, strlen(path));
			continue;
		}
		struct span words =
			words_split(&facts->arena, span_of(setting->value), false);
		while (words.len > 0) {
			struct span word = span_cut(&words, '\0');

			if (memchr(word.text, '=', word.len))
				(void)span_cut(&word, '=');
			system_read_arguments(facts, setting->place,
				words_split(&facts->arena, word, true));
		}
	}
}

/* Service=, Sockets= of a service, or the service of the same name. */
static const char *engine_of_socket(const struct services *services, const char *unit)
{
	const struct audit_facts *facts = services->facts;
	size_t len = strlen(unit) - strlen(".socket");
	const char *service = NULL;

	for (size_t i = 0; i < facts->nsettings; i++) {
		const struct audit_setting *setting = &facts->settings[i];

		if (!setting->value)
			continue;
		if (setting->key == AUDIT_SETTING_SERVICE &&
			strcmp(setting->unit, unit) == 0)
			service = setting->value;
		if (setting->key != AUDIT_SETTING_SOCKETS ||
			!engine_of(services, setting->unit))
			continue;
		struct span rest = span_of(setting->value);
		for (struct span w = span_word(&rest); w.len > 0;
			w = span_word(&rest)) {
			if (span_is(w, unit))
				return engine_of(services, setting->unit);
		}
	}
	if (!service)
		service = arena_printf(
			&services->facts->arena, "%.*s.service", (int)len, unit);
	return service ? engine_of(services, service) : NULL;
}

void units_end(struct audit_facts *facts)
{
	struct services services = {.facts = facts};

	nodes_find(facts);
	find_services(&services);
	read_environments(&services);
	for (size_t i = 0; i < facts->nsettings; i++) {
		const struct audit_setting *setting = &facts->settings[i];
		bool listen = setting->key == AUDIT_SETTING_LISTEN;
		const char *engine;

		if (!setting->value || (!listen && setting->key != AUDIT_SETTING_GROUP))
			continue;
		engine = engine_of_socket(&services, setting->unit);
		if (!engine)
			continue;
		if (listen)
			system_add_address(facts, setting->place, engine,
				span_of(setting->value), AUDIT_TLS_NONE);
		else if (strcmp(engine, "docker") == 0)
			audit_name(facts, &facts->socket_groups, setting->value,
				strlen(setting->value));
	}
}

/* Whether the service has commands, and all are gate's: "/usr/bin/gate serve ..." */
static bool is_gate_service(const struct audit_facts *facts, const char *service)
{
	bool has_command = false;

	if (strcmp(service, "seawall-gate.service") != 0)
		return false;
	for (size_t i = 0; i < facts->nsettings; i++) {
		const struct audit_setting *setting = &facts->settings[i];

		if (setting->key != AUDIT_SETTING_EXEC || !setting->value ||
			strcmp(setting->unit, service) != 0)
			continue;
		struct span rest = span_of(setting->value);
		struct span program = span_word(&rest);
		if (!(span_is(program, "gate") || span_ends(program, "/gate")) ||
			!span_is(span_word(&rest), "serve"))
			return false;
		has_command = true;
	}
	return has_command;
}

bool units_is_gate(const struct audit_facts *facts, const char *path)
{
	static const char unit[] = "seawall-gate.socket";
	bool gate = false;

	for (size_t i = 0; i < facts->nsettings; i++) {
		const struct audit_setting *setting = &facts->settings[i];
		const char *value = setting->value;

		if (!value)
			continue;
		if (setting->key == AUDIT_SETTING_SERVICE &&
			strcmp(setting->unit, unit) == 0 &&
			!is_gate_service(facts, value))
			return false;
		if (setting->key != AUDIT_SETTING_LISTEN)
			continue;
		if (strncmp(value, "/var/run/", 9) == 0)
			value += 4;
		if (strcmp(value, path) != 0)
			continue;
		if (strcmp(setting->unit, unit) != 0)
			return false;
		gate = true;
	}
	return gate && is_gate_service(facts, "seawall-gate.service");
}
