/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "netmon/judge/judge.h"
#include "netmon/judge/split.h"
#include "netmon/judge/words.h"
#include "netmon/model/span.h"

#define APPROVAL(from, more)                                                         \
	"{\"version\": 1, \"sources\": {\"office\": [\"198.51.100.0/24\"]}, "        \
	"\"approvals\": [{\"id\": \"web\", \"container\": {\"name\": \"web\"}, "     \
	"\"ports\": [\"8080/tcp\"], \"from\": [" from "], \"control\": \"tls\"" more \
	"}]}"
#define OWNED ", \"approved_by\": \"sec@example.org\""

#define UNAPPROVED "internet-exposure-unapproved"

static struct exposure *web(struct fixture *f, const char *policy)
{
	fixture_open(f, policy);
	return fixture_exposure(
		f, fixture_container(f, "web"), PATH_DNAT, "*", 8080, "172.17.0.2", 80);
}

static void open_to_all(struct fixture *f, struct exposure *exposure)
{
	fixture_reach(f, exposure, ZONE_INTERNET, "internet", "internet");
	fixture_reach(f, exposure, ZONE_PRIVATE, "private", "private");
	fixture_reach(f, exposure, ZONE_ADJACENT, "0.0.0.0/0", "0.0.0.0/0");
}

/* What each exposure verdict, exit status and set of findings must be, row by row. */
static void verdicts(void **state)
{
	static const struct {
		const char *policy;
		const char *must, *may, *private_must;
		enum exposure_verdict verdict;
		const char *excess; /* NULL: no approval */
		const char *kind;   /* NULL: no finding */
		int status;
	} rows[] = {
		{NULL, "internet", "internet", "private", EXPOSURE_VIOLATION, NULL,
			UNAPPROVED, 1},
		{NULL, "192.0.2.7/32", "192.0.2.7/32", "", EXPOSURE_VIOLATION, NULL,
			UNAPPROVED, 1},
		{NULL, "", "internet", "", EXPOSURE_UNKNOWN, NULL, NULL, 3},
		{NULL, "", "", "private", EXPOSURE_NOT_PUBLIC, NULL, NULL, 0},
		{APPROVAL("\"internet\"", OWNED), "internet", "internet", "private",
			EXPOSURE_APPROVED, "", NULL, 0},
		{APPROVAL("\"office\"", OWNED), "198.51.100.0/24", "198.51.100.0/24",
			"", EXPOSURE_APPROVED, "", NULL, 0},
		{APPROVAL("\"office\"", OWNED), "198.51.100.0/25", "198.51.100.0/24",
			"", EXPOSURE_APPROVED, "", NULL, 0},
		{APPROVAL("\"office\"", OWNED), "198.51.100.0/24", "internet", "",
			EXPOSURE_UNKNOWN, "", NULL, 3},
		{APPROVAL("\"office\"", OWNED), "198.51.100.0/23", "198.51.100.0/23",
			"", EXPOSURE_VIOLATION, "198.51.101.0/24",
			"reach-beyond-approval", 1},
		{APPROVAL("\"office\"", OWNED), "198.51.100.0/24", "198.51.100.0/24",
			"10.0.0.0/8", EXPOSURE_APPROVED, "", NULL, 0},
		{APPROVAL("\"office\", \"10.1.0.0/16\"", OWNED), "198.51.100.0/24",
			"198.51.100.0/24", "10.0.0.0/15", EXPOSURE_VIOLATION,
			"10.0.0.0/16", "reach-beyond-approval", 1},
		{APPROVAL("\"office\", \"private\"", OWNED), "198.51.100.0/24",
			"198.51.100.0/24", "private", EXPOSURE_APPROVED, "", NULL, 0},
		{APPROVAL("\"private\"", OWNED), "203.0.113.0/24", "203.0.113.0/24", "",
			EXPOSURE_VIOLATION, "203.0.113.0/24", "reach-beyond-approval",
			1},
		{APPROVAL("\"adjacent\"", OWNED), "203.0.113.0/24", "203.0.113.0/24",
			"", EXPOSURE_VIOLATION, "203.0.113.0/24",
			"reach-beyond-approval", 1},
		{APPROVAL("\"internet\"", OWNED ", \"expires\": \"2026-11-29\""),
			"internet", "internet", "", EXPOSURE_APPROVED, "", NULL, 0},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		struct exposure *exposure = web(&f, rows[i].policy);

		fixture_reach(&f, exposure, ZONE_INTERNET, rows[i].must, rows[i].may);
		fixture_reach(&f, exposure, ZONE_PRIVATE, rows[i].private_must,
			rows[i].private_must);
		fixture_judge(&f);
		exposure = &f.report.exposures[0];
		if (exposure->verdict != rows[i].verdict)
			fail_msg("row %zu: verdict %d", i, exposure->verdict);
		if ((exposure->approval != NULL) != (rows[i].excess != NULL))
			fail_msg("row %zu: approval", i);
		const struct ivset *excess = &ivset_none;
		for (size_t j = 0; j < exposure->nexcess; j++)
			excess = ivset_union(&f.arena, excess,
				ivset_prefix(&f.arena, &exposure->excess[j]));
		if (rows[i].excess && !ivset_equal(excess, fixture_set(&f, FAMILY_IP4,
								   rows[i].excess)))
			fail_msg("row %zu: excess", i);
		if (f.report.nfindings != (rows[i].kind ? 1 : 0))
			fail_msg("row %zu: %zu findings", i, f.report.nfindings);
		if (rows[i].kind)
			assert_string_equal(f.report.findings[0].kind, rows[i].kind);
		if (judge_status(&f.report) != rows[i].status)
			fail_msg("row %zu: status %d", i, judge_status(&f.report));
		fixture_close(&f);
	}
}

