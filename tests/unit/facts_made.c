/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "facts_made.h"
#include "netmon/model/snapshot.h"

/* ---- facts whose every member has a value of its own ---- */

static uint64_t counter;

static void fill_record(
	struct facts *facts, const struct record *record, void *object, unsigned int n);

static const char *fill_string(struct facts *facts)
{
	static const char *const odd[] = {"plain", "quote\"back\\slash",
		"line\nfeed\x01", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3",
		"\xff\xfe not UTF-8"};

	counter++;
	return arena_printf(&facts->arena, "%06llu %s", (unsigned long long)counter,
		odd[counter % ARRAY_LEN(odd)]);
}

static struct prefix fill_prefix(enum family family)
{
	struct prefix prefix = {.family = family, .len = 24};

	counter++;
	prefix.value = (u128)counter << (addr_bits(family) - 24);
	return prefix;
}

static void fill_number(const struct member *member, void *object)
{
	int64_t low;
	uint64_t high, value;

	member_range(member, &low, &high);
	value = high - ++counter % (high < 100 ? high : 100); /* large, never zero */
	memcpy((char *)object + member->offset, &value, member->size);
}

static void fill_items(
	struct facts *facts, const struct member *member, void *object, unsigned int n)
{
	char *at = (char *)object + member->offset;
	const size_t count = 3;

	*(size_t *)(void *)((char *)object + member->count_offset) = count;
	if (member->kind == MEMBER_RECORDS) {
		char *items = arena_array(&facts->arena, count, member->record->size);

		for (unsigned int i = 0; i < count; i++)
			fill_record(facts, member->record,
				items + i * member->record->size, n * 3 + i);
		*(void **)(void *)at = items;
	} else if (member->kind == MEMBER_RECORD_POINTERS) {
		void **items = arena_array(&facts->arena, count, sizeof(void *));

		for (unsigned int i = 0; i < count; i++) {
			items[i] = arena_alloc(&facts->arena, member->record->size);
			fill_record(facts, member->record, items[i], i);
		}
		*(void ***)(void *)at = items;
	} else if (member->kind == MEMBER_PREFIXES) {
		struct prefix *items =
			arena_array(&facts->arena, count, sizeof(*items));

		for (size_t i = 0; i < count; i++)
			items[i] = fill_prefix(i & 1 ? FAMILY_IP6 : FAMILY_IP4);
		*(void **)(void *)at = items;
	} else {
		size_t strings = member->kind == MEMBER_PAIRS ? 2 * count : count;
		const char **items =
			arena_array(&facts->arena, strings, sizeof(char *));

		for (size_t i = 0; i < strings; i++)
			items[i] = fill_string(facts);
		*(const char ***)(void *)at = items;
	}
}

static void fill_fixed(struct facts *facts, const struct member *member, char *at)
{
	size_t size = member->size / member->fixed;

	for (unsigned int i = 0; i < member->fixed; i++) {
		uint32_t value = i + 1;

		if (member->kind == MEMBER_PARTS) {
			fill_record(facts, member->record, at + i * size, i);
		} else {
			if (member->kind == MEMBER_NUMBERS)
				value = (uint32_t)(0xfffffff0 - ++counter);
			memcpy(at + i * size, &value, sizeof(value));
		}
	}
}

static void fill_member(
	struct facts *facts, const struct member *member, void *object, unsigned int n)
{
	const enum family family = n & 1 ? FAMILY_IP6 : FAMILY_IP4;
	char *at = (char *)object + member->offset;
	struct blob blob;

	switch (member->kind) {
	case MEMBER_BOOL:
		*(bool *)(void *)at = true;
		break;
	case MEMBER_SIGNED:
	case MEMBER_UNSIGNED:
		fill_number(member, object);
		break;
	case MEMBER_U128:
		*(u128 *)(void *)at = ((u128)1 << 127) + ++counter;
		break;
	case MEMBER_ENUM:
		memcpy(at, &(uint32_t){1 + n % 3}, sizeof(uint32_t));
		break;
	case MEMBER_FAMILY:
		*(enum family *)(void *)at = family;
		break;
	case MEMBER_STRING:
		*(const char **)(void *)at = fill_string(facts);
		break;
	case MEMBER_ADDR:
		*(struct addr *)(void *)at =
			(struct addr){.value = ++counter, .family = family};
		if (strchr(member->name, '6'))
			((struct addr *)(void *)at)->family = FAMILY_IP6;
		else if (strchr(member->name, '4'))
			((struct addr *)(void *)at)->family = FAMILY_IP4;
		break;
	case MEMBER_PREFIX:
		*(struct prefix *)(void *)at = fill_prefix(family);
		break;
	case MEMBER_BLOB: /* several lines and a rest */
		blob.len = 96 * 3 + 4 * (1 + ++counter % 20);
		blob.data = arena_alloc(&facts->arena, blob.len);
		for (size_t i = 0; i < blob.len; i++)
			((uint8_t *)(uintptr_t)blob.data)[i] =
				(uint8_t)(i * 7 + counter);
		*(struct blob *)(void *)at = blob;
		break;
	case MEMBER_BYTES:
		for (unsigned int i = 0; i < member->fixed; i++)
			at[i] = (char)++counter;
		((uint8_t *)object)[member->count_offset] =
			(uint8_t)(member->fixed - n % 3);
		break;
	case MEMBER_NUMBERS:
	case MEMBER_ENUMS:
	case MEMBER_PARTS:
		fill_fixed(facts, member, at);
		break;
	case MEMBER_RECORD:
		fill_record(facts, member->record, *(void **)(void *)at, n);
		break;
	case MEMBER_NETNS:
		*(const struct netns **)(void *)at =
			n % 3 == 2 ? facts->host : facts->netns[n % 3];
		break;
	case MEMBER_RECORDS:
	case MEMBER_RECORD_POINTERS:
	case MEMBER_PREFIXES:
	case MEMBER_STRINGS:
	case MEMBER_PAIRS:
		fill_items(facts, member, object, n);
		break;
	}
}

