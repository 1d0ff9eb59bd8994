/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy's file: what of it is refused, and where, and what it says of an approval.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_made.h"

static const struct policy_mistake mistakes[] = {
	{"[]", 1, "$", "must be an object, is an array"},
	{"{}", 1, "$", "\"version\" is missing"},
	{"{\"version\": \"1\"}", 1, "$.version", "must be an integer"},
	{"{\"version\": 1.0}", 1, "$.version", "must be an integer"},
	{"{\"version\": 2}", 1, "$.version", "version 2 is not known"},
	{"{\"version\": 1,\n\"nope\": 1}", 2, "$.nope", "unknown key"},
	{"{\"version\": 1,\n\n\"version\": 1}", 3, "$.version", "already given"},
	{"{\"version\": 1,\n\"approvals\": {}}", 2, "$.approvals", "must be an array"},
	{"{\"version\": 1,\n\"approvals\": null}", 2, "$.approvals",
		"must be an array, is null"},
	{"{\"version\": 1} x", 1, "$", "end of file expected"},
	{"{\"version\": 1,\n\"perimeter\": {}}", 2, "$.perimeter",
		"\"interfaces\" is missing"},
	{"{\"version\": 1, \"perimeter\": {\"interfaces\":\n[]}}", 1,
		"$.perimeter.interfaces", "must not be empty"},
	{"{\"version\": 1, \"perimeter\": {\"interfaces\": [\n\"eth0\",\n7]}}", 3,
		"$.perimeter.interfaces[1]", "must be a string, is an integer"},
	{"{\"version\": 1, \"perimeter\": {\"interfaces\": [\"eth0/1\"]}}", 1,
		"$.perimeter.interfaces[0]", "name of an interface"},
	{"{\"version\": 1, \"perimeter\": {\"interfaces\":"
	 " [\"eth0\", \"a234567890123456\"]}}",
		1, "$.perimeter.interfaces[1]", "name of an interface"},
	{"{\"version\": 1, \"perimeter\": {\"interfaces\":"
	 " [\"eth0\",\n\"eth0\"]}}",
		2, "$.perimeter.interfaces[1]", "given on line 1 already"},
	{"{\"version\": 1, \"sources\": {\"a\": []}}", 1, "$.sources.a",
		"must not be empty"},
	{"{\"version\": 1, \"sources\": {\"a\": \"10.0.0.0/8\"}}", 1, "$.sources.a",
		"must be an array"},
	{"{\"version\": 1, \"sources\": {\"a\": [\n\"10.0.0.1/8\"]}}", 2,
		"$.sources.a[0]", "host bits"},
	{"{\"version\": 1, \"sources\": {\"a\": [\"10.0.0.0/33\"]}}", 1,
		"$.sources.a[0]", "prefix length"},
	{"{\"version\": 1, \"sources\": {\"a\": [\"office\"]}}", 1, "$.sources.a[0]",
		"no address or prefix"},
	{"{\"version\": 1, \"sources\": {\"a\": [\"::/0\", \"::/0\"]}}", 1,
		"$.sources.a[1]", "given on line 1 already"},
	{"{\"version\": 1, \"sources\": {\n\"internet\": [\"::/0\"]}}", 2,
		"$.sources.internet", "name of a zone"},
	{"{\"version\": 1, \"sources\": {\"10.0.0.0\": [\"::/0\"]}}", 1,
		"$.sources[\"10.0.0.0\"]", "named like an address"},
	{"{\"version\": 1, \"sources\": {\"a b\": [\"::/0\"]}}", 1,
		"$.sources[\"a b\"]", "is made of letters"},
	{"{\"version\": 1, \"approvals\": [\n3]}", 2, "$.approvals[0]",
		"must be an object"},
	{POLICY_APPROVAL(ANY_CONTAINER "," ANY_PORTS "," ANY_FROM), 2, "$.approvals[0]",
		"\"id\" is missing"},
	{POLICY_APPROVAL("\"id\": \"\"," ANY_CONTAINER "," ANY_PORTS "," ANY_FROM), 2,
		"$.approvals[0].id", "must not be empty"},
	{POLICY_APPROVAL(ANY_APPROVAL "},\n{" ANY_APPROVAL), 3, "$.approvals[1].id",
		"given on line 2 already"},
	{POLICY_APPROVAL(ANY_APPROVAL ",\n\"until\": 1"), 3, "$.approvals[0].until",
		"unknown key"},
	{POLICY_APPROVAL(ANY_ID "," ANY_PORTS "," ANY_FROM), 2, "$.approvals[0]",
		"\"container\" is missing"},
	{POLICY_APPROVAL(ANY_ID "," ANY_PORTS "," ANY_FROM ", \"container\": \"web\""),
		2, "$.approvals[0].container", "must be an object"},
	{POLICY_APPROVAL(ANY_ID "," ANY_PORTS "," ANY_FROM ", \"container\": {}"), 2,
		"$.approvals[0].container", "at least one of"},
	{POLICY_APPROVAL(ANY_ID "," ANY_PORTS "," ANY_FROM
				", \"container\": {\"Name\": \"x\"}"),
		2, "$.approvals[0].container.Name", "unknown key"},
	{POLICY_APPROVAL(ANY_ID "," ANY_PORTS "," ANY_FROM
				", \"container\": {\"name\": \"we[b\"}"),
		2, "$.approvals[0].container.name", "no pattern"},
	{POLICY_APPROVAL(ANY_ID "," ANY_PORTS "," ANY_FROM
				", \"container\": {\"label\": \"=x\"}"),
		2, "$.approvals[0].container.label", "\"key=value\""},
	{POLICY_APPROVAL(ANY_ID "," ANY_PORTS "," ANY_FROM
				", \"container\": {\"image\": \"\"}"),
		2, "$.approvals[0].container.image", "1 to 255 bytes"},
	{POLICY_APPROVAL(ANY_ID "," ANY_CONTAINER "," ANY_FROM), 2, "$.approvals[0]",
		"\"ports\" is missing"},
	{POLICY_APPROVAL(ANY_ID "," ANY_CONTAINER "," ANY_FROM ", \"ports\": []"), 2,
		"$.approvals[0].ports", "must not be empty"},
	{POLICY_APPROVAL(ANY_ID "," ANY_CONTAINER "," ANY_FROM ", \"ports\": [443]"), 2,
		"$.approvals[0].ports[0]", "must be a string"},
	{POLICY_APPROVAL(ANY_ID "," ANY_CONTAINER "," ANY_PORTS), 2, "$.approvals[0]",
		"\"from\" is missing"},
	{POLICY_APPROVAL(ANY_ID "," ANY_CONTAINER "," ANY_PORTS ", \"from\": []"), 2,
		"$.approvals[0].from", "must not be empty"},
	{POLICY_APPROVAL(
		 ANY_ID "," ANY_CONTAINER "," ANY_PORTS ", \"from\": [\"Internet\"]"),
		2, "$.approvals[0].from[0]", "'Internet' is no zone"},
	{POLICY_APPROVAL(
		 ANY_ID "," ANY_CONTAINER "," ANY_PORTS ", \"from\": [\"10.1.1.1/8\"]"),
		2, "$.approvals[0].from[0]", "write 10.0.0.0/8"},
	{POLICY_APPROVAL(ANY_ID "," ANY_CONTAINER "," ANY_PORTS
				", \"from\": [\"internet\",\n\"internet\"]"),
		3, "$.approvals[0].from[1]", "given on line 2 already"},
	{POLICY_APPROVAL(ANY_APPROVAL ", \"control\": \"\""), 2,
		"$.approvals[0].control", "must not be empty"},
	{POLICY_APPROVAL(ANY_APPROVAL ", \"ticket\": 12"), 2, "$.approvals[0].ticket",
		"must be a string"},
	{POLICY_APPROVAL(ANY_APPROVAL ", \"expires\": 20270630"), 2,
		"$.approvals[0].expires", "must be a string"},
	{"{\"version\": 1, \"images\": [\"[\"]}", 1, "$.images[0]", "no pattern"},
};

