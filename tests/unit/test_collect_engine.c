/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine's containers are found in their network namespaces, and lies are not
 * believed. */
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect_made.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define ID_D "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

struct reply {
	const char *path; /* how the request's path ends, without a version */
	char body[1024];
};

/* A stand-in for an engine: a thread that answers GETs from a table, until killed. */
struct server {
	char dir[64], path[100];
	int listener;
	pthread_t thread;
	struct reply replies[16];
	size_t nreplies;
};

static void answer(const struct server *server, int fd, const char *request)
{
	const char *path = strchr(request, ' ');
	const char *body = "{\"message\":\"no such thing\"}";
	size_t len = path ? strcspn(path + 1, " ") : 0;
	char head[256];
	int status = 404;

	for (size_t i = 0; i < server->nreplies; i++) {
		size_t size = strlen(server->replies[i].path);

		if (len >= size && memcmp(path + 1 + len - size,
					   server->replies[i].path, size) == 0) {
			body = server->replies[i].body;
			status = 200;
			break;
		}
	}
	snprintf(head, sizeof(head),
		"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n",
		status, strlen(body));
	(void)!write(fd, head, strlen(head));
	(void)!write(fd, body, strlen(body));
}

static void *serve(void *data)
{
	struct server *server = data;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		char request[4096];
		ssize_t n;

		while ((n = read(fd, request, sizeof(request) - 1)) > 0) {
			request[n] = '\0';
			answer(server, fd, request);
		}
		close(fd);
	}
	return NULL;
}

static void reply(struct server *server, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void reply(struct server *server, const char *path, const char *format, ...)
{
	struct reply *place = &server->replies[server->nreplies++];
	va_list args;

	assert_true(server->nreplies <= ARRAY_LEN(server->replies));
	place->path = path;
	va_start(args, format);
	vsnprintf(place->body, sizeof(place->body), format, args);
	va_end(args);
}

static int setup(void **state)
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!server)
		return -1;
	*state = server;
	strcpy(server->dir, "/tmp/test-collect-XXXXXX");
	if (!mkdtemp(server->dir))
		return -1;
	snprintf(server->path, sizeof(server->path), "%s/engine.sock", server->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->path);
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(server->listener, 8) < 0 || made_netns(state) < 0)
		return -1;
	return pthread_create(&server->thread, NULL, serve, server);
}

static int teardown(void **state)
{
	struct server *server = *state;

	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	unlink(server->path);
	rmdir(server->dir);
	free(server);
	return 0;
}

