/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot of any bytes: refused, or saved again as the same facts and decoded. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/model/ruleset.h"
#include "netmon/model/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *save(const struct facts *facts, size_t *ret_len)
{
	char *text = NULL;
	FILE *stream = open_memstream(&text, ret_len);
	struct err err = {0};

	if (!stream || snapshot_save(facts, stream, &err) < 0 || fclose(stream) != 0)
		abort(); /* what was loaded can be saved */
	return text;
}

static void decode(const struct netns *netns)
{
	struct ruleset *ruleset = NULL;
	struct err err = {0};
	struct arena texts;

	if (ruleset_decode(netns, &ruleset, &err) < 0)
		return;
	arena_init(&texts, 0);
	for (size_t i = 0; i < ruleset->nchains; i++) {
		for (size_t k = 0; k < ruleset->chains[i].nrules; k++)
			(void)rule_text(&texts, &ruleset->chains[i].rules[k]);
	}
	arena_done(&texts);
	ruleset_free(ruleset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct facts *facts = NULL, *again = NULL;
	struct err err = {0};
	size_t len, len2;
	char *text, *text2;

	if (snapshot_load_text("fuzz", (const char *)data, size, &facts, &err) < 0)
		return 0;
	text = save(facts, &len);
	if (snapshot_load_text("again", text, len, &again, &err) < 0)
		abort();
	text2 = save(again, &len2);
	if (len != len2 || memcmp(text, text2, len) != 0)
		abort();
	free(text);
	free(text2);
	decode(facts->host);
	for (size_t i = 0; i < facts->nnetns; i++)
		decode(facts->netns[i]);
	facts_free(facts);
	facts_free(again);
	return 0;
}
