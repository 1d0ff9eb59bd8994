/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests about containers and what runs in them. */
#include <errno.h>
#include <string.h>

#include "gate/filter/create.h"
#include "gate/filter/judge.h"
#include "gate/filter/nesting.h"
#include "gate/filter/objects.h"
#include "gate/filter/publish.h"
#include "gate/filter/route.h"

static const struct json_node *body_root(struct work *work)
{
	return json_doc_root(work->body);
}

/* The id goes on in the place of the name: it cannot come to mean another one. */
static int use_container(struct work *work, struct object *container)
{
	if (container_own(work, work->param, container) < 0) {
		work->decision->object = container->id;
		return -EACCES;
	}
	work->param = container->id;
	work->decision->object = container->id;
	return 0;
}

int decide_nothing(struct work *work)
{
	(void)work;
	return 0;
}

int decide_container(struct work *work)
{
	struct object container;

	return use_container(work, &container);
}

/* "docker inspect" asks for containers first, whatever the name is one of. */
int decide_container_inspect(struct work *work)
{
	struct object container;

	if (object_container(work, work->param, &container) < 0)
		return -EACCES;
	if (container.existence == OBJECT_PRESENT && !container.mine &&
		!has_power(work, POWER_OTHERS))
		return refuse(work, 404, "container-others",
			"No such container: %s (or it is not yours)",
			shown(work, work->param));
	return use_container(work, &container);
}

/* Those with the caller's label; NULL: memory ran out. */
static const char *own_containers(struct work *work)
{
	const char *owner = owner_filter(work);
	const char *filters =
		owner ? arena_printf(work->arena, "{\"label\":[\"%s\"]}", owner) : NULL;
	const char *value = filters ? target_encode(work->arena, filters) : NULL;

	return value ? arena_printf(
			       work->arena, "containers/json?all=1&filters=%s", value)
		     : NULL;
}

/*
 * The engine prunes by the owner's label alone, and an image may bring that one to
 * containers that root makes past gate: whoever provides such an image must not remove
 * them.
 */
int decide_container_prune(struct work *work)
{
	const struct json_node *list;

	if (has_power(work, POWER_OTHERS))
		return 0;
	if (!has_engine(work))
		return refuse(work, 403, "object-unseen",
			"whose the containers are cannot be told without an engine");
	if (work_list(work, own_containers(work), &list) < 0)
		return -EACCES;
	for (size_t i = 0; i < list->count; i++) {
		const struct json_node *container = &list->children[i];
		const char *image = json_member_text(container, "ImageID", NULL);
		const char *told = json_member_text(
			json_member_of(container, "Labels", JSON_KIND_OBJECT),
			IMAGE_LABEL, NULL);

		if (!image || !told || strcmp(image, told) != 0)
			return refuse(work, 403, "prune-others",
				"the container %.12s has its image's label of yours, "
				"and is not yours: remove yours by name",
				shown(work, json_member_text(container, "Id", "?")));
	}
	return 0;
}

int decide_container_run(struct work *work)
{
	struct object container;

	if (use_container(work, &container) < 0)
		return -EACCES;
	return judge_container(work, &container);
}

static bool is_to_go(const struct object *container)
{
	const struct json_node *root = container->root;
	const char *status = json_member_text(
		json_member_of(root, "State", JSON_KIND_OBJECT), "Status", NULL);
	const struct json_node *host_config =
		json_member_of(root, "HostConfig", JSON_KIND_OBJECT);

	return container->mine && status && strcmp(status, "created") == 0 &&
	       json_member_flag(host_config, "AutoRemove", false);
}

int decide_container_start(struct work *work)
{
	struct object container;

	if (use_container(work, &container) < 0)
		return -EACCES;
	if (is_to_go(&container))
		work->decision->unstarted = container.id;
	return judge_container(work, &container);
}

int decide_container_changes(struct work *work)
{
	struct object container;

	return use_container(work, &container) < 0
		       ? -EACCES
		       : judge_changes(work, &container, "changes-race");
}

int decide_container_archive(struct work *work)
{
	struct object container;

	if (use_container(work, &container) < 0)
		return -EACCES;
	bool into = strcmp(work->route->method, "PUT") == 0;

	work->decision->forward.plain_tar = into;
	return judge_archive(work, &container, into);
}

static int apply_body(struct work *work, const struct fields *table)
{
	struct jsonw *out = work_out(work);

	jsonw_object_begin(out);
	int rc = fields_apply(work, table, body_root(work), out);
	jsonw_object_end(out);
	return rc;
}

/*
 * With containerd's image store an image's id is that of all its platforms: what is
 * looked at, and judged, is the one that was taken where none is asked for. So that is
 * the only one; it is asked for, lest another takes its place that comes meanwhile.
 */
