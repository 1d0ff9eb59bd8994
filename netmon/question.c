/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question about one packet, from words or from a line of JSON. */
#include "netmon/question.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/proto.h"
#include "common/zone.h"

static int parse_port(
	const char *name, const char *text, int *ret_port, struct err *err)
{
	unsigned int port = 0;

	if (!text)
		return err_set(err, -EINVAL, "%s: none given", name);
	size_t len = strlen(text);
	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return err_set(err, -EINVAL, "%s: '%s' is not a port: give 1 to 65535",
			name, text);
	for (const char *c = text; *c; c++)
		port = port * 10 + (unsigned int)(*c - '0');
	if (port == 0 || port > UINT16_MAX)
		return err_set(err, -EINVAL, "%s: %u is not a port: give 1 to 65535",
			name, port);
	*ret_port = (int)port;
	return 0;
}

static int parse_address(
	const char *name, const char *text, struct addr *ret_addr, struct err *err)
{
	if (!text || text[0] == '\0')
		return err_set(err, -EINVAL, "%s: no address given", name);
	if (addr_parse(text, ret_addr, err) < 0)
		return err_wrap(err, "%s", name);
	return 0;
}

static int parse_proto(const char *text, uint8_t *ret_proto, struct err *err)
{
	if (proto_parse(text, ret_proto))
		return 0;
	return err_set(
		err, -EINVAL, "proto: '%s' is not known: give " PROTO_NAMES, text);
}

/* The zone whose sources hold this one; what is in neither only a neighbour can send.
 */
static int zone_of(const struct addr *from, enum zone *ret_zone, struct err *err)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	const struct ivset *internet = zone_internet(&scratch, from->family);
	const struct ivset *private = zone_private(&scratch, from->family);
	bool failed = arena_failed(&scratch);
	*ret_zone = ivset_contains(internet, from->value)  ? ZONE_INTERNET
		    : ivset_contains(private, from->value) ? ZONE_PRIVATE
							   : ZONE_ADJACENT;
	arena_done(&scratch);
	return failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int parse_zone(const struct question_words *words, const struct addr *from,
	enum zone *ret_zone, struct err *err)
{
	if (!words->zone)
		return zone_of(from, ret_zone, err);
	for (int zone = 0; zone < ZONE_COUNT; zone++) {
		if (strcmp(words->zone, zone_name((enum zone)zone)) == 0) {
			*ret_zone = (enum zone)zone;
			return 0;
		}
	}
	if (strcmp(words->zone, "host") == 0)
		return err_set(err, -EINVAL,
			"zone: what this host sends itself is not analysed: give "
			"internet, "
			"private or adjacent");
	if (strcmp(words->zone, "container") != 0)
		return err_set(err, -EINVAL,
			"zone: '%s' is not known: give internet, private or adjacent",
			words->zone);
	if (!words->in)
		return err_set(err, -EINVAL,
			"zone: '%s' alone does not say where the packet comes from: "
			"give in, the interface",
			words->zone);
	return zone_of(from, ret_zone, err);
}

int question_parse(const struct question_words *words, struct question *ret_question,
	struct err *err)
{
	struct question question = {.sport = -1, .in = words->in};
	int port, rc;

	rc = parse_address("from", words->from, &question.from, err);
	if (rc == 0)
		rc = parse_address("to", words->to, &question.to, err);
	if (rc == 0 && question.from.family != question.to.family)
		rc = err_set(err, -EINVAL,
			"from and to: one is IPv4 and the other IPv6: give two of a "
			"kind");
	if (rc == 0)
		rc = parse_port("port", words->port, &port, err);
	if (rc == 0 && words->sport)
		rc = parse_port("sport", words->sport, &question.sport, err);
	if (rc == 0)
		rc = parse_proto(
			words->proto ? words->proto : "tcp", &question.proto, err);
	if (rc == 0)
		rc = parse_zone(words, &question.from, &question.zone, err);
	if (rc == 0 && words->in && strcmp(words->in, "lo") == 0)
		rc = err_set(err, -EINVAL,
			"in: nothing from outside comes in by lo, and what this host "
			"sends "
			"itself is not analysed: give another interface");
	if (rc < 0)
		return rc;
	question.port = (uint16_t)port;
	*ret_question = question;
	return 0;
}

static const char *const keys[] = {
	"from", "to", "proto", "port", "sport", "in", "zone"};

/* A member as a word: a string as it is, a number of a port as its digits. */
static const char *member_word(
	const struct json_node *root, const char *key, struct arena *arena)
{
	const struct json_node *member = json_member(root, key);
	bool number = strcmp(key, "port") == 0 || strcmp(key, "sport") == 0;

	if (!member || member->kind == JSON_KIND_NULL)
		return NULL;
	if (number) {
		if (!json_is(member, JSON_KIND_INTEGER))
			return NULL;
		return arena_printf(arena, "%lld", (long long)member->integer);
	}
	return json_is(member, JSON_KIND_STRING) ? arena_strdup(arena, member->string)
						 : NULL;
}

static int read_words(const struct json_node *root, struct arena *arena,
	struct question_words *ret_words)
{
	if (!json_is(root, JSON_KIND_OBJECT))
		return -EINVAL;
	(void)json_known_keys(root, keys, ARRAY_LEN(keys));
	ret_words->from = member_word(root, "from", arena);
	ret_words->to = member_word(root, "to", arena);
	ret_words->proto = member_word(root, "proto", arena);
	ret_words->port = member_word(root, "port", arena);
	ret_words->sport = member_word(root, "sport", arena);
	ret_words->in = member_word(root, "in", arena);
	ret_words->zone = member_word(root, "zone", arena);
	return 0;
}

/* "NAME:1: PATH: message", where the line that counts is that of the whole input. */
static int line_error(struct err *err, size_t number, const char *text)
{
	const char *rest = strstr(text, ": ");

	return err_set(err, -EINVAL, "line %zu: %s", number, rest ? rest + 2 : text);
}

int question_parse_line(const char *text, size_t len, size_t number,
	struct arena *arena, struct question *ret_question, struct err *err)
{
	_cleanup_(cleanup_json_doc) struct json_doc *doc = NULL;
	struct question_words words = {0};
	struct json_errors errors;
	struct err first = {0};

	json_errors_init(&errors);
	int rc = json_doc_load_text("question", text, len, &errors, &doc, &first);
	if (rc == 0)
		(void)read_words(json_doc_root(doc), arena, &words);
	if (rc == -ENOMEM || arena_failed(arena))
		rc = err_set(err, -ENOMEM, "out of memory");
	else if (errors.count > 0)
		rc = line_error(err, number, errors.list[0].text);
	else if (rc < 0)
		rc = line_error(err, number, first.text);
	json_doc_free(TAKE_PTR(doc));
	json_errors_done(&errors);
	if (rc < 0)
		return rc;
	rc = question_parse(&words, ret_question, &first);
	if (rc < 0)
		return err_set(err, rc, "line %zu: %s", number, first.text);
	return 0;
}
