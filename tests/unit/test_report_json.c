/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON outputs: against conf/report.schema.json, and value by value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "netmon/report/writer.h"
#include "sample.h"

/* Just enough of JSON Schema for that file: each keyword there is checked here. */
static bool conforms(const struct json_node *root, const struct json_node *schema,
	const struct json_node *node, char *why);

static const struct json_node *resolve(
	const struct json_node *root, const struct json_node *schema)
{
	const struct json_node *ref = json_member(schema, "$ref");

	if (!ref)
		return schema;
	assert_int_equal(strncmp(ref->string, "#/$defs/", 8), 0);
	schema = json_member(json_member(root, "$defs"), ref->string + 8);
	assert_non_null(schema);
	return schema;
}

static const char *type_of(const struct json_node *node)
{
	switch (node->kind) {
	case JSON_KIND_OBJECT:
		return "object";
	case JSON_KIND_ARRAY:
		return "array";
	case JSON_KIND_STRING:
		return "string";
	case JSON_KIND_INTEGER:
		return "integer";
	case JSON_KIND_BOOL:
		return "boolean";
	case JSON_KIND_NULL:
		return "null";
	case JSON_KIND_REAL:
	case JSON_KIND_NONE:
	default:
		return "something else";
	}
}

static bool is_one_of(const struct json_node *list, const char *text)
{
	if (list->kind == JSON_KIND_STRING)
		return strcmp(list->string, text) == 0;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->children[i].string, text) == 0)
			return true;
	return false;
}

static bool fails(char *why, const char *what, const char *name)
{
	(void)snprintf(why, 256, "%s: %s", what, name);
	return false;
}

static bool members_conform(const struct json_node *root,
	const struct json_node *schema, const struct json_node *node, char *why)
{
	const struct json_node *properties = json_member(schema, "properties");
	const struct json_node *required = json_member(schema, "required");

	for (size_t i = 0; required && i < required->count; i++)
		if (!json_member(node, required->children[i].string))
			return fails(why, "missing", required->children[i].string);
	for (size_t i = 0; i < node->count; i++) {
		const struct json_node *child = &node->children[i];
		const struct json_node *of = json_member(properties, child->key);

		if (!of)
			return fails(why, "not in the schema", child->key);
		if (!conforms(root, of, child, why))
			return false;
	}
	return true;
}

static bool conforms(const struct json_node *root, const struct json_node *schema,
	const struct json_node *node, char *why)
{
	schema = resolve(root, schema);
	const struct json_node *type = json_member(schema, "type");
	const struct json_node *allowed = json_member(schema, "enum");
	const struct json_node *constant = json_member(schema, "const");
	const struct json_node *items = json_member(schema, "items");

	if (!type && !allowed && !constant)
		return fails(why, "says nothing about", node->key);
	if (type && !is_one_of(type, type_of(node)))
		return fails(why, type_of(node), node->key ? node->key : "an item");
	if (allowed && !is_one_of(allowed, node->string))
		return fails(why, "not in the enum", node->string);
	if (constant && strcmp(constant->string, node->string) != 0)
		return fails(why, "not the constant", node->string);
	if (node->kind == JSON_KIND_OBJECT)
		return members_conform(root, schema, node, why);
	for (size_t i = 0; node->kind == JSON_KIND_ARRAY && i < node->count; i++)
		if (!conforms(root, items, &node->children[i], why))
			return false;
	return true;
}

static struct json_doc *load(const char *name, const char *text, size_t len)
{
	struct json_doc *doc;
	struct err err = {0};

