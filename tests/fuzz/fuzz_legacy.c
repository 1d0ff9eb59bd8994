/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iptables-legacy tables: '4' or '6', struct ipt_getinfo, the entries. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/model/ruleset.h"

#define INFO_LEN 84

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t info[11]; /* valid_hooks, hook_entry[5], underflow[5] */
	struct legacy_table table = {0};
	struct netns netns = {.legacy = &table, .nlegacy = 1};
	struct ruleset *ruleset = NULL;
	struct err err = {0};
	char name[32];
	int r;

	if (size < 1 + INFO_LEN)
		return -1;
	memcpy(name, data + 1, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memcpy(info, data + 1 + sizeof(name), sizeof(info));
	table.family = data[0] == '6' ? FAMILY_IP6 : FAMILY_IP4;
	table.name = name;
	table.valid_hooks = info[0];
	memcpy(table.hook_entry, info + 1, sizeof(table.hook_entry));
	memcpy(table.underflow, info + 6, sizeof(table.underflow));
	table.entries = (struct blob){data + 1 + INFO_LEN, size - 1 - INFO_LEN};
	r = ruleset_decode(&netns, &ruleset, &err);
	/* Malformed is an answer, with words; anything else is a defect. */
	if (r < 0 && (r != -EINVAL || err.text[0] == '\0'))
		abort();
	ruleset_free(ruleset);
	return 0;
}