static void two_approvals_count_together(void **state)
{
	struct fixture f;
	struct exposure *exposure = web(&f,
		"{\"version\": 1, \"approvals\": ["
		"{\"id\": \"a\", \"container\": {\"name\": \"w*\"}, \"ports\": "
		"[\"8080/tcp\"], \"from\": [\"192.0.2.0/25\"]" OWNED
		", \"control\": \"x\"},"
		"{\"id\": \"b\", \"container\": {\"name\": \"web\"}, \"ports\": "
		"[\"8080/tcp\"], \"from\": [\"192.0.2.128/25\"]" OWNED
		", \"control\": \"x\"},"
		"{\"id\": \"udp\", \"container\": {\"name\": \"web\"}, \"ports\": "
		"[\"8080/udp\"], \"from\": [\"internet\"]" OWNED
		", \"control\": \"x\"}]}");
	(void)state;

	fixture_reach(&f, exposure, ZONE_INTERNET, "192.0.2.0/24", "192.0.2.0/24");
	fixture_judge(&f);
	assert_int_equal(f.report.exposures[0].verdict, EXPOSURE_APPROVED);
	assert_string_equal(f.report.exposures[0].approval->id, "a");
	/* The third is about another protocol: it selects nothing, which is a notice.
	 */
	assert_int_equal(f.report.nfindings, 1);
	assert_string_equal(f.report.findings[0].kind, "approval-unused");
	assert_int_equal(f.report.findings[0].severity, SEVERITY_INFO);
	assert_int_equal(judge_status(&f.report), 0);
	fixture_close(&f);
}

static void expired_and_unowned(void **state)
{
	struct fixture f;
	struct exposure *exposure = web(
		&f, APPROVAL("\"internet\"", OWNED ", \"expires\": \"2026-11-28\""));
	(void)state;

	open_to_all(&f, exposure);
	fixture_judge(&f);
	assert_int_equal(f.report.exposures[0].verdict, EXPOSURE_VIOLATION);
	assert_null(f.report.exposures[0].approval);
	assert_int_equal(
		fixture_finding(&f, "approval-expired")->severity, SEVERITY_HIGH);
	assert_non_null(strstr(
		fixture_finding(&f, UNAPPROVED)->detail, "expired on 2026-11-28"));
	assert_int_equal(f.report.nfindings, 2);
	fixture_close(&f);

	exposure = web(&f, APPROVAL("\"internet\"", ""));
	open_to_all(&f, exposure);
	fixture_judge(&f);
	assert_int_equal(f.report.exposures[0].verdict, EXPOSURE_APPROVED);
	assert_int_equal(f.report.nfindings, 1);
	assert_non_null(fixture_finding(&f, "approval-unowned"));
	fixture_close(&f);
}

static bool has_control(const struct finding *finding, const char *control)
{
	for (size_t i = 0; i < finding->ncompliance; i++)
		if (strcmp(finding->compliance[i].control, control) == 0)
			return true;
	return false;
}

