/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of `netmon explain --batch`: refused with its number, or a whole question.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "netmon/question.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question question;
	struct err err = {0};
	struct arena arena;

	arena_init(&arena, (size_t)1 << 20);
	if (question_parse_line((const char *)data, size, 3, &arena, &question, &err) <
		0) {
		if (strncmp(err.text, "line 3: ", 8) != 0 && err.code != -12)
			abort();
	} else if (question.port == 0 || question.from.family == FAMILY_NONE ||
		   question.from.family != question.to.family || question.sport == 0 ||
		   question.sport > UINT16_MAX || question.zone >= ZONE_COUNT) {
		abort();
	}
	arena_done(&arena);
	return 0;
}