	if (json_doc_load_text(name, text, len, NULL, &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

static struct json_doc *load_schema(void)
{
	struct json_doc *doc;
	struct err err = {0};

	if (json_doc_load_file(SOURCE_ROOT "/conf/report.schema.json", 1 << 20, NULL,
		    &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

static char *write_report(struct fixture *f, size_t *ret_len)
{
	const struct writer_options options = {0};
	struct err err = {0};
	char *text = NULL;
	FILE *stream = open_memstream(&text, ret_len);

	assert_non_null(stream);
	assert_int_equal(json_writer.report(&f->report, &options, stream, &err), 0);
	(void)fclose(stream);
	return text;
}

static void add_evidence(struct fixture *f)
{
	static struct observed observed = {.handshake = true,
		.handshakes = 2,
		.attempts = 7,
		.sources = 3,
		.sample = "192.0.2.1"};
	static struct probed probed[] = {{.open = true,
		.zone = ZONE_INTERNET,
		.source = "192.0.2.1",
		.via = "eth0",
		.reply = "syn-ack",
		.expected = TRI_YES,
		.agrees = TRI_YES}};
	static struct observing observing = {.seconds = 5, .packets = 100};
	static struct probing probing = {.sent = 1, .answered = 1};
	static struct contradiction contradiction = {.probed = true,
		.answered = true,
		.source = "192.0.2.1",
		.reply = "syn-ack",
		.endpoint = {.family = FAMILY_IP4,
			.addr = {.family = FAMILY_IP4, .value = 1},
			.proto = 6,
			.port = 80},
		.count = 1};

	f->report.exposures[0].observed = &observed;
	f->report.exposures[0].probed = probed;
	f->report.exposures[0].nprobed = 1;
	f->report.exposures[0].seen = f->report.exposures[0].answered = TRI_YES;
	f->report.observing = &observing;
	f->report.probing = &probing;
	f->report.contradictions = &contradiction;
	f->report.ncontradictions = 1;
}

static void report_follows_schema(void **state)
{
	_cleanup_(cleanup_json_doc) struct json_doc *schema = load_schema();
	const struct json_node *root = json_doc_root(schema);
	char why[256] = "";
	(void)state;

	for (int evidence = 0; evidence < 2; evidence++) {
		struct fixture f;
		size_t len;

		sample_open(&f);
		if (evidence)
			add_evidence(&f);
		_cleanup_(cleanup_free) char *text = write_report(&f, &len);
		_cleanup_(cleanup_json_doc) struct json_doc *doc =
			load("report", text, len);
		if (!conforms(root, root, json_doc_root(doc), why))
			fail_msg("%s", why);
		fixture_close(&f);
	}
}

/* The check above must be able to say no. */
static void schema_refuses(void **state)
{
	static const char *const rows[] = {
		"{\"code\": \"x\", \"where\": null, \"text\": \"y\"}",
		"{\"code\": \"x\", \"where\": 1, \"text\": \"y\", \"hides\": true}",
		"{\"code\": \"x\", \"where\": null, \"text\": \"y\", \"hides\": true, "
		"\"z\": 1}",
		"{\"code\": \"x\", \"where\": {\"table\": 1}, \"text\": \"y\", "
		"\"hides\": true}",
	};
	_cleanup_(cleanup_json_doc) struct json_doc *schema = load_schema();
	const struct json_node *root = json_doc_root(schema);
	const struct json_node *gap = json_member(json_member(root, "$defs"), "gap");
	char why[256];
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(cleanup_json_doc) struct json_doc *doc =
			load("row", rows[i], strlen(rows[i]));
		assert_false(conforms(root, gap, json_doc_root(doc), why));
	}
}

static const struct json_node *exposure_at(const struct json_node *root, int64_t port)
{
	const struct json_node *list = json_member(root, "exposures");

	for (size_t i = 0; i < list->count; i++) {
		const struct json_node *one = &list->children[i];

		if (json_member(json_member(one, "endpoint"), "port")->integer == port)
			return one;
	}
	fail_msg("no exposure at %d", (int)port);
	return NULL;
}

static const char *string_of(const struct json_node *object, const char *key)
{
	const struct json_node *member = json_member(object, key);

	assert_non_null(member);
	assert_int_equal(member->kind, JSON_KIND_STRING);
	return member->string;
}

static bool has_exposure(const struct json_node *root, const char *id)
{
	const struct json_node *list = json_member(root, "exposures");

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(string_of(&list->children[i], "id"), id) == 0)
			return true;
	return false;
}

static void report_values(void **state)
{
	struct fixture f;
	size_t len;
	(void)state;

	sample_open(&f);
	_cleanup_(cleanup_free) char *text = write_report(&f, &len);
	_cleanup_(cleanup_json_doc) struct json_doc *doc = load("report", text, len);
	const struct json_node *root = json_doc_root(doc);

	const struct json_node *shop = exposure_at(root, 8443);
	const struct json_node *reach = json_member(shop, "reach");
	const struct json_node *must =
		json_member(json_member(reach, "internet"), "must");
	assert_int_equal(must->count, 1);
	assert_string_equal(must->children[0].string, "198.51.100.0/23");
	assert_int_equal(json_member(reach, "private")->count, 0);
	const struct json_node *approval = json_member(shop, "approval");
	assert_string_equal(string_of(approval, "id"), "shop-office");
	assert_string_equal(
		json_member(approval, "excess")->children[0].string, "198.51.101.0/24");
	assert_string_equal(string_of(shop, "verdict"), "violation");
	assert_string_equal(
		string_of(json_member(shop, "endpoint"), "address"), "0.0.0.0/0");
	assert_string_equal(
		string_of(&json_member(shop, "rules")->children[0], "effect"),
		"dnat to 172.17.0.3:443");

	const struct json_node *db = exposure_at(root, 5432);
	assert_string_equal(string_of(db, "verdict"), "unknown");
	assert_int_equal(json_member(db, "approval")->kind, JSON_KIND_NULL);
	assert_int_equal(json_member(json_member(db, "evidence"), "listening")->kind,
		JSON_KIND_NULL);
	assert_string_equal(
		string_of(json_member(db, "endpoint"), "address"), "2001:db8:1::3");
	assert_int_equal(json_member(db, "gaps")->count, 1);

	assert_int_equal(
		json_member(exposure_at(root, 22), "container")->kind, JSON_KIND_NULL);
	assert_string_equal(
		string_of(json_member(exposure_at(root, 9000), "container"), "name"),
		"x\033[2J\";rm -rf ~;'\n");

	/* Every finding's exposure is one of the list. */
	const struct json_node *findings = json_member(root, "findings");
	assert_true(findings->count >= 3);
	for (size_t i = 0; i < findings->count; i++) {
		const struct json_node *id =
			json_member(&findings->children[i], "exposure");

		assert_true(
			id->kind == JSON_KIND_NULL || has_exposure(root, id->string));
	}
	fixture_close(&f);
}

static void same_bytes_twice(void **state)
{
	struct fixture f[2];
	char *text[2];
	size_t len;
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		sample_open(&f[i]);
		text[i] = write_report(&f[i], &len);
	}
	assert_string_equal(text[0], text[1]);
	for (size_t i = 0; i < 2; i++) {
		free(text[i]);
		fixture_close(&f[i]);
	}
}

static void answers(void **state)
{
	const struct writer_options options = {0};
	struct err err = {0};
	struct fixture f;
	struct question question;
	struct answer answer;
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	(void)state;

	assert_non_null(stream);
	sample_open(&f);
	sample_answer(&f, &question, &answer);
	assert_int_equal(json_writer.batch_line(
				 &question, &answer, NULL, &options, stream, &err),
		0);
	assert_int_equal(json_writer.batch_line(&question, NULL, "line 2: \"bad\"",
				 &options, stream, &err),
		0);
	(void)fclose(stream);

	char *second = strchr(text, '\n') + 1;
	assert_string_equal(second, "{\"error\":\"line 2: \\\"bad\\\"\"}\n");
	_cleanup_(cleanup_json_doc) struct json_doc *doc =
		load("answer", text, (size_t)(second - text));
	const struct json_node *root = json_doc_root(doc);
	assert_string_equal(string_of(root, "schema"), "seawall.explain/1");
	assert_string_equal(string_of(root, "verdict"), "delivered");
	assert_string_equal(string_of(root, "listener"), "yes");
	assert_string_equal(string_of(root, "result"), "open");
	assert_string_equal(string_of(root, "path"), "dnat");
	assert_string_equal(string_of(json_member(root, "container"), "name"), "web");
	assert_string_equal(
		string_of(json_member(root, "target"), "address"), "172.17.0.2");
	const struct json_node *step = &json_member(root, "trace")->children[0];
	assert_string_equal(string_of(step, "hook"), "prerouting");
	assert_string_equal(string_of(step, "table"), "ip nat");
	assert_int_equal(json_member(step, "handle")->integer, 11);
	assert_int_equal(json_member(root, "gaps")->count, 0);
	free(text);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_follows_schema),
		cmocka_unit_test(schema_refuses),
		cmocka_unit_test(report_values),
		cmocka_unit_test(same_bytes_twice),
		cmocka_unit_test(answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
