/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An error message on its way from where the cause is known to where it is shown. */
#ifndef SEAWALL_COMMON_ERR_H
#define SEAWALL_COMMON_ERR_H

#include "common/cleanup.h"

/**
 * struct err - one error, owned by the caller of the failing function
 * @code: negative errno; 0 while nothing failed
 * @text: what, where and what to do; always terminated, cut when too long.
 *        It may quote hostile input: escape it where it is shown (escape.h).
 *
 * Zero-initialise: struct err err = {0}. No allocation, so nothing to release.
 */
struct err {
	int code;
	char text[768];
};

/**
 * err_set() - note a failure where its cause is known
 * @err:    filled; may be NULL
 * @code:   negative errno
 * @format: printf format; the text of @code is not added
 *
 * Return: @code, so that a caller can write `return err_set(err, -EINVAL, ...)`.
 */
int err_set(struct err *err, int code, const char *format, ...) _printf_(3, 4);

/** err_errno() - err_set() whose text ends in ": " and the words for @code. */
int err_errno(struct err *err, int code, const char *format, ...) _printf_(3, 4);

/**
 * err_wrap() - put the place before the message already there: "place: message"
 *
 * Return: err->code (-EINVAL when @err is NULL or was never set).
 */
int err_wrap(struct err *err, const char *format, ...) _printf_(2, 3);

#endif
