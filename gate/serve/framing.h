/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the body of a message ends. */
#ifndef SEAWALL_GATE_SERVE_FRAMING_H
#define SEAWALL_GATE_SERVE_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum framing_kind {
	FRAMING_NONE = 0, /* there is no body */
	FRAMING_LENGTH,
	FRAMING_CHUNKED,
	FRAMING_CLOSE, /* all until the end of the connection */
};

enum chunk_state {
	CHUNK_SIZE = 0, /* in the digits of a size */
	CHUNK_SIZE_LF,	/* behind the CR of a size */
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_END_CR, /* behind the last chunk: the empty line, no trailers */
	CHUNK_END_LF,
};

/**
 * struct framing - a body that comes in
 * @left: bytes that must still come (of the chunk, when chunked)
 * @done: the end was seen
 */
struct framing {
	enum framing_kind kind;
	enum chunk_state state;
	unsigned int digits;
	uint64_t left;
	bool done;
};

void framing_init(struct framing *framing, enum framing_kind kind, uint64_t length);

/**
 * framing_decode() - take the body's own bytes out of what came in
 * @data:     @len bytes; afterwards the body's bytes are at its beginning
 * @ret_used: how many of the @len bytes belong to this message: all, unless it ended
 *
 * Chunks are read as strictly as can be: sizes of 1 to 15 hex digits and nothing else
 * in their line (no extension, no blank), CRLF everywhere, no trailers.
 * Return: bytes of the body; -EBADMSG.
 */
ssize_t framing_decode(
	struct framing *framing, char *data, size_t len, size_t *ret_used);

#endif
