/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A judged report with one of everything, for the tests of the output formats. */
#include "sample.h"

#include <netinet/in.h>

static const char policy[] =
	"{\"version\": 1, \"sources\": {\"office\": [\"198.51.100.0/24\"]},"
	"\"approvals\": ["
	"{\"id\": \"web-public\", \"container\": {\"name\": \"web\"}, \"ports\": "
	"[\"8080/tcp\"], \"from\": [\"internet\"], \"control\": \"tls\", "
	"\"approved_by\": \"sec@example.org\"},"
	"{\"id\": \"shop-office\", \"container\": {\"name\": \"shop\"}, \"ports\": "
	"[\"8443/tcp\"], \"from\": [\"office\"], \"control\": \"source limit\", "
	"\"approved_by\": \"sec@example.org\"}]}";

static void trace_dnat(struct fixture *f, struct exposure *exposure,
	const struct chain *dnat, const struct chain *forward, const char *effect)
{
	struct trace_step *steps = arena_array(&f->arena, 3, sizeof(*steps));

	steps[0] = (struct trace_step){.hook = HOOK_PREROUTING,
		.chain = dnat,
		.rule = &dnat->rules[0],
		.effect = EFFECT_DNAT,
		.text = effect};
	steps[1] = (struct trace_step){
		.stage = "routing", .effect = EFFECT_OTHER, .text = "route: docker0"};
	steps[2] = (struct trace_step){
		.hook = HOOK_FORWARD, .chain = forward, .effect = EFFECT_POLICY};
	exposure->trace = (struct trace){steps, 3};
}

static void open_to_all(struct fixture *f, struct exposure *exposure)
{
	fixture_reach(f, exposure, ZONE_INTERNET, "internet", "internet");
	fixture_reach(f, exposure, ZONE_PRIVATE, "private", "private");
	fixture_reach(f, exposure, ZONE_ADJACENT, "0.0.0.0/0", "0.0.0.0/0");
}

void sample_open(struct fixture *f)
{
	struct exposure *exposure;

	fixture_open(f, policy);
	struct chain *dnat = fixture_chain(f, "ip nat", TABLE_IP, "DOCKER", HOOK_COUNT);
	struct chain *forward =
		fixture_chain(f, "ip filter", TABLE_IP, "FORWARD", HOOK_FORWARD);

	fixture_rule(f, dnat, FIELD_DPORT, 8080, NULL, VERDICT_ACCEPT, NULL);
	exposure = fixture_exposure(
		f, fixture_container(f, "web"), PATH_DNAT, "*", 8080, "172.17.0.2", 80);
	open_to_all(f, exposure);
	trace_dnat(f, exposure, dnat, forward, "dnat to 172.17.0.2:80");

	exposure = fixture_exposure(f, fixture_container(f, "shop"), PATH_DNAT, "*",
		8443, "172.17.0.3", 443);
	fixture_reach(f, exposure, ZONE_INTERNET, "198.51.100.0/23", "198.51.100.0/23");
	trace_dnat(f, exposure, dnat, forward, "dnat to 172.17.0.3:443");

	/* An engine allows no such name; a snapshot may hold it. */
	struct container *hostile = fixture_container(f, "x\033[2J\";rm -rf ~;'\n");
	hostile->privileged = true;
	exposure = fixture_exposure(
		f, hostile, PATH_DNAT, "203.0.113.10", 9000, "172.17.0.4", 9000);
	open_to_all(f, exposure);

	exposure = fixture_exposure(f, fixture_container(f, "db"), PATH_ROUTED,
		"2001:db8:1::3", 5432, "2001:db8:1::3", 5432);
	exposure->published = false;
	exposure->listening = TRI_UNKNOWN;
	fixture_reach(f, exposure, ZONE_INTERNET, "", "internet");
	const struct gap **gaps = arena_array(&f->arena, 1, sizeof(*gaps));
	gaps[0] = fixture_gap(f, "xt-match-unknown", true);
	exposure->gaps = gaps;
	exposure->ngaps = 1;

	exposure = fixture_exposure(
		f, NULL, PATH_HOST_SERVICE, "*", 22, "203.0.113.10", 22);
	exposure->owner = "sshd";
	open_to_all(f, exposure);
	f->report.nhost_services = 1;

	f->report.assumptions = arena_array(&f->arena, 1, sizeof(char *));
	f->report.assumptions[0] = "Connections that exist already are not looked at.";
	f->report.nassumptions = 1;
	fixture_judge(f);
}

void sample_answer(
	struct fixture *f, struct question *ret_question, struct answer *ret_answer)
{
	const struct exposure *web = NULL;

	for (size_t i = 0; i < f->report.nexposures; i++)
		if (f->report.exposures[i].endpoint.port == 8080)
			web = &f->report.exposures[i];
	*ret_question = (struct question){
		.from = {0xc6336407, FAMILY_IP4},
		.to = {0xcb00710a, FAMILY_IP4},
		.proto = IPPROTO_TCP,
		.port = 8080,
		.sport = -1,
		.in = "eth0",
	};
	*ret_answer = (struct answer){
		.verdict = DELIVERY_DELIVERED,
		.listener = TRI_YES,
		.result = RESULT_OPEN,
		.has_path = true,
		.path = PATH_DNAT,
		.container = web->container,
		.target = web->target,
		.target_port = web->target_port,
		.trace = web->trace,
	};
}
