/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of JSON keys, and what becomes of each. */
#ifndef SEAWALL_GATE_FILTER_FIELDS_H
#define SEAWALL_GATE_FILTER_FIELDS_H

#include <limits.h>

#include "gate/filter/work.h"

enum shape {
	SHAPE_NONE = 0,
	SHAPE_BOOL,
	SHAPE_INT,   /* min..max */
	SHAPE_WORD,  /* text without control characters, at most 4096 bytes */
	SHAPE_TEXT,  /* any text */
	SHAPE_WORDS, /* list of such */
	SHAPE_TEXTS,
	SHAPE_INTS,
	SHAPE_MAP,  /* object of texts */
	SHAPE_SET,  /* object of empty objects */
	SHAPE_SUB,  /* object with the keys of `sub` */
	SHAPE_SUBS, /* list of such */
	SHAPE_ANY,  /* looked at by `check` alone */
};

enum treatment {
	TREAT_REFUSE = 0, /* only an empty value passes (it is left out), unless the
			   * profile has `power`: then it goes on as it is */
	TREAT_ALLOW,	  /* of its shape it goes on */
	TREAT_DROP,	  /* of its shape it is left out: it means nothing, or is forced
			   * elsewhere */
	TREAT_CHECK,	  /* `check` decides and writes */
	TREAT_FORCE,	  /* the same, called also when the key is absent */
};

struct field;

/**
 * field_check() - decide about a value, and write key and value to @out if it goes on
 * @value: of the field's shape; NULL: absent or null (TREAT_FORCE only)
 * Return: 0 or -EACCES.
 */
typedef int field_check(struct work *work, const struct field *field,
	const struct json_node *value, struct jsonw *out);

struct fields;
struct field {
	const char *key;
	enum shape shape;
	enum treatment treatment;
	enum power power;
	int64_t min, max;
	field_check *check;
	const struct fields *sub; /* of its objects' keys; `check` applies it itself */
};

/** struct fields - @name begins the ids of its rules: "create-privileged". */
struct fields {
	const char *name;
	const struct field *rows;
	size_t n;
};
#define FIELDS(id, table)                                            \
	{                                                            \
		.name = (id), .rows = (table), .n = ARRAY_LEN(table) \
	}

/* A row, by its treatment; what follows may set min and max. */
#define ROW(name, of_shape, is_treated, ...)                                       \
	{                                                                          \
		.key = (name), .shape = SHAPE_##of_shape, .treatment = is_treated, \
		##__VA_ARGS__                                                      \
	}
#define ROW_ALLOW(name, shape, ...) ROW(name, shape, TREAT_ALLOW, ##__VA_ARGS__)
#define ROW_DROP(name, shape, ...)  ROW(name, shape, TREAT_DROP, ##__VA_ARGS__)
#define ROW_INT(name, least, most)  ROW_ALLOW(name, INT, .min = (least), .max = (most))
#define ROW_REFUSE(name, shape)	    ROW(name, shape, TREAT_REFUSE)
#define ROW_SUB(name, table)	    ROW_ALLOW(name, SUB, .sub = &(table))
#define ROW_CHECK(name, shape, function, ...) \
	ROW(name, shape, TREAT_CHECK, .check = (function), ##__VA_ARGS__)
#define ROW_FORCE(name, shape, function, ...) \
	ROW(name, shape, TREAT_FORCE, .check = (function), ##__VA_ARGS__)
/* Integers of any size, for those who may. */
#define ROW_NEEDS(name, of_shape, of_power)                                      \
	ROW(name, of_shape, TREAT_REFUSE, .power = (of_power), .min = INT64_MIN, \
		.max = INT64_MAX)

/**
 * fields_apply() - rebuild the object @node as @fields says
 * @out: where the members go, inside an object that the caller began and ends
 *
 * Keys that are not in the table are refused by name, whatever their value is. null is
 * the same as absent.
 */
int fields_apply(struct work *work, const struct fields *fields,
	const struct json_node *node, struct jsonw *out) _must_check_;

/**
 * fields_judge() - the same for what the engine says that an object is
 *
 * Nothing is written, and a key that is not in the table must be empty.
 */
int fields_judge(struct work *work, const struct fields *fields,
	const struct json_node *node) _must_check_;

/**
 * field_refuse() - refuse a field; the rule's id is made of the table's name and the
 * key
 * @value:  tells the place; may be NULL
 * @format: what is wrong and the way out: "HostConfig.Privileged: FORMAT"
 */
int field_refuse(struct work *work, const struct field *field,
	const struct json_node *value, const char *format, ...) _printf_(4, 5);
/** node_place() - "HostConfig.Mounts[0].Type", for reasons. */
const char *node_place(struct work *work, const struct json_node *node);
/** node_is_empty() - null, false, 0, "", [], {}. */
bool node_is_empty(const struct json_node *node);
/** is_word() - no control characters, and not too long. */
bool is_word(const char *text);

#endif
