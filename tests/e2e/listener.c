// SPDX-License-Identifier: GPL-2.0-or-later
/* What the lab's containers and hosts run: listens and tells its name to whoever asks.
 *
 * usage: listener NAME tcp|udp[:ADDRESS]:PORT...
 * A TCP client gets the name and a newline; a datagram is answered with it, from the
 * address that it was sent to. Without an address it listens on [::], IPv4 included.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SOCKETS 64

static int listen_on(const char *spec)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	const char *colon = strrchr(spec, ':');
	char address[64] = "::";
	int type = strncmp(spec, "udp:", 4) == 0 ? SOCK_DGRAM : SOCK_STREAM;
	int fd, on = 1, off = 0, r;

	if (!colon || strlen(spec) > 60)
		return -1;
	if (colon > spec + 3)
		snprintf(address, sizeof(address), "%.*s", (int)(colon - spec - 4),
			spec + 4);
	in6.sin6_port = in4.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, address, &in4.sin_addr) == 1) {
		fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		r = bind(fd, (struct sockaddr *)&in4, sizeof(in4));
	} else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
		fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		r = bind(fd, (struct sockaddr *)&in6, sizeof(in6));
	} else {
		return -1;
	}
	if (r < 0 || (type == SOCK_STREAM && listen(fd, 512) < 0))
		return -1;
	return fd;
}

/* The answer goes back with the same control data: its destination is our source. */
static void answer_datagram(int fd, const char *name)
{
	char data[512], control[256];
	struct sockaddr_in6 peer;
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_name = &peer,
		.msg_namelen = sizeof(peer),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, 0) < 0)
		return;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *info = (void *)CMSG_DATA(c);

			info->ipi_ifindex = 0;
			info->ipi_spec_dst = info->ipi_addr;
		}
	}
	iov.iov_len = (size_t)snprintf(data, sizeof(data), "%s\n", name);
	sendmsg(fd, &msg, 0);
}

static void answer_stream(int fd, const char *name)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return;
	dprintf(client, "%s\n", name);
	close(client);
}

int main(int argc, char **argv)
{
	struct pollfd fds[MAX_SOCKETS];
	int n = argc - 2, i;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, exit); /* as a container's first process it would not end */
	if (n < 1 || n > MAX_SOCKETS) {
		fprintf(stderr, "usage: listener NAME tcp|udp[:ADDRESS]:PORT...\n");
		return 2;
	}
	prctl(PR_SET_NAME, argv[1], 0, 0, 0);
	for (i = 0; i < n; i++) {
		fds[i].events = POLLIN;
		fds[i].fd = listen_on(argv[i + 2]);
		if (fds[i].fd < 0) {
			fprintf(stderr, "listener: %s: %s\n", argv[i + 2],
				strerror(errno));
			return 1;
		}
	}
	for (;;) {
		if (poll(fds, (nfds_t)n, -1) < 0 && errno != EINTR)
			return 1;
		for (i = 0; i < n; i++) {
			if (!(fds[i].revents & POLLIN))
				continue;
			if (strncmp(argv[i + 2], "udp", 3) == 0)
				answer_datagram(fds[i].fd, argv[1]);
			else
				answer_stream(fds[i].fd, argv[1]);
		}
	}
}
