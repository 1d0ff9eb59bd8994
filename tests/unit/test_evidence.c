/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What packets showed, as findings and as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "fixture.h"
#include "netmon/judge/judge.h"
#include "netmon/report/writer.h"

static struct contradiction sample(bool probed, bool answered, enum tri changed)
{
	return (struct contradiction){.probed = probed,
		.answered = answered,
		.endpoint = {.family = FAMILY_IP4,
			.addr = {.family = FAMILY_IP4, .value = 0xcb00710a},
			.proto = IPPROTO_TCP,
			.port = 8080},
		.source = "192.0.2.77",
		.reply = answered ? "syn-ack" : "none",
		.first = "2026-11-29T12:00:00Z",
		.count = 3,
		.rules_changed = changed};
}

static void add(struct fixture *f, struct contradiction c)
{
	struct contradiction *slot = arena_push(&f->report.arena,
		&f->report.contradictions, &f->report.ncontradictions, sizeof(*slot));

	assert_non_null(slot);
	*slot = c;
}

static void observed_against_rules(void **state)
{
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	add(&f, sample(false, true, TRI_YES));
	fixture_judge(&f);
	const struct finding *found = fixture_finding(&f, "observed-against-rules");
	assert_non_null(found);
	assert_int_equal(found->severity, SEVERITY_CRITICAL);
	assert_non_null(strstr(found->title, "192.0.2.77"));
	assert_non_null(strstr(found->title, "203.0.113.10:8080"));
	assert_non_null(strstr(found->title, "3 such handshakes"));
	assert_non_null(strstr(found->detail, "they changed in between"));
	assert_non_null(strstr(found->remedy,
		"netmon explain --from 192.0.2.77 --to 203.0.113.10 --port 8080"));
	assert_int_equal(judge_status(&f.report), 1);
	fixture_close(&f);
}

static void unchanged_rules(void **state)
{
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	add(&f, sample(true, true, TRI_NO));
	fixture_judge(&f);
	const struct finding *found = fixture_finding(&f, "probed-against-rules");
	assert_non_null(found);
	assert_int_equal(found->severity, SEVERITY_CRITICAL);
	assert_non_null(strstr(found->detail, "still say otherwise"));
	fixture_close(&f);
}

static void unanswered(void **state)
{
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	add(&f, sample(true, false, TRI_UNKNOWN));
	fixture_judge(&f);
	const struct finding *found = fixture_finding(&f, "probe-unanswered");
	assert_non_null(found);
	assert_int_equal(found->severity, SEVERITY_MEDIUM);
	assert_null(fixture_finding(&f, "probed-against-rules"));
	fixture_close(&f);
}

/* What was lost or could not be tried is told, and nobody need act on it. */
static void coverage(void **state)
{
	struct observing observing = {.seconds = 5, .packets = 10, .dropped = 7};
	struct probing probing = {.unavailable = "probing needs CAP_BPF"};
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	f.report.observing = &observing;
	f.report.probing = &probing;
	fixture_judge(&f);
	const struct finding *lost = fixture_finding(&f, "capture-lost-packets");
	assert_non_null(lost);
	assert_int_equal(lost->severity, SEVERITY_INFO);
	assert_non_null(strstr(lost->title, "lost 7 packets"));
	const struct finding *tried = fixture_finding(&f, "probe-unavailable");
	assert_non_null(tried);
	assert_non_null(strstr(tried->title, "CAP_BPF"));
	assert_int_equal(judge_status(&f.report), 0);
	observing.dropped = 0;
	fixture_close(&f);
}

static char *table_of(struct fixture *f)
{
	const struct writer_options options = {0};
	struct err err = {0};
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	assert_non_null(stream);
	assert_int_equal(
		writer_find("table")->report(&f->report, &options, stream, &err), 0);
	(void)fclose(stream);
	return text;
}

/* A disagreement is shown first, whatever the order of the exposures. */
static void disagreements_first(void **state)
{
	struct probed inside = {.open = true, .reply = "syn-ack", .expected = TRI_YES};
	struct probed outside[] = {
		{.open = true,
			.reply = "syn-ack",
			.expected = TRI_NO,
			.agrees = TRI_NO},
		{.reply = "none", .expected = TRI_NO, .agrees = TRI_YES},
	};
	struct probing probing = {.sent = 3, .answered = 2, .silent = 1, .withheld = 4};
	struct observing observing = {.seconds = 1, .packets = 1};
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	const struct container *web = fixture_container(&f, "web");
	fixture_exposure(&f, web, PATH_DNAT, "*", 80, "172.17.0.2", 80);
	fixture_exposure(&f, web, PATH_DNAT, "*", 90, "172.17.0.2", 90);
	for (size_t i = 0; i < 2; i++)
		fixture_reach(&f, &f.report.exposures[i], ZONE_INTERNET, "internet",
			"internet");
	fixture_judge(&f);
	f.report.exposures[0].probed = &inside;
	f.report.exposures[0].nprobed = 1;
	f.report.exposures[1].probed = outside;
	f.report.exposures[1].nprobed = 2;
	f.report.exposures[1].disagrees = true;
	f.report.probing = &probing;
	f.report.observing = &observing;
	_cleanup_(cleanup_free) char *text = table_of(&f);
	const char *evidence = strstr(text, "EVIDENCE");
	assert_non_null(evidence);
	const char *good = strstr(evidence, "0.0.0.0:80/tcp");
	const char *bad = strstr(evidence, "0.0.0.0:90/tcp");
	assert_non_null(good);
	assert_non_null(bad);
	assert_true(bad < good);
	assert_non_null(strstr(bad, "DISAGREES"));
	assert_true(strstr(bad, "DISAGREES") < good);
	assert_non_null(strstr(bad, "0 of 0 answered, 1 of 2 silent"));
	assert_non_null(strstr(good, "1 of 1 answered"));
	assert_non_null(strstr(evidence, "4 more need sources"));
	assert_non_null(strstr(evidence, "security group"));
	fixture_close(&f);
}

/* Without either option the report is as it was. */
static void nothing_asked(void **state)
{
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	fixture_judge(&f);
	_cleanup_(cleanup_free) char *text = table_of(&f);
	assert_null(strstr(text, "EVIDENCE"));
	assert_null(strstr(text, "probe"));
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(observed_against_rules),
		cmocka_unit_test(unchanged_rules),
		cmocka_unit_test(unanswered),
		cmocka_unit_test(coverage),
		cmocka_unit_test(disagreements_first),
		cmocka_unit_test(nothing_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