static void every_mistake_has_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++)
		policy_expect_mistake(&mistakes[i]);
}

static void all_mistakes_are_reported_at_once(void **state)
{
	static const char text[] = "{\"version\": 1, \"version\": 2,\n"
				   "\"perimeter\": {\"interfaces\": []},\n"
				   "\"sources\": {\"o\": [\"10.0.0.1/8\", 5]},\n"
				   "\"approvals\": [{\"id\": \"x\",\n"
				   "\"ports\": [\"0/tcp\"],\n"
				   "\"from\": [\"nowhere\"],\n"
				   "\"expires\": \"2027-02-29\"}],\n"
				   "\"gate\": {\"grants\": [{}]}}";
	static const unsigned int lines[] = {1, 1, 2, 3, 3, 4, 5, 6, 7, 8, 8};
	struct policy *policy = NULL;
	struct json_errors errors;
	struct err err = {0};

	(void)state;
	json_errors_init(&errors);
	assert_int_equal(
		policy_load_text("p", text, strlen(text), &errors, &policy, &err),
		-EINVAL);
	assert_int_equal(errors.count, ARRAY_LEN(lines));
	for (size_t line = 1; line <= 8; line++) {
		size_t expected = 0, found = 0;

		for (size_t i = 0; i < errors.count; i++) {
			expected += lines[i] == line;
			found += errors.list[i].line == line;
		}
		assert_int_equal(found, expected);
	}
	assert_non_null(strstr(err.text, "(and 10 more)"));
	json_errors_done(&errors);
}

