/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts to JSON: walks the tables of snapshot_fields.c. */
#include "netmon/model/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base64.h"
#include "common/utf8.h"
#include "netmon/model/snapshot_fields.h"

/*
 * One object a line, and base64 in lines, so that two snapshots compare well with diff:
 * common/jsonw.h would put everything on one line, or each number on its own.
 * Whatever loading would refuse is refused here: a snapshot that cannot be read again
 * is noticed while the host is still at hand.
 */

#define LINE_BYTES 96 /* of a blob, in one line of base64; a multiple of 3 */

struct saver {
	FILE *stream;
	struct err *err;
	const struct facts *facts;
};

static int save_record(
	struct saver *s, const struct record *record, const void *object, bool top);

static void put(struct saver *s, const char *text)
{
	(void)fputs_unlocked(text, s->stream);
}

static bool is_utf8(const char *text)
{
	size_t len = strlen(text), used;
	uint32_t code;

	for (size_t i = 0; i < len; i += used) {
		used = utf8_decode(text + i, len - i, &code);
		if (!used)
			return false;
	}
	return true;
}

static void put_base64(struct saver *s, const void *data, size_t len)
{
	char text[BASE64_TEXT(LINE_BYTES)];
	const uint8_t *from = data;

	putc_unlocked('"', s->stream);
	while (len) {
		size_t n = len < LINE_BYTES ? len : LINE_BYTES;

		base64_encode(from, n, text);
		(void)fwrite_unlocked(text, 1, BASE64_TEXT(n), s->stream);
		from += n;
		len -= n;
	}
	putc_unlocked('"', s->stream);
}

static void put_string(struct saver *s, const char *text)
{
	if (!is_utf8(text)) {
		put(s, "{\"base64\":");
		put_base64(s, text, strlen(text));
		put(s, "}");
		return;
	}
	putc_unlocked('"', s->stream);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc_unlocked('\\', s->stream);
		if ((unsigned char)*text < ' ')
			(void)fprintf(s->stream, "\\u%04x", (unsigned int)*text);
		else
			putc_unlocked(*text, s->stream);
	}
	putc_unlocked('"', s->stream);
}

static int refuse(struct saver *s, const struct member *member, const char *what)
{
	return err_set(
		s->err, -EINVAL, "cannot save the facts: %s %s", member->name, what);
}

static int save_number(struct saver *s, const struct member *member, const void *object)
{
	int64_t value = member_number(member, object), low;
	uint64_t high;
	bool negative = member->kind == MEMBER_SIGNED && value < 0;

	member_range(member, &low, &high);
	if (negative ? value < low : (uint64_t)value > high)
		return refuse(s, member, "is out of range");
	if (negative)
		(void)fprintf(s->stream, "%" PRId64, value);
	else
		(void)fprintf(s->stream, "%" PRIu64, (uint64_t)value);
	return 0;
}

static int save_enum(struct saver *s, const struct member *member, uint32_t value)
{
	for (uint32_t i = 0; member->names[i]; i++) {
		if (i == value) {
			(void)fprintf(s->stream, "\"%s\"", member->names[i]);
			return 0;
		}
	}
	return refuse(s, member, "has no such value");
}

static void save_u128(struct saver *s, u128 value)
{
	uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;

	if (high)
		(void)fprintf(s->stream, "\"%" PRIx64 "%016" PRIx64 "\"", high, low);
	else
		(void)fprintf(s->stream, "\"%" PRIx64 "\"", low);
}

static bool family_valid(enum family family)
{
	return family == FAMILY_IP4 || family == FAMILY_IP6;
}

static int save_addr(
	struct saver *s, const struct member *member, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	if (!family_valid(addr->family) || addr->value > addr_max(addr->family))
		return refuse(s, member, "is no address");
	(void)fprintf(s->stream, "\"%s\"", addr_format(addr, text));
	return 0;
}

static int save_prefix(
	struct saver *s, const struct member *member, const struct prefix *prefix)
{
	char text[ADDR_TEXT_MAX];

	if (!family_valid(prefix->family) || prefix->len > addr_bits(prefix->family) ||
		(prefix->value & ~prefix_mask(prefix->family, prefix->len)))
		return refuse(s, member, "is no prefix, or has host bits set");
	(void)fprintf(s->stream, "\"%s\"", prefix_format(prefix, text));
	return 0;
}

static int save_bytes(struct saver *s, const struct member *member, const void *object)
{
	const uint8_t *bytes = member_at(member, object);
	size_t n = member_count(member, object);

	if (n > member->fixed)
		return refuse(s, member, "is too long");
	for (size_t i = 0; i < n; i++)
		(void)fprintf(s->stream, "%s%02x", i ? ":" : "\"", bytes[i]);
	put(s, "\"");
	return 0;
}

static void save_blob(struct saver *s, const struct blob *blob)
{
	for (size_t i = 0; i < blob->len; i += LINE_BYTES) {
		size_t left = blob->len - i;

		put(s, i ? ",\n" : "[\n");
		put_base64(s, blob->data + i, left < LINE_BYTES ? left : LINE_BYTES);
	}
	put(s, "]");
}

/* The reference is by id, and the id must be that of a namespace in the file. */
static int save_netns(
	struct saver *s, const struct member *member, const struct netns *netns)
{
	bool known = netns == s->facts->host;

	for (size_t i = 0; i < s->facts->nnetns && !known; i++)
		known = netns == s->facts->netns[i];
	if (!known)
		return refuse(s, member, "is none of the namespaces");
	put_string(s, netns->id);
	return 0;
}

