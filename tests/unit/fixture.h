/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small host made by hand, for the tests of judge/ and report/. */
#ifndef SEAWALL_TESTS_FIXTURE_H
#define SEAWALL_TESTS_FIXTURE_H

#include "common/policy.h"
#include "netmon/model/report.h"

#define FIXTURE_MAX 16

struct fixture {
	struct arena arena; /* for what the test adds */
	struct facts *facts;
	struct ruleset ruleset;
	struct report report;
	struct policy *policy;
};

/* Everything the functions below make is checked by cmocka's assertions. */

/** fixture_open() - a host "box" with perimeter eth0; @policy: JSON, NULL: the default
 */
void fixture_open(struct fixture *f, const char *policy);
void fixture_close(struct fixture *f);

/** fixture_container() - one with no amplifier: user, pids limit, pinned image. */
struct container *fixture_container(struct fixture *f, const char *name);
/** fixture_exposure() - at @address ("*": all of the IPv4 host), published, listening.
 */
struct exposure *fixture_exposure(struct fixture *f, const struct container *container,
	enum path path, const char *address, uint16_t port, const char *target,
	uint16_t target_port);
/** fixture_set() - the union of prefixes parted by blanks; "internet", "private": zones
 */
const struct ivset *fixture_set(
	struct fixture *f, enum family family, const char *prefixes);
void fixture_reach(struct fixture *f, struct exposure *exposure, enum zone zone,
	const char *must, const char *may);
struct gap *fixture_gap(struct fixture *f, const char *code, bool hides);

/** fixture_chain() - a base chain when @hook is not HOOK_COUNT. */
struct chain *fixture_chain(struct fixture *f, const char *table,
	enum table_family family, const char *name, enum hook hook);
/**
 * fixture_rule() - tcp dport @port (0: no match) ip saddr @from (NULL: any) and a
 * verdict
 * @verdict: VERDICT_JUMP goes to @to; @field: FIELD_DPORT, or FIELD_CT_ORIG_DPORT
 */
struct rule *fixture_rule(struct fixture *f, struct chain *chain, enum field field,
	uint16_t port, const char *from, enum verdict verdict, const struct chain *to);

/** fixture_judge() - as of 2026-11-29. */
void fixture_judge(struct fixture *f);
/** fixture_finding() - the only finding of that kind, or NULL when there is none. */
const struct finding *fixture_finding(const struct fixture *f, const char *kind);

#endif
