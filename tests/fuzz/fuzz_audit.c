/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the files that gate audit reads: judged, and told as valid JSON. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "gate/audit/accounts.h"
#include "gate/audit/judge.h"
#include "gate/audit/nodes.h"
#include "gate/audit/report.h"
#include "gate/audit/rules.h"
#include "gate/audit/system.h"
#include "gate/audit/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void read_sudoers(struct audit_facts *facts, struct span text)
{
	struct sudo_file file = {"/etc/sudoers", text};
	struct lines lines = {.rest = text};
	struct span path;
	bool directory;

	while (rules_sudo_include(&lines, &facts->arena, &path, &directory))
		require(path.len > 0);
	rules_read_sudoers(facts, &file, 1);
}

static void read_attributes(struct audit_facts *facts, struct span text)
{
	struct audit_socket *socket = arena_push(
		&facts->arena, &facts->sockets, &facts->nsockets, sizeof(*socket));
	struct audit_file *file =
		arena_push(&facts->arena, &facts->files, &facts->nfiles, sizeof(*file));

	if (!socket || !file)
		return;
	*socket = (struct audit_socket){
		.path = "/run/docker.sock", .engine = "docker", .mode = 0660};
	*file = (struct audit_file){.path = "/bin/x", .mode = 0755};
	(void)!system_read_acl(facts, socket, text.text, text.len);
	(void)!system_read_caps(text.text, text.len, &file->caps);
}

/* The parts of an input stand behind a byte 0x1e each and a letter for their parser. */
static void read_part(struct audit_facts *facts, char parser, struct span text)
{
	static const struct span no_cgroup = {"", 0};
	struct err err = {0};

	switch (parser) {
	case 'p':
		accounts_read_passwd(facts, text);
		break;
	case 'g':
		accounts_read_group(facts, text);
		break;
	case 's':
		accounts_read_gshadow(facts, text);
		break;
	case 'i':
		accounts_read_subgid(facts, text);
		break;
	case 'y':
		(void)!accounts_read_record(facts, "/a.user", false, text, &err);
		(void)!accounts_read_record(facts, "/a.group", true, text, &err);
		break;
	case 'c':
		rules_read_group_conf(facts, "/etc/security/group.conf", text);
		break;
	case 'u':
		read_sudoers(facts, text);
		break;
	case 'd':
		rules_read_doas(facts, "/etc/doas.conf", text);
		break;
	case 't':
		rules_read_crontab(facts, "/etc/crontab", NULL, text);
		break;
	case 'a':
		rules_read_at_job(facts, "/var/spool/at/1", 1000, text);
		break;
	case 'n':
		units_read_service(facts, "a-b@c.service", "/etc/a.service", text);
		units_read_service(facts, "docker.service", "/etc/d.service", text);
		units_read_socket(facts, "docker.socket", "/etc/docker.socket", text);
		units_read_socket(
			facts, "seawall-gate.socket", "/etc/gate.socket", text);
		units_end(facts);
		(void)units_is_gate(facts, "/run/docker.sock");
		break;
	case 'j':
		(void)!system_read_daemon_json(facts, "/daemon.json", text, &err);
		break;
	case 'm':
		(void)!system_read_containers(facts, text, &err);
		break;
	case 'v':
		(void)!system_read_version(facts, "/run/docker.sock", text, &err);
		break;
	case 'l':
		(void)system_read_command(facts, "process 1", text);
		system_read_option_file(facts, "/etc/default/docker", text);
		nodes_read_process(facts, "process 1", text, text);
		break;
	case 'r':
		system_read_status(facts, 9, text, no_cgroup);
		break;
	case 'o':
		system_read_ports(facts, text);
		break;
	default:
		read_attributes(facts, text);
		break;
	}
}

static void check_report(const struct audit_result *result)
{
	struct json_doc *doc = NULL;
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	require(stream != NULL);
	require(report_json(stream, result, "h", "2026-01-01T00:00:00Z", NULL) == 0);
	(void)fclose(stream);
	require(json_doc_load_text("report", text, len, NULL, &doc, NULL) == 0);
	json_doc_free(doc);
	free(text);
	text = NULL;
	stream = open_memstream(&text, &len);
	require(stream != NULL);
	report_table(stream, result);
	(void)fclose(stream);
	for (size_t i = 0; i < len; i++)
		require(text[i] == '\n' || (unsigned char)text[i] >= 0x20);
	free(text);
}

/* The same for every input, so it is read once. */
static const struct policy *made_policy(void)
{
	static const char text[] =
		"{\"version\": 1, \"gate\": {\"docker_group\": {\"approved\": "
		"[\"bob\", \"@ops\", \"1002\"], \"unapproved\": \"strip\"}, "
		"\"profiles\": {}, \"grants\": []}}";
	static struct policy *policy;
	struct json_errors errors;

	if (policy)
		return policy;
	json_errors_init(&errors);
	require(policy_load_text(
			"policy", text, strlen(text), &errors, &policy, NULL) == 0);
	json_errors_done(&errors);
	return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct policy *policy = made_policy();
	struct audit_result result = {0};
	struct audit_facts facts;
	struct arena arena;

	/* What takes the square of an input is bounded by the files' size, not here. */
	if (size > 16384)
		return 0;
	audit_facts_init(&facts);
	arena_init(&arena, AUDIT_MAX_BYTES);
	struct span rest = {(const char *)data, size};
	while (rest.len > 0) {
		struct span part = span_cut(&rest, '\x1e');

		if (part.len > 0)
			read_part(&facts, part.text[0],
				(struct span){part.text + 1, part.len - 1});
	}
	if (audit_judge(&facts, policy, &arena, &result, NULL) == 0)
		check_report(&result);
	arena_done(&arena);
	audit_facts_done(&facts);
	return 0;
}
