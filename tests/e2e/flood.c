// SPDX-License-Identifier: GPL-2.0-or-later
/* A flood of TCP SYNs from random sources, for namespaces that a test made.
 *
 * usage: flood IFACE MAC DESTINATION PORT PACKETS_A_SECOND SECONDS
 * Bounded by both: it stops after PACKETS_A_SECOND * SECONDS packets or after SECONDS,
 * whichever comes first, and prints how many it sent and in how many milliseconds.
 * Sources are 198.18.0.0/15, the benchmark prefix of RFC 2544.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64
#define FRAME 54

#ifndef PACKET_QDISC_BYPASS
#define PACKET_QDISC_BYPASS 20
#endif

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	return sum;
}

static void store_sum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

/* Addresses, ports and checksums of one frame. */
static void fill(uint8_t *f, uint32_t random, uint32_t to, uint16_t port)
{
	static const uint8_t ip[12] = {0x45, 0, 0, 40, 0, 0, 0x40, 0, 60, 6, 0, 0};
	uint32_t from = htonl(0xc6120000U | (random & 0x1ffff));
	uint16_t sport = htons((uint16_t)(1024 + (random >> 17)));
	uint16_t dport = htons(port);
	uint8_t *tcp = f + 34;

	memcpy(f + 14, ip, sizeof(ip));
	memcpy(f + 26, &from, 4);
	memcpy(f + 30, &to, 4);
	store_sum(f + 24, sum16(0, f + 14, 20));
	memset(tcp, 0, 20);
	memcpy(tcp, &sport, 2);
	memcpy(tcp + 2, &dport, 2);
	memcpy(tcp + 4, &random, 4);
	tcp[12] = 0x50;
	tcp[13] = 2;
	tcp[14] = 0xff;
	store_sum(tcp + 16, sum16(sum16(6 + 20, f + 26, 8), tcp, 20));
}

static int parse_mac(const char *text, uint8_t *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2,
		       mac + 3, mac + 4, mac + 5) == 6
		       ? 0
		       : -1;
}

static int open_socket(const char *interface)
{
	struct sockaddr_ll link = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	int on = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || link.sll_ifindex == 0 ||
		bind(fd, (struct sockaddr *)&link, sizeof(link)) < 0)
		return -1;
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	return fd;
}

int main(int argc, char **argv)
{
	static uint8_t frames[BATCH][FRAME];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	uint32_t to, random = 2463534242U;

	if (argc != 7 || inet_pton(AF_INET, argv[3], &to) != 1) {
		fprintf(stderr,
			"usage: flood IFACE MAC DESTINATION PORT PACKETS SECONDS\n");
		return 2;
	}
	uint64_t rate = strtoull(argv[5], NULL, 10);
	uint64_t seconds = strtoull(argv[6], NULL, 10);
	uint64_t total = rate * seconds, sent = 0, lost = 0;
	uint16_t port = (uint16_t)atoi(argv[4]);
	int fd = open_socket(argv[1]);

	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < BATCH; i++) {
		if (parse_mac(argv[2], frames[i]) < 0)
			return 2;
		frames[i][6] = 2;
		frames[i][12] = 8;
		parts[i] = (struct iovec){frames[i], FRAME};
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	if (fd < 0) {
		perror("flood");
		return 1;
	}
	uint64_t begin = now_us(), now = begin;
	while (sent < total && now - begin < seconds * 1000000) {
		now = now_us();
		if (sent * 1000000 > (now - begin) * rate) {
			struct timespec pause = {0, 200000};

			nanosleep(&pause, NULL);
			continue;
		}
		for (int i = 0; i < BATCH; i++) {
			random ^= random << 13;
			random ^= random >> 17;
			random ^= random << 5;
			fill(frames[i], random, to, port);
		}
		int n = sendmmsg(fd, messages, BATCH, 0);
		if (n <= 0)
			lost++;
		else
			sent += (uint64_t)n;
	}
	printf("%llu %llu\n", (unsigned long long)sent,
		(unsigned long long)((now_us() - begin) / 1000));
	return lost > total / BATCH / 10;
}