static void ports(void **state)
{
	static const struct {
		const char *text;
		uint8_t proto;
		uint16_t lo, hi;
	} good[] = {
		{"443/tcp", IPPROTO_TCP, 443, 443},
		{"1/udp", IPPROTO_UDP, 1, 1},
		{"65535/sctp", IPPROTO_SCTP, 65535, 65535},
		{"5/dccp", IPPROTO_DCCP, 5, 5},
		{"5/udplite", IPPROTO_UDPLITE, 5, 5},
		{"8000-8010/udp", IPPROTO_UDP, 8000, 8010},
		{"5-5/tcp", IPPROTO_TCP, 5, 5},
	};
	static const char *const bad[] = {"443", "0/tcp", "65536/tcp", "443/TCP",
		"443/icmp", "443/", "/tcp", "443/tcp ", " 443/tcp", "443 /tcp",
		"0443/tcp", "-1/tcp", "10-5/tcp", "10-/tcp", "-10/tcp", "1-2-3/tcp",
		"443/tcp/udp", "tcp/443", "99999999999/tcp", "+5/tcp", "5-70000/tcp"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(text, sizeof(text),
			POLICY_APPROVAL(ANY_ID "," ANY_CONTAINER "," ANY_FROM
					       ", \"ports\": [\"%s\"]"),
			good[i].text);
		struct policy *policy = policy_made(text);
		const struct policy_port *port = &policy->approvals[0].ports[0];
		assert_int_equal(policy->approvals[0].nports, 1);
		assert_int_equal(port->proto, good[i].proto);
		assert_int_equal(port->lo, good[i].lo);
		assert_int_equal(port->hi, good[i].hi);
		policy_free(policy);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text),
			POLICY_APPROVAL(ANY_ID "," ANY_CONTAINER "," ANY_FROM
					       ", \"ports\": [\"%s\"]"),
			bad[i]);
		policy_expect_mistake(&(struct policy_mistake){
			text, 2, "$.approvals[0].ports[0]", ""});
	}
}

