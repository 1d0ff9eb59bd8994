/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is about to be filled, made at once instead of fault by fault. */
#ifndef SEAWALL_COMMON_PAGES_H
#define SEAWALL_COMMON_PAGES_H

#include <stddef.h>

/**
 * pages_prepare() - have the kernel make the whole pages between @start and its end
 * @start: of fresh memory on the heap; what is in it stays
 * @len:   bytes
 *
 * A fault costs about as much again as making the page. Advice, no more: nothing
 * happens before Linux 5.14 (madvise(2), MADV_POPULATE_WRITE), or when memory is short.
 */
void pages_prepare(void *start, size_t len);

#endif
