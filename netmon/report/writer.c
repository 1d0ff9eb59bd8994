/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One interface to all output formats. */
#include "netmon/report/writer.h"

#include <string.h>

static const struct writer *const writers[] = {
	&table_writer,
	&json_writer,
};

const struct writer *writer_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		if (strcmp(writers[i]->name, name) == 0)
			return writers[i];
	return NULL;
}

const char *writer_names(void)
{
	return "table or json";
}