static void amplifiers_raise_severity(void **state)
{
	struct mount mounts[] = {
		{"bind", "/var/run/docker.sock", "/var/run/docker.sock", false}};
	struct fixture f;
	struct exposure *exposure = web(&f, NULL);
	const struct finding *finding;
	(void)state;

	open_to_all(&f, exposure);
	fixture_judge(&f);
	finding = fixture_finding(&f, UNAPPROVED);
	assert_int_equal(f.report.exposures[0].namplifiers, 0);
	assert_int_equal(finding->severity, SEVERITY_HIGH);
	assert_true(has_control(finding, "5.14"));
	assert_true(has_control(finding, "5.9"));
	assert_false(has_control(finding, "5.32"));
	fixture_close(&f);

	exposure = web(&f, NULL);
	open_to_all(&f, exposure);
	f.facts->containers[0].mounts = mounts;
	f.facts->containers[0].nmounts = 1;
	fixture_judge(&f);
	finding = fixture_finding(&f, UNAPPROVED);
	assert_int_equal(f.report.exposures[0].namplifiers, 1);
	assert_string_equal(f.report.exposures[0].amplifiers[0], "docker-socket");
	assert_int_equal(finding->severity, SEVERITY_CRITICAL);
	assert_true(has_control(finding, "5.32"));
	fixture_close(&f);

	/* A safeguard that is missing is named, and is no more than that. */
	exposure = web(&f, NULL);
	open_to_all(&f, exposure);
	f.facts->containers[0].user = "0:0";
	f.facts->containers[0].pids_limit = 0;
	f.facts->containers[0].image = "nginx:latest";
	exposure->listening = TRI_NO;
	fixture_judge(&f);
	assert_int_equal(f.report.exposures[0].namplifiers, 3);
	assert_int_equal(fixture_finding(&f, UNAPPROVED)->severity, SEVERITY_MEDIUM);
	fixture_close(&f);
}

static void loopback_and_unpublished(void **state)
{
	struct fixture f;
	struct exposure *exposure;
	(void)state;

	fixture_open(&f, NULL);
	exposure = fixture_exposure(&f, fixture_container(&f, "db"), PATH_DNAT,
		"127.0.0.1", 5432, "172.17.0.3", 5432);
	exposure->loopback_bound = true;
	fixture_reach(&f, exposure, ZONE_ADJACENT, "0.0.0.0/0", "0.0.0.0/0");
	fixture_judge(&f);
	assert_int_equal(f.report.nfindings, 1);
	const struct finding *finding = fixture_finding(&f, "loopback-port-reachable");
	assert_int_equal(finding->severity, SEVERITY_MEDIUM);
	assert_non_null(strstr(finding->remedy, "ip daddr 127.0.0.0/8 drop"));
	fixture_close(&f);

	fixture_open(&f, NULL);
	exposure = fixture_exposure(&f, fixture_container(&f, "db"), PATH_ROUTED,
		"172.17.0.3", 5432, "172.17.0.3", 5432);
	exposure->published = false;
	fixture_reach(&f, exposure, ZONE_ADJACENT, "0.0.0.0/0", "0.0.0.0/0");
	fixture_judge(&f);
	assert_int_equal(f.report.nfindings, 1);
	assert_int_equal(fixture_finding(&f, "unpublished-port-reachable")->severity,
		SEVERITY_LOW);
	fixture_close(&f);

	/* Published, and neighbours reach it at the container's own address: the same
	 * service, nothing more. */
	fixture_open(&f, NULL);
	exposure = fixture_exposure(&f, fixture_container(&f, "db"), PATH_ROUTED,
		"172.17.0.3", 5432, "172.17.0.3", 5432);
	fixture_reach(&f, exposure, ZONE_ADJACENT, "0.0.0.0/0", "0.0.0.0/0");
	fixture_judge(&f);
	assert_int_equal(f.report.nfindings, 0);
	fixture_close(&f);
}

