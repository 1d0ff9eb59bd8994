/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate/filter/tar_head.h"

#include <string.h>

/* Where the fields are. */
enum {
	TAR_MODE = 100,
	TAR_UID = 108,
	TAR_SIZE = 124,
	TAR_TYPE = 156,
	TAR_LINK = 157,
	TAR_MAGIC = 257,
};

static bool read_octal(const char *field, size_t len, unsigned long *ret_value)
{
	size_t digits = 0;

	*ret_value = 0;
	for (; digits < len && field[digits] >= '0' && field[digits] <= '7'; digits++)
		*ret_value = *ret_value * 8 + (unsigned long)(field[digits] - '0');
	return digits > 0 && (digits == len || field[digits] == ' ' || !field[digits]);
}

struct tar_head tar_head_read(const struct gate_fact *fact)
{
	struct tar_head head = {0};

	if (fact->status == 200 && fact->len >= GATE_TAR_BLOCK &&
		memcmp(fact->body + TAR_MAGIC, "ustar", 5) == 0 &&
		read_octal(fact->body + TAR_MODE, 8, &head.mode) &&
		read_octal(fact->body + TAR_UID, 8, &head.uid) &&
		read_octal(fact->body + TAR_SIZE, 12, &head.size)) {
		head.type = fact->body[TAR_TYPE];
		head.link = fact->body + TAR_LINK;
	}
	return head;
}
