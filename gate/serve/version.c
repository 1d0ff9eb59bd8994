/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which version of its API the engine is spoken to in. */
#include "gate/serve/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/json.h"

/* Newest first. */
static const char *const versions[] = {GATE_API_VERSIONS};

/*
 * Shared, and a worker may write anything there.
 *
 * @place: 0, or one more than the place in versions[]
 * @stale: to be asked again
 */
struct version_found {
	uint32_t place, stale;
};

static volatile struct version_found *found;

int version_prepare(struct err *err)
{
	void *shared = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return err_errno(err, -errno, "share memory");
	found = shared;
	return 0;
}

const char *version_known(void)
{
	uint32_t n = found ? found->place : 0;

	return n > 0 && n <= ARRAY_LEN(versions) ? versions[n - 1] : GATE_API_VERSION;
}

void version_forget(void)
{
	if (found)
		found->stale = 1;
}

/* The NN of "1.NN"; -1: it is none. */
static long minor_of(const char *text)
{
	size_t digits;

	if (!text || strncmp(text, "1.", 2) != 0)
		return -1;
	digits = strspn(text + 2, "0123456789");
	return digits > 0 && digits < 6 && !text[2 + digits]
		       ? strtol(text + 2, NULL, 10)
		       : -1;
}

static long told(const struct json_node *root, const char *key)
{
	return minor_of(json_member_text(root, key, NULL));
}

int version_choose(
	const struct gate_fact *answer, const char **ret_version, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	const struct json_node *root;

	if (answer->status != 200 || json_doc_load_text("answer", answer->body,
					     answer->len, NULL, &doc, NULL) < 0)
		return err_set(err, -EPROTONOSUPPORT,
			"the engine does not tell the versions of its API");
	root = json_doc_root(doc);
	if (root->kind != JSON_KIND_OBJECT)
		return err_set(err, -EPROTONOSUPPORT,
			"the engine does not tell the versions of its API");
	long most = told(root, "ApiVersion"), least = told(root, "MinAPIVersion");
	for (size_t i = 0; least >= 0 && i < ARRAY_LEN(versions); i++) {
		long minor = minor_of(versions[i]);

		if (minor >= least && minor <= most) {
			*ret_version = versions[i];
			return 0;
		}
	}
	return err_set(err, -EPROTONOSUPPORT,
		"the engine's API is 1.%ld to 1.%ld, and gate speaks %s to %s of it: "
		"refused until one of them is another",
		least, most, versions[ARRAY_LEN(versions) - 1], versions[0]);
}

int version_find(struct upstream *upstream, struct arena *arena,
	const char **ret_version, struct err *err)
{
	struct gate_fact answer;

	*ret_version = version_known();
	if (!found || (found->place && !found->stale))
		return 0;
	int rc = upstream_get(upstream, "/version", arena, &answer, err);
	if (rc == 0)
		rc = version_choose(&answer, ret_version, err);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(versions); i++) {
		if (strcmp(versions[i], *ret_version) != 0)
			continue;
		found->place = (uint32_t)i + 1;
		found->stale = 0;
	}
	return rc;
}
