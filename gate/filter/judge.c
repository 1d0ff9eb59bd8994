/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container that exists, judged as if it were asked for now. */
#include "gate/filter/judge.h"

#include <errno.h>
#include <string.h>

#include "gate/filter/create.h"
#include "gate/filter/mountpoint.h"
#include "gate/filter/mounts.h"
#include "gate/filter/nesting.h"
#include "gate/filter/network.h"
#include "gate/filter/publish.h"
#include "gate/filter/release.h"
#include "gate/filter/security.h"

/* Containers that join each other's namespaces, one after the other. */
enum { MAX_JOINED = 4 };

/* The engine's name begins with a slash. */
static const char *name_of(const struct json_node *root)
{
	const char *name = json_member_text(root, "Name", NULL);

	return name && *name == '/' ? name + 1 : name;
}

static int refuse_answer(struct work *work, const char *what)
{
	return refuse(work, 502, "engine-answer",
		"the engine's answer about the container lacks its %s", what);
}

static int judge_user(struct work *work, const struct json_node *config)
{
	static const struct field user_field = {.key = "User"};
	const struct json_node *user = json_member(config, "User");
	const char *prefix = work->prefix;
	bool judging = work->judging;
	struct jsonw unseen;

	if (user && user->kind != JSON_KIND_STRING)
		return refuse_answer(work, "user");
	jsonw_init(&unseen, NULL, 0);
	jsonw_object_begin(&unseen);
	work->judging = true;
	work->prefix = "container";
	int rc = force_user(work, &user_field, user, &unseen);
	work->judging = judging;
	work->prefix = prefix;
	jsonw_object_end(&unseen);
	jsonw_done(&unseen);
	return rc;
}

/* The image may have brought it. */
static int judge_working_dir(struct work *work, const struct json_node *config)
{
	const struct json_node *path = json_member(config, "WorkingDir");

	if (!path)
		return 0;
	if (path->kind != JSON_KIND_STRING)
		return refuse_answer(work, "working directory");
	return check_working_path(work, "container-working-dir", path->string);
}

static int judge_network(struct work *work, const struct json_node *network)
{
	static const struct field field = {.key = "Networks"};
	const char *name = network->key,
		   *id = json_member_text(network, "NetworkID", NULL), *joined;

	if (strcmp(name, "bridge") != 0 && strcmp(name, "none") != 0 &&
		strcmp(name, "host") != 0 && strcmp(name, "default") != 0 && id && *id)
		name = id;
	return network_join(work, &field, network, name, &joined);
}

static int judge_networks(struct work *work, const struct json_node *root)
{
	const struct json_node *networks = json_member_of(
		json_member_of(root, "NetworkSettings", JSON_KIND_OBJECT), "Networks",
		JSON_KIND_OBJECT);
	int rc = 0;

	for (size_t i = 0; networks && rc == 0 && i < networks->count; i++) {
		const struct json_node *network = &networks->children[i];

		rc = network->kind == JSON_KIND_OBJECT
			     ? judge_network(work, network)
			     : refuse_answer(work, "networks");
	}
	return rc;
}

static int judge_config(struct work *work, const struct object *container)
{
	const struct json_node *root = container->root;
	const struct json_node *config =
		json_member_of(root, "Config", JSON_KIND_OBJECT);
	const struct json_node *host_config =
		json_member_of(root, "HostConfig", JSON_KIND_OBJECT);
	struct fields judged = host_config_table;
	struct selected before;

	if (!config || !host_config)
		return refuse_answer(work, "configuration");
	judged.name = "container";
	before = publish_select(work, name_of(root),
		json_member_text(config, "Image", NULL), container->labels);
	int rc = judge_user(work, config);
	if (rc == 0)
		rc = judge_working_dir(work, config);
	if (rc == 0)
		rc = fields_judge(work, &judged, host_config);
	if (rc == 0)
		rc = judge_networks(work, root);
	publish_select_again(work, &before);
	return rc;
}

int judge_container(struct work *work, const struct object *container)
{
	int rc = 0;

	if (container->existence != OBJECT_PRESENT)
		return is_unlimited(work)
			       ? 0
			       : refuse(work, 403, "object-unseen",
					 "the configuration of the container '%s' "
					 "cannot be told without an engine",
					 shown(work, container->id));
	if (work->joined == MAX_JOINED)
		return refuse(work, 403, "container-joined",
			"too many containers that join each other's namespaces");
	work->joined++;
	if (!is_unlimited(work))
		rc = judge_config(work, container);
	if (rc == 0)
		rc = mounts_judge(work, container->root);
	if (rc == 0)
		rc = nesting_of_container(work, container->root);
	work->joined--;
	return rc;
}

int judge_publish(struct work *work, const struct object *container, const char *name)
{
	static const struct field ports = {.key = "PortBindings"};
	const struct json_node *config, *bindings;
	struct selected before;
	struct jsonw unseen;

	if (work->profile->publish == PUBLISH_ANY ||
		container->existence != OBJECT_PRESENT)
		return 0;
	config = json_member_of(container->root, "Config", JSON_KIND_OBJECT);
	bindings = json_member_of(
		json_member_of(container->root, "HostConfig", JSON_KIND_OBJECT),
		"PortBindings", JSON_KIND_OBJECT);
	if (!config || !bindings)
		return 0;
	before = publish_select(
		work, name, json_member_text(config, "Image", NULL), container->labels);
	jsonw_init(&unseen, NULL, 0);
	jsonw_object_begin(&unseen);
	work->prefix = "rename";
	int rc = check_port_bindings(work, &ports, bindings, &unseen);
	work->prefix = NULL;
	jsonw_object_end(&unseen);
	jsonw_done(&unseen);
	publish_select_again(work, &before);
	return rc;
}

