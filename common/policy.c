/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the policy file: the perimeter, sources, approvals and images. */
#include "common/policy.h"

#include <errno.h>
#include <string.h>

#include "common/policy_parse.h"
#include "common/policy_sections.h"

/*
 * Theory of operation. Each section is read by one function that notes every mistake at
 * its node and goes on. What it builds meanwhile is thrown away when the list of
 * mistakes is not empty at the end, so no reader need stop or undo anything.
 */

enum { MAX_MEMORY_BYTES = 256 * 1024 * 1024 }; /* large sources, named very often */

static bool is_interface(const struct json_node *node)
{
	size_t len = strlen(node->string);

	/* dev_valid_name() in net/core/dev.c */
	if (len < 16 && !strpbrk(node->string, "/: \t\n\v\f\r") &&
		strcmp(node->string, ".") != 0 && strcmp(node->string, "..") != 0)
		return true;
	json_fail(node, "'%.64s' cannot be the name of an interface", node->string);
	return false;
}

static void parse_perimeter(struct policy *policy, const struct json_node *root)
{
	static const char *const keys[] = {"interfaces"};
	const struct json_node *node = json_want(root, "perimeter", JSON_KIND_OBJECT);

	if (!node)
		return;
	json_known_keys(node, keys, ARRAY_LEN(keys));
	policy->interfaces = policy_texts(policy,
		json_need(node, "interfaces", JSON_KIND_ARRAY), false, is_interface);
}

/* A name under `sources` must not be readable as anything else in `from`. */
static bool check_source_name(const struct json_node *node)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.-";
	struct prefix prefix;
	enum zone zone;

	if (policy_zone(node->key, &zone)) {
		json_fail(
			node, "'%s' is the name of a zone: choose another", node->key);
		return false;
	}
	if (prefix_parse(node->key, &prefix, NULL) == 0) {
		json_fail(node, "a source cannot be named like an address");
		return false;
	}
	if (!node->key[0] || strlen(node->key) > POLICY_TEXT_MAX ||
		node->key[strspn(node->key, allowed)]) {
		json_fail(node,
			"the name of a source is made of letters, digits and _ . -");
		return false;
	}
	return true;
}

static void parse_prefixes(struct policy *policy, const struct json_node *array,
	struct policy_source *source)
{
	struct prefix *prefixes = NULL;

	if (!json_is(array, JSON_KIND_ARRAY))
		return;
	(void)policy_texts(policy, array, false, NULL);
	for (size_t i = 0; i < array->count; i++) {
		const struct json_node *node = &array->children[i];
		struct prefix prefix;
		struct err err = {0};

		if (!policy_has_text(node))
			continue;
		if (prefix_parse(node->string, &prefix, &err) < 0) {
			json_fail(node, "%s", err.text);
			continue;
		}
		struct prefix *slot = arena_push(
			&policy->arena, &prefixes, &source->n, sizeof(*prefixes));
		if (slot)
			*slot = prefix;
	}
	source->prefixes = prefixes;
}

static void parse_sources(struct policy *policy, const struct json_node *root)
{
	const struct json_node *node = json_want(root, "sources", JSON_KIND_OBJECT);
	struct policy_source *sources = NULL;
	size_t n = 0;

	for (size_t i = 0; node && i < node->count; i++) {
		const struct json_node *member = &node->children[i];
		struct policy_source *source;

		check_source_name(member);
		source = arena_push(&policy->arena, &sources, &n, sizeof(*sources));
		if (!source)
			return;
		source->name = arena_strdup(&policy->arena, member->key);
		parse_prefixes(policy, member, source);
	}
	policy->sources = sources;
	policy->nsources = n;
}

static void parse_root(struct policy *policy, const struct json_node *root)
{
	static const char *const keys[] = {
		"version", "perimeter", "sources", "approvals", "images", "gate"};
	const struct json_node *version, *images;

	if (!json_is(root, JSON_KIND_OBJECT))
		return;
	json_known_keys(root, keys, ARRAY_LEN(keys));
	version = json_need(root, "version", JSON_KIND_INTEGER);
	if (version && version->integer != 1)
		json_fail(version, "version %lld is not known here: only 1 is",
			(long long)version->integer);
	parse_perimeter(policy, root);
	parse_sources(policy, root); /* before the approvals, which name them */
	policy_parse_approvals(policy, json_want(root, "approvals", JSON_KIND_ARRAY));
	images = json_want(root, "images", JSON_KIND_ARRAY);
	policy->has_images = images != NULL;
	policy->images = policy_texts(policy, images, true, policy_is_glob);
	policy_parse_gate(policy, json_want(root, "gate", JSON_KIND_OBJECT));
}

static int refuse(const struct json_errors *errors, struct err *err)
{
	size_t more = errors->count - 1;

	if (more == 0)
		return err_set(err, -EINVAL, "%s", errors->list[0].text);
	return err_set(
		err, -EINVAL, "%.600s (and %zu more)", errors->list[0].text, more);
}

int policy_new_default(struct policy **ret_policy, struct err *err)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return err_set(err, -ENOMEM, "policy: out of memory");
	arena_init(&policy->arena, MAX_MEMORY_BYTES);
	policy->is_default = true;
	*ret_policy = policy;
	return 0;
}

static int policy_from_doc(const struct json_doc *doc, struct json_errors *errors,
	struct policy **ret_policy, struct err *err)
{
	_cleanup_(cleanup_policy) struct policy *policy = NULL;
	int code = policy_new_default(&policy, err);

	if (code < 0)
		return code;
	policy->is_default = false;
	parse_root(policy, json_doc_root(doc));
	if (errors->count > 0)
		return refuse(errors, err);
	if (arena_failed(&policy->arena))
		return err_set(err, -ENOMEM,
			"policy: needs more than %d bytes of memory", MAX_MEMORY_BYTES);
	*ret_policy = TAKE_PTR(policy);
	return 0;
}

int policy_load_file(const char *path, struct json_errors *errors,
	struct policy **ret_policy, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	int code = json_doc_load_file(path, POLICY_MAX_BYTES, errors, &doc, err);

	return code < 0 ? code : policy_from_doc(doc, errors, ret_policy, err);
}

int policy_load_fd(int fd, const char *name, struct json_errors *errors,
	struct policy **ret_policy, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	int code = json_doc_load_fd(fd, name, POLICY_MAX_BYTES, errors, &doc, err);

	return code < 0 ? code : policy_from_doc(doc, errors, ret_policy, err);
}

int policy_load_text(const char *name, const char *text, size_t len,
	struct json_errors *errors, struct policy **ret_policy, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	int code;

	if (len > POLICY_MAX_BYTES)
		return err_set(err, -E2BIG, "%s: larger than %d bytes", name,
			POLICY_MAX_BYTES);
	code = json_doc_load_text(name, text, len, errors, &doc, err);
	return code < 0 ? code : policy_from_doc(doc, errors, ret_policy, err);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	arena_done(&policy->arena);
	free(policy);
}
