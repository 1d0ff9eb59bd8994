/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One object of a snapshot's JSON into the struct that a table describes. */
#include "netmon/model/snapshot_read.h"

#include <string.h>

#include "common/base64.h"
#include "netmon/model/snapshot.h"

static int load_record(struct loader *l, const struct record *record, void *object);

static void *target(const struct member *member, void *object)
{
	return (char *)object + member->offset;
}

static int load_string(struct loader *l, const char **ret_string);

/* {"base64": "..."}: a string of any bytes but NUL. */
static int load_byte_string(struct loader *l, const char **ret_string)
{
	struct jsonr_text key, text;
	size_t len;
	char *bytes;
	int rc = jsonr_object(&l->r);

	if (rc == 0)
		rc = jsonr_key(&l->r, &key);
	if (rc < 0)
		return rc;
	if (rc == 0 || key.len != 6 || memcmp(key.data, "base64", 6) != 0)
		return jsonr_fail(&l->r, "a string or {\"base64\": ...} expected");
	rc = jsonr_plain(&l->r, &text);
	if (rc < 0)
		return rc;
	bytes = arena_alloc(&l->facts->arena, text.len / 4 * 3 + 1);
	if (!bytes)
		return jsonr_fail_memory(&l->r);
	if (base64_decode(text.data, text.len, (uint8_t *)bytes, &len) < 0)
		return jsonr_fail(&l->r, "not valid base64");
	bytes[len] = '\0';
	if (strlen(bytes) != len)
		return jsonr_fail(&l->r, "a NUL byte within a string");
	rc = jsonr_key(&l->r, &key);
	if (rc != 0)
		return rc < 0 ? rc : jsonr_fail(&l->r, "unknown key");
	*ret_string = bytes;
	return 0;
}

static int load_string(struct loader *l, const char **ret_string)
{
	struct jsonr_text text;
	int rc;

	if (jsonr_next(&l->r) == '{')
		return load_byte_string(l, ret_string);
	rc = jsonr_string(&l->r, &text);
	if (rc < 0)
		return rc;
	*ret_string = arena_strndup(&l->facts->arena, text.data, text.len);
	return *ret_string ? 0 : jsonr_fail_memory(&l->r);
}

/* A short string without escapes, terminated. */
static int load_word(
	struct loader *l, char buffer[static ADDR_TEXT_MAX], const char *what)
{
	struct jsonr_text text;
	int rc = jsonr_plain(&l->r, &text);

	if (rc < 0)
		return rc;
	if (text.len >= ADDR_TEXT_MAX || memchr(text.data, '\0', text.len))
		return jsonr_fail(&l->r, "%s expected", what);
	memcpy(buffer, text.data, text.len);
	buffer[text.len] = '\0';
	return 0;
}

static int load_addr(struct loader *l, struct addr *ret_addr)
{
	char text[ADDR_TEXT_MAX];
	struct err err = {0};
	int rc = load_word(l, text, "an address");

	if (rc < 0)
		return rc;
	if (addr_parse(text, ret_addr, &err) < 0)
		return jsonr_fail(&l->r, "%s", err.text);
	return 0;
}

static int load_prefix(struct loader *l, struct prefix *ret_prefix)
{
	char text[ADDR_TEXT_MAX];
	struct err err = {0};
	int rc = load_word(l, text, "a prefix");

	if (rc < 0)
		return rc;
	if (prefix_parse(text, ret_prefix, &err) < 0)
		return jsonr_fail(&l->r, "%s", err.text);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int load_u128(struct loader *l, u128 *ret_value)
{
	struct jsonr_text text;
	u128 value = 0;
	bool valid;
	int rc = jsonr_plain(&l->r, &text);

	if (rc < 0)
		return rc;
	valid = text.len > 0 && text.len <= 32 && (text.len == 1 || *text.data != '0');
	for (size_t i = 0; valid && i < text.len; i++) {
		int digit = hex_digit(text.data[i]);

		valid = digit >= 0;
		value = value << 4 | (unsigned int)digit;
	}
	if (!valid)
		return jsonr_fail(&l->r, "a hexadecimal number of at most 128 bits "
					 "without leading zeros expected");
	*ret_value = value;
	return 0;
}

static int load_enum(struct loader *l, const struct member *member, void *at)
{
	struct jsonr_text text;
	int rc = jsonr_plain(&l->r, &text);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; member->names[i]; i++) {
		if (strlen(member->names[i]) == text.len &&
			memcmp(member->names[i], text.data, text.len) == 0) {
			memcpy(at, &i, sizeof(i));
			return 0;
		}
	}
	return jsonr_fail(&l->r, "no such %s", member->name);
}

static int load_number(struct loader *l, const struct member *member, void *object)
{
	int64_t low, value;
	uint64_t high;
	int rc;

	member_range(member, &low, &high);
	rc = jsonr_integer(&l->r, low, high, &value);
	if (rc == 0)
		member_set_number(member, object, value);
	return rc;
}

