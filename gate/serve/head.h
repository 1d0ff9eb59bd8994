/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads of HTTP/1.1 messages, read so strictly that nobody can read them otherwise. */
#ifndef SEAWALL_GATE_SERVE_HEAD_H
#define SEAWALL_GATE_SERVE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/arena.h"
#include "gate/serve/framing.h"

/*
 * Theory of operation. Request smuggling lives on heads that two readers understand
 * differently. http_parser does the reading; before it, head_scan() and a check of
 * every byte refuse what it and other parsers tolerate (bare LF, folded lines, blanks
 * before the colon, control characters), and after it the fields that frame a message
 * are judged: one of each at most, never both framings. Nothing of a head is ever
 * copied to the other side but the values named below.
 *
 * http_parser and not llhttp: Debian 12 has no package of llhttp.
 */

enum {
	HEAD_MAX_BYTES = 64 * 1024,
	HEAD_MAX_FIELDS = 128,
};

/** struct head_fault - why a head is refused, and with which HTTP status. */
struct head_fault {
	unsigned int status;
	const char *reason; /* static */
};

struct head_field {
	const char *name, *value;
};

/**
 * struct request_head - what gate knows of a caller's request
 * @target:  of the request line, begins with '/', printable ASCII
 * @framing: FRAMING_NONE, _LENGTH or _CHUNKED
 * @close:   the caller wants no further request on this connection
 *
 * Texts live in the arena; header values are printable ASCII, NULL when not given.
 */
struct request_head {
	const char *method, *target;
	size_t target_len;
	const char *content_type, *registry_auth, *registry_config, *upgrade;
	enum framing_kind framing;
	uint64_t length;
	bool close, expect_continue;
};

/**
 * struct answer_head - the engine's answer
 * @fields: those that go on to the caller: not the ones about this connection and the
 *          length of the body
 */
struct answer_head {
	unsigned int status;
	const char *content_type;
	enum framing_kind framing;
	uint64_t length;
	bool has_length;
	struct head_field *fields;
	size_t nfields;
};

/**
 * head_scan() - look for the end of a head that is still coming in
 * @len:  bytes so far
 * @from: how many of them an earlier call has seen
 *
 * Return: length of the head with its empty line; 0: more must come; -EBADMSG: it can
 * become none (an LF without CR, a NUL, a line feed in the first place).
 */
ssize_t head_scan(const char *bytes, size_t len, size_t from);

/**
 * head_parse_request() - read the @len bytes that head_scan() found
 * @ret_fault: filled on failure
 *
 * Return: 0; -EBADMSG.
 */
int head_parse_request(struct arena *arena, const char *bytes, size_t len,
	struct request_head *ret_head, struct head_fault *ret_fault) _must_check_;
/** head_parse_answer() - the same; @to_head: the answer is to a HEAD request. */
int head_parse_answer(struct arena *arena, const char *bytes, size_t len, bool to_head,
	struct answer_head *ret_head, struct head_fault *ret_fault) _must_check_;

#endif
