/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot file to facts: the document as a whole; trusts nothing. */
#include "netmon/model/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "netmon/model/snapshot_fields.h"
#include "netmon/model/snapshot_read.h"

/* The first member: "schema": "seawall.snapshot/N". */
static int load_schema(struct loader *l)
{
	const size_t prefix = strlen(SNAPSHOT_SCHEMA);
	struct jsonr_text key, text;
	size_t version = 0;
	int rc = jsonr_object(&l->r);

	if (rc == 0)
		rc = jsonr_key(&l->r, &key);
	if (rc < 0)
		return rc;
	if (rc == 0 || key.len != 6 || memcmp(key.data, "schema", 6) != 0)
		return jsonr_fail(&l->r, "this is no snapshot: its first key must be "
					 "\"schema\": \"" SNAPSHOT_SCHEMA "N\"");
	rc = jsonr_string(&l->r, &text);
	if (rc < 0)
		return rc;
	for (size_t i = prefix; i < text.len && version < 100000; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			version = 100000;
		else
			version = version * 10 + (size_t)(text.data[i] - '0');
	}
	if (text.len <= prefix || memcmp(text.data, SNAPSHOT_SCHEMA, prefix) != 0 ||
		version < 1 || version >= 100000)
		return jsonr_fail(&l->r, "no schema of a snapshot, which is \"%s%d\"",
			SNAPSHOT_SCHEMA, SNAPSHOT_VERSION);
	l->newer = version > SNAPSHOT_VERSION;
	return 0;
}

static int compare_netns(const void *a, const void *b)
{
	return strcmp((*(const struct netns *const *)a)->id,
		(*(const struct netns *const *)b)->id);
}

/* Containers point to the namespaces that they name. */
static int resolve_netns(struct loader *l)
{
	struct facts *facts = l->facts;
	size_t n = facts->nnetns + 1;
	struct netns **sorted = arena_array(&facts->arena, n, sizeof(*sorted)), **found;

	if (!sorted)
		return jsonr_fail_memory(&l->r);
	for (size_t i = 0; i < facts->nnetns; i++)
		sorted[i] = facts->netns[i];
	sorted[n - 1] = facts->host;
	qsort(sorted, n, sizeof(struct netns *), compare_netns);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0)
			return jsonr_fail(&l->r, "two namespaces have the id '%s'",
				sorted[i]->id);
	}
	for (size_t i = 0; i < facts->ncontainers; i++) {
		struct container *container = &facts->containers[i];
		const struct reference *reference =
			(const struct reference *)(const void *)container->netns;

		if (!reference)
			continue;
		found = bsearch(&container->netns, sorted, n, sizeof(struct netns *),
			compare_netns);
		if (!found)
			return err_set(l->r.err, -EINVAL,
				"%s:%zu: $.containers[%zu].netns: no namespace '%s'",
				l->r.file, reference->line, i, reference->netns.id);
		container->netns = *found;
	}
	return 0;
}

static size_t memory_limit(size_t len)
{
	const size_t most = (size_t)8 << 30, least = (size_t)64 << 20;

	/* The smallest element of a set takes 16 bytes of text, and up to 40 times that
	 * while its array grows. */
	return len < (most - least) / 40 ? least + 40 * len : most;
}

int snapshot_load_text(const char *name, const char *text, size_t len,
	struct facts **ret_facts, struct err *err)
{
	_cleanup_(facts_cleanup) struct facts *facts = facts_new();
	struct loader l = {.facts = facts};
	int rc;

	if (!facts)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	if (len > SNAPSHOT_BYTES_MAX)
		return err_set(err, -EFBIG, "%s: larger than %zu bytes", name,
			SNAPSHOT_BYTES_MAX);
	facts->arena.limit_bytes = memory_limit(len);
	facts->host->id = NULL; /* the file must say it */
	jsonr_init(&l.r, name, text, len, &facts->arena, err);
	rc = load_schema(&l);
	if (rc == 0)
		rc = snapshot_read_members(&l, &snapshot_facts_record, facts);
	if (rc == 0)
		rc = jsonr_end(&l.r);
	if (rc == 0)
		rc = resolve_netns(&l);
	if (rc < 0)
		return rc;
	if (l.nunknown)
		facts_note(facts, "snapshot-newer", name, true,
			"%zu keys of a later version are unknown here, the first is "
			"'%.64s'",
			l.nunknown, l.unknown ? l.unknown : "");
	if (arena_failed(&facts->arena))
		return jsonr_fail_memory(&l.r);
	facts->arena.limit_bytes = 0;
	*ret_facts = TAKE_PTR(facts);
	return 0;
}

/* All of @fd; the size that fstat gave is only where the buffer starts. */
static int read_all(int fd, size_t size, char **ret_text, size_t *ret_len)
{
	_cleanup_(cleanup_free) char *text = NULL;
	size_t len = 0, room = 0;

	for (;;) {
		ssize_t n;

		if (len == room) {
			char *more;

			room = room ? 2 * room : size + 4096;
			more = realloc(text, room);
			if (!more)
				return -ENOMEM;
			text = more;
		}
		n = read(fd, text + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > SNAPSHOT_BYTES_MAX)
			return -EFBIG;
	}
	*ret_text = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

int snapshot_load(const char *path, struct facts **ret_facts, struct err *err)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_(cleanup_free) char *text = NULL;
	struct stat st;
	size_t len;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, -errno, "open '%s'", path);
	if (st.st_size > (off_t)SNAPSHOT_BYTES_MAX)
		rc = -EFBIG;
	else
		rc = read_all(fd, (size_t)st.st_size, &text, &len);
	if (rc < 0)
		return err_errno(err, rc, "read '%s'", path);
	return snapshot_load_text(path, text, len, ret_facts, err);
}
