/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which engines may make the device nodes that images bring. */
#include "gate/audit/nodes.h"

#include <string.h>

#include "common/cleanup.h"
#include "gate/audit/system.h"
#include "gate/audit/units.h"
#include "gate/audit/words.h"

/*
 * "/dev/sda rw", "char-* m": whether it counts, for what systemd cannot read it
 * ignores; without an access all may be done.
 */
static bool read_device(struct audit_facts *facts, const char *value, bool *ret_makes)
{
	static const char *const prefixes[] = {
		"/dev/", "/run/systemd/inaccessible/", "block-", "char-"};
	struct span words = words_split(&facts->arena, span_of(value), false);
	struct span path = span_cut(&words, '\0'), access = span_cut(&words, '\0');
	bool is_valid = false;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		is_valid = is_valid || span_begins(path, prefixes[i]);
	for (size_t i = 0; i < access.len; i++)
		is_valid = is_valid && access.text[i] && strchr("rwm", access.text[i]);
	*ret_makes = access.len == 0 || memchr(access.text, 'm', access.len);
	return is_valid && words.len == 0;
}

/* systemd.resource-control(5): any DeviceAllow= closes "auto". */
static bool makes_nodes(struct audit_facts *facts, const char *unit)
{
	bool closed = false, listed = false, makes = false;

	for (size_t i = 0; i < facts->nsettings; i++) {
		const struct audit_setting *setting = &facts->settings[i];
		bool makes_it;

		if (!setting->value || strcmp(setting->unit, unit) != 0)
			continue;
		if (setting->key == AUDIT_SETTING_DEVICE_POLICY)
			closed = strcmp(setting->value, "closed") == 0 ||
				 strcmp(setting->value, "strict") == 0;
		if (setting->key != AUDIT_SETTING_DEVICE_ALLOW ||
			!read_device(facts, setting->value, &makes_it))
			continue;
		listed = true;
		makes = makes || makes_it;
	}
	return makes || !(closed || listed);
}

static void note_unpacker(struct audit_facts *facts, const char *unit)
{
	if (makes_nodes(facts, unit))
		audit_name(facts, &facts->node_makers, unit, strlen(unit));
}

/* Under a usual name a script may be what runs the engine. */
static bool is_usual_unpacker(const char *unit)
{
	const char *engine = units_usual_engine(unit);

	return engine &&
	       (strcmp(engine, "docker") == 0 || strcmp(engine, "containerd") == 0);
}

static bool runs_unpacker(struct audit_facts *facts, const char *command)
{
	return system_unpacker(words_split(&facts->arena, span_of(command), true));
}

void nodes_find(struct audit_facts *facts)
{
	for (size_t i = 0; i < facts->nsettings; i++) {
		const struct audit_setting *setting = &facts->settings[i];

		if (setting->key == AUDIT_SETTING_EXEC && setting->value &&
			(is_usual_unpacker(setting->unit) ||
				runs_unpacker(facts, setting->value)))
			note_unpacker(facts, setting->unit);
	}
}

static bool has_unit(const struct audit_facts *facts, const char *unit)
{
	for (size_t i = 0; i < facts->nsettings; i++) {
		if (facts->settings[i].key == AUDIT_SETTING_EXEC &&
			strcmp(facts->settings[i].unit, unit) == 0)
			return true;
	}
	return false;
}

/* "0::/system.slice/a.service/x", "1:name=systemd:/a.service": the unit; empty: none.
 */
static struct span unit_of(struct span cgroup)
{
	struct lines lines = {.rest = cgroup};
	struct span line;

	while (lines_next(&lines, &line)) {
		(void)span_cut(&line, ':');
		(void)span_cut(&line, ':');
		while (line.len > 0) {
			struct span name = span_cut(&line, '/');

			if (span_ends(name, ".service"))
				return name;
		}
	}
	return (struct span){"", 0};
}

void nodes_read_process(struct audit_facts *facts, const char *place, struct span words,
	struct span cgroup)
{
	const char *program = system_unpacker(words);
	struct span name = unit_of(cgroup);
	const char *unit = arena_strndup(&facts->arena, name.text, name.len);

	if (!program || !unit)
		return;
	if (!*unit)
		audit_name(facts, &facts->loose_engines, program, strlen(program));
	else if (has_unit(facts, unit))
		note_unpacker(facts, unit);
	else
		audit_gap(facts, place,
			arena_printf(&facts->arena,
				"an engine of the unit %s, which was not read: whether "
				"it may make the device nodes that images bring was "
				"not seen",
				unit));
}
