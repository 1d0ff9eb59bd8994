/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Approvals: which containers, ports and sources each is for, and until when. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy_made.h"

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
			POLICY_APPROVAL(ANY_ID "," ANY_PORTS "," ANY_FROM
					       ", \"container\": {%s}"),
			rows[i].selector);
		struct policy *policy = policy_made(text);
		if (approval_selects(&policy->approvals[0], &container) !=
			rows[i].selected)
			fail_msg("%s", rows[i].selector);
		assert_false(approval_selects(&policy->approvals[0], &nothing));
		policy_free(policy);
	}
}

static void port_cover(void **state)
{
	struct policy *policy = policy_made(POLICY_APPROVAL(
		ANY_ID "," ANY_CONTAINER "," ANY_FROM ", \"ports\": [\"443/tcp\", "
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
	struct policy *policy = policy_made(POLICY_APPROVAL(ANY_ID
		"," ANY_CONTAINER "," ANY_PORTS ", \"from\": [\"private\", \"office\", "
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
	struct policy *policy = policy_made(POLICY_APPROVAL(ANY_APPROVAL
		", \"control\": \"c\", \"approved_by\": \"b\", \"ticket\": \"t\"},"
		"{\"id\": \"b\"," ANY_CONTAINER "," ANY_PORTS "," ANY_FROM));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expiry_is_the_last_good_day),
		cmocka_unit_test(selection),
		cmocka_unit_test(port_cover),
		cmocka_unit_test(source_sets),
		cmocka_unit_test(the_record_of_an_approval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
