/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection's whole work in one process: caller, broker and engine are threads.
 *
 * What the confined process does on a host is run here where sanitizers can look on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/sockios.h>

#include "gate/serve/broker.h"
#include "gate/serve/exchange.h"
#include "gate/serve/wire.h"

static const char policy_text[] =
	"{\"version\": 1, \"gate\": {\"profiles\": {\"all\": {\"run_as\": \"any\","
	"\"binds\": [\"/\"], \"images\": [\"*\"], \"privileged\": true,"
	"\"host_namespaces\": true, \"capabilities\": [\"*\"], \"devices\": [\"*\"],"
	"\"publish\": \"any\", \"networks\": [\"*\"], \"build\": true,"
	"\"others\": true}}, \"grants\": [{\"users\": [\"0\"], \"profile\": "
	"\"all\"}]}}";

struct world {
	struct policy *policy;
	char dir[64], engine_path[96], trail_path[96];
	int listener;
	const char *answer; /* of the engine, to each connection */
	char heard[64 * 1024];
	size_t nheard, connections;
	size_t change_at; /* of what is sent: a new policy comes before; 0: none does */
	pthread_mutex_t lock;
};

/* Requests are answered when they have ended: else gate need not send on the rest. */
static bool has_ended(const char *heard)
{
	const char *length = strstr(heard, "Content-Length: "),
		   *body = strstr(heard, "\r\n\r\n");

	if (strstr(heard, "chunked\r\n"))
		return strstr(heard, "0\r\n\r\n") != NULL;
	return body && (!length || strlen(body + 4) >= strtoul(length + 16, NULL, 10));
}

