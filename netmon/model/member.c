/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C structs described as data: which members they have, of what kind, and where. */
#include "netmon/model/member.h"

#include <string.h>

#include "common/addr.h"
#include "netmon/model/facts.h"

void member_range(const struct member *member, int64_t *ret_low, uint64_t *ret_high)
{
	unsigned int bits = 8U * member->size;

	if (member->kind == MEMBER_SIGNED) {
		*ret_high = UINT64_MAX >> (65 - bits);
		*ret_low = -(int64_t)*ret_high - 1;
	} else {
		*ret_high = UINT64_MAX >> (64 - bits);
		*ret_low = 0;
	}
	if (member->high) {
		*ret_low = member->low;
		*ret_high = member->high;
	}
}

/* For integers of 1, 2, 4 and 8 bytes; a test runs on each. */
int64_t member_number(const struct member *member, const void *object)
{
	const void *at = member_at(member, object);
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		int32_t s32;
		int64_t s64;
	} value = {0};

	memcpy(&value, at, member->size);
	switch (member->size) {
	case 1:
		return value.u8;
	case 2:
		return value.u16;
	case 4:
		return member->kind == MEMBER_SIGNED ? value.s32 : (int64_t)value.u32;
	default:
		return value.s64;
	}
}

void member_set_number(const struct member *member, void *object, int64_t value)
{
	char *at = (char *)object + member->offset;
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	uint32_t u32 = (uint32_t)value;

	switch (member->size) {
	case 1:
		memcpy(at, &u8, sizeof(u8));
		break;
	case 2:
		memcpy(at, &u16, sizeof(u16));
		break;
	case 4:
		memcpy(at, &u32, sizeof(u32));
		break;
	default:
		memcpy(at, &value, sizeof(value));
	}
}

size_t member_count(const struct member *member, const void *object)
{
	const char *at = (const char *)object + member->count_offset;

	if (member->kind == MEMBER_BYTES)
		return *(const uint8_t *)at;
	return *(const size_t *)(const void *)at;
}

/* How many items of a fixed array come before the last empty ones. */
size_t member_used(const struct member *member, const void *object)
{
	const char *at = member_at(member, object);
	size_t size = member->size / member->fixed, n = member->fixed;
	uint32_t number;

	for (; n > 0; n--) {
		const char *item = at + (n - 1) * size;

		if (member->kind == MEMBER_PARTS) {
			if (!record_is_empty(member->record, item))
				break;
		} else {
			memcpy(&number, item, sizeof(number));
			if (number)
				break;
		}
	}
	return n;
}

bool member_is_empty(const struct member *member, const void *object)
{
	const void *at = member_at(member, object);

	switch (member->kind) {
	case MEMBER_BOOL:
		return !*(const bool *)at;
	case MEMBER_SIGNED:
	case MEMBER_UNSIGNED:
	case MEMBER_ENUM:
	case MEMBER_FAMILY:
		return member_number(member, object) == 0;
	case MEMBER_U128:
		return *(const u128 *)at == 0;
	case MEMBER_STRING:
	case MEMBER_RECORD:
	case MEMBER_NETNS:
		return *(const void *const *)at == NULL;
	case MEMBER_ADDR:
		return ((const struct addr *)at)->family == FAMILY_NONE;
	case MEMBER_PREFIX:
		return ((const struct prefix *)at)->family == FAMILY_NONE;
	case MEMBER_BLOB:
		return ((const struct blob *)at)->len == 0;
	case MEMBER_NUMBERS:
	case MEMBER_ENUMS:
	case MEMBER_PARTS:
		return member_used(member, object) == 0;
	case MEMBER_BYTES:
	case MEMBER_RECORDS:
	case MEMBER_RECORD_POINTERS:
	case MEMBER_PREFIXES:
	case MEMBER_STRINGS:
	case MEMBER_PAIRS:
		return member_count(member, object) == 0;
	}
	return true;
}

bool record_is_empty(const struct record *record, const void *object)
{
	for (size_t i = 0; i < record->nmembers; i++) {
		if (!member_is_empty(&record->members[i], object))
			return false;
	}
	return true;
}

const struct member *record_broken(const struct record *record, const void *object)
{
	for (size_t i = 0; i < record->nmembers; i++) {
		const struct member *member = &record->members[i];

		if (!member->required)
			continue;
		if (member_is_empty(member, object))
			return member;
		if (member->kind == MEMBER_STRING &&
			!**(const char *const *)member_at(member, object))
			return member;
	}
	return NULL;
}
