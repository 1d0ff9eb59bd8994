/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts whose every member has a value of its own, and whether two are the same. */
#ifndef SEAWALL_TESTS_UNIT_FACTS_MADE_H
#define SEAWALL_TESTS_UNIT_FACTS_MADE_H

#include "netmon/model/facts.h"
#include "netmon/model/snapshot_fields.h"

/** facts_made_full() - by the tables of the snapshot; free with facts_free() */
struct facts *facts_made_full(void);

/** facts_assert_same() - fails the test at the first member that differs or is empty */
void facts_assert_same(const struct record *record, const void *a, const void *b);

#endif
