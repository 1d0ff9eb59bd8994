/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/jsonw.h"

static struct json_doc *load(const char *text, struct json_errors *errors)
{
	struct json_doc *doc = NULL;
	struct err err = {0};

	if (json_doc_load_text("f.json", text, strlen(text), errors, &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

static void values_of_every_kind(void **state)
{
	struct json_doc *doc = load(
		"{\"o\": {}, \"a\": [1, -2, 9223372036854775807], \"s\": \"\\u00fc"
		"\\ud83d\\udc33\", \"r\": 1.5, \"t\": true, \"f\": false, \"n\": null}",
		NULL);
	const struct json_node *root = json_doc_root(doc);

	(void)state;
	assert_int_equal(root->kind, JSON_KIND_OBJECT);
	assert_int_equal(root->count, 7);
	assert_string_equal(root->children[1].key, "a");
	assert_int_equal(json_member(root, "o")->count, 0);
	assert_int_equal(json_member(root, "a")->children[1].integer, -2);
	assert_true(json_member(root, "a")->children[2].integer == INT64_MAX);
	assert_string_equal(json_member(root, "s")->string, "\xc3\xbc\xf0\x9f\x90\xb3");
	assert_true(json_member(root, "r")->real == 1.5);
	assert_true(json_member(root, "t")->boolean);
	assert_false(json_member(root, "f")->boolean);
	assert_int_equal(json_member(root, "n")->kind, JSON_KIND_NULL);
	assert_null(json_member(root, "x"));
	assert_null(json_member(NULL, "x"));
	assert_null(json_member(json_member(root, "t"), "x"));
	json_doc_free(doc);
}

static void broken_documents_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text, *where;
	} rows[] = {
		{"", "f.json:1: $: "},
		{"   ", "f.json:1: $: "},
		{"7", "f.json:1: $: "},
		{"{} {}", "f.json:1: $: "},
		{"{}\n\n}", "f.json:3: $: "},
		{"{\"a\": 1,}", "f.json:1: $"},
		{"{\"a\":\n [1,\n  {\"b\": x}]}", "f.json:3: $.a[1].b: "},
		{"{\"a\":\n [1,\n  {\"b\": [true, tru", "f.json:3: $.a[1].b[1]: "},
		{"{\"a\": \"\\u0000\"}", "f.json:1: $.a: "},
		{"{\"a\": \"\\ud800\"}", "f.json:1: $.a: "},
		{"{\"a\": \"\xff\"}", "f.json:1: $.a: "},
		{"{\"a\": \"\xc0\xaf\"}", "f.json:1: $.a: "},
		{"{\"a\": \"x\ny\"}", "f.json:1: $.a: "},
		{"{\"a\": 99999999999999999999}", "f.json:1: $.a: "},
		{"{\"a\": 1e999}", "f.json:1: $.a: "},
		{"{\"a\": 01}", "f.json:1: $.a: "},
		{"{\"a\": NaN}", "f.json:1: $.a: "},
		{"{\"a\": 1} // no", "f.json:1: $: "},
		{"{'a': 1}", "f.json:1: $: "},
		{"\xef\xbb\xbf{}", "f.json:1: $: "},
		{"{\"a b\": [[], z]}", "f.json:1: $[\"a b\"][1]: "},
		{"{\"a\": 1, \"\\u0061\": 2}", "f.json:1: $.a: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_doc *doc = NULL;
		struct json_errors errors;
		struct err err = {0};

		json_errors_init(&errors);
		assert_int_equal(json_doc_load_text("f.json", rows[i].text,
					 strlen(rows[i].text), NULL, &doc, &err),
			-EINVAL);
		assert_null(doc);
		if (strncmp(err.text, rows[i].where, strlen(rows[i].where)) != 0)
			fail_msg("row %zu: '%s' is not at '%s'", i, err.text,
				rows[i].where);
		/* With a list only duplicates let it go on. */
		if (json_doc_load_text("f.json", rows[i].text, strlen(rows[i].text),
			    &errors, &doc, &err) == 0)
			json_doc_free(doc);
		assert_int_equal(errors.count, 1);
		assert_string_equal(errors.list[0].text, err.text);
		json_errors_done(&errors);
	}
}

static void a_nul_byte_is_refused(void **state)
{
	struct json_doc *doc = NULL;

	(void)state;
	assert_int_equal(
		json_doc_load_text("f", "{}\0{}", 5, NULL, &doc, NULL), -EINVAL);
	assert_int_equal(
		json_doc_load_text("f", "{\"a\0\": 1}", 9, NULL, &doc, NULL), -EINVAL);
}

static void depth_is_bounded(void **state)
{
	char text[300];
	struct json_doc *doc = NULL;
	struct err err = {0};

	(void)state;
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	assert_int_equal(json_doc_load_text("f", text, 128, NULL, &doc, NULL), 0);
	json_doc_free(doc);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	doc = NULL;
	assert_int_equal(json_doc_load_text("f", text, 130, NULL, &doc, &err), -E2BIG);
	assert_null(doc);
	/* brackets in strings are no nesting */
	text[0] = '[';
	text[1] = '"';
	memset(text + 2, '[', 200);
	text[202] = '"';
	text[203] = ']';
	assert_int_equal(json_doc_load_text("f", text, 204, NULL, &doc, NULL), 0);
	json_doc_free(doc);
}

static void every_duplicate_is_noted(void **state)
{
	struct json_errors errors;

	(void)state;
	json_errors_init(&errors);
	struct json_doc *doc =
		load("{\"a\": 1,\n \"b\": {\"x\": 1, \"y\": {\"x\": 3}, \"x\": 2},\n"
		     " \"c\": [{\"k\": 1}, {\"k\": 1,\n \"\\u006b\": 2}],\n \"a\": 3}",
			&errors);
	assert_int_equal(errors.count, 3);
	assert_int_equal(errors.list[0].line, 2);
	assert_string_equal(errors.list[0].path, "$.b.x");
	assert_int_equal(errors.list[1].line, 4);
	assert_string_equal(errors.list[1].path, "$.c[1].k");
	assert_int_equal(errors.list[2].line, 5);
	assert_string_equal(errors.list[2].path, "$.a");
	assert_non_null(strstr(errors.list[2].text, "f.json:5: $.a: "));
	json_doc_free(doc);
	json_errors_done(&errors);
}

static void strict_reading_notes_every_mistake(void **state)
{
	static const char *const keys[] = {"name", "ports", "on"};
	struct json_errors errors;

	(void)state;
	json_errors_init(&errors);
	struct json_doc *doc = load("{\n\"name\": 7,\n\"ports\":\n[\"a\", "
				    "true],\n\"na\\\"me\": 1, \"on\": true}",
		&errors);
	const struct json_node *root = json_doc_root(doc);
	assert_null(json_need(root, "name", JSON_KIND_STRING));
	assert_null(json_need(root, "id", JSON_KIND_STRING));
	assert_null(json_want(root, "absent", JSON_KIND_STRING));
	assert_true(json_need(root, "on", JSON_KIND_BOOL)->boolean);
	const struct json_node *ports = json_want(root, "ports", JSON_KIND_ARRAY);
	assert_true(json_is(&ports->children[0], JSON_KIND_STRING));
	assert_false(json_is(&ports->children[1], JSON_KIND_STRING));
	assert_false(json_known_keys(root, keys, ARRAY_LEN(keys)));
	json_fail(ports, "%s %d", "custom", 5);
	assert_int_equal(errors.count, 5);
	assert_string_equal(errors.list[0].text,
		"f.json:2: $.name: must be a string, is an integer");
	assert_string_equal(errors.list[1].text, "f.json:1: $: \"id\" is missing");
	assert_string_equal(errors.list[2].text,
		"f.json:4: $.ports[1]: must be a string, is true or false");
	assert_string_equal(errors.list[3].text,
		"f.json:5: $[\"na\"me\"]: unknown key; the keys known here are: name, "
		"ports, on");
	assert_string_equal(errors.list[4].text, "f.json:3: $.ports: custom 5");
	json_doc_free(doc);
	json_errors_done(&errors);
}

static void the_list_is_bounded(void **state)
{
	struct json_errors errors;

	(void)state;
	json_errors_init(&errors);
	struct json_doc *doc = load("{}", &errors);
	for (int i = 0; i < 1000; i++)
		json_fail(json_doc_root(doc), "mistake %d", i);
	assert_true(errors.cut);
	assert_int_equal(errors.count, 201);
	assert_non_null(strstr(errors.list[199].text, "mistake 199"));
	assert_string_equal(errors.list[200].text, "more errors are not shown");
	json_doc_free(doc);
	json_errors_done(&errors);
}

static void lenient_reading(void **state)
{
	struct json_doc *doc =
		load("{\"s\": \"x\", \"n\": null, \"i\": 5, \"b\": true,\n"
		     "\"o\": {\"a\": [\n1.5]}}",
			NULL);
	const struct json_node *root = json_doc_root(doc), *object = NULL,
			       *array = NULL;
	const char *text = "old";
	struct err err = {0};
	int64_t number = 1;
	bool flag = false;

	(void)state;
	assert_int_equal(json_get_string(root, "s", &text, &err), 1);
	assert_string_equal(text, "x");
	assert_int_equal(json_get_string(root, "n", &text, &err), 0);
	assert_int_equal(json_get_string(root, "zz", &text, &err), 0);
	assert_int_equal(json_get_string(NULL, "s", &text, &err), 0);
	assert_string_equal(text, "x");
	assert_int_equal(json_get_integer(root, "i", &number, &err), 1);
	assert_int_equal(number, 5);
	assert_int_equal(json_get_bool(root, "b", &flag, &err), 1);
	assert_true(flag);
	assert_true(json_member_flag(root, "b", false));
	assert_true(json_member_flag(root, "i", true));
	assert_false(json_member_flag(root, "zz", false));
	assert_int_equal(json_get_object(root, "o", &object, &err), 1);
	assert_int_equal(json_get_array(object, "a", &array, &err), 1);
	assert_int_equal(array->count, 1);
	assert_int_equal(err.code, 0);
	assert_int_equal(json_get_string(object, "a", &text, &err), -EINVAL);
	assert_string_equal(err.text, "f.json:2: $.o.a: must be a string, is an array");
	assert_int_equal(
		json_get_object(&array->children[0], "a", &object, &err), -EINVAL);
	assert_string_equal(err.text,
		"f.json:3: $.o.a[0]: must be an object, is a number "
		"with a fraction or exponent");
	json_doc_free(doc);
}

static void files_are_bounded(void **state)
{
	char path[] = "/tmp/seawall-json-XXXXXX";
	int fd = mkstemp(path);
	struct json_doc *doc = NULL;
	struct err err = {0};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "{\"a\": 1}\n", 9), 9);
	assert_int_equal(json_doc_load_file(path, 9, NULL, &doc, &err), 0);
	assert_int_equal(json_member(json_doc_root(doc), "a")->integer, 1);
	json_doc_free(doc);
	doc = NULL;
	assert_int_equal(json_doc_load_file(path, 8, NULL, &doc, &err), -E2BIG);
	assert_null(doc);
	close(fd);
	unlink(path);
	assert_int_equal(json_doc_load_file(path, 9, NULL, &doc, &err), -ENOENT);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(json_doc_load_file("/", 9, NULL, &doc, &err), -EISDIR);
}

static void subtrees_are_written_as_read(void **state)
{
	static const char text[] = "{\"b\":[1,-2,{\"\\u001b\":null}],\"a\":{\"x\":true,"
				   "\"y\":0.1,\"z\":1e+100},\"e\":[],\"o\":{}}";
	struct json_doc *doc = load(text, NULL);
	struct jsonw writer;

	(void)state;
	jsonw_init(&writer, NULL, 0);
	json_node_write(json_doc_root(doc), &writer);
	assert_int_equal(jsonw_finish(&writer, NULL), 0);
	assert_string_equal(jsonw_text(&writer, NULL), text);
	jsonw_done(&writer);
	json_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_every_kind),
		cmocka_unit_test(broken_documents_are_refused_with_their_place),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(every_duplicate_is_noted),
		cmocka_unit_test(strict_reading_notes_every_mistake),
		cmocka_unit_test(the_list_is_bounded),
		cmocka_unit_test(lenient_reading),
		cmocka_unit_test(files_are_bounded),
		cmocka_unit_test(subtrees_are_written_as_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
