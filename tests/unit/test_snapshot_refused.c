/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots: nothing wrong gets in, and the message says where it is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/model/snapshot.h"
#include "snapshot_made.h"

static void expect_error(const char *text, const char *want)
{
	struct facts *facts = NULL;
	struct err err = {0};
	int rc = snapshot_made_load(text, strlen(text), &facts, &err);

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

	snprintf(text, sizeof(text), SNAPSHOT_HEAD "\n\"host\":{\"id\":\"host\",\n%s}}",
		inside);
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
		{SNAPSHOT_HEAD SNAPSHOT_HOST "} {}", ":1: $: more text after the end"},
		{SNAPSHOT_HEAD SNAPSHOT_HOST ",}", "a key expected, not '}'"},
		{SNAPSHOT_HEAD SNAPSHOT_HOST " \"kernel\":\"6\"}",
			"',' or '}' expected"},
		{SNAPSHOT_HEAD "\"kernel\" \"6\"}", "$.kernel: ':' expected"},
		{SNAPSHOT_HEAD "\"kernel\":\"6\n\"}",
			"$.kernel: control character 0x0a"},
		{SNAPSHOT_HEAD "\"kernel\":\"\\q\"}", "$.kernel: bad escape"},
		{SNAPSHOT_HEAD "\"kernel\":\"\\u0000\"}", "$.kernel: bad escape"},
		{SNAPSHOT_HEAD "\"kernel\":\"\\ud800\"}", "$.kernel: bad escape"},
		{SNAPSHOT_HEAD "\"kernel\":\"\\ud800\\u0041\"}",
			"$.kernel: bad escape"},
		{SNAPSHOT_HEAD "\"kernel\":\"\\udc00\"}", "$.kernel: bad escape"},
		{SNAPSHOT_HEAD "\"kernel\":\"\xc0\x80\"}",
			"$.kernel: a string is not valid UTF-8"},
		{SNAPSHOT_HEAD "\"kernel\":\"\xed\xa0\x80\"}",
			"$.kernel: a string is not valid UTF-8"},
		{SNAPSHOT_HEAD "\"kernel\":null}",
			"$.kernel: a string expected, not 'n'"},
		{SNAPSHOT_HEAD "\"kernel\":\"6\",\"kernel\":\"6\"}",
			"$.kernel: the key is there twice"},
		{SNAPSHOT_HEAD "\"colour\":1}", ":1: $.colour: unknown key"},
		{SNAPSHOT_HEAD "\"notes\":[{\"code\":\"a\",\"text\":\"b\"},]}",
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
		{SNAPSHOT_HEAD SNAPSHOT_HOST
			",\"containers\":[{\"id\":\"a\"},\n{\"id\":\"b\",\"netns\":"
			"\"x\"}]}",
			"file.json:2: $.containers[1].netns: no namespace 'x'"},
		{SNAPSHOT_HEAD SNAPSHOT_HOST ",\"netns\":[{\"id\":\"host\"}]}",
			"two namespaces have the id 'host'"},
		{SNAPSHOT_HEAD SNAPSHOT_HOST
			",\"netns\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}]}",
			"two namespaces have the id 'a'"},
		{SNAPSHOT_HEAD SNAPSHOT_HOST
			",\"containers\":[{\"id\":\"a\",\"labels\":[[\"k\"]]}]}",
			"$.containers[0].labels[0]: [key, value] expected"},
		{SNAPSHOT_HEAD SNAPSHOT_HOST
			",\"containers\":[{\"id\":\"a\",\"labels\":[[\"k\",\"v\","
			"\"w\"]]}]}",
			"$.containers[0].labels[0][2]: [key, value] expected"},
		{SNAPSHOT_HEAD SNAPSHOT_HOST
			",\"containers\":[{\"id\":\"a\",\"nets\":[{\"addr4\":\"::"
			"1\"}]}]}",
			"$.containers[0].nets[0]: addr4 or addr6 is of the other "
			"family"},
	};
	struct facts *facts = NULL;
	struct err err = {0};
	/* The order of keys is free, as after `jq -S`: references come first here. */
	static const char sorted[] = SNAPSHOT_HEAD
		"\"containers\":[{\"id\":\"a\",\"netns\":\"$.netns:1\"}],"
		"\"host\":{\"id\":\"host\"},\"netns\":[{\"id\":\"$.netns:1\"}]}";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_error(cases[i][0], cases[i][1]);
	if (snapshot_made_load(sorted, strlen(sorted), &facts, &err) < 0)
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
	if (snapshot_made_load(text, strlen(text), &facts, &err) < 0)
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

/* ---- damage ---- */

/* A few lines that hold a member of each kind. */
static const char small[] = SNAPSHOT_HEAD
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
	if (snapshot_made_load(small, strlen(small), &facts, &err) < 0)
		fail_msg("%s", err.text);
	facts_free(facts);
	for (size_t len = 0; len < strlen(small); len++) {
		facts = NULL;
		err = (struct err){0};
		if (snapshot_made_load(small, len, &facts, &err) == 0)
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
		if (snapshot_made_load(text, strlen(small), &facts, &err) < 0) {
			refused++;
			continue;
		}
		loaded++;
		saved = snapshot_made_text(facts, &len);
		if (snapshot_made_load(saved, len, &again, &err) < 0)
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
		cmocka_unit_test(test_syntax_errors),
		cmocka_unit_test(test_value_errors),
		cmocka_unit_test(test_base64_errors),
		cmocka_unit_test(test_reference_errors),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_later_version),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_bit_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