static int check_platform(struct work *work, const struct object *image)
{
	const char *asked = query_value(work, "platform"), *told, *whole,
		   *variant = json_member_text(image->root, "Variant", "");

	if (has_power(work, POWER_PRIVILEGED) || image->existence != OBJECT_PRESENT)
		return 0;
	told = arena_printf(work->arena, "%s/%s",
		json_member_text(image->root, "Os", ""),
		json_member_text(image->root, "Architecture", ""));
	whole = told ? arena_printf(work->arena, "%s/%s", told, variant) : NULL;
	if (!whole)
		return refuse_memory(work);
	query_set(work, "platform", work->looked.platform);
	if (!asked || !*asked || strcmp(asked, told) == 0 || strcmp(asked, whole) == 0)
		return 0;
	return refuse(work, 403, "create-platform",
		"the image is here for %s: what it is for %s needs \"privileged\"",
		shown(work, told), shown(work, asked));
}

int decide_container_create(struct work *work)
{
	const struct json_node *root = body_root(work);
	const char *name = query_value(work, "name");
	struct object image;

	work->host_config = json_member_of(root, "HostConfig", JSON_KIND_OBJECT);
	(void)publish_select(work, name && *name ? name : NULL, NULL,
		json_member_of(root, "Labels", JSON_KIND_OBJECT));
	work->decision->object = name && *name ? name : NULL;
	if (apply_body(work, &create_table) < 0)
		return -EACCES;
	const struct json_node *text = json_member(root, "Image");
	if (object_image(work, text ? text->string : "", &image) < 0 ||
		check_platform(work, &image) < 0)
		return -EACCES;
	return nesting_of_create(work, root, &image);
}

int decide_container_update(struct work *work)
{
	struct object container;

	if (use_container(work, &container) < 0 ||
		judge_container(work, &container) < 0)
		return -EACCES;
	return apply_body(work, &update_table);
}

/* A name may be what made a published port an approved one. */
int decide_container_rename(struct work *work)
{
	const char *name = query_value(work, "name");
	struct object container;

	if (!name)
		return refuse(work, 400, "query-value", "the query lacks the new name");
	if (use_container(work, &container) < 0)
		return -EACCES;
	return judge_publish(work, &container, name);
}

int decide_exec_create(struct work *work)
{
	struct object container;

	if (use_container(work, &container) < 0 ||
		judge_container(work, &container) < 0)
		return -EACCES;
	return apply_body(work, &exec_table);
}

/* The exec's container, which must be the caller's; @ret_exec: NULL when unseen. */
static int use_exec(
	struct work *work, struct object *container, const struct json_node **ret_exec)
{
	const char *id;

	*ret_exec = NULL;
	if (!is_full_id(work->param))
		return refuse(work, 404, "object-absent", "No such exec instance: %s",
			shown(work, work->param));
	work->decision->object = work->param;
	if (!has_engine(work)) {
		*container =
			(struct object){.existence = OBJECT_UNSEEN, .id = work->param};
		if (has_power(work, POWER_OTHERS))
			return 0;
		return refuse(work, 403, "object-unseen",
			"whose exec '%s' is cannot be told without an engine",
			shown(work, work->param));
	}
	if (work_fact(work, arena_printf(work->arena, "exec/%s/json", work->param),
		    ret_exec) < 0)
		return -EACCES;
	if (!*ret_exec)
		return refuse(work, 404, "object-absent", "No such exec instance: %s",
			shown(work, work->param));
	id = json_member_text(*ret_exec, "ContainerID", NULL);
	if (!id || !is_full_id(id))
		return refuse(work, 502, "engine-answer",
			"the engine's answer about the exec lacks its container");
	return container_own(work, id, container);
}

int decide_exec(struct work *work)
{
	const struct json_node *exec;
	struct object container;

	return use_exec(work, &container, &exec);
}

/* An exec in the caller's container may be root's, not yet started. */
static int judge_exec(struct work *work, const struct json_node *exec)
{
	const struct json_node *process =
		json_member_of(exec, "ProcessConfig", JSON_KIND_OBJECT);

	if (is_unlimited(work))
		return 0;
	if (!process)
		return refuse(work, 502, "engine-answer",
			"the engine's answer about the exec lacks its process");
	return fields_judge(work, &process_table, process);
}

int decide_exec_start(struct work *work)
{
	const struct json_node *exec;
	struct object container;

	if (use_exec(work, &container, &exec) < 0 ||
		judge_container(work, &container) < 0)
		return -EACCES;
	if (exec && judge_exec(work, exec) < 0)
		return -EACCES;
	if (json_member_flag(body_root(work), "Detach", false))
		work->decision->forward.answer = GATE_ANSWER_PLAIN;
	return apply_body(work, &exec_start_table);
}

/* Nothing of the body: what it says is what "changes" would say. */
int decide_commit(struct work *work)
{
	const char *name = query_value(work, "container");
	struct object container;

	if (work->body && !node_is_empty(body_root(work)))
		return refuse(work, 403, "commit-body",
			"a commit with another configuration is not allowed");
	if (!name)
		return refuse(
			work, 400, "query-value", "the query lacks the container");
	if (container_own(work, name, &container) < 0 ||
		judge_changes(work, &container, "commit-race") < 0)
		return -EACCES;
	query_set(work, "container", container.id);
	work->decision->object = container.id;
	return 0;
}
