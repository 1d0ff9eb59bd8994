/* SPDX-License-Identifier: GPL-2.0-or-later */
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

#include "common/policy.h"

static struct policy *load(const char *text)
{
	struct policy *policy = NULL;
	struct json_errors errors;
	struct err err = {0};

	json_errors_init(&errors);
	if (policy_load_text("p.json", text, strlen(text), &errors, &policy, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(errors.count, 0);
	json_errors_done(&errors);
	return policy;
}

/* One approval with the given members instead of, or besides, those that it must have.
 */
#define APPROVAL(members)                                                  \
	"{\"version\": 1, \"sources\": {\"office\": [\"198.51.100.0/24\"," \
	" \"2001:db8:2::/48\"]},\n\"approvals\": [{" members "}]}"
#define ID		"\"id\": \"a\""
#define CONTAINER	"\"container\": {\"name\": \"web\"}"
#define PORTS		"\"ports\": [\"443/tcp\"]"
#define FROM		"\"from\": [\"internet\"]"
#define REQUIRED	ID "," CONTAINER "," PORTS "," FROM
#define GATE(members)	"{\"version\": 1, \"gate\": {" members "}}"
#define PROFILE(member) GATE("\"profiles\": {\"dev\": {" member "}}")
#define GRANT(members) \
	GATE("\"profiles\": {\"dev\": {}}, \"grants\": [\n{" members "}]")

static const struct {
	const char *text;
	unsigned int line;
	const char *path, *message;
} mistakes[] = {
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
	{APPROVAL(CONTAINER "," PORTS "," FROM), 2, "$.approvals[0]",
		"\"id\" is missing"},
	{APPROVAL("\"id\": \"\"," CONTAINER "," PORTS "," FROM), 2, "$.approvals[0].id",
		"must not be empty"},
	{APPROVAL(REQUIRED "},\n{" REQUIRED), 3, "$.approvals[1].id",
		"given on line 2 already"},
	{APPROVAL(REQUIRED ",\n\"until\": 1"), 3, "$.approvals[0].until",
		"unknown key"},
	{APPROVAL(ID "," PORTS "," FROM), 2, "$.approvals[0]",
		"\"container\" is missing"},
	{APPROVAL(ID "," PORTS "," FROM ", \"container\": \"web\""), 2,
		"$.approvals[0].container", "must be an object"},
	{APPROVAL(ID "," PORTS "," FROM ", \"container\": {}"), 2,
		"$.approvals[0].container", "at least one of"},
	{APPROVAL(ID "," PORTS "," FROM ", \"container\": {\"Name\": \"x\"}"), 2,
		"$.approvals[0].container.Name", "unknown key"},
	{APPROVAL(ID "," PORTS "," FROM ", \"container\": {\"name\": \"we[b\"}"), 2,
		"$.approvals[0].container.name", "no pattern"},
	{APPROVAL(ID "," PORTS "," FROM ", \"container\": {\"label\": \"=x\"}"), 2,
		"$.approvals[0].container.label", "\"key=value\""},
	{APPROVAL(ID "," PORTS "," FROM ", \"container\": {\"image\": \"\"}"), 2,
		"$.approvals[0].container.image", "1 to 255 bytes"},
	{APPROVAL(ID "," CONTAINER "," FROM), 2, "$.approvals[0]",
		"\"ports\" is missing"},
	{APPROVAL(ID "," CONTAINER "," FROM ", \"ports\": []"), 2,
		"$.approvals[0].ports", "must not be empty"},
	{APPROVAL(ID "," CONTAINER "," FROM ", \"ports\": [443]"), 2,
		"$.approvals[0].ports[0]", "must be a string"},
	{APPROVAL(ID "," CONTAINER "," PORTS), 2, "$.approvals[0]",
		"\"from\" is missing"},
	{APPROVAL(ID "," CONTAINER "," PORTS ", \"from\": []"), 2,
		"$.approvals[0].from", "must not be empty"},
	{APPROVAL(ID "," CONTAINER "," PORTS ", \"from\": [\"Internet\"]"), 2,
		"$.approvals[0].from[0]", "'Internet' is no zone"},
	{APPROVAL(ID "," CONTAINER "," PORTS ", \"from\": [\"10.1.1.1/8\"]"), 2,
		"$.approvals[0].from[0]", "write 10.0.0.0/8"},
	{APPROVAL(ID "," CONTAINER "," PORTS
		     ", \"from\": [\"internet\",\n\"internet\"]"),
		3, "$.approvals[0].from[1]", "given on line 2 already"},
	{APPROVAL(REQUIRED ", \"control\": \"\""), 2, "$.approvals[0].control",
		"must not be empty"},
	{APPROVAL(REQUIRED ", \"ticket\": 12"), 2, "$.approvals[0].ticket",
		"must be a string"},
	{APPROVAL(REQUIRED ", \"expires\": 20270630"), 2, "$.approvals[0].expires",
		"must be a string"},
	{"{\"version\": 1, \"images\": [\"[\"]}", 1, "$.images[0]", "no pattern"},
	{GATE("\"x\": 1"), 1, "$.gate.x", "unknown key"},
	{GATE("\"docker_group\": {\"approve\": []}"), 1, "$.gate.docker_group.approve",
		"unknown key"},
	{GATE("\"docker_group\": {\"unapproved\": \"ignore\"}"), 1,
		"$.gate.docker_group.unapproved", "is not one of: refuse, strip"},
	{GATE("\"docker_group\": {\"approved\": [\"a\", \"a\"]}"), 1,
		"$.gate.docker_group.approved[1]", "given on line 1 already"},
	{GATE("\"docker_group\": {\"approved\": [\"a:b\"]}"), 1,
		"$.gate.docker_group.approved[0]", "name of a user"},
	{GATE("\"profiles\": {\"dev\": 1}"), 1, "$.gate.profiles.dev",
		"must be an object"},
	{PROFILE("\"privilege\": true"), 1, "$.gate.profiles.dev.privilege",
		"unknown key"},
	{PROFILE("\"privileged\": \"yes\""), 1, "$.gate.profiles.dev.privileged",
		"must be true or false"},
	{PROFILE("\"run_as\": \"root\""), 1, "$.gate.profiles.dev.run_as",
		"is not one of: caller, any"},
	{PROFILE("\"publish\": true"), 1, "$.gate.profiles.dev.publish",
		"must be a string"},
	{PROFILE("\"publish\": \"all\""), 1, "$.gate.profiles.dev.publish",
		"is not one of: none, loopback, approved, any"},
	{PROFILE("\"capabilities\": [\"CAP_ROOT\"]"), 1,
		"$.gate.profiles.dev.capabilities[0]", "no capability"},
	{PROFILE("\"capabilities\": [\"net_admin\"]"), 1,
		"$.gate.profiles.dev.capabilities[0]", "no capability"},
	{PROFILE("\"devices\": [\"/etc/passwd\"]"), 1, "$.gate.profiles.dev.devices[0]",
		"below /dev"},
	{PROFILE("\"devices\": [\"/dev/../etc\"]"), 1, "$.gate.profiles.dev.devices[0]",
		"below /dev"},
	{PROFILE("\"networks\": [\"a*\"]"), 1, "$.gate.profiles.dev.networks[0]",
		"name of a network"},
	{PROFILE("\"images\": \"*\""), 1, "$.gate.profiles.dev.images",
		"must be an array"},
	{GRANT("\"profile\": \"dev\""), 2, "$.gate.grants[0]", "\"users\" is missing"},
	{GRANT("\"users\": [\"a\"]"), 2, "$.gate.grants[0]", "\"profile\" is missing"},
	{GRANT("\"users\": [], \"profile\": \"dev\""), 2, "$.gate.grants[0].users",
		"must not be empty"},
	{GRANT("\"users\": [\"a\"], \"profile\": \"ops\""), 2,
		"$.gate.grants[0].profile", "no profile 'ops'"},
	{GRANT("\"users\": [\"a\"], \"profile\": \"dev\", \"elevate\": "
	       "\"ops\""),
		2, "$.gate.grants[0].elevate", "no profile 'ops'"},
	{GRANT("\"users\": [\"@\"], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "no user, @group"},
	{GRANT("\"users\": [\"\"], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "no user, @group"},
	{GRANT("\"users\": [true], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "is true or false"},
	{GRANT("\"users\": [-1], \"profile\": \"dev\""), 2, "$.gate.grants[0].users[0]",
		"from 0 to 4294967294"},
	{GRANT("\"users\": [4294967295], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[0]", "from 0 to 4294967294"},
	{GRANT("\"users\": [\"99999999999999999999999\"], \"profile\": "
	       "\"dev\""),
		2, "$.gate.grants[0].users[0]", "from 0 to 4294967294"},
	{GRANT("\"users\": [1000, \"1000\"], \"profile\": \"dev\""), 2,
		"$.gate.grants[0].users[1]", "given on line 2 already"},
	{GRANT("\"users\": [\"a\"], \"profile\": \"dev\"},\n"
	       "{\"users\": [\"b\", \"a\"], \"profile\": \"dev\""),
		3, "$.gate.grants[1].users[1]", "given on line 2 already"},
};

static void every_mistake_has_its_place(void **state)
{

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		struct policy *policy = NULL;
		struct json_errors errors;
		struct err err = {0};
		char place[128];

		json_errors_init(&errors);
		assert_int_equal(
			policy_load_text("p.json", mistakes[i].text,
				strlen(mistakes[i].text), &errors, &policy, &err),
			-EINVAL);
		assert_null(policy);
		if (errors.count != 1)
			fail_msg("row %zu: %zu mistakes in %s", i, errors.count,
				mistakes[i].text);
		snprintf(place, sizeof(place), "p.json:%u: %s: ", mistakes[i].line,
			mistakes[i].path);
		if (strncmp(errors.list[0].text, place, strlen(place)) != 0 ||
			!strstr(errors.list[0].text, mistakes[i].message))
			fail_msg("row %zu: '%s' is not at '%s' or lacks '%s'", i,
				errors.list[0].text, place, mistakes[i].message);
		assert_string_equal(err.text, errors.list[0].text);
		json_errors_done(&errors);
	}
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
			APPROVAL(ID "," CONTAINER "," FROM ", \"ports\": [\"%s\"]"),
			good[i].text);
		struct policy *policy = load(text);
		const struct policy_port *port = &policy->approvals[0].ports[0];
		assert_int_equal(policy->approvals[0].nports, 1);
		assert_int_equal(port->proto, good[i].proto);
		assert_int_equal(port->lo, good[i].lo);
		assert_int_equal(port->hi, good[i].hi);
		policy_free(policy);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct policy *policy = NULL;
		struct json_errors errors;

		json_errors_init(&errors);
		snprintf(text, sizeof(text),
			APPROVAL(ID "," CONTAINER "," FROM ", \"ports\": [\"%s\"]"),
			bad[i]);
		if (policy_load_text("p", text, strlen(text), &errors, &policy, NULL) !=
			-EINVAL)
			fail_msg("'%s' was taken for a port", bad[i]);
		assert_int_equal(errors.count, 1);
		assert_string_equal(errors.list[0].path, "$.approvals[0].ports[0]");
		json_errors_done(&errors);
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
		struct policy *policy = NULL;
		struct json_errors errors;

		json_errors_init(&errors);
		snprintf(text, sizeof(text), APPROVAL(REQUIRED ", \"expires\": \"%s\""),
			rows[i].text);
		int code = policy_load_text(
			"p", text, strlen(text), &errors, &policy, NULL);
		assert_int_equal(code, rows[i].date ? 0 : -EINVAL);
		if (rows[i].date)
			assert_int_equal(policy->approvals[0].expires, rows[i].date);
		else
			assert_string_equal(
				errors.list[0].path, "$.approvals[0].expires");
		policy_free(policy);
		json_errors_done(&errors);
	}
}

static void expiry_is_the_last_good_day(void **state)
{
	struct approval approval = {.expires = 20270630};

	(void)state;
	assert_false(approval_expired(&approval, 20270629));
	assert_false(approval_expired(&approval, 20270630));
	assert_true(approval_expired(&approval, 20270701));
	approval.expires = 0;
	assert_false(approval_expired(&approval, 99991231));
	assert_int_equal(policy_date(0), 19700101);
	assert_int_equal(policy_date(-1), 19691231);
	assert_int_equal(policy_date(951782399), 20000228);
	assert_int_equal(policy_date(951782400), 20000229);
	assert_int_equal(policy_date(4102444800), 21000101);
	assert_int_equal(policy_date(4107542399), 21000228);
	assert_int_equal(policy_date(4107542400), 21000301);
	assert_int_equal(policy_date(INT64_MAX), 99991231);
}

static void selection(void **state)
{
	static const char *labels[][2] = {
		{"com.docker.compose.project", "shop"},
		{"com.docker.compose.service", "front"},
		{"tier", "public"},
		{"empty", ""},
	};
	static const struct container_facts container = {
		.name = "shop-front-1",
		.image = "registry.example.org/shop/front:2.1",
		.labels = labels,
		.nlabels = ARRAY_LEN(labels),
	};
	static const struct {
		const char *selector;
		bool selected;
	} rows[] = {
		{"\"name\": \"shop-front-1\"", true},
		{"\"name\": \"shop-*\"", true},
		{"\"name\": \"shop-front\"", false},
		{"\"name\": \"SHOP-FRONT-1\"", false},
		{"\"image\": \"registry.example.org/*\"", true},
		{"\"image\": \"*/front:2.*\"", true},
		{"\"image\": \"front\"", false},
		{"\"label\": \"tier\"", true},
		{"\"label\": \"tier=public\"", true},
		{"\"label\": \"tier=pub*\"", true},
		{"\"label\": \"t*=public\"", true},
		{"\"label\": \"tier=private\"", false},
		{"\"label\": \"empty\"", true},
		{"\"label\": \"empty=\"", true},
		{"\"label\": \"tier=\"", false},
		{"\"label\": \"absent\"", false},
		{"\"label\": \"public\"", false},
		{"\"compose_service\": \"front\"", true},
		{"\"compose_service\": \"fr*\", \"compose_project\": \"shop\"", true},
		{"\"compose_service\": \"front\", \"compose_project\": \"other\"",
			false},
		{"\"compose_project\": \"shop\", \"name\": \"db\"", false},
	};
	static const struct container_facts nothing = {0};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof(text),
			APPROVAL(ID "," PORTS "," FROM ", \"container\": {%s}"),
			rows[i].selector);
		struct policy *policy = load(text);
		if (approval_selects(&policy->approvals[0], &container) !=
			rows[i].selected)
			fail_msg("%s", rows[i].selector);
		assert_false(approval_selects(&policy->approvals[0], &nothing));
		policy_free(policy);
	}
}

static void port_cover(void **state)
{
	struct policy *policy =
		load(APPROVAL(ID "," CONTAINER "," FROM ", \"ports\": [\"443/tcp\", "
				 "\"8000-8010/udp\"]"));
	const struct approval *approval = &policy->approvals[0];

	(void)state;
	assert_true(approval_has_port(approval, IPPROTO_TCP, 443));
	assert_false(approval_has_port(approval, IPPROTO_UDP, 443));
	assert_false(approval_has_port(approval, IPPROTO_TCP, 444));
	assert_false(approval_has_port(approval, IPPROTO_UDP, 7999));
	assert_true(approval_has_port(approval, IPPROTO_UDP, 8000));
	assert_true(approval_has_port(approval, IPPROTO_UDP, 8010));
	assert_false(approval_has_port(approval, IPPROTO_UDP, 8011));
	policy_free(policy);
}

static void source_sets(void **state)
{
	struct policy *policy = load(APPROVAL(
		ID "," CONTAINER "," PORTS ", \"from\": [\"private\", \"office\", "
		   "\"192.0.2.7\", \"2001:db8:9::/48\"]"));
	const struct approval *approval = &policy->approvals[0];
	static const enum family families[] = {FAMILY_IP4, FAMILY_IP6};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct ivset *zones[ZONE_COUNT] = {
			[ZONE_INTERNET] = zone_internet(&arena, families[i]),
			[ZONE_PRIVATE] = zone_private(&arena, families[i]),
		};
		const struct ivset *set =
			approval_sources(&arena, approval, families[i], zones);
		static const char *const in[2][3] = {
			{"10.0.0.0/8", "198.51.100.0/24", "192.0.2.7/32"},
			{"fc00::/7", "2001:db8:2::/48", "2001:db8:9::/48"}};
		static const char *const out[2][2] = {
			{"192.0.2.8", "8.8.8.8"}, {"2001:db8:3::1", "2600::1"}};

		for (size_t k = 0; k < 3; k++) {
			struct prefix prefix;

			assert_int_equal(prefix_parse(in[i][k], &prefix, NULL), 0);
			assert_true(
				ivset_is_subset(ivset_prefix(&arena, &prefix), set));
		}
		for (size_t k = 0; k < 2; k++) {
			struct addr addr;

			assert_int_equal(addr_parse(out[i][k], &addr, NULL), 0);
			assert_false(ivset_contains(set, addr.value));
		}
	}
	assert_true(approval_has_zone(approval, ZONE_PRIVATE));
	assert_false(approval_has_zone(approval, ZONE_INTERNET));
	assert_int_equal(approval->from.n, 4);
	assert_string_equal(approval->from.items[1], "office");
	assert_false(arena_failed(&arena));
	arena_done(&arena);
	policy_free(policy);
}

static void the_record_of_an_approval(void **state)
{
	struct policy *policy = load(APPROVAL(REQUIRED
		", \"control\": \"c\", \"approved_by\": \"b\", \"ticket\": \"t\"},"
		"{\"id\": \"b\"," CONTAINER "," PORTS "," FROM));
	const struct approval *first = policy_approval(policy, "a");
	const struct approval *second = policy_approval(policy, "b");

	(void)state;
	assert_string_equal(first->control, "c");
	assert_string_equal(first->approved_by, "b");
	assert_string_equal(first->ticket, "t");
	assert_int_equal(first->line, 2);
	assert_null(approval_lacks(first));
	assert_string_equal(approval_lacks(second), "control");
	assert_null(second->ticket);
	assert_int_equal(second->expires, 0);
	assert_null(policy_approval(policy, "c"));
	policy_free(policy);
}

static void profiles_default_to_nothing(void **state)
{
	struct policy *policy = load(PROFILE(""));
	const struct profile *profile = policy_profile(policy, "dev");

	(void)state;
	assert_non_null(profile);
	assert_int_equal(profile->run_as, RUN_AS_CALLER);
	assert_int_equal(profile->publish, PUBLISH_NONE);
	assert_int_equal(profile->nbinds + profile->images.n + profile->capabilities.n +
				 profile->devices.n + profile->networks.n,
		0);
	assert_false(profile->privileged || profile->host_namespaces ||
		     profile->build || profile->others);
	assert_null(policy_profile(policy, "ops"));
	assert_true(policy->gate.present);
	assert_false(policy->gate.has_docker_group);
	policy_free(policy);
}

static void binds(void **state)
{
	static const struct {
		const char *text, *path;
		bool in_home, read_only;
	} good[] = {
		{"/", "/", false, false},
		{"/:ro", "/", false, true},
		{"/srv/data", "/srv/data", false, false},
		{"/srv/data:ro", "/srv/data", false, true},
		{"/srv/.hidden/..x", "/srv/.hidden/..x", false, false},
		{"$HOME", "", true, false},
		{"$HOME:ro", "", true, true},
		{"$HOME/src", "/src", true, false},
	};
	static const char *const bad[] = {"srv", "./srv", "/srv/", "//srv", "/srv//x",
		"/srv/..", "/srv/../etc", "/srv/./x", "/.", "/srv:rw", "/srv:ro:ro",
		":ro", "$HOME/", "$HOME/..", "$HOMEX", "$HOME2/x", "~", "~/x", "/a:/b",
		"/srv:"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(text, sizeof(text), PROFILE("\"binds\": [\"%s\"]"),
			good[i].text);
		struct policy *policy = load(text);
		const struct policy_bind *bind = policy->gate.profiles[0].binds;
		assert_int_equal(policy->gate.profiles[0].nbinds, 1);
		assert_string_equal(bind->path, good[i].path);
		assert_int_equal(bind->in_home, good[i].in_home);
		assert_int_equal(bind->read_only, good[i].read_only);
		policy_free(policy);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct policy *policy = NULL;
		struct json_errors errors;

		json_errors_init(&errors);
		snprintf(text, sizeof(text), PROFILE("\"binds\": [\"%s\"]"), bad[i]);
		if (policy_load_text("p", text, strlen(text), &errors, &policy, NULL) !=
			-EINVAL)
			fail_msg("'%s' was taken for a path", bad[i]);
		assert_int_equal(errors.count, 1);
		json_errors_done(&errors);
	}
}

static void capabilities_lose_their_prefix(void **state)
{
	struct policy *policy = load(
		PROFILE("\"capabilities\": [\"CAP_NET_ADMIN\", \"CHOWN\", \"*\"]"));
	const struct text_list *list = &policy->gate.profiles[0].capabilities;

	(void)state;
	assert_int_equal(list->n, 3);
	assert_string_equal(list->items[0], "NET_ADMIN");
	assert_string_equal(list->items[1], "CHOWN");
	assert_true(text_list_has(list, "*"));
	policy_free(policy);
}

static void grants_go_to_the_first_that_means_the_user(void **state)
{
	struct policy *policy = load(
		GATE("\"profiles\": {\"dev\": {}, \"ops\": {}}, \"grants\": ["
		     "{\"users\": [\"alice\", 1001, \"1002\"], \"profile\": \"dev\","
		     " \"elevate\": \"ops\"},\n{\"users\": [\"@wheel\"], \"profile\": "
		     "\"ops\"}]"));
	static const char *const wheel[] = {"users", "wheel"};
	static const struct {
		struct user_facts user;
		int grant;
	} rows[] = {
		{{.name = "alice", .uid = 5}, 0},
		{{.name = "alice", .uid = 5, .groups = wheel, .ngroups = 2}, 0},
		{{.name = "bob", .uid = 1001}, 0},
		{{.name = NULL, .uid = 1002}, 0},
		{{.name = "bob", .uid = 7, .groups = wheel, .ngroups = 2}, 1},
		{{.name = "bob", .uid = 7, .groups = wheel, .ngroups = 1}, -1},
		{{.name = "wheel", .uid = 7}, -1},
		{{.name = "1001", .uid = 7}, -1},
		{{.name = "@wheel", .uid = 7}, -1},
		{{.name = NULL, .uid = 0}, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct grant *grant = policy_grant(policy, &rows[i].user);
		const struct grant *expected =
			rows[i].grant < 0 ? NULL : &policy->gate.grants[rows[i].grant];

		assert_ptr_equal(grant, expected);
	}
	assert_string_equal(policy->gate.grants[0].profile->name, "dev");
	assert_string_equal(policy->gate.grants[0].elevate->name, "ops");
	assert_null(policy->gate.grants[1].elevate);
	assert_int_equal(policy->gate.grants[1].line, 2);
	policy_free(policy);
}

static void docker_group(void **state)
{
	struct policy *policy = load(GATE("\"docker_group\": {}"));

	(void)state;
	assert_true(policy->gate.has_docker_group);
	assert_int_equal(policy->gate.unapproved, UNAPPROVED_REFUSE);
	policy_free(policy);
	policy = load(GATE("\"docker_group\": {\"approved\": [\"deploy\"],"
			   " \"unapproved\": \"strip\"}"));
	struct user_facts user = {.name = "deploy", .uid = 1};
	assert_true(user_list_has(&policy->gate.approved, &user));
	assert_int_equal(policy->gate.unapproved, UNAPPROVED_STRIP);
	policy_free(policy);
}

static void images(void **state)
{
	struct policy *policy = load("{\"version\": 1}");

	(void)state;
	assert_true(policy_lists_image(policy, "any"));
	policy_free(policy);
	policy = load("{\"version\": 1, \"images\": [\"nginx:*\"]}");
	assert_true(policy_lists_image(policy, "nginx:1"));
	assert_false(policy_lists_image(policy, "any"));
	policy_free(policy);
	policy = load("{\"version\": 1, \"images\": []}");
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
		cmocka_unit_test(expiry_is_the_last_good_day),
		cmocka_unit_test(selection),
		cmocka_unit_test(port_cover),
		cmocka_unit_test(source_sets),
		cmocka_unit_test(the_record_of_an_approval),
		cmocka_unit_test(profiles_default_to_nothing),
		cmocka_unit_test(binds),
		cmocka_unit_test(capabilities_lose_their_prefix),
		cmocka_unit_test(grants_go_to_the_first_that_means_the_user),
		cmocka_unit_test(docker_group),
		cmocka_unit_test(images),
		cmocka_unit_test(the_default_approves_nothing),
		cmocka_unit_test(files),
		cmocka_unit_test(the_example_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
