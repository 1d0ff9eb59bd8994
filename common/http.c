/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP client: an engine's API over its socket, and posts to alert receivers. */
#include "common/http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <curl/curl.h>

struct http {
	CURL *curl;
	char *socket_path; /* NULL: the target is a full address */
	char *body;
	size_t len, size;
	bool too_large, no_memory;
	char reason[CURL_ERROR_SIZE];
};

/* Room for @more bytes and the NUL behind them. */
static bool reserve(struct http *http, size_t more)
{
	size_t size = http->size ? http->size : 16 * 1024;

	if (more < http->size - http->len)
		return true;
	while (size - http->len <= more)
		size *= 2;
	char *body = realloc(http->body, size);
	if (!body) {
		http->no_memory = true;
		return false;
	}
	http->body = body;
	http->size = size;
	return true;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct http *http = context;
	size_t more = size * count; /* @size is always 1 */

	if (more > HTTP_MAX_BODY_BYTES - http->len) {
		http->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	if (!reserve(http, more))
		return CURL_WRITEFUNC_ERROR;
	if (more)
		memcpy(http->body + http->len, data, more);
	http->len += more;
	return more;
}

/* What holds for every request; curl_easy_setopt() fails here only without memory. */
static bool set_options(struct http *http, unsigned int timeout_ms)
{
	CURL *curl = http->curl;
	bool ok = true;

	ok &= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->reason) == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_WRITEDATA, http) == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_USERAGENT, "seawall") == CURLE_OK;
	/* An empty name: not even what the environment says. */
	ok &= curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
		      (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
	ok &= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
		      http->socket_path ? "http" : "http,https") == CURLE_OK;
	if (http->socket_path)
		ok &= curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH,
			      http->socket_path) == CURLE_OK;
	return ok;
}

static int http_make(const char *socket_path, unsigned int timeout_ms,
	struct http **ret_http, struct err *err)
{
	_cleanup_(cleanup_http) struct http *http = NULL;

	/* Counted by libcurl; only the first call does anything. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, -ENOMEM, "HTTP client: cannot be initialised");
	http = calloc(1, sizeof(*http));
	if (http) {
		http->socket_path = socket_path ? strdup(socket_path) : NULL;
		http->curl = curl_easy_init();
	}
	if (!http || !http->curl || (socket_path && !http->socket_path) ||
		!set_options(http, timeout_ms))
		return err_set(err, -ENOMEM, "HTTP client: out of memory");
	*ret_http = TAKE_PTR(http);
	return 0;
}

int http_new_unix(const char *socket_path, unsigned int timeout_ms,
	struct http **ret_http, struct err *err)
{
	struct sockaddr_un address;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return err_set(err, -ENAMETOOLONG,
			"socket '%s': the path of a socket has at most %zu bytes",
			socket_path, sizeof(address.sun_path) - 1);
	return http_make(socket_path, timeout_ms, ret_http, err);
}

int http_new(unsigned int timeout_ms, struct http **ret_http, struct err *err)
{
	return http_make(NULL, timeout_ms, ret_http, err);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	free(http->socket_path);
	free(http->body);
	free(http);
}

static int connect_error(struct http *http, const char *where, struct err *err)
{
	static const struct {
		int number;
		const char *hint;
	} known[] = {
		{ENOENT, "there is no such socket: is the engine running?"},
		{ECONNREFUSED, "nobody listens there: is it running?"},
		{EACCES,
			"no permission: run as root, or as one who may use the socket"},
		{ENOTSOCK, "is no socket"},
	};
	long number = 0;

	(void)curl_easy_getinfo(http->curl, CURLINFO_OS_ERRNO, &number);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].number == number)
			return err_set(err, -known[i].number, "connect to '%s': %s",
				where, known[i].hint);
	}
	return err_set(err, number > 0 ? -(int)number : -EIO, "connect to '%s': %s",
		where, http->reason[0] ? http->reason : "failed");
}

static int request_error(
	struct http *http, CURLcode code, const char *target, struct err *err)
{
	const char *where = http->socket_path ? http->socket_path : target;
	const char *reason = http->reason[0] ? http->reason : curl_easy_strerror(code);

	if (http->too_large)
		return err_set(err, -E2BIG, "'%s' of '%s': the answer is over %d bytes",
			target, where, HTTP_MAX_BODY_BYTES);
	if (http->no_memory || code == CURLE_OUT_OF_MEMORY)
		return err_set(
			err, -ENOMEM, "'%s' of '%s': out of memory", target, where);
	/* The other CURLcodes are failures of protocols and options not used here. */
	if (code == CURLE_COULDNT_CONNECT)
		return connect_error(http, where, err);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, -ETIMEDOUT, "'%s' of '%s': no answer in time",
			target, where);
	if (code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE ||
		code == CURLE_WEIRD_SERVER_REPLY ||
		code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_RECV_ERROR)
		return err_set(err, -EPROTO, "'%s' of '%s': %s", target, where, reason);
	return err_set(err, -EIO, "'%s' of '%s': %s", target, where, reason);
}

static int perform(struct http *http, const char *target,
	struct http_response *ret_response, struct err *err)
{
	_cleanup_(cleanup_free) char *url = NULL;
	long status = 0;
	CURLcode code;

	if (http->socket_path && asprintf(&url, "http://localhost%s", target) < 0) {
		url = NULL;
		return err_set(err, -ENOMEM, "'%s': out of memory", target);
	}
	http->len = 0;
	http->too_large = http->no_memory = false;
	http->reason[0] = '\0';
	code = curl_easy_setopt(http->curl, CURLOPT_URL, url ? url : target);
	if (code == CURLE_OK)
		code = curl_easy_perform(http->curl);
	if (code == CURLE_OK && !reserve(http, 0)) /* an empty body is a text, too */
		code = CURLE_OUT_OF_MEMORY;
	if (code != CURLE_OK)
		return request_error(http, code, target, err);
	(void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	http->body[http->len] = '\0';
	*ret_response = (struct http_response){
		.status = (int)status, .body = http->body, .len = http->len};
	return 0;
}

int http_get(struct http *http, const char *target, struct http_response *ret_response,
	struct err *err)
{
	if (curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L) != CURLE_OK)
		return err_set(err, -ENOMEM, "'%s': out of memory", target);
	return perform(http, target, ret_response, err);
}

int http_post(struct http *http, const char *target, const char *content_type,
	const void *body, size_t len, struct http_response *ret_response,
	struct err *err)
{
	struct curl_slist *headers = NULL, *more;
	char type[256];
	int code = -ENOMEM;

	(void)snprintf(type, sizeof(type), "Content-Type: %s", content_type);
	headers = curl_slist_append(NULL, type);
	/* Not to wait for "100 Continue", which few servers send. */
	more = headers ? curl_slist_append(headers, "Expect:") : NULL;
	if (more &&
		curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)len) == CURLE_OK &&
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body) == CURLE_OK)
		code = perform(http, target, ret_response, err);
	else
		(void)err_set(err, code, "'%s': out of memory", target);
	(void)curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	(void)curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(headers);
	return code;
}