static void host_is_not_judged(void **state)
{
	struct fixture f;
	struct exposure *exposure;
	(void)state;

	fixture_open(&f, NULL);
	exposure = fixture_exposure(
		&f, NULL, PATH_HOST_SERVICE, "*", 22, "203.0.113.10", 22);
	exposure->owner = "sshd";
	open_to_all(&f, exposure);
	exposure = fixture_exposure(
		&f, NULL, PATH_HOST_SERVICE, "*", 2375, "203.0.113.10", 2375);
	exposure->owner = "dockerd";
	open_to_all(&f, exposure);
	exposure = fixture_exposure(
		&f, NULL, PATH_HOST_SERVICE, "*", 2377, "203.0.113.10", 2377);
	exposure->owner = "dockerd";
	open_to_all(&f, exposure);
	fixture_judge(&f);
	assert_int_equal(f.report.nfindings, 1);
	const struct finding *finding = fixture_finding(&f, "engine-api-tcp");
	assert_int_equal(finding->severity, SEVERITY_CRITICAL);
	assert_int_equal(finding->exposure->endpoint.port, 2375);
	assert_true(has_control(finding, "2.7"));
	assert_int_equal(f.report.exposures[0].verdict, EXPOSURE_UNKNOWN);
	fixture_close(&f);
}

static void gaps_decide_status(void **state)
{
	struct fixture f;
	struct exposure *exposure = web(&f, APPROVAL("\"internet\"", OWNED));
	(void)state;

	open_to_all(&f, exposure);
	fixture_gap(&f, "log-only", false);
	fixture_judge(&f);
	assert_int_equal(f.report.nfindings, 0);
	assert_int_equal(judge_status(&f.report), 0);
	fixture_close(&f);

	exposure = web(&f, APPROVAL("\"internet\"", OWNED));
	open_to_all(&f, exposure);
	const struct gap *gap = fixture_gap(&f, "xt-match-unknown", true);
	exposure->gaps = &gap;
	exposure->ngaps = 1;
	fixture_judge(&f);
	const struct finding *finding = fixture_finding(&f, "gap-could-hide");
	assert_int_equal(finding->severity, SEVERITY_INFO);
	assert_non_null(strstr(finding->detail, "0.0.0.0:8080/tcp"));
	assert_non_null(strstr(finding->remedy, "nft -a list chain ip filter INPUT"));
	assert_int_equal(judge_status(&f.report), 3);
	fixture_close(&f);
}

/* Same host after a restart: other container ids, other rule handles. */
static void ids_are_stable(void **state)
{
	const char *ids[2];
	struct fixture f[2];
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct exposure *exposure = web(&f[i], NULL);
		struct chain *input = fixture_chain(
			&f[i], "ip filter", TABLE_IP, "INPUT", HOOK_INPUT);

		open_to_all(&f[i], exposure);
		f[i].facts->containers[0].id = i ? "aaaa" : "bbbb";
		fixture_rule(&f[i], input, FIELD_DPORT, 8080, NULL, VERDICT_DROP, NULL)
			->handle = 100 + i;
		fixture_judge(&f[i]);
		assert_int_equal(f[i].report.nfindings, 2);
		ids[i] = f[i].report.findings[0].id;
	}
	assert_string_equal(ids[0], ids[1]);
	assert_string_equal(f[0].report.findings[1].id, f[1].report.findings[1].id);
	assert_string_not_equal(f[0].report.findings[0].id, f[0].report.findings[1].id);
	fixture_close(&f[0]);
	fixture_close(&f[1]);
}

static void sorted_worst_first(void **state)
{
	struct fixture f;
	struct exposure *exposure = web(&f, NULL);
	(void)state;

	fixture_reach(&f, exposure, ZONE_INTERNET, "internet", "internet");
	exposure->listening = TRI_NO;
	exposure = fixture_exposure(&f, fixture_container(&f, "api"), PATH_DNAT, "*",
		9000, "172.17.0.4", 9000);
	fixture_reach(&f, exposure, ZONE_INTERNET, "internet", "internet");
	(void)fixture_exposure(
		&f, NULL, PATH_HOST_SERVICE, "*", 22, "203.0.113.10", 22);
	f.facts->containers[1].privileged = true;
	fixture_judge(&f);
	assert_string_equal(f.report.exposures[0].container->name, "api");
	assert_string_equal(f.report.exposures[1].container->name, "web");
	assert_null(f.report.exposures[2].container);
	assert_int_equal(f.report.nfindings, 2);
	assert_int_equal(f.report.findings[0].severity, SEVERITY_CRITICAL);
	assert_ptr_equal(f.report.findings[0].exposure, &f.report.exposures[0]);
	assert_int_equal(f.report.findings[1].severity, SEVERITY_MEDIUM);
	fixture_close(&f);
}