static void dates(void **state)
{
	static const struct {
		const char *text;
		uint32_t date;
	} rows[] = {
		{"2027-06-30", 20270630},
		{"2028-02-29", 20280229},
		{"2000-02-29", 20000229},
		{"2027-12-31", 20271231},
		{"2027-02-29", 0},
		{"2100-02-29", 0},
		{"2027-06-31", 0},
		{"2027-13-01", 0},
		{"2027-00-01", 0},
		{"2027-01-00", 0},
		{"0000-01-01", 0},
		{"2027-6-30", 0},
		{"2027/06/30", 0},
		{"30-06-2027", 0},
		{"2027-06-30T00:00:00Z", 0},
		{"never", 0},
		{"", 0},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct policy_mistake mistake = {
			text, 2, "$.approvals[0].expires", ""};

		snprintf(text, sizeof(text),
			POLICY_APPROVAL(ANY_APPROVAL ", \"expires\": \"%s\""),
			rows[i].text);
		if (!rows[i].date) {
			policy_expect_mistake(&mistake);
			continue;
		}
		struct policy *policy = policy_made(text);
		assert_int_equal(policy->approvals[0].expires, rows[i].date);
		policy_free(policy);
	}
}

static void images(void **state)
{
	struct policy *policy = policy_made("{\"version\": 1}");

	(void)state;
	assert_true(policy_lists_image(policy, "any"));
	policy_free(policy);
	policy = policy_made("{\"version\": 1, \"images\": [\"nginx:*\"]}");
	assert_true(policy_lists_image(policy, "nginx:1"));
	assert_false(policy_lists_image(policy, "any"));
	policy_free(policy);
	policy = policy_made("{\"version\": 1, \"images\": []}");
	assert_false(policy_lists_image(policy, "any"));
	policy_free(policy);
}

static void the_default_approves_nothing(void **state)
{
	struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_new_default(&policy, NULL), 0);
	assert_true(policy->is_default);
	assert_int_equal(policy->napprovals, 0);
	assert_int_equal(policy->gate.ngrants, 0);
	assert_false(policy->gate.present);
	policy_free(policy);
}

static void files(void **state)
{
	char path[] = "/tmp/seawall-policy-XXXXXX";
	int fd = mkstemp(path);
	struct policy *policy = NULL;
	struct json_errors errors;
	struct err err = {0};

	(void)state;
	json_errors_init(&errors);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "{\"version\": 1}\n", 15), 15);
	assert_int_equal(policy_load_file(path, &errors, &policy, &err), 0);
	assert_false(policy->is_default);
	policy_free(policy);
	policy = NULL;
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(policy_load_fd(fd, path, &errors, &policy, &err), 0);
	policy_free(policy);
	policy = NULL;
	assert_int_equal(ftruncate(fd, POLICY_MAX_BYTES + 1), 0);
	assert_int_equal(policy_load_file(path, &errors, &policy, &err), -E2BIG);
	close(fd);
	unlink(path);
	assert_int_equal(policy_load_file(path, &errors, &policy, &err), -ENOENT);
	assert_null(policy);
	json_errors_done(&errors);
}

static void the_example_loads(void **state)
{
	struct policy *policy = NULL;
	struct json_errors errors;
	struct err err = {0};

	(void)state;
	json_errors_init(&errors);
	if (policy_load_file(SOURCE_ROOT "/conf/policy.example.json", &errors, &policy,
		    &err) < 0)
		fail_msg("%s", err.text);
	const struct approval *approval = policy_approval(policy, "web-public");
	assert_non_null(approval);
	assert_null(approval_lacks(approval));
	assert_true(approval_has_zone(approval, ZONE_INTERNET));
	assert_true(policy_profile(policy, "operator")->privileged);
	assert_false(policy_profile(policy, "developer")->privileged);
	struct user_facts user = {.name = "alice", .uid = 1000};
	assert_string_equal(policy_grant(policy, &user)->elevate->name, "operator");
	policy_free(policy);
	json_errors_done(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_has_its_place),
		cmocka_unit_test(all_mistakes_are_reported_at_once),
		cmocka_unit_test(ports),
		cmocka_unit_test(dates),
		cmocka_unit_test(images),
		cmocka_unit_test(the_default_approves_nothing),
		cmocka_unit_test(files),
		cmocka_unit_test(the_example_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
