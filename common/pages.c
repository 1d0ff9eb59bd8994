/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

void pages_prepare(void *start, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t skipped = -(uintptr_t)start & (page - 1);

	if (len < skipped + page)
		return;
	(void)madvise((char *)start + skipped, (len - skipped) & ~(page - 1),
		MADV_POPULATE_WRITE);
}
