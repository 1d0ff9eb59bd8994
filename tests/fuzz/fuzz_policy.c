/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a policy file: refused with reasons, or consistent. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/jsonw.h"
#include "common/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void use_approval(const struct approval *approval)
{
	static const char *labels[][2] = {{"a", "b"}};
	static const struct container_facts container = {
		.name = "web", .image = "nginx:1", .labels = labels, .nlabels = 1};
	const struct ivset *zones[ZONE_COUNT] = {0};
	struct arena arena;

	arena_init(&arena, 1 << 20);
	zones[ZONE_INTERNET] = zone_internet(&arena, FAMILY_IP4);
	require(approval->id && approval->nports > 0 && approval->from.n > 0);
	require(approval->zones != 0 || approval->nprefixes > 0);
	(void)approval_selects(approval, &container);
	(void)approval_sources(&arena, approval, FAMILY_IP4, zones);
	for (size_t i = 0; i < approval->nports; i++)
		require(approval_has_port(
			approval, approval->ports[i].proto, approval->ports[i].lo));
	arena_done(&arena);
}

/* What a document says does not change by writing it and reading it again. */
static void round_trip(const char *text, size_t len)
{
	struct json_doc *doc = NULL, *again = NULL;
	struct jsonw first, second;
	size_t first_len, second_len;

	if (json_doc_load_text("fuzz", text, len, NULL, &doc, NULL) < 0)
		return;
	jsonw_init(&first, NULL, 0);
	jsonw_init(&second, NULL, 0);
	json_node_write(json_doc_root(doc), &first);
	require(jsonw_finish(&first, NULL) == 0);
	const char *written = jsonw_text(&first, &first_len);
	require(json_doc_load_text("again", written, first_len, NULL, &again, NULL) ==
		0);
	json_node_write(json_doc_root(again), &second);
	require(jsonw_finish(&second, NULL) == 0);
	const char *rewritten = jsonw_text(&second, &second_len);
	require(first_len == second_len && memcmp(written, rewritten, first_len) == 0);
	jsonw_done(&first);
	jsonw_done(&second);
	json_doc_free(doc);
	json_doc_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct policy *policy = NULL;
	struct json_errors errors;
	struct err err = {0};

	json_errors_init(&errors);
	if (policy_load_text("fuzz", text, size, &errors, &policy, &err) < 0) {
		require(!policy && err.text[0]);
		for (size_t i = 0; i < errors.count; i++)
			require(errors.list[i].path[0] == '$' &&
				errors.list[i].line > 0);
	} else {
		require(errors.count == 0);
		for (size_t i = 0; i < policy->napprovals; i++)
			use_approval(&policy->approvals[i]);
		for (size_t i = 0; i < policy->gate.ngrants; i++)
			require(policy->gate.grants[i].profile != NULL);
	}
	policy_free(policy);
	json_errors_done(&errors);
	round_trip(text, size);
	return 0;
}
