/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots as text: of facts, and written down by a test. */
#ifndef SEAWALL_TESTS_UNIT_SNAPSHOT_MADE_H
#define SEAWALL_TESTS_UNIT_SNAPSHOT_MADE_H

#include "netmon/model/facts.h"

/* What every snapshot begins with, and the least of a host. */
#define SNAPSHOT_HEAD "{\"schema\":\"seawall.snapshot/1\","
#define SNAPSHOT_HOST "\"host\":{\"id\":\"host\"}"

/** snapshot_made_text() - what is saved of @facts; the caller frees it. */
char *snapshot_made_text(const struct facts *facts, size_t *ret_len);
/** snapshot_made_load() - snapshot_load_text() of a file named file.json. */
int snapshot_made_load(const char *text, size_t len, struct facts **ret_facts,
	struct err *err) _must_check_;

#endif
