/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/question.h"

static int parse(const char *line, struct arena *arena, struct question *question,
	struct err *err)
{
	arena_reset(arena);
	return question_parse_line(line, strlen(line), 3, arena, question, err);
}

static void whole_question(void **state)
{
	struct question question;
	struct err err = {0};
	struct arena arena;
	char text[ADDR_TEXT_MAX];
	(void)state;

	arena_init(&arena, 0);
	assert_int_equal(
		parse("{\"from\":\"198.51.100.7\",\"to\":\"203.0.113.10\",\"proto\":"
		      "\"udp\",\"port\":53,\"sport\":1234,\"in\":\"wan0\",\"zone\":"
		      "\"adjacent\"}",
			&arena, &question, &err),
		0);
	assert_string_equal(addr_format(&question.from, text), "198.51.100.7");
	assert_string_equal(addr_format(&question.to, text), "203.0.113.10");
	assert_int_equal(question.proto, IPPROTO_UDP);
	assert_int_equal(question.port, 53);
	assert_int_equal(question.sport, 1234);
	assert_string_equal(question.in, "wan0");
	assert_int_equal(question.zone, ZONE_ADJACENT);
	arena_done(&arena);
}

static void zone_follows_source(void **state)
{
	static const struct {
		const char *line;
		enum zone zone;
	} rows[] = {
		{"{\"from\":\"198.51.100.7\",\"to\":\"203.0.113.1\",\"port\":1}",
			ZONE_INTERNET},
		{"{\"from\":\"10.1.1.1\",\"to\":\"203.0.113.1\",\"port\":1,\"zone\":"
		 "null}",
			ZONE_PRIVATE},
		{"{\"from\":\"169.254.1.1\",\"to\":\"203.0.113.1\",\"port\":1}",
			ZONE_ADJACENT},
		{"{\"from\":\"fe80::1\",\"to\":\"2001:db8::1\",\"port\":1}",
			ZONE_ADJACENT},
		{"{\"from\":\"fd00::1\",\"to\":\"2001:db8::1\",\"port\":1}",
			ZONE_PRIVATE},
		{"{\"from\":\"172.17.0.2\",\"to\":\"203.0.113.1\",\"port\":1,\"in\":"
		 "\"docker0\",\"zone\":\"container\"}",
			ZONE_PRIVATE},
	};
	struct arena arena;
	(void)state;

	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct question question;
		struct err err = {0};

		assert_int_equal(parse(rows[i].line, &arena, &question, &err), 0);
		assert_int_equal(question.zone, rows[i].zone);
		assert_int_equal(question.proto, IPPROTO_TCP);
		assert_int_equal(question.sport, -1);
	}
	arena_done(&arena);
}

static void refused(void **state)
{
	static const struct {
		const char *line, *because;
	} rows[] = {
		{"", "line 3: "},
		{"[]", "line 3: "},
		{"{\"from\":\"192.0.2.1\"", "line 3: "},
		{"{\"to\":\"192.0.2.1\",\"port\":1}", "line 3: from: no address"},
		{"{\"from\":\"\",\"to\":\"192.0.2.1\",\"port\":1}", "from: no address"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.x\",\"port\":1}",
			"line 3: to: "},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\"}", "port: none given"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":0}",
			"1 to 65535"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":65536}",
			"1 to 65535"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":-1}",
			"1 to 65535"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":\"80\"}",
			"line 3: $.port: "},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":80.0}",
			"$.port"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1,\"sport\":0}",
			"sport: "},
		{"{\"from\":\"192.0.2.1\",\"to\":\"2001:db8::1\",\"port\":1}",
			"one is IPv4 and the other IPv6"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1,\"proto\":"
		 "\"icmp\"}",
			"tcp, udp, sctp, dccp or udplite"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1,\"zone\":"
		 "\"moon\"}",
			"internet, private or adjacent"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1,\"zone\":"
		 "\"host\"}",
			"what this host sends itself"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1,\"in\":"
		 "\"lo\"}",
			"in: nothing from outside"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1,\"zone\":"
		 "\"container\"}",
			"give in, the interface"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1,\"port\":2}",
			"line 3: "},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1,\"ports\":2}",
			"ports"},
		{"{\"from\":\"192.0.2.1\",\"to\":\"192.0.2.2\",\"port\":1} x",
			"line 3: "},
	};
	struct arena arena;
	(void)state;

	arena_init(&arena, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct question question;
		struct err err = {0};

		assert_int_not_equal(parse(rows[i].line, &arena, &question, &err), 0);
		if (!strstr(err.text, rows[i].because))
			fail_msg("%s: '%s' does not say '%s'", rows[i].line, err.text,
				rows[i].because);
		assert_int_equal(strncmp(err.text, "line 3: ", 8), 0);
	}
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_question),
		cmocka_unit_test(zone_follows_source),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
