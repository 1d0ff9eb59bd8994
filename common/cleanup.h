/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope-bound release of resources, and attributes used everywhere. */
#ifndef SEAWALL_COMMON_CLEANUP_H
#define SEAWALL_COMMON_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/** _cleanup_(fn): call fn(&variable) when the variable goes out of scope. */
#define _cleanup_(fn)		__attribute__((cleanup(fn)))
#define _must_check_		__attribute__((warn_unused_result))
#define _printf_(string, first) __attribute__((format(printf, string, first)))
/** _uninit_: room on the stack of a hot path that is written before it is read. */
#if __has_attribute(uninitialized)
#define _uninit_ __attribute__((uninitialized))
#else
#define _uninit_
#endif

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/** TAKE_PTR(p): the value of @p, which is NULL afterwards: ownership moves on. */
#define TAKE_PTR(p)                            \
	({                                     \
		__typeof__(p) take_ptr_ = (p); \
		(p) = NULL;                    \
		take_ptr_;                     \
	})

/** TAKE_FD(fd): the descriptor in @fd, which is -1 afterwards. */
#define TAKE_FD(fd)                  \
	({                           \
		int take_fd_ = (fd); \
		(fd) = -1;           \
		take_fd_;            \
	})

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void cleanup_closedir(DIR **folder)
{
	if (*folder)
		(void)closedir(*folder);
}

static inline void cleanup_fclose(FILE **stream)
{
	if (*stream)
		(void)fclose(*stream);
}

#endif