/* Each part of a span that an approval begins or ends in is judged by itself. */
static void spans_are_judged_in_parts(void **state)
{
	static const struct {
		uint16_t port, last, target, target_last;
		enum exposure_verdict verdict;
		const char *words;
	} parts[] = {
		{8000, 8099, 1000, 1099, EXPOSURE_VIOLATION, "0.0.0.0:8000-8099/tcp"},
		{8100, 8199, 1100, 1199, EXPOSURE_APPROVED, "0.0.0.0:8100-8199/tcp"},
		{8200, 8499, 1200, 1499, EXPOSURE_VIOLATION, "0.0.0.0:8200-8499/tcp"},
		{8500, 8500, 1500, 1500, EXPOSURE_APPROVED, "0.0.0.0:8500/tcp"},
		{8501, 9000, 1501, 2000, EXPOSURE_VIOLATION, "0.0.0.0:8501-9000/tcp"},
	};
	struct fixture f;
	(void)state;

	fixture_open(&f, "{\"version\": 1, \"approvals\": ["
			 "{\"id\": \"a\", \"container\": {\"name\": \"web\"}, "
			 "\"ports\": [\"8100-8199/tcp\", \"8500/tcp\", \"8700/udp\"], "
			 "\"from\": [\"internet\"], \"control\": \"x\"" OWNED "},"
			 "{\"id\": \"b\", \"container\": {\"name\": \"db\"}, "
			 "\"ports\": [\"8300/tcp\"], \"from\": [\"internet\"], "
			 "\"control\": \"x\"" OWNED "}]}");
	struct exposure *exposure = fixture_exposure(&f, fixture_container(&f, "web"),
		PATH_DNAT, "*", 8000, "172.17.0.2", 1000);
	exposure->endpoint.port_last = 9000;
	exposure->target_moves = true;
	open_to_all(&f, exposure);
	fixture_judge(&f);
	assert_int_equal(f.report.nexposures, ARRAY_LEN(parts));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const struct exposure *e = &f.report.exposures[i];

		assert_int_equal(e->endpoint.port, parts[i].port);
		assert_int_equal(span_last(&e->endpoint), parts[i].last);
		assert_int_equal(e->target_port, parts[i].target);
		assert_int_equal(span_target_last(e), parts[i].target_last);
		assert_int_equal(e->verdict, parts[i].verdict);
		assert_string_equal(
			words_endpoint(&f.arena, &e->endpoint), parts[i].words);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(e->id, f.report.exposures[k].id);
	}
	assert_string_equal(
		words_target(&f.arena, &f.report.exposures[0]), "172.17.0.2:1000-1099");
	split_exposures(&f.report, f.policy);
	assert_int_equal(f.report.nexposures, ARRAY_LEN(parts));
	fixture_close(&f);
}

/* The ports of a remedy are those of the exposure, as each tool writes them. */
static void remedies_name_the_span(void **state)
{
	struct fixture f;
	(void)state;

	fixture_open(&f, NULL);
	struct exposure *exposure = fixture_exposure(&f, fixture_container(&f, "web"),
		PATH_DNAT, "*", 8000, "172.17.0.2", 8000);
	exposure->endpoint.port_last = 9000;
	exposure->target_moves = true;
	open_to_all(&f, exposure);
	fixture_judge(&f);
	const struct finding *finding = fixture_finding(&f, UNAPPROVED);
	assert_non_null(finding);
	assert_non_null(strstr(finding->title, "0.0.0.0:8000-9000/tcp"));
	assert_non_null(strstr(finding->remedy, "-p 127.0.0.1:8000-9000:8000-9000\n"));
	assert_non_null(strstr(finding->remedy, "proto-dst 8000-9000 drop"));
	assert_non_null(strstr(finding->remedy, "[\"8000-9000/tcp\"]"));
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(two_approvals_count_together),
		cmocka_unit_test(expired_and_unowned),
		cmocka_unit_test(amplifiers_raise_severity),
		cmocka_unit_test(loopback_and_unpublished),
		cmocka_unit_test(host_is_not_judged),
		cmocka_unit_test(gaps_decide_status),
		cmocka_unit_test(ids_are_stable),
		cmocka_unit_test(sorted_worst_first),
		cmocka_unit_test(spans_are_judged_in_parts),
		cmocka_unit_test(remedies_name_the_span),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