/* Item @i of an array whatever its kind. */
static int save_item(
	struct saver *s, const struct member *member, const void *object, size_t i)
{
	const char *at = member_at(member, object);
	bool embedded = member->kind == MEMBER_NUMBERS ||
			member->kind == MEMBER_ENUMS || member->kind == MEMBER_PARTS;
	/* What lies within the object is not aligned for a pointer. */
	const char *items = embedded ? NULL : *(const char *const *)(const void *)at;
	const char *const *strings = (const char *const *)(const void *)items;
	uint32_t number;

	switch ((unsigned int)member->kind) {
	case MEMBER_NUMBERS:
	case MEMBER_ENUMS:
		memcpy(&number, at + i * sizeof(number), sizeof(number));
		if (member->kind == MEMBER_ENUMS)
			return save_enum(s, member, number);
		(void)fprintf(s->stream, "%" PRIu32, number);
		return 0;
	case MEMBER_PARTS:
		return save_record(s, member->record,
			at + i * (member->size / member->fixed), false);
	case MEMBER_RECORDS:
		return save_record(
			s, member->record, items + i * member->record->size, false);
	case MEMBER_RECORD_POINTERS:
		return save_record(s, member->record, strings[i], false);
	case MEMBER_PREFIXES:
		return save_prefix(
			s, member, &((const struct prefix *)(const void *)items)[i]);
	case MEMBER_STRINGS:
		if (!strings[i])
			return refuse(s, member, "holds no string");
		put_string(s, strings[i]);
		return 0;
	default: /* MEMBER_PAIRS */
		if (!strings[2 * i] || !strings[2 * i + 1])
			return refuse(s, member, "holds no string");
		put(s, "[");
		put_string(s, strings[2 * i]);
		put(s, ",");
		put_string(s, strings[2 * i + 1]);
		put(s, "]");
		return 0;
	}
}

static int save_array(struct saver *s, const struct member *member, const void *object)
{
	bool lines = member->kind == MEMBER_RECORDS ||
		     member->kind == MEMBER_RECORD_POINTERS;
	size_t n;
	int rc;

	if (member->kind == MEMBER_NUMBERS)
		n = member->fixed;
	else if (member->kind == MEMBER_ENUMS || member->kind == MEMBER_PARTS)
		n = member_used(member, object);
	else
		n = member_count(member, object);
	if (n > SNAPSHOT_ITEMS_MAX)
		return refuse(s, member, "has too many items");
	put(s, "[");
	for (size_t i = 0; i < n; i++) {
		put(s, i ? "," : "");
		put(s, lines ? "\n" : "");
		rc = save_item(s, member, object, i);
		if (rc < 0)
			return rc;
	}
	put(s, "]");
	return 0;
}

static int save_member(struct saver *s, const struct member *member, const void *object)
{
	const void *at = member_at(member, object);

	switch (member->kind) {
	case MEMBER_BOOL:
		put(s, "true");
		return 0;
	case MEMBER_SIGNED:
	case MEMBER_UNSIGNED:
		return save_number(s, member, object);
	case MEMBER_U128:
		save_u128(s, *(const u128 *)at);
		return 0;
	case MEMBER_ENUM:
		return save_enum(s, member, (uint32_t)member_number(member, object));
	case MEMBER_FAMILY:
		if (!family_valid(*(const enum family *)at))
			return refuse(s, member, "is no family");
		(void)fprintf(s->stream, "%d", (int)*(const enum family *)at);
		return 0;
	case MEMBER_STRING:
		put_string(s, *(const char *const *)at);
		return 0;
	case MEMBER_ADDR:
		return save_addr(s, member, at);
	case MEMBER_PREFIX:
		return save_prefix(s, member, at);
	case MEMBER_BLOB:
		save_blob(s, at);
		return 0;
	case MEMBER_BYTES:
		return save_bytes(s, member, object);
	case MEMBER_RECORD:
		return save_record(s, member->record, *(const void *const *)at, false);
	case MEMBER_NETNS:
		return save_netns(s, member, *(const struct netns *const *)at);
	case MEMBER_NUMBERS:
	case MEMBER_ENUMS:
	case MEMBER_PARTS:
	case MEMBER_RECORDS:
	case MEMBER_RECORD_POINTERS:
	case MEMBER_PREFIXES:
	case MEMBER_STRINGS:
	case MEMBER_PAIRS:
		return save_array(s, member, object);
	}
	return refuse(s, member, "is of no known kind");
}

static int save_record(
	struct saver *s, const struct record *record, const void *object, bool top)
{
	const struct member *broken = record_broken(record, object);
	const char *what = broken ? NULL : record->check ? record->check(object) : NULL;
	bool first = !top;
	int rc;

	if (broken || what)
		return err_set(s->err, -EINVAL, "cannot save the facts: %s: %s%s",
			record->name, broken ? broken->name : what,
			broken ? " is missing" : "");
	if (top)
		(void)fprintf(s->stream, "{\"schema\":\"" SNAPSHOT_SCHEMA "%d\"",
			SNAPSHOT_VERSION);
	else
		put(s, "{");
	for (size_t i = 0; i < record->nmembers; i++) {
		const struct member *member = &record->members[i];

		if (member_is_empty(member, object))
			continue;
		put(s, first ? "" : top ? ",\n" : ",");
		first = false;
		(void)fprintf(s->stream, "\"%s\":", member->name);
		rc = save_member(s, member, object);
		if (rc < 0)
			return rc;
	}
	put(s, top ? "}\n" : "}");
	return 0;
}

int snapshot_save(const struct facts *facts, FILE *stream, struct err *err)
{
	struct saver s = {.stream = stream, .err = err, .facts = facts};
	int rc = save_record(&s, &snapshot_facts_record, facts, true);

	if (rc < 0)
		return rc;
	errno = 0;
	if (fflush(stream) < 0 || ferror(stream))
		return err_errno(err, errno ? -errno : -EIO, "write the snapshot");
	return 0;
}
