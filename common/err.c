/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An error message on its way from where the cause is known to where it is shown. */
#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}

int err_errno(struct err *err, int code, const char *format, ...)
{
	char reason[128];
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, format);
	int len = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (len < 0)
		len = 0;
	if ((size_t)len < sizeof(err->text))
		(void)snprintf(err->text + len, sizeof(err->text) - (size_t)len, ": %s",
			strerror_r(-code, reason, sizeof(reason)));
	return code;
}

int err_wrap(struct err *err, const char *format, ...)
{
	char inner[sizeof(err->text)];
	va_list args;

	if (!err)
		return -EINVAL;
	if (err->code == 0)
		err->code = -EINVAL;
	memcpy(inner, err->text, sizeof(inner));
	va_start(args, format);
	int len = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	if (len < 0)
		len = 0;
	if (inner[0] && (size_t)len < sizeof(err->text))
		(void)snprintf(err->text + len, sizeof(err->text) - (size_t)len, ": %s",
			inner);
	return err->code;
}