/* A process that listens on @port in a namespace made by unshare(@flags); its pid. */
static pid_t start_container(int flags, uint16_t port)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sockaddr_in in = {
			.sin_family = AF_INET, .sin_port = htons(port)};
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(flags) < 0)
			_exit(1);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ||
			listen(fd, 1) < 0)
			_exit(1);
		/* The socket's owner is a child: found by ancestry. It says that all is
		 * ready, once nothing can make it outlive its parent. */
		pid_t parent = getpid();
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent || write(ready[1], "+", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		close(fd);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void stop_container(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void inspect_reply(struct server *server, const char *path, const char *id,
	pid_t pid, const char *mode)
{
	reply(server, path,
		"{\"Id\":\"%s\",\"State\":{\"Status\":\"running\",\"Pid\":%d},"
		"\"HostConfig\":{\"NetworkMode\":\"%s\"},\"Config\":{}}",
		id, (int)pid, mode);
}

static struct facts *collect(const struct server *server)
{
	const char *const sockets[] = {server->path};
	const struct collect_options options = {.engines = sockets, .nengines = 1};
	struct stat before, after;
	struct facts *facts;

	assert_int_equal(stat("/proc/thread-self/ns/net", &before), 0);
	facts = made_facts(&options);
	assert_int_equal(stat("/proc/thread-self/ns/net", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	return facts;
}

static void test_namespaces(void **state)
{
	struct server *server = *state;

	made_need_netns();
	pid_t own = start_container(CLONE_NEWNET, 1001);
	pid_t host = start_container(0, 1002);
	reply(server, "/version", "{\"Version\":\"28.0\",\"ApiVersion\":\"1.48\"}");
	reply(server, "/v1.48/info", "{}");
	reply(server, "/v1.48/networks", "[{\"Name\":\"n\",\"Driver\":\"bridge\"}]");
	reply(server, "/v1.48/containers/json?all=1",
		"[{\"Id\":\"" ID_A "\",\"State\":\"running\"},{\"Id\":\"" ID_B
		"\",\"State\":\"running\"},{\"Id\":\"" ID_C
		"\",\"State\":\"running\"},{\"Id\":\"" ID_D
		"\",\"State\":\"exited\"}]");
	inspect_reply(server, "/v1.48/containers/" ID_A "/json", ID_A, own, "n");
	inspect_reply(server, "/v1.48/containers/" ID_B "/json", ID_B, own,
		"container:" ID_A);
	inspect_reply(server, "/v1.48/containers/" ID_C "/json", ID_C, host, "host");
	struct facts *facts = collect(server);
	const struct container *a = facts_container(facts, ID_A);

	assert_true(facts->docker_sockets_known && facts->engines[0].reachable);
	assert_int_equal(facts->nnetns, 1);
	assert_ptr_equal(a->netns, facts->netns[0]);
	assert_true(a->inspected);
	assert_ptr_equal(facts_container(facts, ID_B)->netns, facts->netns[0]);
	assert_ptr_equal(facts_container(facts, ID_C)->netns, facts->host);
	assert_null(facts_container(facts, ID_D)->netns);
	assert_false(facts_container(facts, ID_D)->inspected);
	assert_int_equal(facts->netns[0]->nsocks, 1);
	assert_int_equal(facts->netns[0]->socks[0].port, 1001);
	assert_true(facts->netns[0]->rules_known && facts->netns[0]->routes_known);
	assert_int_equal(facts->netns[0]->nlinks, 1);
	assert_int_equal(facts->host->nsocks, 1);
	assert_int_equal(facts->host->socks[0].port, 1002);
	/* Held by a child of the container's process. */
	assert_string_equal(facts->host->socks[0].container_id, ID_C);
	assert_true(facts->host->socks[0].pid > 0 && facts->host->socks[0].pid != host);
	assert_null(made_note(facts, "netns-unreadable"));
	facts_free(facts);
	stop_container(own);
	stop_container(host);
}

/* Pairs whose ends have the same numbers: of two strangers, of both containers, and of
 * the host; and a card of a stranger's. */
static void test_ends_of_links(void **state)
{
	struct server *server = *state;
	pid_t pids[3];
	char command[1024];

	made_need_netns();
	for (uint16_t i = 0; i < 3; i++)
		pids[i] = start_container(CLONE_NEWNET, (uint16_t)(1001 + i));
	reply(server, "/version", "{\"Version\":\"28.0\",\"ApiVersion\":\"1.48\"}");
	reply(server, "/v1.48/info", "{}");
	reply(server, "/v1.48/networks", "[]");
	reply(server, "/v1.48/containers/json?all=1",
		"[{\"Id\":\"" ID_A "\",\"State\":\"running\"},{\"Id\":\"" ID_B
		"\",\"State\":\"running\"}]");
	inspect_reply(server, "/v1.48/containers/" ID_A "/json", ID_A, pids[0], "n");
	inspect_reply(server, "/v1.48/containers/" ID_B "/json", ID_B, pids[1], "n");
	(void)snprintf(command, sizeof(command),
		"A=%d; B=%d; S=%d;"
		"pair() { ip link add $1 netns $2 index $3 type veth peer $4 netns $5 "
		"index $6; };"
		"pair x0 $A 50 x1 $S 51 && pair y0 $B 51 y1 $S 50 &&"
		"pair a0 $A 60 b0 $B 61 && pair h0 $$ 70 a1 $A 71 &&"
		"nsenter -t $S -n ip link add m1 link x1 netns $A type macvlan",
		(int)pids[0], (int)pids[1], (int)pids[2]);
	made_run(command);
	struct facts *facts = collect(server);
	const struct netns *a = facts_container(facts, ID_A)->netns;
	const struct netns *b = facts_container(facts, ID_B)->netns;
	const struct link *a0 = netns_link_named(a, "a0");
	const struct link *h0 = netns_link_named(facts->host, "h0");

	assert_null(netns_other_end(b, netns_link_named(a, "x0")));
	assert_null(netns_other_end(a, netns_link_named(b, "y0")));
	assert_ptr_equal(netns_other_end(b, a0), netns_link_named(b, "b0"));
	assert_null(netns_other_end(facts->host, a0));
	assert_ptr_equal(netns_other_end(a, h0), netns_link_named(a, "a1"));
	assert_ptr_equal(netns_other_end(facts->host, netns_link_named(a, "a1")), h0);
	assert_string_equal(netns_link_named(a, "m1")->link_netns, NETNS_OTHER);
	assert_null(made_note(facts, "netns-links"));
	facts_free(facts);
	for (size_t i = 0; i < 3; i++)
		stop_container(pids[i]);
}

/* Containers that ended since they were listed, and a process that is gone. */
static void test_gone(void **state)
{
	struct server *server = *state;

	made_need_netns();
	pid_t pid = start_container(CLONE_NEWNET, 1001);
	stop_container(pid);
	reply(server, "/version", "{\"ApiVersion\":\"1.41\"}");
	reply(server, "/info", "{}");
	reply(server, "/networks", "[]");
	reply(server, "/containers/json?all=1",
		"[{\"Id\":\"" ID_A "\",\"State\":\"running\"},{\"Id\":\"" ID_B
		"\",\"State\":\"running\"}]");
	inspect_reply(server, "/" ID_B "/json", ID_B, pid, "bridge");
	struct facts *facts = collect(server);

	assert_string_equal(facts_container(facts, ID_A)->state, "removed");
	assert_null(facts_container(facts, ID_B)->netns);
	assert_true(made_note(facts, "netns-unreadable")->hides);
	facts_free(facts);
}

/* Whoever owns an engine's socket cannot call the host's processes containers. */
static void test_users_engine(void **state)
{
	struct server *server = *state;

	made_need_netns();
	assert_int_equal(chown(server->path, 12345, 12345), 0);
	reply(server, "/version", "{\"ApiVersion\":\"1.41\"}");
	reply(server, "/info", "{}");
	reply(server, "/networks",
		"[{\"Name\":\"bridge\",\"Driver\":\"bridge\",\"Options\":{"
		"\"com.docker.network.bridge.name\":\"eth0\"}}]");
	reply(server, "/containers/json?all=1",
		"[{\"Id\":\"" ID_A "\",\"State\":\"running\"}]");
	inspect_reply(server, "/" ID_A "/json", ID_A, getpid(), "host");
	struct facts *facts = collect(server);

	assert_null(facts_container(facts, ID_A)->netns);
	assert_int_equal(facts_container(facts, ID_A)->pid, 0);
	assert_null(facts->networks[0].bridge);
	assert_true(made_note(facts, "netns-unreadable")->hides);
	facts_free(facts);
}

static void test_nonsense(void **state)
{
	struct server *server = *state;

	reply(server, "/version", "{\"ApiVersion\":\"1.41\"}");
	reply(server, "/info", "[]");
	reply(server, "/networks", "{}");
	reply(server, "/containers/json?all=1", "[{\"Id\":\"../../etc\"},{\"Id\":1}]");
	struct facts *facts = collect(server);

	assert_false(facts->docker_sockets_known);
	assert_true(made_note(facts, "engine-answer")->hides);
	assert_true(made_note(facts, "container-not-inspected")->hides);
	facts_free(facts);
}

static void test_unreachable(void **state)
{
	struct server server = *(struct server *)*state;

	strcat(server.path, ".none");
	struct facts *facts = collect(&server);
	assert_false(facts->docker_sockets_known);
	assert_false(facts->engines[0].reachable);
	assert_true(made_note(facts, "engine-unreachable")->hides);
	facts_free(facts);
}

static void test_too_old(void **state)
{
	struct server *server = *state;

	reply(server, "/version", "{\"Version\":\"1.9\",\"ApiVersion\":\"1.21\"}");
	struct facts *facts = collect(server);
	assert_false(facts->docker_sockets_known);
	assert_true(made_note(facts, "engine-too-old")->hides);
	facts_free(facts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_namespaces),
		TEST(test_ends_of_links),
		TEST(test_gone),
		TEST(test_users_engine),
		TEST(test_nonsense),
		TEST(test_unreachable),
		TEST(test_too_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
