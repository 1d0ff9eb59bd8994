/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one description of struct facts and its parts that saving and loading share. */
#ifndef SEAWALL_NETMON_MODEL_SNAPSHOT_FIELDS_H
#define SEAWALL_NETMON_MODEL_SNAPSHOT_FIELDS_H

#include "netmon/model/member.h"

/*
 * A member of facts.h that is missing in the tables is found by
 * tests/unit/test_snapshot.c, which compares them with the text of that header.
 */
extern const struct record snapshot_facts_record;

#endif