static void *serve_engine(void *context)
{
	struct world *world = context;

	for (;;) {
		int fd = accept(world->listener, NULL, NULL);
		char bytes[8192];
		bool answered = false;

		if (fd < 0)
			return NULL;
		pthread_mutex_lock(&world->lock);
		world->connections++;
		size_t begin = world->nheard;
		pthread_mutex_unlock(&world->lock);
		for (;;) {
			ssize_t n = wire_receive(fd, bytes, sizeof(bytes),
				wire_now() + (answered ? 100 : 5000));

			if (n <= 0)
				break;
			pthread_mutex_lock(&world->lock);
			if ((size_t)n < sizeof(world->heard) - world->nheard) {
				memcpy(world->heard + world->nheard, bytes, (size_t)n);
				world->nheard += (size_t)n;
			}
			bool ready = has_ended(world->heard + begin);
			pthread_mutex_unlock(&world->lock);
			if (!answered && ready &&
				wire_send(fd, world->answer, strlen(world->answer),
					wire_now() + 5000) == 0)
				answered = true;
		}
		(void)close(fd);
	}
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct json_errors errors;
	struct err err;
	pthread_t thread;

	json_errors_init(&errors);
	if (!world || policy_load_text("test", policy_text, sizeof(policy_text) - 1,
			      &errors, &world->policy, &err) < 0)
		return -1;
	json_errors_done(&errors);
	(void)snprintf(world->dir, sizeof(world->dir), "/tmp/gate-exchange-XXXXXX");
	if (!mkdtemp(world->dir))
		return -1;
	(void)snprintf(world->engine_path, sizeof(world->engine_path), "%s/engine",
		world->dir);
	(void)snprintf(
		world->trail_path, sizeof(world->trail_path), "%s/trail", world->dir);
	memcpy(address.sun_path, world->engine_path, strlen(world->engine_path) + 1);
	world->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_mutex_init(&world->lock, NULL);
	if (bind(world->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(world->listener, 16) < 0 ||
		pthread_create(&thread, NULL, serve_engine, world) != 0)
		return -1;
	(void)pthread_detach(thread);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	(void)shutdown(world->listener, SHUT_RDWR);
	(void)unlink(world->engine_path);
	(void)unlink(world->trail_path);
	(void)rmdir(world->dir);
	policy_free(world->policy);
	/* The thread may still look at the rest of it: it lives as long as we do. */
	static struct world *kept;
	kept = world;
	return kept ? 0 : -1;
}

struct broker_thread {
	int fd;
	struct broker broker;
};

static void *run_broker(void *context)
{
	const struct broker_thread *thread = context;

	broker_serve(thread->fd, &thread->broker);
	(void)close(thread->fd);
	return NULL;
}

static void *run_exchange(void *context)
{
	const struct exchange_setup *setup = context;

	exchange_run(setup);
	(void)close(setup->client);
	(void)close(setup->broker);
	return NULL;
}

/* Until all that was sent has been read. */
static void wait_until_read(int fd)
{
	int left = 1;

	for (int i = 0; i < 5000 && left > 0; i++) {
		assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
		(void)usleep(1000);
	}
	assert_int_equal(left, 0);
}

/* Everything that gate answers to @sent, pieces of @step bytes. */
static const char *talk(
	struct world *world, const char *answer, const char *sent, size_t step)
{
	static char got[64 * 1024];
	static const struct trail_caller who = {.user = "root"};
	static const struct gate_caller caller = {.user = {.name = "root"}};
	static volatile uint32_t generation;
	FILE *trail_file = fopen(world->trail_path, "a");
	const struct trail trail = {.kind = TRAIL_FD, .fd = fileno(trail_file)};
	int client[2], pair[2];
	pthread_t threads[2];
	size_t len = strlen(sent), ngot = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, client), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pthread_mutex_lock(&world->lock);
	memset(world->heard, 0, sizeof(world->heard));
	world->nheard = world->connections = 0;
	world->answer = answer;
	generation = 0;
	pthread_mutex_unlock(&world->lock);
	struct broker_thread broker = {.fd = pair[0],
		.broker = {.engine_path = world->engine_path,
			.trail = &trail,
			.caller = &who}};
	struct exchange_setup setup = {
		.context = {.policy = world->policy,
			.profile = policy_profile(world->policy, "all"),
			.caller = &caller},
		.client = client[1],
		.broker = pair[1],
		.generation = &generation,
	};
	assert_int_equal(pthread_create(&threads[0], NULL, run_broker, &broker), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, run_exchange, &setup), 0);
	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;

		if (world->change_at > 0 && at >= world->change_at && !generation) {
			wait_until_read(client[0]);
			generation++;
		}
		if (wire_send(client[0], sent + at, n, wire_now() + 5000) < 0)
			break;
	}
	(void)shutdown(client[0], SHUT_WR);
	for (;;) {
		ssize_t n = wire_receive(client[0], got + ngot, sizeof(got) - 1 - ngot,
			wire_now() + 20000);

		if (n <= 0)
			break;
		ngot += (size_t)n;
	}
	got[ngot] = '\0';
	(void)close(client[0]);
	pthread_join(threads[1], NULL);
	pthread_join(threads[0], NULL);
	(void)fclose(trail_file);
	return got;
}

#define OK_LENGTH "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n[]"
#define LIST	  "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n"
#define LOAD                                              \
	"POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\n" \
	"Content-Type: application/x-tar\r\n"

static void relays_answers(void **state)
{
	struct world *world = *state;

	for (size_t step = 1; step < 200; step += 66) {
		const char *got = talk(world, OK_LENGTH,
			LIST "Connection: close\r\nCookie: x\r\n\r\n", step);
		if (strncmp(got, "HTTP/1.1 200 OK\r\n", 17) != 0)
			fail_msg("%s", got);
		assert_non_null(strstr(got, "\r\n\r\n[]"));
		assert_non_null(strstr(world->heard, "\r\nConnection: close\r\n"));
		assert_null(strstr(world->heard, "Cookie"));
	}
	const char *got = talk(world,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"2\r\nab\r\n1\r\nc\r\n0\r\n\r\nEVIL",
		LIST "Connection: close\r\n\r\n", 999);
	assert_non_null(strstr(got, "0\r\n\r\n"));
	assert_null(strstr(got, "EVIL"));
}