static bool has_mounts(const struct json_node *root)
{
	/* null is none; mounts_judge() has refused all else. */
	const struct json_node *mounts =
		json_member_of(root, "Mounts", JSON_KIND_ARRAY);

	for (size_t i = 0; mounts && i < mounts->count; i++) {
		const char *type = json_member_text(&mounts->children[i], "Type", NULL);

		if (!type || strcmp(type, "tmpfs") != 0)
			return true;
	}
	return false;
}

/* "/var/lib/docker/containers/ID/hosts"; none before the first start. */
static bool is_engines_file(const char *path, const char *name)
{
	static const char folder[] = "/containers/";
	const char *at = path ? strstr(path, folder) : NULL;

	if (path && !*path)
		return true;
	for (const char *next = at; next; next = strstr(next + 1, folder))
		at = next;
	if (!at)
		return false;
	at += sizeof(folder) - 1;
	return strspn(at, "0123456789abcdef") == 64 && at[64] == '/' &&
	       strcmp(at + 65, name) == 0;
}

/* Of a container whose network it joined; its own list of mounts lacks them. */
static bool has_inherited_mounts(const struct json_node *root)
{
	for (size_t i = 0; i < NETWORK_FILES; i++) {
		if (!is_engines_file(json_member_text(root, network_files[i].key, NULL),
			    network_files[i].name))
			return true;
	}
	return false;
}

/* Nothing in it changes its root file system, nor who comes there from the host. */
static bool is_read_only(const struct json_node *root)
{
	return json_member_flag(json_member_of(root, "HostConfig", JSON_KIND_OBJECT),
		"ReadonlyRootfs", false);
}

/*
 * The engine walks through the root file system by paths, as root: who exchanges a
 * directory in it for a link is told the names in any directory of the host
 * (CVE-2024-8244), or gets its files into an image.
 */
int judge_changes(struct work *work, const struct object *container, const char *rule)
{
	if (has_power(work, POWER_PRIVILEGED) ||
		(container->existence == OBJECT_PRESENT &&
			is_read_only(container->root)))
		return 0;
	return refuse(work, 403, rule,
		"the engine can be led anywhere on the host while it looks for "
		"changes, by what runs in the container: use a container with "
		"--read-only");
}

/*
 * Also without a mount of the caller's the engine mounts its own three files, in the
 * root file system that a process of the container may be changing: where that puts a
 * link at the right moment, they are made and mounted anywhere on the host, with lines
 * of the caller's in them (CVE-2026-41568, CVE-2026-42306).
 */
static int judge_race(struct work *work, const struct json_node *root)
{
	static release_number mended = {29, 5, 1};
	bool is_mended;

	if (is_read_only(root))
		return 0;
	if (release_is_from(work, "Engine", mended, &is_mended) < 0)
		return -EACCES;
	if (is_mended)
		return 0;
	return refuse(work, 403, "archive-race",
		"engines before 29.5.1 can be led anywhere on the host while they "
		"copy, by what runs in the container: use 'docker exec -i ... tar', "
		"'docker export', or a container with --read-only");
}

/*
 * A copy writes as root, also the container's /etc/group (below a tmpfs of a read-only
 * one, by a link in the tar) and links to /dev where the next start mounts a tmpfs:
 * what was looked at in the image would be so no more, see look.h.
 */
static int judge_groups(struct work *work)
{
	bool is_mended;

	if (has_power(work, POWER_RUN_AS))
		return 0;
	if (runc_is_mended(work, RUNC_DEV, &is_mended) < 0)
		return -EACCES;
	return is_mended ? 0
			 : refuse(work, 403, "archive-groups",
				   "a copy could say which groups the container's "
				   "processes have, or lead a mount to /dev: it needs "
				   "runc 1.3.3 or later: use 'docker exec -i ... tar'");
}

/*
 * A copy gives what it likes to the caller, also what is on the way to the working
 * directory: that was looked at in the image, and the engine makes it as root, by its
 * path, at each start. Who can change nothing afterwards leads nobody: see look.h.
 */
static int judge_way(struct work *work, const struct json_node *root)
{
	const char *path = json_member_text(
		json_member_of(root, "Config", JSON_KIND_OBJECT), "WorkingDir", "");

	if (!*path || strcmp(path, "/") == 0 || is_read_only(root) ||
		has_power(work, POWER_RUN_AS))
		return 0;
	return refuse(work, 403, "archive-working-dir",
		"a copy could lead the engine anywhere on the host while it makes the "
		"working directory '%s': make the container with '--workdir /', or use "
		"'docker exec -i ... tar'",
		shown(work, path));
}

static int judge_into(struct work *work, const struct json_node *root)
{
	return judge_groups(work) < 0 ? -EACCES : judge_way(work, root);
}

/*
 * For a copy the engine mounts all that the container mounts below its root file
 * system, on the host and as root: a binding gives what the caller may not read, and a
 * tar's setuid file lands on the host.
 */
int judge_archive(struct work *work, const struct object *container, bool into)
{
	if (judge_container(work, container) < 0)
		return -EACCES;
	if (container->existence != OBJECT_PRESENT || has_power(work, POWER_PRIVILEGED))
		return 0;
	if (!has_mounts(container->root) && !has_inherited_mounts(container->root))
		return judge_race(work, container->root) < 0 ? -EACCES
		       : into ? judge_into(work, container->root)
			      : 0;
	return refuse(work, 403, "archive-mounts",
		"the engine copies as root, through all that the container mounts: "
		"copy "
		"within what is mounted instead, or from a container without mounts");
}
