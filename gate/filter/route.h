/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every request that the engine knows, and what becomes of it. */
#ifndef SEAWALL_GATE_FILTER_ROUTE_H
#define SEAWALL_GATE_FILTER_ROUTE_H

#include "gate/filter/query.h"

/**
 * struct route
 * @pattern:  segments; "{}" is one of any kind, "{*}" one or more
 * @power:    what the profile needs to have for it at all
 * @decide:   the rest of the decision; sets work->param to what is to be sent on
 * @auth:     the registry's headers go on
 * @optional: of GATE_BODY_JSON: the body may be absent
 */
struct route {
	const char *method, *pattern;
	int (*decide)(struct work *work);
	const struct query_key *query;
	size_t nquery;
	enum gate_body body;
	enum gate_answer answer;
	enum power power;
	bool auth, optional;
};

/**
 * route_find() - the route of a request
 * @ret_param:  what "{}" or "{*}" stands for, in @arena; NULL: nothing
 * @ret_exists: the path is known, with whatever method
 */
const struct route *route_find(const char *method, const struct target *target,
	struct arena *arena, const char **ret_param, bool *ret_exists);

/** route_at() - the one at this place of the list; NULL: it ends there. */
const struct route *route_at(size_t i);

/**
 * route_refused() - why gate has no route for a path that the engine knows
 *
 * Return: a sentence; NULL when the engine is not known to have the path.
 */
const char *route_refused(const struct target *target);

/* Decisions, by what they are about. */
int decide_nothing(struct work *work) _must_check_;
int decide_volume_prune(struct work *work) _must_check_;

int decide_container(struct work *work) _must_check_;	      /* the caller's */
int decide_container_inspect(struct work *work) _must_check_; /* else as if absent */
int decide_container_run(struct work *work) _must_check_;     /* and judged */
int decide_container_start(struct work *work) _must_check_;
int decide_container_changes(struct work *work) _must_check_;
int decide_container_archive(struct work *work) _must_check_;
int decide_container_create(struct work *work) _must_check_;
int decide_container_update(struct work *work) _must_check_;
int decide_container_prune(struct work *work) _must_check_;
int decide_container_rename(struct work *work) _must_check_;
int decide_exec_create(struct work *work) _must_check_;
int decide_exec_start(struct work *work) _must_check_;
int decide_exec(struct work *work) _must_check_;
int decide_commit(struct work *work) _must_check_;

int decide_image(struct work *work) _must_check_;
int decide_image_inspect(struct work *work) _must_check_;
int decide_image_save(struct work *work) _must_check_;
int decide_image_create(struct work *work) _must_check_;
int decide_image_push(struct work *work) _must_check_;
int decide_image_tag(struct work *work) _must_check_;
int decide_distribution(struct work *work) _must_check_;
int decide_search(struct work *work) _must_check_;
int decide_auth(struct work *work) _must_check_;
int decide_build(struct work *work) _must_check_;

int decide_volume(struct work *work) _must_check_;
int decide_volume_create(struct work *work) _must_check_;
int decide_network_inspect(struct work *work) _must_check_;
int decide_network_create(struct work *work) _must_check_;
int decide_network_remove(struct work *work) _must_check_;
int decide_network_connect(struct work *work) _must_check_;
int decide_network_disconnect(struct work *work) _must_check_;

#endif
