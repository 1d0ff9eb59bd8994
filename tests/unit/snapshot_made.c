/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netmon/model/snapshot.h"

char *snapshot_made_text(const struct facts *facts, size_t *ret_len)
{
	char *text = NULL;
	FILE *stream = open_memstream(&text, ret_len);
	struct err err = {0};

	assert_non_null(stream);
	if (snapshot_save(facts, stream, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fclose(stream), 0);
	return text;
}

int snapshot_made_load(
	const char *text, size_t len, struct facts **ret_facts, struct err *err)
{
	/* Exactly as large as the text, so that ASan sees a read past its end. */
	char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	rc = snapshot_load_text("file.json", copy, len, ret_facts, err);
	free(copy);
	return rc;
}
