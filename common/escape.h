/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hostile text made safe for a log or a terminal. */
#ifndef SEAWALL_COMMON_ESCAPE_H
#define SEAWALL_COMMON_ESCAPE_H

#include <stddef.h>

/**
 * escape_text() - printable form of @len bytes
 * @buffer: always terminated; a text that does not fit ends in "..."
 *
 * Printable ASCII and valid UTF-8 that is no control, bidi control, zero-width or
 * surrogate stays; every other byte becomes \xHH, a backslash becomes \\.
 * Return: @buffer.
 */
char *escape_text(const char *text, size_t len, char *buffer, size_t size);

#endif
