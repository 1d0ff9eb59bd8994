/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP client: an engine's API over its socket, and posts to alert receivers. */
#ifndef SEAWALL_COMMON_HTTP_H
#define SEAWALL_COMMON_HTTP_H

#include <stddef.h>

#include "common/err.h"

enum {
	HTTP_MAX_BODY_BYTES = 64 * 1024 * 1024,
	HTTP_TIMEOUT_MS = 10 * 1000, /* what callers without an opinion use */
};

struct http;

/**
 * struct http_response - an answer
 * @status: 200, 404, ...
 * @body:   @len bytes and a NUL, until the next request or http_free()
 */
struct http_response {
	int status;
	const char *body;
	size_t len;
};

/**
 * http_new_unix() - a client that talks to the server behind a unix socket
 * @socket_path: copied; nothing is connected yet
 * @timeout_ms:  for each request as a whole
 *
 * The connection is kept for further requests. No proxy setting of the environment is
 * used, no redirection followed.
 * Return: 0; -ENAMETOOLONG; -ENOMEM.
 */
int http_new_unix(const char *socket_path, unsigned int timeout_ms,
	struct http **ret_http, struct err *err) _must_check_;
/** http_new() - a client for http:// and https:// addresses; as http_new_unix(). */
int http_new(unsigned int timeout_ms, struct http **ret_http, struct err *err)
	_must_check_;
void http_free(struct http *http);
static inline void cleanup_http(struct http **http)
{
	http_free(*http);
}

/**
 * http_get() - one GET request
 * @target: what follows the host: "/containers/json?all=1"; with http_new() a full
 * address
 *
 * Any status is an answer and no failure.
 * Return: 0; -ENOENT (no such socket), -ECONNREFUSED (nobody listens), -EACCES,
 * -ETIMEDOUT, -E2BIG (body over HTTP_MAX_BODY_BYTES), -EPROTO (no HTTP, or cut short),
 * -EIO, -ENOMEM.
 */
int http_get(struct http *http, const char *target, struct http_response *ret_response,
	struct err *err) _must_check_;
/** http_post() - one POST request of @len bytes that are of @content_type. */
int http_post(struct http *http, const char *target, const char *content_type,
	const void *body, size_t len, struct http_response *ret_response,
	struct err *err) _must_check_;

#endif