static int load_family(struct loader *l, enum family *ret_family)
{
	int64_t value;
	int rc = jsonr_integer(&l->r, 4, 6, &value);

	if (rc < 0)
		return rc;
	if (value == 5)
		return jsonr_fail(&l->r, "a family is 4 or 6");
	*ret_family = value == 4 ? FAMILY_IP4 : FAMILY_IP6;
	return 0;
}

static int load_bytes(struct loader *l, const struct member *member, void *object)
{
	uint8_t *at = target(member, object);
	uint8_t *count = (uint8_t *)object + member->count_offset;
	struct jsonr_text text;
	int rc = jsonr_plain(&l->r, &text);

	if (rc < 0)
		return rc;
	*count = 0;
	for (size_t i = 0; i < text.len; i += 3) {
		int high = hex_digit(text.data[i]);
		int low = text.len - i > 1 ? hex_digit(text.data[i + 1]) : -1;

		if (high < 0 || low < 0 || *count == member->fixed ||
			(text.len - i > 2 &&
				(text.data[i + 2] != ':' || text.len - i == 3)))
			return jsonr_fail(&l->r,
				"at most %u bytes like \"02:42\" expected",
				member->fixed);
		at[(*count)++] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int load_blob(struct loader *l, struct blob *ret_blob)
{
	struct jsonr *r = &l->r;
	struct jsonr_text text;
	const char *end;
	uint8_t *data;
	size_t room, used = 0, len = 0;
	int rc = jsonr_array(r);

	if (rc < 0)
		return rc;
	/* Base64 holds no bracket, so this is the array's end, or the array is invalid.
	 */
	end = memchr(r->text + r->off, ']', r->len - r->off);
	room = end ? (size_t)(end - (r->text + r->off)) / 4 * 3 : 0;
	data = arena_alloc(&l->facts->arena, room + 1);
	if (!data)
		return jsonr_fail_memory(r);
	while ((rc = jsonr_item(r)) > 0) {
		if (len % 3)
			return jsonr_fail(r, "base64 after its padding");
		rc = jsonr_plain(r, &text);
		if (rc < 0)
			return rc;
		if (text.len / 4 * 3 > room - used ||
			base64_decode(text.data, text.len, data + used, &len) < 0)
			return jsonr_fail(r, "not valid base64");
		used += len;
	}
	if (rc == 0)
		*ret_blob = (struct blob){.data = used ? data : NULL, .len = used};
	return rc;
}

static int load_netns(struct loader *l, const struct netns **ret_netns)
{
	struct reference *reference = arena_alloc(&l->facts->arena, sizeof(*reference));

	if (!reference)
		return jsonr_fail_memory(&l->r);
	reference->line = l->r.line;
	*ret_netns = &reference->netns;
	return load_string(l, &reference->netns.id);
}

static int load_pair(struct loader *l, const char **pair)
{
	int rc = jsonr_array(&l->r);

	for (int i = 0; rc == 0 && i < 2; i++) {
		rc = jsonr_item(&l->r);
		if (rc >= 0)
			rc = rc ? load_string(l, &pair[i])
				: jsonr_fail(&l->r, "[key, value] expected");
	}
	if (rc == 0)
		rc = jsonr_item(&l->r);
	return rc > 0 ? jsonr_fail(&l->r, "[key, value] expected") : rc;
}

/* Arrays of fixed length: NUMBERS (all must be there), ENUMS and PARTS (some may). */
static int load_fixed(struct loader *l, const struct member *member, void *object)
{
	size_t size = member->size / member->fixed, n = 0;
	int64_t number;
	uint32_t value;
	int rc = jsonr_array(&l->r);

	if (rc < 0)
		return rc;
	while ((rc = jsonr_item(&l->r)) > 0) {
		char *at = (char *)target(member, object) + n * size;

		if (n++ == member->fixed)
			return jsonr_fail(&l->r, "at most %u items", member->fixed);
		if (member->kind == MEMBER_PARTS) {
			rc = load_record(l, member->record, at);
		} else if (member->kind == MEMBER_ENUMS) {
			rc = load_enum(l, member, at);
		} else {
			rc = jsonr_integer(&l->r, 0, UINT32_MAX, &number);
			value = (uint32_t)(rc < 0 ? 0 : number);
			memcpy(at, &value, sizeof(value));
		}
		if (rc < 0)
			return rc;
	}
	if (rc == 0 && member->kind == MEMBER_NUMBERS && n != member->fixed)
		return jsonr_fail(&l->r, "%u numbers expected", member->fixed);
	return rc;
}

static size_t item_size(const struct member *member)
{
	switch ((unsigned int)member->kind) {
	case MEMBER_RECORDS:
		return member->record->size;
	case MEMBER_PREFIXES:
		return sizeof(struct prefix);
	case MEMBER_PAIRS:
		return sizeof(const char *[2]);
	default:
		return sizeof(void *);
	}
}

static int load_item(struct loader *l, const struct member *member, void *item)
{
	void *object;

	switch ((unsigned int)member->kind) {
	case MEMBER_RECORDS:
		return load_record(l, member->record, item);
	case MEMBER_RECORD_POINTERS:
		object = arena_alloc(&l->facts->arena, member->record->size);
		if (!object)
			return jsonr_fail_memory(&l->r);
		*(void **)item = object;
		return load_record(l, member->record, object);
	case MEMBER_PREFIXES:
		return load_prefix(l, item);
	case MEMBER_PAIRS:
		return load_pair(l, item);
	default: /* MEMBER_STRINGS */
		return load_string(l, item);
	}
}

static int load_array(struct loader *l, const struct member *member, void *object)
{
	size_t *count = (size_t *)(void *)((char *)object + member->count_offset);
	void *item;
	int rc = jsonr_array(&l->r);

	while (rc == 0 && (rc = jsonr_item(&l->r)) > 0) {
		if (*count == SNAPSHOT_ITEMS_MAX)
			return jsonr_fail(&l->r, "too many items");
		item = arena_push(&l->facts->arena, target(member, object), count,
			item_size(member));
		if (!item)
			return jsonr_fail_memory(&l->r);
		rc = load_item(l, member, item);
	}
	return rc;
}

static int load_member(struct loader *l, const struct member *member, void *object)
{
	void *at = target(member, object);

	switch (member->kind) {
	case MEMBER_BOOL:
		return jsonr_bool(&l->r, at);
	case MEMBER_SIGNED:
	case MEMBER_UNSIGNED:
		return load_number(l, member, object);
	case MEMBER_U128:
		return load_u128(l, at);
	case MEMBER_ENUM:
		return load_enum(l, member, at);
	case MEMBER_FAMILY:
		return load_family(l, at);
	case MEMBER_STRING:
		return load_string(l, at);
	case MEMBER_ADDR:
		return load_addr(l, at);
	case MEMBER_PREFIX:
		return load_prefix(l, at);
	case MEMBER_BLOB:
		return load_blob(l, at);
	case MEMBER_BYTES:
		return load_bytes(l, member, object);
	case MEMBER_RECORD: /* facts_new() made the only one */
		return load_record(l, member->record, *(void **)at);
	case MEMBER_NETNS:
		return load_netns(l, at);
	case MEMBER_NUMBERS:
	case MEMBER_ENUMS:
	case MEMBER_PARTS:
		return load_fixed(l, member, object);
	case MEMBER_RECORDS:
	case MEMBER_RECORD_POINTERS:
	case MEMBER_PREFIXES:
	case MEMBER_STRINGS:
	case MEMBER_PAIRS:
		return load_array(l, member, object);
	}
	return jsonr_fail(&l->r, "of no known kind");
}

/* @hint: where the row is likely to be, as save writes them in order. */
static const struct member *find_member(
	const struct record *record, struct jsonr_text key, size_t hint)
{
	for (size_t i = 0; i < record->nmembers; i++) {
		const struct member *member =
			&record->members[(hint + i) % record->nmembers];

		if (strlen(member->name) == key.len &&
			memcmp(member->name, key.data, key.len) == 0)
			return member;
	}
	return NULL;
}

static int skip_unknown(struct loader *l, struct jsonr_text key)
{
	if (!l->newer)
		return jsonr_fail(&l->r, "unknown key");
	if (!l->nunknown++)
		l->unknown = arena_strndup(&l->facts->arena, key.data, key.len);
	return jsonr_skip(&l->r);
}

/* The members up to the closing brace, which is consumed. */
int snapshot_read_members(struct loader *l, const struct record *record, void *object)
{
	const struct member *member;
	struct jsonr_text key;
	const char *wrong;
	uint64_t seen = 0;
	size_t row = 0;
	int rc;

	while ((rc = jsonr_key(&l->r, &key)) > 0) {
		member = find_member(record, key, row);
		if (!member) {
			rc = skip_unknown(l, key);
			if (rc < 0)
				return rc;
			continue;
		}
		row = (size_t)(member - record->members);
		if (seen & UINT64_C(1) << row)
			return jsonr_fail(&l->r, "the key is there twice");
		seen |= UINT64_C(1) << row++;
		rc = load_member(l, member, object);
		if (rc < 0)
			return rc;
	}
	if (rc < 0)
		return rc;
	member = record_broken(record, object);
	if (member)
		return jsonr_fail(&l->r, "%s is missing", member->name);
	wrong = record->check ? record->check(object) : NULL;
	return wrong ? jsonr_fail(&l->r, "%s", wrong) : 0;
}

static int load_record(struct loader *l, const struct record *record, void *object)
{
	int rc = jsonr_object(&l->r);

	return rc < 0 ? rc : snapshot_read_members(l, record, object);
}