static void fill_record(
	struct facts *facts, const struct record *record, void *object, unsigned int n)
{
	for (size_t i = 0; i < record->nmembers; i++)
		fill_member(facts, &record->members[i], object, n);
	/* What has to hold between members. */
	if (strcmp(record->name, "ipset_part") == 0) {
		((struct ipset_part *)object)->hi =
			((struct ipset_part *)object)->lo + 9;
	} else if (strcmp(record->name, "ipset") == 0) {
		((struct ipset *)object)->ndims = 3;
	} else if (strcmp(record->name, "ifaddr") == 0) {
		((struct ifaddr *)object)->prefix_len = (uint8_t)(24 + n % 3);
	} else if (strcmp(record->name, "container_net") == 0) {
		((struct container_net *)object)->prefix_len4 = (uint8_t)(1 + n);
	} else if (strcmp(record->name, "route_rule") == 0) {
		((struct route_rule *)object)->sport_lo = (uint16_t)(1000 + n);
		((struct route_rule *)object)->dport_lo = (uint16_t)(2000 + n);
	}
}

struct facts *facts_made_full(void)
{
	struct facts *facts = facts_new();

	assert_non_null(facts);
	counter = 0;
	fill_record(facts, &snapshot_facts_record, facts, 0);
	assert_false(arena_failed(&facts->arena));
	return facts;
}

/* ---- comparing ---- */

static void assert_same_value(const struct member *member, const void *a, const void *b)
{
	const void *x = member_at(member, a), *y = member_at(member, b);

	switch ((unsigned int)member->kind) {
	case MEMBER_STRING:
		assert_string_equal(*(const char *const *)x, *(const char *const *)y);
		return;
	case MEMBER_BLOB:
		assert_int_equal(
			((const struct blob *)x)->len, ((const struct blob *)y)->len);
		assert_memory_equal(((const struct blob *)x)->data,
			((const struct blob *)y)->data, ((const struct blob *)y)->len);
		return;
	case MEMBER_ADDR:
		assert_true(((const struct addr *)x)->value ==
			    ((const struct addr *)y)->value);
		assert_int_equal(((const struct addr *)x)->family,
			((const struct addr *)y)->family);
		return;
	case MEMBER_PREFIX:
		assert_true(((const struct prefix *)x)->value ==
			    ((const struct prefix *)y)->value);
		assert_int_equal(((const struct prefix *)x)->len,
			((const struct prefix *)y)->len);
		return;
	case MEMBER_RECORD:
		facts_assert_same(member->record, *(void *const *)x, *(void *const *)y);
		return;
	case MEMBER_NETNS:
		assert_string_equal((*(struct netns *const *)x)->id,
			(*(struct netns *const *)y)->id);
		return;
	case MEMBER_PARTS:
		for (size_t i = 0; i < member->fixed; i++)
			facts_assert_same(member->record,
				(const char *)x + i * member->record->size,
				(const char *)y + i * member->record->size);
		return;
	case MEMBER_BYTES:
		assert_int_equal(member_count(member, a), member_count(member, b));
		assert_memory_equal(x, y, member_count(member, a));
		return;
	default:
		assert_memory_equal(x, y, member->size);
	}
}

static void assert_same_member(
	const struct member *member, const void *a, const void *b)
{
	const char *x, *y;
	size_t n;

	assert_false(member_is_empty(member, a)); /* the filling forgot a kind */
	if (member->kind < MEMBER_RECORDS || member->kind == MEMBER_NETNS) {
		assert_same_value(member, a, b);
		return;
	}
	x = *(const char *const *)member_at(member, a);
	y = *(const char *const *)member_at(member, b);
	n = member_count(member, a);
	assert_int_equal(n, member_count(member, b));
	for (size_t i = 0; i < n; i++) {
		const char *const *p = (const char *const *)(const void *)x;
		const char *const *q = (const char *const *)(const void *)y;

		if (member->kind == MEMBER_RECORDS) {
			facts_assert_same(member->record, x + i * member->record->size,
				y + i * member->record->size);
		} else if (member->kind == MEMBER_RECORD_POINTERS) {
			facts_assert_same(member->record, p[i], q[i]);
		} else if (member->kind == MEMBER_PREFIXES) {
			assert_true(((const struct prefix *)(const void *)x)[i].value ==
				    ((const struct prefix *)(const void *)y)[i].value);
		} else if (member->kind == MEMBER_PAIRS) {
			assert_string_equal(p[2 * i], q[2 * i]);
			assert_string_equal(p[2 * i + 1], q[2 * i + 1]);
		} else {
			assert_string_equal(p[i], q[i]);
		}
	}
}

void facts_assert_same(const struct record *record, const void *a, const void *b)
{
	for (size_t i = 0; i < record->nmembers; i++)
		assert_same_member(&record->members[i], a, b);
}
