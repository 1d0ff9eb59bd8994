/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the filter work on: one request on its way to a decision. */
#include "gate/filter/work.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/escape.h"

int refuse(struct work *work, unsigned int status, const char *rule, const char *format,
	...)
{
	char text[1024];
	va_list args;

	if (work->refused)
		return -EACCES;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	const char *reason = arena_strdup(work->arena, text);
	work->refused = true;
	work->decision->status = status;
	work->decision->rule = rule ? rule : "out-of-memory";
	work->decision->reason = reason ? reason : "gate ran out of memory";
	return -EACCES;
}

int refuse_memory(struct work *work)
{
	return refuse(work, 503, "out-of-memory",
		"gate ran out of memory: the request is too large");
}

const char *shown(struct work *work, const char *text)
{
	char safe[120];
	const char *copy = arena_strdup(
		work->arena, escape_text(text, strlen(text), safe, sizeof(safe)));

	return copy ? copy : "";
}

bool has_power(const struct work *work, enum power power)
{
	const struct profile *profile = work->profile;

	switch (power) {
	case POWER_NONE:
		return true;
	case POWER_RUN_AS:
		return profile->run_as == RUN_AS_ANY;
	case POWER_PRIVILEGED:
		return profile->privileged;
	case POWER_HOST:
		return profile->host_namespaces;
	case POWER_BUILD:
		return profile->build;
	case POWER_OTHERS:
		return profile->others;
	case POWER_NEVER:
	default:
		return false;
	}
}

const char *power_name(enum power power)
{
	static const char *const names[] = {
		[POWER_NONE] = "nothing",
		[POWER_NEVER] = "what no profile can give",
		[POWER_RUN_AS] = "\"run_as\": \"any\"",
		[POWER_PRIVILEGED] = "\"privileged\"",
		[POWER_HOST] = "\"host_namespaces\"",
		[POWER_BUILD] = "\"build\"",
		[POWER_OTHERS] = "\"others\"",
	};

	return names[power];
}

bool is_unlimited(const struct work *work)
{
	return has_power(work, POWER_RUN_AS) && has_power(work, POWER_PRIVILEGED) &&
	       has_power(work, POWER_HOST) && has_power(work, POWER_OTHERS) &&
	       work->profile->publish == PUBLISH_ANY && !work->profile->read_only;
}

const char *work_pin(struct work *work, const struct gate_pin *wanted)
{
	struct gate_forward *forward = &work->decision->forward;
	char *name = arena_strdup(work->arena, wanted->source);
	const char *copy = arena_strdup(work->arena, wanted->source);
	struct gate_pin *pin;

	/* A path is one name below the directory: its '/' are written ':'. */
	for (char *p = name; p && *p; p++)
		*p = *p == '/' ? ':' : *p;
	const char *path = arena_printf(work->arena, GATE_PIN_DIR "/%u/%s/%s",
		work->caller->user.uid, wanted->read_only ? "ro" : "rw",
		name ? name : "");
	for (size_t i = 0; path && i < forward->npins; i++) {
		if (strcmp(forward->pins[i].path, path) == 0)
			return path;
	}
	pin = arena_push(
		work->arena, &forward->pins, &forward->npins, sizeof(*forward->pins));
	if (!pin || !path || !copy) {
		(void)refuse_memory(work);
		return NULL;
	}
	*pin = *wanted;
	pin->source = copy;
	pin->path = path;
	return path;
}

/* The engine's answer is hostile, too: only what reads as strict JSON is used. */
static int read_fact(struct work *work, struct fact *fact, const struct gate_fact *raw,
	enum json_kind kind)
{
	struct err err = {0};

	fact->status = raw->status;
	if (raw->status == 404)
		return 0;
	if (raw->status != 200)
		return refuse(work, 502, "engine-answer",
			"the engine answered %u when asked for %s", raw->status,
			shown(work, fact->path));
	if (json_doc_load_text("answer", raw->body, raw->len, NULL, &fact->doc, &err) <
			0 ||
		json_doc_root(fact->doc)->kind != kind)
		return refuse(work, 502, "engine-answer",
			"the engine's answer to %s is not understood: %s",
			shown(work, fact->path), shown(work, err.text));
	return 0;
}

/* @path: as it is asked for */
static int get(struct work *work, const char *path, enum json_kind kind,
	const struct json_node **ret_root)
{
	const struct gate_engine *engine = work->context->engine;
	struct gate_fact raw = {0};
	struct err err = {0};

	if (!path)
		return refuse_memory(work);
	for (size_t i = 0; i < work->nfacts; i++) {
		const struct fact *known = &work->facts[i];

		if (strcmp(known->path, path) == 0) {
			*ret_root = known->doc ? json_doc_root(known->doc) : NULL;
			return 0;
		}
	}
	if (work->nfacts == WORK_MAX_FACTS)
		return refuse(work, 400, "too-many-objects",
			"the request names more than %d objects", WORK_MAX_FACTS);
	if (engine->get(engine->context, path, work->arena, &raw, &err) < 0)
		return refuse(work, 502, "engine-answer",
			"the engine did not answer to %s: %s", shown(work, path),
			shown(work, err.text));
	struct fact *fact = &work->facts[work->nfacts++];
	fact->path = path;
	if (read_fact(work, fact, &raw, kind) < 0)
		return -EACCES;
	*ret_root = fact->doc ? json_doc_root(fact->doc) : NULL;
	return 0;
}

static const char *target_of(struct work *work, const char *api, const char *path)
{
	return path ? arena_printf(work->arena, "/v%s/%s", api, path) : NULL;
}

int work_fact_of(struct work *work, const char *api, const char *path,
	const struct json_node **ret_root)
{
	return get(work, target_of(work, api, path), JSON_KIND_OBJECT, ret_root);
}

int work_fact(struct work *work, const char *path, const struct json_node **ret_root)
{
	return work_fact_of(work, work_api(work), path, ret_root);
}

int work_list(struct work *work, const char *path, const struct json_node **ret_root)
{
	if (get(work, target_of(work, work_api(work), path), JSON_KIND_ARRAY,
		    ret_root) < 0)
		return -EACCES;
	return *ret_root ? 0
			 : refuse(work, 502, "engine-answer", "the engine knows no %s",
				   shown(work, path));
}

struct jsonw *work_out(struct work *work)
{
	if (!work->has_out)
		jsonw_init(&work->out, NULL, 0);
	work->has_out = true;
	return &work->out;
}
