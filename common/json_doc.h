/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a JSON document; part of json.c and json_place.c. */
#ifndef SEAWALL_COMMON_JSON_DOC_H
#define SEAWALL_COMMON_JSON_DOC_H

#include "common/json.h"

struct json_doc {
	struct json_node root; /* first: a node's document is found through it */
	struct arena arena;    /* nodes */
	struct json_t *tree;   /* owns keys and strings */
	char *name, *text;
	size_t len;
	struct json_errors *errors;
};

/** json_doc_fail() - a mistake into the list, if there is one, and into @err; @code. */
int json_doc_fail(struct json_doc *doc, struct err *err, int code, unsigned int line,
	const char *path, const char *message);
/** json_doc_note_duplicates() - every key that its object has already; any found? */
bool json_doc_note_duplicates(struct json_doc *doc, struct err *err);

#endif
