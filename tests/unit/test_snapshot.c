/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots: nothing is lost on the way, and nothing wrong gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts_made.h"
#include "netmon/model/facts.h"
#include "netmon/model/snapshot.h"
#include "netmon/model/snapshot_fields.h"

#define HEAD "{\"schema\":\"seawall.snapshot/1\","
#define HOST "\"host\":{\"id\":\"host\"}"

static char *save_text(const struct facts *facts, size_t *ret_len)
{
	char *text = NULL;
	FILE *stream = open_memstream(&text, ret_len);
	struct err err = {0};

	assert_non_null(stream);
	if (snapshot_save(facts, stream, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static int load(const char *text, size_t len, struct facts **ret_facts, struct err *err)
{
	/* Exactly as large as the text, so that ASan sees a read past its end. */
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = snapshot_load_text("file.json", copy, len, ret_facts, err);
	free(copy);
	return rc;
}

static void test_round_trip(void **state)
{
	struct facts *facts = facts_made_full(), *again = NULL;
	struct err err = {0};
	size_t len, len2;
	char *text, *text2;

	(void)state;
	/* Sorted by name is what a namespace promises of its sysctls: so they are
	 * filled. */
	text = save_text(facts, &len);
	if (load(text, len, &again, &err) < 0)
		fail_msg("%s", err.text);
	facts_assert_same(&snapshot_facts_record, facts, again);
	assert_ptr_equal(again->containers[2].netns, again->host);
	assert_ptr_equal(again->containers[1].netns, again->netns[1]);
	text2 = save_text(again, &len2);
	assert_int_equal(len, len2);
	assert_memory_equal(text, text2, len);
	free(text);
	free(text2);
	facts_free(facts);
	facts_free(again);
}

/* A key that is absent is zero: empty facts are a short file. */
static void test_empty(void **state)
{
	struct facts *facts = facts_new(), *again = NULL;
	struct err err = {0};
	size_t len;
	char *text;

	(void)state;
	text = save_text(facts, &len);
	assert_string_equal(text, HEAD "\n" HOST "}\n");
	if (load(text, len, &again, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(again->host->id, "host");
	assert_int_equal(again->nnetns, 0);
	/* Files from before it was collected: nothing is claimed of it. */
	assert_false(again->host->groups_known);
	free(text);
	facts_free(facts);
	facts_free(again);
}

/* ---- the tables against the text of facts.h ---- */

static const struct record *find_record(const struct record *record, const char *name)
{
	const struct record *found;

	if (strcmp(record->name, name) == 0)
		return record;
	for (size_t i = 0; i < record->nmembers; i++) {
		found = record->members[i].record
				? find_record(record->members[i].record, name)
				: NULL;
		if (found)
			return found;
	}
	return NULL;
}

/* Is a struct's member a row, or the count of one? */
static bool is_described(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->nmembers; i++) {
		const struct member *member = &record->members[i];
		char count[64];

		snprintf(count, sizeof(count),
			member->kind == MEMBER_BYTES ? "%s_len" : "n%s", member->name);
		if (strcmp(name, member->name) == 0 ||
			(member->count_offset && strcmp(name, count) == 0))
			return true;
	}
	return false;
}

/* Comments and array bounds become spaces. */
static void blank_comments(char *text)
{
	for (char *p = text; *p; p++) {
		char *end = NULL;

		if (p[0] == '/' && p[1] == '*')
			end = strstr(p, "*/") + 1;
		else if (p[0] == '[')
			end = strchr(p, ']');
		while (end && p <= end)
			*p++ = ' ';
	}
}

/* The last name in a declarator: of "const char *(*labels)" it is labels. */
static char *last_name(char *declarator)
{
	char *end = declarator + strlen(declarator), *start;

	while (end > declarator && !isalnum((unsigned char)end[-1]) && end[-1] != '_')
		end--;
	*end = '\0';
	start = end;
	while (start > declarator &&
		(isalnum((unsigned char)start[-1]) || start[-1] == '_'))
		start--;
	return start;
}

static unsigned int check_struct(const char *name, char *body)
{
	const struct record *record = find_record(&snapshot_facts_record, name);
	unsigned int count = 0;
	char *rest = NULL, *rest2;

	if (strcmp(name, "blob") == 0) /* a value, like addr and prefix */
		return 0;
	if (!record)
		fail_msg("struct %s of facts.h is not in snapshot_fields.c", name);
	for (char *line = strtok_r(body, ";", &rest); line;
		line = strtok_r(NULL, ";", &rest)) {
		for (char *part = strtok_r(line, ",", &rest2); part;
			part = strtok_r(NULL, ",", &rest2)) {
			char *member = last_name(part);

			if (!*member || (strcmp(name, "facts") == 0 &&
						strcmp(member, "arena") == 0))
				continue;
			if (!is_described(record, member))
				fail_msg("%s.%s of facts.h is not in "
					 "snapshot_fields.c",
					name, member);
			count++;
		}
	}
	return count;
}

static void test_every_member_is_described(void **state)
{
	static char text[65536];
	FILE *stream = fopen(SOURCE_ROOT "/netmon/model/facts.h", "r");
	unsigned int structs = 0, members = 0;
	char *at = text;

	(void)state;
	assert_non_null(stream);
	assert_in_range(
		fread(text, 1, sizeof(text) - 1, stream), 1000, sizeof(text) - 2);
	fclose(stream);
	blank_comments(text);
	while ((at = strstr(at, "\nstruct "))) {
		char name[64], *open = at + 8, *close;

		at = open;
		if (sscanf(open, "%63[a-z_0-9] {", name) != 1 ||
			open[strlen(name)] != ' ' || open[strlen(name) + 1] != '{')
			continue;
		open += strlen(name) + 2;
		close = strstr(open, "\n}");
		assert_non_null(close);
		*close = '\0';
		at = close + 1;
		structs++;
		members += check_struct(name, open);
	}
	/* The parser above still finds them. */
	assert_in_range(structs, 19, 100);
	assert_in_range(members, 180, 1000);
}

/* ---- what is refused, and where the message says it is ---- */

static void expect_error(const char *text, const char *want)
{
	struct facts *facts = NULL;
	struct err err = {0};
	int rc = load(text, strlen(text), &facts, &err);

	if (rc == 0)
		fail_msg("was loaded: %s", text);
	assert_null(facts);
	assert_int_equal(rc, -EINVAL);
	assert_int_equal(err.code, rc);
	if (!strstr(err.text, want))
		fail_msg("\n  text %s\n  said %s\n  want %s", text, err.text, want);
}

/* @inside: members of the host */
static void expect_host_error(const char *inside, const char *want)
{
	char text[2048];

	snprintf(text, sizeof(text), HEAD "\n\"host\":{\"id\":\"host\",\n%s}}", inside);
	expect_error(text, want);
}

static void test_syntax_errors(void **state)
{
	static const char *const cases[][2] = {
		{"", "file.json:1: $: the text ends where an object must come"},
		{" \n\n x", "file.json:3: $: an object expected, not 'x'"},
		{"[]", "file.json:1: $: an object expected, not an array"},
		{"{}", "file.json:1: $: this is no snapshot"},
		{"{\"host\":{}}", "file.json:1: $.host: this is no snapshot"},
		{"{\"schema\":1}", "$.schema: a string expected, not '1'"},
		{"{\"schema\":\"seawall.report/1\"}",
			"$.schema: no schema of a snapshot"},
		{"{\"schema\":\"seawall.snapshot/\"}",
			"$.schema: no schema of a snapshot"},
		{"{\"schema\":\"seawall.snapshot/0\"}",
			"$.schema: no schema of a snapshot"},
		{"{\"schema\":\"seawall.snapshot/1x\"}",
			"$.schema: no schema of a snapshot"},
		{"{\"schema\":\"seawall.snapshot/99999999999999999999\"}",
			"$.schema: no schema of a snapshot"},
		{"{\"schema\":\"seawall.snapshot/1\"}", ":1: $: host is missing"},
		{HEAD HOST "} {}", ":1: $: more text after the end"},
		{HEAD HOST ",}", "a key expected, not '}'"},
		{HEAD HOST " \"kernel\":\"6\"}", "',' or '}' expected"},
		{HEAD "\"kernel\" \"6\"}", "$.kernel: ':' expected"},
		{HEAD "\"kernel\":\"6\n\"}", "$.kernel: control character 0x0a"},
		{HEAD "\"kernel\":\"\\q\"}", "$.kernel: bad escape"},
		{HEAD "\"kernel\":\"\\u0000\"}", "$.kernel: bad escape"},
		{HEAD "\"kernel\":\"\\ud800\"}", "$.kernel: bad escape"},
		{HEAD "\"kernel\":\"\\ud800\\u0041\"}", "$.kernel: bad escape"},
		{HEAD "\"kernel\":\"\\udc00\"}", "$.kernel: bad escape"},
		{HEAD "\"kernel\":\"\xc0\x80\"}",
			"$.kernel: a string is not valid UTF-8"},
		{HEAD "\"kernel\":\"\xed\xa0\x80\"}",
			"$.kernel: a string is not valid UTF-8"},
		{HEAD "\"kernel\":null}", "$.kernel: a string expected, not 'n'"},
		{HEAD "\"kernel\":\"6\",\"kernel\":\"6\"}",
			"$.kernel: the key is there twice"},
		{HEAD "\"colour\":1}", ":1: $.colour: unknown key"},
		{HEAD "\"notes\":[{\"code\":\"a\",\"text\":\"b\"},]}",
			"$.notes[1]: an object expected, not ']'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_error(cases[i][0], cases[i][1]);
}

static void test_value_errors(void **state)
{
	static const char *const cases[][2] = {
		{"\"socks_known\":1", ":3: $.host.socks_known: true or false expected"},
		{"\"socks_known\":truely", "true or false expected, not 't'"},
		{"\"links\":[{\"name\":\"a\"},\n{\"index\":2}]",
			":4: $.host.links[1]: name is missing"},
		{"\"links\":[{\"name\":\"\"}]", ":3: $.host.links[0]: name is missing"},
		{"\"links\":[{\"index\":-1,\"name\":\"a\"}]",
			"$.host.links[0].index: an integer from 0 to 2147483647 "
			"expected, "
			"not '-1'"},
		{"\"links\":[{\"link_netnsid\":-2}]", "an integer from -1 to"},
		{"\"links\":[{\"index\":1.0}]", "expected, not '1.0'"},
		{"\"links\":[{\"index\":1e0}]", "expected, not '1e0'"},
		{"\"links\":[{\"index\":01}]", "expected, not '01'"},
		{"\"links\":[{\"index\":-0}]", "expected, not '-0'"},
		{"\"links\":[{\"index\":\"1\"}]", "an integer expected, not a string"},
		{"\"links\":[{\"index\":99999999999999999999}]", "an integer from"},
		{"\"links\":[{\"mac\":\"02:4\"}]",
			"$.host.links[0].mac: at most 32 bytes"},
		{"\"links\":[{\"mac\":\"02:42:\"}]",
			"$.host.links[0].mac: at most 32 bytes"},
		{"\"links\":[{\"mac\":\"0242\"}]",
			"$.host.links[0].mac: at most 32 bytes"},
		{"\"links\":[{\"mac\":\"0A\"}]",
			"$.host.links[0].mac: at most 32 bytes"},
		{"\"links\":{}", "$.host.links: an array expected, not an object"},
		{"\"addrs\":[{\"local\":\"300.0.0.1\"}]", "$.host.addrs[0].local: "},
		{"\"addrs\":[{\"local\":\"\"}]", "$.host.addrs[0].local: "},
		{"\"addrs\":[{\"local\":\"10.0.0.1\",\"prefix_len\":33}]",
			"$.host.addrs[0]: prefix_len is too long"},
		{"\"addrs\":[{\"prefix_len\":129}]",
			"an integer from 0 to 128 expected"},
		{"\"routes\":[{\"family\":5}]",
			"$.host.routes[0].family: a family is 4 or 6"},
		{"\"routes\":[{\"family\":2}]", "an integer from 4 to 6"},
		{"\"routes\":[{\"family\":4,\"dst\":\"10.0.0.1/8\"}]",
			"$.host.routes[0].dst: "},
		{"\"routes\":[{\"family\":4,\"dst\":\"::/0\"}]",
			"$.host.routes[0]: dst or src is of the other family"},
		{"\"routes\":[{\"family\":4}]", "$.host.routes[0]: dst is missing"},
		{"\"rules\":[{\"family\":4,\"src\":\"::/0\"}]", "of the other family"},
		{"\"rules\":[{\"family\":4,\"sport_lo\":2,\"sport_hi\":1}]",
			"a port range ends before it begins"},
		{"\"rules\":[{\"suppress_prefix_len\":-2}]",
			"an integer from -1 to 128"},
		{"\"socks\":[{\"port\":65536}]",
			"$.host.socks[0].port: an integer from 0 to 65535"},
		{"\"socks\":[{\"proto\":256}]", "an integer from 0 to 255"},
		{"\"socks\":[{\"inode\":18446744073709551616}]",
			"an integer from 0 to 18446744073709551615"},
		{"\"groups\":[{\"ifindex\":2}]", "$.host.groups[0]: group is missing"},
		{"\"groups\":[{\"group\":\"224.0.0.1\",\"ifindex\":-1}]",
			"an integer from 0 to 2147483647"},
		{"\"sysctls\":[{\"name\":\"b\"},{\"name\":\"a\"}]",
			"$.host: sysctls are not sorted"},
		{"\"sysctls\":[{\"name\":\"a\"},{\"name\":\"a\"}]",
			"$.host: sysctls are not sorted by name, or one is there "
			"twice"},
		{"\"ipsets\":[{\"name\":\"s\",\"kind\":\"tree\"}]", "no such kind"},
		{"\"ipsets\":[{\"name\":\"s\",\"ndims\":4}]", "an integer from 0 to 3"},
		{"\"ipsets\":[{\"name\":\"s\",\"ndims\":1}]",
			"$.host.ipsets[0]: ndims is not the number of dim"},
		{"\"ipsets\":[{\"name\":\"s\",\"ndims\":1,\"dim\":[\"none\",\"port\"]}"
		 "]",
			"$.host.ipsets[0]: ndims is not the number of dim"},
		{"\"ipsets\":[{\"dim\":[\"addr\",\"addr\",\"addr\",\"addr\"]}]",
			"$.host.ipsets[0].dim[3]: at most 3 items"},
		{"\"ipsets\":[{\"elements\":[{\"part\":[{\"lo\":\"2\",\"hi\":\"1\"}]}]}"
		 "]",
			"$.host.ipsets[0].elements[0].part[0]: lo is beyond hi"},
		{"\"ipsets\":[{\"elements\":[{\"part\":[{\"lo\":\"02\"}]}]}]",
			"part[0].lo: a hexadecimal number"},
		{"\"ipsets\":[{\"elements\":[{\"part\":[{\"lo\":\"\"}]}]}]",
			"part[0].lo: a hexadecimal number"},
		{"\"ipsets\":[{\"elements\":[{\"part\":[{\"lo\":"
		 "\"100000000000000000000000000000000\"}]}]}]",
			"part[0].lo: a hexadecimal number of at most 128 bits"},
		{"\"legacy\":[{\"valid_hooks\":32}]", "an integer from 0 to 31"},
		{"\"legacy\":[{\"hook_entry\":[1,2,3,4]}]",
			"$.host.legacy[0].hook_entry: 5 numbers expected"},
		{"\"legacy\":[{\"hook_entry\":[1,2,3,4,5,6]}]",
			"$.host.legacy[0].hook_entry[5]: at most 5 items"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_host_error(cases[i][0], cases[i][1]);
}

static void test_base64_errors(void **state)
{
	static const char *const cases[][2] = {
		{"\"nft\":\"AAAA\"", "$.host.nft: an array expected, not a string"},
		{"\"nft\":[\"AAAA\",\n\"AA A\"]",
			":4: $.host.nft[1]: not valid base64"},
		{"\"nft\":[\"AAA\"]", "$.host.nft[0]: not valid base64"},
		{"\"nft\":[\"AAB=\"]", "$.host.nft[0]: not valid base64"},
		{"\"nft\":[\"AA==\",\"AAAA\"]",
			"$.host.nft[1]: base64 after its padding"},
		{"\"nft\":[\"A===\"]", "$.host.nft[0]: not valid base64"},
		{"\"nft\":[\"AA]A\"]", "$.host.nft[0]: not valid base64"},
		{"\"nft\":[\"AAAA\"]", "$.host: nft is no sequence of whole netlink"},
		{"\"nft\":[", "$.host.nft[0]: "},
		{"\"socks\":[{\"comm\":{\"base64\":\"YQBi\"}}]",
			"$.host.socks[0].comm.base64: a NUL byte"},
		{"\"socks\":[{\"comm\":{\"base64\":\"Y\"}}]", "not valid base64"},
		{"\"socks\":[{\"comm\":{\"hex\":\"61\"}}]", "a string or {\"base64\""},
		{"\"socks\":[{\"comm\":{}}]", "$.host.socks[0].comm: a string or"},
		{"\"socks\":[{\"comm\":{\"base64\":\"YQ==\",\"x\":1}}]", "unknown key"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_host_error(cases[i][0], cases[i][1]);
}

static void test_reference_errors(void **state)
{
	static const char *const cases[][2] = {
		{HEAD HOST ",\"containers\":[{\"id\":\"a\"},\n{\"id\":\"b\",\"netns\":"
			   "\"x\"}]}",
			"file.json:2: $.containers[1].netns: no namespace 'x'"},
		{HEAD HOST ",\"netns\":[{\"id\":\"host\"}]}",
			"two namespaces have the id 'host'"},
		{HEAD HOST ",\"netns\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}]}",
			"two namespaces have the id 'a'"},
		{HEAD HOST ",\"containers\":[{\"id\":\"a\",\"labels\":[[\"k\"]]}]}",
			"$.containers[0].labels[0]: [key, value] expected"},
		{HEAD HOST ",\"containers\":[{\"id\":\"a\",\"labels\":[[\"k\",\"v\","
			   "\"w\"]]}]}",
			"$.containers[0].labels[0][2]: [key, value] expected"},
		{HEAD HOST ",\"containers\":[{\"id\":\"a\",\"nets\":[{\"addr4\":\"::"
			   "1\"}]}]}",
			"$.containers[0].nets[0]: addr4 or addr6 is of the other "
			"family"},
	};
	struct facts *facts = NULL;
	struct err err = {0};
	/* The order of keys is free, as after `jq -S`: references come first here. */
	static const char sorted[] =
		HEAD "\"containers\":[{\"id\":\"a\",\"netns\":\"$.netns:1\"}],"
		     "\"host\":{\"id\":\"host\"},\"netns\":[{\"id\":\"$.netns:1\"}]}";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_error(cases[i][0], cases[i][1]);
	if (load(sorted, strlen(sorted), &facts, &err) < 0)
		fail_msg("%s", err.text);
	assert_ptr_equal(facts->containers[0].netns, facts->netns[0]);
	facts_free(facts);
}

static void test_deep_nesting(void **state)
{
	char text[512] = "{\"schema\":\"seawall.snapshot/2\",\"x\":";

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(text, "[");
	expect_error(text, "nested too deep");
}

/* A later version may say more, but then something may hide in what was skipped. */
static void test_later_version(void **state)
{
	static const char text[] =
		"{\"schema\":\"seawall.snapshot/"
		"2\",\"tunnels\":[1,-2.5e+3,{\"a\":[[],{}],"
		"\"b\":null}],\"host\":{\"id\":\"host\",\"weather\":\"wet\"}}";
	static const char *const broken[][2] = {
		{"\"a\":[1,]", "a value expected, not ']'"},
		{"\"a\":nul", "a[0]"},
		{"\"a\":01", "a value expected"},
		{"\"a\":1.", "a value expected"},
		{"\"a\":-", "a value expected"},
		{"\"a\":1e", "a value expected"},
		{"\"a\":{\"b\" 1}", "':' expected"},
	};
	struct facts *facts = NULL;
	struct err err = {0};

	(void)state;
	if (load(text, strlen(text), &facts, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(facts->nnotes, 1);
	assert_string_equal(facts->notes[0].code, "snapshot-newer");
	assert_true(facts->notes[0].hides);
	assert_non_null(strstr(facts->notes[0].text, "2 keys"));
	assert_non_null(strstr(facts->notes[0].text, "'tunnels'"));
	facts_free(facts);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		char bad[256];

		snprintf(bad, sizeof(bad), "{\"schema\":\"seawall.snapshot/2\",%s}",
			broken[i][0]);
		expect_error(bad, i == 1 ? "a value expected" : broken[i][1]);
	}
}

static void test_files(void **state)
{
	struct facts *facts = NULL;
	struct err err = {0};
	char path[] = "/tmp/seawall-test-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(
		write(fd, HEAD HOST "}", strlen(HEAD HOST "}")), strlen(HEAD HOST "}"));
	if (snapshot_load(path, &facts, &err) < 0)
		fail_msg("%s", err.text);
	facts_free(facts);
	assert_int_equal(ftruncate(fd, (off_t)SNAPSHOT_BYTES_MAX + 1), 0); /* sparse */
	assert_int_equal(snapshot_load(path, &facts, &err), -EFBIG);
	close(fd);
	unlink(path);
	assert_int_equal(snapshot_load(path, &facts, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(snapshot_load("/", &facts, &err), -EISDIR);
	assert_int_equal(
		snapshot_load_text("f", "", SNAPSHOT_BYTES_MAX + 1, &facts, &err),
		-EFBIG);
}

/* Whatever would not load again is not saved. */
static void test_save_refuses(void **state)
{
	struct facts *facts = facts_made_full();
	struct link *link = &facts->host->links[0];
	struct err err = {0};
	FILE *null = fopen("/dev/null", "w"), *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(null);
	assert_non_null(full);
	assert_int_equal(snapshot_save(facts, null, &err), 0);
	assert_int_equal(snapshot_save(facts, full, &err), -ENOSPC);
	link->index = -1;
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	assert_non_null(strstr(err.text, "index is out of range"));
	link->index = 1;
	link->mac_len = 33;
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	link->mac_len = 6;
	link->name = NULL;
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	assert_non_null(strstr(err.text, "link: name is missing"));
	link->name = "eth0";
	facts->host->routes[0].dst.value |= 1;
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	assert_non_null(strstr(err.text, "host bits"));
	facts->host->routes[0].dst.value ^= 1;
	facts->containers[0].netns = &(struct netns){.id = "elsewhere"};
	assert_int_equal(snapshot_save(facts, null, &err), -EINVAL);
	assert_non_null(strstr(err.text, "none of the namespaces"));
	facts->containers[0].netns = NULL;
	assert_int_equal(snapshot_save(facts, null, &err), 0);
	fclose(null);
	fclose(full);
	facts_free(facts);
}

/* ---- damage ---- */

/* A few lines that hold a member of each kind. */
static const char small[] = HEAD
	"\"hostname\":\"h\\u00e4\\\"\",\n"
	"\"host\":{\"id\":\"host\",\"nft\":[\"AAAA\",\"AAAA\",\"AAAA\",\"AAAA\"],"
	"\"legacy\":[{\"family\":4,\"name\":\"nat\",\"hook_entry\":[1,2,3,4,5]}],\n"
	"\"ipsets\":[{\"name\":\"s\",\"kind\":\"addr\",\"ndims\":1,\"dim\":[\"addr\"],"
	"\"elements\":[{\"part\":[{\"lo\":\"1\",\"hi\":\"ff\"}]}]}],\n"
	"\"links\":[{\"index\":1,\"name\":\"lo\",\"mac\":\"00:01\",\"up\":true}],\n"
	"\"routes\":[{\"family\":6,\"dst\":\"2001:db8::/32\","
	"\"hops\":[{\"gateway\":\"fe80::1\"}]}],"
	"\"sysctls\":[{\"name\":\"a\",\"value\":-1},{\"name\":\"b\"}]},\n"
	"\"netns\":[{\"id\":\"n\"}],\n"
	"\"containers\":[{\"id\":\"c\",\"name\":{\"base64\":\"/w==\"},"
	"\"labels\":[[\"k\",\"v\"]],\"cap_add\":[\"X\"],\"netns\":\"n\"}],\n"
	"\"networks\":[{\"subnets\":[\"10.0.0.0/8\"]}]}";

static void test_truncations(void **state)
{
	struct facts *facts = NULL;
	struct err err = {0};

	(void)state;
	if (load(small, strlen(small), &facts, &err) < 0)
		fail_msg("%s", err.text);
	facts_free(facts);
	for (size_t len = 0; len < strlen(small); len++) {
		facts = NULL;
		err = (struct err){0};
		if (load(small, len, &facts, &err) == 0)
			fail_msg("the first %zu bytes were loaded", len);
		assert_null(facts);
		assert_int_equal(strncmp(err.text, "file.json:", 10), 0);
	}
}

/* Every single bit: no crash, and what loads can be saved and loaded again. */
static void test_bit_flips(void **state)
{
	char text[sizeof(small)];
	size_t loaded = 0, refused = 0;

	(void)state;
	for (size_t bit = 0; bit < 8 * strlen(small); bit++) {
		struct facts *facts = NULL, *again = NULL;
		struct err err = {0};
		size_t len;
		char *saved;

		memcpy(text, small, sizeof(small));
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		if (load(text, strlen(small), &facts, &err) < 0) {
			refused++;
			continue;
		}
		loaded++;
		saved = save_text(facts, &len);
		if (load(saved, len, &again, &err) < 0)
			fail_msg("bit %zu: %s", bit, err.text);
		free(saved);
		facts_free(facts);
		facts_free(again);
	}
	assert_true(loaded > 100 && refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_every_member_is_described),
		cmocka_unit_test(test_syntax_errors),
		cmocka_unit_test(test_value_errors),
		cmocka_unit_test(test_base64_errors),
		cmocka_unit_test(test_reference_errors),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_later_version),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_save_refuses),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_bit_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
