/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of query keys, and what becomes of each. */
#ifndef SEAWALL_GATE_FILTER_QUERY_H
#define SEAWALL_GATE_FILTER_QUERY_H

#include "gate/filter/work.h"

enum query_shape {
	QUERY_NONE = 0,
	QUERY_BOOL,    /* 1, 0, true, false; goes on as 1 or 0 */
	QUERY_INT,     /* min..max */
	QUERY_TEXT,    /* what `check` takes; any without it */
	QUERY_LIST,    /* the same, and the key may come more than once */
	QUERY_FILTERS, /* JSON: the keys of `words` */
	QUERY_OFF,     /* only false, 0 or an empty value, which is left out */
	QUERY_DROP,    /* left out */
};

/**
 * struct query_key
 * @check: whether the value is fine
 * @words: of QUERY_TEXT: the only values, when not NULL; ends in NULL
 * @own:   of QUERY_FILTERS: without the profile's `others` only objects of the caller
 */
struct query_key {
	const char *key;
	enum query_shape shape;
	int64_t min, max;
	bool (*check)(const char *value);
	const char *const *words;
	bool own;
};

#define KEY(name, is_shape, ...)                                        \
	{                                                               \
		.key = (name), .shape = QUERY_##is_shape, ##__VA_ARGS__ \
	}
#define KEY_BOOL(name)		   KEY(name, BOOL)
#define KEY_OFF(name)		   KEY(name, OFF)
#define KEY_DROP(name)		   KEY(name, DROP)
#define KEY_INT(name, least, most) KEY(name, INT, .min = (least), .max = (most))
#define KEY_TEXT(name, function)   KEY(name, TEXT, .check = (function))
#define KEY_LIST(name, function)   KEY(name, LIST, .check = (function))
#define KEY_WORDS(name, list)	   KEY(name, TEXT, .words = (list))
#define KEY_FILTERS(list)	   KEY("filters", FILTERS, .words = (list))
#define KEY_OWN_FILTERS(list)	   KEY("filters", FILTERS, .words = (list), .own = true)

/** query_parse() - the target's query into work->query, by the rows of the route. */
int query_parse(struct work *work) _must_check_;
/** query_value() - of a row of the route, NULL: not given. */
const char *query_value(const struct work *work, const char *key);
/** query_set() - what is to be sent on for a row. */
void query_set(struct work *work, const char *key, const char *value);
/** query_write() - "?a=1&b=2", or ""; NULL when memory ran out. */
const char *query_write(struct work *work);

#endif
