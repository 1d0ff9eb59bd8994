/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C structs described as data: which members they have, of what kind, and where. */
#ifndef SEAWALL_NETMON_MODEL_MEMBER_H
#define SEAWALL_NETMON_MODEL_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Theory of operation. A record describes a C struct, a member one of its members: its
 * name (which is the JSON key), what it is, and where. snapshot_save.c and
 * snapshot_read.c walk the same rows (snapshot_fields.c), so what is saved is what is
 * loaded.
 */

enum member_kind {
	MEMBER_BOOL = 1,
	MEMBER_SIGNED,	 /* int, int64_t: by .size */
	MEMBER_UNSIGNED, /* uint8_t ... uint64_t */
	MEMBER_U128,
	MEMBER_ENUM,	/* .names */
	MEMBER_FAMILY,	/* enum family */
	MEMBER_STRING,	/* const char * */
	MEMBER_ADDR,	/* struct addr */
	MEMBER_PREFIX,	/* struct prefix */
	MEMBER_BLOB,	/* struct blob */
	MEMBER_BYTES,	/* uint8_t[.fixed], the count in a uint8_t */
	MEMBER_NUMBERS, /* uint32_t[.fixed]: all of them */
	MEMBER_ENUMS,	/* enum[.fixed]: those before the last zeros */
	MEMBER_PARTS,  /* struct[.fixed] of .record: those before the last empty ones */
	MEMBER_RECORD, /* struct *, never NULL */
	MEMBER_RECORDS,		/* struct *, count: an array */
	MEMBER_RECORD_POINTERS, /* struct **, count */
	MEMBER_PREFIXES,	/* struct prefix *, count */
	MEMBER_STRINGS,		/* const char **, count */
	MEMBER_PAIRS,		/* const char *(*)[2], count */
	MEMBER_NETNS,		/* const struct netns *: a reference by id */
};

struct member {
	const char *name;
	enum member_kind kind;
	uint16_t offset, size;
	uint16_t count_offset;	  /* where the count is: a size_t, of MEMBER_BYTES a
				     uint8_t */
	uint16_t fixed;		  /* length of a fixed array */
	bool required;		  /* never zero, NULL or empty */
	int64_t low;		  /* range of a number, when narrower than its type */
	uint64_t high;		  /* 0: the type's */
	const char *const *names; /* of an enum's values, from 0 on; ends in NULL */
	const struct record *record;
};

struct record {
	const char *name; /* the struct's tag */
	size_t size;
	const struct member *members;
	size_t nmembers;
	/* What holds between members; returns what is wrong, or NULL. May be NULL. */
	const char *(*check)(const void *object);
};

/** member_range() - the least and greatest number that a SIGNED or UNSIGNED may hold.
 */
void member_range(const struct member *member, int64_t *ret_low, uint64_t *ret_high);
/** member_number() - the value of a SIGNED or UNSIGNED; two's complement. */
int64_t member_number(const struct member *member, const void *object);
/** member_set_number() - the reverse; @value must be in range. */
void member_set_number(const struct member *member, void *object, int64_t value);
/** member_is_empty() - zero, false, NULL, family NONE or without items: not written. */
bool member_is_empty(const struct member *member, const void *object);
/** record_is_empty() - all members are. */
bool record_is_empty(const struct record *record, const void *object);
/** record_broken() - the first required member that is empty (or "" ), or NULL. */
const struct member *record_broken(const struct record *record, const void *object);
/** member_count() - how many items an array or MEMBER_BYTES has. */
size_t member_count(const struct member *member, const void *object);

/** member_used() - how many of a fixed array come before the last empty ones. */
size_t member_used(const struct member *member, const void *object);

/** member_at() - address of a member in @object. */
static inline const void *member_at(const struct member *member, const void *object)
{
	return (const char *)object + member->offset;
}

#endif
