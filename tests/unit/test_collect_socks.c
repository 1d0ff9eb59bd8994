/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets and the multicast groups that they joined: what was opened is collected. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect_made.h"

enum { MPTCP = 262 };

/* A socket bound to a port of its own, listening unless it is UDP. */
static int open_socket(
	int family, int type, int protocol, const char *addr, uint16_t port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -1;
	assert_int_equal(inet_pton(family, addr,
				 family == AF_INET ? (void *)&in.sin_addr
						   : (void *)&in6.sin6_addr),
		1);
	assert_int_equal(family == AF_INET
				 ? bind(fd, (struct sockaddr *)&in, sizeof(in))
				 : bind(fd, (struct sockaddr *)&in6, sizeof(in6)),
		0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static const struct sock *find_sock(const struct netns *netns, uint16_t port)
{
	for (size_t i = 0; i < netns->nsocks; i++) {
		if (netns->socks[i].port == port)
			return &netns->socks[i];
	}
	return NULL;
}

static void test_socks(void **state)
{
	const int one = 1;
	int fds[5];

	(void)state;
	made_need_netns();
	assert_int_equal(prctl(PR_SET_NAME, "listener"), 0);
	fds[0] = open_socket(AF_INET6, SOCK_STREAM, 0, "::", 1001);
	fds[1] = open_socket(AF_INET, SOCK_STREAM, 0, "127.0.0.1", 1002);
	fds[2] = open_socket(AF_INET6, SOCK_DGRAM, 0, "::ffff:127.0.0.1", 1003);
	fds[3] = open_socket(AF_INET, SOCK_DGRAM, 0, "0.0.0.0", 1004);
	fds[4] = open_socket(AF_INET6, SOCK_STREAM, MPTCP, "::", 1005);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	int only = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(1006)};
	assert_int_equal(
		setsockopt(only, IPPROTO_IPV6, 26 /* IPV6_V6ONLY */, &one, 4), 0);
	assert_int_equal(bind(only, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(only, 1), 0);
	struct sockaddr_in peer = {.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(connect(fds[3], (struct sockaddr *)&peer, sizeof(peer)), 0);

	struct facts *facts = made_facts_of_host();
	const struct netns *host = facts->host;
	const struct sock *s = find_sock(host, 1001);
	assert_true(s && s->proto == IPPROTO_TCP && !s->v6only && s->local.value == 0);
	assert_int_equal(s->local.family, FAMILY_IP6);
	assert_int_equal(s->pid, getpid());
	assert_string_equal(s->comm, "listener");
	assert_null(s->container_id);
	s = find_sock(host, 1002);
	assert_true(s && made_addr_is(&s->local, "127.0.0.1") && s->ifindex == 1);
	s = find_sock(host, 1003); /* bound to a mapped address: it hears IPv4 */
	assert_true(
		s && made_addr_is(&s->local, "127.0.0.1") && s->proto == IPPROTO_UDP);
	assert_false(s->connected);
	assert_true(find_sock(host, 1004)->connected);
	assert_true(find_sock(host, 1006)->v6only);
	if (fds[4] >=
		0) { /* its TCP socket is nobody's: the owner is the MPTCP one's */
		s = find_sock(host, 1005);
		assert_true(s && s->proto == IPPROTO_TCP && s->pid == getpid());
	}
	facts_free(facts);
	close(only);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static bool is_member(const struct netns *netns, int ifindex, const char *group)
{
	for (size_t i = 0; i < netns->ngroups; i++)
		if (netns->groups[i].ifindex == ifindex &&
			made_addr_is(&netns->groups[i].group, group))
			return true;
	return false;
}

/* Groups of sockets that are bound to any address, and what the kernel joins itself. */
static void test_groups(void **state)
{
	(void)state;
	made_need_netns();
	made_run("ip link add v0 index 77 type veth peer name v1 && ip link set v0 up");
	const int v0 = 77;
	int four = open_socket(AF_INET, SOCK_DGRAM, 0, "0.0.0.0", 5353);
	int six = open_socket(AF_INET6, SOCK_DGRAM, 0, "::", 5354);
	struct ip_mreqn mreq = {.imr_ifindex = v0};
	struct ipv6_mreq mreq6 = {.ipv6mr_interface = 1};

	assert_int_equal(inet_pton(AF_INET, "224.0.0.251", &mreq.imr_multiaddr), 1);
	assert_int_equal(inet_pton(AF_INET6, "ff05::fb", &mreq6.ipv6mr_multiaddr), 1);
	assert_int_equal(
		setsockopt(four, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)),
		0);
	assert_int_equal(setsockopt(six, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &mreq6,
				 sizeof(mreq6)),
		0);
	struct facts *facts = made_facts_of_host();
	const struct netns *host = facts->host;
	assert_true(host->groups_known);
	assert_true(is_member(host, v0, "224.0.0.251"));
	assert_true(is_member(host, v0, "224.0.0.1"));
	assert_true(is_member(host, 1, "224.0.0.1"));
	assert_true(is_member(host, 1, "ff05::fb"));
	assert_true(is_member(host, v0, "ff02::1"));
	assert_false(is_member(host, 1, "224.0.0.251"));
	facts_free(facts);
	close(four);
	close(six);
}

#define TEST(name) cmocka_unit_test_setup(name, made_netns)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_socks),
		TEST(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
