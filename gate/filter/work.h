/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the filter work on: one request on its way to a decision. */
#ifndef SEAWALL_GATE_FILTER_WORK_H
#define SEAWALL_GATE_FILTER_WORK_H

#include "common/json.h"
#include "common/jsonw.h"
#include "gate/filter.h"
#include "gate/filter/target.h"

/*
 * Theory of operation. Every step returns 0, or -EACCES once it has refused: refuse()
 * fills the decision, and the first refusal stays. Running out of memory, or an engine
 * that gives no answer, refuses too. Nothing is allowed before the last step is done.
 */

enum {
	WORK_MAX_FACTS = 64,   /* questions to the engine for one request */
	WORK_MAX_ITEMS = 1024, /* elements of one list or map of the caller */
	WORK_MAX_TEXT = 128 * 1024,
};

struct route;

struct fact {
	const char *path;
	unsigned int status;
	struct json_doc *doc; /* NULL unless @status is 200 */
};

/** struct selected - what approvals select a container by. */
struct selected {
	const char *name, *image;
	const char *(*labels)[2];
	size_t nlabels;
};
/**
 * struct work
 * @query:  values of the route's keys as they will go on, by row; NULL: leave out
 * @param:  what "{}" stands for: as given, then the full id
 * @selected: the container whose ports are looked at
 * @host_config: of a create's body, for checks that look at two keys; NULL: none
 * @prefix:  name of the table whose fields are being looked at
 * @joined:  how many containers deep the judging is
 * @image_id: of a create
 * @looked:   the same, as it is looked at
 * @judging: they are the engine's, of an object that exists: nothing goes on
 * @body:   the caller's JSON; NULL: none
 * @out:    the body that goes on
 */
struct work {
	const struct gate_context *context;
	const struct profile *profile;
	const struct gate_caller *caller;
	const struct gate_request *request;
	const struct route *route;
	struct arena *arena;
	struct gate_decision *decision;
	bool refused;
	struct target target;
	const char **query;
	const char *param;
	struct selected selected;
	const struct json_node *host_config;
	const char *prefix;
	bool judging;
	unsigned int joined;
	const char *image_id;
	struct gate_looked looked;
	struct json_doc *body;
	struct jsonw out;
	bool has_out;
	struct fact facts[WORK_MAX_FACTS];
	size_t nfacts;
};

/**
 * refuse() - decide against the request
 * @rule:   stable id
 * @format: one sentence without a full stop
 *
 * Return: -EACCES.
 */
int refuse(struct work *work, unsigned int status, const char *rule, const char *format,
	...) _printf_(4, 5);
/** refuse_memory() - refuse() because memory ran out. */
int refuse_memory(struct work *work);

/** shown() - hostile text for a reason: escaped, and cut when long. */
const char *shown(struct work *work, const char *text);

/* What a profile may need to have for something. */
enum power {
	POWER_NONE = 0, /* everybody has it */
	POWER_NEVER,	/* nobody has */
	POWER_RUN_AS,	/* run_as any */
	POWER_PRIVILEGED,
	POWER_HOST, /* host_namespaces */
	POWER_BUILD,
	POWER_OTHERS,
};
bool has_power(const struct work *work, enum power power);
/** power_name() - the profile key that would give it. */
const char *power_name(enum power power);
/** is_unlimited() - no configuration of a container is more than the profile gives. */
bool is_unlimited(const struct work *work);

/**
 * work_pin() - note that a source must be pinned; its path, or NULL (then refused)
 * @wanted: source, granted, home and whether it is read-only; borrowed
 */
const char *work_pin(struct work *work, const struct gate_pin *wanted);

/**
 * work_fact() - GET something of the engine
 * @path:     below the version: "containers/web/json"; its parts are already checked
 * @ret_root: the answer's JSON; NULL when there is no such object (404)
 *
 * Must not be called without an engine. Return: 0 or -EACCES.
 */
int work_fact(struct work *work, const char *path, const struct json_node **ret_root)
	_must_check_;
/** work_fact_of() - the same in this version of the API. */
int work_fact_of(struct work *work, const char *api, const char *path,
	const struct json_node **ret_root) _must_check_;
/** work_list() - the same of a list of objects, which must be there. */
int work_list(struct work *work, const char *path, const struct json_node **ret_root)
	_must_check_;
/** work_api() - the version of the API that goes on: "1.41". */
static inline const char *work_api(const struct work *work)
{
	return work->context->api ? work->context->api : GATE_API_VERSION;
}

static inline bool has_engine(const struct work *work)
{
	return work->context->engine != NULL;
}

/** work_out() - the writer of the body that goes on, begun at the first call. */
struct jsonw *work_out(struct work *work);

#endif