static void keeps_the_connection_for_a_next_request(void **state)
{
	struct world *world = *state;
	const char *got = talk(
		world, OK_LENGTH, LIST "\r\n" LIST "Connection: close\r\n\r\n", 50);

	/* The second came in one piece with the first or behind it: judged or dropped,
	 * never sent on behind the first. */
	assert_int_equal(strncmp(got, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_true(world->connections >= 1 && world->connections <= 2);
	const char *first = strstr(world->heard, "GET ");
	const char *second = first ? strstr(first + 1, "GET ") : NULL;
	assert_true(!second || world->connections == 2);
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *status;
	} cases[] = {
		{LIST "Transfer-Encoding: chunked\r\nContent-Length: "
		      "1\r\n\r\n0\r\n\r\n",
			"400"},
		{"GET /v1.41/nonsense HTTP/1.1\r\nHost: d\r\n\r\n", "40"},
		{"GET / HTTP/1.0\r\n\r\n", "505"},
		{"GET / HTTP/1.1\n\n", "400"},
		{LIST "Content-Length: 5\r\n\r\nhello", "400"},
		{LOAD "Transfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n",
			"400"},
		{"POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\n"
		 "Content-Type: application/json\r\nContent-Length: 9999999\r\n\r\n",
			"413"},
		{"POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\n"
		 "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
			"408"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = talk(world, OK_LENGTH, cases[i].text, 7);

		assert_int_equal(strncmp(got, "HTTP/1.1 ", 9), 0);
		if (strncmp(got + 9, cases[i].status, strlen(cases[i].status)) != 0)
			fail_msg("%s: %s", cases[i].text, got);
		assert_non_null(strstr(got, "\"message\":"));
		assert_int_equal(world->connections, 0);
	}
}

/* Else it would be granted for as long as the rest of a request may take to come. */
static void judges_by_no_policy_that_was_replaced(void **state)
{
	struct world *world = *state;

	world->change_at = 10;
	const char *got = talk(world, OK_LENGTH, LIST "\r\n", 10);
	world->change_at = 0;
	assert_int_equal(strncmp(got, "HTTP/1.1 503 ", 13), 0);
	assert_non_null(strstr(got, "new policy"));
	assert_null(strstr(world->heard, "containers/json"));
}

static void streams_bodies(void **state)
{
	struct world *world = *state;

	for (size_t step = 1; step < 400; step += 133) {
		const char *got = talk(world, OK_LENGTH,
			LOAD "Connection: close\r\nTransfer-Encoding: chunked\r\n"
			     "Expect: 100-continue\r\n\r\n"
			     "5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n",
			step);
		assert_int_equal(strncmp(got, "HTTP/1.1 100 ", 13), 0);
		assert_non_null(strstr(got, "HTTP/1.1 200 OK"));
		assert_non_null(strstr(world->heard, "Transfer-Encoding: chunked"));
		assert_null(strstr(world->heard, "Expect"));
		assert_non_null(strstr(world->heard, "\r\n0\r\n\r\n"));
		got = talk(world, OK_LENGTH, LOAD "Content-Length: 5\r\n\r\nhelloEVIL",
			step);
		assert_non_null(strstr(got, "HTTP/1.1 200 OK"));
		assert_non_null(strstr(world->heard, "\r\n\r\nhello"));
		assert_null(strstr(world->heard, "EVIL"));
	}
}

static void refuses_an_engine_that_speaks_oddly(void **state)
{
	static const char *const answers[] = {"nonsense\r\n\r\n", "HTTP/1.1 200 OK\n\n",
		"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nraw",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]"};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		const char *got =
			talk(world, answers[i], LIST "Connection: close\r\n\r\n", 999);

		assert_int_equal(strncmp(got, "HTTP/1.1 502 ", 13), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relays_answers),
		cmocka_unit_test(keeps_the_connection_for_a_next_request),
		cmocka_unit_test(refuses),
		cmocka_unit_test(judges_by_no_policy_that_was_replaced),
		cmocka_unit_test(streams_bodies),
		cmocka_unit_test(refuses_an_engine_that_speaks_oddly),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
