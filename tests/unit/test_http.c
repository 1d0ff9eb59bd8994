/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/http.h"

/* A server in a process of its own, behind a socket in a directory of its own. */
struct server {
	char directory[64], path[96];
	pid_t pid;
};

static void send_text(int fd, const char *text)
{
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void send_endless(int fd)
{
	static char block[1 << 20];

	memset(block, 'x', sizeof(block));
	send_text(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	while (send(fd, block, sizeof(block), MSG_NOSIGNAL) > 0)
		;
}

/* One request, whose head and body are in @request; false ends the connection. */
static bool answer(int fd, const char *request, int number)
{
	char text[4096];

	if (strncmp(request, "GET /ok?a=1 HTTP/1.1\r\n", 22) == 0) {
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	} else if (strncmp(request, "GET /number ", 12) == 0) {
		snprintf(text, sizeof(text),
			"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", number);
		send_text(fd, text);
	} else if (strncmp(request, "GET /none ", 10) == 0) {
		send_text(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	} else if (strncmp(request, "GET /missing ", 13) == 0) {
		send_text(
			fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n");
	} else if (strncmp(request, "GET /moved ", 11) == 0) {
		send_text(fd, "HTTP/1.1 301 Moved\r\nLocation: /ok\r\nContent-Length: "
			      "0\r\n\r\n");
	} else if (strncmp(request, "GET /chunked ", 13) == 0) {
		send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	} else if (strncmp(request, "GET /cut ", 9) == 0) {
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort");
		return false;
	} else if (strncmp(request, "GET /endless ", 13) == 0) {
		send_endless(fd);
		return false;
	} else if (strncmp(request, "GET /garbage ", 13) == 0) {
		send_text(fd, "SSH-2.0-x\r\n\r\n");
		return false;
	} else if (strncmp(request, "GET /slow ", 10) == 0) {
		sleep(5);
	} else if (strncmp(request, "POST /echo ", 11) == 0) {
		snprintf(text, sizeof(text),
			"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
			strlen(request), request);
		send_text(fd, text);
	} else {
		return false; /* nothing at all */
	}
	return true;
}

static void serve_connection(int fd)
{
	for (int number = 1;; number++) {
		char request[2048];
		size_t len = 0;
		char *end = NULL;

		do {
			ssize_t got =
				recv(fd, request + len, sizeof(request) - 1 - len, 0);

			if (got <= 0)
				return;
			len += (size_t)got;
			request[len] = '\0';
			end = strstr(request, "\r\n\r\n");
			if (end && strstr(request, "POST ") && strlen(end + 4) < 7)
				end = NULL;
		} while (!end);
		if (!answer(fd, request, number))
			return;
	}
}

static int start(void **state)
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(server->directory, "/tmp/seawall-http-XXXXXX");
	if (!mkdtemp(server->directory))
		return -1;
	snprintf(server->path, sizeof(server->path), "%s/s", server->directory);
	strcpy(address.sun_path, server->path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 8) < 0)
		return -1;
	server->pid = fork();
	if (server->pid == 0) {
		for (;;) {
			int client = accept(fd, NULL, NULL);

			serve_connection(client);
			close(client);
		}
	}
	close(fd);
	*state = server;
	return server->pid < 0 ? -1 : 0;
}

static int stop(void **state)
{
	struct server *server = *state;

	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	unlink(server->path);
	rmdir(server->directory);
	free(server);
	return 0;
}

static struct http *client(const struct server *server, unsigned int timeout_ms)
{
	struct http *http = NULL;

	assert_int_equal(http_new_unix(server->path, timeout_ms, &http, NULL), 0);
	return http;
}

static void answers(void **state)
{
	static const struct {
		const char *target;
		int status;
		const char *body;
	} rows[] = {
		{"/ok?a=1", 200, "hello"},
		{"/none", 204, ""},
		{"/missing", 404, "no\n"},
		{"/moved", 301, ""},
		{"/chunked", 200, "abcde"},
	};
	struct http *http = client(*state, 5000);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_response response;
		struct err err = {0};

		if (http_get(http, rows[i].target, &response, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(response.status, rows[i].status);
		assert_string_equal(response.body, rows[i].body);
		assert_int_equal(response.len, strlen(rows[i].body));
	}
	http_free(http);
}

static void the_first_answer_may_be_empty(void **state)
{
	struct http *http = client(*state, 5000);
	struct http_response response;

	assert_int_equal(http_get(http, "/none", &response, NULL), 0);
	assert_string_equal(response.body, "");
	http_free(http);
}

static void the_connection_is_kept(void **state)
{
	struct http *http = client(*state, 5000);
	struct http_response response;

	for (int i = 1; i < 4; i++) {
		const char digit[] = {(char)('0' + i), '\0'};

		assert_int_equal(http_get(http, "/number", &response, NULL), 0);
		assert_string_equal(response.body, digit);
	}
	http_free(http);
}

static void failures_have_their_own_code(void **state)
{
	static const struct {
		const char *target;
		int code;
		const char *text;
	} rows[] = {
		{"/cut", -EPROTO, "/cut"},
		{"/garbage", -EPROTO, "/garbage"},
		{"/empty", -EPROTO, "/empty"},
		{"/endless", -E2BIG, "over 67108864 bytes"},
		{"/slow", -ETIMEDOUT, "no answer in time"},
	};
	const struct server *server = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http *http =
			client(server, rows[i].code == -ETIMEDOUT ? 200 : 20000);
		struct http_response response;
		struct err err = {0};
		int code = http_get(http, rows[i].target, &response, &err);

		if (code != rows[i].code)
			fail_msg("%s: %d %s", rows[i].target, code, err.text);
		assert_non_null(strstr(err.text, rows[i].text));
		assert_non_null(strstr(err.text, server->path));
		http_free(http);
	}
}

static void a_client_survives_a_failure(void **state)
{
	struct http *http = client(*state, 5000);
	struct http_response response;

	assert_int_equal(http_get(http, "/cut", &response, NULL), -EPROTO);
	assert_int_equal(http_get(http, "/ok?a=1", &response, NULL), 0);
	assert_string_equal(response.body, "hello");
	http_free(http);
}

static void posts(void **state)
{
	struct http *http = client(*state, 5000);
	struct http_response response;
	struct err err = {0};

	if (http_post(http, "/echo", "application/json", "{\"a\":1}", 7, &response,
		    &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(strstr(response.body, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(response.body, "Content-Length: 7\r\n"));
	assert_non_null(strstr(response.body, "\r\n\r\n{\"a\":1}"));
	assert_null(strstr(response.body, "Expect"));
	/* and nothing of it is left in the next request */
	assert_int_equal(http_get(http, "/ok?a=1", &response, NULL), 0);
	assert_string_equal(response.body, "hello");
	http_free(http);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
	struct http *http = client(*state, 5000);
	struct http_response response;

	assert_int_equal(http_get(http, "/ok?a=1", &response, NULL), 0);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	http_free(http);
}

static void sockets_that_cannot_be_used(void **state)
{
	const struct server *server = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct http_response response;
	struct http *http = NULL;
	struct err err = {0};
	char path[200];

	snprintf(path, sizeof(path), "%s/absent", server->directory);
	assert_int_equal(http_new_unix(path, 1000, &http, &err), 0);
	assert_int_equal(http_get(http, "/", &response, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "no such socket"));
	http_free(http);

	snprintf(path, sizeof(path), "%s/dead", server->directory);
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(http_new_unix(path, 1000, &http, &err), 0);
	assert_int_equal(http_get(http, "/", &response, &err), -ECONNREFUSED);
	http_free(http);
	unlink(path);

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(http_new_unix(path, 1000, &http, &err), -ENAMETOOLONG);
}

/* Root may connect to anything, so a child that is not root has to try. */
static void a_socket_without_permission(void **state)
{
	const struct server *server = *state;
	int status;

	if (geteuid() != 0) {
		print_message("only root can become somebody else\n");
		skip();
	}
	assert_int_equal(chmod(server->directory, 0755), 0);
	assert_int_equal(chmod(server->path, 0600), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct http *http = client(server, 1000);
		struct http_response response;

		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		_exit(http_get(http, "/", &response, NULL) == -EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, start, stop),
		cmocka_unit_test_setup_teardown(
			the_first_answer_may_be_empty, start, stop),
		cmocka_unit_test_setup_teardown(the_connection_is_kept, start, stop),
		cmocka_unit_test_setup_teardown(
			failures_have_their_own_code, start, stop),
		cmocka_unit_test_setup_teardown(
			a_client_survives_a_failure, start, stop),
		cmocka_unit_test_setup_teardown(posts, start, stop),
		cmocka_unit_test_setup_teardown(
			proxies_of_the_environment_are_ignored, start, stop),
		cmocka_unit_test_setup_teardown(
			sockets_that_cannot_be_used, start, stop),
		cmocka_unit_test_setup_teardown(
			a_socket_without_permission, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
